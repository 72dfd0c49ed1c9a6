/* A firmware in C: it checks the tokens of the firmware in Rust by keys in flash and by a key set, and reports what each
 * verification costs. */
#include <string.h>

#include "board.h"
#include "fixtures.h"
#include "trust.h"

/* The only function that the library wants. A device resets here. */
_Noreturn void ejwt_panic(void) { board_exit(1); }
_Noreturn void ejwt_panic_at(const uint8_t *file, size_t len) {
  board_write((const char *)file, len);
  board_exit(1);
}

static uint8_t buffer[1536];
static char jwks_copy[1024];
static ejwt_key_set key_set;

/* Verifies a token, and checks whether it grants `pump:write`. Returns 0 or the error. */
__attribute__((noinline)) static int may_write(ejwt_str text, const ejwt_issuer *issuer) {
  const ejwt_request request = {
    .token = text,
    .issuers = issuer,
    .issuer_count = 1,
    .now = FIXTURE_NOW,
    .buffer = buffer,
    .buffer_len = sizeof buffer,
  };
  ejwt_access_token token;
  int error = ejwt_verify_access_token(&request, &POLICY, &token);
  if (error) return error;
  return ejwt_has_scope(&token, WRITE_SCOPE);
}

static void write_number(uint32_t number) {
  char digits[10];
  uint32_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  board_write(&digits[at], sizeof digits - at);
}

static void write_text(const char *text) { board_write(text, strlen(text)); }

/* The deepest stack is found by a pattern below the stack pointer. */
enum { MAX_STACK = 32 * 1024, PATTERN = 0x5a };

__attribute__((noinline)) static int check(const char *name, ejwt_str text, const ejwt_issuer *issuer, int expected) {
  uint8_t *top = __builtin_frame_address(0);
  volatile uint8_t *bottom = top - MAX_STACK;
  for (volatile uint8_t *byte = bottom; byte < top - 256; byte++) *byte = PATTERN;
  uint32_t before = board_instructions();
  int error = may_write(text, issuer);
  uint32_t after = board_instructions();
  volatile uint8_t *deepest = bottom;
  while (*deepest == PATTERN) deepest++;

  write_text(name);
  write_text(error ? " refused " : " accepted ");
  write_number(after - before);
  write_text(" ");
  write_number((uint32_t)(top - deepest));
  write_text(error == expected ? "\n" : " WRONG\n");
  return error == expected ? 0 : 1;
}

int main(void) {
  board_start();
  ejwt_issuer from_set = TRUSTED_ISSUER;
  from_set.keys = 0;
  from_set.key_count = 0;
  from_set.key_set = &key_set;
  memcpy(jwks_copy, jwks().ptr, jwks().len);
  if (ejwt_key_set_replace(&key_set, (uint8_t *)jwks_copy, jwks().len)) return 1;

  int failed = 0;
  failed |= check("es256", es256(), &TRUSTED_ISSUER, 0);
  failed |= check("es256-long", es256_long(), &TRUSTED_ISSUER, 0);
  failed |= check("eddsa", eddsa(), &TRUSTED_ISSUER, 0);
  failed |= check("eddsa-long", eddsa_long(), &TRUSTED_ISSUER, 0);
  failed |= check("es256-jwks", es256(), &from_set, 0);
  failed |= check("eddsa-jwks", eddsa(), &from_set, 0);
  failed |= check("expired", expired(), &TRUSTED_ISSUER, EJWT_E_EXPIRED);
  failed |= check("other-audience", other_audience(), &TRUSTED_ISSUER, EJWT_E_MISMATCH - EJWT_CLAIM_AUDIENCE);
  failed |= check("read-only", read_only(), &TRUSTED_ISSUER, EJWT_E_INSUFFICIENT_SCOPE);
  failed |= check("id-token", id_token(), &TRUSTED_ISSUER, EJWT_E_WRONG_TYPE);
  return failed;
}

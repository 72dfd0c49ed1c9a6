/* A firmware in C: it checks the tokens of the firmware in Rust by keys in flash and by a key set, and reports what each
 * verification costs. */
#include <string.h>

#include "board.h"
#include "fixtures.h"
#include "trust.h"

/* The only function that the library wants. A device resets here. */
_Noreturn void ejwt_panic(void) { board_exit(1); }
/* Only for an archive with the feature `locations`, by which `c/check` finds what can panic. Other firmware omits it. */
_Noreturn void ejwt_panic_at(const uint8_t *file, size_t len) {
  board_write((const char *)file, len);
  board_exit(1);
}

static uint8_t buffer[1536];
static char jwks_copy[1024];
static ejwt_key_set key_set;
static ejwt_replay_window used_proofs;
static ejwt_dpop_proof dpop_proof;

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

__attribute__((noinline)) static int test_es256(ejwt_str text, const ejwt_issuer *issuer) {
  (void)text, (void)issuer;
  return ejwt_self_test(&ejwt_es256, NULL);
}

__attribute__((noinline)) static int test_eddsa(ejwt_str text, const ejwt_issuer *issuer) {
  (void)text, (void)issuer;
  return ejwt_self_test(&ejwt_eddsa, NULL);
}

__attribute__((noinline)) static int read_keys(ejwt_str text, const ejwt_issuer *issuer) {
  (void)issuer;
  memcpy(jwks_copy, text.ptr, text.len);
  return ejwt_key_set_replace(&key_set, (uint8_t *)jwks_copy, text.len);
}

/* Verifies a proof for the token `bound`. */
__attribute__((noinline)) static int check_proof(ejwt_str text, const ejwt_issuer *issuer) {
  static uint8_t proof_buffer[512];
  (void)issuer;
  const ejwt_dpop_request request = {
    .proof = text,
    .method = EJWT_STR("POST"),
    .uri = EJWT_STR("https://pump-7.local/speed"),
    .access_token = bound(),
    .verifiers = VERIFIERS,
    .verifier_count = 2,
    .leeway = EJWT_DEFAULT_LEEWAY,
    .now = FIXTURE_NOW,
    .buffer = proof_buffer,
    .buffer_len = sizeof proof_buffer,
  };
  return ejwt_verify_dpop(&request, &dpop_proof);
}

/* Verifies a token that is bound to the key of this proof. */
__attribute__((noinline)) static int check_bound(ejwt_str text, const ejwt_issuer *issuer) {
  const ejwt_request request = {
    .token = text,
    .issuers = issuer,
    .issuer_count = 1,
    .now = FIXTURE_NOW,
    .buffer = buffer,
    .buffer_len = sizeof buffer,
  };
  const ejwt_access_checks checks = { .dpop_proof = &dpop_proof, .dpop_replay = &used_proofs };
  ejwt_access_token token;
  return ejwt_verify_access_token_with(&request, &POLICY, &checks, &token);
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

typedef int step(ejwt_str text, const ejwt_issuer *issuer);

__attribute__((noinline)) static int measure(const char *name, step *run, ejwt_str text, const ejwt_issuer *issuer,
                                             int expected) {
  uint8_t *top = __builtin_frame_address(0);
  volatile uint8_t *bottom = top - MAX_STACK;
  for (volatile uint8_t *byte = bottom; byte < top - 256; byte++) *byte = PATTERN;
  uint32_t before = board_instructions();
  int error = run(text, issuer);
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

static int check(const char *name, ejwt_str text, const ejwt_issuer *issuer, int expected) {
  return measure(name, may_write, text, issuer, expected);
}

int main(void) {
  board_start();
  ejwt_issuer from_set = TRUSTED_ISSUER;
  from_set.keys = 0;
  from_set.key_count = 0;
  from_set.key_set = &key_set;
  if (ejwt_replay_start_empty(&used_proofs, 0)) return 1;

  int failed = 0;
  failed |= measure("self-test-es256", test_es256, jwks(), &TRUSTED_ISSUER, 0);
  failed |= measure("self-test-eddsa", test_eddsa, jwks(), &TRUSTED_ISSUER, 0);
  failed |= measure("key-set", read_keys, jwks(), &TRUSTED_ISSUER, 0);
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
  failed |= measure("dpop-proof", check_proof, proof(), &TRUSTED_ISSUER, 0);
  failed |= measure("dpop-token", check_bound, bound(), &TRUSTED_ISSUER, 0);
  failed |= measure("dpop-replayed", check_bound, bound(), &TRUSTED_ISSUER, EJWT_E_PROOF_REPLAYED);
  return failed;
}

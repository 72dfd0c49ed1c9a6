/* The image whose size is measured: both algorithms, keys in flash and a key set, and nothing else. */
#include <string.h>

#include "board.h"
#include "fixtures.h"
#include "trust.h"

_Noreturn void ejwt_panic(void) { board_exit(1); }

static uint8_t buffer[1024];
static uint8_t json[1024];
static ejwt_key_set key_set;

static int may_write(ejwt_str text, const ejwt_issuer *issuer) {
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
  return error ? error : ejwt_has_scope(&token, WRITE_SCOPE);
}

int main(void) {
  ejwt_issuer from_set = TRUSTED_ISSUER;
  from_set.keys = NULL;
  from_set.key_count = 0;
  from_set.key_set = &key_set;
  memcpy(json, jwks().ptr, jwks().len);
  if (ejwt_key_set_replace(&key_set, json, jwks().len)) return 1;
  return may_write(es256(), &TRUSTED_ISSUER) || may_write(eddsa(), &from_set);
}

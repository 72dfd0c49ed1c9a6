/* The headers Authorization and WWW-Authenticate. */
#include "test.h"

static void authorization(void) {
  ejwt_credentials credentials;
  EQUAL(ejwt_authorization((ejwt_str)EJWT_STR("Bearer a.b.c"), &credentials), 0);
  CHECK(credentials.scheme == EJWT_BEARER && same(credentials.token, "a.b.c"));
  EQUAL(ejwt_authorization((ejwt_str)EJWT_STR("dpop a.b.c"), &credentials), 0);
  EQUAL(credentials.scheme, EJWT_DPOP);
  EQUAL(ejwt_authorization((ejwt_str)EJWT_STR("Bearer a b"), &credentials), EJWT_E_MALFORMED - EJWT_PART_AUTHORIZATION);
  CHECK(ZEROED(credentials));
  EQUAL(ejwt_authorization((ejwt_str)EJWT_STR("Basic a"), &credentials), EJWT_E_NO_CREDENTIALS);
  EQUAL(ejwt_authorization((ejwt_str){ NULL, 0 }, &credentials), EJWT_E_NO_CREDENTIALS);
}

static void challenge(void) {
  const ejwt_challenge with_scope = { .realm = EJWT_STR("pump-7"), .scheme = EJWT_BEARER, .scope = EJWT_STR("pump:write") };
  const char *expected = "Bearer realm=\"pump-7\", error=\"insufficient_scope\", scope=\"pump:write\"";
  uint8_t text[256];
  ejwt_refusal refusal;
  EQUAL(ejwt_challenge_write(&with_scope, EJWT_E_INSUFFICIENT_SCOPE, text, sizeof text, &refusal), 0);
  CHECK(refusal.status == 403 && refusal.len == strlen(expected) && !memcmp(text, expected, refusal.len));

  /* One byte too short. */
  uint8_t *exact = malloc(strlen(expected));
  EQUAL(ejwt_challenge_write(&with_scope, EJWT_E_INSUFFICIENT_SCOPE, exact, strlen(expected), &refusal), 0);
  EQUAL(ejwt_challenge_write(&with_scope, EJWT_E_INSUFFICIENT_SCOPE, exact, strlen(expected) - 1, &refusal),
        EJWT_E_BUFFER_TOO_SMALL);
  CHECK(ZEROED(refusal));
  free(exact);

  EQUAL(ejwt_challenge_write(&with_scope, EJWT_E_CLOCK_NOT_SET, text, sizeof text, &refusal), 0);
  CHECK(refusal.status == 503 && refusal.len == 0);
  EQUAL(ejwt_challenge_write(&with_scope, EJWT_E_ARGUMENT, text, sizeof text, &refusal), 0);
  CHECK(refusal.status == 500 && refusal.len == 0);
  EQUAL(ejwt_challenge_write(&with_scope, 0, text, sizeof text, &refusal), EJWT_E_ARGUMENT);
  EQUAL(ejwt_challenge_write(&with_scope, 200, text, sizeof text, &refusal), EJWT_E_ARGUMENT);

  ejwt_challenge dpop = { .realm = EJWT_STR("pump-7"), .scheme = EJWT_DPOP, .max_age = EJWT_LIMIT(60), .acr_values = EJWT_STR("gold") };
  EQUAL(ejwt_challenge_write(&dpop, EJWT_E_AUTHENTICATION_TOO_OLD, text, sizeof text, &refusal), 0);
  CHECK(refusal.status == 401 && !memcmp(text, "DPoP algs=", 10));
  EQUAL(ejwt_challenge_write_dpop(&dpop, EJWT_E_MISSING - EJWT_CLAIM_NONCE, text, sizeof text, &refusal), 0);
  CHECK(refusal.status == 401);
  dpop.realm = (ejwt_str)EJWT_STR("a\r\nSet-Cookie: b");
  EQUAL(ejwt_challenge_write(&dpop, EJWT_E_EXPIRED, text, sizeof text, &refusal), EJWT_E_BUFFER_TOO_SMALL);
  dpop = (ejwt_challenge){ 0 };
  EQUAL(ejwt_challenge_write(&dpop, EJWT_E_EXPIRED, text, sizeof text, &refusal), EJWT_E_ARGUMENT);
}

static void words(void) {
  char name[] = "pump:write and more";
  const ejwt_str text = ejwt_str_of(name), none = ejwt_str_of(NULL);
  CHECK(text.ptr == name && text.len == strlen(name));
  CHECK(!none.ptr && !none.len);
  const int error = EJWT_E_MISMATCH - EJWT_CLAIM_AUDIENCE;
  EQUAL(EJWT_DETAIL(error), EJWT_CLAIM_AUDIENCE);
  EQUAL(EJWT_WITHOUT_DETAIL(error), EJWT_E_MISMATCH);
  CHECK(!strcmp(ejwt_strname(error), "EJWT_E_MISMATCH"));
  CHECK(!strcmp(ejwt_strname(0), "0"));
}

void test_http(void) {
  words();
  authorization();
  challenge();
}

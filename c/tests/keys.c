/* Keys, key sets, issuers and verifiers. */
#include "test.h"

static uint8_t buffer[4096];

static void key_sets(void) {
  static ejwt_key_set set;
  ejwt_issuer issuer = TRUSTED_ISSUER;
  issuer.keys = NULL;
  issuer.key_count = 0;
  issuer.key_set = &set;
  ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  request.issuers = &issuer;
  ejwt_access_token token;
  size_t count = 7, skipped = 7;
  EQUAL(ejwt_key_set_count(&set, &count), 0);
  EQUAL(count, 0);
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_UNKNOWN_KEY);

  uint8_t *json = exactly(jwks().ptr, jwks().len);
  EQUAL(ejwt_key_set_replace(&set, json, jwks().len), 0);
  free(json);
  EQUAL(ejwt_key_set_count(&set, &count), 0);
  EQUAL(ejwt_key_set_skipped(&set, &skipped), 0);
  CHECK(count == 4 && skipped == 0);
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), 0);

  /* A truncated download changes nothing. */
  json = exactly(jwks().ptr, jwks().len - 1);
  EQUAL(ejwt_key_set_replace(&set, json, jwks().len - 1), EJWT_E_MALFORMED - EJWT_PART_KEY_SET);
  free(json);
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), 0);

  /* Two issuers may share a set; flash and a set exclude each other. */
  ejwt_issuer both[2] = { issuer, issuer };
  both[0].name = (ejwt_str)EJWT_STR("urn:other");
  request.issuers = both;
  request.issuer_count = 2;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), 0);
  both[1].keys = TRUSTED_KEYS;
  both[1].key_count = 2;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_ARGUMENT);
  request.issuers = &issuer;
  request.issuer_count = 1;

  /* Removed keys stay until the overlap is over. */
  char none[] = "{\"keys\":[]}";
  EQUAL(ejwt_key_set_rotate(&set, (uint8_t *)none, strlen(none), request.now.seconds + 60, request.now), 0);
  EQUAL(ejwt_key_set_count(&set, &count), 0);
  EQUAL(count, 0);
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), 0);
  request.now.seconds += 60;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_UNKNOWN_KEY);
  EQUAL(ejwt_key_set_rotate(&set, (uint8_t *)none, 0, 0, request.now), EJWT_E_ENTRY_EXPIRED);

  /* A token that is no signed key set replaces nothing. */
  request = request_of(es256(), buffer, sizeof buffer);
  int64_t newest = 1;
  EQUAL(ejwt_key_set_replace_from_signed(&set, &request, &newest), EJWT_E_WRONG_TYPE);
  EQUAL(newest, 1);

  /* A signed key set, once accepted, is the oldest that is. */
  request = request_of(forged(ES256_HEADER("jwk-set+jwt"), "{\"iss\":\"https://idp.example.com\",\"iat\":1768478340,"
                              "\"exp\":1768478640,\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"test-key\",\"x\":"
                              "\"VpfpfapcquWsv4iRTZ4zbu7tV3VxGXpmDdAqXKe3hgI\"}]}"), buffer, sizeof buffer);
  request.issuers = &ACCEPTING_ISSUER;
  EQUAL(ejwt_key_set_replace_from_signed(&set, &request, &newest), 0);
  EQUAL(newest, 1768478340);
  EQUAL(ejwt_key_set_count(&set, &count), 0);
  EQUAL(count, 1);
  ejwt_request by_set = request_of(eddsa(), buffer, sizeof buffer);
  by_set.issuers = &issuer;
  EQUAL(ejwt_verify_access_token(&by_set, &POLICY, &token), 0);
  newest++;
  EQUAL(ejwt_key_set_replace_from_signed(&set, &request, &newest), EJWT_E_ROLLED_BACK);
  EQUAL(newest, 1768478341);
  request = request_of(es256(), buffer, sizeof buffer);

  /* A set is not replaced by a token that its own keys verify. */
  request.issuers = &issuer;
  EQUAL(ejwt_key_set_replace_from_signed(&set, &request, &newest), EJWT_E_ARGUMENT);
}

static void issuers(void) {
  ejwt_issuer many[5] = { TRUSTED_ISSUER, TRUSTED_ISSUER, TRUSTED_ISSUER, TRUSTED_ISSUER, TRUSTED_ISSUER };
  ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  request.issuers = many;
  request.issuer_count = 5;
  ejwt_access_token token;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_TOO_MANY_ISSUERS);
  request.issuer_count = 2;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), 0);
  request.issuer_count = 3; /* six keys in flash */
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_TOO_MANY_KEYS);
  request.issuer_count = 1;
  many[0].name = (ejwt_str)EJWT_STR("https://idp.example.com/");
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_MISMATCH - EJWT_CLAIM_ISSUER);
  many[0] = TRUSTED_ISSUER;
  many[0].verifiers = &VERIFIERS[1]; /* EdDSA alone */
  many[0].verifier_count = 1;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_UNSUPPORTED_ALGORITHM);
  many[0].verifier_count = 0;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_UNSUPPORTED_ALGORITHM);

  ejwt_key keys[2] = { TRUSTED_KEYS[0], TRUSTED_KEYS[1] };
  many[0] = TRUSTED_ISSUER;
  many[0].keys = keys;
  keys[0].x[0] ^= 1;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_INVALID_KEY);
  memset(&keys[0], 0, sizeof keys[0]);
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_ARGUMENT);
  keys[0] = TRUSTED_KEYS[0];
  keys[0].algorithm = EJWT_EDDSA; /* with coordinates of ES256 */
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_ARGUMENT);
  keys[0] = TRUSTED_KEYS[0];
  keys[0].kid = (ejwt_str){ NULL, 0 };
  many[0].requires_kid = 1;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_UNKNOWN_KEY);
  many[0].requires_kid = 0;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), 0);
}

static int answer;
static size_t seen_key, seen_message, seen_signature;

static int hardware(void *context, const uint8_t *key, size_t key_len, const uint8_t *message, size_t message_len,
                    const uint8_t *signature, size_t signature_len) {
  CHECK(context == &answer && key && message && signature);
  seen_key = key_len;
  seen_message = message_len;
  seen_signature = signature_len;
  return answer;
}

static void verifiers(void) {
  uint32_t is_strict;
  EQUAL(ejwt_self_test(&ejwt_es256, &is_strict), 0);
  EQUAL(is_strict, 1);
  EQUAL(ejwt_self_test(&ejwt_eddsa, NULL), 0);
  EQUAL(ejwt_self_test(NULL, &is_strict), EJWT_E_ARGUMENT);
  EQUAL(is_strict, 0);

  const ejwt_verifier own = { .algorithm = EJWT_ES256, .verify = hardware, .context = &answer };
  const ejwt_verifier *list[3] = { &own, &ejwt_eddsa, &ejwt_es256 };
  ejwt_issuer issuer = TRUSTED_ISSUER;
  issuer.verifiers = list;
  issuer.verifier_count = 1;
  ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  request.issuers = &issuer;
  ejwt_access_token token;
  const int answers[][2] = {
    { 0, 0 },
    { EJWT_E_INVALID_SIGNATURE, EJWT_E_INVALID_SIGNATURE },
    { EJWT_E_INVALID_KEY, EJWT_E_INVALID_KEY },
    { EJWT_E_BACKEND_UNAVAILABLE, EJWT_E_BACKEND_UNAVAILABLE },
    { 1, EJWT_E_BACKEND_UNAVAILABLE },
    { -1, EJWT_E_BACKEND_UNAVAILABLE },
  };
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    answer = answers[i][0];
    EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), answers[i][1]);
  }
  CHECK(seen_key == 64 && seen_signature == 64 && seen_message == request.token.len - 87);
  answer = 0;
  EQUAL(ejwt_self_test(&own, &is_strict), EJWT_E_BACKEND_BROKEN);

  issuer.verifier_count = 3;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_ARGUMENT);
  issuer.verifier_count = 1;
  ejwt_verifier odd = own;
  list[0] = &odd;
  odd.verify = NULL;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_ARGUMENT);
  odd = ejwt_es256;
  odd.verify = hardware;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_ARGUMENT);
  odd = ejwt_es256;
  odd.algorithm = EJWT_EDDSA;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_ARGUMENT);
  odd = own;
  odd.algorithm = 3;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_ARGUMENT);
  list[0] = NULL;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_ARGUMENT);
}

void test_keys(void) {
  key_sets();
  issuers();
  verifiers();
}

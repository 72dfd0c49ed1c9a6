/* Each policy accepts its token and refuses others. */
#include "test.h"

static uint8_t buffer[4096];

static void access_tokens(void) {
  ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  ejwt_access_token token;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), 0);
  CHECK(same(token.token.issuer, "https://idp.example.com"));
  CHECK(same(token.token.client_id, "pump-app"));
  CHECK(token.token.subject.len > 0 && token.token.jwt_id.len > 0);
  CHECK(token.token.expires_at > request.now.seconds && token.token.refused_from == token.token.expires_at + 300);
  EQUAL(token.token.freshness, EJWT_FRESH_BY_CLOCK);
  EQUAL(ejwt_has_scope(&token, WRITE_SCOPE), 0);
  EQUAL(ejwt_has_scope(&token, (ejwt_str)EJWT_STR("pump")), EJWT_E_INSUFFICIENT_SCOPE);
  EQUAL(ejwt_has_scope(&token, (ejwt_str)EJWT_STR("")), EJWT_E_INSUFFICIENT_SCOPE);
  EQUAL(ejwt_has_audience(&token.token, (ejwt_str)EJWT_STR("urn:device:pump-7")), 0);
  EQUAL(ejwt_has_audience(&token.token, (ejwt_str)EJWT_STR("urn:device:pump-8")), EJWT_E_MISMATCH - EJWT_CLAIM_AUDIENCE);

  char text[64];
  size_t len;
  EQUAL(ejwt_claim_string(&token.token, (ejwt_str)EJWT_STR("client_id"), 0, (uint8_t *)text, sizeof text, &len), 0);
  CHECK(len == 8 && !memcmp(text, "pump-app", 8));
  EQUAL(ejwt_claim_string(&token.token, (ejwt_str)EJWT_STR("client_id"), 1, (uint8_t *)text, sizeof text, &len),
        EJWT_E_MISSING - EJWT_CLAIM_OTHER);
  EQUAL(ejwt_claim_string(&token.token, (ejwt_str)EJWT_STR("client_id"), 0, (uint8_t *)text, 7, &len),
        EJWT_E_BUFFER_TOO_SMALL);
  EQUAL(len, 0);
  EQUAL(ejwt_claim_string(&token.token, (ejwt_str)EJWT_STR("exp"), 0, (uint8_t *)text, sizeof text, &len),
        EJWT_E_INVALID - EJWT_CLAIM_OTHER);
  EQUAL(ejwt_claim_contains(&token.token, (ejwt_str)EJWT_STR("client_id"), (ejwt_str)EJWT_STR("pump-app")), 0);
  EQUAL(ejwt_claim_contains(&token.token, (ejwt_str)EJWT_STR("client_id"), (ejwt_str)EJWT_STR("pump")),
        EJWT_E_MISMATCH - EJWT_CLAIM_OTHER);
  EQUAL(ejwt_claim_contains(&token.token, (ejwt_str)EJWT_STR("roles"), (ejwt_str)EJWT_STR("x")),
        EJWT_E_MISSING - EJWT_CLAIM_OTHER);
  uint8_t thumbprint[32];
  EQUAL(ejwt_confirmation_key(&token.token, &thumbprint), EJWT_E_MISSING - EJWT_CLAIM_CONFIRMATION);

  const struct {
    ejwt_str text;
    int error;
  } cases[] = {
    { eddsa(), 0 },
    { es256_long(), 0 },
    { expired(), EJWT_E_EXPIRED },
    { other_audience(), EJWT_E_MISMATCH - EJWT_CLAIM_AUDIENCE },
    { id_token(), EJWT_E_WRONG_TYPE },
    { bound(), EJWT_E_SENDER_CONSTRAINED },
    { proof(), EJWT_E_MISSING - EJWT_CLAIM_ISSUER }, /* signed with a trusted key, but without an issuer */
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    request.token = cases[i].text;
    int error = ejwt_verify_access_token(&request, &POLICY, &token);
    EQUAL(error, cases[i].error);
    CHECK(error == 0 || ZEROED(token));
    /* What is zeroed is no token. */
    CHECK(error == 0 || ejwt_has_scope(&token, WRITE_SCOPE) == EJWT_E_ARGUMENT);
  }

  request.token = es256();
  EQUAL(ejwt_verify_at_jwt(&request, &POLICY, &token), 0);
  EQUAL(ejwt_verify_untyped(&request, &POLICY, &token), 0);
  EQUAL(ejwt_verify_for_client(&request, &POLICY, &token), EJWT_E_WRONG_TYPE);
  CHECK(ZEROED(token));

  ejwt_access_policy policy = POLICY;
  policy.required_scope = (ejwt_str)EJWT_STR("pump:read pump:write");
  EQUAL(ejwt_verify_access_token(&request, &policy, &token), 0);
  policy.required_scope = (ejwt_str)EJWT_STR("pump:admin");
  EQUAL(ejwt_verify_access_token(&request, &policy, &token), EJWT_E_INSUFFICIENT_SCOPE);
  policy = POLICY;
  policy.times.max_lifetime = (ejwt_limit)EJWT_LIMIT(1);
  EQUAL(ejwt_verify_access_token(&request, &policy, &token), EJWT_E_LIFETIME_TOO_LONG);
  const ejwt_access_checks scp = { .scope_claim = EJWT_STR("scp") };
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &scp, &token), 0);
  EQUAL(ejwt_has_scope(&token, WRITE_SCOPE), EJWT_E_INSUFFICIENT_SCOPE);
}

static void id_tokens(void) {
  ejwt_request request = request_of(id_token(), buffer, sizeof buffer);
  const ejwt_id_policy policy = { .client_id = EJWT_STR("urn:device:pump-7"), .times = { .leeway = EJWT_DEFAULT_LEEWAY } };
  ejwt_id_token token;
  EQUAL(ejwt_verify_id_token(&request, &policy, &token), 0);
  CHECK(token.token.subject.len > 0);
  ejwt_str acr;
  EQUAL(ejwt_id_token_acr(&token, &acr), EJWT_E_MISSING - EJWT_CLAIM_AUTHENTICATION_CONTEXT);
  /* An ID token has no scopes, whatever its type is cast to. */
  EQUAL(ejwt_has_scope((const ejwt_access_token *)&token, WRITE_SCOPE), EJWT_E_ARGUMENT);
  ejwt_id_policy with_nonce = policy;
  with_nonce.nonce = (ejwt_str)EJWT_STR("n-1");
  EQUAL(ejwt_verify_id_token(&request, &with_nonce, &token), EJWT_E_MISSING - EJWT_CLAIM_NONCE);
  CHECK(ZEROED(token));
  request.token = es256();
  EQUAL(ejwt_verify_id_token(&request, &policy, &token), EJWT_E_WRONG_TYPE);
}

/* The nonce, and the hashes of the access token `access-token` and the code `code-1`: the left half of SHA-256 (OpenID
 * Connect Core 3.1.3.6 and 3.3.2.11). */
static void id_tokens_with_their_request(void) {
  const char *claims = "{" ID_CLAIMS ",\"nonce\":\"n-1\",\"at_hash\":\"Pxa-1wifRlPl7yG_0oJNfw\",\"c_hash\":\"Ub1mOf7XwLSCavbAa_5PTA\"}";
  ejwt_request request = request_of(forged(ES256_HEADER("JWT"), claims), buffer, sizeof buffer);
  request.issuers = &ACCEPTING_ISSUER;
  const ejwt_id_policy policy = {
    .client_id = EJWT_STR("urn:device:pump-7"),
    .nonce = EJWT_STR("n-1"),
    .access_token = EJWT_STR("access-token"),
    .code = EJWT_STR("code-1"),
    .times = { .leeway = EJWT_DEFAULT_LEEWAY },
  };
  ejwt_id_token token;
  EQUAL(ejwt_verify_id_token(&request, &policy, &token), 0);
  CHECK(same(token.token.subject, "user-4200"));
  ejwt_id_policy other = policy;
  other.nonce = (ejwt_str)EJWT_STR("n-2");
  EQUAL(ejwt_verify_id_token(&request, &other, &token), EJWT_E_MISMATCH - EJWT_CLAIM_NONCE);
  CHECK(ZEROED(token));
  other = policy;
  other.access_token = (ejwt_str)EJWT_STR("access-tokem");
  EQUAL(ejwt_verify_id_token(&request, &other, &token), EJWT_E_MISMATCH - EJWT_CLAIM_ACCESS_TOKEN_HASH);
  other = policy;
  other.code = (ejwt_str)EJWT_STR("code-2");
  EQUAL(ejwt_verify_id_token(&request, &other, &token), EJWT_E_MISMATCH - EJWT_CLAIM_CODE_HASH);
}

static void typed_tokens(void) {
  ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  ejwt_typed_policy policy = {
    .media_type = EJWT_STR("at+jwt"),
    .audience = EJWT_STR("urn:device:pump-7"),
    .times = { .leeway = EJWT_DEFAULT_LEEWAY },
  };
  ejwt_typed_token token;
  EQUAL(ejwt_verify_typed_token(&request, &policy, &token), 0);
  policy.media_type = (ejwt_str)EJWT_STR("cmd+jwt");
  EQUAL(ejwt_verify_typed_token(&request, &policy, &token), EJWT_E_WRONG_TYPE);
  CHECK(ZEROED(token));
}

static int deny(void *context, const ejwt_token *token) {
  *(int *)context += token->subject.len > 0;
  return 1;
}

static int allow(void *context, const ejwt_token *token) { return deny(context, token) - 1; }

static void dpop(void) {
  static ejwt_replay_window used;
  memset(&used, 0, sizeof used);
  uint8_t proof_buffer[1024];
  ejwt_dpop_request dpop = dpop_request_of(proof_buffer, sizeof proof_buffer);
  ejwt_dpop_proof proven;
  EQUAL(ejwt_verify_dpop(&dpop, &proven), 0);
  uint8_t thumbprint[32], of_token[32];
  EQUAL(ejwt_dpop_proof_key(&proven, &thumbprint), 0);

  ejwt_request request = request_of(bound(), buffer, sizeof buffer);
  ejwt_access_checks checks = { .dpop_proof = &proven, .dpop_replay = &used };
  ejwt_access_token token;
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &checks, &token), EJWT_E_NOT_OPENED);
  CHECK(ZEROED(token));
  EQUAL(ejwt_replay_start_empty(&used, 0), 0);

  int asked = 0;
  checks.application = (ejwt_application){ deny, &asked };
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &checks, &token), EJWT_E_DENIED);
  checks.application = (ejwt_application){ allow, &asked };
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &checks, &token), 0);
  EQUAL(asked, 2);
  EQUAL(ejwt_confirmation_key(&token.token, &of_token), 0);
  CHECK(!memcmp(thumbprint, of_token, 32));
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &checks, &token), EJWT_E_PROOF_REPLAYED);

  /* The proof points into its buffer, which a request must not write to. */
  request.buffer = proof_buffer;
  request.buffer_len = sizeof proof_buffer;
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &checks, &token), EJWT_E_ARGUMENT);
  request = request_of(bound(), buffer, sizeof buffer);

  /* Half of what a proof needs is refused, and so is a proof with a certificate. */
  ejwt_access_checks half = { .dpop_proof = &proven };
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &half, &token), EJWT_E_ARGUMENT);
  half = (ejwt_access_checks){ .dpop_replay = &used };
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &half, &token), EJWT_E_ARGUMENT);
  half = checks;
  half.certificate = thumbprint;
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &half, &token), EJWT_E_ARGUMENT);
  half = (ejwt_access_checks){ .certificate = thumbprint };
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &half, &token), EJWT_E_MISMATCH - EJWT_CLAIM_CONFIRMATION);
  ejwt_access_checks none = { 0 };
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &none, &token), EJWT_E_SENDER_CONSTRAINED);

  dpop.method = (ejwt_str)EJWT_STR("GET");
  EQUAL(ejwt_verify_dpop(&dpop, &proven), EJWT_E_MISMATCH - EJWT_CLAIM_HTTP_METHOD);
  CHECK(ZEROED(proven));
  EQUAL(ejwt_dpop_proof_key(&proven, &thumbprint), EJWT_E_ARGUMENT);
  dpop.method = (ejwt_str)EJWT_STR("POST");
  static ejwt_dpop_nonces nonces;
  dpop.nonces = &nonces;
  CHECK(ejwt_verify_dpop(&dpop, &proven) < 0);
  EQUAL(ejwt_dpop_nonces_rotate(&nonces, (ejwt_str)EJWT_STR("n-1")), 0);
  EQUAL(ejwt_verify_dpop(&dpop, &proven), EJWT_E_MISSING - EJWT_CLAIM_NONCE);

  /* With the nonce: a proof by the key of the trusted issuer, whose signature only the test's verifier accepts. */
  ejwt_dpop_request with_nonce = dpop;
  with_nonce.proof = forged("{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\","
                            "\"x\":\"kjqAwhVvc2weoah51TiClH2-33xD9nHdcPBXlbFwGcc\",\"y\":\"YSp9mDTxnjBbt27_z5S5gEWPCO6TVBkse4ldVOfy1hs\"}}",
                            "{\"jti\":\"proof-2\",\"htm\":\"POST\",\"htu\":\"https://pump-7.local/speed\",\"iat\":1768478400,"
                            "\"ath\":\"eUF7gMKSk8YioMZwX_hdB_I5UEmwAcgDeqjSCb-wjLU\",\"nonce\":\"n-1\"}");
  with_nonce.verifiers = ACCEPTING_ISSUER.verifiers;
  with_nonce.verifier_count = ACCEPTING_ISSUER.verifier_count;
  EQUAL(ejwt_verify_dpop(&with_nonce, &proven), 0);
  EQUAL(ejwt_dpop_nonces_rotate(&nonces, (ejwt_str)EJWT_STR("n-2")), 0);
  EQUAL(ejwt_verify_dpop(&with_nonce, &proven), 0); /* the nonce before */
  EQUAL(ejwt_dpop_nonces_rotate(&nonces, (ejwt_str)EJWT_STR("n-3")), 0);
  EQUAL(ejwt_verify_dpop(&with_nonce, &proven), EJWT_E_MISMATCH - EJWT_CLAIM_NONCE);
  CHECK(ZEROED(proven));
  EQUAL(ejwt_dpop_nonces_withdraw(&nonces), 0);
  EQUAL(ejwt_dpop_nonces_rotate(&nonces, (ejwt_str)EJWT_STR("")), EJWT_E_ARGUMENT);
}

static void challenges_of_the_token(void) {
  ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  ejwt_access_token token;
  ejwt_access_checks checks = { .challenge = EJWT_STR("c") };
  EQUAL(ejwt_verify_at_jwt_with(&request, &POLICY, &checks, &token), EJWT_E_MISSING - EJWT_CLAIM_CHALLENGE);
  checks = (ejwt_access_checks){ .acr = EJWT_STR("gold") };
  EQUAL(ejwt_verify_untyped_with(&request, &POLICY, &checks, &token), EJWT_E_MISSING - EJWT_CLAIM_AUTHENTICATION_CONTEXT);
  checks = (ejwt_access_checks){ .max_age = EJWT_LIMIT(0) };
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &checks, &token), EJWT_E_MISSING - EJWT_CLAIM_AUTHENTICATION_TIME);
  checks = (ejwt_access_checks){ 0 };
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &checks, &token), 0);
  EQUAL(ejwt_verify_for_client_with(&request, &POLICY, &checks, &token), EJWT_E_WRONG_TYPE);
}

void test_policies(void) {
  access_tokens();
  id_tokens();
  id_tokens_with_their_request();
  typed_tokens();
  dpop();
  challenges_of_the_token();
}

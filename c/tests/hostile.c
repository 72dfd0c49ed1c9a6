/* Each function with null pointers, zero lengths, misaligned pointers, results that overlap, buffers one byte too short and
 * structs of zeros: a negative error, a zeroed result, and nothing written past an end. */
#include "test.h"

#define NONE ((ejwt_str){ NULL, 0 })
/* A null pointer with a length, and a length that no memory has. */
#define BROKEN ((ejwt_str){ NULL, 1 })
#define ENDLESS ((ejwt_str){ "x", SIZE_MAX })
#define NOT_UTF8 ((ejwt_str)EJWT_STR("\xff"))

#define REFUSED(call) \
  do { \
    int error_ = (call); \
    checked++; \
    if (error_ >= 0) { \
      failed++; \
      printf("%s:%d: %s is %d\n", __FILE__, __LINE__, #call, error_); \
    } \
  } while (0)

/* A result between two guards, filled with what is not zero. */
#define GUARDED(type, name) \
  struct { \
    uint8_t before[64]; \
    type value; \
    uint8_t after[64]; \
  } name; \
  memset(&name, 0xa5, sizeof name)

#define UNTOUCHED(name) (guard_is(name.before) && guard_is(name.after))

static int guard_is(const uint8_t guard[64]) {
  for (size_t i = 0; i < 64; i++)
    if (guard[i] != 0xa5) return 0;
  return 1;
}

/* Calls a function that verifies with everything that can be wrong about its request. */
#define VERIFIES(type, call) \
  do { \
    GUARDED(type, out); \
    type *result = &out.value; \
    const ejwt_request *request = &good; \
    REFUSED(call); /* the policy is zeroed */ \
    CHECK(ZEROED(out.value) && UNTOUCHED(out)); \
    ejwt_request bad; \
    request = &bad; \
    for (int i = 0; i < 14; i++) { \
      bad = good; \
      if (i == 0) memset(&bad, 0, sizeof bad); \
      if (i == 1) bad.token = NONE; \
      if (i == 2) bad.token = BROKEN; \
      if (i == 3) bad.token = ENDLESS; \
      if (i == 4) bad.issuers = NULL; \
      if (i == 5) bad.issuer_count = 0; \
      if (i == 6) bad.issuer_count = SIZE_MAX; \
      if (i == 7) bad.buffer = NULL; \
      if (i == 8) bad.buffer_len = 0; \
      if (i == 9) bad.buffer_len = needed - 1; \
      if (i == 10) bad.buffer = (uint8_t *)(uintptr_t)bad.token.ptr; \
      if (i == 11) bad.now.kind = 0; \
      if (i == 12) bad.issuers = (const ejwt_issuer *)((const char *)bad.issuers + 1); \
      if (i == 13) { \
        bad.buffer = (uint8_t *)&out.value; \
        bad.buffer_len = sizeof out.value; \
      } \
      memset(&out, 0xa5, sizeof out); \
      USABLE; \
      REFUSED(call); \
      CHECK(ZEROED(out.value) && UNTOUCHED(out)); \
    } \
    request = NULL; \
    memset(&out, 0xa5, sizeof out); \
    REFUSED(call); \
    CHECK(ZEROED(out.value) && UNTOUCHED(out)); \
    request = &good; \
    result = NULL; \
    EQUAL(call, EJWT_E_ARGUMENT); \
    result = (type *)((char *)&out.value + 1); \
    EQUAL(call, EJWT_E_ARGUMENT); \
  } while (0)

static void verifying(void) {
  uint8_t *text = exactly(es256().ptr, es256().len);
  size_t needed;
  EQUAL(ejwt_buffer_len((const char *)text, es256().len, &needed), 0);
  uint8_t *buffer = malloc(needed);
  const ejwt_request good = request_of((ejwt_str){ (const char *)text, es256().len }, buffer, needed);
  ejwt_access_token accepted;
  EQUAL(ejwt_verify_access_token(&good, &POLICY, &accepted), 0);

  ejwt_access_policy policy = { 0 };
  ejwt_access_checks checks = { 0 };
#define USABLE policy = POLICY
  VERIFIES(ejwt_access_token, ejwt_verify_access_token(request, &policy, result));
  memset(&policy, 0, sizeof policy);
  VERIFIES(ejwt_access_token, ejwt_verify_access_token_with(request, &policy, &checks, result));
  memset(&policy, 0, sizeof policy);
  VERIFIES(ejwt_access_token, ejwt_verify_at_jwt(request, &policy, result));
  memset(&policy, 0, sizeof policy);
  VERIFIES(ejwt_access_token, ejwt_verify_at_jwt_with(request, &policy, &checks, result));
  memset(&policy, 0, sizeof policy);
  VERIFIES(ejwt_access_token, ejwt_verify_untyped(request, &policy, result));
  memset(&policy, 0, sizeof policy);
  VERIFIES(ejwt_access_token, ejwt_verify_untyped_with(request, &policy, &checks, result));
  REFUSED(ejwt_verify_access_token(&good, NULL, &accepted));
  REFUSED(ejwt_verify_access_token_with(&good, NULL, &checks, &accepted));
  REFUSED(ejwt_verify_access_token_with(&good, &POLICY, NULL, &accepted));
#undef USABLE

  const ejwt_access_policy broken[] = {
    { .audience = BROKEN },  { .audience = ENDLESS }, { .audience = NOT_UTF8 },
    { .audience = EJWT_STR("urn:device:pump-7"), .required_scope = BROKEN },
    { .audience = EJWT_STR("urn:device:pump-7"), .required_scope = NOT_UTF8 },
  };
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    REFUSED(ejwt_verify_access_token(&good, &broken[i], &accepted));
    CHECK(ZEROED(accepted));
  }
  const ejwt_access_checks broken_checks[] = {
    { .scope_claim = ENDLESS },
    { .scope_claim = EJWT_STR("") },
    { .challenge = BROKEN },
    { .challenge = EJWT_STR("") },
    { .acr = NOT_UTF8 },
    { .acr = EJWT_STR("") },
    { .revocations = (const ejwt_revocation_list *)1 },
    { .single_use = (ejwt_replay_window *)1 },
    { .dpop_proof = (const ejwt_dpop_proof *)1, .dpop_replay = (ejwt_replay_window *)1 },
  };
  for (size_t i = 0; i < sizeof broken_checks / sizeof broken_checks[0]; i++) {
    REFUSED(ejwt_verify_access_token_with(&good, &POLICY, &broken_checks[i], &accepted));
    CHECK(ZEROED(accepted));
  }

  ejwt_typed_policy typed = { 0 };
#define USABLE \
  typed.media_type = (ejwt_str)EJWT_STR("at+jwt"); \
  typed.audience = (ejwt_str)EJWT_STR("urn:device:pump-7")
  VERIFIES(ejwt_typed_token, ejwt_verify_typed_token(request, &typed, result));
  ejwt_typed_token typed_accepted;
  REFUSED(ejwt_verify_typed_token(&good, NULL, &typed_accepted));
#undef USABLE

  /* Issuers of zeros, and with text that is none. */
  ejwt_issuer issuer = { 0 };
  ejwt_request request = good;
  request.issuers = &issuer;
  REFUSED(ejwt_verify_access_token(&request, &POLICY, &accepted));
  const ejwt_str names[] = { BROKEN, ENDLESS, NOT_UTF8, EJWT_STR("") };
  for (size_t i = 0; i < 4; i++) {
    issuer = TRUSTED_ISSUER;
    issuer.name = names[i];
    REFUSED(ejwt_verify_access_token(&request, &POLICY, &accepted));
  }
  issuer = TRUSTED_ISSUER;
  issuer.keys = NULL;
  REFUSED(ejwt_verify_access_token(&request, &POLICY, &accepted));
  issuer = TRUSTED_ISSUER;
  issuer.verifiers = NULL;
  REFUSED(ejwt_verify_access_token(&request, &POLICY, &accepted));
  issuer = TRUSTED_ISSUER;
  issuer.key_count = SIZE_MAX;
  REFUSED(ejwt_verify_access_token(&request, &POLICY, &accepted));

  /* Every length of the token, and of the buffer, in memory of exactly that length. */
  for (size_t len = 0; len < es256().len; len++) {
    char *part = exactly(es256().ptr, len);
    request = good;
    request.token = (ejwt_str){ part, len };
    REFUSED(ejwt_verify_access_token(&request, &POLICY, &accepted));
    free(part);
  }
  for (size_t len = 0; len < needed; len++) {
    request = good;
    request.buffer = malloc(len ? len : 1);
    request.buffer_len = len;
    EQUAL(ejwt_verify_access_token(&request, &POLICY, &accepted), EJWT_E_BUFFER_TOO_SMALL);
    free(request.buffer);
  }
  free(buffer);
  free(text);
}

/* As above, with tokens that these functions accept. */
static void verifying_for_client(void) {
  const ejwt_str token = forged(ES256_HEADER("JWT"), "{" CLIENT_CLAIMS "}");
  size_t needed;
  EQUAL(ejwt_buffer_len(token.ptr, token.len, &needed), 0);
  ejwt_request good = request_of(token, malloc(needed), needed);
  good.issuers = &ACCEPTING_ISSUER;
  ejwt_access_token accepted;
  ejwt_access_checks checks = { 0 };
  EQUAL(ejwt_verify_for_client(&good, &POLICY, &accepted), 0);
  CHECK(same(accepted.token.client_id, "urn:device:pump-7"));
  EQUAL(ejwt_verify_for_client_with(&good, &POLICY, &checks, &accepted), 0);
  EQUAL(ejwt_has_scope(&accepted, WRITE_SCOPE), 0);

  ejwt_access_policy policy = { 0 };
#define USABLE policy = POLICY
  VERIFIES(ejwt_access_token, ejwt_verify_for_client(request, &policy, result));
  memset(&policy, 0, sizeof policy);
  VERIFIES(ejwt_access_token, ejwt_verify_for_client_with(request, &policy, &checks, result));
#undef USABLE
  policy = POLICY;
  policy.audience = (ejwt_str)EJWT_STR("urn:device:pump-8");
  EQUAL(ejwt_verify_for_client(&good, &policy, &accepted), EJWT_E_MISMATCH - EJWT_CLAIM_CLIENT_ID);
  free(good.buffer);
}

static void verifying_id_tokens(void) {
  size_t needed;
  EQUAL(ejwt_buffer_len(id_token().ptr, id_token().len, &needed), 0);
  uint8_t *text = exactly(id_token().ptr, id_token().len);
  const ejwt_request good = request_of((ejwt_str){ (const char *)text, id_token().len }, malloc(needed), needed);
  ejwt_id_policy id = { 0 };
#define USABLE id.client_id = (ejwt_str)EJWT_STR("urn:device:pump-7")
  VERIFIES(ejwt_id_token, ejwt_verify_id_token(request, &id, result));
  ejwt_id_token id_accepted;
  EQUAL(ejwt_verify_id_token(&good, &id, &id_accepted), 0);
  REFUSED(ejwt_verify_id_token(&good, NULL, &id_accepted));
  const ejwt_str audiences[5] = { NONE };
  id.trusted_audiences = audiences;
  id.trusted_audience_count = 5;
  REFUSED(ejwt_verify_id_token(&good, &id, &id_accepted));
  id.trusted_audiences = NULL;
  REFUSED(ejwt_verify_id_token(&good, &id, &id_accepted));
#undef USABLE

  /* Texts that are none do not leave out their check. */
  const ejwt_request with_id = request_of(id_token(), malloc(1024), 1024);
  const ejwt_str texts[] = { BROKEN, ENDLESS, NOT_UTF8 };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    for (int member = 0; member < 4; member++) {
      ejwt_id_policy wrong = { .client_id = EJWT_STR("urn:device:pump-7") };
      EQUAL(ejwt_verify_id_token(&with_id, &wrong, &id_accepted), 0);
      *(member == 0   ? &wrong.access_token
        : member == 1 ? &wrong.code
        : member == 2 ? &wrong.nonce
                      : &wrong.acr) = texts[i];
      EQUAL(ejwt_verify_id_token(&with_id, &wrong, &id_accepted), EJWT_E_ARGUMENT);
      CHECK(ZEROED(id_accepted));
    }
  }
  free(with_id.buffer);
  free(good.buffer);
  free(text);
}

/* A result in a union with an input, which zeroing the result would empty: nothing is written. */
static void overlapping_results(void) {
  static uint8_t buffer[1024];
  const ejwt_request good = request_of(es256(), buffer, sizeof buffer);
  static ejwt_revocation_list closed; /* refuses every token */
  static union {
    ejwt_access_checks checks;
    ejwt_access_policy policy;
    ejwt_id_policy id;
    ejwt_typed_policy typed;
    ejwt_request request;
    ejwt_dpop_request dpop;
    struct {
      uint64_t first;
      ejwt_access_token access;
    } behind;
    ejwt_access_token access;
    ejwt_id_token id_token;
    ejwt_typed_token typed_token;
    ejwt_dpop_proof proof;
  } both, before;
  ejwt_access_checks checks = { 0 };
#define UNCHANGED(call) \
  do { \
    before = both; \
    EQUAL(call, EJWT_E_ARGUMENT); \
    CHECK(!memcmp(&before, &both, sizeof both)); \
  } while (0)
  both.checks = (ejwt_access_checks){ .revocations = &closed };
  UNCHANGED(ejwt_verify_access_token_with(&good, &POLICY, &both.checks, &both.access));
  UNCHANGED(ejwt_verify_access_token_with(&good, &POLICY, &both.checks, &both.behind.access));
  UNCHANGED(ejwt_verify_untyped_with(&good, &POLICY, &both.checks, &both.access));
  both.policy = POLICY;
  UNCHANGED(ejwt_verify_access_token(&good, &both.policy, &both.access));
  UNCHANGED(ejwt_verify_access_token(&good, &both.policy, &both.behind.access));
  UNCHANGED(ejwt_verify_access_token_with(&good, &both.policy, &checks, &both.access));
  both.request = good;
  UNCHANGED(ejwt_verify_access_token(&both.request, &POLICY, &both.access));
  UNCHANGED(ejwt_verify_access_token_with(&both.request, &POLICY, &checks, &both.access));
  both.id = (ejwt_id_policy){ .client_id = EJWT_STR("urn:device:pump-7"), .revocations = &closed };
  UNCHANGED(ejwt_verify_id_token(&good, &both.id, &both.id_token));
  both.typed = (ejwt_typed_policy){ .media_type = EJWT_STR("at+jwt"), .audience = EJWT_STR("urn:device:pump-7") };
  UNCHANGED(ejwt_verify_typed_token(&good, &both.typed, &both.typed_token));
  both.dpop = (ejwt_dpop_request){ .proof = proof() };
  UNCHANGED(ejwt_verify_dpop(&both.dpop, &both.proof));
#undef UNCHANGED
}

/* A buffer that is written to, and lent for something else too. */
static void overlapping_buffers(void) {
  static union {
    uint8_t bytes[4096];
    ejwt_key_set set;
    ejwt_issuer issuer;
    ejwt_request request;
    ejwt_access_policy policy;
    ejwt_access_checks checks;
    ejwt_id_policy id;
    ejwt_typed_policy typed;
    ejwt_revocation_list list;
    ejwt_replay_window window;
    ejwt_dpop_proof proof;
    ejwt_dpop_nonces nonces;
    int64_t newest;
  } both;
  ejwt_request request = request_of(es256(), both.bytes, sizeof both.bytes);
  ejwt_access_token access;
  ejwt_id_token id_token;
  ejwt_typed_token typed_token;
  ejwt_access_checks checks = { 0 };
  ejwt_issuer issuer = TRUSTED_ISSUER;
#define OVERLAPS(prepare, call) \
  do { \
    memset(&both, 0, sizeof both); \
    prepare; \
    EQUAL(call, EJWT_E_ARGUMENT); \
  } while (0)
  /* Apart from everything it is accepted. */
  EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &checks, &access), 0);
  OVERLAPS(both.policy = POLICY, ejwt_verify_access_token(&request, &both.policy, &access));
  OVERLAPS(both.policy = POLICY, ejwt_verify_access_token_with(&request, &both.policy, &checks, &access));
  OVERLAPS(both.request = request, ejwt_verify_access_token(&both.request, &POLICY, &access));
  OVERLAPS(, ejwt_verify_access_token_with(&request, &POLICY, &both.checks, &access));
  checks = (ejwt_access_checks){ .revocations = &both.list };
  OVERLAPS(EQUAL(ejwt_revocations_start_empty(&both.list), 0),
           ejwt_verify_access_token_with(&request, &POLICY, &checks, &access));
  checks = (ejwt_access_checks){ .single_use = &both.window };
  OVERLAPS(EQUAL(ejwt_replay_start_empty(&both.window, 0), 0),
           ejwt_verify_access_token_with(&request, &POLICY, &checks, &access));
  request.issuers = &both.issuer;
  OVERLAPS(both.issuer = TRUSTED_ISSUER, ejwt_verify_access_token(&request, &POLICY, &access));
  request.issuers = &issuer;
  issuer.keys = NULL;
  issuer.key_count = 0;
  issuer.key_set = &both.set;
  OVERLAPS(, ejwt_verify_access_token(&request, &POLICY, &access));
  request.issuers = &TRUSTED_ISSUER;
  OVERLAPS(both.id.client_id = POLICY.audience, ejwt_verify_id_token(&request, &both.id, &id_token));
  ejwt_id_policy id = { .client_id = POLICY.audience, .revocations = &both.list };
  OVERLAPS(EQUAL(ejwt_revocations_start_empty(&both.list), 0), ejwt_verify_id_token(&request, &id, &id_token));
  const ejwt_typed_policy commands = { .media_type = EJWT_STR("at+jwt"), .audience = POLICY.audience };
  OVERLAPS(both.typed = commands, ejwt_verify_typed_token(&request, &both.typed, &typed_token));
  ejwt_typed_policy typed = commands;
  typed.single_use = &both.window;
  OVERLAPS(EQUAL(ejwt_replay_start_empty(&both.window, 0), 0), ejwt_verify_typed_token(&request, &typed, &typed_token));
  ejwt_key_set set = { { 0 } };
  OVERLAPS(both.newest = 1, ejwt_key_set_replace_from_signed(&set, &request, &both.newest));
  int64_t newest = 1;
  OVERLAPS(, ejwt_key_set_replace_from_signed(&both.set, &request, &newest));

  /* A proof, and the window of proofs. */
  static uint8_t proof_buffer[1024];
  ejwt_dpop_request dpop = dpop_request_of(proof_buffer, sizeof proof_buffer);
  ejwt_dpop_proof proven;
  static ejwt_replay_window used;
  EQUAL(ejwt_replay_start_empty(&used, 0), 0);
  request.token = bound();
  checks = (ejwt_access_checks){ .dpop_proof = &both.proof, .dpop_replay = &used };
  OVERLAPS(EQUAL(ejwt_verify_dpop(&dpop, &both.proof), 0),
           ejwt_verify_access_token_with(&request, &POLICY, &checks, &access));
  EQUAL(ejwt_verify_dpop(&dpop, &proven), 0);
  checks = (ejwt_access_checks){ .dpop_proof = &proven, .dpop_replay = &both.window };
  OVERLAPS(EQUAL(ejwt_replay_start_empty(&both.window, 0), 0),
           ejwt_verify_access_token_with(&request, &POLICY, &checks, &access));
  dpop.nonces = &both.nonces;
  dpop.buffer = both.bytes;
  OVERLAPS(EQUAL(ejwt_dpop_nonces_rotate(&both.nonces, (ejwt_str)EJWT_STR("n-1")), 0), ejwt_verify_dpop(&dpop, &proven));

  /* A key set in the memory of its text. */
  const ejwt_now now = FIXTURE_NOW;
  OVERLAPS(memcpy(both.bytes + 8, jwks().ptr, jwks().len), ejwt_key_set_replace(&both.set, both.bytes + 8, jwks().len));
  OVERLAPS(memcpy(both.bytes + 8, jwks().ptr, jwks().len),
           ejwt_key_set_rotate(&both.set, both.bytes + 8, jwks().len, now.seconds + 60, now));
#undef OVERLAPS
}

static void tokens_of_zeros(void) {
  const ejwt_access_token access = { 0 };
  const ejwt_id_token id = { 0 };
  const ejwt_token token = { 0 };
  const ejwt_str a = EJWT_STR("a");
  REFUSED(ejwt_has_scope(&access, a));
  REFUSED(ejwt_has_scope(NULL, a));
  REFUSED(ejwt_has_audience(&token, a));
  REFUSED(ejwt_has_audience(NULL, a));
  REFUSED(ejwt_claim_contains(&token, a, a));
  REFUSED(ejwt_claim_contains(NULL, a, a));
  GUARDED(size_t, len);
  uint8_t text[8];
  REFUSED(ejwt_claim_string(&token, a, 0, text, sizeof text, &len.value));
  CHECK(ZEROED(len.value) && UNTOUCHED(len));
  REFUSED(ejwt_claim_string(NULL, a, 0, text, sizeof text, &len.value));
  REFUSED(ejwt_claim_string(&token, a, 0, text, sizeof text, NULL));
  GUARDED(ejwt_str, acr);
  REFUSED(ejwt_id_token_acr(&id, &acr.value));
  CHECK(ZEROED(acr.value) && UNTOUCHED(acr));
  REFUSED(ejwt_id_token_acr(NULL, &acr.value));
  REFUSED(ejwt_id_token_acr(&id, NULL));
  uint8_t thumbprint[32];
  REFUSED(ejwt_confirmation_key(&token, &thumbprint));
  REFUSED(ejwt_confirmation_key(NULL, &thumbprint));
  REFUSED(ejwt_confirmation_key(&token, NULL));

  /* An accepted token, and arguments that are none. */
  uint8_t buffer[1024];
  ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  ejwt_access_token accepted;
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &accepted), 0);
  const ejwt_str wrong[] = { BROKEN, ENDLESS, NOT_UTF8 };
  for (size_t i = 0; i < 3; i++) {
    REFUSED(ejwt_has_scope(&accepted, wrong[i]));
    REFUSED(ejwt_has_audience(&accepted.token, wrong[i]));
    REFUSED(ejwt_claim_contains(&accepted.token, wrong[i], a));
    REFUSED(ejwt_claim_contains(&accepted.token, (ejwt_str)EJWT_STR("sub"), wrong[i]));
    REFUSED(ejwt_claim_string(&accepted.token, wrong[i], 0, text, sizeof text, &len.value));
  }
  REFUSED(ejwt_claim_string(&accepted.token, (ejwt_str)EJWT_STR("sub"), 0, NULL, 8, &len.value));
  REFUSED(ejwt_claim_string(&accepted.token, (ejwt_str)EJWT_STR("sub"), 0, text, 0, &len.value));
  REFUSED(ejwt_claim_string(&accepted.token, (ejwt_str)EJWT_STR("sub"), SIZE_MAX, text, sizeof text, &len.value));
  REFUSED(ejwt_has_scope(&accepted, NONE));
  REFUSED(ejwt_has_audience(&accepted.token, NONE));
  size_t subject = accepted.token.subject.len;
  uint8_t *exact = malloc(subject);
  EQUAL(ejwt_claim_string(&accepted.token, (ejwt_str)EJWT_STR("sub"), 0, exact, subject, &len.value), 0);
  EQUAL(len.value, subject);
  REFUSED(ejwt_claim_string(&accepted.token, (ejwt_str)EJWT_STR("sub"), 0, exact, subject - 1, &len.value));
  CHECK(ZEROED(len.value) && UNTOUCHED(len));
  free(exact);

  GUARDED(size_t, needed);
  REFUSED(ejwt_buffer_len(NULL, 0, &needed.value));
  REFUSED(ejwt_buffer_len(NULL, 1, &needed.value));
  REFUSED(ejwt_buffer_len("a.b", 3, &needed.value));
  CHECK(ZEROED(needed.value) && UNTOUCHED(needed));
  REFUSED(ejwt_buffer_len("a.b.c", 5, NULL));
}

static void keys(void) {
  ejwt_key_set set = { { 0 } };
  ejwt_key_set garbage;
  memset(&garbage, 0xa5, sizeof garbage);
  uint8_t json[] = "{\"keys\":[]}";
  const ejwt_now now = FIXTURE_NOW;
  GUARDED(size_t, count);
  REFUSED(ejwt_key_set_replace(NULL, json, sizeof json - 1));
  REFUSED(ejwt_key_set_replace((ejwt_key_set *)((char *)&set + 1), json, sizeof json - 1));
  REFUSED(ejwt_key_set_replace(&garbage, json, sizeof json - 1));
  REFUSED(ejwt_key_set_replace(&set, NULL, 0));
  REFUSED(ejwt_key_set_replace(&set, NULL, 1));
  REFUSED(ejwt_key_set_replace(&set, json, SIZE_MAX));
  REFUSED(ejwt_key_set_replace(&set, json, sizeof json - 2));
  REFUSED(ejwt_key_set_rotate(NULL, json, sizeof json - 1, now.seconds + 1, now));
  REFUSED(ejwt_key_set_rotate(&set, NULL, 1, now.seconds + 1, now));
  REFUSED(ejwt_key_set_rotate(&set, json, 0, now.seconds + 1, now));
  REFUSED(ejwt_key_set_rotate(&set, json, sizeof json - 1, now.seconds + 1, (ejwt_now){ 0, 0 }));
  REFUSED(ejwt_key_set_count(NULL, &count.value));
  REFUSED(ejwt_key_set_count(&garbage, &count.value));
  CHECK(ZEROED(count.value) && UNTOUCHED(count));
  REFUSED(ejwt_key_set_count(&set, NULL));
  REFUSED(ejwt_key_set_skipped(NULL, &count.value));
  REFUSED(ejwt_key_set_skipped(&garbage, &count.value));
  REFUSED(ejwt_key_set_skipped(&set, NULL));
  uint8_t buffer[1024];
  ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  int64_t newest = 5;
  REFUSED(ejwt_key_set_replace_from_signed(NULL, &request, &newest));
  REFUSED(ejwt_key_set_replace_from_signed(&set, NULL, &newest));
  REFUSED(ejwt_key_set_replace_from_signed(&set, &request, NULL));
  EQUAL(newest, 5);
  for (newest = -1; newest <= 0; newest++) {
    EQUAL(ejwt_key_set_replace_from_signed(&set, &request, &newest), EJWT_E_ARGUMENT);
  }

  /* Garbage that is no key set is used by no issuer. */
  ejwt_issuer issuer = TRUSTED_ISSUER;
  issuer.keys = NULL;
  issuer.key_count = 0;
  issuer.key_set = &garbage;
  request.issuers = &issuer;
  ejwt_access_token token;
  REFUSED(ejwt_verify_access_token(&request, &POLICY, &token));
  const ejwt_verifier zeros = { 0 };
  uint32_t is_strict;
  REFUSED(ejwt_self_test(&zeros, &is_strict));
  REFUSED(ejwt_self_test(NULL, NULL));
}

static void stores(void) {
  ejwt_revocation_list list = { { 0 } }, garbage_list;
  ejwt_replay_window window = { { 0 } }, garbage_window;
  memset(&garbage_list, 0xa5, sizeof garbage_list);
  memset(&garbage_window, 0xa5, sizeof garbage_window);
  const ejwt_now now = FIXTURE_NOW;
  const ejwt_revocation what = { .kind = EJWT_REVOKE_ALL, .issued_before = INT64_MAX };
  uint8_t snapshot[EJWT_REVOCATION_SNAPSHOT_LEN];
  GUARDED(size_t, len);
  GUARDED(uint64_t, generation);
  /* While they are closed. */
  REFUSED(ejwt_revoke(&list, &what, now.seconds + 1, now));
  REFUSED(ejwt_revocations_clear(&list));
  REFUSED(ejwt_revocations_snapshot(&list, snapshot, sizeof snapshot, &len.value));
  REFUSED(ejwt_revocations_generation(&list, &generation.value));
  REFUSED(ejwt_replay_snapshot(&window, snapshot, sizeof snapshot, &len.value));
  REFUSED(ejwt_replay_generation(&window, &generation.value));
  CHECK(ZEROED(len.value) && UNTOUCHED(len) && UNTOUCHED(generation));
  REFUSED(ejwt_replay_clear(&window));

  REFUSED(ejwt_revocations_start_empty(NULL));
  REFUSED(ejwt_revocations_start_empty(&garbage_list));
  REFUSED(ejwt_replay_start_empty(NULL, 0));
  REFUSED(ejwt_replay_start_empty(&garbage_window, 0));
  EQUAL(ejwt_revocations_start_empty(&list), 0);
  EQUAL(ejwt_replay_start_empty(&window, 0), 0);
  REFUSED(ejwt_revoke(NULL, &what, now.seconds + 1, now));
  REFUSED(ejwt_revoke(&list, NULL, now.seconds + 1, now));
  REFUSED(ejwt_revoke(&list, &what, now.seconds + 1, (ejwt_now){ 0, 0 }));
  const ejwt_revocation zeros = { 0 };
  REFUSED(ejwt_revoke(&list, &zeros, now.seconds + 1, now));
  const ejwt_revocation broken = { .kind = EJWT_REVOKE_ISSUER, .issuer = BROKEN };
  REFUSED(ejwt_revoke(&list, &broken, now.seconds + 1, now));
  REFUSED(ejwt_revocations_restore(NULL, snapshot, 8, 0, now));
  REFUSED(ejwt_revocations_restore(&list, NULL, 8, 0, now));
  REFUSED(ejwt_revocations_restore(&list, snapshot, 0, 0, now));
  REFUSED(ejwt_revocations_restore(&list, snapshot, 8, 0, (ejwt_now){ 0, 0 }));
  REFUSED(ejwt_revocations_snapshot(NULL, snapshot, sizeof snapshot, &len.value));
  REFUSED(ejwt_revocations_snapshot(&list, NULL, 8, &len.value));
  REFUSED(ejwt_revocations_snapshot(&list, snapshot, 0, &len.value));
  REFUSED(ejwt_revocations_snapshot(&list, snapshot, sizeof snapshot, NULL));
  REFUSED(ejwt_revocations_generation(NULL, &generation.value));
  REFUSED(ejwt_revocations_generation(&list, NULL));
  REFUSED(ejwt_revocations_clear(NULL));
  REFUSED(ejwt_replay_restore(NULL, snapshot, 8, 0, now));
  REFUSED(ejwt_replay_restore(&window, NULL, 8, 0, now));
  REFUSED(ejwt_replay_restore(&window, snapshot, 0, 0, now));
  REFUSED(ejwt_replay_restore(&window, snapshot, 8, 0, (ejwt_now){ 0, 0 }));
  REFUSED(ejwt_replay_snapshot(NULL, snapshot, sizeof snapshot, &len.value));
  REFUSED(ejwt_replay_snapshot(&window, NULL, 8, &len.value));
  REFUSED(ejwt_replay_snapshot(&window, snapshot, 0, &len.value));
  REFUSED(ejwt_replay_snapshot(&window, snapshot, sizeof snapshot, NULL));
  REFUSED(ejwt_replay_generation(NULL, &generation.value));
  REFUSED(ejwt_replay_generation(&window, NULL));
  REFUSED(ejwt_replay_clear(NULL));

  ejwt_time_floor floor = { 0 };
  const ejwt_token token = { 0 };
  GUARDED(ejwt_now, time);
  REFUSED(ejwt_time_floor_start(NULL));
  REFUSED(ejwt_time_floor_now(NULL, 0, 0, &time.value));
  REFUSED(ejwt_time_floor_now(&floor, 0, 0, &time.value));
  CHECK(ZEROED(time.value) && UNTOUCHED(time));
  REFUSED(ejwt_time_floor_now(&floor, 0, 0, NULL));
  REFUSED(ejwt_time_floor_learn(NULL, &token));
  REFUSED(ejwt_time_floor_learn(&floor, NULL));
  REFUSED(ejwt_time_floor_learn(&floor, &token));
  REFUSED(ejwt_time_floor_raise(NULL, 1));
  REFUSED(ejwt_time_floor_raise(&floor, 1));
  REFUSED(ejwt_time_floor_correct(NULL, 1));
  REFUSED(ejwt_time_floor_correct(&floor, 1));
  const ejwt_str sources[5] = { EJWT_STR("a"), EJWT_STR("b"), EJWT_STR("c"), EJWT_STR("d"), EJWT_STR("e") };
  floor.sources = sources;
  floor.source_count = 5;
  EQUAL(ejwt_time_floor_start(&floor), EJWT_E_ARGUMENT);
  CHECK(ZEROED(floor.bytes));
}

static void dpop_and_http(void) {
  uint8_t *buffer = malloc(1024);
  const ejwt_dpop_request good = dpop_request_of(buffer, 1024);
  GUARDED(ejwt_dpop_proof, out);
  EQUAL(ejwt_verify_dpop(&good, &out.value), 0);
  CHECK(UNTOUCHED(out));
  ejwt_dpop_nonces garbage;
  memset(&garbage, 0xa5, sizeof garbage);
  size_t needed;
  EQUAL(ejwt_buffer_len(proof().ptr, proof().len, &needed), 0);
  for (int i = 0; i < 20; i++) {
    ejwt_dpop_request bad = good;
    if (i == 0) memset(&bad, 0, sizeof bad);
    if (i == 1) bad.proof = NONE;
    if (i == 2) bad.proof = BROKEN;
    if (i == 3) bad.proof = ENDLESS;
    if (i == 4) bad.method = NONE;
    if (i == 5) bad.method = NOT_UTF8;
    if (i == 6) bad.uri = NONE;
    if (i == 7) bad.uri = BROKEN;
    if (i == 8) bad.access_token = NONE;
    if (i == 9) bad.access_token = BROKEN;
    if (i == 10) bad.verifiers = NULL;
    if (i == 11) bad.verifier_count = 0;
    if (i == 12) bad.verifier_count = SIZE_MAX;
    if (i == 13) bad.now.kind = 0;
    if (i == 14) bad.buffer = NULL;
    if (i == 15) bad.buffer_len = 0;
    if (i == 16) bad.buffer_len = needed - 1;
    if (i == 17) bad.nonces = &garbage;
    if (i == 18) bad.max_age = (ejwt_limit)EJWT_LIMIT(0), bad.now.seconds += 61;
    if (i == 19) bad.buffer = (uint8_t *)&out.value, bad.buffer_len = sizeof out.value;
    memset(&out, 0xa5, sizeof out);
    REFUSED(ejwt_verify_dpop(&bad, &out.value));
    CHECK(ZEROED(out.value) && UNTOUCHED(out));
  }
  REFUSED(ejwt_verify_dpop(NULL, &out.value));
  REFUSED(ejwt_verify_dpop(&good, NULL));
  free(buffer);
  const ejwt_dpop_proof zeros = { { 0 } };
  uint8_t thumbprint[32];
  REFUSED(ejwt_dpop_proof_key(&zeros, &thumbprint));
  REFUSED(ejwt_dpop_proof_key(NULL, &thumbprint));
  REFUSED(ejwt_dpop_proof_key(&zeros, NULL));
  ejwt_dpop_nonces nonces = { { 0 } };
  REFUSED(ejwt_dpop_nonces_rotate(NULL, (ejwt_str)EJWT_STR("n")));
  REFUSED(ejwt_dpop_nonces_rotate(&garbage, (ejwt_str)EJWT_STR("n")));
  REFUSED(ejwt_dpop_nonces_rotate(&nonces, NONE));
  REFUSED(ejwt_dpop_nonces_rotate(&nonces, NOT_UTF8));
  REFUSED(ejwt_dpop_nonces_withdraw(NULL));
  REFUSED(ejwt_dpop_nonces_withdraw(&garbage));

  GUARDED(ejwt_credentials, credentials);
  REFUSED(ejwt_authorization(BROKEN, &credentials.value));
  REFUSED(ejwt_authorization(ENDLESS, &credentials.value));
  REFUSED(ejwt_authorization(NONE, &credentials.value));
  CHECK(ZEROED(credentials.value) && UNTOUCHED(credentials));
  REFUSED(ejwt_authorization(NONE, NULL));
  const ejwt_challenge challenge = { .realm = EJWT_STR("pump-7"), .scheme = EJWT_BEARER };
  uint8_t text[64];
  GUARDED(ejwt_refusal, refusal);
#define WRITES(write) \
  REFUSED(write(NULL, EJWT_E_EXPIRED, text, sizeof text, &refusal.value)); \
  REFUSED(write(&challenge, EJWT_E_EXPIRED, NULL, 64, &refusal.value)); \
  REFUSED(write(&challenge, EJWT_E_EXPIRED, text, 0, &refusal.value)); \
  REFUSED(write(&challenge, 0, text, sizeof text, &refusal.value)); \
  CHECK(ZEROED(refusal.value) && UNTOUCHED(refusal)); \
  REFUSED(write(&challenge, EJWT_E_EXPIRED, text, sizeof text, NULL))
  WRITES(ejwt_challenge_write);
  WRITES(ejwt_challenge_write_dpop);
}

/* Seconds that are not said to be a limit would silently be none. */
static void limits(void) {
  static uint8_t buffer[1024];
  const ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  const ejwt_request with_id = request_of(id_token(), buffer, sizeof buffer);
  const ejwt_limit wrong[] = { { 600, 0 }, { 1, 0 }, { 600, 2 }, { 0, 2 }, { 600, UINT32_MAX } };
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    ejwt_access_token token;
    for (int member = 0; member < 3; member++) {
      ejwt_access_policy policy = POLICY;
      ejwt_id_policy id = { .client_id = POLICY.audience };
      ejwt_typed_policy typed = { .media_type = EJWT_STR("at+jwt"), .audience = POLICY.audience };
      ejwt_times *const all[] = { &policy.times, &id.times, &typed.times };
      for (size_t t = 0; t < 3; t++)
        *(member == 0   ? &all[t]->max_lifetime
          : member == 1 ? &all[t]->max_token_age
                        : &all[t]->max_unproven_lifetime) = wrong[i];
      ejwt_id_token id_out;
      ejwt_typed_token typed_out;
      EQUAL(ejwt_verify_access_token(&request, &policy, &token), EJWT_E_ARGUMENT);
      EQUAL(ejwt_verify_id_token(&with_id, &id, &id_out), EJWT_E_ARGUMENT);
      EQUAL(ejwt_verify_typed_token(&request, &typed, &typed_out), EJWT_E_ARGUMENT);
    }
    const ejwt_access_checks checks = { .max_age = wrong[i] };
    EQUAL(ejwt_verify_access_token_with(&request, &POLICY, &checks, &token), EJWT_E_ARGUMENT);
    const ejwt_id_policy id = { .client_id = POLICY.audience, .max_age = wrong[i] };
    ejwt_id_token id_out;
    EQUAL(ejwt_verify_id_token(&with_id, &id, &id_out), EJWT_E_ARGUMENT);
    const ejwt_challenge challenge = { .realm = EJWT_STR("pump-7"), .scheme = EJWT_BEARER, .max_age = wrong[i] };
    ejwt_refusal refusal;
    EQUAL(ejwt_challenge_write(&challenge, EJWT_E_EXPIRED, buffer, sizeof buffer, &refusal), EJWT_E_ARGUMENT);
    uint8_t proof_buffer[1024];
    ejwt_dpop_request dpop = dpop_request_of(proof_buffer, sizeof proof_buffer);
    dpop.max_age = wrong[i];
    ejwt_dpop_proof proven;
    EQUAL(ejwt_verify_dpop(&dpop, &proven), EJWT_E_ARGUMENT);
  }
}

static void words(void) {
  for (int error = -0x3000; error < 16; error++) {
    CHECK(ejwt_strerror(error) && ejwt_strerror(error)[0] && ejwt_strdetail(error));
  }
  /* An error without its detail is still that error. */
  EQUAL(EJWT_WITHOUT_DETAIL(EJWT_E_ARGUMENT), EJWT_E_ARGUMENT);
  EQUAL(EJWT_DETAIL(EJWT_E_ARGUMENT), 0);
  EQUAL(EJWT_WITHOUT_DETAIL(EJWT_E_MISMATCH - EJWT_CLAIM_AUDIENCE), EJWT_E_MISMATCH);
  EQUAL(EJWT_DETAIL(EJWT_E_MISMATCH - EJWT_CLAIM_AUDIENCE), EJWT_CLAIM_AUDIENCE);
  EQUAL(EJWT_WITHOUT_DETAIL(0), 0);
}

void test_hostile(void) {
  verifying();
  verifying_for_client();
  verifying_id_tokens();
  overlapping_results();
  overlapping_buffers();
  tokens_of_zeros();
  keys();
  stores();
  dpop_and_http();
  limits();
  words();
}

/* Revocations, single use and the time. */
#include "test.h"

static uint8_t buffer[4096];
static ejwt_revocation_list list, restored_list;
static ejwt_replay_window window, restored_window;
static const ejwt_now NOW = FIXTURE_NOW;

static int with(const ejwt_access_checks *checks) {
  ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  ejwt_access_token token;
  int error = ejwt_verify_access_token_with(&request, &POLICY, checks, &token);
  CHECK(!error || ZEROED(token));
  return error;
}

static void revocations(void) {
  const ejwt_access_checks checks = { .revocations = &list };
  const ejwt_str issuer = EJWT_STR("https://idp.example.com");
  EQUAL(with(&checks), EJWT_E_NOT_OPENED);
  ejwt_revocation what = { .kind = EJWT_REVOKE_TOKEN, .issuer = issuer, .name = EJWT_STR("token-9") };
  EQUAL(ejwt_revoke(&list, &what, NOW.seconds + 600, NOW), EJWT_E_NOT_OPENED);
  EQUAL(ejwt_revocations_start_empty(&list), 0);
  EQUAL(with(&checks), 0);
  EQUAL(ejwt_revoke(&list, &what, NOW.seconds + 600, NOW), 0);
  EQUAL(with(&checks), 0);
  EQUAL(ejwt_revoke(&list, &what, NOW.seconds, NOW), EJWT_E_ENTRY_EXPIRED);
  what.name = (ejwt_str)EJWT_STR("token-1");
  EQUAL(ejwt_revoke(&list, &what, NOW.seconds + 600, NOW), 0);
  EQUAL(with(&checks), EJWT_E_REVOKED);

  uint8_t *snapshot = malloc(EJWT_REVOCATION_SNAPSHOT_LEN);
  size_t len;
  uint64_t generation;
  EQUAL(ejwt_revocations_snapshot(&list, snapshot, EJWT_REVOCATION_SNAPSHOT_LEN, &len), 0);
  EQUAL(ejwt_revocations_generation(&list, &generation), 0);
  EQUAL(ejwt_revocations_restore(&restored_list, snapshot, len - 1, 0, NOW), EJWT_E_MALFORMED - EJWT_PART_SNAPSHOT);
  EQUAL(ejwt_revocations_restore(&restored_list, snapshot, len, generation + 1, NOW), EJWT_E_ROLLED_BACK);
  EQUAL(ejwt_revocations_restore(&restored_list, snapshot, len, generation, NOW), 0);
  const ejwt_access_checks restored = { .revocations = &restored_list };
  EQUAL(with(&restored), EJWT_E_REVOKED);
  uint8_t *small = exactly(snapshot, len - 1);
  size_t none = 7;
  EQUAL(ejwt_revocations_snapshot(&list, small, len - 1, &none), EJWT_E_BUFFER_TOO_SMALL);
  EQUAL(none, 0);
  free(small);
  free(snapshot);

  /* Each kind revokes the token; each lacking member is an error. */
  const uint8_t digest[32] = { 1 };
  for (uint32_t kind = 0; kind <= EJWT_REVOKE_ALL + 1; kind++) {
    EQUAL(ejwt_revocations_clear(&list), 0);
    EQUAL(with(&checks), 0);
    ejwt_revocation lacking = { .kind = kind, .issued_before = INT64_MAX };
    int all = kind == EJWT_REVOKE_ALL;
    EQUAL(ejwt_revoke(&list, &lacking, NOW.seconds + 600, NOW), all ? 0 : EJWT_E_ARGUMENT);
    EQUAL(with(&checks), all ? EJWT_E_REVOKED : 0);
    const ejwt_str names[] = {
      [EJWT_REVOKE_TOKEN] = EJWT_STR("token-1"),
      [EJWT_REVOKE_SUBJECT] = EJWT_STR("user-4200"),
      [EJWT_REVOKE_CLIENT] = EJWT_STR("pump-app"),
      [EJWT_REVOKE_ALL + 1] = { NULL, 0 },
    };
    ejwt_revocation full = {
      .kind = kind, .issuer = issuer, .name = names[kind], .digest = digest, .key = &TRUSTED_KEYS[0], .issued_before = INT64_MAX,
    };
    /* A group of tokens that were issued before 1970 is none. */
    int single = kind == EJWT_REVOKE_TOKEN || kind == EJWT_REVOKE_SIGNING_INPUT;
    for (int64_t before = -1; before <= 0 && !single; before++) {
      ejwt_revocation of_nothing = full;
      of_nothing.issued_before = before;
      EQUAL(ejwt_revoke(&list, &of_nothing, NOW.seconds + 600, NOW), EJWT_E_ARGUMENT);
      EQUAL(with(&checks), all ? EJWT_E_REVOKED : 0);
    }
    if (single) full.issued_before = 0;
    int valid = kind >= 1 && kind <= EJWT_REVOKE_ALL;
    int other = kind == EJWT_REVOKE_SIGNING_INPUT || kind == EJWT_REVOKE_PROOF_KEY; /* the digest is of something else */
    EQUAL(ejwt_revoke(&list, &full, NOW.seconds + 600, NOW), valid ? 0 : EJWT_E_ARGUMENT);
    EQUAL(with(&checks), valid && !other ? EJWT_E_REVOKED : 0);
  }
}

static void single_use(void) {
  const ejwt_access_checks checks = { .single_use = &window };
  EQUAL(with(&checks), EJWT_E_NOT_OPENED);
  EQUAL(ejwt_replay_clear(&window), EJWT_E_NOT_OPENED);
  EQUAL(ejwt_replay_start_empty(&window, 5), 0);
  EQUAL(with(&checks), 0);
  EQUAL(with(&checks), EJWT_E_REPLAYED);
  uint8_t snapshot[EJWT_REPLAY_SNAPSHOT_LEN];
  size_t len;
  uint64_t generation;
  EQUAL(ejwt_replay_snapshot(&window, snapshot, sizeof snapshot, &len), 0);
  EQUAL(ejwt_replay_generation(&window, &generation), 0);
  EQUAL(generation, 6);
  EQUAL(ejwt_replay_restore(&restored_window, snapshot, len, generation, NOW), 0);
  const ejwt_access_checks restored = { .single_use = &restored_window };
  EQUAL(with(&restored), EJWT_E_REPLAYED);
  uint8_t *small = exactly(snapshot, len - 1);
  EQUAL(ejwt_replay_snapshot(&window, small, len - 1, &len), EJWT_E_BUFFER_TOO_SMALL);
  free(small);
  EQUAL(ejwt_replay_clear(&window), 0);
  EQUAL(with(&checks), 0);
}

static void times(void) {
  ejwt_request request = request_of(es256(), buffer, sizeof buffer);
  ejwt_access_token token;
  const ejwt_now unset[] = { { 0, 0 }, { NOW.seconds, 0 }, { 0, EJWT_NOW_CLOCK }, { 315532800, EJWT_NOW_CLOCK } };
  for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++) {
    request.now = unset[i];
    EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_CLOCK_NOT_SET);
  }
  request.now = (ejwt_now){ NOW.seconds, 3 };
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_ARGUMENT);

  const ejwt_str sources[] = { EJWT_STR("https://idp.example.com") };
  ejwt_time_floor floor = { .built_at = NOW.seconds - 3600, .sources = sources, .source_count = 1 };
  EQUAL(ejwt_time_floor_now(&floor, 0, 60, &request.now), EJWT_E_MALFORMED - EJWT_PART_SNAPSHOT);
  EQUAL(ejwt_time_floor_start(&floor), EJWT_E_MALFORMED - EJWT_PART_SNAPSHOT);
  EQUAL(ejwt_time_floor_start(&floor), 0);
  EQUAL(ejwt_time_floor_now(&floor, 0, 60, &request.now), 0);
  CHECK(request.now.kind == EJWT_NOW_AT_LEAST && request.now.seconds == floor.built_at);
  EQUAL(ejwt_verify_access_token(&request, &POLICY, &token), EJWT_E_TIME_UNKNOWN);
  ejwt_access_policy policy = POLICY;
  policy.times.max_unproven_lifetime = (ejwt_limit)EJWT_LIMIT(600);
  EQUAL(ejwt_verify_access_token(&request, &policy, &token), 0);
  EQUAL(token.token.freshness, EJWT_FRESH_UNPROVEN);
  EQUAL(ejwt_time_floor_learn(&floor, &token.token), 0);
  EQUAL(ejwt_time_floor_now(&floor, 0, 60, &request.now), 0);
  EQUAL(request.now.seconds, token.token.issued_at);
  EQUAL(ejwt_time_floor_now(&floor, NOW.seconds, 60, &request.now), 0);
  CHECK(request.now.kind == EJWT_NOW_CLOCK && request.now.seconds == NOW.seconds);
  EQUAL(ejwt_time_floor_raise(&floor, NOW.seconds + 7200), 0);
  EQUAL(ejwt_time_floor_now(&floor, NOW.seconds, 60, &request.now), 0);
  CHECK(request.now.kind == EJWT_NOW_AT_LEAST && request.now.seconds == NOW.seconds + 7200);
  EQUAL(ejwt_verify_access_token(&request, &policy, &token), EJWT_E_EXPIRED);
  EQUAL(ejwt_time_floor_correct(&floor, NOW.seconds), 0);
  EQUAL(ejwt_time_floor_now(&floor, NOW.seconds, 60, &request.now), 0);
  EQUAL(request.now.kind, EJWT_NOW_CLOCK);
}

void test_stores(void) {
  revocations();
  single_use();
  times();
}

/* Runs the tests of the C interface. Built with the address and the undefined-behaviour sanitizer by `c/check`. */
#include "test.h"

int checked, failed;

ejwt_request request_of(ejwt_str token, uint8_t *buffer, size_t buffer_len) {
  const ejwt_request request = {
    .token = token,
    .issuers = &TRUSTED_ISSUER,
    .issuer_count = 1,
    .now = FIXTURE_NOW,
    .buffer = buffer,
    .buffer_len = buffer_len,
  };
  return request;
}

ejwt_dpop_request dpop_request_of(uint8_t *buffer, size_t buffer_len) {
  const ejwt_dpop_request request = {
    .proof = proof(),
    .method = EJWT_STR("POST"),
    .uri = EJWT_STR("https://pump-7.local/speed"),
    .access_token = bound(),
    .verifiers = VERIFIERS,
    .verifier_count = 2,
    .leeway = EJWT_DEFAULT_LEEWAY,
    .now = FIXTURE_NOW,
    .buffer = buffer,
    .buffer_len = buffer_len,
  };
  return request;
}

static int accept(void *context, const uint8_t *key, size_t key_len, const uint8_t *message, size_t message_len,
                  const uint8_t *signature, size_t signature_len) {
  (void)context, (void)key, (void)message, (void)signature;
  return key_len == 64 && message_len > 0 && signature_len == 64 ? 0 : EJWT_E_INVALID_SIGNATURE;
}

static const ejwt_verifier ACCEPTING = { .algorithm = EJWT_ES256, .verify = accept };
static const ejwt_verifier *const ACCEPTING_VERIFIERS[] = { &ACCEPTING };

const ejwt_issuer ACCEPTING_ISSUER = {
  .name = EJWT_STR("https://idp.example.com"),
  .keys = TRUSTED_KEYS,
  .key_count = 2,
  .verifiers = ACCEPTING_VERIFIERS,
  .verifier_count = 1,
};

static size_t base64url(char *to, const uint8_t *from, size_t len) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  size_t written = 0;
  for (size_t i = 0; i < len; i += 3) {
    size_t have = len - i < 3 ? len - i : 3;
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; k++) bits = bits << 8 | (k < have ? from[i + k] : 0);
    for (size_t k = 0; k <= have; k++) to[written++] = digits[bits >> (18 - 6 * k) & 63];
  }
  return written;
}

ejwt_str forged(const char *header, const char *payload) {
  static char token[2048];
  uint8_t signature[64];
  memset(signature, 1, sizeof signature);
  if (strlen(header) + strlen(payload) > 1024) abort();
  size_t len = base64url(token, (const uint8_t *)header, strlen(header));
  token[len++] = '.';
  len += base64url(token + len, (const uint8_t *)payload, strlen(payload));
  token[len++] = '.';
  len += base64url(token + len, signature, sizeof signature);
  return (ejwt_str){ token, len };
}

int main(void) {
  test_policies();
  test_keys();
  test_stores();
  test_http();
  test_hostile();
  printf("%d checks, %d failed\n", checked, failed);
  return failed || !checked;
}

/* A test is a function; a check that fails is reported with its line, and the program ends with 1. */
#ifndef TEST_H
#define TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embedded_jwt.h"
#include "fixtures.h"
#include "trust.h"

extern int checked, failed;

#define CHECK(condition) \
  do { \
    checked++; \
    if (!(condition)) { \
      failed++; \
      printf("%s:%d: %s\n", __FILE__, __LINE__, #condition); \
    } \
  } while (0)

#define EQUAL(actual, expected) \
  do { \
    long actual_ = (long)(actual), expected_ = (long)(expected); \
    checked++; \
    if (actual_ != expected_) { \
      failed++; \
      printf("%s:%d: %s is %ld (%s%s), not %ld\n", __FILE__, __LINE__, #actual, actual_, ejwt_strerror((int)actual_), \
             ejwt_strdetail((int)actual_), expected_); \
    } \
  } while (0)

/* Whether a result is zeroed. */
#define ZEROED(value) is_zeroed(&(value), sizeof(value))

static inline int is_zeroed(const void *memory, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (((const unsigned char *)memory)[i]) return 0;
  return 1;
}

/* A copy on the heap of exactly this length, so that the address sanitizer sees each access beyond it. */
static inline void *exactly(const void *memory, size_t len) {
  void *copy = malloc(len ? len : 1);
  if (!copy) abort();
  if (len) memcpy(copy, memory, len);
  return copy;
}

static inline int same(ejwt_str text, const char *expected) {
  return text.len == strlen(expected) && (!text.len || !memcmp(text.ptr, expected, text.len));
}

/* A request with the trusted issuer, at the time of the fixtures. */
ejwt_request request_of(ejwt_str token, uint8_t *buffer, size_t buffer_len);

/* The proof of the fixtures, for their request with the bound token. */
ejwt_dpop_request dpop_request_of(uint8_t *buffer, size_t buffer_len);

/* A token of this header and payload, in memory of the test program until the next one. Its signature is 64 bytes that only
 * `ACCEPTING_ISSUER`, which accepts any, accepts. */
ejwt_str forged(const char *header, const char *payload);
extern const ejwt_issuer ACCEPTING_ISSUER;

#define ES256_HEADER(typ) "{\"alg\":\"ES256\",\"typ\":\"" typ "\",\"kid\":\"test-key\"}"
/* The claims of an ID token for the application `urn:device:pump-7`, and of an access token that Cognito would write. */
#define ID_CLAIMS \
  "\"iss\":\"https://idp.example.com\",\"sub\":\"user-4200\",\"aud\":\"urn:device:pump-7\",\"exp\":1768478640,\"iat\":1768478340"
#define CLIENT_CLAIMS \
  "\"iss\":\"https://idp.example.com\",\"sub\":\"user-4200\",\"client_id\":\"urn:device:pump-7\",\"exp\":1768478640," \
  "\"iat\":1768478340,\"token_use\":\"access\",\"scope\":\"pump:write\""

void test_policies(void);
void test_keys(void);
void test_stores(void);
void test_http(void);
void test_hostile(void);

#endif

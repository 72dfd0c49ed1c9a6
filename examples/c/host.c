/* Checks an access token on a host: check_token JWKS ISSUER AUDIENCE TOKEN [SECONDS]. Exit status: 0 accepted, 1 refused,
 * 2 wrong usage. SECONDS replaces the clock. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "embedded_jwt.h"

static const ejwt_verifier *const VERIFIERS[] = { &ejwt_es256, &ejwt_eddsa };

static void print(const char *name, ejwt_str text) {
  if (text.ptr) printf("%s %.*s\n", name, (int)text.len, text.ptr);
}

/* Memory without a heap: each has a fixed size. */
static uint8_t json[65536], buffer[4096];
static ejwt_key_set keys;

int main(int argc, char **argv) {
  if (argc != 5 && argc != 6) {
    fprintf(stderr, "usage: %s JWKS ISSUER AUDIENCE TOKEN [SECONDS]\n", argv[0]);
    return 2;
  }
  FILE *file = fopen(argv[1], "rb");
  if (!file) {
    perror(argv[1]);
    return 2;
  }
  size_t len = fread(json, 1, sizeof json, file);
  fclose(file);
  int error = ejwt_key_set_replace(&keys, json, len);
  if (error) {
    fprintf(stderr, "%s: %s%s\n", argv[1], ejwt_strerror(error), ejwt_strdetail(error));
    return 2;
  }

  const ejwt_issuer issuer = {
    .name = ejwt_str_of(argv[2]),
    .key_set = &keys,
    .verifiers = VERIFIERS,
    .verifier_count = 2,
  };
  const ejwt_access_policy policy = { .audience = ejwt_str_of(argv[3]), .times = { .leeway = EJWT_DEFAULT_LEEWAY } };
  const ejwt_request request = {
    .token = ejwt_str_of(argv[4]),
    .issuers = &issuer,
    .issuer_count = 1,
    .now = { argc == 6 ? strtoll(argv[5], NULL, 10) : (int64_t)time(NULL), EJWT_NOW_CLOCK },
    .buffer = buffer,
    .buffer_len = sizeof buffer,
  };
  ejwt_access_token token;
  error = ejwt_verify_access_token(&request, &policy, &token);
  if (error) {
    printf("refused: %s%s\n", ejwt_strerror(error), ejwt_strdetail(error));
    return 1;
  }
  printf("accepted\n");
  print("subject", token.token.subject);
  print("client ", token.token.client_id);
  printf("expires %lld\n", (long long)token.token.expires_at);
  return 0;
}

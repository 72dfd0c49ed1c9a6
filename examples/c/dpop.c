/* A resource that demands DPoP proofs: dpop PROOF TOKEN SECONDS [NONCE]. It answers the same request twice. */
#include <stdio.h>
#include <stdlib.h>

#include "trust.h"

/* These live as long as the device runs. The window is opened once, at start-up. */
static ejwt_replay_window used_proofs;
static ejwt_dpop_nonces nonces;

/* Writes the answer to a refused request. */
static int refuse(int error, int by_proof) {
  const ejwt_challenge challenge = { .realm = EJWT_STR("pump-7"), .scheme = EJWT_DPOP };
  uint8_t text[256];
  ejwt_refusal answer;
  if (by_proof ? ejwt_challenge_write_dpop(&challenge, error, text, sizeof text, &answer)
               : ejwt_challenge_write(&challenge, error, text, sizeof text, &answer))
    return 500;
  printf("%u %s\n", (unsigned)answer.status, ejwt_strname(error));
  if (answer.len) printf("WWW-Authenticate: %.*s\n", (int)answer.len, (const char *)text);
  return (int)answer.status;
}

/* Answers one request. With nonces, an answer also has the header `DPoP-Nonce`, with the nonce that was rotated last. */
static int answer(ejwt_str proof_text, ejwt_str token_text, ejwt_now now, int with_nonces) {
  static uint8_t proof_buffer[1024], token_buffer[1024]; /* two: the proof points into its own */
  const ejwt_dpop_request sent = {
    .proof = proof_text,
    .method = EJWT_STR("POST"),
    .uri = EJWT_STR("https://pump-7.local/speed"),
    .access_token = token_text,
    .verifiers = VERIFIERS,
    .verifier_count = 2,
    .nonces = with_nonces ? &nonces : NULL,
    .leeway = EJWT_DEFAULT_LEEWAY,
    .now = now,
    .buffer = proof_buffer,
    .buffer_len = sizeof proof_buffer,
  };
  ejwt_dpop_proof proof;
  int error = ejwt_verify_dpop(&sent, &proof);
  if (error) return refuse(error, 1);

  const ejwt_request request = {
    .token = token_text,
    .issuers = &TRUSTED_ISSUER,
    .issuer_count = 1,
    .now = now,
    .buffer = token_buffer,
    .buffer_len = sizeof token_buffer,
  };
  const ejwt_access_checks checks = { .dpop_proof = &proof, .dpop_replay = &used_proofs };
  ejwt_access_token token;
  error = ejwt_verify_access_token_with(&request, &POLICY, &checks, &token);
  if (!error) error = ejwt_has_scope(&token, WRITE_SCOPE);
  if (error) return refuse(error, 0);
  printf("200\n");
  return 200;
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) return 2;
  /* After a restart each fresh proof can be used once more: `ejwt_replay_restore` with a snapshot avoids that. */
  if (ejwt_replay_start_empty(&used_proofs, 0)) return 2;
  /* A random text of at least 128 bits, and a new one every minute or so. */
  if (argc == 5 && ejwt_dpop_nonces_rotate(&nonces, ejwt_str_of(argv[4]))) return 2;
  const ejwt_now now = { strtoll(argv[3], NULL, 10), EJWT_NOW_CLOCK };
  const ejwt_str proof = ejwt_str_of(argv[1]), token = ejwt_str_of(argv[2]);
  int first = answer(proof, token, now, argc == 5);
  int again = answer(proof, token, now, argc == 5);
  return first != 200 || again != 401;
}

/* The issuer that the device trusts, and the device's policies: all of it in flash. */
#include "trust.h"

/* TEST KEYS, the public halves. */
const ejwt_key TRUSTED_KEYS[2] = {
  {
    .algorithm = EJWT_ES256,
    .kid = EJWT_STR("test-key"),
    .x = { 146, 58,  128, 194, 21,  111, 115, 108, 30,  161, 168, 121, 213, 56, 130, 148,
           125, 190, 223, 124, 67,  246, 113, 221, 112, 240, 87,  149, 177, 112, 25, 199 },
    .y = { 97,  42, 125, 152, 52, 241, 158, 48, 91,  183, 110, 255, 207, 148, 185, 128,
           69, 143, 8,   238, 147, 84, 25,  44, 123, 137, 93,  84,  231, 242, 214, 27 },
  },
  {
    .algorithm = EJWT_EDDSA,
    .kid = EJWT_STR("test-key"),
    .x = { 86,  151, 233, 125, 170, 92, 170, 229, 172, 191, 136, 145, 77, 158, 51, 110,
           238, 237, 87,  117, 113, 25, 122, 102, 13,  208, 42,  92,  167, 183, 134, 2 },
  },
};

/* The accepted algorithms. Only backends that are named here are linked. */
const ejwt_verifier *const VERIFIERS[2] = { &ejwt_es256, &ejwt_eddsa };

const ejwt_issuer TRUSTED_ISSUER = {
  .name = EJWT_STR("https://idp.example.com"),
  .keys = TRUSTED_KEYS,
  .key_count = 2,
  .verifiers = VERIFIERS,
  .verifier_count = 2,
};

const ejwt_access_policy POLICY = {
  .audience = EJWT_STR("urn:device:pump-7"),
  .times = { .leeway = EJWT_DEFAULT_LEEWAY },
};

const ejwt_str WRITE_SCOPE = EJWT_STR("pump:write");

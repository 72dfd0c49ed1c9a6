/* The tokens of the firmware in Rust. They are signed with TEST KEYS, whose private halves are published. */
#ifndef FIXTURES_H
#define FIXTURES_H

#include "embedded_jwt.h"

#define FIXTURE(name) \
  extern const char fixture_##name[], fixture_##name##_end[]; \
  static inline ejwt_str name(void) { \
    ejwt_str text = { fixture_##name, (size_t)(fixture_##name##_end - fixture_##name) }; \
    return text; \
  }

FIXTURE(es256)
FIXTURE(es256_long)
FIXTURE(eddsa)
FIXTURE(eddsa_long)
FIXTURE(expired)
FIXTURE(other_audience)
FIXTURE(read_only)
FIXTURE(id_token)
FIXTURE(bound)
FIXTURE(proof)
FIXTURE(jwks)

/* 2026-01-15T12:00:00Z, when these tokens are valid. */
#define FIXTURE_NOW { 1768478400, EJWT_NOW_CLOCK }

#endif

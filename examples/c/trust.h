#ifndef TRUST_H
#define TRUST_H

#include "embedded_jwt.h"

extern const ejwt_key TRUSTED_KEYS[2];
extern const ejwt_verifier *const VERIFIERS[2];
extern const ejwt_issuer TRUSTED_ISSUER;
extern const ejwt_access_policy POLICY;
extern const ejwt_str WRITE_SCOPE;

#endif

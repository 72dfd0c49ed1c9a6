/* Token cases through the C interface: a JSON line in, a JSON line out, in the same order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "embedded_jwt.h"
#include "json.h"

static const ejwt_verifier *const VERIFIERS[] = { &ejwt_es256, &ejwt_eddsa };
static uint8_t buffer[16 * 1024];

static ejwt_str text_of(struct json_member member) {
  if (member.kind != JSON_STRING) return (ejwt_str){ NULL, 0 };
  return (ejwt_str){ member.text, member.len };
}

/* Limits of the interface have 32 bits: more than a hundred years are as good as no end. */
static uint32_t seconds_of(struct json_member member) {
  if (member.integer < 0) return 0;
  return member.integer > UINT32_MAX ? UINT32_MAX : (uint32_t)member.integer;
}

static ejwt_limit limit_of(struct json_member member) {
  return (ejwt_limit){ seconds_of(member), member.kind == JSON_INTEGER };
}

/* What is wrong with a line that is no case. */
static const char *fault;

static int verify_dpop(const struct json_object *line, ejwt_now now) {
  static ejwt_dpop_nonces nonces;
  memset(&nonces, 0, sizeof nonces);
  struct json_member nonce = json_member(line, "nonce");
  if (nonce.kind == JSON_STRING && nonce.len) {
    int error = ejwt_dpop_nonces_rotate(&nonces, text_of(nonce));
    if (error) return error;
  }
  const ejwt_dpop_request request = {
    .proof = text_of(json_member(line, "token")),
    .method = text_of(json_member(line, "method")),
    .uri = text_of(json_member(line, "uri")),
    .access_token = text_of(json_member(line, "access_token")),
    .verifiers = VERIFIERS,
    .verifier_count = 2,
    .nonces = nonce.kind == JSON_STRING ? &nonces : NULL,
    .leeway = seconds_of(json_member(line, "leeway")),
    .now = now,
    .buffer = buffer,
    .buffer_len = sizeof buffer,
  };
  ejwt_dpop_proof proof;
  return ejwt_verify_dpop(&request, &proof);
}

/* An error of the key set is negative too, but not the token's fault: its part says so. */
static int verify(struct json_object *line) {
  const ejwt_now now = { json_member(line, "now").integer, EJWT_NOW_CLOCK };
  const ejwt_str profile = text_of(json_member(line, "profile"));
#define IS(name) (profile.len == strlen(name) && !memcmp(profile.ptr, name, profile.len))
  if (IS("dpop")) return verify_dpop(line, now);

  static ejwt_key_set keys;
  memset(&keys, 0, sizeof keys);
  struct json_member jwks = json_member(line, "jwks");
  if (jwks.kind != JSON_OTHER) {
    fault = "missing field `jwks`";
    return 0;
  }
  int error = ejwt_key_set_replace(&keys, (uint8_t *)jwks.text, jwks.len);
  if (error) return error;

  const ejwt_issuer issuer = {
    .name = text_of(json_member(line, "issuer")),
    .key_set = &keys,
    .verifiers = VERIFIERS,
    .verifier_count = 2,
  };
  const ejwt_request request = {
    .token = text_of(json_member(line, "token")),
    .issuers = &issuer,
    .issuer_count = 1,
    .now = now,
    .buffer = buffer,
    .buffer_len = sizeof buffer,
  };
  const ejwt_times times = {
    .leeway = seconds_of(json_member(line, "leeway")),
    .max_lifetime = limit_of(json_member(line, "max_lifetime")),
    .max_token_age = limit_of(json_member(line, "max_token_age")),
  };
  const ejwt_str audience = text_of(json_member(line, "audience"));
  const ejwt_limit max_age = limit_of(json_member(line, "max_age"));
  if (IS("id")) {
    const ejwt_id_policy policy = {
      .client_id = audience,
      .nonce = text_of(json_member(line, "nonce")),
      .access_token = text_of(json_member(line, "access_token")),
      .max_age = max_age,
      .times = times,
    };
    ejwt_id_token token;
    return ejwt_verify_id_token(&request, &policy, &token);
  }

  const ejwt_access_policy policy = {
    .audience = audience,
    .required_scope = text_of(json_member(line, "scope")),
    .times = times,
  };
  const ejwt_access_checks checks = { .scope_claim = text_of(json_member(line, "scope_claim")), .max_age = max_age };
  int further = checks.scope_claim.ptr || max_age.is_set;
  ejwt_access_token token;
#define VERIFY(name) \
  (further ? ejwt_verify_##name##_with(&request, &policy, &checks, &token) : ejwt_verify_##name(&request, &policy, &token))
  if (IS("access")) return VERIFY(access_token);
  if (IS("typed")) return VERIFY(at_jwt);
  if (IS("generic")) return VERIFY(untyped);
  fault = "unknown profile";
  return 0;
}

static const char *const CLAIMS[] = {
  "", "Issuer", "Subject", "Audience", "Expiration", "NotBefore", "IssuedAt", "JwtId", "ClientId", "Scope", "Other",
  "AuthorizedParty", "Nonce", "AuthenticationTime", "AuthenticationContext", "AuthenticationMethods", "AccessTokenHash",
  "CodeHash", "Confirmation", "HttpMethod", "HttpUri", "Challenge", "Status",
};
static const char *const PARTS[] = {
  "", "Token", "Header", "", "Signature", "Payload", "KeySet", "Key", "Authorization", "Snapshot", "StatusList",
};
enum { AUDIENCE = 3, ISSUER = 1, AUTHORIZED_PARTY = 11, NONCE = 12, TOKEN_HASH = 16, CODE_HASH = 17, KEY_SET = 6 };

static const struct {
  int error;
  const char *name, *class;
} ERRORS[] = {
  { EJWT_E_BUFFER_TOO_SMALL, "BufferTooSmall", "too-large" },
  { EJWT_E_TOO_MANY_ISSUERS, "TooManyIssuers", "malformed" },
  { EJWT_E_UNCONFIGURED, "Unconfigured", "bad-claims" },
  { EJWT_E_TOO_LARGE, "TooLarge", "too-large" },
  { EJWT_E_MALFORMED, "Malformed", "malformed" },
  { EJWT_E_DUPLICATE_NAME, "DuplicateName", "malformed" },
  { EJWT_E_TOO_DEEP, "TooDeep", "malformed" },
  { EJWT_E_TOO_MANY_MEMBERS, "TooManyMembers", "malformed" },
  { EJWT_E_CRITICAL_HEADER, "CriticalHeader", "malformed" },
  { EJWT_E_UNSUPPORTED_ALGORITHM, "UnsupportedAlgorithm", "unsupported-alg" },
  { EJWT_E_UNKNOWN_KEY, "UnknownKey", "unknown-key" },
  { EJWT_E_AMBIGUOUS_KEY, "AmbiguousKey", "unknown-key" },
  { EJWT_E_INVALID_KEY, "InvalidKey", "unknown-key" },
  { EJWT_E_INVALID_SIGNATURE, "InvalidSignature", "bad-signature" },
  { EJWT_E_BACKEND_UNAVAILABLE, "BackendUnavailable", "bad-signature" },
  { EJWT_E_WRONG_TYPE, "WrongType", "wrong-type" },
  { EJWT_E_MISSING, "Missing", "bad-claims" },
  { EJWT_E_INVALID, "Invalid", "bad-claims" },
  { EJWT_E_MISMATCH, "Mismatch", "bad-claims" },
  { EJWT_E_CLOCK_NOT_SET, "ClockNotSet", "not-yet-valid" },
  { EJWT_E_EXPIRED, "Expired", "expired" },
  { EJWT_E_NOT_YET_VALID, "NotYetValid", "not-yet-valid" },
  { EJWT_E_LIFETIME_TOO_LONG, "LifetimeTooLong", "too-old" },
  { EJWT_E_TOO_OLD, "TooOld", "too-old" },
  { EJWT_E_INSUFFICIENT_SCOPE, "InsufficientScope", "insufficient-scope" },
  { EJWT_E_TOO_MANY_KEYS, "TooManyKeys", "unknown-key" },
  { EJWT_E_AUTHENTICATION_TOO_OLD, "AuthenticationTooOld", "too-old" },
  { EJWT_E_SENDER_CONSTRAINED, "SenderConstrained", "bad-claims" },
  { EJWT_E_PROOF_TOO_OLD, "ProofTooOld", "too-old" },
};

static const char *class_of(int error, const char *class) {
  int kind = EJWT_WITHOUT_DETAIL(error), detail = EJWT_DETAIL(error);
  int is_absent_or_other = kind == EJWT_E_MISSING || kind == EJWT_E_MISMATCH;
  int is_claim = is_absent_or_other || kind == EJWT_E_INVALID || kind == EJWT_E_UNCONFIGURED;
  if (!is_claim) return kind <= EJWT_E_TOO_LARGE && kind >= EJWT_E_TOO_MANY_MEMBERS && detail == KEY_SET ? "unknown-key" : class;
  if (detail == ISSUER && (kind == EJWT_E_MISMATCH || kind == EJWT_E_UNCONFIGURED)) return "wrong-issuer";
  if (detail == AUDIENCE && (kind == EJWT_E_MISMATCH || kind == EJWT_E_UNCONFIGURED)) return "wrong-audience";
  if (detail == AUTHORIZED_PARTY && is_absent_or_other) return "wrong-audience";
  if (detail == NONCE && kind != EJWT_E_INVALID) return "nonce-mismatch";
  if ((detail == TOKEN_HASH || detail == CODE_HASH) && is_absent_or_other) return "hash-mismatch";
  return class;
}

static void write_id(struct json_member id) {
  if (id.kind == JSON_ABSENT) {
    fputs("null", stdout);
  } else if (id.kind != JSON_STRING) {
    printf("%.*s", (int)id.len, id.text);
  } else {
    putchar('"');
    for (size_t i = 0; i < id.len; i++) {
      unsigned char byte = (unsigned char)id.text[i];
      if (byte < 0x20 || byte == '"' || byte == '\\') printf("\\u%04x", byte);
      else putchar(byte);
    }
    putchar('"');
  }
}

static void answer(char *text, size_t len) {
  static struct json_object line;
  fault = json_parse(text, len, &line) ? "not a JSON object" : NULL;
  int error = fault ? 0 : verify(&line);
  fputs("{\"id\":", stdout);
  write_id(json_member(&line, "id"));
  if (fault) {
    printf(",\"verdict\":\"error\",\"error\":\"%s\",\"class\":null}\n", fault);
    return;
  }
  if (!error) {
    puts(",\"verdict\":\"accept\",\"error\":null,\"class\":null}");
    return;
  }
  int kind = EJWT_WITHOUT_DETAIL(error), detail = EJWT_DETAIL(error);
  for (size_t i = 0; i < sizeof ERRORS / sizeof ERRORS[0]; i++) {
    if (ERRORS[i].error != kind) continue;
    int is_part = kind <= EJWT_E_TOO_LARGE && kind >= EJWT_E_TOO_MANY_MEMBERS;
    const char *name = is_part ? PARTS[detail] : CLAIMS[detail];
    printf(",\"verdict\":\"reject\",\"error\":\"%s%s%s%s\",\"class\":\"%s\"}\n", ERRORS[i].name, *name ? "(" : "", name,
           *name ? ")" : "", class_of(error, ERRORS[i].class));
    return;
  }
  printf(",\"verdict\":\"error\",\"error\":\"%d: %s%s\",\"class\":null}\n", error, ejwt_strerror(error), ejwt_strdetail(error));
}

int batch_main(void) {
  char *text = NULL;
  size_t len = 0, size = 0;
  int byte;
  do {
    byte = getchar();
    if (byte == EOF || byte == 10) {
      if (len) answer(text, len);
      len = 0;
      continue;
    }
    if (len == size) {
      size = size ? 2 * size : 4096;
      text = realloc(text, size);
      if (!text) return 2;
    }
    text[len++] = (char)byte;
  } while (byte != EOF);
  free(text);
  return ferror(stdout) || fflush(stdout) ? 2 : 0;
}

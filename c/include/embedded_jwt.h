/* The C interface of embedded-jwt. Written by cbindgen from c/src: change it there. Every function takes pointer and
 * length, returns 0 or a negative error, and zeroes its result first. See c/README.md. */

#ifndef EMBEDDED_JWT_H
#define EMBEDDED_JWT_H

#include <stddef.h>
#include <stdint.h>
#if UINTPTR_MAX > 0xffffffffu
#define EJWT_POINTERS_64 1
#else
#define EJWT_POINTERS_32 1
#endif

#if defined(__GNUC__) || defined(__clang__)
#define EJWT_ALIGN(bytes) __attribute__((aligned(bytes)))
#define EJWT_MUST_USE __attribute__((warn_unused_result))
#define EJWT_NO_RETURN __attribute__((noreturn))
#else
#error "name here the attributes of your compiler for alignment, results that must be used and functions that do not return"
#endif

/* The version of the library: 10000 * major + 100 * minor + patch. */
#define EJWT_VERSION 100

/* Text from a string literal: also in a `static const` initializer. A pointer does not compile: see `ejwt_str_of`. */
#define EJWT_STR(literal) { ("" literal), sizeof("" literal) - 1 }
/* Seconds as an optional limit, in an initializer. */
#define EJWT_LIMIT(secs) { (secs), 1 }
/* The claim or the part that an error is about (`EJWT_CLAIM_...`, `EJWT_PART_...`, or 0), and the error without it, which
 * is one of the constants: `EJWT_E_MISSING` and the like. */
#define EJWT_DETAIL(error) (-(error) & 0xff)
#define EJWT_WITHOUT_DETAIL(error) (-(-(error) & ~0xff))


// The scheme `Bearer`.
#define EJWT_BEARER 1

// The scheme `DPoP`.
#define EJWT_DPOP 2

// The nonces that are accepted at a time: the current one and the one before.
#define EJWT_DPOP_NONCE_COUNT 2

// The size of the nonces, in words of 8 bytes.
#define EJWT_DPOP_NONCES_WORDS 5

#if defined(EJWT_POINTERS_64)
// The size of a proof, in words of 8 bytes.
#define EJWT_DPOP_PROOF_WORDS 17
#endif

#if defined(EJWT_POINTERS_32)
// The size of a proof, in words of 8 bytes.
#define EJWT_DPOP_PROOF_WORDS 15
#endif

// An argument is not valid: a null or misaligned pointer where something must be, text that is not UTF-8, a number that
// has no meaning, memory that is lent twice, or options that contradict each other. Only the firmware can cause it.
#define EJWT_E_ARGUMENT -65280

// The buffer is too small.
#define EJWT_E_BUFFER_TOO_SMALL -256

// More than `EJWT_MAX_ISSUERS` issuers.
#define EJWT_E_TOO_MANY_ISSUERS -512

// An expected value is not configured. The detail is a claim.
#define EJWT_E_UNCONFIGURED -768

// Too large. The detail is a part.
#define EJWT_E_TOO_LARGE -1024

// Malformed. The detail is a part.
#define EJWT_E_MALFORMED -1280

// A member name occurs twice. The detail is a part.
#define EJWT_E_DUPLICATE_NAME -1536

// Nested too deeply. The detail is a part.
#define EJWT_E_TOO_DEEP -1792

// Too many members. The detail is a part.
#define EJWT_E_TOO_MANY_MEMBERS -2048

// The header has a critical extension.
#define EJWT_E_CRITICAL_HEADER -2304

// The algorithm is not accepted.
#define EJWT_E_UNSUPPORTED_ALGORITHM -2560

// The issuer has no matching key. Fetching its key set again may help.
#define EJWT_E_UNKNOWN_KEY -2816

// More keys match than are tried.
#define EJWT_E_AMBIGUOUS_KEY -3072

// The key is not a valid public key.
#define EJWT_E_INVALID_KEY -3328

// The signature is invalid.
#define EJWT_E_INVALID_SIGNATURE -3584

// The verifier gave no answer.
#define EJWT_E_BACKEND_UNAVAILABLE -3840

// The token is of another kind.
#define EJWT_E_WRONG_TYPE -4096

// A claim is missing. The detail is the claim.
#define EJWT_E_MISSING -4352

// A claim has the wrong type or is out of range. The detail is the claim.
#define EJWT_E_INVALID -4608

// A claim does not have the expected value. The detail is the claim.
#define EJWT_E_MISMATCH -4864

// The clock is not set.
#define EJWT_E_CLOCK_NOT_SET -5120

// The token has expired.
#define EJWT_E_EXPIRED -5376

// The token is not yet valid.
#define EJWT_E_NOT_YET_VALID -5632

// The token's lifetime is longer than allowed.
#define EJWT_E_LIFETIME_TOO_LONG -5888

// The token was issued too long ago.
#define EJWT_E_TOO_OLD -6144

// A required scope is not granted.
#define EJWT_E_INSUFFICIENT_SCOPE -6400

// The claims do not fit the requested type. No function of this interface returns it.
#define EJWT_E_DESERIALIZE -6656

// There are more keys than slots.
#define EJWT_E_TOO_MANY_KEYS -6912

// The user logged in too long ago.
#define EJWT_E_AUTHENTICATION_TOO_OLD -7168

// The token is bound to a key, and possession is not proven.
#define EJWT_E_SENDER_CONSTRAINED -7424

// The token was used before.
#define EJWT_E_REPLAYED -7680

// Older than one accepted before.
#define EJWT_E_ROLLED_BACK -7936

// The request has no credentials.
#define EJWT_E_NO_CREDENTIALS -8192

// The token was revoked.
#define EJWT_E_REVOKED -8448

// The store is full.
#define EJWT_E_FULL -8704

// The time is not known, and the token may have expired.
#define EJWT_E_TIME_UNKNOWN -8960

// The verifier gives wrong answers to known signatures.
#define EJWT_E_BACKEND_BROKEN -9216

// The token's status is not known.
#define EJWT_E_STATUS_UNKNOWN -9472

// The entry would be over at once.
#define EJWT_E_ENTRY_EXPIRED -9728

// The store was neither restored nor started empty.
#define EJWT_E_NOT_OPENED -9984

// The client has used its share of the store.
#define EJWT_E_SHARE_FULL -10240

// The application refuses the request.
#define EJWT_E_DENIED -10496

// The proof was used before.
#define EJWT_E_PROOF_REPLAYED -10752

// The proof was made too long ago.
#define EJWT_E_PROOF_TOO_OLD -11008

// The answers of two equal checks differ. No function of this interface returns it.
#define EJWT_E_DISTURBED -11264

// Detail of an error: `iss`.
#define EJWT_CLAIM_ISSUER 1

// Detail of an error: `sub`.
#define EJWT_CLAIM_SUBJECT 2

// Detail of an error: `aud`.
#define EJWT_CLAIM_AUDIENCE 3

// Detail of an error: `exp`.
#define EJWT_CLAIM_EXPIRATION 4

// Detail of an error: `nbf`.
#define EJWT_CLAIM_NOT_BEFORE 5

// Detail of an error: `iat`.
#define EJWT_CLAIM_ISSUED_AT 6

// Detail of an error: `jti`.
#define EJWT_CLAIM_JWT_ID 7

// Detail of an error: `client_id`.
#define EJWT_CLAIM_CLIENT_ID 8

// Detail of an error: `scope`.
#define EJWT_CLAIM_SCOPE 9

// Detail of an error: a claim that the caller named.
#define EJWT_CLAIM_OTHER 10

// Detail of an error: `azp`.
#define EJWT_CLAIM_AUTHORIZED_PARTY 11

// Detail of an error: `nonce`.
#define EJWT_CLAIM_NONCE 12

// Detail of an error: `auth_time`.
#define EJWT_CLAIM_AUTHENTICATION_TIME 13

// Detail of an error: `acr`.
#define EJWT_CLAIM_AUTHENTICATION_CONTEXT 14

// Detail of an error: `amr`.
#define EJWT_CLAIM_AUTHENTICATION_METHODS 15

// Detail of an error: `at_hash`, or `ath` of a proof.
#define EJWT_CLAIM_ACCESS_TOKEN_HASH 16

// Detail of an error: `c_hash`.
#define EJWT_CLAIM_CODE_HASH 17

// Detail of an error: `cnf`.
#define EJWT_CLAIM_CONFIRMATION 18

// Detail of an error: `htm`.
#define EJWT_CLAIM_HTTP_METHOD 19

// Detail of an error: `htu`.
#define EJWT_CLAIM_HTTP_URI 20

// Detail of an error: `cnonce`.
#define EJWT_CLAIM_CHALLENGE 21

// Detail of an error: `status`, or `status_list` and `ttl` of a status list.
#define EJWT_CLAIM_STATUS 22

// Detail of an error: the compact text as a whole.
#define EJWT_PART_TOKEN 1

// Detail of an error: the header of the token.
#define EJWT_PART_HEADER 2

// Detail of an error: the signature.
#define EJWT_PART_SIGNATURE 4

// Detail of an error: the payload.
#define EJWT_PART_PAYLOAD 5

// Detail of an error: the JWK Set.
#define EJWT_PART_KEY_SET 6

// Detail of an error: a public key outside of a JWK Set.
#define EJWT_PART_KEY 7

// Detail of an error: the header `Authorization`.
#define EJWT_PART_AUTHORIZATION 8

// Detail of an error: the snapshot of a store, or the bytes of a time floor.
#define EJWT_PART_SNAPSHOT 9

// Detail of an error: the status list. No function of this interface names it.
#define EJWT_PART_STATUS_LIST 10

// The largest number of trusted audiences of a policy: an ID token has one audience as a rule.
#define EJWT_MAX_TRUSTED_AUDIENCES 4

// The largest number of issuers of a request.
#define EJWT_MAX_ISSUERS 4

// The largest number of keys in flash (`ejwt_issuer.keys`) of all issuers of a request. They are on the stack during
// the verification, some 170 bytes each. Keys in a key set are not.
#define EJWT_MAX_STATIC_KEYS 4

// The keys that a key set can hold, retired keys included.
#define EJWT_KEY_SET_CAPACITY 8

// The size of a key set, in words of 8 bytes.
#define EJWT_KEY_SET_WORDS 181

// The ids that a window can remember.
#define EJWT_REPLAY_CAPACITY 32

// The ids of one owner among them: the proof's key, or the client of the token.
#define EJWT_REPLAY_SHARE 8

// The length of a full window's snapshot.
#define EJWT_REPLAY_SNAPSHOT_LEN 1080

// The size of a window, in words of 8 bytes.
#define EJWT_REPLAY_WORDS 152

// The entries that a list can hold.
#define EJWT_REVOCATION_CAPACITY 32

// The length of a full list's snapshot.
#define EJWT_REVOCATION_SNAPSHOT_LEN 1080

// The size of a list, in words of 8 bytes.
#define EJWT_REVOCATION_WORDS 150

// `ejwt_revocation`: the token of `issuer` with the `jti` in `name`.
#define EJWT_REVOKE_TOKEN 1

// `ejwt_revocation`: the token whose signing input has the SHA-256 digest `digest`, for a token without `jti`.
#define EJWT_REVOKE_SIGNING_INPUT 2

// `ejwt_revocation`: the tokens of `issuer` for the subject in `name`.
#define EJWT_REVOKE_SUBJECT 3

// `ejwt_revocation`: the access tokens of `issuer` for the client in `name`.
#define EJWT_REVOKE_CLIENT 4

// `ejwt_revocation`: the tokens that `key` verifies.
#define EJWT_REVOKE_KEY 5

// `ejwt_revocation`: the tokens of `issuer`.
#define EJWT_REVOKE_ISSUER 6

// `ejwt_revocation`: the tokens that are bound to the key with the thumbprint `digest`.
#define EJWT_REVOKE_PROOF_KEY 7

// `ejwt_revocation`: all tokens.
#define EJWT_REVOKE_ALL 8

// `ejwt_now`: the clock is set.
#define EJWT_NOW_CLOCK 1

// `ejwt_now`: the clock is not set, but the time is this or later.
#define EJWT_NOW_AT_LEAST 2

// The default leeway, in seconds.
#define EJWT_DEFAULT_LEEWAY 60

// The length of the bytes of a time floor.
#define EJWT_TIME_FLOOR_LEN 56

// A time that a token does not state.
#define EJWT_NO_TIME INT64_MIN

// `ejwt_token.freshness`: the clock shows that the token has not expired.
#define EJWT_FRESH_BY_CLOCK 1

// `ejwt_token.freshness`: it answers a recent challenge. Act on it at once.
#define EJWT_FRESH_BY_CHALLENGE 2

// `ejwt_token.freshness`: nothing shows that it is fresh, and the policy accepts it all the same.
#define EJWT_FRESH_UNPROVEN 3

#if defined(EJWT_POINTERS_64)
// The size of the opaque part of a token, in words of 8 bytes.
#define EJWT_TOKEN_WORDS 26
#endif

#if defined(EJWT_POINTERS_32)
// The size of the opaque part of a token, in words of 8 bytes.
#define EJWT_TOKEN_WORDS 18
#endif

// ECDSA on P-256 with SHA-256.
#define EJWT_ES256 1

// Ed25519, under either of its names.
#define EJWT_EDDSA 2

// A verifier of this library, in Rust.
typedef struct ejwt_software ejwt_software;

// Text in the caller's memory: a pointer and a length in bytes, without a NUL at its end. A null pointer means that
// there is no text, where text is optional. It is read only during a call, but the strings of an accepted token point
// into the buffer of its request.
typedef struct {
  // The first byte, or null if there is none.
  const char *ptr;
  // The number of bytes.
  size_t len;
} ejwt_str;

// A public key as `static const` data.
typedef struct {
  // `EJWT_ES256` or `EJWT_EDDSA`, the only algorithm of the key. Zeroed, it is refused.
  uint32_t algorithm;
  // The key's id, of any length, or none.
  ejwt_str kid;
  // ES256: the big-endian x coordinate. EdDSA: the encoded point.
  uint8_t x[32];
  // ES256: the big-endian y coordinate. EdDSA: zeros.
  uint8_t y[32];
} ejwt_key;

// The keys of a JWK Set, in the caller's memory. Zeroed, it is empty, and verifies nothing.
typedef struct EJWT_ALIGN(8) {
  uint64_t opaque[EJWT_KEY_SET_WORDS];
} ejwt_key_set;

// What verifies the signatures of one algorithm: `ejwt_es256`, `ejwt_eddsa`, or your own for PSA Crypto or a secure
// element. Only what an issuer names is linked.
typedef struct {
  // `EJWT_ES256` or `EJWT_EDDSA`. Zeroed, it is refused.
  uint32_t algorithm;
  // Verifies a signature over a message that is not hashed yet. The key is `x` and `y`, 32 bytes each, for ES256, and
  // the encoded point of 32 bytes for EdDSA; the signature is `r` and `s`, or `R` and `S`, 32 bytes each. Numbers out of
  // range and points of small order were refused before.
  //
  // Returns 0 if the signature is valid, `EJWT_E_INVALID_SIGNATURE` or `EJWT_E_INVALID_KEY` if not, and anything else
  // if there is no answer (`EJWT_E_BACKEND_UNAVAILABLE`). It must not call this library with memory that the request uses.
  int (*verify)(void *context,
                const uint8_t *key,
                size_t key_len,
                const uint8_t *message,
                size_t message_len,
                const uint8_t *signature,
                size_t signature_len);
  // Handed to `verify`.
  void *context;
  // The software of this library. Null in a verifier of your own.
  const ejwt_software *software;
} ejwt_verifier;

// A trust anchor: the name of an issuer, its keys, and the algorithms that it may sign with. Zeroed, it refuses every
// token.
typedef struct {
  // What `iss` must be, byte for byte.
  ejwt_str name;
  // Keys in flash, or null.
  const ejwt_key *keys;
  // The number of keys in flash: 0 with a key set.
  size_t key_count;
  // A key set instead, or null. Verification writes it: retired keys whose overlap is over are dropped.
  ejwt_key_set *key_set;
  // The verifiers of its signatures: no other algorithm is accepted or linked.
  const ejwt_verifier *const *verifiers;
  // The number of verifiers.
  size_t verifier_count;
  // 1: tokens without a `kid` are refused, and keys without a `kid` are never tried.
  uint32_t requires_kid;
} ejwt_issuer;

// The current time, as far as the device knows it. Zeroed, it is the time of a clock that is not set, and everything is
// refused (`EJWT_E_CLOCK_NOT_SET`).
typedef struct {
  // Seconds since 1970-01-01T00:00:00Z.
  int64_t seconds;
  // `EJWT_NOW_CLOCK`, or `EJWT_NOW_AT_LEAST` for a time below which it cannot be: then a token is accepted only if its
  // policy has `max_unproven_lifetime`, or a challenge or a nonce shows that it is fresh.
  uint32_t kind;
} ejwt_now;

// A token that arrived, its possible issuers, the time, and memory for the decoded token. Zeroed, it is refused.
typedef struct {
  // The compact text, without the scheme (`Bearer `) and line ends.
  ejwt_str token;
  // The issuers that it may come from.
  const ejwt_issuer *issuers;
  // The number of issuers: 1 to `EJWT_MAX_ISSUERS`.
  size_t issuer_count;
  // The current time.
  ejwt_now now;
  // Memory for the decoded header and payload, apart from all that the call uses: three quarters of the token's length
  // are enough, as a rule 1 KiB. The strings of the accepted token are in it.
  uint8_t *buffer;
  // The length of the buffer.
  size_t buffer_len;
} ejwt_request;

// An optional limit in seconds. Zeroed, there is none.
typedef struct {
  // The limit.
  uint32_t seconds;
  // Whether there is a limit: 1, or 0 with 0 seconds. `EJWT_LIMIT(seconds)` is one.
  uint32_t is_set;
} ejwt_limit;

// The rules of time of a policy. Zeroed, the device's clock and the issuer's must agree to the second.
typedef struct {
  // How far the issuer's clock and the device's may differ, in seconds: `EJWT_DEFAULT_LEEWAY` as a rule. More than
  // 300 counts as 300.
  uint32_t leeway;
  // The longest time from `iat` to `exp`.
  ejwt_limit max_lifetime;
  // The longest time since `iat`, plus leeway.
  ejwt_limit max_token_age;
  // The longest lifetime of a token that is accepted although the time is not known.
  ejwt_limit max_unproven_lifetime;
} ejwt_times;

// The demands of a device on access tokens. Zeroed, it refuses every token (`EJWT_E_UNCONFIGURED`).
typedef struct {
  // The device's name as a recipient, which `aud` must contain. For `ejwt_verify_for_client`: the client id.
  ejwt_str audience;
  // The scopes that a token must grant, separated by spaces, or none.
  ejwt_str required_scope;
  // The rules of time.
  ejwt_times times;
} ejwt_access_policy;

// An accepted token of any kind. Its strings point into the buffer of its request. Zeroed, it is none, and every function
// refuses it.
typedef struct EJWT_ALIGN(8) {
  // The issuer (`iss`).
  ejwt_str issuer;
  // The user or client that the token is about (`sub`), or null. Unique only together with the issuer.
  ejwt_str subject;
  // The token's id (`jti`), or null. Unique only together with the issuer.
  ejwt_str jwt_id;
  // The client (`client_id`) of an access token, or null.
  ejwt_str client_id;
  // When it expires (`exp`), in seconds since 1970, without leeway.
  int64_t expires_at;
  // When it was issued (`iat`), or `EJWT_NO_TIME`.
  int64_t issued_at;
  // From when on it is valid (`nbf`), or `EJWT_NO_TIME`.
  int64_t not_before;
  // When the user logged in (`auth_time` of an ID token), or `EJWT_NO_TIME`.
  int64_t authenticated_at;
  // From when on every policy refuses it: the `until` of its revocation.
  int64_t refused_from;
  // How it was shown to be fresh: `EJWT_FRESH_BY_CLOCK` as a rule.
  uint32_t freshness;
  uint32_t mark;
  uint64_t opaque[EJWT_TOKEN_WORDS];
} ejwt_token;

// An accepted access token.
typedef struct {
  // Its claims.
  ejwt_token token;
} ejwt_access_token;

// The tokens that are revoked before they expire. Zeroed, it is closed, and refuses every token (`EJWT_E_NOT_OPENED`).
typedef struct EJWT_ALIGN(8) {
  uint64_t opaque[EJWT_REVOCATION_WORDS];
} ejwt_revocation_list;

// The ids of tokens and proofs that were used. Zeroed, it is closed, and refuses everything (`EJWT_E_NOT_OPENED`).
typedef struct EJWT_ALIGN(8) {
  uint64_t opaque[EJWT_REPLAY_WORDS];
} ejwt_replay_window;

// A proof that was verified for one access token. Zeroed, it is none.
typedef struct EJWT_ALIGN(8) {
  uint64_t opaque[EJWT_DPOP_PROOF_WORDS];
} ejwt_dpop_proof;

// The application's own check of a token that passes all others, before anything is consumed. Zeroed, there is none.
typedef struct {
  // Returns 0 if the token may be used; anything else refuses it (`EJWT_E_DENIED`), and nothing is consumed. The token
  // is valid during the call only, and its scopes and its client cannot be read yet.
  int (*check)(void *context, const ejwt_token *token);
  // Handed to `check`.
  void *context;
} ejwt_application;

// Further checks of access tokens. Zeroed, there are none, and a token that is bound to a key is refused.
typedef struct {
  // The claim that holds the scopes, if it is not `scope`: `scp` of Okta, Entra ID and Hydra.
  ejwt_str scope_claim;
  // Refuses tokens that this list revokes, or null.
  const ejwt_revocation_list *revocations;
  // Accepts each token once, or null. Verification writes it.
  ejwt_replay_window *single_use;
  // The proof that came with the token, or null. With a proof, `dpop_replay` is required.
  const ejwt_dpop_proof *dpop_proof;
  // Accepts each proof once. Verification writes it.
  ejwt_replay_window *dpop_replay;
  // The SHA-256 digest of the client's certificate in mutual TLS (32 bytes), or null. Not together with a proof.
  const uint8_t *certificate;
  // The value that the claim `cnonce` must have, or none.
  ejwt_str challenge;
  // The accepted values of `acr`, separated by spaces; or none, to accept any.
  ejwt_str acr;
  // The longest time since the user's login (`auth_time`).
  ejwt_limit max_age;
  // The application's own check.
  ejwt_application application;
} ejwt_access_checks;

// The content of a request's `Authorization` header.
typedef struct {
  // `EJWT_BEARER` or `EJWT_DPOP`.
  uint32_t scheme;
  // The token, in the header's memory. It is not verified.
  ejwt_str token;
} ejwt_credentials;

// The answer of a server that refuses a request. Zeroed, it is refused.
typedef struct {
  // The name of the protected resource, for people to read.
  ejwt_str realm;
  // `EJWT_BEARER`, or `EJWT_DPOP` if the resource demands proofs.
  uint32_t scheme;
  // The scope that a token must have, or none.
  ejwt_str scope;
  // The accepted authentication contexts, or none.
  ejwt_str acr_values;
  // The longest time since the user's login.
  ejwt_limit max_age;
} ejwt_challenge;

// The answer to a request that is refused.
typedef struct {
  // The status of the response.
  uint32_t status;
  // The length of the header's value; 0: no header.
  size_t len;
} ejwt_refusal;

// The nonces that the device has issued. Zeroed, there are none, and every proof that needs one is refused.
typedef struct EJWT_ALIGN(8) {
  uint64_t opaque[EJWT_DPOP_NONCES_WORDS];
} ejwt_dpop_nonces;

// A proof, and the request that it must belong to. Zeroed, it is refused.
typedef struct {
  // The value of the only header `DPoP`.
  ejwt_str proof;
  // The method of the request.
  ejwt_str method;
  // Its URI with scheme and authority, as the client knows it.
  ejwt_str uri;
  // The text of the access token that came with it.
  ejwt_str access_token;
  // What verifies proofs.
  const ejwt_verifier *const *verifiers;
  // The number of verifiers.
  size_t verifier_count;
  // The nonces of the device, or null. If there are any, the proof must have one of them. They must outlive the proof. Verification
  // writes them.
  ejwt_dpop_nonces *nonces;
  // How far the client's clock and the device's may differ, in seconds: `EJWT_DEFAULT_LEEWAY` as a rule. More than
  // 300 counts as 300.
  uint32_t leeway;
  // The longest time since the proof was made, plus leeway: 60 seconds if it is not set.
  ejwt_limit max_age;
  // The current time.
  ejwt_now now;
  // Memory for the decoded proof, apart from the token's buffer: three quarters of the proof's length. The proof
  // points into it.
  uint8_t *buffer;
  // The length of the buffer.
  size_t buffer_len;
} ejwt_dpop_request;

// What an application demands of ID tokens. Zeroed, it refuses every token (`EJWT_E_UNCONFIGURED`).
typedef struct {
  // The application's client id.
  ejwt_str client_id;
  // The nonce of the authentication request, or none. Without it, a stolen ID token can be presented as one's own.
  ejwt_str nonce;
  // The access token that came with the ID token, whose hash `at_hash` must be, or none.
  ejwt_str access_token;
  // The authorization code that came with the ID token, whose hash `c_hash` must be, or none.
  ejwt_str code;
  // The accepted values of `acr`, separated by spaces; or none, to accept any.
  ejwt_str acr;
  // The longest time since the user's login (`auth_time`).
  ejwt_limit max_age;
  // Other audiences that `aud` may contain, at most `EJWT_MAX_TRUSTED_AUDIENCES`, or null.
  const ejwt_str *trusted_audiences;
  // The number of these audiences.
  size_t trusted_audience_count;
  // The rules of time.
  ejwt_times times;
  // Refuses tokens that this list revokes, or null.
  const ejwt_revocation_list *revocations;
} ejwt_id_policy;

// An accepted ID token. It states who the user is, and gives no access.
typedef struct {
  // Its claims.
  ejwt_token token;
} ejwt_id_token;

// A revocation: one token, or a group of tokens. Zeroed, it is an error.
typedef struct {
  // `EJWT_REVOKE_TOKEN` or another of these. Each says which of the members it needs.
  uint32_t kind;
  // The issuer's name (`iss`).
  ejwt_str issuer;
  // The token's id, the subject or the client.
  ejwt_str name;
  // A digest of 32 bytes.
  const uint8_t *digest;
  // A key, whose `kid` is ignored.
  const ejwt_key *key;
  // For groups of tokens: those that have no `iat`, or one before this time. `INT64_MAX` means any time; 0 and less,
  // which a forgotten member is, are an error.
  int64_t issued_before;
} ejwt_revocation;

// The latest time that a device without a clock knows to have passed. It rises with the tokens that the device accepts.
// Store `bytes` where they survive a restart, and restore them by writing them back before `ejwt_time_floor_start`.
typedef struct {
  // When the firmware was built, in seconds since 1970: the time is never earlier.
  int64_t built_at;
  // The names of the issuers whose clocks are trusted: at most `EJWT_MAX_ISSUERS`.
  const ejwt_str *sources;
  // The number of names.
  size_t source_count;
  // The state that a restart must not lose.
  uint8_t bytes[EJWT_TIME_FLOOR_LEN];
} ejwt_time_floor;

// The demands of a device on tokens of a kind of its own. Zeroed, it refuses every token (`EJWT_E_UNCONFIGURED`).
typedef struct {
  // The media type, such as `cmd+jwt`.
  ejwt_str media_type;
  // The device's name as a recipient, which `aud` must contain.
  ejwt_str audience;
  // The rules of time.
  ejwt_times times;
  // Refuses tokens that this list revokes, or null.
  const ejwt_revocation_list *revocations;
  // Accepts each token once, or null. Verification writes it.
  ejwt_replay_window *single_use;
  // The application's own check.
  ejwt_application application;
} ejwt_typed_policy;

// An accepted token of a kind of your own.
typedef struct {
  // Its claims.
  ejwt_token token;
} ejwt_typed_token;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Verifies ES256 in software.
extern const ejwt_verifier ejwt_es256;

// Verifies EdDSA (Ed25519) in software.
extern const ejwt_verifier ejwt_eddsa;

// Verifies an access token with all rules of RFC 9068. Returns 0 if it is accepted.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_access_token(const ejwt_request *request,
                             const ejwt_access_policy *policy,
                             ejwt_access_token *out);

// Verifies an access token with all rules of RFC 9068 and with further checks. Returns 0 if it is accepted.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_access_token_with(const ejwt_request *request,
                                  const ejwt_access_policy *policy,
                                  const ejwt_access_checks *checks,
                                  ejwt_access_token *out);

// Verifies an access token that has the type of RFC 9068 (`at+jwt`), but may lack claims other than `iss`, `exp` and
// `aud`.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_at_jwt(const ejwt_request *request,
                       const ejwt_access_policy *policy,
                       ejwt_access_token *out);

// `ejwt_verify_at_jwt` with further checks.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_at_jwt_with(const ejwt_request *request,
                            const ejwt_access_policy *policy,
                            const ejwt_access_checks *checks,
                            ejwt_access_token *out);

// Verifies an access token of a server that does not give it a type. Prefer `ejwt_verify_at_jwt`: only marks in the
// payload then distinguish an access token from another kind. Require a scope.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_untyped(const ejwt_request *request,
                        const ejwt_access_policy *policy,
                        ejwt_access_token *out);

// `ejwt_verify_untyped` with further checks.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_untyped_with(const ejwt_request *request,
                             const ejwt_access_policy *policy,
                             const ejwt_access_checks *checks,
                             ejwt_access_token *out);

// Verifies an access token without an audience that was issued to one client (Cognito): `client_id` must be the
// policy's `audience`, and `token_use` must be `access`.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_for_client(const ejwt_request *request,
                           const ejwt_access_policy *policy,
                           ejwt_access_token *out);

// `ejwt_verify_for_client` with further checks.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_for_client_with(const ejwt_request *request,
                                const ejwt_access_policy *policy,
                                const ejwt_access_checks *checks,
                                ejwt_access_token *out);

// Reads the value of the header `Authorization`, without its line end.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE int ejwt_authorization(ejwt_str value, ejwt_credentials *out);

// Writes the value of the header `WWW-Authenticate` for an error of the access token, and the status of the response. For
// `EJWT_E_ARGUMENT`, which is a fault of the firmware, the status is 500 and there is no header.
//
// `EJWT_E_BUFFER_TOO_SMALL`: the value does not fit `size` bytes, or a string of the challenge has a character that no
// header may have.
//
// # Safety
//
// Pointers are null or point to what their types say, `text` to `size` bytes.
EJWT_MUST_USE
int ejwt_challenge_write(const ejwt_challenge *from,
                         int error,
                         uint8_t *text,
                         size_t size,
                         ejwt_refusal *out);

// Writes the value of the header `WWW-Authenticate` for an error of `ejwt_verify_dpop`, as `ejwt_challenge_write` does.
//
// # Safety
//
// As `ejwt_challenge_write`.
EJWT_MUST_USE
int ejwt_challenge_write_dpop(const ejwt_challenge *from,
                              int error,
                              uint8_t *text,
                              size_t size,
                              ejwt_refusal *out);

// Verifies a proof. Verify the access token itself with the proof in its `ejwt_access_checks`: only this consumes the
// proof, and checks that the token is bound to its key.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_dpop(const ejwt_dpop_request *request,
                     ejwt_dpop_proof *out);

// Accepts proofs with this nonce from now on, and with the one before. Put it into the header `DPoP-Nonce`: a new random
// text of at least 128 bits each time. An empty text issues nothing.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_dpop_nonces_rotate(ejwt_dpop_nonces *nonces,
                            ejwt_str nonce);

// Accepts proofs with none of the nonces any more.
//
// # Safety
//
// The pointer is null or points to nonces.
EJWT_MUST_USE int ejwt_dpop_nonces_withdraw(ejwt_dpop_nonces *nonces);

// The thumbprint of the key that signed a proof: 32 bytes.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE int ejwt_dpop_proof_key(const ejwt_dpop_proof *proof, uint8_t (*thumbprint)[32]);

// The phrase of an error, such as `the token has expired`. A phrase that ends in `: ` or ` in ` is continued by
// `ejwt_strdetail`. Never null; for 0 it is `accepted`.
EJWT_MUST_USE
const char *ejwt_strerror(int error);

// The claim or the part that an error is about, such as `audience (aud)`, or an empty string. Never null.
EJWT_MUST_USE
const char *ejwt_strdetail(int error);

// The name of an error without its detail, such as `EJWT_E_EXPIRED`, for logs. Never null; for 0 it is `0`.
EJWT_MUST_USE
const char *ejwt_strname(int error);

// Verifies an ID token by the steps of OpenID Connect Core 3.1.3.7. Returns 0 if it is accepted.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_id_token(const ejwt_request *request,
                         const ejwt_id_policy *policy,
                         ejwt_id_token *out);

// How the user logged in (`acr`): points into the buffer of the request. `EJWT_E_MISSING` if it is absent or no string.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_id_token_acr(const ejwt_id_token *token,
                      ejwt_str *acr);

// Replaces all keys by the keys of a JWK Set, or changes nothing if there is an error. The text is rewritten in place,
// and is not needed afterwards.
//
// Keys that cannot verify are skipped. More than `EJWT_KEY_SET_CAPACITY` usable keys are an error.
//
// # Safety
//
// Pointers are null or point to what their types say, `json` to `len` bytes apart from the set.
EJWT_MUST_USE
int ejwt_key_set_replace(ejwt_key_set *set,
                         uint8_t *json,
                         size_t len);

// Replaces the keys as `ejwt_key_set_replace` does, and keeps the removed keys until `until` (seconds since 1970), for
// tokens that they have signed.
//
// # Safety
//
// As `ejwt_key_set_replace`.
EJWT_MUST_USE
int ejwt_key_set_rotate(ejwt_key_set *set,
                        uint8_t *json,
                        size_t len,
                        int64_t until,
                        ejwt_now now);

// Replaces the keys by the keys of a signed key set, which is the token of the request. It is verified with the issuer's
// root key, which is in flash or in another set.
//
// `newest` is the `iat` of the last set that was accepted, or the time at which the firmware was built; it becomes the
// `iat` of this one. Store it where it survives a restart. It does not change if there is an error. 0 and less are an
// error: with them, an old set would be accepted again.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_key_set_replace_from_signed(ejwt_key_set *set,
                                     const ejwt_request *request,
                                     int64_t *newest);

// The number of keys of a set, without retired keys.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE int ejwt_key_set_count(const ejwt_key_set *set, size_t *keys);

// The number of entries of the last JWK Set that were skipped, since they cannot verify.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE int ejwt_key_set_skipped(const ejwt_key_set *set, size_t *skipped);

// The text of a C string, without its NUL; none for a null pointer. It is not copied.
//
// # Safety
//
// The pointer is null or points to a string with a NUL at its end.
EJWT_MUST_USE ejwt_str ejwt_str_of(const char *string);

// The hook that firmware supplies on bare metal: it resets the device, and does not return. It is called instead
// of a state that should be impossible.
extern void ejwt_panic(void) EJWT_NO_RETURN;

// Opens a window without ids, counting changes from `generation` on: after a restart, everything that is still fresh
// can be used once more. Does nothing if the window is open.
//
// # Safety
//
// The pointer is null or points to a window.
EJWT_MUST_USE
int ejwt_replay_start_empty(ejwt_replay_window *window,
                            uint64_t generation);

// Opens a window with the ids of a snapshot of at least this generation.
//
// # Safety
//
// Pointers are null or point to what their types say, `snapshot` to `len` bytes.
EJWT_MUST_USE
int ejwt_replay_restore(ejwt_replay_window *window,
                        const uint8_t *snapshot,
                        size_t len,
                        uint64_t least_generation,
                        ejwt_now now);

// Writes a snapshot, at most `EJWT_REPLAY_SNAPSHOT_LEN` bytes, and its length.
//
// # Safety
//
// Pointers are null or point to what their types say, `snapshot` to `size` bytes.
EJWT_MUST_USE
int ejwt_replay_snapshot(const ejwt_replay_window *window,
                         uint8_t *snapshot,
                         size_t size,
                         size_t *len);

// The number of changes so far, to be stored with a snapshot.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE int ejwt_replay_generation(const ejwt_replay_window *window, uint64_t *generation);

// Forgets everything: each id that is still fresh can be used once more.
//
// # Safety
//
// The pointer is null or points to a window.
EJWT_MUST_USE int ejwt_replay_clear(ejwt_replay_window *window);

// The length of the buffer that a token needs: less than three quarters of its own. If a string of an accepted token has
// an escape in JSON, its copy needs room too: twice this length is always enough.
//
// # Safety
//
// Pointers are null or point to what their types say, `token` to `len` bytes.
EJWT_MUST_USE
int ejwt_buffer_len(const char *token,
                    size_t len,
                    size_t *out);

// Revokes until `until`, in seconds since 1970: from when on every policy refuses the revoked tokens
// (`ejwt_token.refused_from`). An `until` that is not after `now` is an error.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_revoke(ejwt_revocation_list *list,
                const ejwt_revocation *revocation,
                int64_t until,
                ejwt_now now);

// Opens a list without entries: after a restart, revoked tokens are accepted again. Does nothing if the list is open.
//
// # Safety
//
// The pointer is null or points to a list.
EJWT_MUST_USE
int ejwt_revocations_start_empty(ejwt_revocation_list *list);

// Opens a list with the entries of a snapshot of at least this generation.
//
// # Safety
//
// Pointers are null or point to what their types say, `snapshot` to `len` bytes.
EJWT_MUST_USE
int ejwt_revocations_restore(ejwt_revocation_list *list,
                             const uint8_t *snapshot,
                             size_t len,
                             uint64_t least_generation,
                             ejwt_now now);

// Writes a snapshot, at most `EJWT_REVOCATION_SNAPSHOT_LEN` bytes, and its length.
//
// # Safety
//
// Pointers are null or point to what their types say, `snapshot` to `size` bytes.
EJWT_MUST_USE
int ejwt_revocations_snapshot(const ejwt_revocation_list *list,
                              uint8_t *snapshot,
                              size_t size,
                              size_t *len);

// The number of changes so far, to be stored with a snapshot.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_revocations_generation(const ejwt_revocation_list *list,
                                uint64_t *generation);

// Drops all entries: revoked tokens are accepted again.
//
// # Safety
//
// The pointer is null or points to a list.
EJWT_MUST_USE int ejwt_revocations_clear(ejwt_revocation_list *list);

// Starts a floor. If `bytes` hold a floor, it is kept; otherwise (zeroed, or torn by a power cut) the floor
// starts at `built_at`, and the function says so with `EJWT_E_MALFORMED` and the snapshot as detail. The floor can be
// used in both cases.
//
// # Safety
//
// The pointer is null or points to a floor whose pointers are valid.
EJWT_MUST_USE
int ejwt_time_floor_start(ejwt_time_floor *floor);

// The current time for requests: the clock if it is set and not behind the floor by more than `leeway` seconds,
// otherwise the floor. `clock` is 0 until the clock has been set since the start.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_time_floor_now(const ejwt_time_floor *floor,
                        int64_t clock,
                        uint32_t leeway,
                        ejwt_now *out);

// Raises the floor to the issue time of an accepted token from one of the sources, by one day at most. Call it only
// while the clock is not set, and store the bytes if they have changed.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_time_floor_learn(ejwt_time_floor *floor,
                          const ejwt_token *token);

// Raises the floor to the time of a clock. Does nothing if the floor is already higher.
//
// # Safety
//
// The pointer is null or points to a floor whose pointers are valid.
EJWT_MUST_USE int ejwt_time_floor_raise(ejwt_time_floor *floor, int64_t clock);

// Sets the floor to the time of a clock that was set from an authenticated source. This can lower it.
//
// # Safety
//
// The pointer is null or points to a floor whose pointers are valid.
EJWT_MUST_USE
int ejwt_time_floor_correct(ejwt_time_floor *floor,
                            int64_t clock);

// Whether an access token grants a scope: 0, or `EJWT_E_INSUFFICIENT_SCOPE`. An empty scope is never granted.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_has_scope(const ejwt_access_token *token,
                   ejwt_str scope);

// Whether the token is for this recipient too (`aud`): 0, or `EJWT_E_MISMATCH` with the audience as detail.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_has_audience(const ejwt_token *token,
                      ejwt_str audience);

// Whether a claim that is a string or an array of strings, such as `roles`, contains this string: 0, or
// `EJWT_E_MISMATCH`; `EJWT_E_MISSING` if there is no such claim, `EJWT_E_INVALID` if it is neither.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_claim_contains(const ejwt_token *token,
                        ejwt_str name,
                        ejwt_str string);

// Copies one string of a claim that is a string (`index` 0) or an array of strings. There is no NUL at its end.
//
// `EJWT_E_MISSING`: there is no such claim or string. `EJWT_E_INVALID`: the claim is neither. `EJWT_E_BUFFER_TOO_SMALL`:
// the string does not fit `size` bytes. `len` is 0 then.
//
// # Safety
//
// Pointers are null or point to what their types say, `text` to `size` bytes, apart from the token's buffer.
EJWT_MUST_USE
int ejwt_claim_string(const ejwt_token *token,
                      ejwt_str name,
                      size_t index,
                      uint8_t *text,
                      size_t size,
                      size_t *len);

// The thumbprint of the key that a token is bound to (`cnf` with `jkt`), if its policy has accepted it: 32 bytes.
// `EJWT_E_MISSING` with the confirmation as detail if there is none.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_confirmation_key(const ejwt_token *token,
                          uint8_t (*thumbprint)[32]);

// Verifies a token of a kind of your own. Returns 0 if it is accepted.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_verify_typed_token(const ejwt_request *request,
                            const ejwt_typed_policy *policy,
                            ejwt_typed_token *out);

// Tests a verifier with signatures whose verdict is known. Call it for each verifier once at start-up.
//
// `is_strict` may be null. It becomes 1 if the verifier itself refuses keys and signatures out of range, and 0 if it
// relies on this library, which refuses them before.
//
// Returns `EJWT_E_BACKEND_BROKEN` if the verifier accepts an invalid signature or refuses a valid one, and
// `EJWT_E_BACKEND_UNAVAILABLE` if it once gave no answer.
//
// # Safety
//
// Pointers are null or point to what their types say.
EJWT_MUST_USE
int ejwt_self_test(const ejwt_verifier *verifier,
                   uint32_t *is_strict);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* EMBEDDED_JWT_H */

//! Errors as negative numbers: minus the code of the crate's [`Error`](jwt::Error).

use core::ffi::{CStr, c_char, c_int};

use jwt::{Claim, Error, Misfit, Part};

/// An argument is not valid: a null or misaligned pointer where something must be, text that is not UTF-8, a number that
/// has no meaning, memory that is lent twice, or options that contradict each other. Only the firmware can cause it.
// Not below 0x100, so that it stays an error without its detail; beyond the codes of the crate.
pub const EJWT_E_ARGUMENT: c_int = -0xff00;

/// The buffer is too small.
pub const EJWT_E_BUFFER_TOO_SMALL: c_int = -0x0100;
/// More than `EJWT_MAX_ISSUERS` issuers.
pub const EJWT_E_TOO_MANY_ISSUERS: c_int = -0x0200;
/// An expected value is not configured. The detail is a claim.
pub const EJWT_E_UNCONFIGURED: c_int = -0x0300;
/// Too large. The detail is a part.
pub const EJWT_E_TOO_LARGE: c_int = -0x0400;
/// Malformed. The detail is a part.
pub const EJWT_E_MALFORMED: c_int = -0x0500;
/// A member name occurs twice. The detail is a part.
pub const EJWT_E_DUPLICATE_NAME: c_int = -0x0600;
/// Nested too deeply. The detail is a part.
pub const EJWT_E_TOO_DEEP: c_int = -0x0700;
/// Too many members. The detail is a part.
pub const EJWT_E_TOO_MANY_MEMBERS: c_int = -0x0800;
/// The header has a critical extension.
pub const EJWT_E_CRITICAL_HEADER: c_int = -0x0900;
/// The algorithm is not accepted.
pub const EJWT_E_UNSUPPORTED_ALGORITHM: c_int = -0x0a00;
/// The issuer has no matching key. Fetching its key set again may help.
pub const EJWT_E_UNKNOWN_KEY: c_int = -0x0b00;
/// More keys match than are tried.
pub const EJWT_E_AMBIGUOUS_KEY: c_int = -0x0c00;
/// The key is not a valid public key.
pub const EJWT_E_INVALID_KEY: c_int = -0x0d00;
/// The signature is invalid.
pub const EJWT_E_INVALID_SIGNATURE: c_int = -0x0e00;
/// The verifier gave no answer.
pub const EJWT_E_BACKEND_UNAVAILABLE: c_int = -0x0f00;
/// The token is of another kind.
pub const EJWT_E_WRONG_TYPE: c_int = -0x1000;
/// A claim is missing. The detail is the claim.
pub const EJWT_E_MISSING: c_int = -0x1100;
/// A claim has the wrong type or is out of range. The detail is the claim.
pub const EJWT_E_INVALID: c_int = -0x1200;
/// A claim does not have the expected value. The detail is the claim.
pub const EJWT_E_MISMATCH: c_int = -0x1300;
/// The clock is not set.
pub const EJWT_E_CLOCK_NOT_SET: c_int = -0x1400;
/// The token has expired.
pub const EJWT_E_EXPIRED: c_int = -0x1500;
/// The token is not yet valid.
pub const EJWT_E_NOT_YET_VALID: c_int = -0x1600;
/// The token's lifetime is longer than allowed.
pub const EJWT_E_LIFETIME_TOO_LONG: c_int = -0x1700;
/// The token was issued too long ago.
pub const EJWT_E_TOO_OLD: c_int = -0x1800;
/// A required scope is not granted.
pub const EJWT_E_INSUFFICIENT_SCOPE: c_int = -0x1900;
/// The claims do not fit the requested type. No function of this interface returns it.
pub const EJWT_E_DESERIALIZE: c_int = -0x1a00;
/// There are more keys than slots.
pub const EJWT_E_TOO_MANY_KEYS: c_int = -0x1b00;
/// The user logged in too long ago.
pub const EJWT_E_AUTHENTICATION_TOO_OLD: c_int = -0x1c00;
/// The token is bound to a key, and possession is not proven.
pub const EJWT_E_SENDER_CONSTRAINED: c_int = -0x1d00;
/// The token was used before.
pub const EJWT_E_REPLAYED: c_int = -0x1e00;
/// Older than one accepted before.
pub const EJWT_E_ROLLED_BACK: c_int = -0x1f00;
/// The request has no credentials.
pub const EJWT_E_NO_CREDENTIALS: c_int = -0x2000;
/// The token was revoked.
pub const EJWT_E_REVOKED: c_int = -0x2100;
/// The store is full.
pub const EJWT_E_FULL: c_int = -0x2200;
/// The time is not known, and the token may have expired.
pub const EJWT_E_TIME_UNKNOWN: c_int = -0x2300;
/// The verifier gives wrong answers to known signatures.
pub const EJWT_E_BACKEND_BROKEN: c_int = -0x2400;
/// The token's status is not known.
pub const EJWT_E_STATUS_UNKNOWN: c_int = -0x2500;
/// The entry would be over at once.
pub const EJWT_E_ENTRY_EXPIRED: c_int = -0x2600;
/// The store was neither restored nor started empty.
pub const EJWT_E_NOT_OPENED: c_int = -0x2700;
/// The client has used its share of the store.
pub const EJWT_E_SHARE_FULL: c_int = -0x2800;
/// The application refuses the request.
pub const EJWT_E_DENIED: c_int = -0x2900;
/// The proof was used before.
pub const EJWT_E_PROOF_REPLAYED: c_int = -0x2a00;
/// The proof was made too long ago.
pub const EJWT_E_PROOF_TOO_OLD: c_int = -0x2b00;
/// The answers of two equal checks differ. No function of this interface returns it.
pub const EJWT_E_DISTURBED: c_int = -0x2c00;

/// Detail of an error: `iss`.
pub const EJWT_CLAIM_ISSUER: u8 = 1;
/// Detail of an error: `sub`.
pub const EJWT_CLAIM_SUBJECT: u8 = 2;
/// Detail of an error: `aud`.
pub const EJWT_CLAIM_AUDIENCE: u8 = 3;
/// Detail of an error: `exp`.
pub const EJWT_CLAIM_EXPIRATION: u8 = 4;
/// Detail of an error: `nbf`.
pub const EJWT_CLAIM_NOT_BEFORE: u8 = 5;
/// Detail of an error: `iat`.
pub const EJWT_CLAIM_ISSUED_AT: u8 = 6;
/// Detail of an error: `jti`.
pub const EJWT_CLAIM_JWT_ID: u8 = 7;
/// Detail of an error: `client_id`.
pub const EJWT_CLAIM_CLIENT_ID: u8 = 8;
/// Detail of an error: `scope`.
pub const EJWT_CLAIM_SCOPE: u8 = 9;
/// Detail of an error: a claim that the caller named.
pub const EJWT_CLAIM_OTHER: u8 = 10;
/// Detail of an error: `azp`.
pub const EJWT_CLAIM_AUTHORIZED_PARTY: u8 = 11;
/// Detail of an error: `nonce`.
pub const EJWT_CLAIM_NONCE: u8 = 12;
/// Detail of an error: `auth_time`.
pub const EJWT_CLAIM_AUTHENTICATION_TIME: u8 = 13;
/// Detail of an error: `acr`.
pub const EJWT_CLAIM_AUTHENTICATION_CONTEXT: u8 = 14;
/// Detail of an error: `amr`.
pub const EJWT_CLAIM_AUTHENTICATION_METHODS: u8 = 15;
/// Detail of an error: `at_hash`, or `ath` of a proof.
pub const EJWT_CLAIM_ACCESS_TOKEN_HASH: u8 = 16;
/// Detail of an error: `c_hash`.
pub const EJWT_CLAIM_CODE_HASH: u8 = 17;
/// Detail of an error: `cnf`.
pub const EJWT_CLAIM_CONFIRMATION: u8 = 18;
/// Detail of an error: `htm`.
pub const EJWT_CLAIM_HTTP_METHOD: u8 = 19;
/// Detail of an error: `htu`.
pub const EJWT_CLAIM_HTTP_URI: u8 = 20;
/// Detail of an error: `cnonce`.
pub const EJWT_CLAIM_CHALLENGE: u8 = 21;
/// Detail of an error: `status`, or `status_list` and `ttl` of a status list.
pub const EJWT_CLAIM_STATUS: u8 = 22;
/// Detail of an error: the compact text as a whole.
pub const EJWT_PART_TOKEN: u8 = 1;
/// Detail of an error: the header of the token.
pub const EJWT_PART_HEADER: u8 = 2;
/// Detail of an error: the signature.
pub const EJWT_PART_SIGNATURE: u8 = 4;
/// Detail of an error: the payload.
pub const EJWT_PART_PAYLOAD: u8 = 5;
/// Detail of an error: the JWK Set.
pub const EJWT_PART_KEY_SET: u8 = 6;
/// Detail of an error: a public key outside of a JWK Set.
pub const EJWT_PART_KEY: u8 = 7;
/// Detail of an error: the header `Authorization`.
pub const EJWT_PART_AUTHORIZATION: u8 = 8;
/// Detail of an error: the snapshot of a store, or the bytes of a time floor.
pub const EJWT_PART_SNAPSHOT: u8 = 9;
/// Detail of an error: the status list. No function of this interface names it.
pub const EJWT_PART_STATUS_LIST: u8 = 10;

/// The kind of an error, and its detail: the claim or the part, or 0.
fn split(error: c_int) -> (u32, u8) {
    let [.., kind, detail] = error.unsigned_abs().to_be_bytes();
    let is_error = (-0xffff..0).contains(&error);
    (if is_error { u32::from(kind) } else { u32::MAX }, detail)
}

fn claim(detail: u8) -> Option<(Claim, &'static CStr)> {
    Some(match detail {
        EJWT_CLAIM_ISSUER => (Claim::Issuer, c"issuer (iss)"),
        EJWT_CLAIM_SUBJECT => (Claim::Subject, c"subject (sub)"),
        EJWT_CLAIM_AUDIENCE => (Claim::Audience, c"audience (aud)"),
        EJWT_CLAIM_EXPIRATION => (Claim::Expiration, c"expiration time (exp)"),
        EJWT_CLAIM_NOT_BEFORE => (Claim::NotBefore, c"not-before time (nbf)"),
        EJWT_CLAIM_ISSUED_AT => (Claim::IssuedAt, c"issue time (iat)"),
        EJWT_CLAIM_JWT_ID => (Claim::JwtId, c"token id (jti)"),
        EJWT_CLAIM_CLIENT_ID => (Claim::ClientId, c"client (client_id)"),
        EJWT_CLAIM_SCOPE => (Claim::Scope, c"scope"),
        EJWT_CLAIM_OTHER => (Claim::Other, c"the requested claim"),
        EJWT_CLAIM_AUTHORIZED_PARTY => (Claim::AuthorizedParty, c"authorized party (azp)"),
        EJWT_CLAIM_NONCE => (Claim::Nonce, c"nonce"),
        EJWT_CLAIM_AUTHENTICATION_TIME => (Claim::AuthenticationTime, c"authentication time (auth_time)"),
        EJWT_CLAIM_AUTHENTICATION_CONTEXT => (Claim::AuthenticationContext, c"authentication context (acr)"),
        EJWT_CLAIM_AUTHENTICATION_METHODS => (Claim::AuthenticationMethods, c"authentication methods (amr)"),
        EJWT_CLAIM_ACCESS_TOKEN_HASH => (Claim::AccessTokenHash, c"access token hash (at_hash, ath)"),
        EJWT_CLAIM_CODE_HASH => (Claim::CodeHash, c"code hash (c_hash)"),
        EJWT_CLAIM_CONFIRMATION => (Claim::Confirmation, c"confirmation (cnf)"),
        EJWT_CLAIM_HTTP_METHOD => (Claim::HttpMethod, c"HTTP method (htm)"),
        EJWT_CLAIM_HTTP_URI => (Claim::HttpUri, c"HTTP URI (htu)"),
        EJWT_CLAIM_CHALLENGE => (Claim::Challenge, c"challenge (cnonce)"),
        EJWT_CLAIM_STATUS => (Claim::Status, c"status (status, status_list, ttl)"),
        _ => return None,
    })
}

fn part(detail: u8) -> Option<(Part, &'static CStr)> {
    Some(match detail {
        EJWT_PART_TOKEN => (Part::Token, c"the token"),
        EJWT_PART_HEADER => (Part::Header, c"the header"),
        EJWT_PART_SIGNATURE => (Part::Signature, c"the signature"),
        EJWT_PART_PAYLOAD => (Part::Payload, c"the payload"),
        EJWT_PART_KEY_SET => (Part::KeySet, c"the key set"),
        EJWT_PART_KEY => (Part::Key, c"the key"),
        EJWT_PART_AUTHORIZATION => (Part::Authorization, c"the authorization header"),
        EJWT_PART_SNAPSHOT => (Part::Snapshot, c"the snapshot"),
        EJWT_PART_STATUS_LIST => (Part::StatusList, c"the status list"),
        _ => return None,
    })
}

fn misfit(detail: u8) -> Option<(Misfit, &'static CStr)> {
    Some(match detail {
        1 => (Misfit::Missing, c"a member is absent"),
        2 => (Misfit::WrongType, c"a value has another type or is out of range"),
        3 => (Misfit::NoRoom, c"a string or list has another length than there is room for"),
        4 => (Misfit::Escape, c"a borrowed string contains an escape"),
        5 => (Misfit::Refused, c"the type refuses a value"),
        6 => (Misfit::LooksAhead, c"the type has to look ahead"),
        _ => return None,
    })
}

/// The crate's error behind a number, or `None` for `EJWT_E_ARGUMENT` and for numbers that are no error.
pub(crate) fn to_error(error: c_int) -> Option<Error> {
    let (kind, detail) = split(error);
    let of_part = |make: fn(Part) -> Error| part(detail).map(|(part, _)| make(part));
    let of_claim = |make: fn(Claim) -> Error| claim(detail).map(|(claim, _)| make(claim));
    let found = match kind {
        0x01 => Error::BufferTooSmall,
        0x02 => Error::TooManyIssuers,
        0x03 => return of_claim(Error::Unconfigured),
        0x04 => return of_part(Error::TooLarge),
        0x05 => return of_part(Error::Malformed),
        0x06 => return of_part(Error::DuplicateName),
        0x07 => return of_part(Error::TooDeep),
        0x08 => return of_part(Error::TooManyMembers),
        0x09 => Error::CriticalHeader,
        0x0a => Error::UnsupportedAlgorithm,
        0x0b => Error::UnknownKey,
        0x0c => Error::AmbiguousKey,
        0x0d => Error::InvalidKey,
        0x0e => Error::InvalidSignature,
        0x0f => Error::BackendUnavailable,
        0x10 => Error::WrongType,
        0x11 => return of_claim(Error::Missing),
        0x12 => return of_claim(Error::Invalid),
        0x13 => return of_claim(Error::Mismatch),
        0x14 => Error::ClockNotSet,
        0x15 => Error::Expired,
        0x16 => Error::NotYetValid,
        0x17 => Error::LifetimeTooLong,
        0x18 => Error::TooOld,
        0x19 => Error::InsufficientScope,
        0x1a => return misfit(detail).map(|(misfit, _)| Error::Deserialize(misfit)),
        0x1b => Error::TooManyKeys,
        0x1c => Error::AuthenticationTooOld,
        0x1d => Error::SenderConstrained,
        0x1e => Error::Replayed,
        0x1f => Error::RolledBack,
        0x20 => Error::NoCredentials,
        0x21 => Error::Revoked,
        0x22 => Error::Full,
        0x23 => Error::TimeUnknown,
        0x24 => Error::BackendBroken,
        0x25 => Error::StatusUnknown,
        0x26 => Error::EntryExpired,
        0x27 => Error::NotOpened,
        0x28 => Error::ShareFull,
        0x29 => Error::Denied,
        0x2a => Error::ProofReplayed,
        0x2b => Error::ProofTooOld,
        0x2c => Error::Disturbed,
        _ => return None,
    };
    Some(found).filter(|_| detail == 0)
}

/// The phrase of an error, such as `the token has expired`. A phrase that ends in `: ` or ` in ` is continued by
/// `ejwt_strdetail`. Never null; for 0 it is `accepted`.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn ejwt_strerror(error: c_int) -> *const c_char {
    let phrase = match (error, split(error).0) {
        (0, _) => c"accepted",
        (EJWT_E_ARGUMENT, _) => c"an argument is not valid",
        (_, 0x01) => c"the buffer is too small",
        (_, 0x02) => c"too many issuers were given",
        (_, 0x03) => c"no expected value is configured: ",
        (_, 0x04) => c"too large: ",
        (_, 0x05) => c"malformed: ",
        (_, 0x06) => c"a member name occurs twice in ",
        (_, 0x07) => c"nested too deeply: ",
        (_, 0x08) => c"too many members in ",
        (_, 0x09) => c"the header has a critical extension, and none is supported",
        (_, 0x0a) => c"the algorithm is not accepted",
        (_, 0x0b) => c"the issuer has no matching key",
        (_, 0x0c) => c"more keys of the issuer match than are tried",
        (_, 0x0d) => c"the key is not a valid public key",
        (_, 0x0e) => c"the signature is invalid",
        (_, 0x0f) => c"the signature backend gave no answer",
        (_, 0x10) => c"the token has the wrong type",
        (_, 0x11) => c"missing: ",
        (_, 0x12) => c"wrong type or out of range: ",
        (_, 0x13) => c"not the expected value: ",
        (_, 0x14) => c"the clock is not set",
        (_, 0x15) => c"the token has expired",
        (_, 0x16) => c"the token is not yet valid",
        (_, 0x17) => c"the token's lifetime is longer than allowed",
        (_, 0x18) => c"the token was issued too long ago",
        (_, 0x19) => c"a required scope is not granted",
        (_, 0x1a) => c"the claims do not fit the requested type: ",
        (_, 0x1b) => c"the key set has more keys than slots",
        (_, 0x1c) => c"the user logged in too long ago",
        (_, 0x1d) => c"the token is bound to a key, and possession is not proven",
        (_, 0x1e) => c"the token was used before",
        (_, 0x1f) => c"the key set, the status list or the snapshot is older than one accepted before",
        (_, 0x20) => c"the request has no credentials",
        (_, 0x21) => c"the token was revoked",
        (_, 0x22) => c"the store is full",
        (_, 0x23) => c"the time is not known, and the token may have expired",
        (_, 0x24) => c"the signature backend gives wrong answers to known signatures",
        (_, 0x25) => c"the token's status is not known",
        (_, 0x26) => c"the entry would be over at once",
        (_, 0x27) => c"the store was neither restored nor started empty",
        (_, 0x28) => c"the client has used its share of the store",
        (_, 0x29) => c"the application refuses the request",
        (_, 0x2a) => c"the proof was used before",
        (_, 0x2b) => c"the proof was made too long ago",
        (_, 0x2c) => c"the check was disturbed: its two runs differ",
        _ => c"not an error of this library",
    };
    phrase.as_ptr()
}

/// The claim or the part that an error is about, such as `audience (aud)`, or an empty string. Never null.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn ejwt_strdetail(error: c_int) -> *const c_char {
    let (kind, detail) = split(error);
    let name = match kind {
        0x03 | 0x11..=0x13 => claim(detail).map(|(_, name)| name),
        0x04..=0x08 => part(detail).map(|(_, name)| name),
        0x1a => misfit(detail).map(|(_, name)| name),
        _ => None,
    };
    name.unwrap_or(c"").as_ptr()
}

macro_rules! name {
    ($error:expr, $($constant:ident),+ $(,)?) => {
        match $error {
            0 => "0\0",
            $($constant => concat!(stringify!($constant), "\0"),)+
            _ => "not an error of this library\0",
        }
    };
}

/// The name of an error without its detail, such as `EJWT_E_EXPIRED`, for logs. Never null; for 0 it is `0`.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn ejwt_strname(error: c_int) -> *const c_char {
    let (kind, detail) = split(error);
    let is_kind = (1..=0xff).contains(&kind);
    let without_detail = if is_kind { error.wrapping_add(detail.into()) } else { error };
    let name = name!(
        without_detail,
        EJWT_E_ARGUMENT,
        EJWT_E_BUFFER_TOO_SMALL,
        EJWT_E_TOO_MANY_ISSUERS,
        EJWT_E_UNCONFIGURED,
        EJWT_E_TOO_LARGE,
        EJWT_E_MALFORMED,
        EJWT_E_DUPLICATE_NAME,
        EJWT_E_TOO_DEEP,
        EJWT_E_TOO_MANY_MEMBERS,
        EJWT_E_CRITICAL_HEADER,
        EJWT_E_UNSUPPORTED_ALGORITHM,
        EJWT_E_UNKNOWN_KEY,
        EJWT_E_AMBIGUOUS_KEY,
        EJWT_E_INVALID_KEY,
        EJWT_E_INVALID_SIGNATURE,
        EJWT_E_BACKEND_UNAVAILABLE,
        EJWT_E_WRONG_TYPE,
        EJWT_E_MISSING,
        EJWT_E_INVALID,
        EJWT_E_MISMATCH,
        EJWT_E_CLOCK_NOT_SET,
        EJWT_E_EXPIRED,
        EJWT_E_NOT_YET_VALID,
        EJWT_E_LIFETIME_TOO_LONG,
        EJWT_E_TOO_OLD,
        EJWT_E_INSUFFICIENT_SCOPE,
        EJWT_E_DESERIALIZE,
        EJWT_E_TOO_MANY_KEYS,
        EJWT_E_AUTHENTICATION_TOO_OLD,
        EJWT_E_SENDER_CONSTRAINED,
        EJWT_E_REPLAYED,
        EJWT_E_ROLLED_BACK,
        EJWT_E_NO_CREDENTIALS,
        EJWT_E_REVOKED,
        EJWT_E_FULL,
        EJWT_E_TIME_UNKNOWN,
        EJWT_E_BACKEND_BROKEN,
        EJWT_E_STATUS_UNKNOWN,
        EJWT_E_ENTRY_EXPIRED,
        EJWT_E_NOT_OPENED,
        EJWT_E_SHARE_FULL,
        EJWT_E_DENIED,
        EJWT_E_PROOF_REPLAYED,
        EJWT_E_PROOF_TOO_OLD,
        EJWT_E_DISTURBED,
    );
    name.as_ptr().cast()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Failure;

    fn text(ptr: *const c_char) -> String {
        // SAFETY: both functions return a string with a NUL at its end, which is never freed.
        unsafe { CStr::from_ptr(ptr) }.to_str().map(str::to_owned).unwrap_or_default()
    }

    #[test]
    fn each_error_of_the_crate_has_its_number_and_its_words() {
        for error in testkit::errors::all() {
            let Failure(number) = error.into();
            assert_eq!(to_error(number), Some(error));
            assert_eq!(text(ejwt_strerror(number)) + &text(ejwt_strdetail(number)), error.to_string());
        }
    }

    #[test]
    fn each_error_has_the_name_of_its_constant() {
        for error in testkit::errors::all() {
            let name = text(ejwt_strname(Failure::from(error).0)).replace("EJWT_E_", "").replace('_', "");
            assert_eq!(name, testkit::errors::variant(error).to_uppercase());
        }
        assert_eq!(text(ejwt_strname(EJWT_E_ARGUMENT)), "EJWT_E_ARGUMENT");
        assert_eq!(text(ejwt_strname(0)), "0");
        for number in [1, -1, -0x2d00, -0x10000, c_int::MIN, c_int::MAX] {
            assert_eq!(text(ejwt_strname(number)), "not an error of this library");
        }
    }

    #[test]
    fn numbers_that_are_no_error_are_none() {
        for number in
            [0, 1, -1, -0xff, EJWT_E_ARGUMENT, -0x2d00, -0x1517, -0x1117, -0x0503, -0x10000, c_int::MIN, c_int::MAX]
        {
            assert_eq!(to_error(number), None, "{number}");
        }
        assert_eq!(text(ejwt_strerror(c_int::MIN)), "not an error of this library");
        assert_eq!(text(ejwt_strdetail(EJWT_E_ARGUMENT)), "");
    }

    /// `EJWT_WITHOUT_DETAIL` clears the last byte.
    #[test]
    fn no_error_is_0_without_its_detail() {
        let of_crate = testkit::errors::all().map(|error| Failure::from(error).0);
        for number in of_crate.chain([EJWT_E_ARGUMENT]) {
            assert!(number < 0 && number.unsigned_abs() & !0xff != 0, "{number}");
        }
    }

    /// The numbers are wire formats. `Error::code` has its own test.
    #[test]
    fn constants_are_those_of_the_crate() {
        let constants = [
            (EJWT_E_BUFFER_TOO_SMALL, Error::BufferTooSmall),
            (EJWT_E_TOO_MANY_ISSUERS, Error::TooManyIssuers),
            (EJWT_E_UNCONFIGURED - 3, Error::Unconfigured(Claim::Audience)),
            (EJWT_E_TOO_LARGE - 1, Error::TooLarge(Part::Token)),
            (EJWT_E_MALFORMED - 5, Error::Malformed(Part::Payload)),
            (EJWT_E_DUPLICATE_NAME - 2, Error::DuplicateName(Part::Header)),
            (EJWT_E_TOO_DEEP - 5, Error::TooDeep(Part::Payload)),
            (EJWT_E_TOO_MANY_MEMBERS - 5, Error::TooManyMembers(Part::Payload)),
            (EJWT_E_CRITICAL_HEADER, Error::CriticalHeader),
            (EJWT_E_UNSUPPORTED_ALGORITHM, Error::UnsupportedAlgorithm),
            (EJWT_E_UNKNOWN_KEY, Error::UnknownKey),
            (EJWT_E_AMBIGUOUS_KEY, Error::AmbiguousKey),
            (EJWT_E_INVALID_KEY, Error::InvalidKey),
            (EJWT_E_INVALID_SIGNATURE, Error::InvalidSignature),
            (EJWT_E_BACKEND_UNAVAILABLE, Error::BackendUnavailable),
            (EJWT_E_WRONG_TYPE, Error::WrongType),
            (EJWT_E_MISSING - 2, Error::Missing(Claim::Subject)),
            (EJWT_E_INVALID - 4, Error::Invalid(Claim::Expiration)),
            (EJWT_E_MISMATCH - 1, Error::Mismatch(Claim::Issuer)),
            (EJWT_E_CLOCK_NOT_SET, Error::ClockNotSet),
            (EJWT_E_EXPIRED, Error::Expired),
            (EJWT_E_NOT_YET_VALID, Error::NotYetValid),
            (EJWT_E_LIFETIME_TOO_LONG, Error::LifetimeTooLong),
            (EJWT_E_TOO_OLD, Error::TooOld),
            (EJWT_E_INSUFFICIENT_SCOPE, Error::InsufficientScope),
            (EJWT_E_DESERIALIZE - 1, Error::Deserialize(Misfit::Missing)),
            (EJWT_E_TOO_MANY_KEYS, Error::TooManyKeys),
            (EJWT_E_AUTHENTICATION_TOO_OLD, Error::AuthenticationTooOld),
            (EJWT_E_SENDER_CONSTRAINED, Error::SenderConstrained),
            (EJWT_E_REPLAYED, Error::Replayed),
            (EJWT_E_ROLLED_BACK, Error::RolledBack),
            (EJWT_E_NO_CREDENTIALS, Error::NoCredentials),
            (EJWT_E_REVOKED, Error::Revoked),
            (EJWT_E_FULL, Error::Full),
            (EJWT_E_TIME_UNKNOWN, Error::TimeUnknown),
            (EJWT_E_BACKEND_BROKEN, Error::BackendBroken),
            (EJWT_E_STATUS_UNKNOWN, Error::StatusUnknown),
            (EJWT_E_ENTRY_EXPIRED, Error::EntryExpired),
            (EJWT_E_NOT_OPENED, Error::NotOpened),
            (EJWT_E_SHARE_FULL, Error::ShareFull),
            (EJWT_E_DENIED, Error::Denied),
            (EJWT_E_PROOF_REPLAYED, Error::ProofReplayed),
            (EJWT_E_PROOF_TOO_OLD, Error::ProofTooOld),
            (EJWT_E_DISTURBED, Error::Disturbed),
        ];
        let variants: std::collections::BTreeSet<_> = testkit::errors::all().map(testkit::errors::variant).collect();
        assert_eq!(constants.len(), variants.len());
        for (constant, error) in constants {
            assert_eq!(Failure::from(error).0, constant, "{error:?}");
        }
    }
}

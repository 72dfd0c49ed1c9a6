//! Tokens in HTTP requests: the header `Authorization` that carries a token, and the header `WWW-Authenticate` of the
//! response that refuses it ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750),
//! [RFC 9449 section 7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1)).
//!
//! # Example: one request
//!
//! ```
//! use embedded_jwt::bearer::{self, Challenge, Scheme};
//! use embedded_jwt::{AccessTokenPolicy, Error, Issuer, Token, UnixTime};
//!
//! const POLICY: AccessTokenPolicy = AccessTokenPolicy::new("urn:device:pump-7").with_required_scope("pump:write");
//! const CHALLENGE: Challenge = Challenge::new("pump-7").with_scope("pump:write");
//!
//! /// The response's status, and its value of `WWW-Authenticate`, if any.
//! fn answer(authorization: Option<&[u8]>, issuer: &Issuer<'_>, now: UnixTime) -> (u16, heapless::String<128>) {
//!     let validate = || -> Result<(), Error> {
//!         let credentials = bearer::from_authorization(authorization.unwrap_or_default())?;
//!         let mut buf = [0; 1024];
//!         Token::parse(credentials.token())?.verify(issuer, &mut buf)?.into_access_token(&POLICY, now)?;
//!         Ok(())
//!     };
//!     let mut value = heapless::String::new();
//!     match validate() {
//!         Ok(()) => (204, value),
//!         Err(error) => match CHALLENGE.write(error, &mut value) {
//!             Ok(status) => (status, value),
//!             Err(core::fmt::Error) => (500, heapless::String::new()),
//!         },
//!     }
//! }
//! # let issuer = Issuer::new("https://idp.example.com", &[], &[]);
//! # let now = UnixTime::from_secs(1_768_478_400);
//! # assert_eq!(answer(None, &issuer, now).1, r#"Bearer realm="pump-7", scope="pump:write""#);
//! # assert_eq!(answer(Some(b"Bearer a b"), &issuer, now).0, 400);
//! # assert_eq!(answer(Some(b"bearer e30.e30.AA"), &issuer, now).0, 401);
//! ```

use core::fmt::{self, Write};
use core::time::Duration;

use crate::error::{Claim, Error, Part};

/// The scheme by which a request presents its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Scheme {
    /// The token alone: anyone with a copy can use it
    /// ([RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    Bearer,
    /// The token together with a proof in the header `DPoP`
    /// ([RFC 9449 section 7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1)).
    Dpop,
}

/// The content of a request's `Authorization` header: a scheme and a token, as received and not verified.
#[derive(Clone, Copy)]
pub struct Credentials<'t> {
    scheme: Scheme,
    token: &'t [u8],
}

/// Reads the value of the header `Authorization`, given without its line end. A request with two such headers is
/// malformed: the caller has to check for that.
///
/// # Errors
///
/// - [`Error::NoCredentials`]: the value is empty, or has another scheme.
/// - [`Error::Malformed`]: the scheme, in any case, is not followed by spaces and exactly one `token68`
///   ([RFC 9110 section 11.2](https://www.rfc-editor.org/rfc/rfc9110#section-11.2)).
pub fn from_authorization<T: AsRef<[u8]> + ?Sized>(value: &T) -> Result<Credentials<'_>, Error> {
    let value = value.as_ref();
    let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at_checked(end).ok_or(Error::NoCredentials)?;
    let scheme = match scheme {
        name if name.eq_ignore_ascii_case(b"Bearer") => Scheme::Bearer,
        name if name.eq_ignore_ascii_case(b"DPoP") => Scheme::Dpop,
        _ => return Err(Error::NoCredentials),
    };
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    let token = rest.get(spaces..).unwrap_or_default();
    if is_token68(token) { Ok(Credentials { scheme, token }) } else { Err(Error::Malformed(Part::Authorization)) }
}

fn is_token68(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let (text, _) = text.split_at_checked(text.len().saturating_sub(padding)).unwrap_or_default();
    !text.is_empty()
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'))
}

impl<'t> Credentials<'t> {
    /// The scheme by which the token was presented. For [`Scheme::Dpop`], validate the token by a policy
    /// [with the proof](crate::AccessTokenPolicy::with_dpop). For [`Scheme::Bearer`], use a policy without a proof,
    /// which refuses tokens that are bound to a key, or one
    /// [with the certificate](crate::AccessTokenPolicy::with_certificate) of mutual TLS.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The token, for [`Token::parse`](crate::Token::parse).
    pub fn token(&self) -> &'t [u8] {
        self.token
    }
}

/// Omits the token: anyone who reads it in a log could use it.
impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// A server's response to a request that it refuses: a status, and a value for the header `WWW-Authenticate`
/// ([RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)). It tells the client what to do next, and
/// nothing about how the token failed.
#[derive(Clone, Copy, Debug)]
pub struct Challenge<'a> {
    realm: &'a str,
    scheme: Scheme,
    scope: Option<&'a str>,
    acr_values: Option<&'a str>,
    max_age: Option<Duration>,
    algs: &'a str,
}

impl<'a> Challenge<'a> {
    /// A challenge for the scheme `Bearer`. The realm names the protected resource, for people to read.
    pub const fn new(realm: &'a str) -> Self {
        Self {
            realm,
            scheme: Scheme::Bearer,
            scope: None,
            acr_values: None,
            max_age: None,
            algs: "ES256 EdDSA Ed25519",
        }
    }

    /// A challenge for the scheme `DPoP`. It lists ES256 and EdDSA. If you accept proofs with RS256, name all three
    /// by [`with_algs`](Self::with_algs).
    pub const fn dpop(realm: &'a str) -> Self {
        Self { scheme: Scheme::Dpop, ..Self::new(realm) }
    }

    /// The scope that a token must have. Several values are separated by spaces.
    pub const fn with_scope(mut self, scope: &'a str) -> Self {
        self.scope = Some(scope);
        self
    }

    /// The accepted authentication contexts, as given to the policy's `with_acr`: a token needs one of them
    /// ([RFC 9470 section 3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
    pub const fn with_acr_values(mut self, acr_values: &'a str) -> Self {
        self.acr_values = Some(acr_values);
        self
    }

    /// The signature algorithms of accepted proofs, as given to [`verify_dpop`](crate::Token::verify_dpop): their JOSE
    /// names, separated by spaces.
    pub const fn with_algs(mut self, algs: &'a str) -> Self {
        self.algs = algs;
        self
    }

    /// The longest time since the user's login, as given to the policy's `with_max_age`
    /// ([RFC 9470 section 3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
    pub const fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }

    /// Answers an error of the access token: returns the status, and writes the header's value. For the status 503 it
    /// writes nothing: the device cannot decide, and the token may well be valid. A client cannot bring
    /// this status about by the length of its token or by how many keys fit it. For 429, and for 403 of the application,
    /// it writes nothing either.
    ///
    /// | error | status | `error` |
    /// |---|---|---|
    /// | [`NoCredentials`](Error::NoCredentials) | 401 | |
    /// | [`Malformed(Authorization)`](Error::Malformed) | 400 | `invalid_request` |
    /// | [`InsufficientScope`](Error::InsufficientScope) | 403 | `insufficient_scope` |
    /// | `acr` or `auth_time` is missing or does not suffice | 401 | `insufficient_user_authentication` |
    /// | [`Denied`](Error::Denied) | 403 | |
    /// | of the proof, by the scheme `DPoP`: [`ProofReplayed`](Error::ProofReplayed), [`ProofTooOld`](Error::ProofTooOld), or it was verified for another token | 401 | `invalid_dpop_proof` |
    /// | its nonce was withdrawn meanwhile, by the scheme `DPoP` | 401 | `use_dpop_nonce` |
    /// | [`ShareFull`](Error::ShareFull) | 429 ([RFC 6585 section 4](https://www.rfc-editor.org/rfc/rfc6585#section-4)) | |
    /// | the device cannot decide, because of its clock, backend, policy, issuers, issuer's key, status list or stores: [`ClockNotSet`](Error::ClockNotSet), [`TimeUnknown`](Error::TimeUnknown), [`Full`](Error::Full), [`NotOpened`](Error::NotOpened), [`EntryExpired`](Error::EntryExpired), [`StatusUnknown`](Error::StatusUnknown), [`BackendUnavailable`](Error::BackendUnavailable), [`BackendBroken`](Error::BackendBroken), [`Disturbed`](Error::Disturbed), [`Unconfigured`](Error::Unconfigured), [`TooManyIssuers`](Error::TooManyIssuers), [`InvalidKey`](Error::InvalidKey) | 503 | |
    /// | all others, with [`AmbiguousKey`](Error::AmbiguousKey), [`TooLarge`](Error::TooLarge) and [`BufferTooSmall`](Error::BufferTooSmall) (the token is too long for the device) | 401 | `invalid_token` |
    ///
    /// # Errors
    ///
    /// [`fmt::Error`] if `value` is full, or a configured string has a character that is not allowed in a header.
    /// Discard the partial value. It has at most 140 bytes, plus the realm, the scope and the authentication contexts, in which
    /// each `"` and `\` counts twice; by [`with_algs`](Self::with_algs) it may have more.
    pub fn write(&self, error: Error, value: &mut dyn Write) -> Result<u16, fmt::Error> {
        let (status, code) = match error {
            Error::NoCredentials => (401, None),
            Error::Malformed(Part::Authorization) => (400, Some("invalid_request")),
            Error::InsufficientScope => (403, Some("insufficient_scope")),
            Error::AuthenticationTooOld
            | Error::Missing(Claim::AuthenticationContext | Claim::AuthenticationTime)
            | Error::Mismatch(Claim::AuthenticationContext) => (401, Some("insufficient_user_authentication")),
            // Errors of the proof, although the token's policy finds them.
            Error::ProofReplayed | Error::ProofTooOld | Error::Mismatch(Claim::AccessTokenHash | Claim::Nonce) => {
                return self.write_dpop(error, value);
            }
            Error::Denied => return Ok(403),
            Error::ShareFull => return Ok(429),
            // Of a token, the key is the issuer's and was given to the device. Of a proof, it is the client's.
            Error::InvalidKey => return Ok(503),
            _ if is_undecided(error) => return Ok(503),
            _ => (401, Some("invalid_token")),
        };
        self.write_code(self.scheme, code, value)?;
        Ok(status)
    }

    /// Answers an error of the DPoP proof, always for the scheme `DPoP`, with the status 401 (or 503, like
    /// [`write`](Self::write)). The `error` is `use_dpop_nonce` if the proof's nonce was not the expected one, and
    /// `invalid_dpop_proof` otherwise. Put the nonce that the client should use into the header `DPoP-Nonce`.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_dpop(&self, error: Error, value: &mut dyn Write) -> Result<u16, fmt::Error> {
        let code = match error {
            Error::Missing(Claim::Nonce) | Error::Mismatch(Claim::Nonce) => "use_dpop_nonce",
            _ if is_undecided(error) => return Ok(503),
            _ => "invalid_dpop_proof",
        };
        self.write_code(Scheme::Dpop, Some(code), value)?;
        Ok(401)
    }

    fn write_code(&self, scheme: Scheme, code: Option<&str>, value: &mut dyn Write) -> fmt::Result {
        match scheme {
            Scheme::Bearer => value.write_str("Bearer ")?,
            Scheme::Dpop => {
                value.write_str("DPoP algs=")?;
                write_quoted(self.algs, value)?;
                value.write_str(", ")?;
            }
        }
        value.write_str("realm=")?;
        write_quoted(self.realm, value)?;
        let is_step_up = code == Some("insufficient_user_authentication");
        for (name, text) in
            [(", error=", code), (", scope=", self.scope), (", acr_values=", self.acr_values.filter(|_| is_step_up))]
        {
            if let Some(text) = text {
                value.write_str(name)?;
                write_quoted(text, value)?;
            }
        }
        match self.max_age {
            Some(max_age) if is_step_up => write!(value, ", max_age=\"{}\"", max_age.as_secs()),
            _ => Ok(()),
        }
    }
}

/// Whether the device cannot decide, so that the token or the proof may well be valid.
const fn is_undecided(error: Error) -> bool {
    matches!(
        error,
        Error::ClockNotSet
            | Error::TimeUnknown
            | Error::Full
            | Error::NotOpened
            | Error::EntryExpired
            | Error::BackendUnavailable
            | Error::BackendBroken
            | Error::Disturbed
            | Error::Unconfigured(_)
            | Error::TooManyIssuers
            | Error::StatusUnknown
    )
}

/// Writes a `quoted-string` ([RFC 9110 section 5.6.4](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4)).
fn write_quoted(text: &str, value: &mut dyn Write) -> fmt::Result {
    value.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' | '\\' => value.write_char('\\')?,
            ' '..='~' => {}
            _ => return Err(fmt::Error),
        }
        value.write_char(character)?;
    }
    value.write_char('"')
}

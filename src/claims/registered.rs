//! The registered claims (RFC 7519 section 4.1) as read from a payload, and their validation.

use super::field::{optional, required, string};
use super::{Claims, CommonRules, Strings};
use crate::error::{Claim, Error};
use crate::jose::json::{JsonStr, Members, NumericDate, Value};
use crate::time::{Now, UnixTime};

/// The registered claims as read, before any policy has validated them.
pub(crate) struct RegisteredClaims<'b> {
    payload: Value<'b>,
    iss: Option<JsonStr<'b>>,
    pub(crate) sub: Option<JsonStr<'b>>,
    aud: Option<Strings<'b>>,
    pub(crate) exp: Option<NumericDate>,
    pub(crate) nbf: Option<NumericDate>,
    pub(crate) iat: Option<NumericDate>,
    pub(crate) jti: Option<JsonStr<'b>>,
}

impl<'b> RegisteredClaims<'b> {
    pub(crate) const NAMES: [&'static str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

    /// Reads the members of [`NAMES`](Self::NAMES).
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if any of them has the wrong type or is out of range, even where it is not needed.
    pub(crate) fn read(payload: Value<'b>, members: Members<'b, 7>) -> Result<Self, Error> {
        let [iss, sub, aud, exp, nbf, iat, jti] = members;
        Ok(Self {
            payload,
            iss: string(iss, Claim::Issuer)?,
            sub: string(sub, Claim::Subject)?,
            aud: optional(aud, Strings::new, Claim::Audience)?,
            exp: optional(exp, NumericDate::parse, Claim::Expiration)?,
            nbf: optional(nbf, NumericDate::parse, Claim::NotBefore)?,
            iat: optional(iat, NumericDate::parse, Claim::IssuedAt)?,
            jti: string(jti, Claim::JwtId)?,
        })
    }

    /// Requires `iss`, checks the rules that every policy has, and unescapes the returned strings into `scratch`.
    /// `has_challenge` is true if the policy will compare the token with a challenge, which proves that the token is
    /// fresh.
    pub(crate) fn validate(
        self,
        rules: &CommonRules<'_>,
        has_challenge: bool,
        now: Now,
        scratch: &mut &'b mut [u8],
    ) -> Result<Claims<'b>, Error> {
        let iss = required(self.iss, Claim::Issuer)?;
        let claims = self.validate_for("", rules, has_challenge, now, scratch)?;
        Ok(Claims { issuer: iss.unescape_into(scratch)?, ..claims })
    }

    /// Like [`validate`](Self::validate), for an issuer whose name is known already, so that `iss` may be absent.
    pub(crate) fn validate_for(
        self,
        issuer: &'b str,
        rules: &CommonRules<'_>,
        has_challenge: bool,
        now: Now,
        scratch: &mut &'b mut [u8],
    ) -> Result<Claims<'b>, Error> {
        let exp = rules.expiration(self.exp)?;
        let audience = rules.check_audience(self.aud)?;
        let freshness = rules.check_times(exp, self.nbf, self.iat, has_challenge, now)?;
        Ok(Claims {
            payload: self.payload,
            issuer,
            subject: self.sub.map(|sub| sub.unescape_into(scratch)).transpose()?,
            audience,
            jwt_id: self.jti.map(|jti| jti.unescape_into(scratch)).transpose()?,
            expires_at: UnixTime::from_secs(exp),
            not_before: self.nbf.map(|nbf| UnixTime::from_secs(nbf.ceil)),
            issued_at: self.iat.map(|iat| UnixTime::from_secs(iat.floor)),
            freshness,
        })
    }
}

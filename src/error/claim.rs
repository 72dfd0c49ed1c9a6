//! The claims that errors can name.

/// The claim that an [`Error`](crate::Error) is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Claim {
    /// `iss` (`0x01`).
    Issuer,
    /// `sub` (`0x02`).
    Subject,
    /// `aud` (`0x03`).
    Audience,
    /// `exp` (`0x04`).
    Expiration,
    /// `nbf` (`0x05`).
    NotBefore,
    /// `iat` (`0x06`).
    IssuedAt,
    /// `jti` (`0x07`).
    JwtId,
    /// `client_id` (`0x08`).
    ClientId,
    /// `scope` (`0x09`).
    Scope,
    /// A claim that the caller named (`0x0A`).
    Other,
    /// `azp` (`0x0B`).
    AuthorizedParty,
    /// `nonce` (`0x0C`).
    Nonce,
    /// `auth_time` (`0x0D`).
    AuthenticationTime,
    /// `acr` (`0x0E`).
    AuthenticationContext,
    /// `amr` (`0x0F`).
    AuthenticationMethods,
    /// `at_hash`, or `ath` of a DPoP proof (`0x10`).
    AccessTokenHash,
    /// `c_hash` (`0x11`).
    CodeHash,
    /// `cnf` (`0x12`).
    Confirmation,
    /// `htm` (`0x13`).
    HttpMethod,
    /// `htu` (`0x14`).
    HttpUri,
    /// `cnonce` (`0x15`).
    Challenge,
    /// `status`, or `status_list` and `ttl` of a status list (`0x16`).
    Status,
}

impl Claim {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Issuer => 1,
            Self::Subject => 2,
            Self::Audience => 3,
            Self::Expiration => 4,
            Self::NotBefore => 5,
            Self::IssuedAt => 6,
            Self::JwtId => 7,
            Self::ClientId => 8,
            Self::Scope => 9,
            Self::Other => 10,
            Self::AuthorizedParty => 11,
            Self::Nonce => 12,
            Self::AuthenticationTime => 13,
            Self::AuthenticationContext => 14,
            Self::AuthenticationMethods => 15,
            Self::AccessTokenHash => 16,
            Self::CodeHash => 17,
            Self::Confirmation => 18,
            Self::HttpMethod => 19,
            Self::HttpUri => 20,
            Self::Challenge => 21,
            Self::Status => 22,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer (iss)",
            Self::Subject => "subject (sub)",
            Self::Audience => "audience (aud)",
            Self::Expiration => "expiration time (exp)",
            Self::NotBefore => "not-before time (nbf)",
            Self::IssuedAt => "issue time (iat)",
            Self::JwtId => "token id (jti)",
            Self::ClientId => "client (client_id)",
            Self::Scope => "scope",
            Self::Other => "the requested claim",
            Self::AuthorizedParty => "authorized party (azp)",
            Self::Nonce => "nonce",
            Self::AuthenticationTime => "authentication time (auth_time)",
            Self::AuthenticationContext => "authentication context (acr)",
            Self::AuthenticationMethods => "authentication methods (amr)",
            Self::AccessTokenHash => "access token hash (at_hash, ath)",
            Self::CodeHash => "code hash (c_hash)",
            Self::Confirmation => "confirmation (cnf)",
            Self::HttpMethod => "HTTP method (htm)",
            Self::HttpUri => "HTTP URI (htu)",
            Self::Challenge => "challenge (cnonce)",
            Self::Status => "status (status, status_list, ttl)",
        }
    }
}

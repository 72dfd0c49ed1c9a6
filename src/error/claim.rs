//! The claims that errors can name.

/// The claim that an [`Error`](crate::Error) is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Claim {
    /// `iss`
    Issuer,
    /// `sub`
    Subject,
    /// `aud`
    Audience,
    /// `exp`
    Expiration,
    /// `nbf`
    NotBefore,
    /// `iat`
    IssuedAt,
    /// `jti`
    JwtId,
    /// `client_id`
    ClientId,
    /// `scope`
    Scope,
    /// A claim that the caller named.
    Other,
    /// `azp`
    AuthorizedParty,
    /// `nonce`
    Nonce,
    /// `auth_time`
    AuthenticationTime,
    /// `acr`
    AuthenticationContext,
    /// `amr`
    AuthenticationMethods,
    /// `at_hash`, or `ath` of a DPoP proof
    AccessTokenHash,
    /// `c_hash`
    CodeHash,
    /// `cnf`
    Confirmation,
    /// `htm`
    HttpMethod,
    /// `htu`
    HttpUri,
    /// `cnonce`
    Challenge,
    /// `status`, or `status_list` and `ttl` of a status list
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

//! The name of each check in the report, its rule and the source of the rule.

use alloc::format;
use alloc::string::String;

use embedded_jwt::{DEFAULT_PROOF_AGE, MAX_HEADER_LEN, MAX_TOKEN_LEN};

use super::Check;
use crate::profile::Profile;
use crate::request::Request;
use crate::verification::names;

impl Check {
    pub fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Buffer => "buffer",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Payload => "payload",
            Self::Issuer => "issuer",
            Self::Proof => "proof",
            Self::Type => "type",
            Self::Kind => "kind",
            Self::Claims => "claims",
            Self::Required => "required",
            Self::Audience => "audience",
            Self::Clock => "clock",
            Self::Expiration => "expiration",
            Self::Freshness => "freshness",
            Self::NotBefore => "not before",
            Self::Lifetime => "lifetime",
            Self::Age => "age",
            Self::Scope => "scope",
            Self::Binding => "binding",
            Self::Party => "party",
            Self::Nonce => "nonce",
            Self::Login => "login",
            Self::Hash => "hash",
            Self::Method => "method",
            Self::Uri => "uri",
        }
    }

    pub fn rule(self, request: &Request) -> String {
        let profile = request.profile;
        let dpop = profile == Profile::Dpop;
        let leeway = request.leeway_secs();
        let now = if request.has_clock() { "now" } else { "floor" };
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        match self {
            Self::Form => format!("three segments, {MAX_TOKEN_LEN} bytes at most"),
            Self::Buffer => "header and payload fit the buffer".into(),
            Self::Header => format!("a JSON object, no crit, {MAX_HEADER_LEN} bytes at most"),
            Self::Algorithm => match request.backends {
                [_] => format!("alg is {}", names(request.backends)),
                several => format!("alg is one of {}", names(several)),
            },
            Self::Key if dpop => "jwk in the header is a public key for alg".into(),
            Self::Key => "a key of the issuer fits alg and kid".into(),
            Self::Signature => "signature over header and payload is valid".into(),
            Self::Payload => "one JSON object, no name twice".into(),
            Self::Issuer => format!("iss is {:?}", request.issuer),
            Self::Type => match profile {
                Profile::Access | Profile::Typed => "typ is at+jwt".into(),
                Profile::Generic => "typ is absent, JWT, JOSE or at+jwt".into(),
                Profile::Id => "typ is absent or JWT".into(),
                Profile::Dpop => "typ is dpop+jwt".into(),
            },
            Self::Kind => "no claim marks it as another kind of token".into(),
            Self::Claims if dpop => "jti htm htu iat ath are present, all typed".into(),
            Self::Claims => "claims that are read have the right type".into(),
            Self::Required => match profile {
                Profile::Access => "exp aud sub client_id iat jti are present".into(),
                Profile::Id => "exp, aud, sub and iat are present".into(),
                _ => "exp and aud are present".into(),
            },
            Self::Audience => format!("aud contains {:?}", request.audience),
            Self::Clock => "the clock is set: now is not before 2010".into(),
            Self::Freshness if request.is_fresh_by_nonce() => "without a clock: the nonce has to show it".into(),
            Self::Freshness => "without a clock: --max-unproven-lifetime".into(),
            Self::Expiration if !request.has_clock() && dpop => format!("exp (if any) is after the floor - {leeway} s"),
            Self::Expiration if !request.has_clock() => format!("exp is after iat, nbf and the floor - {leeway} s"),
            Self::Expiration if dpop => format!("now is before exp (if any) + {leeway} s"),
            Self::Expiration => format!("now is before exp + {leeway} s"),
            Self::NotBefore if dpop => format!("nbf (if any) and iat up to now + {leeway} s"),
            Self::NotBefore if request.max_lifetime.or(request.max_token_age).is_some() => {
                format!("nbf and iat up to now + {leeway} s, iat up to exp")
            }
            Self::NotBefore => format!("nbf, if any, is not after now + {leeway} s"),
            Self::Lifetime => format!("exp - iat is {} s at most", request.longest_lifetime().unwrap_or_default()),
            Self::Age => {
                let max = request.max_token_age.unwrap_or(DEFAULT_PROOF_AGE.as_secs());
                format!("{now} - iat is {max} s + {leeway} s at most")
            }
            Self::Scope => match &request.scopes {
                Some(scopes) => format!("{} contains {scopes:?}", request.scope_claim()),
                None => format!("{} is a claim for scopes", request.scope_claim()),
            },
            Self::Proof => "the DPoP proof is valid for this request".into(),
            Self::Binding if request.proof.is_some() => "cnf binds it to the proof's key alone".into(),
            Self::Binding => "no cnf binds it to a key of the sender".into(),
            Self::Party => "azp (needed beside other aud) is the client".into(),
            Self::Nonce => format!("nonce is {:?}", given(&request.nonce)),
            Self::Login => {
                format!("{now} - auth_time is {} s + {leeway} s at most", request.max_age.unwrap_or_default())
            }
            Self::Hash if dpop => "ath is the hash of the access token".into(),
            Self::Hash => "at_hash is the hash of the access token".into(),
            Self::Method => format!("htm is {:?}", given(&request.method)),
            Self::Uri => format!("htu is {:?}", given(&request.uri)),
        }
    }

    /// The source of the rule.
    pub fn reference(self, request: &Request) -> &'static str {
        match (self, request.profile) {
            (Self::Form, _) => "RFC 7515 §7.1",
            (Self::Buffer, _) => "Token::buffer_len",
            (Self::Header, _) => "RFC 7515 §4",
            (Self::Algorithm, _) => "RFC 8725 §3.1",
            (Self::Key, Profile::Dpop) => "RFC 9449 §4.2",
            (Self::Key, _) => "RFC 7515 §4.1.4",
            (Self::Signature, _) => "RFC 7515 §5.2",
            (Self::Payload, _) => "RFC 7519 §7.2",
            (Self::Issuer, _) => "RFC 8725 §3.8",
            (Self::Type, Profile::Access) => "RFC 9068 §4",
            (Self::Type, Profile::Typed) => "RFC 9068 §2.1",
            (Self::Type, Profile::Dpop) => "RFC 9449 §4.3(4)",
            (Self::Type, _) => "RFC 8725 §3.11",
            (Self::Kind, _) => "RFC 8725 §3.12",
            (Self::Claims, Profile::Dpop) => "RFC 9449 §4.3(3)",
            (Self::Claims, _) => "RFC 7519 §4.1",
            (Self::Required, Profile::Access) => "RFC 9068 §2.2",
            (Self::Required, Profile::Id) => "OIDC §2",
            (Self::Required, _) => "RFC 8725 §3.9",
            (Self::Audience, Profile::Access) => "RFC 9068 §4",
            (Self::Audience, Profile::Id) => "OIDC §3.1.3.7(3)",
            (Self::Audience, _) => "RFC 7519 §4.1.3",
            (Self::Clock, _) => "UnixTime",
            (Self::Expiration, _) => "RFC 7519 §4.1.4",
            (Self::Freshness, _) => "Now::AtLeast",
            (Self::NotBefore, _) => "RFC 7519 §4.1.5",
            (Self::Age, Profile::Dpop) => "RFC 9449 §4.3(11)",
            (Self::Lifetime | Self::Age, _) => "RFC 7519 §4.1.6",
            (Self::Scope, _) => "RFC 6750 §3.1",
            (Self::Proof, _) => "RFC 9449 §4.3",
            (Self::Binding, _) if request.proof.is_some() => "RFC 9449 §6.1",
            (Self::Binding, _) => "RFC 9449 §7.2",
            (Self::Party, _) => "OIDC §3.1.3.7(4)",
            (Self::Nonce, Profile::Dpop) => "RFC 9449 §4.3(10)",
            (Self::Nonce, _) => "OIDC §3.1.3.7(11)",
            (Self::Login, Profile::Id) => "OIDC §3.1.3.7(13)",
            (Self::Login, _) => "RFC 9470 §5",
            (Self::Hash, Profile::Dpop) => "RFC 9449 §4.3(12)",
            (Self::Hash, _) => "OIDC §3.1.3.8",
            (Self::Method, _) => "RFC 9449 §4.3(8)",
            (Self::Uri, _) => "RFC 9449 §4.3(9)",
        }
    }
}

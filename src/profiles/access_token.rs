//! OAuth 2.0 access tokens (RFC 9068): the policy, its validation, and the accepted token.

mod optional_checks;
mod possession;
mod profile;
mod scope;
mod token;
mod validation;

pub use token::AccessToken;

use optional_checks::OptionalChecks;
use possession::ProofOfPossession;
use profile::Profile;
use scope::ScopeClaim;

use super::DpopProof;
use super::stores::store_setters;
use crate::claims::CommonRules;
use crate::claims::authentication::authentication_setters;
use crate::claims::rules::time_rule_setters;
use crate::jose::Thumbprint;
use crate::storage::ReplayCheck;

/// The requirements of a device for OAuth 2.0 access tokens
/// ([RFC 9068 section 4](https://www.rfc-editor.org/rfc/rfc9068#section-4)).
///
/// The constructor decides which servers' tokens are accepted. Prefer the first that fits:
///
/// | constructor | `typ` | required claims | scopes |
/// |---|---|---|---|
/// | [`new`](Self::new) | `at+jwt` | `iss exp aud sub client_id iat jti` | string |
/// | [`at_jwt`](Self::at_jwt) | `at+jwt` | `iss exp aud` | string or array |
/// | [`untyped`](Self::untyped) | also `JWT`, `JOSE` or none | `iss exp aud` | string or array |
/// | [`for_client`](Self::for_client) | as `untyped` | `iss exp client_id token_use`, no `aud` | string or array |
///
/// Checked by each of them: the type; the required claims; the types of the registered claims (`iss`, `sub`, `aud`,
/// `exp`, `nbf`, `iat`, `jti`), where `null` is a wrong type; `aud`; `exp` and `nbf`; that a token bound to a key
/// (`cnf`) is presented by the holder of that key; and whatever `with_...` adds. The signature and `iss` were checked
/// before.
///
/// **Not** checked unless added: the scopes, whether the token was revoked, and whether it was used before. **Not**
/// checked at all: the presenter of a token that is bound to no key. Anyone with a copy of such a bearer token can use
/// it, so accept it over encrypted transport only.
///
/// ```
/// use core::time::Duration;
/// use embedded_jwt::AccessTokenPolicy;
///
/// // In flash: tokens for this device, with this scope, that live for five minutes at most.
/// const POLICY: AccessTokenPolicy = AccessTokenPolicy::new("urn:device:pump-7")
///     .with_required_scope("pump:write")
///     .with_max_lifetime(Duration::from_secs(300));
/// # let _ = POLICY;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AccessTokenPolicy<'a> {
    rules: CommonRules<'a>,
    /// `None`: RFC 9068 in full.
    profile: Option<&'static Profile>,
    required_scope: Option<&'a str>,
    /// `None`: `scope`.
    scope_claim: Option<ScopeClaim<'a>>,
    optional: OptionalChecks<'a>,
}

impl<'a> AccessTokenPolicy<'a> {
    /// A policy with all rules of RFC 9068. `audience` is the device's resource indicator: the name that the issuer
    /// puts into `aud` for this device. The policy has the leeway [`DEFAULT_LEEWAY`](crate::DEFAULT_LEEWAY), no limits
    /// on lifetime and age, and no required scope.
    ///
    /// `sub`, `client_id`, `iat` and `jti` are required, and none of these strings may be empty. `scope` may be absent,
    /// and must be a string. Marks of other kinds in the payload are not looked at, since the type says enough.
    ///
    /// Servers: node oidc-provider; Auth0 with its RFC 9068 profile; Kanidm (until late 2025 it wrote `jti: null`, which
    /// is refused).
    ///
    /// An empty `audience` refuses every token ([`Error::Unconfigured`](crate::Error::Unconfigured)).
    pub const fn new(audience: &'a str) -> Self {
        Self::with_profile(CommonRules::new(audience), None)
    }

    /// A policy for issuers that mark their access tokens as `at+jwt`, and otherwise follow RFC 9068 only in part. Only
    /// the claims `iss`, `exp` and `aud` are required. The scopes are a string, or an array of strings: then a
    /// string with a space, a quotation mark, a backslash or a control character is invalid, since it is no scope
    /// ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)). Everything else is as with
    /// [`new`](Self::new).
    ///
    /// Given up: the token need not say to whom it was issued, and about whom it is. [`AccessToken::client_id`] is
    /// `None` if `client_id` is absent or not a string, and then the revocation of a client
    /// ([`Revocation::Client`](crate::Revocation::Client)) does not cover the token. Without `sub`, neither does the
    /// revocation of a subject. An ID token is still refused by its type.
    ///
    /// Servers: Keycloak from 26.2 with the client setting for `at+jwt` (`azp` in place of `client_id`); Rauthy from
    /// 0.36 (the same; until July 2026 its client credentials had `sub: null`, which is refused); Duende
    /// IdentityServer, IdentityServer4 and SimpleIdServer (`scope` is an array, and client credentials have no `sub`);
    /// Authelia (before 4.39.21, client credentials have no `sub`).
    pub const fn at_jwt(audience: &'a str) -> Self {
        Self::with_profile(CommonRules::new(audience), Some(profile::AT_JWT))
    }

    /// A policy for issuers older than RFC 9068, whose access tokens have the `typ` `JWT` or none. `typ` may be absent,
    /// `JWT`, `JOSE` or `at+jwt`. A token whose payload marks it as another kind is refused
    /// ([RFC 8725 section 3.12](https://www.rfc-editor.org/rfc/rfc8725#section-3.12)):
    /// - `events`, `at_hash` or `c_hash` with any value: a logout token, an ID token;
    /// - a `typ` in the payload that is, in any case, `ID`, `Refresh`, `Offline` or `Logout` (Keycloak);
    /// - a `token_use` other than `access` (Cognito).
    ///
    /// Everything else is as with [`at_jwt`](Self::at_jwt).
    ///
    /// Given up, besides what [`at_jwt`](Self::at_jwt) gives up: an ID token of the same issuer that has none of these
    /// marks is distinguished from an access token only by its audience, which is a client id. Make sure that no client
    /// has this `audience` as its client id. Some issuers put the client's id into `aud` of access tokens too:
    /// authentik and FusionAuth always, Spring Authorization Server by default. There, [require a
    /// scope](Self::with_required_scope) of your own: an ID token has none, or only scopes of OpenID Connect
    /// (`openid`, `profile`, `offline_access` and others). Prefer to have the issuer mark its tokens as `at+jwt`.
    ///
    /// Servers: Keycloak; Auth0; Ory Hydra, Okta and Entra ID (their scopes are in [`scp`](Self::with_scope_claim); for
    /// users of Entra ID with a required scope); Spring Authorization Server, authentik and ZITADEL (with a required
    /// scope); Supabase, Kubernetes. A token of Cognito that is bound to a resource has `aud`, so it is for this policy
    /// too. Not for Gitea, LINE and Steam, whose ID or refresh tokens carry none of the marks.
    pub const fn untyped(audience: &'a str) -> Self {
        Self::with_profile(CommonRules::new(audience), Some(profile::UNTYPED))
    }

    /// A policy for access tokens without an audience that were issued to one client, as Amazon Cognito issues them.
    /// `client_id` must be this one, `token_use` must be `access`, and a token with an `aud` is refused. The types and
    /// the marks of other kinds are as with [`untyped`](Self::untyped), and everything else too.
    ///
    /// Given up: the audience. A token that the client obtained for any other server is accepted, so every server that
    /// receives this client's tokens can use them here. Give the client scopes that only this device honors, and
    /// [require one](Self::with_required_scope).
    ///
    /// Servers: Amazon Cognito, unless its tokens are bound to a resource: these have `aud`, and are for
    /// [`untyped`](Self::untyped).
    ///
    /// An empty `client_id` refuses every token ([`Error::Unconfigured`](crate::Error::Unconfigured)).
    pub const fn for_client(client_id: &'a str) -> Self {
        Self::with_profile(CommonRules::new_for_client(client_id), Some(profile::FOR_CLIENT))
    }

    const fn with_profile(rules: CommonRules<'a>, profile: Option<&'static Profile>) -> Self {
        Self { rules, profile, required_scope: None, scope_claim: None, optional: OptionalChecks::NONE }
    }

    time_rule_setters!();
    authentication_setters!(|policy| policy.optional.enable().authentication);
    store_setters!(|policy| policy.optional.enable().stores);

    /// Requires this scope, or all of several scopes separated by spaces. This replaces the scopes given before. A
    /// string without any scope refuses every token ([`Error::Unconfigured`](crate::Error::Unconfigured)).
    pub const fn with_required_scope(mut self, scope: &'a str) -> Self {
        self.required_scope = Some(scope);
        self
    }

    /// Reads the scopes from the claim with this name: `scp` of Okta, Entra ID and Ory Hydra. `scope` is then not
    /// looked at, whatever it is. The same types are accepted as for `scope`: a string with [`new`](Self::new),
    /// otherwise a string or an array of strings.
    ///
    /// An empty name, and the name of a claim that has another meaning (`cnf`, `client_id`, `iss`, `sub`, `aud`, `exp`,
    /// `nbf`, `iat`, `jti`), refuses every token ([`Error::Unconfigured`](crate::Error::Unconfigured)).
    pub const fn with_scope_claim(mut self, name: &'a str) -> Self {
        self.scope_claim = Some(ScopeClaim::new(name));
        self
    }

    /// Accepts only a token that is bound to the key of this DPoP proof, and consumes the proof if the token is
    /// accepted ([RFC 9449 section 7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1)). The proof must have been
    /// verified for the text of this same token ([`DpopPolicy::new`](crate::DpopPolicy::new)).
    ///
    /// Of this setter, [`with_certificate`](Self::with_certificate),
    /// [`with_certificate_thumbprint`](Self::with_certificate_thumbprint) and
    /// [`with_unchecked_confirmation`](Self::with_unchecked_confirmation), the last call counts.
    pub const fn with_dpop(self, proof: &'a DpopProof<'a>, replay: &'a dyn ReplayCheck) -> Self {
        self.with_possession(ProofOfPossession::Dpop(proof, replay, possession::check_proof))
    }

    /// Accepts only a token that is bound to this certificate (DER), with which the client authenticated in mutual TLS
    /// ([RFC 8705 section 3](https://www.rfc-editor.org/rfc/rfc8705#section-3)).
    pub fn with_certificate(self, der: &[u8]) -> Self {
        self.with_certificate_thumbprint(Thumbprint::of_certificate(der))
    }

    /// Accepts only a token that is bound to the certificate with this SHA-256 fingerprint. Use it instead of
    /// [`with_certificate`](Self::with_certificate) if only the fingerprint is known.
    pub const fn with_certificate_thumbprint(self, thumbprint: Thumbprint) -> Self {
        self.with_possession(ProofOfPossession::Certificate(thumbprint))
    }

    /// Also accepts tokens that are bound to a key, without a proof of possession. For callers that check
    /// [`AccessToken::confirmation`] themselves.
    pub const fn with_unchecked_confirmation(self) -> Self {
        self.with_possession(ProofOfPossession::Unchecked)
    }

    const fn with_possession(mut self, possession: ProofOfPossession<'a>) -> Self {
        self.optional.enable().possession = possession;
        self
    }

    /// Accepts only a token that was issued to answer this challenge (`cnonce`, [RFC 9200 section
    /// 5.3.1](https://www.rfc-editor.org/rfc/rfc9200#section-5.3.1)). The device gives the challenge to the client, and
    /// the client passes it on to the issuer. The answer shows that the token is no older than the challenge, even
    /// where the time is not known ([`Now::AtLeast`](crate::Now)). Generate a new random challenge for each token, and
    /// accept only one token for it.
    ///
    /// An empty challenge refuses every token ([`Error::Unconfigured`](crate::Error::Unconfigured)).
    pub const fn with_challenge(mut self, challenge: &'a str) -> Self {
        self.optional.enable().challenge = Some(challenge);
        self
    }
}

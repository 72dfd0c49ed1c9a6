use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use embedded_jwt::*;
use testkit::{KEYS, issuer, limited, strict_json};

use super::Case;
use super::case::{IdCase, Kind, Policy, Timed};
use super::model::{self, Accepted};

/// **Property:** a correctly signed token with any header and claims gets the same verdict as by a straight-line model
/// of the rules, for any policy and any time, known or not: refused for the same reason, or accepted with the same
/// contents.
pub fn signed_access_token(input: &[u8]) {
    if let Ok(Timed(case)) = Timed::<Case>::arbitrary(&mut Unstructured::new(input)) {
        agree(&case);
    }
}

/// **Property:** the same as [`signed_access_token`], for ID tokens.
pub fn signed_id_token(input: &[u8]) {
    if let Ok(Timed(IdCase(case))) = Timed::<IdCase>::arbitrary(&mut Unstructured::new(input)) {
        agree(&case);
    }
}

fn agree(case: &Case) {
    if strict_json::is_ambiguous(&case.header) || strict_json::is_ambiguous(&case.claims) {
        return;
    }
    match (validate(case), model::validate(case)) {
        (Ok(ours), Ok(model)) => assert_eq!(ours, model),
        (Err(ours), Err(model)) if is_same(ours, model) => {}
        (ours, model) => {
            let [header, claims] = [&case.header, &case.claims].map(|json| json.escape_ascii());
            panic!("{ours:?}\nmodel {model:?}\n{header}\n{claims}\nat {:?} by {:?}", case.now, case.policy)
        }
    }
}

/// Whether two errors count as equal. The order in which claims are read is not documented, so any of several missing
/// or mistyped claims may be named.
fn is_same(ours: Error, model: Error) -> bool {
    let is_about_types = |error| matches!(error, Error::Missing(_) | Error::Invalid(_));
    let met_first =
        |part| [Error::DuplicateName(part), Error::TooDeep(part), Error::TooManyMembers(part)].contains(&ours);
    match model {
        Error::Malformed(part @ (Part::Header | Part::Payload)) if met_first(part) => true,
        _ => ours == model || is_about_types(ours) && is_about_types(model),
    }
}

fn validate(case: &Case) -> Result<Accepted, Error> {
    let text = case.token();
    let token = Token::parse(&text)?;
    let mut buf = vec![0; 2 * token.buffer_len()];
    let verified = token.verify(&issuer(&*KEYS), &mut buf)?;
    let (policy, now) = (&case.policy, case.now);
    Ok(match policy.kind {
        Kind::AccessToken | Kind::UntypedAccessToken | Kind::MarkedAccessToken => {
            let token = verified.into_access_token(&policy.for_access_tokens(), now)?;
            Accepted {
                client_id: token.client_id().map(String::from),
                scopes: token.scopes().map(String::from).collect(),
                ..accepted(&token)
            }
        }
        Kind::Typed => accepted(&*verified.into_typed(&policy.for_typed_tokens(), now)?),
        Kind::IdToken => {
            let token = verified.into_id_token(&policy.for_id_tokens(), now)?;
            Accepted {
                authenticated_at: token.authenticated_at().map(UnixTime::as_secs),
                acr: token.acr().map(String::from),
                amr: token.amr().iter().map(|method| method.to_string()).collect(),
                ..accepted(&token)
            }
        }
    })
}

fn accepted(claims: &Claims<'_>) -> Accepted {
    assert_eq!(claims.issuer(), testkit::ISSUER);
    Accepted {
        subject: claims.subject().map(String::from),
        jwt_id: claims.jwt_id().map(String::from),
        audience: claims.audience().iter().map(|name| name.to_string()).collect(),
        expires_at: claims.expires_at().as_secs(),
        not_before: claims.not_before().map(UnixTime::as_secs),
        issued_at: claims.issued_at().map(UnixTime::as_secs),
        freshness: Some(claims.freshness()),
        ..Accepted::default()
    }
}

/// A policy with the rules about the user's login that access and ID tokens share.
macro_rules! stepped_up {
    ($policy:expr, $rules:expr) => {{
        let mut policy = $policy;
        if let Some(max) = $rules.max_age {
            policy = policy.with_max_age(Duration::from_secs(max));
        }
        if let Some(acr) = $rules.acr {
            policy = policy.with_acr(acr);
        }
        policy
    }};
}

impl Policy {
    pub fn for_access_tokens(&self) -> AccessTokenPolicy<'static> {
        let new = match self.kind {
            Kind::UntypedAccessToken => AccessTokenPolicy::untyped,
            Kind::MarkedAccessToken => AccessTokenPolicy::at_jwt,
            _ => AccessTokenPolicy::new,
        };
        let mut policy = stepped_up!(limited!(new(self.audience), self), self);
        if let Some(scope) = self.required_scope {
            policy = policy.with_required_scope(scope);
        }
        if let Some(challenge) = self.challenge {
            policy = policy.with_challenge(challenge);
        }
        policy
    }

    fn for_typed_tokens(&self) -> TypedPolicy<'static> {
        limited!(TypedPolicy::new("at+jwt", self.audience), self)
    }

    fn for_id_tokens(&self) -> IdTokenPolicy<'static> {
        let mut policy = stepped_up!(limited!(IdTokenPolicy::new(self.audience), self), self);
        if let Some(nonce) = self.nonce {
            policy = policy.with_nonce(nonce);
        }
        if let Some(access_token) = self.access_token {
            policy = policy.with_access_token(access_token.as_bytes());
        }
        policy.with_trusted_audiences(self.trusted_audiences)
    }
}

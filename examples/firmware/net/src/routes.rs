//! The decision on a request. Routes and policies are shared with the serial gateway (`Action`); signatures are verified
//! by the secure element, while the network goes on.

use core::fmt::{self, Write as _};

use embassy_time::Instant;
use embedded_jwt::bearer::{self, Challenge, Credentials, Scheme};
use embedded_jwt::{Answer, BackendError, DpopPolicy, Error, Issuer, Part, PublicKey, Signature, Token};
use embedded_jwt_firmware::action::{Action, NoAction};
use embedded_jwt_firmware::trust;
use heapless::String;

use crate::http::{Request, Response, Several};
use crate::provision::Provision;
use crate::secure_element::{self, ALGORITHMS};
use crate::state::STORES;
use crate::{keys, log, state, status};

/// The payload of a token that fills most of the longest head, and of a proof.
const TOKEN_BUF_LEN: usize = 2560;
const PROOF_BUF_LEN: usize = 1024;
const MAX_URI_LEN: usize = 128;

/// Why a request is refused.
enum Refusal {
    /// The credentials are missing or malformed.
    Credentials(Error),
    /// The access token is refused; it came by this scheme.
    Token(Scheme, Error),
    /// The DPoP proof is refused.
    Proof(Error),
    /// The state cannot be written.
    Unavailable,
}

pub async fn answer(request: &Request<'_>, provision: &Provision) -> Response {
    match (request.method, request.path) {
        ("GET", "/status") => return status::response().await,
        (_, "/status") => return Response { allow: Some("GET"), ..Response::empty(405) },
        _ => {}
    }
    let action = match Action::find(request.method, request.path) {
        Ok(action) => action,
        Err(NoAction::NotFound) => return Response::empty(404),
        Err(NoAction::MethodNotAllowed(methods)) => {
            return Response { allow: Some(methods), ..Response::empty(405) };
        }
    };
    match authorize(request, action, provision).await {
        Ok(()) => done(action),
        Err(refusal) => {
            let response = refuse(&refusal, action);
            // A known route: no text of the client.
            log!("{} {} {} {}", request.method, request.path, response.status, refusal.reason());
            response
        }
    }
}

fn done(action: Action) -> Response {
    let mut response = Response::empty(if action == Action::LogOut { 204 } else { 200 });
    // It fits.
    let _ = response.body.push_str(match action {
        Action::ReadPump => "1500\n",
        Action::SetPump => "set\n",
        Action::OpenValve => "open\n",
        Action::LogOut => "",
    });
    response
}

/// Decides, and if the issuer may have new keys, once more with these.
async fn authorize(request: &Request<'_>, action: Action, provision: &Provision) -> Result<(), Refusal> {
    let authorization = request
        .header("authorization")
        .map_err(|Several| Refusal::Credentials(Error::Malformed(Part::Authorization)))?
        .ok_or(Refusal::Credentials(Error::NoCredentials))?;
    let credentials = bearer::from_authorization(authorization).map_err(Refusal::Credentials)?;
    let mut is_first = true;
    loop {
        let (decision, version) = decide(request, &credentials, action, provision).await;
        match decision {
            Ok(()) => break,
            Err(Refusal::Token(_, error))
                if is_first && error.suggests_key_refresh() && keys::has_newer_than(version, provision).await =>
            {
                is_first = false;
            }
            Err(refusal) => return Err(refusal),
        }
    }
    // A consumed proof or token, and a revocation, must survive a power cut before they are confirmed.
    let changes_state = credentials.scheme() == Scheme::Dpop || matches!(action, Action::OpenValve | Action::LogOut);
    if !changes_state {
        state::save_later();
    } else if !state::save().await {
        return Err(Refusal::Unavailable);
    }
    Ok(())
}

/// The decision, and the version of the keys that it was made with.
async fn decide(
    request: &Request<'_>,
    credentials: &Credentials<'_>,
    action: Action,
    provision: &Provision,
) -> (Result<(), Refusal>, u32) {
    let (mut keys, version) = keys::lock().await;
    let of_token = |error| Refusal::Token(credentials.scheme(), error);
    let decision = async {
        let now = state::lock().await.as_ref().ok_or(Refusal::Unavailable)?.memory.now();
        let cloud = Issuer::new(provision.issuer, keys.expire(now), &ALGORITHMS);
        let local = trust::issuer(&trust::KEYS, &ALGORITHMS);

        let token = Token::parse(credentials.token()).map_err(of_token)?;
        let mut buf = [0; TOKEN_BUF_LEN];
        let mut prepared = token.prepare(&[&cloud, &local], &mut buf).map_err(of_token)?;
        let verified = loop {
            let outcome = element(prepared.key(), prepared.message(), prepared.signature()).await;
            match prepared.caller_asserts(outcome).map_err(of_token)? {
                Answer::Verified(verified) => break verified,
                Answer::Next(next) => prepared = next,
            }
        };

        let uri = uri(request, provision)?;
        let mut proof_buf = [0; PROOF_BUF_LEN];
        let proof = match credentials.scheme() {
            Scheme::Bearer => None,
            // The issuer's signature is valid: only a client with a real token makes this device verify a second one.
            Scheme::Dpop => {
                let of_request = DpopPolicy::new(request.method, &uri, credentials.token());
                let proof = request.header("dpop").ok().flatten().ok_or(Refusal::Proof(Error::NoCredentials))?;
                let prepared = Token::parse(proof)
                    .and_then(|proof| proof.prepare_dpop(&of_request, &ALGORITHMS, now, &mut proof_buf))
                    .map_err(Refusal::Proof)?;
                let outcome = element(&prepared.key(), prepared.message(), prepared.signature()).await;
                Some(prepared.caller_asserts(outcome).map_err(Refusal::Proof)?)
            }
        };

        let mut guard = state::lock().await;
        let memory = &mut guard.as_mut().ok_or(Refusal::Unavailable)?.memory;
        let mut policy = action.policy(&STORES);
        if let Some(proof) = &proof {
            policy = policy.with_dpop(proof, &STORES.used);
        }
        let token = verified.validate_access_token(&policy, memory.now()).map_err(of_token)?;
        // Before the token is consumed: used ids are over when the floor has passed them.
        memory.learn(&token);
        let token = token.consume().map_err(of_token)?;
        if action == Action::LogOut {
            memory.revoke(&token).map_err(of_token)?;
        }
        Ok(())
    };
    (decision.await, version)
}

/// Verifies a signature, and measures how long it takes.
async fn element(key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
    let start = Instant::now();
    let outcome = secure_element::verify(key, message, signature).await;
    status::verified(start.elapsed());
    outcome
}

/// The URI by which the client knows the resource.
fn uri(request: &Request<'_>, provision: &Provision) -> Result<String<MAX_URI_LEN>, Refusal> {
    let mut uri = String::new();
    write!(uri, "{}{}", provision.base_url, request.path).map_err(|_| Refusal::Unavailable)?;
    Ok(uri)
}

impl Refusal {
    fn reason(&self) -> &dyn fmt::Display {
        match self {
            Self::Credentials(error) | Self::Token(_, error) | Self::Proof(error) => error,
            Self::Unavailable => &"the state cannot be read or written",
        }
    }
}

/// The status and the challenges: for the scheme that was used, and for each that the client may use instead.
fn refuse(refusal: &Refusal, action: Action) -> Response {
    challenges(refusal, action).unwrap_or(Response::empty(500))
}

fn challenges(refusal: &Refusal, action: Action) -> Option<Response> {
    let (mut bearer, mut dpop) = (Challenge::new(REALM), Challenge::dpop(REALM));
    if let Some(scope) = action.scope() {
        (bearer, dpop) = (bearer.with_scope(scope), dpop.with_scope(scope));
    }
    let mut value = String::new();
    let status = match *refusal {
        Refusal::Credentials(error) | Refusal::Token(Scheme::Bearer, error) => bearer.write(error, &mut value),
        Refusal::Token(Scheme::Dpop, error) => dpop.write(error, &mut value),
        Refusal::Proof(error) => dpop.write_dpop(error, &mut value),
        Refusal::Unavailable => Ok(503),
    };
    let mut response = Response::empty(status.ok()?);
    if !value.is_empty() {
        response.challenges.push(value).ok()?;
    }
    if let Refusal::Credentials(Error::NoCredentials) | Refusal::Token(Scheme::Bearer, Error::SenderConstrained) =
        refusal
    {
        let mut value = String::new();
        dpop.write(Error::NoCredentials, &mut value).ok()?;
        response.challenges.push(value).ok()?;
    }
    Some(response)
}

/// The name of the protected resource, for people to read.
const REALM: &str = "pump";

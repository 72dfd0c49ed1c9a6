//! Verifies one token for one request: the steps of the crate, and the step that refused.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use embedded_jwt::{
    AccessToken, AllowReplay, DpopProof, EdDsa, Error, Es256, IdToken, PublicKey, SignatureAlgorithm, Token, Verified,
};

use crate::keys::algorithm;
use crate::profile::Profile;
use crate::request::Request;

/// The backends for the algorithms that are built in.
pub type Backends = &'static [&'static dyn SignatureAlgorithm];

#[cfg(not(feature = "rs256"))]
pub const SOFTWARE: Backends = &[&Es256, &EdDsa];
#[cfg(feature = "rs256")]
pub const SOFTWARE: Backends = &[&Es256, &EdDsa, &embedded_jwt::Rs256];

/// The default size of the buffer on the device.
pub const DEFAULT_BUFFER_LEN: usize = 16 * 1024;

pub fn backends_named(name: &str) -> Result<Backends, String> {
    match name {
        "software" => Ok(SOFTWARE),
        #[cfg(all(feature = "ring", feature = "rs256"))]
        "ring" => Ok(&[&embedded_jwt::RingEs256, &embedded_jwt::RingEdDsa, &embedded_jwt::RingRs256]),
        #[cfg(all(feature = "ring", not(feature = "rs256")))]
        "ring" => Ok(&[&embedded_jwt::RingEs256, &embedded_jwt::RingEdDsa]),
        #[cfg(not(feature = "ring"))]
        "ring" => Err("the backend ring is in the feature ring: cargo run --features ring --example verify".into()),
        _ => Err(format!("there is no backend {name:?}: it is software or ring")),
    }
}

/// The backend for one algorithm alone.
pub fn only(name: &str, backends: Backends) -> Result<Backends, String> {
    let position = backends.iter().position(|backend| algorithm(backend.algorithm()) == name);
    let backend = position.and_then(|position| backends.get(position..=position));
    let more = if cfg!(feature = "rs256") { "" } else { ", and with the feature rs256, RS256" };
    backend.ok_or_else(|| format!("there is no algorithm {name:?}: it is one of {}{more}", names(backends)))
}

/// The names of the algorithms, such as `ES256, EdDSA`.
pub fn names(backends: Backends) -> String {
    let names: Vec<_> = backends.iter().map(|backend| algorithm(backend.algorithm())).collect();
    names.join(", ")
}

/// An accepted token, of the kind that the profile is for.
pub enum Accepted<'b> {
    Access(AccessToken<'b>),
    Id(IdToken<'b>),
    Dpop(DpopProof<'b>),
}

/// The step that refused a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Parse,
    Verify,
    /// The DPoP proof that came with an access token.
    Proof,
    Validate,
}

#[derive(Clone, Copy)]
pub struct Refusal {
    pub step: Step,
    pub error: Error,
}

/// Takes a token through the crate: parse, verify, validate. A DPoP proof is verified and validated in one step.
pub fn verify<'b>(
    text: &[u8],
    keys: &[PublicKey<'_>],
    request: &'b Request,
    buf: &'b mut [u8],
) -> Result<Accepted<'b>, Refusal> {
    let buf_len = buf.len();
    let token = Token::parse(text).map_err(refused_at(Step::Parse))?;
    if request.profile == Profile::Dpop {
        return verify_proof(token, request, buf).map(Accepted::Dpop);
    }
    let verified = token.verify(&request.issuer(keys), buf).map_err(refused_at(Step::Verify))?;
    match request.profile {
        Profile::Id => {
            let accepted = verified.into_id_token(&request.id_policy(), request.now);
            accepted.map(Accepted::Id).map_err(refused_at(Step::Validate))
        }
        _ => validate_access_token(verified, text, request, buf_len).map(Accepted::Access),
    }
}

/// Validates an access token, with the DPoP proof that came with it, if one came.
fn validate_access_token<'b>(
    verified: Verified<'_, 'b>,
    text: &[u8],
    request: &Request,
    buf_len: usize,
) -> Result<AccessToken<'b>, Refusal> {
    let (policy, mut buf) = (request.access_policy(), vec![0; buf_len]);
    let Some((proof, proof_request)) = request.of_proof(text) else {
        return verified.into_access_token(&policy, request.now).map_err(refused_at(Step::Validate));
    };
    let proof = Token::parse(proof)
        .and_then(|proof| proof.verify_dpop(&proof_request.dpop_policy(), request.backends, request.now, &mut buf))
        .map_err(refused_at(Step::Proof))?;
    // One run cannot see a proof twice.
    verified.into_access_token(&policy.with_dpop(&proof, &AllowReplay), request.now).map_err(refused_at(Step::Validate))
}

fn verify_proof<'b>(token: Token<'_>, request: &'b Request, buf: &'b mut [u8]) -> Result<DpopProof<'b>, Refusal> {
    let fits = buf.len() >= token.buffer_len();
    token.verify_dpop(&request.dpop_policy(), request.backends, request.now, buf).map_err(|error| Refusal {
        // If the proof fits, only the unescaped `jti` does not, which comes after all checks.
        step: if fits && error == Error::BufferTooSmall { Step::Validate } else { Step::Verify },
        error,
    })
}

fn refused_at(step: Step) -> impl Fn(Error) -> Refusal {
    move |error| Refusal { step, error }
}

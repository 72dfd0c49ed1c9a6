//! Advice about a refused DPoP proof, where it differs from advice about a token.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use embedded_jwt::{Claim, Error};

use super::claimed;
use super::claims::compared;
use crate::case::Case;
use crate::object::Json;
use crate::peek::Peek;
use crate::profile::short_type;
use crate::style::printable;
use crate::verification::{Refusal, Step, names};

pub fn advice(error: Error, case: &Case<'_>, peek: &Peek) -> Option<Vec<String>> {
    let request = case.request;
    let given = |option: &Option<String>| option.clone().unwrap_or_default();
    let lines = match error {
        Error::WrongType => wrong_type(peek),
        Error::UnsupportedAlgorithm if !peek.alg().eq_ignore_ascii_case("none") => vec![
            format!("proof     alg {}", printable(&format!("{:?}", peek.alg()))),
            format!("accepted  {}", names(request.backends)),
            "Make the client sign its proofs with one of these.".into(),
        ],
        Error::InvalidKey => embedded_key(peek),
        Error::InvalidSignature => vec![
            "The proof was altered or cut off, or signed with another key than the one in".into(),
            "its header. Do not act on the request.".into(),
        ],
        Error::Missing(Claim::Nonce) => vec![
            "Answer with 401, error use_dpop_nonce and the nonce in the header DPoP-Nonce:".into(),
            "the client then makes another proof.".into(),
        ],
        Error::Mismatch(Claim::Nonce) => compared(
            "proof",
            peek.claim("nonce"),
            &given(&request.nonce),
            "Answer with the new nonce in the header DPoP-Nonce.",
        ),
        Error::Mismatch(Claim::HttpMethod) => compared(
            "proof",
            peek.claim("htm"),
            &given(&request.method),
            "The proof is for another request: do not act on it.",
        ),
        Error::Mismatch(Claim::HttpUri) => {
            let hint = "The proof is for another request, or --uri is not the URI that the client";
            let mut lines = compared("proof", peek.claim("htu"), &given(&request.uri), hint);
            lines.push("called: behind a proxy, its scheme, host and path may differ.".into());
            lines
        }
        Error::Mismatch(Claim::AccessTokenHash) => vec![
            format!("ath  {}", printable(peek.claim("ath"))),
            "It belongs to another access token, or that token's text was changed: pass it".into(),
            "without scheme, quotes and line ends. The hash is SHA-256, whatever alg is.".into(),
        ],
        Error::Missing(_) => vec!["Make the client write this claim: without it, a proof proves nothing.".into()],
        Error::Invalid(_) => vec!["A claim of the wrong type does not count as absent: correct the client.".into()],
        Error::Expired => vec![
            format!("exp    {}", claimed(peek, "exp", case)),
            format!("clock  {}", request.clock()),
            "Make a new proof for each request, and compare the clocks.".into(),
        ],
        Error::NotYetValid => vec![
            format!("nbf    {}", claimed(peek, "nbf", case)),
            format!("iat    {}", claimed(peek, "iat", case)),
            format!("clock  {}", request.clock()),
            "Compare the clocks of client and device.".into(),
        ],
        Error::ProofTooOld => vec![
            format!("iat    {}", claimed(peek, "iat", case)),
            format!("clock  {}", request.clock()),
            "Make a new proof for each request. If this one is new, compare the clocks.".into(),
        ],
        _ => return None,
    };
    Some(lines)
}

/// Advice about the proof that came with an access token.
pub fn of_access_token(error: Error, case: &Case<'_>) -> Vec<String> {
    let Some((proof, request)) = case.request.of_proof(case.token) else { return Vec::new() };
    let proof_case = Case { token: proof, request: &request, ..*case };
    let refusal = Refusal { step: Step::Verify, error };
    let mut lines = super::advice(refusal, &proof_case, &Peek::at(proof));
    lines.push("Each check of the proof: --profile dpop, with --access-token.".into());
    lines
}

fn wrong_type(peek: &Peek) -> Vec<String> {
    let typ = peek.typ().unwrap_or_default();
    let is_access_token = short_type(typ) == "at+jwt";
    vec![
        match typ {
            "" => "It has no typ: it is not a proof.".into(),
            _ if is_access_token => format!("Its typ is {}: it is an access token, not a proof.", printable(typ)),
            _ => format!("Its typ is {}: it is not a proof.", printable(&format!("{typ:?}"))),
        },
        "Pass the value of the header DPoP, not of the header Authorization.".into(),
    ]
}

fn embedded_key(peek: &Peek) -> Vec<String> {
    match peek.header.as_ref().ok().and_then(|header| header.jwk.as_ref()) {
        None => vec!["The header has no jwk: make the client put its public key there.".into()],
        Some(jwk) if member(jwk, "d").is_some_and(|d| !d.is_null()) => vec![
            "The jwk in the header has a d: the client publishes its private key. Replace".into(),
            "that key, and leave d out.".into(),
        ],
        Some(jwk) => vec![
            format!("jwk  kty {}, crv {}", shown(jwk, "kty"), shown(jwk, "crv")),
            format!("alg  {}", printable(&format!("{:?}", peek.alg()))),
            "It is no public signing key for alg: P-256 for ES256, Ed25519 for EdDSA.".into(),
        ],
    }
}

fn member(jwk: &Json, name: &str) -> Option<Json> {
    jwk.object()?.get(name).cloned()
}

fn shown(jwk: &Json, name: &str) -> String {
    printable(member(jwk, name).as_ref().map_or("absent", Json::text))
}

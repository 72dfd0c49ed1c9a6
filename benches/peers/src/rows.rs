//! The contenders in each row of the tables.

use sha2::Digest as _;
use testkit::{ALGS, Alg};

use crate::contender::{Checks, Contender, Verifier};
use crate::{curves, jsonwebtoken, ours, rs256, tokens};

/// Whole verifications: signature, `typ`, `kid`, `iss`, `aud`, `exp`, `nbf`, `scope`, and that the claims required by
/// RFC 9068 are present. The curves alone are in the same rows.
pub fn verifications() -> Vec<Contender> {
    let mut contenders = Vec::new();
    for alg in ALGS {
        for len in tokens::LENGTHS {
            let row = format!("{}, {len} bytes", alg.name());
            let token = tokens::of_len(alg, len);
            let timed = verifiers(alg).into_iter().map(|verifier| verifier.contender(&row, alg, token.clone()));
            contenders.extend(timed);
        }
    }
    contenders.extend(rs256::contenders());
    contenders
}

#[cfg(feature = "aws_lc_rs")]
fn verifiers(alg: Alg) -> Vec<Verifier> {
    let mut verifiers = vec![
        Verifier::new("embedded-jwt", Checks::ALL, ours::verify(alg)),
        Verifier::new("embedded-jwt, a token that comes again", Checks::ALL, ours::verify_cached(alg)),
        Verifier::new("embedded-jwt on ring", Checks::ALL, ours::verify_on_ring(alg)),
        Verifier::new("embedded-jwt on aws-lc-rs", Checks::ALL, ours::verify_on_aws_lc_rs(alg)),
        Verifier::new("jsonwebtoken, aws_lc_rs", Checks::ALL, jsonwebtoken::verify(alg)),
        Verifier::new("jwt-compact", Checks::ALL, crate::jwt_compact::verify(alg)),
        #[cfg(feature = "josekit")]
        Verifier::new("josekit", Checks::ALL, crate::josekit::verify(alg)),
        Verifier::new("ring, signature alone", Checks::SIGNATURE, curves::verify_by_ring(alg)),
        Verifier::new("aws-lc-rs, signature alone", Checks::SIGNATURE, curves::verify_by_aws_lc_rs(alg)),
    ];
    verifiers.extend(match alg {
        Alg::Es256 => vec![Verifier::new("p256, signature alone", Checks::SIGNATURE, curves::verify(alg))],
        Alg::EdDsa => vec![
            Verifier::new("ed25519-dalek, verify_strict alone", Checks::SIGNATURE, curves::verify(alg)),
            Verifier::new("ed25519-dalek, verify alone", Checks::SIGNATURE, curves::verify_loosely()),
        ],
    });
    verifiers
}

#[cfg(feature = "rust_crypto")]
fn verifiers(alg: Alg) -> Vec<Verifier> {
    vec![
        Verifier::new("embedded-jwt, with the curves' tables", Checks::ALL, ours::verify(alg)),
        Verifier::new("jsonwebtoken, rust_crypto", Checks::ALL, jsonwebtoken::verify(alg)),
        Verifier::new("jwt-simple", Checks::ALL, crate::jwt_simple::verify(alg)),
        // The control: it is in both programs, and none of their features changes it.
        Verifier::new("ring, signature alone", Checks::SIGNATURE, curves::verify_by_ring(alg)),
    ]
}

/// All work except the signature. It must run in a separate process, in which jsonwebtoken accepts every signature.
pub fn other_work() -> Vec<Contender> {
    jsonwebtoken::accept_all_signatures();
    let mut contenders = Vec::new();
    for alg in ALGS {
        let row = format!("all but the signature, {}, {} bytes", alg.name(), tokens::LENGTHS[0]);
        let token = tokens::of_len(alg, tokens::LENGTHS[0]);
        contenders.extend(verifiers_but_signature(alg).map(|verifier| verifier.contender(&row, alg, token.clone())));
    }
    for len in PAYLOAD_LENGTHS {
        let row = format!("all but the signature, payload of {len} bytes");
        let token = tokens::with_payload_len(Alg::EdDsa, len);
        let verifiers = verifiers_but_signature(Alg::EdDsa);
        contenders.extend(verifiers.map(|verifier| verifier.contender(&row, Alg::EdDsa, token.clone())));
    }
    for len in HOSTILE_LENGTHS {
        for (name, token) in tokens::hostile(Alg::EdDsa, len) {
            let row = format!("hostile payload of {len} bytes, {name}");
            let mut refuse = ours::refuse_once_read(Alg::EdDsa);
            contenders.push(Contender::new(&row, "embedded-jwt", move || refuse(std::hint::black_box(&token))));
        }
    }
    for (alg, name, token, reason) in tokens::unsigned() {
        let row = format!("refused without a signature: {name}");
        let mut refuse = ours::refuse(alg, reason);
        contenders.push(Contender::new(&row, "embedded-jwt", move || refuse(std::hint::black_box(&token))));
    }
    let row = "key set of 4 keys";
    contenders.push(Contender::new(row, "embedded-jwt", ours::key_set(JWKS)));
    contenders.push(Contender::new(row, "jsonwebtoken, JwkSet", jsonwebtoken::key_set(JWKS)));
    contenders.push(Contender::new(row, "jsonwebtoken, JwkSet and DecodingKeys", jsonwebtoken::decoded_key_set(JWKS)));
    contenders.push(Contender::new("SHA-256 of 480 bytes", "sha2", || {
        sha2::Sha256::digest(std::hint::black_box([b'x'; 480])).iter().any(|byte| *byte != 0)
    }));
    contenders
}

fn verifiers_but_signature(alg: Alg) -> impl Iterator<Item = Verifier> {
    [
        Verifier::new("embedded-jwt", Checks::ALL_BUT_SIGNATURE, ours::verify_all_but_signature(alg)),
        Verifier::new("jsonwebtoken, decode", Checks::ALL_BUT_SIGNATURE, jsonwebtoken::verify(alg)),
        Verifier::new("jsonwebtoken, insecure_decode", Checks::NOTHING, jsonwebtoken::decode_insecurely()),
    ]
    .into_iter()
}

/// A quarter of the longest payload that fits a token, and the longest.
const HOSTILE_LENGTHS: [usize; 2] = [12_252, 49_008];

/// Growing payloads, to see that the time for each byte does not grow.
const PAYLOAD_LENGTHS: [usize; 4] = [256, 1024, 4096, 16384];

const JWKS: &[u8] = include_bytes!("../../../examples/firmware/tokens/jwks.json");

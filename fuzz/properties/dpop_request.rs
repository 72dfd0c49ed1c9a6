mod case;
mod headers;
mod model;
mod target;

use arbitrary::{Arbitrary, Result, Unstructured};
use embedded_jwt::*;
use testkit::{ACCEPT_ALL, BOTH, strict_json};

use case::ProofCase;
use model::Proven;

/// **Property:** a DPoP proof with any header and claims, correctly signed, gets the same verdict as by a straight-line
/// model of RFC 9449 section 4.3, for any request and any time, known or not, whether the crate or its caller verifies
/// the signature. `Authorization` is read as its grammar says, and what `Challenge` writes has the grammar of
/// `WWW-Authenticate`.
pub fn dpop_request(input: &[u8]) {
    let mut u = Unstructured::new(input);
    let _too_short = check(&mut u);
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    match u.int_in_range(0..=7)? {
        5 => headers::check_authorization_of_pieces(u),
        6 => headers::check_challenge(u),
        7 => {
            let rest = u.len();
            headers::check_authorization(u.bytes(rest)?);
            Ok(())
        }
        _ => {
            agree(&ProofCase::arbitrary(u)?);
            Ok(())
        }
    }
}

fn agree(case: &ProofCase) {
    if strict_json::is_ambiguous(&case.header) || strict_json::is_ambiguous(&case.claims) {
        return;
    }
    let text = case.token();
    let token = match Token::parse(&text) {
        Ok(token) => token,
        Err(error) => return assert_eq!(Err(error), model::parse(case)),
    };
    let nonces: Vec<_> = case.nonces.unwrap_or_default().iter().map(|text| issued(text)).collect();
    let policy = case.policy(&nonces);
    let [mut buf, mut other_buf] = [const { Vec::new() }; 2];
    for buf in [&mut buf, &mut other_buf] {
        buf.resize((2 * token.buffer_len()).saturating_sub(case.missing_bytes), 0xa5);
    }
    // A verifier that accepts everything shows whether the crate has refused the signature itself.
    let all = if case.is_signed { BOTH } else { ACCEPT_ALL };
    let backends = &all[case.algorithms.clone()];
    let verdict = token.verify_dpop(&policy, backends, case.now, &mut buf).map(|proof| contents(&proof));
    let in_two_steps = token.prepare_dpop(&policy, backends, case.now, &mut other_buf).and_then(|prepared| {
        let backend = all.iter().find(|backend| backend.algorithm() == prepared.algorithm()).unwrap();
        let outcome = backend.verify(&prepared.key(), prepared.message(), prepared.signature());
        prepared.caller_asserts(outcome).map(|proof| contents(&proof))
    });
    assert_eq!(verdict, in_two_steps, "{case:?}");
    match (&verdict, model::verify(case, token.buffer_len())) {
        (Ok(ours), Ok(model)) => assert_eq!(*ours, model, "{case:?}"),
        (Err(ours), Err(model)) if is_same(*ours, model) => {}
        (ours, model) => panic!("{ours:?}\nmodel {model:?}\n{case:?}"),
    }
}

fn issued(text: &str) -> DpopNonce {
    let nonce = DpopNonce::new();
    nonce.issue(text);
    nonce
}

fn contents(proof: &DpopProof<'_>) -> Proven {
    Proven {
        thumbprint: *proof.thumbprint().as_bytes(),
        jwt_id: proof.jwt_id().into(),
        issued_at: proof.issued_at().as_secs(),
        usable_until: proof.usable_until().as_secs(),
    }
}

/// Whether two errors count as equal. The order in which claims are read is not documented, so any of several missing
/// or mistyped claims may be named; and an invalid signature may be malformed, or its key no point.
fn is_same(ours: Error, model: Error) -> bool {
    let is_about_types = |error| matches!(error, Error::Missing(_) | Error::Invalid(_));
    let is_about_signature =
        |error| matches!(error, Error::InvalidSignature | Error::InvalidKey | Error::Malformed(Part::Signature));
    let met_first =
        |part| [Error::DuplicateName(part), Error::TooDeep(part), Error::TooManyMembers(part)].contains(&ours);
    match model {
        Error::Malformed(part @ (Part::Header | Part::Payload)) if met_first(part) => true,
        Error::InvalidSignature => is_about_signature(ours),
        _ => ours == model || is_about_types(ours) && is_about_types(model),
    }
}

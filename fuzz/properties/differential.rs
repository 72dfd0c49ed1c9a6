use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use embedded_jwt::*;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Validation};
use properties::Case;
use serde_json::Value;
use testkit::{Alg, BOTH, ISSUER, base64url, keys};

/// **Property:** this crate and `jsonwebtoken` agree on a token that was signed and then perhaps damaged, as far as
/// they check the same: signature, encoding, JSON, `iss`, `aud` and that there is a `sub`. If only one of them accepts
/// it, the reason is a known difference.
///
/// The peer's time checks are off, since it reads the system clock. It is given the right key, since it does not choose
/// one from a set.
pub fn differential(input: &[u8]) {
    let mut u = Unstructured::new(input);
    let Ok((case, damage)) = <(Case, Option<(u16, u8)>)>::arbitrary(&mut u) else { return };
    let whole = case.token().into_bytes();
    let mut token = whole.clone();
    if let Some((at, byte)) = damage {
        let at = usize::from(at) % token.len();
        token[at] = byte;
    }

    let ours = ours(&case, &token);
    if ours.is_ok() && case.signer == Alg::EdDsa {
        assert_eq!(token, whole, "an EdDSA token has only one valid spelling");
    }
    let known = match (ours, peer(&case, &token)) {
        (Ok(()), Ok(())) | (Err(_), Err(_)) => return,
        (Err(error), Ok(())) => explain_our_refusal(error).ok_or(format!("ours refuses: {error:?}")),
        (Ok(()), Err(error)) => explain_peer_refusal(&case, error.kind()).ok_or(format!("the peer refuses: {error}")),
    };
    if let Err(unknown) = known {
        panic!("{unknown}\n{}\n{}", case.header.escape_ascii(), case.claims.escape_ascii());
    }
}

/// The known reason why this crate alone refuses. Never a known reason: an invalid signature, text that is not
/// base64url, and another audience or issuer.
fn explain_our_refusal(error: Error) -> Option<&'static str> {
    Some(match error {
        Error::CriticalHeader => "the peer ignores `crit` (RFC 7515 section 4.1.11)",
        Error::Malformed(Part::Header) => "the peer treats `null` as absent, and ignores `b64`",
        Error::UnknownKey => "the peer leaves `kid` to its caller",
        Error::WrongType => "the peer leaves `typ`, and what marks other kinds of tokens, to its caller",
        Error::DuplicateName(_) => "the peer takes the last of equal names, except where it interprets them",
        Error::TooDeep(_) | Error::TooLarge(_) => "the peer has other limits",
        Error::Invalid(Claim::Issuer) => "the peer accepts an array for `iss` if one entry matches",
        Error::Missing(claim) | Error::Invalid(claim) if !matches!(claim, Claim::Issuer | Claim::Audience) => {
            "the peer checks only `iss`, `aud` and `sub`"
        }
        Error::Expired | Error::NotYetValid | Error::ClockNotSet => "the peer's time checks are off",
        Error::SenderConstrained => "the peer leaves `cnf` to its caller",
        Error::LifetimeTooLong
        | Error::TooOld
        | Error::InsufficientScope
        | Error::AuthenticationTooOld
        | Error::Mismatch(Claim::AuthenticationContext)
        | Error::Unconfigured(_) => "the peer has no such policy",
        _ => return None,
    })
}

/// The known reason why the peer alone refuses. Never a known reason: the signature, the audience and the issuer.
fn explain_peer_refusal(case: &Case, error: &ErrorKind) -> Option<&'static str> {
    let header: Value = serde_json::from_slice(&case.header).unwrap_or_default();
    match error {
        ErrorKind::Json(_) if header["alg"] == "Ed25519" => Some("the peer does not know the name in RFC 9864"),
        ErrorKind::Json(_) if ["cty", "jwk", "x5t"].iter().any(|name| !header[name].is_null()) => {
            Some("the peer checks the types of header members that have no meaning here")
        }
        ErrorKind::MissingRequiredClaim(name) if name == "sub" => Some("the policy for untyped tokens needs no `sub`"),
        _ => None,
    }
}

static KEYS: LazyLock<[Key; 2]> = LazyLock::new(keys);

fn ours(case: &Case, token: &[u8]) -> Result<(), Error> {
    let token = Token::parse(token)?;
    let mut buf = vec![0; 2 * token.buffer_len()];
    let verified = token.verify(&Issuer::new(ISSUER, &*KEYS, BOTH), &mut buf)?;
    verified.into_access_token(&case.policy.for_access_tokens(), case.now).map(|_| ())
}

fn peer(case: &Case, token: &[u8]) -> Result<(), jsonwebtoken::errors::Error> {
    static PEER_KEYS: LazyLock<[DecodingKey; 2]> = LazyLock::new(|| {
        let (x, y) = KEYS[0].public_key().split_at(32);
        let es256 = DecodingKey::from_ec_components(&base64url(x), &base64url(y));
        [es256.unwrap(), DecodingKey::from_ed_components(&base64url(KEYS[1].public_key())).unwrap()]
    });
    let (key, algorithm) = match case.signer {
        Alg::Es256 => (&PEER_KEYS[0], jsonwebtoken::Algorithm::ES256),
        Alg::EdDsa => (&PEER_KEYS[1], jsonwebtoken::Algorithm::EdDSA),
    };
    let mut rules = Validation::new(algorithm);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[case.policy.audience]);
    rules.set_required_spec_claims(&["iss", "aud", "sub"]);
    rules.validate_exp = false;
    jsonwebtoken::decode::<Value>(token, key, &rules).map(|_| ())
}

use arbitrary::{Arbitrary, Unstructured};
use embedded_jwt::*;

use super::common::issuer;
use super::model::{self, Accepted};
use super::{Case, KEYS, strict_json};

/// **Property:** a token that is really signed, of whatever header and claims, is accepted by a policy at a time exactly
/// if a straight-line model of the rules accepts it, and then says what the model says.
pub fn signed_access_token(input: &[u8]) {
    let Ok(case) = Case::arbitrary(&mut Unstructured::new(input)) else { return };
    if strict_json::is_ambiguous(&case.header) || strict_json::is_ambiguous(&case.claims) {
        return;
    }
    match (judge(&case), model::judge(&case)) {
        (Ok(ours), Ok(model)) => assert_eq!(ours, model),
        (Err(Error::BufferTooSmall), _) => panic!("twice buffer_len suffices"),
        (Err(_), Err(_)) => {}
        (ours, model) => {
            let [header, claims] = [&case.header, &case.claims].map(|json| json.escape_ascii());
            panic!("{ours:?}\nmodel {model:?}\n{header}\n{claims}\nat {} by {:?}", case.now, case.policy)
        }
    }
}

fn judge(case: &Case) -> Result<Accepted, Error> {
    let text = case.token();
    let token = Token::parse(&text)?;
    let mut buf = vec![0; 2 * token.buffer_len()];
    let verified = token.verify(&issuer(&*KEYS), &mut buf)?;
    let token = verified.into_access_token(&case.policy.ours(), UnixTime::from_secs(case.now))?;
    assert_eq!(token.issuer(), super::common::ISSUER);
    Ok(Accepted {
        subject: token.subject().map(String::from),
        client_id: token.client_id().map(String::from),
        jwt_id: token.jwt_id().map(String::from),
        audience: token.audience().iter().map(|name| name.to_string()).collect(),
        scopes: token.scopes().map(String::from).collect(),
        expires_at: token.expires_at().as_secs(),
        not_before: token.not_before().map(UnixTime::as_secs),
        issued_at: token.issued_at().map(UnixTime::as_secs),
    })
}

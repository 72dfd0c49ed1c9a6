//! Measures the check of a token against a full list of revocations, none for this token: a verification with a list
//! minus one without. Both leave out the curve.
#![no_std]
#![no_main]

use core::hint::black_box;

use embedded_jwt::{AccessTokenPolicy, Error, Key, Revocation, RevocationList, Token, UnixTime};
use embedded_jwt_firmware::board::{self, entry};
use embedded_jwt_firmware::measure::{self, StandIn};
use embedded_jwt_firmware::trust::{self, ISSUER, NOW, POLICY};

const CAPACITY: usize = 256;
const UNTIL: UnixTime = UnixTime::from_secs(NOW.as_secs() + 300);
static OTHER_KEY: Key = Key::es256(&[1; 32], &[2; 32]);

/// One revocation of each kind except by `jti`. They are at the end of the list, where they are found last.
const OTHERS: [Revocation<'_>; 5] = [
    Revocation::SigningInput(&[3; 32]),
    Revocation::Subject { issuer: ISSUER, subject: "user-4201", issued_before: NOW },
    Revocation::Client { issuer: ISSUER, client_id: "lamp-app", issued_before: NOW },
    Revocation::Key { key: &OTHER_KEY, issued_before: NOW },
    Revocation::Issuer { issuer: "https://idp.example.org", issued_before: NOW },
];

#[entry]
fn main() -> ! {
    board::start();
    let (mut list, mut with_digest) = (RevocationList::new(), RevocationList::new());
    list.start_empty();
    with_digest.start_empty();
    let [_, others @ ..] = &OTHERS;
    let is_full = fill(&mut list, others).is_ok() && fill(&mut with_digest, &OTHERS).is_ok();

    let token = trust::ES256_TOKEN;
    measure::report(b"empty", token, &|token| is_accepted(token, &POLICY));
    let [list, with_digest] = [POLICY.with_revocations(&list), POLICY.with_revocations(&with_digest)];
    measure::report(b"main", token, &|token| is_full && is_accepted(token, &list));
    measure::report(b"signing_input", token, &|token| is_full && is_accepted(token, &with_digest));
    board::exit(true)
}

/// Fills the list with tokens by their `jti`, followed by `others`.
fn fill(list: &mut RevocationList<CAPACITY>, others: &[Revocation<'_>]) -> Result<(), Error> {
    for number in others.len()..CAPACITY {
        let id = [b'a' + (number / 16) as u8, b'a' + (number % 16) as u8];
        let jwt_id = str::from_utf8(&id).unwrap_or_default();
        list.revoke(Revocation::Token { issuer: ISSUER, jwt_id }, UNTIL, NOW)?;
    }
    others.iter().try_for_each(|other| list.revoke(*other, UNTIL, NOW))
}

#[inline(never)]
fn is_accepted(token: &str, policy: &AccessTokenPolicy<'_>) -> bool {
    let issuer = trust::issuer(&trust::ES256_KEYS, &[&StandIn]);
    let token = Token::parse(token)
        .and_then(|token| token.verify(&issuer, measure::buffer()))
        .and_then(|verified| verified.into_access_token(policy, NOW));
    black_box(token).is_ok()
}

//! Measures an ES256 token that is verified again: compact text to `AccessToken`, and a scope check, with its signature
//! in a cache.
#![no_std]
#![no_main]

use core::hint::black_box;

use embedded_jwt::{Es256, SignatureCache, Token};
use embedded_jwt_firmware::board::{self, entry};
use embedded_jwt_firmware::{measure, trust};

#[entry]
fn main() -> ! {
    board::start();
    let cache = SignatureCache::<8>::new();
    let verify = |token| may_write(token, &cache);
    measure::report(b"empty", trust::ES256_TOKEN, &|_| true);
    for (name, token) in [(&b"main"[..], trust::ES256_TOKEN), (b"long", trust::ES256_LONG_TOKEN)] {
        let is_verified = verify(token);
        measure::report(name, token, &|token| is_verified && verify(token));
    }
    board::exit(true)
}

#[inline(never)]
fn may_write(token: &str, cache: &SignatureCache<8>) -> bool {
    let issuer = trust::issuer(&trust::ES256_KEYS, &[&Es256]);
    let token = Token::parse(token)
        .and_then(|token| token.verify_cached(&issuer, cache, measure::buffer()))
        .and_then(|verified| verified.into_access_token(&trust::POLICY, trust::NOW));
    token.is_ok_and(|token| black_box(&token).has_scope("pump:write"))
}

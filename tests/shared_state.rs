//! The example `shared_state`: a list and a window in statics.
#![cfg(all(feature = "es256", feature = "eddsa"))]

#[allow(dead_code, reason = "the example has a `main`")]
#[path = "../examples/shared_state.rs"]
mod shared_state;

use std::thread;

use embedded_jwt::{Error, UnixTime};
use serde_json::json;
use shared_state::{BEARER, accept, revoke, start};
use testkit::{Alg, NOW, claims_with};

/// One test, since the state is shared.
#[test]
fn stores_in_statics_are_shared_by_all_threads() {
    let now = UnixTime::from_secs(NOW);
    let at = |bearer: &[u8], site: &str| accept(bearer, site, now, &mut [0; 1024]).map(drop);
    assert_eq!(at(BEARER, "north"), Err(Error::NotOpened));
    start();
    assert_eq!(at(BEARER, "south"), Err(Error::Denied));

    // The token that the wrong site has refused is used once, by one of the threads.
    let threads: Vec<_> =
        (0..4).map(|_| thread::spawn(move || accept(BEARER, "north", now, &mut [0; 1024]).map(drop))).collect();
    let mut verdicts: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    verdicts.sort_by_key(Result::is_err);
    assert_eq!(verdicts, [Ok(()), Err(Error::Replayed), Err(Error::Replayed), Err(Error::Replayed)]);

    let other = Alg::EdDsa.access_token(&claims_with("jti", json!("token-3")));
    let mut buf = [0; 1024];
    revoke(&accept(other.as_bytes(), "north", now, &mut buf).unwrap(), now).unwrap();
    assert_eq!(at(other.as_bytes(), "north"), Err(Error::Revoked));
}

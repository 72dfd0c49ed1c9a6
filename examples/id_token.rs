//! A login on a device: `cargo run --example id_token`.
//!
//! A panel at a gate is an OpenID Connect client. It has sent the user to the provider, with a nonce of its own, and now has
//! the ID token of this login.

use std::time::Duration;

use embedded_jwt::{Error, Es256, IdTokenPolicy, Issuer, KeySet, Misfit, Token, UnixTime};

/// The user that the panel greets. An ID token identifies its user, but permits nothing: see the example
/// `access_token`.
struct User {
    name: heapless::String<32>,
    /// Logged in with more than a password.
    is_strong: bool,
}

#[derive(serde::Deserialize)]
struct Profile<'b> {
    name: &'b str,
}

/// `nonce` is the nonce that this login was started with. It must be random, and good for one login.
fn log_in(id_token: &[u8], nonce: &str, jwks_json: &mut [u8], now: i64) -> Result<User, Error> {
    let keys = KeySet::<4>::from_jwks(jwks_json)?;
    let issuer = Issuer::new("https://idp.example.com", &keys, &[&Es256]);
    // The audience of an ID token is the client.
    let policy = IdTokenPolicy::new("pump-app").with_nonce(nonce).with_max_age(Duration::from_secs(600));

    let mut buf = [0; 1024];
    let token = Token::parse(id_token)? // three segments; nothing believed
        .verify(&issuer, &mut buf)? // header, key, signature, payload, iss
        .into_id_token(&policy, UnixTime::from_secs(now))?; // OpenID Connect Core 3.1.3.7

    let profile: Profile<'_> = token.claims()?;
    // Copied: the token lives in `buf`.
    let name = profile.name.try_into().map_err(|_| Error::Deserialize(Misfit::NoRoom))?;
    Ok(User { name, is_strong: token.amr().contains("otp") })
}

fn main() {
    // On a device: the body of the issuer's JWKS response, the answer of the token endpoint, and the clock.
    let jwks_json = *br#"{"keys":[{"kty":"EC","crv":"P-256","kid":"es-test","alg":"ES256","use":"sig",
        "x":"kjqAwhVvc2weoah51TiClH2-33xD9nHdcPBXlbFwGcc","y":"YSp9mDTxnjBbt27_z5S5gEWPCO6TVBkse4ldVOfy1hs"}]}"#;
    let now = 1_768_478_400; // 2026-01-15 12:00:00 UTC

    for nonce in ["n-0S6_WzA2Mj", "of-another-login"] {
        match log_in(ID_TOKEN, nonce, &mut jwks_json.clone(), now) {
            Ok(user) => println!("hello {}, {}", user.name, if user.is_strong { "two factors" } else { "one factor" }),
            Err(error) => println!("refused: {error} (code {:#06x})", error.code()),
        }
    }
}

/// Made with a published test key, see `testkit/src/mint.rs`.
const ID_TOKEN: &[u8] = b"eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImVzLXRlc3QifQ.\
    eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6InVzZXItNDIiLCJhdWQiOiJwdW1wLWFwcCIsImV4cCI6MTc2ODQ3ODY0MCwi\
    aWF0IjoxNzY4NDc4MzQwLCJhdXRoX3RpbWUiOjE3Njg0NzgzNDAsIm5vbmNlIjoibi0wUzZfV3pBMk1qIiwiYWNyIjoidXJuOm1hY2U6aW5jb21t\
    b246aWFwOnNpbHZlciIsImFtciI6WyJwd2QiLCJvdHAiXSwibmFtZSI6IkFsaWNlIiwiZW1haWwiOiJhbGljZUBleGFtcGxlLmNvbSJ9.\
    niT8v9xR058VfCaRitNPuuuSvztUKsuyzW0f64JQ0-IkhOuF_3SYka2SW1f2THX-NHIkq6biNyzyrgsSJj3ZmA";

//! The complete code of the README: `cargo run --example access_token`.

use embedded_jwt::{AccessTokenPolicy, EdDsa, Error, Es256, Issuer, KeySet, Token, UnixTime};

/// What this device demands of a token.
const POLICY: AccessTokenPolicy = AccessTokenPolicy::new("urn:device:pump-7");

/// Claims of our own.
#[derive(serde::Deserialize)]
struct PumpClaims<'b> {
    site: &'b str,
    max_rpm: u16,
}

/// How fast the bearer of this token may run the pump, if at all.
fn allowed_rpm(bearer: &[u8], jwks_json: &mut [u8], now: i64) -> Result<Option<u16>, Error> {
    let keys = KeySet::<4>::from_jwks(jwks_json)?;
    let issuer = Issuer::new("https://idp.example.com", &keys, &[&Es256, &EdDsa]);

    let mut buf = [0; 1024];
    let token = Token::parse(bearer)? // three segments; nothing believed
        .verify(&issuer, &mut buf)? // header, key, signature, payload, iss
        .into_access_token(&POLICY, UnixTime::from_secs(now))?; // RFC 9068 and the policy

    if !token.has_scope("pump:write") {
        return Ok(None);
    }
    let pump: PumpClaims = token.claims()?;
    Ok((pump.site == "north").then_some(pump.max_rpm))
}

fn main() {
    // On a device: the body of the issuer's JWKS response, the bearer token of a request, and the clock.
    let mut jwks_json = *br#"{"keys":[{"kty":"EC","crv":"P-256","kid":"es-test","alg":"ES256","use":"sig",
        "x":"kjqAwhVvc2weoah51TiClH2-33xD9nHdcPBXlbFwGcc","y":"YSp9mDTxnjBbt27_z5S5gEWPCO6TVBkse4ldVOfy1hs"}]}"#;
    let now = 1_768_478_400; // 2026-01-15 12:00:00 UTC

    match allowed_rpm(BEARER, &mut jwks_json, now) {
        Ok(Some(rpm)) => println!("may run the pump at {rpm} rpm"),
        Ok(None) => println!("may not run the pump"),
        Err(error) => println!("refused: {error} (code {:#06x})", error.code()),
    }
}

/// Made with a published test key, see `testkit/src/mint.rs`.
const BEARER: &[u8] = b"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVzLXRlc3QifQ.\
    eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6InVzZXItNDIiLCJhdWQiOiJ1cm46ZGV2aWNlOnB1bXAtNyIsImNsaWVudF9p\
    ZCI6InB1bXAtYXBwIiwiZXhwIjoxNzY4NDc4NzAwLCJuYmYiOjE3Njg0NzgzNDAsImlhdCI6MTc2ODQ3ODM0MCwianRpIjoidG9rZW4tMSIsInNj\
    b3BlIjoicHVtcDpyZWFkIHB1bXA6d3JpdGUiLCJzaXRlIjoibm9ydGgiLCJtYXhfcnBtIjozMDAwfQ.\
    LPkNg1VRQM_Vqu3k0mt1Z5cWLsx7ismSrSn69KQH_y5lyK5m6bdYcJO1VJpdbi_haA63PoPdGpLdqzJODK3dcw";

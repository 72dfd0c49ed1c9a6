//! A pump decides whether the bearer of a token may set its speed: everything in fixed-size buffers, nothing on a heap.

use embedded_jwt::{AccessToken, AccessTokenPolicy, EdDsa, Error, Es256, Issuer, KeySet, Token, UnixTime};

const POLICY: AccessTokenPolicy = AccessTokenPolicy::new("urn:device:pump-7");

/// The claims that this issuer adds for pumps.
#[derive(serde::Deserialize)]
struct PumpClaims<'b> {
    site: &'b str,
    max_rpm: u16,
}

enum Decision {
    Run { rpm: u16 },
    ReadOnly,
}

fn main() {
    // On a device: the body of the issuer's JWKS response, the bearer token of a request, and the clock.
    let mut jwks_json = *br#"{"keys":[{"kty":"EC","crv":"P-256","kid":"es-test","alg":"ES256","use":"sig",
        "x":"kjqAwhVvc2weoah51TiClH2-33xD9nHdcPBXlbFwGcc","y":"YSp9mDTxnjBbt27_z5S5gEWPCO6TVBkse4ldVOfy1hs"}]}"#;
    let now = UnixTime::from_secs(1_768_478_400); // 2026-01-15 12:00:00 UTC

    match decide(&mut jwks_json, BEARER, now, 3500) {
        Ok(Decision::Run { rpm }) => println!("run at {rpm} rpm"),
        Ok(Decision::ReadOnly) => println!("may read, not write"),
        Err(error) => println!("refused: {error} (code {:#06x})", error.code()),
    }
}

fn decide(jwks_json: &mut [u8], bearer: &[u8], now: UnixTime, wanted_rpm: u16) -> Result<Decision, Error> {
    let keys = KeySet::<4>::from_jwks(jwks_json)?;
    let issuer = Issuer::new("https://idp.example.com", &keys, &[&Es256, &EdDsa]);

    let mut buf = [0; 1024];
    let token: AccessToken = Token::parse(bearer)? // three segments; nothing believed
        .verify(&issuer, &mut buf)? // header, key, signature, payload, iss
        .into_access_token(&POLICY, now)?; // RFC 9068 and the policy

    if !token.has_scope("pump:write") {
        return Ok(Decision::ReadOnly);
    }
    let pump: PumpClaims = token.claims()?;
    println!("{} of site {} may write", token.subject().unwrap_or("nobody"), pump.site);
    Ok(Decision::Run { rpm: wanted_rpm.min(pump.max_rpm) })
}

/// Made with a published test key, see `tests/common/mod.rs`.
const BEARER: &[u8] = b"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVzLXRlc3QifQ.\
    eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6InVzZXItNDIiLCJhdWQiOiJ1cm46ZGV2aWNlOnB1bXAtNyIsImNsaWVudF9p\
    ZCI6InB1bXAtYXBwIiwiZXhwIjoxNzY4NDc4NzAwLCJuYmYiOjE3Njg0NzgzNDAsImlhdCI6MTc2ODQ3ODM0MCwianRpIjoidG9rZW4tMSIsInNj\
    b3BlIjoicHVtcDpyZWFkIHB1bXA6d3JpdGUiLCJzaXRlIjoibm9ydGgiLCJtYXhfcnBtIjozMDAwfQ.\
    LPkNg1VRQM_Vqu3k0mt1Z5cWLsx7ismSrSn69KQH_y5lyK5m6bdYcJO1VJpdbi_haA63PoPdGpLdqzJODK3dcw";

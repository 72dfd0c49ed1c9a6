//! The tokens of the demo, signed with test keys that are published in `testkit/src/mint.rs` and protect nothing.

pub const ISSUER: &str = "https://idp.example.com";
pub const AUDIENCE: &str = "urn:device:pump-7";

/// 2026-01-15 12:00:00 UTC: the tokens below were issued a minute before.
pub const NOW: i64 = 1_768_478_400;

/// The key set of the issuer, including one key that this crate cannot use.
pub const JWKS: &str = r#"{
    "keys": [
        {"kty": "EC", "crv": "P-256", "kid": "es-test", "use": "sig", "alg": "ES256",
         "x": "kjqAwhVvc2weoah51TiClH2-33xD9nHdcPBXlbFwGcc",
         "y": "YSp9mDTxnjBbt27_z5S5gEWPCO6TVBkse4ldVOfy1hs"},
        {"kty": "OKP", "crv": "Ed25519", "kid": "ed-test", "use": "sig", "alg": "EdDSA",
         "x": "VpfpfapcquWsv4iRTZ4zbu7tV3VxGXpmDdAqXKe3hgI"},
        {"kty": "RSA", "kid": "rsa-test", "use": "sig", "alg": "RS256", "n": "AQAB", "e": "AQAB"}
    ]
}"#;

pub const ES256_TOKEN: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVzLXRlc3QifQ.\
    eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6InVzZXItNDIiLCJhdWQiOiJ1cm46ZGV2aWNlOnB1bXAtNyIsImNsaWVudF9p\
    ZCI6InB1bXAtYXBwIiwiZXhwIjoxNzY4NDc4NzAwLCJuYmYiOjE3Njg0NzgzNDAsImlhdCI6MTc2ODQ3ODM0MCwianRpIjoidG9rZW4tMSIsInNj\
    b3BlIjoicHVtcDpyZWFkIHB1bXA6d3JpdGUiLCJzaXRlIjoibm9ydGgiLCJtYXhfcnBtIjozMDAwfQ.\
    LPkNg1VRQM_Vqu3k0mt1Z5cWLsx7ismSrSn69KQH_y5lyK5m6bdYcJO1VJpdbi_haA63PoPdGpLdqzJODK3dcw";

pub const EDDSA_TOKEN: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkLXRlc3QifQ.\
    eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6InVzZXItNDIiLCJhdWQiOiJ1cm46ZGV2aWNlOnB1bXAtNyIsImNsaWVudF9p\
    ZCI6InB1bXAtYXBwIiwiZXhwIjoxNzY4NDc4NzAwLCJuYmYiOjE3Njg0NzgzNDAsImlhdCI6MTc2ODQ3ODM0MCwianRpIjoidG9rZW4tMiIsInNj\
    b3BlIjoicHVtcDpyZWFkIiwic2l0ZSI6Im5vcnRoIiwibWF4X3JwbSI6MzAwMH0.\
    2DKcLvbG_uFBmSNTdIpKGDhxhQ2cxh1MpxbaGtpq2HrQTJ-eMG6LhPw3vJhIcfZcGetJpTSLgGRWqxSf6dT_AQ";

/// The ID token that came with [`EDDSA_TOKEN`], for the application that the user logged in to: its client id is
/// `pump-app`.
pub const ID_TOKEN: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkLXRlc3QifQ.\
    eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6InVzZXItNDIiLCJhdWQiOiJwdW1wLWFwcCIsImV4cCI6MTc2ODQ3ODcwMCwi\
    aWF0IjoxNzY4NDc4MzQwLCJhdXRoX3RpbWUiOjE3Njg0NzgzMTAsIm5vbmNlIjoibi0wUzZfV3pBMk1qIiwiYXRfaGFzaCI6Ilk0S1RYcklaYW9H\
    UGl5UDRjSkVPd1VpZVdvNGlOYVhGZ1ZoZnF6bGpRUEEifQ.\
    yfiRYDs1DSsNoxk-Jxso_6wXUFcX13xacQyy9UtjbQP4HRv7Y_O8SAfQ9tNNSMmo_CiFRSB0ooY8RQmd22PPDg";

/// [`EDDSA_TOKEN`] with `pump:write` instead of `pump:read`, and its signature kept.
pub const FORGED_TOKEN: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVkLXRlc3QifQ.\
    eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6InVzZXItNDIiLCJhdWQiOiJ1cm46ZGV2aWNlOnB1bXAtNyIsImNsaWVudF9p\
    ZCI6InB1bXAtYXBwIiwiZXhwIjoxNzY4NDc4NzAwLCJuYmYiOjE3Njg0NzgzNDAsImlhdCI6MTc2ODQ3ODM0MCwianRpIjoidG9rZW4tMiIsInNj\
    b3BlIjoicHVtcDp3cml0ZSIsInNpdGUiOiJub3J0aCIsIm1heF9ycG0iOjMwMDB9.\
    2DKcLvbG_uFBmSNTdIpKGDhxhQ2cxh1MpxbaGtpq2HrQTJ-eMG6LhPw3vJhIcfZcGetJpTSLgGRWqxSf6dT_AQ";

//! A request with a DPoP proof (RFC 9449): `cargo run --example dpop`.
//!
//! The access token is bound to a key of the client (`cnf`). Each request brings a proof, signed with this key, for its method
//! and URI: a stolen token is useless without the key, and a recorded request cannot be sent again.

use embedded_jwt::{
    AccessTokenPolicy, DpopPolicy, EdDsa, Error, Es256, Issuer, Key, Now, ReplayWindow, Token, UnixTime,
};

/// The issuer's key. TEST KEY: published in `testkit/src/mint.rs`, never trust it.
static KEYS: [Key; 1] = [Key::es256(&X, &Y).with_kid(b"es-test")];

/// Sets the pump's speed if the request is authorized. `authorization` and `dpop` are the values of these headers.
fn set_speed(authorization: &[u8], dpop: &[u8], used: &ReplayWindow<64, 16>, now: Now) -> Result<(), Error> {
    let issuer = Issuer::new("https://idp.example.com", &KEYS, &[&Es256]);
    let bearer = embedded_jwt::bearer::from_authorization(authorization)?.token();

    // The proof: method and URI of this request, as the client knows them, and this token.
    let (request, mut proof_buf) = (DpopPolicy::new("POST", "https://pump-7.local/speed", bearer), [0; 512]);
    let proof = Token::parse(dpop)?.verify_dpop(&request, &[&EdDsa], now, &mut proof_buf)?;

    // The token: bound to the key of the proof. Once all checks pass, the proof is consumed.
    let policy = AccessTokenPolicy::new("urn:device:pump-7").with_dpop(&proof, used).with_required_scope("pump:write");
    let mut buf = [0; 1024];
    let token = Token::parse(bearer)?.verify(&issuer, &mut buf)?.into_access_token(&policy, now)?;
    println!("speed set for {}", token.subject().unwrap_or("a client"));
    Ok(())
}

fn main() {
    // On a device, after the first start: `restore`, with the snapshot from flash.
    let used = ReplayWindow::<64, 16>::new();
    used.start_empty();
    let now = Now::from(UnixTime::from_secs(1_768_478_400)); // 2026-01-15 12:00:00 UTC

    let authorization = [b"DPoP ", ACCESS_TOKEN].concat();
    for attempt in ["first", "recorded and sent again"] {
        match set_speed(&authorization, PROOF, &used, now) {
            Ok(()) => println!("{attempt}: accepted"),
            Err(error) => println!("{attempt}: refused: {error} (code {:#06x})", error.code()),
        }
    }
}

const X: [u8; 32] = [
    0x92, 0x3a, 0x80, 0xc2, 0x15, 0x6f, 0x73, 0x6c, 0x1e, 0xa1, 0xa8, 0x79, 0xd5, 0x38, 0x82, 0x94, //
    0x7d, 0xbe, 0xdf, 0x7c, 0x43, 0xf6, 0x71, 0xdd, 0x70, 0xf0, 0x57, 0x95, 0xb1, 0x70, 0x19, 0xc7,
];
const Y: [u8; 32] = [
    0x61, 0x2a, 0x7d, 0x98, 0x34, 0xf1, 0x9e, 0x30, 0x5b, 0xb7, 0x6e, 0xff, 0xcf, 0x94, 0xb9, 0x80, //
    0x45, 0x8f, 0x08, 0xee, 0x93, 0x54, 0x19, 0x2c, 0x7b, 0x89, 0x5d, 0x54, 0xe7, 0xf2, 0xd6, 0x1b,
];

/// Made with published test keys, see `testkit/src/mint.rs`.
const ACCESS_TOKEN: &[u8] = b"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVzLXRlc3QifQ.\
    eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6InVzZXItNDIiLCJhdWQiOiJ1cm46ZGV2aWNlOnB1bXAtNyIsImNsaWVudF9p\
    ZCI6InB1bXAtYXBwIiwiZXhwIjoxNzY4NDc4NjQwLCJuYmYiOjE3Njg0NzgzNDAsImlhdCI6MTc2ODQ3ODM0MCwianRpIjoidG9rZW4tMSIsInNj\
    b3BlIjoicHVtcDpyZWFkIHB1bXA6d3JpdGUiLCJyb2xlcyI6WyJvcGVyYXRvciIsIm1haW50YWluZXIiXSwic2l0ZSI6Im5vcnRoIiwibWF4X3Jw\
    bSI6MzAwMCwiY25mIjp7ImprdCI6InI0LURvdEhzSldGRjBHdWxwR3ZPM29OU09qLW1FcFBFZkdMRm5Xc0JnbDgifX0.\
    rTtAB31hFsBz8Fz6qgKT0vPMATyNZaGtqX8uOWyz0qZSg22W9B7E7TsbaEm5XHZMbRRPdfCdoUNtIPVGh_1xYQ";

/// Made with a published test key: the client's.
const PROOF: &[u8] = b"eyJhbGciOiJFZERTQSIsInR5cCI6ImRwb3Arand0IiwiandrIjp7Imt0eSI6Ik9LUCIsImNydiI6IkVkMjU1MTkiLCJ4IjoiVnBmcGZhcGNxdVdzdjRpUlRaNHpidTd0VjNWeEdYcG1EZEFxWEtlM2hnSSJ9fQ.\
    eyJqdGkiOiJwcm9vZi0xIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vcHVtcC03LmxvY2FsL3NwZWVkIiwiaWF0IjoxNzY4NDc4NDAwLCJh\
    dGgiOiJWa05TcXkyOVVfTUs2ZzlBTXJXNG5Bd3VJSlZFdHU0RHBsRnpJWDVWcndBIn0.\
    GGB_j86rw9VuI_aWpZZb5EOhCPa-J0VcSgBSXMSkiOk32T0X-jvHhu3mUZCsm1ET52DOf2SzAAiWhhwZWiIdAg";

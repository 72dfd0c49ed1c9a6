//! Measures a token that is read into the user's own type: the cost of `claims::<C>()`.
#![no_std]
#![no_main]

use embedded_jwt::{EdDsa, Error, Token};
use embedded_jwt_firmware::{board::entry, measure, trust};

#[derive(serde::Deserialize)]
struct PumpClaims<'b> {
    site: &'b str,
    exp: u64,
    scope: heapless::String<64>,
}

#[entry]
fn main() -> ! {
    measure::tokens(trust::EDDSA_TOKEN, trust::EDDSA_LONG_TOKEN, |token| verify(token) == Ok(true))
}

fn verify(text: &str) -> Result<bool, Error> {
    let issuer = trust::issuer(&trust::EDDSA_KEYS, &[&EdDsa]);
    let verified = Token::parse(text)?.verify(&issuer, measure::buffer())?;
    let claims: PumpClaims = verified.into_access_token(&trust::POLICY, trust::NOW)?.claims()?;
    Ok(claims.site == "north" && claims.exp > 0 && claims.scope.contains("pump:read"))
}

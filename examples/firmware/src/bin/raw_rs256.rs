//! Measures RS256 by the arithmetic library alone: base64 of the signature, its power in Montgomery form, and a
//! comparison with the encoded block of the message. The crate takes less than this, since it does not convert back.
#![no_std]
#![no_main]

use base64ct::{Base64UrlUnpadded, Encoding};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{EncodedUint, MontyForm, MontyMultiplier, Odd, U2048};
use embedded_jwt_firmware::{board::entry, measure, trust};
use sha2::{Digest, Sha256};

#[entry]
fn main() -> ! {
    measure::tokens(trust::RS256_TOKEN, trust::RS256_LONG_TOKEN, |token| verify(token).is_some())
}

fn verify(token: &str) -> Option<()> {
    let (signing_input, signature) = token.rsplit_once('.')?;
    let mut bytes = [0; 256];
    Base64UrlUnpadded::decode(signature, &mut bytes).ok()?;
    let params = params(&trust::RS256_MODULUS)?;
    (*power(&bytes, &params).as_ref() == encoded_block(signing_input.as_bytes())).then_some(())
}

/// Not inlined, so that its temporary numbers are no longer on the stack when `power` runs.
#[inline(never)]
fn params(modulus: &[u8; 256]) -> Option<Params> {
    Odd::new(U2048::from_be_slice(modulus)).into_option().map(Params::new_vartime)
}

/// The power by 65,537, which is 2^16 + 1.
#[inline(never)]
fn power(base: &[u8; 256], params: &Params) -> EncodedUint<{ U2048::LIMBS }> {
    let base = FixedMontyForm::new(&U2048::from_be_slice(base), params);
    let mut multiplier = <FixedMontyForm<_> as MontyForm>::Multiplier::from(params);
    let mut power = base;
    for _ in 0..16 {
        let factor = power;
        multiplier.mul_assign(&mut power, &factor);
    }
    multiplier.mul_assign(&mut power, &base);
    power.retrieve().to_be_bytes()
}

fn encoded_block(message: &[u8]) -> [u8; 256] {
    let mut block = [0xff; 256];
    block[..2].copy_from_slice(&[0, 1]);
    block[204..224]
        .copy_from_slice(b"\x00\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20");
    block[224..].copy_from_slice(&Sha256::digest(message));
    block
}

type Params = FixedMontyParams<{ U2048::LIMBS }>;

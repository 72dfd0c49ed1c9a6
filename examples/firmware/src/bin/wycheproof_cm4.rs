//! Checks the backend in assembly on the chip that it is for: its self-test, a token's signature and Project
//! Wycheproof's vectors for ES256 with the verdicts of `Es256`. It must refuse the token's signature if any bit of the
//! signature, the key or the message is flipped.
#![no_std]
#![no_main]

use embedded_jwt::{Algorithm, Es256Cm4, Key, SelfTest, Signature, SignatureAlgorithm, self_test};
use embedded_jwt_firmware::board::{self, Serial, entry};

/// Each vector: the point, `r` and `s`, the length of the message in two bytes, the message, and whether it is valid.
static VECTORS: &[u8] = include_bytes!("../../tokens/wycheproof-es256.bin");
/// How many vectors there are, how many of them are valid, and the bits of key, signature and message of the first one.
const COUNTS: [u64; 3] = [242, 174, 3_808];

#[entry]
fn main() -> ! {
    board::start();
    if self_test(&Es256Cm4) != Ok(SelfTest::Strict) {
        fail(b"self-test");
    }
    let (mut vectors, mut valid, mut flips) = (0, 0, 0);
    let mut rest = VECTORS;
    while let Some(vector) = Vector::take(&mut rest) {
        if vector.verdict() != vector.is_valid {
            fail(b"vector");
        }
        if valid == 0 && vector.is_valid {
            flips = vector.refused_flips();
        }
        vectors += 1;
        valid += u64::from(vector.is_valid);
    }
    for (name, count) in [(&b"vectors "[..], vectors), (b" valid ", valid), (b" flips ", flips)] {
        Serial.write(name);
        Serial.write_number(count);
    }
    Serial.write(b"\n");
    board::exit([vectors, valid, flips] == COUNTS)
}

#[derive(Clone, Copy)]
struct Vector {
    key: [u8; 64],
    signature: [u8; 64],
    message: &'static [u8],
    is_valid: bool,
}

impl Vector {
    fn take(rest: &mut &'static [u8]) -> Option<Self> {
        let mut take = |len: usize| {
            let (part, tail) = rest.split_at_checked(len)?;
            *rest = tail;
            Some(part)
        };
        let [key, signature] = [take(64)?, take(64)?].map(|part| part.try_into().unwrap());
        let len = u16::from_be_bytes(take(2)?.try_into().ok()?);
        Some(Self { key, signature, message: take(len.into())?, is_valid: take(1)? == [1] })
    }

    fn verdict(&self) -> bool {
        self.accepts(self.message)
    }

    fn accepts(&self, message: &[u8]) -> bool {
        let ([x, y], []) = self.key.as_chunks() else { return false };
        let signature = Signature::new(Algorithm::Es256, &self.signature).unwrap();
        Es256Cm4.verify(&Key::es256(x, y), message, signature).is_ok()
    }

    /// The number of bits in key, signature and message. The backend must refuse the vector with any of them flipped.
    fn refused_flips(&self) -> u64 {
        for bit in 0..64 * 8 {
            let [mut key, mut signature] = [*self; 2];
            key.key[bit / 8] ^= 1 << (bit % 8);
            signature.signature[bit / 8] ^= 1 << (bit % 8);
            if key.verdict() || signature.verdict() {
                fail(b"flip");
            }
        }
        let mut message = [0; 512];
        let message = &mut message[..self.message.len()];
        message.copy_from_slice(self.message);
        for bit in 0..message.len() * 8 {
            message[bit / 8] ^= 1 << (bit % 8);
            if self.accepts(message) {
                fail(b"message");
            }
            message[bit / 8] ^= 1 << (bit % 8);
        }
        (2 * 64 * 8 + message.len() * 8) as u64
    }
}

fn fail(name: &[u8]) -> ! {
    Serial.write(b"wrong verdict: ");
    Serial.write(name);
    Serial.write(b"\n");
    board::exit(false)
}

use std::sync::LazyLock;

use embedded_jwt::{Algorithm, BackendError, Key, Signature, SignatureAlgorithm};
use testkit::{Alg, base64url};

/// A backend that accepts every signature, so that the code after the signature check is reached without a valid one.
#[derive(Debug)]
pub struct Careless(pub Algorithm);

impl SignatureAlgorithm for Careless {
    fn algorithm(&self) -> Algorithm {
        self.0
    }

    fn verify(&self, _: &Key, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> {
        Ok(())
    }
}

pub const CARELESS: &[&dyn SignatureAlgorithm] = &[&Careless(Algorithm::Es256), &Careless(Algorithm::EdDsa)];

/// A token that only [`CARELESS`] accepts. The numbers in its signature are in range for both algorithms.
pub fn unsigned(header: &[u8], payload: &[u8]) -> String {
    static SIGNATURE: LazyLock<String> = LazyLock::new(|| base64url(&Alg::EdDsa.sign(b"anything")));
    format!("{}.{}.{}", base64url(header), base64url(payload), *SIGNATURE)
}

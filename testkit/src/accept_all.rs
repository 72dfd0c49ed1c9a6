//! A backend that accepts every signature, to reach the code after the signature check without a valid one.

use std::sync::LazyLock;

use embedded_jwt::{Algorithm, BackendError, PublicKey, Signature, SignatureAlgorithm};

use crate::{Alg, base64url};

/// Accepts every signature of this algorithm, as hardware without checks of its own might.
#[derive(Debug)]
pub struct AcceptAll(pub Algorithm);

impl SignatureAlgorithm for AcceptAll {
    fn algorithm(&self) -> Algorithm {
        self.0
    }

    fn verify(&self, _: &PublicKey<'_>, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> {
        Ok(())
    }
}

pub const ACCEPT_ALL: &[&dyn SignatureAlgorithm] = &[&AcceptAll(Algorithm::Es256), &AcceptAll(Algorithm::EdDsa)];

/// A token that only [`ACCEPT_ALL`] accepts. The numbers in its signature are in range for both algorithms.
pub fn unsigned(header: &[u8], payload: &[u8]) -> String {
    static SIGNATURE: LazyLock<String> = LazyLock::new(|| base64url(&Alg::EdDsa.sign(b"anything")));
    format!("{}.{}.{}", base64url(header), base64url(payload), *SIGNATURE)
}

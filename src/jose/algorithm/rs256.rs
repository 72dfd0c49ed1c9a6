//! The software backend for RS256.

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{MontyForm, MontyMultiplier, Odd, U2048};

use super::rsa::{MODULUS_LEN, Numbers, encoded_block, numbers};
use super::{Algorithm, BackendError, Signature, SignatureAlgorithm};
use crate::jose::PublicKey;

/// RS256 in software ([RFC 7518 section 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)): RSASSA-PKCS1-v1_5 with
/// SHA-256 ([RFC 8017 section 8.2.2](https://www.rfc-editor.org/rfc/rfc8017#section-8.2.2)), with the arithmetic of the
/// crate `crypto-bigint`.
///
/// For issuers that offer nothing else. ES256 and EdDSA have shorter keys and signatures: an RS256 token is 256 characters
/// longer, and a key takes 256 bytes.
///
/// # Example: an access token of an issuer that signs with RS256
///
/// ```
/// use embedded_jwt::{AccessTokenPolicy, Error, Issuer, KeySet, OwnedKey, Rs256, Token, UnixTime};
///
/// const POLICY: AccessTokenPolicy = AccessTokenPolicy::untyped("urn:device:pump-7");
///
/// fn may_write(bearer: &[u8], keys: &KeySet<6, OwnedKey>, now: UnixTime) -> Result<bool, Error> {
///     let keys = keys.as_keys();
///     let issuer = Issuer::new("https://tenant.auth0.com/", &keys, &[&Rs256]);
///     let mut buf = [0; 2048];
///     let token = Token::parse(bearer)?.verify(&issuer, &mut buf)?.into_access_token(&POLICY, now)?;
///     Ok(token.has_scope("pump:write"))
/// }
/// ```
///
/// [`KeySet::with_rsa`](crate::KeySet::with_rsa) makes the set; [`Key::rsa`](crate::Key::rsa) is for a key in flash.
#[derive(Clone, Copy, Debug)]
pub struct Rs256;

impl SignatureAlgorithm for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Rs256
    }

    fn verify(&self, key: &PublicKey<'_>, message: &[u8], signature: Signature<'_>) -> Result<(), BackendError> {
        let Numbers { modulus, signature } = numbers(key, signature)?;
        match &montgomery_params(modulus) {
            Some(params) if is_block_of(message, signature, params) => Ok(()),
            Some(_) => Err(BackendError::InvalidSignature),
            None => Err(BackendError::InvalidKey),
        }
    }
}

type Params = FixedMontyParams<{ U2048::LIMBS }>;

/// The parameters of the modulus for Montgomery multiplication; `None` if it is even.
///
/// This function and the next are not inlined: the temporary numbers of both together would take 1 KB more stack.
#[inline(never)]
fn montgomery_params(modulus: &[u8; MODULUS_LEN]) -> Option<Params> {
    Some(Params::new_vartime(Odd::new(U2048::from_be_slice(modulus)).into_option()?))
}

/// Whether the signature, raised to 65,537, is the encoded block of the message. The exponent is 2^16 + 1; the library's
/// function for any exponent needs a table of four kilobytes. Squares are products here, since the library's function for
/// squares is as fast and takes 600 bytes more flash.
#[inline(never)]
fn is_block_of(message: &[u8], signature: &[u8; MODULUS_LEN], params: &Params) -> bool {
    let number = U2048::from_be_slice(signature);
    let mut multiplier = <FixedMontyForm<{ U2048::LIMBS }> as MontyForm>::Multiplier::from(params);
    let mut power = FixedMontyForm::new(&number, params);
    for _ in 0..16 {
        let factor = power;
        multiplier.mul_assign(&mut power, &factor);
    }
    // The product of a number in Montgomery form and one that is not in it is not in it: nothing has to be converted back.
    multiplier.mul_assign(&mut power, &FixedMontyForm::from_montgomery(number, params));
    *power.as_montgomery().to_be_bytes().as_ref() == encoded_block(message)
}

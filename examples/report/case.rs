//! A token and the inputs of its verification.

use embedded_jwt::PublicKey;

use crate::request::Request;

pub struct Case<'a> {
    pub token: &'a [u8],
    pub keys: &'a [PublicKey<'a>],
    /// The number of the issuer's keys that cannot be used.
    pub skipped: usize,
    pub request: &'a Request,
    pub buffer_len: usize,
}

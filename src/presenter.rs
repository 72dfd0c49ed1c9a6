use core::fmt;

use crate::json::Value;
use crate::{Claim, Confirmation, DpopProof, Error, Thumbprint, UnixTime};

/// What is known of who presents an access token, for one that is bound to a key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Presenter<'a> {
    /// Nothing: only tokens that are bound to no key are accepted.
    Bearer,
    /// Nothing, and bound tokens are accepted all the same.
    Unchecked,
    /// They hold the private key of this certificate.
    Certificate(Thumbprint),
    /// They signed this proof.
    Dpop(&'a DpopProof<'a>, &'a dyn ReplayCheck),
}

impl Presenter<'_> {
    /// # Errors
    ///
    /// - [`Error::SenderConstrained`]: the token is bound to a key, and nothing proves possession.
    /// - [`Error::Invalid`]: `cnf` cannot be read.
    /// - [`Error::Missing`], [`Error::Mismatch`]: the token is not bound to the key that was proven.
    /// - [`Error::TooOld`]: the proof is no longer about now.
    pub(crate) fn check(&self, cnf: Option<Value<'_>>, now: UnixTime) -> Result<(), Error> {
        let holds = match (self, cnf) {
            (Self::Bearer, None) => true,
            (Self::Bearer, Some(_)) => return Err(Error::SenderConstrained),
            (Self::Unchecked, cnf) => cnf.map(Confirmation::parse).transpose().map(|_| true)?,
            (_, None) => return Err(Error::Missing(Claim::Confirmation)),
            (Self::Certificate(thumbprint), Some(cnf)) => Confirmation::parse(cnf)?.is_by_certificate(*thumbprint),
            (Self::Dpop(proof, _), Some(_)) if now > proof.usable_until() => return Err(Error::TooOld),
            (Self::Dpop(proof, _), Some(cnf)) => Confirmation::parse(cnf)?.is_by_key(proof.thumbprint()),
        };
        if holds { Ok(()) } else { Err(Error::Mismatch(Claim::Confirmation)) }
    }

    /// Uses up what may be used once. For the very end, so that what is refused uses up nothing.
    pub(crate) fn use_once(&self, now: UnixTime) -> Result<(), Error> {
        match self {
            Self::Dpop(proof, replay) => {
                replay.use_once(proof.thumbprint().as_bytes(), proof.jwt_id(), proof.usable_until(), now)
            }
            _ => Ok(()),
        }
    }
}

/// Remembers what may be used once, such as a DPoP proof
/// ([RFC 9449 section 11.1](https://www.rfc-editor.org/rfc/rfc9449#section-11.1)).
///
/// # Example: eight places, in a `RefCell`
///
/// ```
/// use core::cell::RefCell;
/// use embedded_jwt::{Error, ReplayCheck, UnixTime};
///
/// #[derive(Debug, Default)]
/// struct Eight(RefCell<heapless::Vec<(Vec<u8>, String, UnixTime), 8>>);
///
/// impl ReplayCheck for Eight {
///     fn use_once(&self, scope: &[u8], id: &str, until: UnixTime, now: UnixTime) -> Result<(), Error> {
///         let mut used = self.0.borrow_mut();
///         used.retain(|(_, _, until)| now <= *until);
///         if used.iter().any(|(earlier_scope, earlier_id, _)| earlier_scope == scope && earlier_id == id) {
///             return Err(Error::Replayed);
///         }
///         used.push((scope.to_vec(), id.to_string(), until)).map_err(|_| Error::Replayed) // full
///     }
/// }
///
/// let replay = Eight::default();
/// let (now, until) = (UnixTime::from_secs(1_768_478_400), UnixTime::from_secs(1_768_478_460));
/// assert_eq!(replay.use_once(b"a key's thumbprint", "id-1", until, now), Ok(()));
/// assert_eq!(replay.use_once(b"a key's thumbprint", "id-1", until, now), Err(Error::Replayed));
/// ```
pub trait ReplayCheck: fmt::Debug {
    /// Uses `id` up at `now`, and remembers so until `until` has passed: then it is refused for its age.
    ///
    /// `scope` is whose id it is, such as the thumbprint of the key that signed: ids are unique only within it. The
    /// client has chosen the id, of any length: keep a digest of both. Called after all else has passed.
    ///
    /// # Errors
    ///
    /// [`Error::Replayed`] if it was used before, and if it cannot be remembered: what is full refuses.
    fn use_once(&self, scope: &[u8], id: &str, until: UnixTime, now: UnixTime) -> Result<(), Error>;
}

/// Remembers nothing: whatever was recorded can be used again for as long as it is fresh.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowReplay;

impl ReplayCheck for AllowReplay {
    fn use_once(&self, _scope: &[u8], _id: &str, _until: UnixTime, _now: UnixTime) -> Result<(), Error> {
        Ok(())
    }
}

//! JOSE headers: the members that verification uses, and the unverified header for logs (RFC 7515 section 4).

use crate::error::{Error, Part};
use crate::jose::json::{JsonStr, Value};
use crate::jose::{Algorithm, SignatureAlgorithm};

/// The members of a JOSE header that verification uses
/// ([RFC 7515 section 4](https://www.rfc-editor.org/rfc/rfc7515#section-4)).
#[derive(Clone, Copy)]
pub(crate) struct Header<'b> {
    alg: JsonStr<'b>,
    pub(crate) kid: Option<JsonStr<'b>>,
    pub(crate) typ: Option<JsonStr<'b>>,
    has_crit: bool,
    is_unencoded: bool,
}

impl<'b> Header<'b> {
    /// Reads a header.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if it is not an object, has no `alg`, or its `alg`, `kid` or `typ` is not a string.
    pub(crate) fn parse(json: Value<'b>) -> Result<Self, Error> {
        let malformed = Error::Malformed(Part::Header);
        let [alg, kid, typ, crit, b64] = json.members(["alg", "kid", "typ", "crit", "b64"]).ok_or(malformed)?;
        let string = |value: Value<'b>| value.string().ok_or(malformed);
        Ok(Self {
            alg: alg.map(string).transpose()?.ok_or(malformed)?,
            kid: kid.map(string).transpose()?,
            typ: typ.map(string).transpose()?,
            has_crit: crit.is_some(),
            is_unencoded: b64.is_some_and(|b64| b64.text() != "true"),
        })
    }

    /// Refuses headers that this crate does not process.
    ///
    /// # Errors
    ///
    /// - [`Error::CriticalHeader`]: there is a `crit`, whatever its value. A well-formed `crit` names an extension, and
    ///   this crate supports none ([section 4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11)).
    /// - [`Error::Malformed`]: there is a `b64` other than `true`, which no JWT may have
    ///   ([RFC 7797 section 7](https://www.rfc-editor.org/rfc/rfc7797#section-7)).
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.has_crit {
            return Err(Error::CriticalHeader);
        }
        if self.is_unencoded {
            return Err(Error::Malformed(Part::Header));
        }
        Ok(())
    }

    /// Chooses the backend for the algorithm that `alg` names
    /// ([RFC 8725 section 3.1](https://www.rfc-editor.org/rfc/rfc8725#section-3.1)).
    pub(crate) fn choose_backend<'a>(
        &self,
        algorithms: &[&'a dyn SignatureAlgorithm],
    ) -> Result<&'a dyn SignatureAlgorithm, Error> {
        Algorithm::from_name(self.alg)
            .and_then(|algorithm| algorithms.iter().find(|backend| backend.algorithm() == algorithm))
            .copied()
            .ok_or(Error::UnsupportedAlgorithm)
    }
}

/// The header of a token before anything is verified: for logs, and to decide whether to fetch keys again. Anyone may
/// have written it.
#[derive(Clone, Copy, Debug)]
pub struct UnverifiedHeader<'b> {
    alg: &'b str,
    kid: Option<&'b str>,
    typ: Option<&'b str>,
}

impl<'b> UnverifiedHeader<'b> {
    /// Unescapes strings into `scratch` where necessary.
    pub(crate) fn new(header: Header<'b>, mut scratch: &'b mut [u8]) -> Result<Self, Error> {
        let mut unescape = |string: JsonStr<'b>| string.unescape_into(&mut scratch);
        Ok(Self {
            alg: unescape(header.alg)?,
            kid: header.kid.map(&mut unescape).transpose()?,
            typ: header.typ.map(&mut unescape).transpose()?,
        })
    }

    /// The algorithm's name ([RFC 7515 section 4.1.1](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.1)).
    pub fn alg(&self) -> &'b str {
        self.alg
    }

    /// The id of the issuer's key ([RFC 7515 section 4.1.4](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.4)).
    pub fn kid(&self) -> Option<&'b str> {
        self.kid
    }

    /// The kind of token ([RFC 7515 section 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
    pub fn typ(&self) -> Option<&'b str> {
        self.typ
    }
}

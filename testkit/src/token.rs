//! A token under construction: one kind of token, one fault at most.

use std::slice;

use embedded_jwt::UnixTime;
use serde_json::{Value, json};

use crate::{Alg, NOW, base64url, with};

/// A token to be signed with a test key: valid as it is, or with one fault.
///
/// Begin with [`TestIssuer`](crate::TestIssuer), [`dpop_proof`](crate::dpop_proof) or a [shape](crate::shapes), change
/// one thing, and [`mint`](Self::mint). Each method that puts in a fault names the error with which a
/// policy refuses it.
///
/// ```
/// use embedded_jwt_testkit::TestIssuer;
///
/// let good = TestIssuer::new("https://idp.example.com").access_token("urn:device:door-7").scope("door:open");
/// let (accepted, refused) = (good.mint(), good.expired().mint());
/// assert_ne!(accepted, refused);
/// ```
#[derive(Clone, Debug)]
pub struct TestToken {
    header: Value,
    claims: Value,
    signer: Signer,
    fault: Option<Fault>,
    /// The time at which it is presented.
    now: i64,
}

/// The key that signs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signer {
    Alg(Alg),
    #[cfg(feature = "rs256")]
    Rs256,
}

/// A fault of the text, not of header or claims.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Forged,
    CutOff,
    /// The signature is over this header.
    #[cfg(feature = "rs256")]
    SignedHeader(Value),
    /// The token is encrypted: after the header come these segments.
    #[cfg(feature = "rs256")]
    Encrypted(&'static str),
}

impl TestToken {
    pub(crate) fn new(signer: Signer, header: Value, claims: Value) -> Self {
        Self { header, claims, signer, fault: None, now: NOW }
    }

    pub(crate) fn with_fault(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    /// The text of the token, as a device receives it.
    pub fn mint(&self) -> String {
        let [header, claims] = [&self.header, &self.claims].map(segment);
        let signing_input = format!("{header}.{claims}");
        match &self.fault {
            None => format!("{signing_input}.{}", self.sign(&signing_input)),
            Some(Fault::Forged) => format!("{signing_input}.{}", self.sign("something else")),
            Some(Fault::CutOff) => signing_input,
            #[cfg(feature = "rs256")]
            Some(Fault::SignedHeader(signed)) => {
                format!("{signing_input}.{}", self.sign(&format!("{}.{claims}", segment(signed))))
            }
            #[cfg(feature = "rs256")]
            Some(Fault::Encrypted(rest)) => format!("{header}.{rest}"),
        }
    }

    /// The signature as a segment.
    fn sign(&self, message: &str) -> String {
        match self.signer {
            Signer::Alg(alg) => base64url(&alg.sign(message.as_bytes())),
            #[cfg(feature = "rs256")]
            Signer::Rs256 => base64url(&crate::rs256_sign(message.as_bytes())),
        }
    }
}

/// Changes that keep the token valid, if the policy agrees.
impl TestToken {
    /// Sets a claim, also one of the crate's own: strings, numbers and lists convert, and [`json!`](crate::json) makes
    /// the rest.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    /// Sets a member of the header.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    /// Sets the scopes, which are separated by spaces.
    pub fn scope(self, scope: &str) -> Self {
        self.claim("scope", scope)
    }

    /// Sets the id (`jti`). Tokens begin with `token-1` and proofs with `proof-1`, and a device that accepts each once
    /// needs another for the next.
    pub fn id(self, jwt_id: &str) -> Self {
        self.claim("jti", jwt_id)
    }

    /// Binds the token to the client's key of this algorithm, with which [`dpop_proof`](crate::dpop_proof) signs
    /// ([RFC 9449 section 6](https://www.rfc-editor.org/rfc/rfc9449#section-6)). Without a proof the token is refused
    /// with `SenderConstrained`.
    pub fn bound_to(self, client: Alg) -> Self {
        self.claim("cnf", json!({"jkt": client.key().thumbprint().to_string()}))
    }

    /// Refers to an entry of a [status list](crate::TestIssuer::status_list): `Revoked` or `StatusUnknown`, as the list
    /// says.
    pub fn status(self, uri: &str, index: usize) -> Self {
        self.claim("status", json!({"status_list": {"idx": index, "uri": uri}}))
    }

    /// Moves all times of the token, so that it is as valid at `now` as it was at [`NOW`].
    ///
    /// # Panics
    ///
    /// If a time of the token would then exceed 64 bits.
    pub fn at(self, now: UnixTime) -> Self {
        let seconds = now.as_secs().checked_sub(self.now).expect(TOO_FAR);
        Self { now: now.as_secs(), ..self.shifted(seconds) }
    }

    fn shifted(mut self, seconds: i64) -> Self {
        for name in ["iat", "nbf", "exp", "auth_time"] {
            let Some(time) = self.claims.get(name) else { continue };
            if let Some(time) = time.as_i64() {
                self.claims[name] = json!(time.checked_add(seconds).expect(TOO_FAR));
            } else if let Some(time) = time.as_f64() {
                self.claims[name] = json!(time + seconds as f64);
            }
        }
        self
    }
}

/// One fault each.
impl TestToken {
    /// Signs something else: `InvalidSignature`.
    pub fn forged(self) -> Self {
        self.with_fault(Fault::Forged)
    }

    /// Loses the signature: `Malformed(Token)`.
    pub fn cut_off(self) -> Self {
        self.with_fault(Fault::CutOff)
    }

    /// Claims to need no signature (`alg` is `none`): `UnsupportedAlgorithm`.
    pub fn unsigned(self) -> Self {
        self.header("alg", "none")
    }

    /// Names a key that the issuer does not have: `UnknownKey`, if the keys of the device have a `kid`.
    ///
    /// # Panics
    ///
    /// On a DPoP proof, which contains its key.
    #[track_caller]
    pub fn unknown_key(self) -> Self {
        assert!(!self.is_proof(), "a DPoP proof contains its key, so that it cannot name an unknown one");
        self.header("kid", "of-nobody")
    }

    /// Demands an extension that nobody knows: `CriticalHeader`.
    pub fn critical(self) -> Self {
        self.header("crit", json!(["of-nobody"])).header("of-nobody", true)
    }

    /// Has the type of a logout token, or if it is one, of a security event: `WrongType`. To test that ID tokens are
    /// refused, send an [ID token](crate::TestIssuer::id_token).
    pub fn wrong_type(self) -> Self {
        let is_logout = self.header["typ"].as_str().is_some_and(|typ| typ.to_lowercase().ends_with("logout+jwt"));
        self.header("typ", if is_logout { "secevent+jwt" } else { "logout+jwt" })
    }

    /// Comes from another issuer, which has the same keys and a longer name: `Mismatch(Issuer)`.
    ///
    /// # Panics
    ///
    /// On a token without an issuer, and on a DPoP proof.
    #[track_caller]
    pub fn other_issuer(self) -> Self {
        assert!(!self.is_proof(), "nothing checks the issuer of a DPoP proof");
        let iss = self.claims["iss"].as_str().expect("a token without `iss` cannot come from another issuer");
        let other = format!("{iss}/another");
        self.claim("iss", other)
    }

    /// Is for another device, with a longer name: `Mismatch(Audience)`.
    ///
    /// # Panics
    ///
    /// On a DPoP proof, which needs no audience.
    #[track_caller]
    pub fn other_audience(self) -> Self {
        assert!(!self.is_proof(), "nothing checks the audience of a DPoP proof");
        let audiences = match &self.claims["aud"] {
            Value::Array(list) => list,
            one => slice::from_ref(one),
        };
        // Longer than each of them. A policy for tokens without an audience accepts none.
        let longest = audiences.iter().filter_map(Value::as_str).max_by_key(|aud| aud.len());
        let other = format!("{}-another", longest.unwrap_or("urn:device"));
        self.claim("aud", other)
    }

    /// Grants nothing: `InsufficientScope`, if the policy requires a scope.
    ///
    /// # Panics
    ///
    /// On a token that has neither `scope` nor `scp`, and on a DPoP proof.
    #[track_caller]
    pub fn missing_scope(self) -> Self {
        let has = |name| self.claims.get(name).is_some();
        assert!(!self.is_proof(), "nothing checks the scope of a DPoP proof");
        assert!(has("scope") || has("scp"), "the token has no scope that could be missing");
        Self { claims: with(with(self.claims, "scope", Value::Null), "scp", Value::Null), ..self }
    }

    /// Lacks a claim: `Missing`, if the policy needs it, or `Deserialize(Missing)`, if your own type does. Without the
    /// scopes it is `InsufficientScope`.
    ///
    /// # Panics
    ///
    /// On a token that does not have the claim.
    #[track_caller]
    pub fn without(self, name: &str) -> Self {
        assert!(self.claims.get(name).is_some(), "the token has no claim `{name}` that could be missing");
        Self { claims: with(self.claims, name, Value::Null), ..self }
    }

    /// Has ended: all times are moved back, by an hour or more. `Expired`. A DPoP proof without
    /// `exp` is refused with `ProofTooOld`, on a device that knows the time.
    ///
    /// # Panics
    ///
    /// On a token without an end, unless it is a DPoP proof.
    #[track_caller]
    pub fn expired(self) -> Self {
        let left = self.time_left().or(self.is_proof().then_some(0)).expect("a token without `exp` does not expire");
        self.shifted(-HOUR - left)
    }

    /// Will be valid in an hour: `NotYetValid`, on a device that knows the time.
    pub fn not_yet_valid(self) -> Self {
        let now = self.now;
        self.claim("nbf", now).shifted(HOUR)
    }

    /// Lives for a year longer: `LifetimeTooLong`, if the policy limits the lifetime.
    ///
    /// # Panics
    ///
    /// On a DPoP proof: policies limit its age, not its lifetime.
    #[track_caller]
    pub fn long_lived(self) -> Self {
        assert!(!self.is_proof(), "nothing limits the lifetime of a DPoP proof");
        let end = self.now + self.time_left().unwrap_or(0) + YEAR;
        self.claim("exp", end)
    }

    /// Was issued a year earlier and is still valid: `TooOld`, if the policy limits the age but not the lifetime.
    ///
    /// # Panics
    ///
    /// On a DPoP proof: [`expired`](Self::expired) makes one that is too old.
    #[track_caller]
    pub fn issued_long_ago(self) -> Self {
        assert!(!self.is_proof(), "a DPoP proof that was made long ago has ended: use `expired`");
        let now = self.now;
        let issued = self.claims["iat"].as_f64().map_or(now, |iat| now.min(iat.floor() as i64));
        self.claim("iat", issued - YEAR)
    }

    /// Has a claim of this length, in bytes: `BufferTooSmall`, if the device's buffer is shorter, or `TooLarge(Token)`
    /// for a text longer than 64 KiB.
    pub fn padded(self, len: usize) -> Self {
        self.claim("padding", "x".repeat(len))
    }

    fn is_proof(&self) -> bool {
        let typ = self.header["typ"].as_str().unwrap_or_default().to_lowercase();
        typ.trim_start_matches("application/") == "dpop+jwt"
    }

    /// The seconds until the token ends, if it has an end.
    fn time_left(&self) -> Option<i64> {
        self.claims["exp"].as_f64().map(|exp| (exp.ceil() as i64 - self.now).max(0))
    }
}

fn segment(part: &Value) -> String {
    base64url(part.to_string().as_bytes())
}

const TOO_FAR: &str = "the token's times must fit into 64 bits";
/// More seconds than any leeway, and than a token of the test kit lives.
const HOUR: i64 = 3600;
/// More seconds than a policy allows a token to live.
const YEAR: i64 = 365 * 24 * HOUR;

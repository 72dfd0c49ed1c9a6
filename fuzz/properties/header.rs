use embedded_jwt::*;
use serde_json::Value;
use testkit::{ACCEPT_ALL, ISSUER, KEYS, strict_json, unsigned};

/// **Property:** `unverified_header` reads a header as a `serde_json` model does, with equal fields, and `verify` chooses
/// a key or refuses as the model does, error for error. The backends accept every signature, so that the header alone
/// decides.
pub fn header(input: &[u8]) {
    if strict_json::is_ambiguous(input) {
        return;
    }
    let text = unsigned(input, format!(r#"{{"iss":"{ISSUER}"}}"#).as_bytes());
    let token = match Token::parse(&text) {
        Ok(token) => token,
        Err(Error::TooLarge(Part::Header)) => return assert!(input.len() > MAX_HEADER_LEN),
        Err(Error::Malformed(Part::Token)) => return assert!(input.is_empty()),
        Err(Error::TooLarge(Part::Token)) => return assert!(text.len() > MAX_TOKEN_LEN),
        Err(error) => panic!("{error:?}"),
    };
    assert!(input.len() <= MAX_HEADER_LEN);
    let mut buf = vec![0; 2 * token.buffer_len()];

    let model = Model::read(input);
    match (token.unverified_header(&mut buf), &model) {
        (Ok(ours), Ok(model)) => {
            let ours = (ours.alg(), ours.kid(), ours.typ());
            assert_eq!(ours, (&*model.alg, model.kid.as_deref(), model.typ.as_deref()));
        }
        (Err(ours), Err(model)) => strict_json::assert_same_refusal(ours, *model),
        (ours, _) => panic!("ours {ours:?}, model {model:?}"),
    }

    let [es256, eddsa] = KEYS.clone();
    let twin = es256.clone().with_kid(b"twin");
    let long = es256.clone().with_kid(LONG_KID.as_bytes());
    let keys = [es256, eddsa, twin.clone(), twin, long];
    let verdict = token.verify(&Issuer::new(ISSUER, &keys, ACCEPT_ALL), &mut buf).map(|_| ());
    match (verdict, model.and_then(|model| model.check(&keys))) {
        (Ok(()), Ok(())) => {}
        (Err(ours), Err(model)) => strict_json::assert_same_refusal(ours, model),
        (ours, model) => panic!("ours {ours:?}, model {model:?}"),
    }
}

/// A `kid` that is too long to be kept whole: the URL of a key in Azure Key Vault.
const LONG_KID: &str = "https://a-vault-with-a-long-name.vault.azure.net/keys/signing-key/\
    0123456789abcdef0123456789abcdef0123456789abcdef";

#[derive(Debug)]
struct Model {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    members: serde_json::Map<String, Value>,
}

impl Model {
    /// Reads a header by RFC 7515 section 4: an object with `alg`, in which `alg`, `kid` and `typ` are strings.
    fn read(text: &[u8]) -> Result<Self, Error> {
        let malformed = Error::Malformed(Part::Header);
        let Value::Object(members) = strict_json::parse(text, Part::Header)? else { return Err(malformed) };
        let string = |name| match members.get(name) {
            None => Ok(None),
            Some(Value::String(string)) => Ok(Some(string.clone())),
            Some(_) => Err(malformed),
        };
        Ok(Self { alg: string("alg")?.ok_or(malformed)?, kid: string("kid")?, typ: string("typ")?, members })
    }

    /// Applies the rules in the order that `Token::verify` documents.
    fn check(&self, keys: &[Key]) -> Result<(), Error> {
        if self.members.contains_key("crit") {
            return Err(Error::CriticalHeader);
        }
        if self.members.get("b64").is_some_and(|b64| *b64 != Value::Bool(true)) {
            return Err(Error::Malformed(Part::Header));
        }
        let algorithm = match &*self.alg {
            "ES256" => Algorithm::Es256,
            "EdDSA" | "Ed25519" => Algorithm::EdDsa,
            _ => return Err(Error::UnsupportedAlgorithm),
        };
        // RFC 7515 section 4.1.4 and appendix D: a `kid` is a hint, and every key of the fuzzed issuer has one.
        let kid = self.kid.as_deref().filter(|kid| !kid.is_empty());
        let fits = |key: &Key| {
            key.algorithm() == algorithm
                && kid.is_none_or(|kid| key.kid().is_some_and(|own| own.matches(kid.as_bytes())))
        };
        if !keys.iter().any(fits) {
            return Err(Error::UnknownKey);
        }
        if self.typ.as_ref().is_some_and(|typ| typ.len() > MAX_TYPE_LEN) {
            return Err(Error::WrongType);
        }
        Ok(())
    }
}

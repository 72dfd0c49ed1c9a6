use embedded_jwt::{Error, KeySet, MAX_KEY_SET_LEN, Part};
use testkit::strict_json;

/// **Property:** the canonicalizer accepts what `serde_json` accepts, except equal names, deep nesting and too many
/// members. It rewrites the document in place to exactly the text that `serde_json` prints for it, except for the
/// spelling of exponents: the same values in the same order, never longer. A second pass changes nothing.
///
/// The canonicalizer is private; [`KeySet::from_jwks`] is the only call that leaves the rewritten text with the caller.
/// It needs an object with `keys` around the input, which the oracle reads too.
pub fn json_canonicalize(input: &[u8]) {
    let text = [b"{\"keys\":[],\"x\":", input, b"}"].concat();
    if text.len() > MAX_KEY_SET_LEN || strict_json::is_ambiguous(&text) {
        return;
    }
    match (canonicalize(&text), strict_json::parse(&text, Part::KeySet)) {
        (Ok(ours), Ok(oracle)) => {
            let oracle = oracle.to_string();
            let same = with_long_exponents(&ours).starts_with(oracle.as_bytes());
            assert!(same, "{oracle}, ours {}", ours.escape_ascii());
            assert_eq!(canonicalize(oracle.as_bytes()).as_deref(), Ok(oracle.as_bytes()), "a second pass");
        }
        (Err(ours), Err(oracle)) => strict_json::assert_same_refusal(ours, oracle),
        (ours, oracle) => panic!("ours {:?}, oracle {oracle:?}", ours.map(|text| text.escape_ascii().to_string())),
    }
}

/// The canonical text, followed by the rest of the old text.
fn canonicalize(text: &[u8]) -> Result<Vec<u8>, Error> {
    let mut text = text.to_vec();
    KeySet::<0>::from_jwks(&mut text)?;
    Ok(text)
}

/// `serde_json` writes `1E5` as `1e+5`; this crate leaves numbers as they are.
fn with_long_exponents(text: &[u8]) -> Vec<u8> {
    let mut long = Vec::new();
    let (mut in_string, mut is_escaped, mut in_number) = (false, false, false);
    for (at, &byte) in text.iter().enumerate() {
        let next = text.get(at + 1).copied().unwrap_or_default();
        match byte {
            b'e' | b'E' if in_number && !in_string => {
                long.push(b'e');
                if next.is_ascii_digit() {
                    long.push(b'+');
                }
            }
            _ => long.push(byte),
        }
        in_string ^= byte == b'"' && !is_escaped;
        is_escaped = in_string && byte == b'\\' && !is_escaped;
        in_number = byte.is_ascii_digit();
    }
    long
}

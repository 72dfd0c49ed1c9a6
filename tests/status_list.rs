//! Status lists: when a list is accepted, until when it is usable, and how its statuses are decoded.

#[path = "vectors/status_list.rs"]
mod vectors;

use std::collections::HashMap;
use std::io::Write as _;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use embedded_jwt::*;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::*;

const URI: &str = "https://idp.example.com/status/1";

/// The 16 statuses of the draft's example: 0xb9, 0xa3.
const SIXTEEN: &str = "eNrbuRgAAhcBXQ";

const MALFORMED: Error = Error::Malformed(Part::StatusList);

fn claims_of(bits: u8, lst: &str) -> Value {
    json!({
        "iss": ISSUER, "sub": URI, "iat": NOW - 60, "exp": NOW + 3600, "ttl": 600,
        "status_list": {"bits": bits, "lst": lst},
    })
}

fn sixteen_with(name: &str, value: Value) -> Value {
    with(claims_of(1, SIXTEEN), name, value)
}

/// Validates a list with this type and payload, fetched from this URI at this time, and passes it to `read`.
fn validate_text<T>(
    typ: &str,
    payload: &str,
    uri: &str,
    now: i64,
    read: impl FnOnce(StatusList<'_>) -> T,
) -> Result<T, Error> {
    let keys = keys();
    let mut buf = vec![0; MAX_TOKEN_LEN];
    let text = Alg::EdDsa.mint(json!({"alg": "EdDSA", "typ": typ, "kid": "ed-test"}).to_string(), payload);
    let verified = Token::parse(&text)?.verify(&issuer(&keys), &mut buf)?;
    into_list(verified, uri, UnixTime::from_secs(now)).map(read)
}

/// Validates a list on a device that has accepted no list before.
fn into_list<'b>(verified: Verified<'b, 'b>, uri: &str, now: UnixTime) -> Result<StatusList<'b>, Error> {
    verified.into_status_list(&StatusListPolicy::new(uri), &mut NewestStatusList::new(), now)
}

fn validate<T>(claims: &Value, read: impl FnOnce(StatusList<'_>) -> T) -> Result<T, Error> {
    validate_text("statuslist+jwt", &claims.to_string(), URI, NOW, read)
}

fn verdict(claims: &Value, now: i64) -> Result<(), Error> {
    validate_text("statuslist+jwt", &claims.to_string(), URI, now, |_| ())
}

/// Validates the list of [`SIXTEEN`] with this JSON text as one of its claims.
fn verdict_spelled(name: &str, json: &str) -> Result<(), Error> {
    let payload = sixteen_with(name, json!("?")).to_string().replace("\"?\"", json);
    validate_text("statuslist+jwt", &payload, URI, NOW, |_| ())
}

fn usable_until(claims: &Value) -> i64 {
    validate(claims, |list| list.usable_until().as_secs()).unwrap()
}

fn window() -> Box<[u8; Inflater::WINDOW_LEN]> {
    vec![0xaa; Inflater::WINDOW_LEN].into_boxed_slice().try_into().unwrap()
}

/// All statuses of a list, decoded into memory of this size with old content.
fn decode(bits: u8, lst: &str, room: usize) -> Result<Vec<Status>, Error> {
    let mut memory = vec![0xaa; room];
    validate(&claims_of(bits, lst), |list| {
        let bitmap = list.decode(&mut Inflater::new(), &mut memory)?;
        assert_eq!(bitmap.usable_until(), list.usable_until());
        Ok((0..).map_while(|index| bitmap.status(index).ok()).collect())
    })?
}

/// The error for a faulty list, which `decode` and `pick` both return.
fn refuse(lst: &str) -> Error {
    let decoded = decode(1, lst, 4096).unwrap_err();
    let picked = validate(&claims_of(1, lst), |list| list.pick(&mut Inflater::new(), &mut window(), [0])).unwrap();
    assert_eq!(picked, Err(decoded), "{lst}");
    decoded
}

fn zlib(list: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(list).unwrap();
    encoder.finish().unwrap()
}

/// A ZLIB stream (RFC 1950) of stored blocks of these lengths, taken from `list` in turn.
fn stored(list: &[u8], lengths: &[usize]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut rest = list;
    for (index, len) in lengths.iter().enumerate() {
        let (block, tail) = rest.split_at(*len);
        push_stored(&mut stream, block, index + 1 == lengths.len());
        rest = tail;
    }
    stream.extend(adler_32(list).to_be_bytes());
    stream
}

/// Appends a stored block (RFC 1951 section 3.2.4).
fn push_stored(stream: &mut Vec<u8>, block: &[u8], is_last: bool) {
    let len = u16::try_from(block.len()).unwrap();
    stream.push(u8::from(is_last));
    stream.extend(len.to_le_bytes());
    stream.extend((!len).to_le_bytes());
    stream.extend(block);
}

fn adler_32(list: &[u8]) -> u32 {
    let (a, b) = list.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

/// A list that compresses a little.
fn uneven(len: u32) -> Vec<u8> {
    (0..len).map(|at| ((at * at) >> 3) as u8).collect()
}

/// A list that does not compress.
fn noise(len: u32) -> Vec<u8> {
    (0..len).map(|at| (at.wrapping_mul(0x9e37_79b9) >> 24) as u8).collect()
}

/// The statuses in a list, computed in another way than the crate does.
fn statuses(list: &[u8], bits: usize) -> Vec<u8> {
    let bit = |at: usize| list[at / 8] >> (at % 8) & 1;
    (0..list.len() * 8 / bits).map(|index| (0..bits).map(|at| bit(index * bits + at) << at).sum()).collect()
}

fn value(status: Status) -> u8 {
    match status {
        Status::Valid => 0,
        Status::Invalid => 1,
        Status::Suspended => 2,
        Status::Other(value) => {
            assert!(value > 2);
            value
        }
    }
}

fn values(statuses: &[Status]) -> Vec<u8> {
    statuses.iter().copied().map(value).collect()
}

// The lists in the draft.

/// [Section 4.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-4.1)
#[test]
fn short_lists_of_the_draft_are_decoded() {
    let sixteen = decode(1, SIXTEEN, 2).unwrap();
    assert_eq!(values(&sixteen), [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
    let twelve = decode(2, "eNo76fITAAPfAgc", 3).unwrap();
    assert_eq!(values(&twelve), [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
    assert_eq!(twelve[..4], [Status::Invalid, Status::Suspended, Status::Valid, Status::Other(3)]);
    let valid: Vec<_> = twelve.iter().map(|status| status.is_valid()).collect();
    assert_eq!(valid, values(&twelve).iter().map(|value| *value == 0).collect::<Vec<_>>());
}

#[test]
fn long_lists_of_the_draft_are_decoded() {
    for vector in [vectors::BITS_1, vectors::BITS_2, vectors::BITS_4] {
        let expected: HashMap<_, _> = vector.statuses.iter().copied().collect();
        let decoded = decode(vector.bits, vector.lst, MAX_STATUS_LIST_LEN).unwrap();
        assert_eq!(decoded.len(), 1 << 20);
        for (index, status) in (0..).zip(decoded) {
            assert_eq!(value(status), expected.get(&index).copied().unwrap_or(0), "{index} of {}", vector.bits);
        }
        for (index, status) in vector.statuses {
            let claims = claims_of(vector.bits, vector.lst);
            let around = [index.saturating_sub(1), *index, (1 << 20) - 1];
            let picked = validate(&claims, |list| list.pick(&mut Inflater::new(), &mut window(), around)).unwrap();
            assert_eq!(value(picked.unwrap()[1]), *status, "{index} of {}", vector.bits);
        }
    }
}

#[test]
fn longest_list_of_the_draft_is_decoded() {
    let claims = claims_of(8, vectors::LST_8);
    let picked = validate(&claims, |list| list.pick(&mut Inflater::new(), &mut window(), vectors::INDICES_8)).unwrap();
    assert!(picked.unwrap().into_iter().map(value).eq(0..=255));
    let decoded = decode(8, vectors::LST_8, MAX_STATUS_LIST_LEN).unwrap();
    assert_eq!(decoded.len(), 1 << 20);
    assert!(vectors::INDICES_8.iter().map(|index| value(decoded[*index as usize])).eq(0..=255));
    assert_eq!(decoded.iter().filter(|status| !status.is_valid()).count(), 255);
}

/// The token of [section 8.2](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-8.2). Its
/// key is in the draft's repository.
#[test]
fn token_of_the_draft_is_accepted() {
    const TOKEN: &str = "\
        eyJhbGciOiJFUzI1NiIsImtpZCI6IjEyIiwidHlwIjoic3RhdHVzbGlzdCtqd3QifQ.eyJleHAiOjIyOTE3MjAxNzAsImlhdCI6MTY4N\
        jkyMDE3MCwiaXNzIjoiaHR0cHM6Ly9leGFtcGxlLmNvbSIsInN0YXR1c19saXN0Ijp7ImJpdHMiOjEsImxzdCI6ImVOcmJ1UmdBQWhjQ\
        lhRIn0sInN1YiI6Imh0dHBzOi8vZXhhbXBsZS5jb20vc3RhdHVzbGlzdHMvMSIsInR0bCI6NDMyMDB9.2lKUUNG503R9htu4aHAYi7vj\
        mr3sgApbfoDvPrl65N3URUO1EYqqQl45Jfzd-Av4QzlKa3oVALpLwOEUOq-U_g";
    let mut jwks = *br#"{"keys":[{"kty":"EC","use":"sig","crv":"P-256","kid":"12","alg":"ES256",
        "x":"I3HWm_0Ds1dPMI-IWmf4mBmH-YaeAVbPVu7vB27CxXo","y":"6N_d5Elj9bs1htgV3okJKIdbHEpkgTmAluYKJemzn1M"}]}"#;
    let keys = KeySet::<1>::from_jwks(&mut jwks).unwrap();
    let (uri, mut buf) = ("https://example.com/statuslists/1", [0; 1024]);
    let verified = Token::parse(TOKEN).unwrap().verify(&Issuer::new("https://example.com", &keys, BOTH), &mut buf);
    let policy = StatusListPolicy::new(uri).with_max_age(Duration::MAX);
    let list = verified.unwrap().into_status_list(&policy, &mut NewestStatusList::new(), now()).unwrap();
    assert_eq!((list.subject(), list.issued_at()), (Some(uri), Some(UnixTime::from_secs(1_686_920_170))));
    assert_eq!(list.usable_until(), UnixTime::from_secs(NOW + 43_200));
    assert_eq!(list.pick(&mut Inflater::new(), &mut window(), [0, 1]), Ok([Status::Invalid, Status::Valid]));
}

// When a list is accepted, and until when it is usable.

#[test]
fn list_with_only_the_required_claims_is_accepted() {
    let list = json!({"sub": URI, "iat": NOW, "status_list": {"bits": 1, "lst": SIXTEEN}});
    assert_eq!(verdict(&list, NOW), Ok(()));
    for (name, claim) in [("sub", Claim::Subject), ("iat", Claim::IssuedAt)] {
        assert_eq!(verdict(&with(list.clone(), name, Value::Null), NOW), Err(Error::Missing(claim)));
    }
    let list = with(list, "status_list", json!({"bits": 1, "lst": SIXTEEN, "aggregation_uri": 1}));
    assert_eq!(verdict(&list, NOW), Ok(()), "other members are not checked");
}

/// The draft's own example has no `iss`
/// ([section 5.1](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-status-list-21#section-5.1)).
#[test]
fn list_without_iss_belongs_to_the_only_issuer() {
    let name = r"CORP\idp";
    let payload = sixteen_with("iss", Value::Null).to_string();
    for alg in ALGS {
        for typ in ["statuslist+jwt", "StatusList+JWT", "application/statuslist+jwt"] {
            let text = alg.mint(with(alg.header(), "typ", json!(typ)).to_string(), &payload);
            let token = Token::parse(&text).unwrap();
            let keys = keys();
            let issuer = Issuer::new(name, &keys, BOTH);
            let read = |verified: Result<Verified<'_, '_>, Error>| {
                verified.and_then(|verified| into_list(verified, URI, now())).map(|list| list.issuer().to_owned())
            };
            // No room is needed for the name, though it would be escaped in JSON.
            let mut buf = vec![0; token.buffer_len()];
            assert_eq!(read(token.verify(&issuer, &mut buf)), Ok(name.to_owned()), "{typ}");
            assert_eq!(read(token.verify_any(&[&issuer], &mut buf)), Ok(name.to_owned()), "{typ}");
            let cache = SignatureCache::<1>::new();
            for _ in 0..2 {
                let verified = token.verify_cached(&issuer, &cache, &mut buf);
                assert_eq!(read(verified), Ok(name.to_owned()), "{typ}");
            }
            let prepared = token.prepare(&[&issuer], &mut buf).unwrap();
            assert_eq!(read(complete(prepared, |_| Ok(()))), Ok(name.to_owned()), "{typ}");
        }
    }
}

#[test]
fn list_without_iss_is_refused_for_several_issuers() {
    let payload = sixteen_with("iss", Value::Null).to_string();
    let text = Alg::EdDsa.mint(json!({"alg": "EdDSA", "typ": "statuslist+jwt"}).to_string(), &payload);
    let keys = [Alg::EdDsa.key()];
    let (one, same, other) =
        (Issuer::new(ISSUER, &keys, BOTH), issuer(&keys), Issuer::new("https://other.example", &keys, BOTH));
    let keyless = Issuer::new("urn:without-keys", &[], BOTH);
    let mut buf = [0; 1024];
    for issuers in [[&one, &other], [&other, &one], [&one, &same], [&one, &keyless], [&keyless, &one]] {
        let refused = Token::parse(&text).unwrap().verify_any(&issuers, &mut buf);
        assert_eq!(refused.err(), Some(Error::Missing(Claim::Issuer)), "{issuers:?}");
    }
    // A list with `iss` is accepted.
    let text = Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"statuslist+jwt"}"#, claims_of(1, SIXTEEN).to_string());
    for issuers in [[&one, &other], [&other, &one]] {
        let verified = Token::parse(&text).unwrap().verify_any(&issuers, &mut buf).unwrap();
        assert_eq!(into_list(verified, URI, now()).map(|list| list.issuer().to_owned()), Ok(ISSUER.to_owned()));
    }
}

#[test]
fn list_without_iss_must_be_signed_by_the_issuer() {
    let payload = sixteen_with("iss", Value::Null).to_string();
    let header = json!({"alg": "EdDSA", "typ": "statuslist+jwt"}).to_string();
    let (text, foreign) = (Alg::EdDsa.mint(&header, &payload), [Key::ed25519(&[7; 32])]);
    let refused = Token::parse(&text).unwrap().verify(&issuer(&foreign), &mut [0; 1024]).err();
    assert!(matches!(refused, Some(Error::InvalidSignature | Error::InvalidKey)), "{refused:?}");
}

#[test]
fn iss_that_is_present_must_be_the_issuers_name() {
    for (iss, error) in [
        ("null", Error::Invalid(Claim::Issuer)),
        ("[]", Error::Invalid(Claim::Issuer)),
        ("\"\"", Error::Mismatch(Claim::Issuer)),
        ("\"https://idp.example.com/\"", Error::Mismatch(Claim::Issuer)),
    ] {
        assert_eq!(verdict_spelled("iss", iss), Err(error), "{iss}");
    }
    assert_eq!(verdict_spelled("iss", r#""https:\/\/idp.example.com""#), Ok(()));
}

#[test]
fn other_token_without_iss_is_refused() {
    let missing = Some(Error::Missing(Claim::Issuer));
    let mut all = claims_with("iss", Value::Null);
    all.as_object_mut().unwrap().append(sixteen_with("iss", Value::Null).as_object_mut().unwrap());
    for typ in ["at+jwt", "JWT", "", "statuslist", "statuslist+cwt", "statuslist+jwt ", "x/statuslist+jwt"] {
        let text = Alg::EdDsa.mint(with(Alg::EdDsa.header(), "typ", json!(typ)).to_string(), all.to_string());
        assert_eq!(verify(&text, |_| Ok(())).err(), missing, "{typ}");
        let (keys, mut buf) = (keys(), [0; 1024]);
        let prepared = Token::parse(&text).unwrap().prepare(&[&issuer(&keys)], &mut buf).unwrap();
        assert_eq!(complete(prepared, |_| Ok(())).err(), missing, "{typ}");
    }
    let untyped = Alg::EdDsa.mint(with(Alg::EdDsa.header(), "typ", Value::Null).to_string(), all.to_string());
    assert_eq!(verify(&untyped, |_| Ok(())).err(), missing);
}

#[test]
fn list_without_iss_is_accepted_only_as_a_list() {
    let mut all = claims();
    all.as_object_mut().unwrap().append(claims_of(1, SIXTEEN).as_object_mut().unwrap());
    let header = with(Alg::EdDsa.header(), "typ", json!("statuslist+jwt")).to_string();
    let text = Alg::EdDsa.mint(&header, with(all.clone(), "iss", Value::Null).to_string());
    let missing = Err(Error::Missing(Claim::Issuer));
    let typed = TypedPolicy::new("statuslist+jwt", AUDIENCE);
    assert_eq!(verify(&text, |verified| verified.into_typed(&typed, now()).map(drop)), missing);
    let named = Alg::EdDsa.mint(&header, all.to_string());
    assert_eq!(verify(&named, |verified| verified.into_typed(&typed, now()).map(drop)), Ok(()));
    let published = Alg::EdDsa.mint(&header, sixteen_with("iss", Value::Null).to_string());
    let policy = TypedPolicy::new_without_audience("statuslist+jwt");
    assert_eq!(verify(&published, |verified| verified.into_typed(&policy, now()).map(drop)), missing);
    assert_eq!(verify(&published, |verified| into_list(verified, URI, now()).map(drop)), Ok(()));

    let wrong_type = Err(Error::WrongType);
    for policy in [AccessTokenPolicy::new(AUDIENCE), AccessTokenPolicy::untyped(AUDIENCE)] {
        assert_eq!(verify(&text, |verified| verified.into_access_token(&policy, now()).map(drop)), wrong_type);
    }
    let policy = IdTokenPolicy::new(AUDIENCE);
    assert_eq!(verify(&text, |verified| verified.into_id_token(&policy, now()).map(drop)), wrong_type);
    let mut keys = KeySet::<1>::new();
    let replaced =
        verify(&text, |verified| keys.replace_from_signed(verified, &SignedKeySetPolicy::new(now()), now()).map(drop));
    assert_eq!(replaced, wrong_type);
}

/// HAIP 1.0 demands `x5c` in the header of a list. It chooses no key.
#[test]
fn certificates_in_the_header_are_ignored() {
    let header = |len: usize| json!({"alg": "EdDSA", "typ": "statuslist+jwt", "x5c": ["M".repeat(len)]}).to_string();
    let longest = header(MAX_HEADER_LEN - header(0).len());
    assert_eq!(longest.len(), MAX_HEADER_LEN);
    let (keys, payload) = ([Alg::EdDsa.key()], sixteen_with("iss", Value::Null).to_string());
    let text = Alg::EdDsa.mint(longest, &payload);
    let mut buf = [0; 2 * MAX_HEADER_LEN];
    let verified = Token::parse(&text).unwrap().verify(&issuer(&keys), &mut buf).unwrap();
    assert!(into_list(verified, URI, now()).is_ok());
}

#[test]
fn token_of_another_type_is_refused() {
    let payload = claims_of(1, SIXTEEN).to_string();
    for (typ, expected) in [
        ("statuslist+jwt", Ok(())),
        ("application/StatusList+JWT", Ok(())),
        ("statuslist+cwt", Err(Error::WrongType)),
        ("jwk-set+jwt", Err(Error::WrongType)),
        ("at+jwt", Err(Error::WrongType)),
        ("JWT", Err(Error::WrongType)),
    ] {
        assert_eq!(validate_text(typ, &payload, URI, NOW, |_| ()), expected, "{typ}");
    }
}

#[test]
fn list_of_another_uri_is_refused() {
    let payload = claims_of(1, SIXTEEN).to_string();
    let validate_from = |uri: &str| validate_text("statuslist+jwt", &payload, uri, NOW, |_| ());
    assert_eq!(validate_from(URI), Ok(()));
    for uri in
        ["https://idp.example.com/status/2", "https://idp.example.com/status/", "HTTPS://idp.example.com/status/1"]
    {
        assert_eq!(validate_from(uri), Err(Error::Mismatch(Claim::Subject)), "{uri}");
    }
    // An empty URI would equal an empty `sub`.
    assert_eq!(validate_from(""), Err(Error::Unconfigured(Claim::Subject)));
    let nameless = sixteen_with("sub", json!("")).to_string();
    assert_eq!(validate_text("statuslist+jwt", &nameless, "", NOW, |_| ()), Err(Error::Unconfigured(Claim::Subject)));
    assert_eq!(verdict(&sixteen_with("sub", json!([URI])), NOW), Err(Error::Invalid(Claim::Subject)));
    assert_eq!(verdict(&sixteen_with("aud", json!(AUDIENCE)), NOW), Err(Error::Mismatch(Claim::Audience)));
}

#[test]
fn list_that_is_expired_or_not_yet_valid_is_refused() {
    let list = claims_of(1, SIXTEEN);
    for (now, expected) in [
        (0, Err(Error::ClockNotSet)),
        // The leeway is for `iat`, not for `exp`.
        (NOW - 121, Err(Error::NotYetValid)),
        (NOW - 120, Ok(())),
        (NOW + 3599, Ok(())),
        (NOW + 3600, Err(Error::Expired)),
        (NOW + 3660, Err(Error::Expired)),
    ] {
        assert_eq!(verdict(&list, now), expected, "{}", now - NOW);
    }
    assert_eq!(verdict(&sixteen_with("nbf", json!(NOW + 61)), NOW), Err(Error::NotYetValid));
    assert_eq!(verdict(&sixteen_with("exp", json!("never")), NOW), Err(Error::Invalid(Claim::Expiration)));
}

#[test]
fn list_is_usable_until_the_earliest_of_exp_ttl_and_largest_age() {
    let list = |exp: Value, ttl: Value| usable_until(&with(sixteen_with("exp", exp), "ttl", ttl)) - NOW;
    assert_eq!(list(json!(NOW + 3600), json!(600)), 600);
    assert_eq!(list(json!(NOW + 3600), json!(3601)), 3600);
    assert_eq!(list(json!(NOW + 3600), Value::Null), 3600);
    assert_eq!(list(json!(NOW + 100_000), Value::Null), 100_000, "the value of the issuer counts");
    assert_eq!(list(Value::Null, json!(1)), 1);
    assert_eq!(list(Value::Null, json!(100_000)), 100_000);
    assert_eq!(list(Value::Null, Value::Null), 43_200);
    assert_eq!(DEFAULT_STATUS_LIST_TTL, Duration::from_secs(43_200));
    assert_eq!(list(json!(NOW + 1), json!(u64::MAX)), 1);
    assert_eq!(usable_until(&sixteen_with("exp", json!(NOW + 1))), NOW + 1, "`exp` is earlier");
    // The largest age counts from `iat`, which is a minute ago.
    assert_eq!(list(json!(NOW + 10 * DAY), Value::Null), 7 * DAY - 60);
    assert_eq!(list(Value::Null, json!(u64::MAX)), 7 * DAY - 60);
    assert_eq!(DEFAULT_STATUS_LIST_AGE, Duration::from_secs(7 * 24 * 60 * 60));
}

#[test]
fn ttl_must_be_a_positive_integer() {
    for ttl in ["1", "43200", "18446744073709551615"] {
        assert_eq!(verdict_spelled("ttl", ttl), Ok(()), "{ttl}");
    }
    for ttl in ["0", "-1", "600.0", "6e2", "0.5", "18446744073709551616", "\"600\"", "null", "[600]", "{}"] {
        assert_eq!(verdict_spelled("ttl", ttl), Err(Error::Invalid(Claim::Status)), "{ttl}");
    }
}

#[test]
fn list_must_have_valid_bits_and_lst() {
    let missing = Err(Error::Missing(Claim::Status));
    let invalid = Err(Error::Invalid(Claim::Status));
    assert_eq!(verdict(&sixteen_with("status_list", Value::Null), NOW), missing);
    for list in ["null", "[]", "\"\"", "1", "false"] {
        assert_eq!(verdict_spelled("status_list", list), invalid, "{list}");
    }
    let member = |name: &str, json: &str| {
        let list = with(json!({"bits": 1, "lst": SIXTEEN}), name, json!("?")).to_string();
        verdict_spelled("status_list", &list.replace("\"?\"", json))
    };
    for bits in ["1", "2", "4", "8"] {
        assert_eq!(member("bits", bits), Ok(()), "{bits}");
    }
    for bits in ["0", "3", "5", "6", "7", "9", "16", "-1", "1.0", "1e0", "\"1\"", "null", "[1]"] {
        assert_eq!(member("bits", bits), invalid, "{bits}");
    }
    for lst in ["null", "1", "[]", "{}", "[\"eNrbuRgAAhcBXQ\"]"] {
        assert_eq!(member("lst", lst), invalid, "{lst}");
    }
    for name in ["bits", "lst"] {
        let list = with(json!({"bits": 1, "lst": SIXTEEN}), name, Value::Null);
        assert_eq!(verdict(&sixteen_with("status_list", list), NOW), missing, "{name}");
    }
}

// The status of a token.

/// The status of a token with this reference, at this time, in the list of [`SIXTEEN`] as validated at [`NOW`].
fn look_up(index: u64, uri: &str, now: i64) -> Result<Status, Error> {
    let mut memory = [0; 2];
    let bitmap =
        validate(&claims_of(1, SIXTEEN), |list| list.decode(&mut Inflater::new(), &mut memory)).unwrap().unwrap();
    let status = json!({"status_list": {"idx": index, "uri": uri}});
    let token = Alg::EdDsa.access_token(&claims_with("status", status));
    validate_access_token(&token, &AccessTokenPolicy::new(AUDIENCE), NOW, |token| {
        bitmap.status_of(&token.status_reference().unwrap().unwrap(), UnixTime::from_secs(now))
    })
    .unwrap()
}

#[test]
fn token_has_the_status_at_its_index() {
    assert_eq!(look_up(0, URI, NOW), Ok(Status::Invalid));
    assert_eq!(look_up(1, URI, NOW), Ok(Status::Valid));
    assert_eq!(look_up(15, URI, NOW), Ok(Status::Invalid));
    for beyond in [16, 1 << 32, u64::MAX] {
        assert_eq!(look_up(beyond, URI, NOW), Err(Error::Invalid(Claim::Status)), "{beyond}");
    }
}

#[test]
fn status_of_a_token_of_another_list_is_unknown() {
    for uri in ["https://idp.example.com/status/2", "https://idp.example.com/status", "a\"b"] {
        assert_eq!(look_up(1, uri, NOW), Err(Error::StatusUnknown), "{uri}");
        assert_eq!(look_up(u64::MAX, uri, NOW), Err(Error::StatusUnknown), "{uri}");
    }
}

/// The status of this issuer's token in the list of [`SIXTEEN`], which has this `iss` and is for the tokens of `subject`.
fn look_up_across(iss: Option<&str>, subject: Option<&str>, token_issuer: &str) -> Result<Status, Error> {
    let (mut memory, mut list_buf, mut token_buf) = ([0; 2], [0; 1024], [0; 1024]);
    let keys = [Alg::EdDsa.key()];
    let list = sixteen_with("iss", json!(iss)).to_string();
    let list = Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"statuslist+jwt"}"#, list);
    let verified = Token::parse(&list).unwrap().verify(&issuer(&keys), &mut list_buf)?;
    let bitmap = into_list(verified, URI, now())?.decode(&mut Inflater::new(), &mut memory)?;
    let bitmap = match subject {
        Some(subject) => bitmap.for_tokens_of(subject),
        None => bitmap,
    };

    let claims =
        with(claims_with("iss", json!(token_issuer)), "status", json!({"status_list": {"idx": 1, "uri": URI}}));
    let token = Alg::EdDsa.access_token(&claims);
    let token = Token::parse(&token).unwrap().verify(&Issuer::new(token_issuer, &keys, BOTH), &mut token_buf);
    let policy = AccessTokenPolicy::new(AUDIENCE);
    let by_policy = token.unwrap().into_access_token(&policy.with_revocations(&bitmap), now()).map(drop);
    let token = Alg::EdDsa.access_token(&claims);
    let token = Token::parse(&token).unwrap().verify(&Issuer::new(token_issuer, &keys, BOTH), &mut token_buf);
    let token = token.unwrap().into_access_token(&policy, now()).unwrap();
    let reference = token.status_reference().unwrap().unwrap();
    assert_eq!(reference.issuer(), token_issuer);
    let status = bitmap.status_of(&reference, now());
    assert_eq!(by_policy, status.map(drop));
    status
}

#[test]
fn status_of_a_token_of_another_issuer_is_unknown() {
    for iss in [Some(ISSUER), None] {
        assert_eq!(look_up_across(iss, None, ISSUER), Ok(Status::Valid));
        for other in ["https://other.example", "https://idp.example.com/", "HTTPS://idp.example.com", "urn:a\"b"] {
            assert_eq!(look_up_across(iss, None, other), Err(Error::StatusUnknown), "{other}");
        }
    }
}

#[test]
fn list_speaks_only_for_the_issuer_that_the_caller_names() {
    for iss in [Some(ISSUER), None] {
        for subject in ["https://other.example", "urn:a\"b"] {
            assert_eq!(look_up_across(iss, Some(subject), subject), Ok(Status::Valid));
            assert_eq!(look_up_across(iss, Some(subject), ISSUER), Err(Error::StatusUnknown));
        }
        assert_eq!(look_up_across(iss, Some(ISSUER), ISSUER), Ok(Status::Valid));
        assert_eq!(look_up_across(iss, Some(""), ISSUER), Err(Error::StatusUnknown));
    }
}

#[test]
fn stale_list_has_no_status_for_a_token() {
    assert_eq!(look_up(1, URI, NOW + 599), Ok(Status::Valid));
    for now in [NOW + 600, NOW + 3600, i64::MAX] {
        assert_eq!(look_up(1, URI, now), Err(Error::StatusUnknown), "{now}");
    }
    for now in [0, i64::MIN] {
        assert_eq!(look_up(1, URI, now), Err(Error::ClockNotSet), "{now}");
    }
}

/// The clock was set back by more than a leeway after the list was received at [`NOW`].
#[test]
fn list_has_no_status_before_it_was_received() {
    for now in [NOW, NOW - 60] {
        assert_eq!(look_up(1, URI, now), Ok(Status::Valid), "{}", now - NOW);
    }
    for now in [NOW - 61, NOW - 10_000, 1_262_304_000] {
        assert_eq!(look_up(1, URI, now), Err(Error::StatusUnknown), "{}", now - NOW);
    }
}

/// The issuer's clock is ahead of the device's clock by the whole leeway.
#[test]
fn list_has_no_status_before_it_was_issued() {
    let statuses = statuses_of(&sixteen_with("iat", json!(NOW + 60)), &mut NewestStatusList::new(), NOW);
    assert_eq!((statuses(NOW), statuses(NOW - 1)), (Ok(Status::Valid), Err(Error::StatusUnknown)));
}

/// A list that was received while the clock was ahead would look fresh for too long. It is usable again once it is
/// validated with the right clock.
#[test]
fn list_is_not_usable_for_longer_after_the_clock_was_ahead() {
    let (list, right) = (sixteen_with("iat", json!(NOW - 60)), NOW + 120);
    let mut newest = NewestStatusList::new();
    let statuses = statuses_of(&list, &mut newest, right + 3000);
    assert_eq!((statuses(right + 3000), statuses(right)), (Ok(Status::Valid), Err(Error::StatusUnknown)));
    let statuses = statuses_of(&list, &mut newest, right);
    assert_eq!((statuses(right + 599), statuses(right + 600)), (Ok(Status::Valid), Err(Error::StatusUnknown)));
}

/// The status by the clock, in a list that is received at this time.
fn statuses_of(
    list: &Value,
    newest: &mut NewestStatusList,
    received_at: i64,
) -> impl Fn(i64) -> Result<Status, Error> + use<> {
    let (keys, mut buf) = (keys(), [0; 1024]);
    let text = Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"statuslist+jwt","kid":"ed-test"}"#, list.to_string());
    let verified = Token::parse(&text).unwrap().verify(&issuer(&keys), &mut buf).unwrap();
    let list = verified.into_status_list(&StatusListPolicy::new(URI), newest, at(received_at)).unwrap();
    let memory = Box::leak(Box::new([0; 2]));
    let bitmap = list.decode(&mut Inflater::new(), memory).unwrap();
    let token = Alg::EdDsa.access_token(&claims_with("status", json!({"status_list": {"idx": 1, "uri": URI}})));
    move |now| {
        validate_access_token(&token, &AccessTokenPolicy::new(AUDIENCE), NOW, |token| {
            bitmap.status_of(&token.status_reference().unwrap().unwrap(), at(now))
        })
        .unwrap()
    }
}

#[test]
fn list_has_no_status_if_only_a_lower_bound_of_the_time_is_known() {
    let mut memory = [0; 2];
    let bitmap =
        validate(&claims_of(1, SIXTEEN), |list| list.decode(&mut Inflater::new(), &mut memory)).unwrap().unwrap();
    let token = Alg::EdDsa.access_token(&claims_with("status", json!({"status_list": {"idx": 1, "uri": URI}})));
    validate_access_token(&token, &AccessTokenPolicy::new(AUDIENCE), NOW, |token| {
        let reference = token.status_reference().unwrap().unwrap();
        for time in [NOW, NOW + 600] {
            let now = Now::AtLeast(EarliestTime::from_secs(time));
            assert_eq!(bitmap.status_of(&reference, now), Err(Error::TimeUnknown));
        }
    })
    .unwrap();
}

// Older lists, and lists that are validated again.

const DAY: i64 = 24 * 60 * 60;

/// A list with this `iat`, a `ttl` of 600 s, and no `exp`.
fn issued_at(iat: i64) -> Value {
    with(sixteen_with("exp", Value::Null), "iat", json!(iat))
}

/// Validates a list by this policy and record, and returns until when it is usable.
fn validate_by(
    policy: StatusListPolicy<'_>,
    newest: &mut NewestStatusList,
    claims: &Value,
    now: impl Into<Now>,
) -> Result<i64, Error> {
    let (keys, mut buf) = (keys(), [0; 1024]);
    let text = Alg::EdDsa.mint(r#"{"alg":"EdDSA","typ":"statuslist+jwt","kid":"ed-test"}"#, claims.to_string());
    let verified = Token::parse(&text)?.verify(&issuer(&keys), &mut buf)?;
    verified.into_status_list(&policy, newest, now).map(|list| list.usable_until().as_secs())
}

fn record(issued_at: i64, received_at: i64) -> NewestStatusList {
    NewestStatusList::restored(UnixTime::from_secs(issued_at), UnixTime::from_secs(received_at))
}

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(secs)
}

#[test]
fn older_list_is_refused() {
    let policy = StatusListPolicy::new(URI);
    let mut newest = NewestStatusList::new();
    assert_eq!((newest.issued_at(), newest.received_at()), (None, None));
    assert_eq!(NewestStatusList::default(), newest);
    for (iat, expected) in [
        (NOW - DAY, Ok(())),
        (NOW - DAY - 1, Err(Error::RolledBack)),
        (NOW - 60, Ok(())),
        (NOW - 61, Err(Error::RolledBack)),
        (NOW - DAY, Err(Error::RolledBack)),
        (NOW - 60, Ok(())),
        (NOW - 59, Ok(())),
        // If a list is both too old and older than the newest one, the error is about the age.
        (NOW - 7 * DAY, Err(Error::TooOld)),
    ] {
        let before = newest;
        assert_eq!(validate_by(policy, &mut newest, &issued_at(iat), now()).map(drop), expected, "{}", iat - NOW);
        if expected.is_ok() {
            assert_eq!(newest, record(iat, NOW));
            assert_eq!((newest.issued_at(), newest.received_at()), (Some(at(iat)), Some(now())));
        } else {
            assert_eq!(newest, before);
        }
    }
}

#[test]
fn refused_list_does_not_change_the_record() {
    let policy = StatusListPolicy::new(URI);
    let newer = issued_at(NOW);
    for (claims, now) in [
        (with(newer.clone(), "ttl", json!(0)), Now::Exact(now())),
        (with(newer.clone(), "status_list", json!({"bits": 3, "lst": SIXTEEN})), Now::Exact(now())),
        (with(newer.clone(), "sub", json!("urn:other")), Now::Exact(now())),
        (with(newer.clone(), "exp", json!(NOW)), Now::Exact(now())),
        (issued_at(NOW + 61), Now::Exact(now())),
        (newer.clone(), Now::Exact(at(0))),
        (newer.clone(), Now::AtLeast(EarliestTime::from_secs(NOW))),
        (newer.clone(), Now::Exact(at(NOW + 7 * DAY))),
    ] {
        let mut newest = record(NOW - 60, NOW - 30);
        validate_by(policy, &mut newest, &claims, now).unwrap_err();
        assert_eq!(newest, record(NOW - 60, NOW - 30), "{claims}");
    }
}

#[test]
fn ttl_counts_from_the_first_validation() {
    let policy = StatusListPolicy::new(URI);
    let mut newest = NewestStatusList::new();
    let list = issued_at(NOW - 60);
    for (now, expected) in [
        (NOW, Ok(NOW + 600)),
        (NOW + 1, Ok(NOW + 600)),
        (NOW + 599, Ok(NOW + 600)),
        (NOW + 600, Err(Error::StatusUnknown)),
        (NOW + DAY, Err(Error::StatusUnknown)),
    ] {
        assert_eq!(validate_by(policy, &mut newest, &list, at(now)), expected, "{}", now - NOW);
        assert_eq!(newest, record(NOW - 60, NOW));
    }
    // A newer list has its own `ttl`.
    assert_eq!(validate_by(policy, &mut newest, &issued_at(NOW + 700), at(NOW + 710)), Ok(NOW + 1310));
    assert_eq!(newest, record(NOW + 700, NOW + 710));
    // The default, for a list without `ttl` and `exp`.
    let (list, mut newest) = (with(list, "ttl", Value::Null), NewestStatusList::new());
    for now in [NOW, NOW + 43_199] {
        assert_eq!(validate_by(policy, &mut newest, &list, at(now)), Ok(NOW + 43_200));
    }
    assert_eq!(validate_by(policy, &mut newest, &list, at(NOW + 43_200)), Err(Error::StatusUnknown));
}

#[test]
fn ttl_counts_from_the_time_of_the_last_fetch() {
    let fetched_at = |secs: i64| StatusListPolicy::new(URI).with_fetch_time(at(secs));
    let list = issued_at(NOW - 60);
    let mut newest = NewestStatusList::new();
    for (policy, now, expected) in [
        // Fetched a while before it was validated.
        (fetched_at(NOW - 30), NOW, NOW + 570),
        (StatusListPolicy::new(URI), NOW + 10, NOW + 570),
        // The same list was fetched again.
        (fetched_at(NOW + 600), NOW + 610, NOW + 1200),
        (StatusListPolicy::new(URI), NOW + 620, NOW + 1200),
        // This fetch was before the last one.
        (fetched_at(NOW + 300), NOW + 630, NOW + 1200),
        // This time is in the future.
        (fetched_at(NOW + DAY), NOW + 640, NOW + 1240),
    ] {
        assert_eq!(validate_by(policy, &mut newest, &list, at(now)), Ok(expected), "{}", now - NOW);
        assert_eq!(newest, record(NOW - 60, expected - 600));
    }
    // The list was fetched too long ago.
    assert_eq!(
        validate_by(fetched_at(NOW - 600), &mut NewestStatusList::new(), &list, now()),
        Err(Error::StatusUnknown)
    );
    // An older list does not become acceptable.
    let older = issued_at(NOW - 61);
    assert_eq!(validate_by(fetched_at(NOW), &mut newest, &older, now()), Err(Error::RolledBack));
}

#[test]
fn clock_that_is_set_back_makes_no_list_usable_for_longer() {
    let policy = StatusListPolicy::new(URI);
    let list = issued_at(NOW - 60);
    // The list was first validated at a time that proved to be wrong.
    let mut newest = record(NOW - 60, NOW + 10_000);
    assert_eq!(validate_by(policy, &mut newest, &list, now()), Ok(NOW + 600));
    assert_eq!(newest, record(NOW - 60, NOW));
    assert_eq!(validate_by(policy, &mut newest, &list, at(NOW - 120)), Ok(NOW + 480));
    assert_eq!(validate_by(policy, &mut newest, &list, at(NOW - 121)), Err(Error::NotYetValid));
    assert_eq!(newest, record(NOW - 60, NOW - 120));
}

#[test]
fn list_is_usable_for_its_largest_age_at_most() {
    let list = |iat: i64| with(issued_at(iat), "ttl", json!(10 * DAY));
    let by_default = StatusListPolicy::new(URI);
    let short = by_default.with_max_age(Duration::from_millis(600_999));
    let unlimited = by_default.with_max_age(Duration::MAX);
    for (policy, age, expected) in [
        (by_default, 7 * DAY - 1, Ok(NOW + 1)),
        (by_default, 7 * DAY, Err(Error::TooOld)),
        (by_default, 3 * 365 * DAY, Err(Error::TooOld)),
        (short, 0, Ok(NOW + 600)),
        (short, 599, Ok(NOW + 1)),
        (short, 600, Err(Error::TooOld)),
        (unlimited, 3 * 365 * DAY, Ok(NOW + 10 * DAY)),
        (unlimited, 0, Ok(NOW + 10 * DAY)),
        (by_default.with_max_age(Duration::ZERO), 0, Err(Error::TooOld)),
        // The leeway applies to `iat` alone.
        (by_default.with_max_age(Duration::ZERO), -1, Ok(NOW + 1)),
    ] {
        let mut newest = NewestStatusList::new();
        assert_eq!(validate_by(policy, &mut newest, &list(NOW - age), now()), expected, "{age}");
    }
    let endless = with(issued_at(NOW), "ttl", json!(u64::MAX));
    assert_eq!(validate_by(unlimited, &mut NewestStatusList::new(), &endless, now()), Ok(i64::MAX), "no overflow");
}

#[test]
fn list_is_not_accepted_at_a_lower_bound_of_the_time() {
    let mut newest = NewestStatusList::new();
    let policy = StatusListPolicy::new(URI);
    for (bound, expected) in [(NOW, Error::TimeUnknown), (NOW - DAY, Error::TimeUnknown), (NOW + DAY, Error::Expired)] {
        let now = Now::AtLeast(EarliestTime::from_secs(bound));
        assert_eq!(validate_by(policy, &mut newest, &claims_of(1, SIXTEEN), now), Err(expected), "{}", bound - NOW);
    }
}

#[derive(Debug)]
struct RevokedKey<'a>(&'a [u8]);

impl Revocations for RevokedKey<'_> {
    fn check(&self, token: &TokenIdentity<'_>, _: Now) -> Result<(), Error> {
        if token.key().public_key() == self.0 { Err(Error::Revoked) } else { Ok(()) }
    }
}

#[test]
fn list_of_a_revoked_key_is_refused() {
    let mut newest = NewestStatusList::new();
    for (key, expected) in [(Alg::EdDsa.key(), Err(Error::Revoked)), (Alg::Es256.key(), Ok(NOW + 600))] {
        let revoked = RevokedKey(key.public_key());
        let policy = StatusListPolicy::new(URI).with_revocations(&revoked);
        assert_eq!(validate_by(policy, &mut newest, &claims_of(1, SIXTEEN), now()), expected);
    }
}

// Several lists.

/// Decodes a list in which the first 16 tokens have these statuses, as two bytes of one bit each.
fn bitmap_of<'m>(claims: &Value, memory: &'m mut [u8; 2]) -> StatusBitmap<'m> {
    let uri = claims["sub"].as_str().unwrap();
    validate_text("statuslist+jwt", &claims.to_string(), uri, NOW, |list| list.decode(&mut Inflater::new(), memory))
        .unwrap()
        .unwrap()
}

fn named(uri: &str, iat: i64, list: [u8; 2]) -> Value {
    let claims = with(claims_of(1, &base64url(&zlib(&list, 9))), "sub", json!(uri));
    with(claims, "iat", json!(iat))
}

/// The verdict on a token with the index 0 in the list of this URI.
fn verdict_by(revocations: &dyn Revocations, uri: &str) -> Result<(), Error> {
    let policy = AccessTokenPolicy::new(AUDIENCE).with_revocations(revocations);
    let status = json!({"status_list": {"idx": 0, "uri": uri}});
    validate_access_token(&Alg::EdDsa.access_token(&claims_with("status", status)), &policy, NOW, |_| ())
}

#[test]
fn of_several_lists_the_one_that_the_token_names_decides() {
    let mut memory = [[0; 2]; 3];
    let [first, second, third] = &mut memory;
    let bitmaps = [
        bitmap_of(&named("urn:list:1", NOW, [0, 0]), first),
        bitmap_of(&named("urn:list:2", NOW, [1, 0]), second),
        bitmap_of(&named("urn:list:3", NOW, [0, 0]), third).for_tokens_of("https://other.example"),
    ];
    let lists = StatusLists::new(&bitmaps);
    for (uri, expected) in [
        ("urn:list:1", Ok(())),
        ("urn:list:2", Err(Error::Revoked)),
        ("urn:list:3", Err(Error::StatusUnknown)),
        ("urn:list:4", Err(Error::StatusUnknown)),
    ] {
        assert_eq!(verdict_by(&lists, uri), expected, "{uri}");
        assert_eq!(verdict_by(&StatusLists::new(&[]), uri), Err(Error::StatusUnknown));
    }
    // In an array, every list is asked.
    let array: [&dyn Revocations; 2] = [&bitmaps[0], &bitmaps[1]];
    assert_eq!(verdict_by(&array, "urn:list:1"), Err(Error::StatusUnknown));

    let policy = AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(Duration::MAX).with_revocations(&lists);
    let token = |status: Value| Alg::EdDsa.access_token(&claims_with("status", status));
    let missing = validate_access_token(&token(Value::Null), &policy, NOW, |_| ());
    assert_eq!(missing, Err(Error::Missing(Claim::Status)));
    assert_eq!(validate_access_token(&token(json!({})), &policy, NOW, |_| ()), Err(Error::Invalid(Claim::Status)));
    let named = token(json!({"status_list": {"idx": 0, "uri": "urn:list:1"}}));
    let at_bound = verify(&named, |verified| {
        verified.into_access_token(&policy, Now::AtLeast(EarliestTime::from_secs(NOW))).map(drop)
    });
    assert_eq!(at_bound, Err(Error::TimeUnknown));
    assert!(format!("{lists:?}").starts_with("StatusLists { bitmaps: [StatusBitmap { usable_until: "));
}

#[test]
fn of_several_lists_with_one_uri_the_newest_decides() {
    let mut memory = [[0; 2]; 3];
    let [first, second, third] = &mut memory;
    let older = |iat: i64| named(URI, iat, [0, 0]);
    let mut bitmaps = [
        bitmap_of(&older(NOW - 2), first),
        bitmap_of(&named(URI, NOW, [1, 0]), second),
        bitmap_of(&older(NOW - 1), third),
    ];
    for _ in 0..3 {
        assert_eq!(verdict_by(&StatusLists::new(&bitmaps), URI), Err(Error::Revoked));
        bitmaps.rotate_left(1);
    }
}

#[test]
fn uri_of_a_list_may_be_escaped() {
    let uri = "urn:a\"b\\c\n";
    let mut memory = [0; 2];
    let payload = sixteen_with("sub", json!(uri)).to_string();
    let bitmap =
        validate_text("statuslist+jwt", &payload, uri, NOW, |list| list.decode(&mut Inflater::new(), &mut memory));
    let bitmap = bitmap.unwrap().unwrap();
    let token = Alg::EdDsa.access_token(&claims_with("status", json!({"status_list": {"idx": 0, "uri": uri}})));
    validate_access_token(&token, &AccessTokenPolicy::new(AUDIENCE), NOW, |token| {
        let reference = token.status_reference().unwrap().unwrap();
        assert_eq!(bitmap.status_of(&reference, now()), Ok(Status::Invalid));
    })
    .unwrap();
}

#[test]
fn index_beyond_the_list_is_refused() {
    for (bits, last) in [(1, 15), (2, 7), (4, 3), (8, 1)] {
        validate(&claims_of(bits, SIXTEEN), |list| {
            let (mut inflater, mut memory) = (Inflater::new(), [0; 64]);
            assert!(list.pick(&mut inflater, &mut window(), [0, last, last]).is_ok());
            for beyond in [last + 1, 32_768 * 8, 1 << 32, 1 << 61, 1 << 62, 1 << 63, u64::MAX] {
                let invalid = Error::Invalid(Claim::Status);
                assert_eq!(list.pick(&mut inflater, &mut window(), [0, beyond]), Err(invalid), "{beyond}");
                let bitmap = list.decode(&mut inflater, &mut memory).unwrap();
                assert!(bitmap.status(last).is_ok());
                assert_eq!(bitmap.status(beyond), Err(invalid), "{beyond}");
            }
            // No index is given, but the list is checked.
            assert_eq!(list.pick(&mut inflater, &mut window(), []), Ok([]));
        })
        .unwrap();
    }
    assert_eq!(refuse(&base64url(&zlib(&[0; 4], 9)[..8])), MALFORMED);
    let broken = claims_of(1, "eNrbuRgAAhcBXA");
    let picked = validate(&broken, |list| list.pick(&mut Inflater::new(), &mut window(), [16])).unwrap();
    assert_eq!(picked, Err(MALFORMED), "the list is checked before the index");
}

#[test]
fn debug_output_shows_neither_list_nor_uri() {
    let mut memory = [0; 2];
    validate(&claims_of(1, SIXTEEN), |list| {
        let until = format!("usable_until: UnixTime({})", NOW + 600);
        assert_eq!(format!("{list:?}"), format!("StatusList {{ {until}, .. }}"));
        let mut inflater = Inflater::default();
        let bitmap = list.decode(&mut inflater, &mut memory).unwrap();
        assert_eq!(format!("{bitmap:?}"), format!("StatusBitmap {{ {until}, .. }}"));
        assert_eq!(format!("{inflater:?}"), "Inflater { .. }");
    })
    .unwrap();
}

// Decoding.

/// `decode` and `pick`, compression levels from 0 to 9, all kinds of blocks, and lengths around a chunk, the window and
/// the limit.
#[test]
fn lists_of_many_lengths_are_decoded_to_their_end() {
    let noise = noise(40_000);
    let sparse = |len: usize| (0..len).map(|at| u8::from(at % 8191 == 7)).collect::<Vec<_>>();
    let lists = [
        &[][..],
        &[1],
        &noise[..143],
        &noise[..144],
        &noise[..145],
        &noise[..191],
        &noise[..192],
        &noise[..193],
        &noise[..32_767],
        &noise[..32_768],
        &noise[..32_769],
        &sparse(65_535),
        &sparse(65_536),
        &sparse(65_537),
        &sparse(98_304),
        &sparse(MAX_STATUS_LIST_LEN - 1),
        &sparse(MAX_STATUS_LIST_LEN),
    ];
    // One after the other, so that each is decoded with the state that the last one left.
    let (mut inflater, mut window) = (Inflater::new(), window());
    for list in lists {
        let last = list.len().saturating_sub(1) as u64;
        for level in [0, 1, 6, 9] {
            let lst = base64url(&zlib(list, level));
            if lst.len() > 48_000 {
                continue;
            }
            validate(&claims_of(8, &lst), |status_list| {
                let mut memory = vec![0xaa; list.len()];
                let bitmap = status_list.decode(&mut inflater, &mut memory).unwrap();
                let decoded: Vec<_> = (0..).map_while(|index| bitmap.status(index).ok()).map(value).collect();
                assert!(decoded == list, "{} at level {level}", list.len());

                let indices = [0, last / 2, last];
                let picked = status_list.pick(&mut inflater, &mut window, indices).map(|found| found.map(value));
                match list {
                    [] => assert_eq!(picked, Err(Error::Invalid(Claim::Status))),
                    _ => assert_eq!(picked, Ok(indices.map(|index| list[index as usize])), "{} at {level}", list.len()),
                }
                if let Some(short) = memory.split_last_mut().map(|(_, short)| short) {
                    let refused = status_list.decode(&mut inflater, short).unwrap_err();
                    assert_eq!(refused, Error::BufferTooSmall, "{} at level {level}", list.len());
                }
            })
            .unwrap();
        }
    }
}

#[test]
fn more_memory_than_needed_changes_nothing() {
    for room in [2, 3, 64, 4096, MAX_STATUS_LIST_LEN + 1] {
        assert_eq!(decode(1, SIXTEEN, room).unwrap().len(), 16, "{room}");
    }
    for room in [0, 1] {
        assert_eq!(decode(1, SIXTEEN, room), Err(Error::BufferTooSmall), "{room}");
    }
}

#[test]
fn blocks_of_a_stream_may_have_any_length() {
    let list = uneven(1000);
    for lengths in [&[1000][..], &[0, 1000], &[1000, 0], &[0, 0, 1, 998, 0, 1], &[185, 192, 192, 192, 239], &[250; 4]] {
        let decoded = decode(8, &base64url(&stored(&list, lengths)), 1000).unwrap();
        assert!(values(&decoded) == list, "{lengths:?}");
    }
}

#[test]
fn list_beyond_the_limit_is_refused() {
    let too_large = Err(Error::TooLarge(Part::StatusList));
    let zeros = |len: usize| base64url(&zlib(&vec![0; len], 9));
    for (len, expected) in [(MAX_STATUS_LIST_LEN, Ok([Status::Valid])), (MAX_STATUS_LIST_LEN + 1, too_large)] {
        let claims = claims_of(8, &zeros(len));
        let picked = validate(&claims, |list| list.pick(&mut Inflater::new(), &mut window(), [0])).unwrap();
        assert_eq!(picked, expected);
        let room = MAX_STATUS_LIST_LEN + 1;
        assert_eq!(decode(8, &zeros(len), room).map(|statuses| [statuses[0]]), expected);
    }
    // With less memory, the error is about the memory.
    assert_eq!(decode(8, &zeros(MAX_STATUS_LIST_LEN + 1), MAX_STATUS_LIST_LEN - 1), Err(Error::BufferTooSmall));
    // 30 MiB: as much as a token can carry. Nothing after the limit is read.
    let mut bomb = zlib(&vec![0; 30 << 20], 9);
    assert!(bomb.len() > 30_000);
    for _ in 0..2 {
        let claims = claims_of(1, &base64url(&bomb));
        let picked = validate(&claims, |list| list.pick(&mut Inflater::new(), &mut window(), [0]));
        assert_eq!(picked.unwrap(), too_large);
        bomb.truncate(2000);
    }
}

#[test]
fn truncated_list_is_refused() {
    let list = uneven(600);
    let streams = [zlib(&list, 9), zlib(&list, 0), stored(&list, &[300, 300]), zlib(&[0; 4096], 9)];
    for stream in streams {
        for end in 0..stream.len() {
            assert_eq!(refuse(&base64url(&stream[..end])), MALFORMED, "{end}");
        }
        assert!(decode(1, &base64url(&stream), 4096).is_ok());
    }
    // Even if the memory is full before the stream ends.
    let stream = stored(&list, &[300, 300]);
    for end in 0..stream.len() {
        assert_eq!(decode(1, &base64url(&stream[..end]), 600), Err(MALFORMED), "{end}");
    }
}

#[test]
fn list_with_trailing_bytes_is_refused() {
    // Including lengths around the end of a chunk of 192 bytes.
    for len in (0..400).step_by(31).chain(173..189).chain(365..382) {
        let list = uneven(len);
        for stream in [zlib(&list, 6), stored(&list, &[list.len()])] {
            assert!(decode(1, &base64url(&stream), 4096).is_ok());
            for tail in [&[0][..], &[0x78, 0xda], &[0; 8], &[0xff; 200], &stream] {
                assert_eq!(refuse(&base64url(&[&stream, tail].concat())), MALFORMED, "{len}");
            }
        }
    }
}

/// Some bits are never read, and some statuses can be encoded in two ways.
#[test]
fn changed_byte_is_detected_or_changes_no_status() {
    let list: Vec<u8> = uneven(24).iter().map(|byte| byte & 0x11).collect();
    for stream in [zlib(&list, 9), stored(&list[..9], &[4, 5])] {
        let intact = decode(1, &base64url(&stream), 40).unwrap();
        let mut noticed = 0;
        for (at, byte) in (0..stream.len()).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
            let mut changed = stream.clone();
            changed[at] = byte;
            match decode(1, &base64url(&changed), 40) {
                Ok(statuses) => assert_eq!(statuses, intact, "{byte} at {at}"),
                Err(MALFORMED | Error::BufferTooSmall) => noticed += 1,
                Err(other) => panic!("{other:?}: {byte} at {at}"),
            }
        }
        assert!(noticed > stream.len() * 245, "{noticed} of {}", stream.len());
    }
}

#[test]
fn list_must_be_a_stream_in_base64url() {
    assert_eq!(decode(1, SIXTEEN, 2).unwrap().len(), 16);
    let refused = [
        "",
        "e",
        "eNrbuRgAAhcBX",
        "eNrbuRgAAhcBXR",
        "eNrbuRgAAhcBXQ==",
        "eNrbuRgAAhcBXQ\n",
        " eNrbuRgAAhcBXQ",
        "eNrbuRgA+hcBXQ",
        "eNrbuRgAA\"cBXQ",
        "eNrbuRgAA\u{e9}cBXQ",
    ];
    for lst in refused {
        assert_eq!(refuse(lst), MALFORMED, "{lst:?}");
    }
    // In every chunk, and also after the end of the stream.
    let list = uneven(1200);
    let long = base64url(&zlib(&list, 0));
    for at in (0..long.len()).step_by(61).chain(255..258) {
        let mut foreign = long.clone();
        foreign.replace_range(at..=at, "=");
        assert_eq!(refuse(&foreign), MALFORMED, "{at}");
    }
    assert_eq!(refuse(&format!("{SIXTEEN}AA*")), MALFORMED);
}

#[test]
fn stream_must_be_zlib_with_its_checksum() {
    let stream = Base64UrlUnpadded::decode_vec(SIXTEEN).unwrap();
    let (header, deflate, sum) = (&stream[..2], &stream[2..6], &stream[6..]);
    let whole = |parts: &[&[u8]]| base64url(&parts.concat());
    assert_eq!(decode(1, &whole(&[header, deflate, sum]), 2).unwrap().len(), 16);
    let streams = [
        ("a checksum in the other byte order", whole(&[header, deflate, &[sum[3], sum[2], sum[1], sum[0]]])),
        ("no header", whole(&[deflate])),
        ("no checksum", whole(&[header, deflate])),
        ("a dictionary", whole(&[&[0x78, 0xbb], &[0; 4], deflate, sum])),
        ("another method", whole(&[&[0x79, 0x13], deflate, sum])),
        ("a window of 64 KiB", whole(&[&[0x88, 0x1c], deflate, sum])),
        ("GZIP", whole(&[&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], deflate, sum])),
        ("a block of the reserved type", whole(&[header, &[0b111, 0], sum])),
        ("a stored block whose lengths differ", whole(&[header, &[1, 2, 0, 0xfd, 0xfe, 0xb9, 0xa3], sum])),
    ];
    for (fault, lst) in streams {
        assert_eq!(refuse(&lst), MALFORMED, "{fault}");
    }
}

/// A list that ends in matches of these lengths, 3 or 258, at this distance, and its stream. The bytes before the list
/// count as `filling`.
fn repeating(mut list: Vec<u8>, lengths: &[usize], distance: usize, filling: u8) -> (Vec<u8>, String) {
    let mut stream = vec![0x78, 0x01];
    list.chunks(30_000).for_each(|block| push_stored(&mut stream, block, false));
    // Fixed codes (RFC 1951 section 3.2.6).
    let mut bits = String::from("110");
    for len in lengths {
        bits += if *len == 3 { "0000001" } else { "11000101" };
        bits += &match distance {
            1..=4 => format!("{:05b}", distance - 1),
            _ => format!("11101{}", format!("{:013b}", distance - 24_577).chars().rev().collect::<String>()),
        };
    }
    bits += "0000000";
    stream.extend(
        bits.as_bytes().chunks(8).map(|byte| byte.iter().zip(0..).map(|(bit, at)| (bit - b'0') << at).sum::<u8>()),
    );
    for _ in 0..lengths.iter().sum() {
        let byte = list.len().checked_sub(distance).map_or(filling, |at| list[at]);
        list.push(byte);
    }
    stream.extend(adler_32(&list).to_be_bytes());
    (list, base64url(&stream))
}

#[test]
fn match_may_reach_back_over_the_whole_window() {
    // Not longer: noise does not compress, and a token carries 36 KiB.
    for len in [32_765, 32_768, 32_769, 33_000] {
        for distance in [24_577, 32_767, 32_768] {
            if distance > len as usize {
                continue;
            }
            // Past the end of the window, several times.
            let (list, lst) = repeating(noise(len), &[&[3][..], &[258; 255], &[3]].concat(), distance, 0);
            assert!(values(&decode(8, &lst, list.len()).unwrap()) == list, "{len}, {distance}");
            let indices = [0, 32_767, 32_768, 65_535, 65_536, list.len() as u64 - 1];
            let picked = validate(&claims_of(8, &lst), |list| list.pick(&mut Inflater::new(), &mut window(), indices));
            assert_eq!(
                picked.unwrap().unwrap().map(value),
                indices.map(|index| list[index as usize]),
                "{len}, {distance}"
            );
        }
    }
}

/// Nothing is copied from before the list, least of all the old content of the memory.
#[test]
fn match_that_starts_before_the_list_is_refused() {
    for filling in [0, 0x55, 0xaa] {
        let memory = [filling; 32_768];
        for (list, distance) in [(vec![7], 1), (vec![7; 2], 2), (vec![7; 24_577], 24_577), (vec![7; 32_767], 32_767)] {
            for (distance, expected) in [(distance, Ok([Status::Other(7)])), (distance + 1, Err(MALFORMED))] {
                let (_, lst) = repeating(list.clone(), &[3], distance, filling);
                let claims = claims_of(8, &lst);
                let picked =
                    validate(&claims, |list| list.pick(&mut Inflater::new(), &mut memory.clone(), [0])).unwrap();
                assert_eq!(picked, expected, "{distance}");
                let decoded = validate(&claims, |list| {
                    let mut memory = [memory; 2];
                    list.decode(&mut Inflater::new(), memory.as_flattened_mut())
                        .map(|bitmap| [bitmap.status(0).unwrap()])
                });
                assert_eq!(decoded.unwrap(), expected, "{distance}");
            }
        }
    }
}

#[test]
fn inflater_works_again_after_an_error() {
    let list = uneven(600);
    let stream = zlib(&list, 9);
    let mut inflater = Inflater::new();
    for end in 0..stream.len() {
        let broken = claims_of(1, &base64url(&stream[..end]));
        let refused = validate(&broken, |list| list.pick(&mut inflater, &mut window(), [0])).unwrap();
        assert_eq!(refused, Err(MALFORMED));
        let picked = validate(&claims_of(1, SIXTEEN), |list| list.pick(&mut inflater, &mut window(), [0, 1])).unwrap();
        assert_eq!(picked, Ok([Status::Invalid, Status::Valid]), "{end}");
    }
}

/// Realistic lists (few statuses that are not 0) and unrealistic ones, with repetitions from near and far.
fn any_list() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => (1_usize..12_000).prop_map(|len| vec![0; len]),
        2 => (any::<u8>(), 1_usize..600).prop_map(|(byte, len)| vec![byte; len]),
        2 => prop::collection::vec(any::<u8>(), 1..40),
        1 => prop::collection::vec(any::<u8>(), 1..2000),
    ];
    prop::collection::vec((piece, 0_usize..40_000, 0_usize..300), 0..10).prop_map(|pieces| {
        let mut list = Vec::new();
        for (piece, back, len) in pieces {
            list.extend(piece);
            let start = list.len().saturating_sub(back);
            let end = list.len().min(start + len);
            list.extend_from_within(start..end);
        }
        list
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn decode_and_pick_return_the_same_statuses(
        list in any_list(),
        level in 0_u32..10,
        wanted in any::<[prop::sample::Index; 8]>(),
    ) {
        let stream = zlib(&list, level);
        prop_assume!(stream.len() < 34_000);
        let lst = base64url(&stream);
        for bits in [1, 2, 4, 8] {
            let expected = statuses(&list, usize::from(bits));
            let decoded = decode(bits, &lst, list.len()).unwrap();
            prop_assert!(values(&decoded) == expected);
            if expected.is_empty() {
                continue;
            }
            let indices = wanted.map(|index| index.index(expected.len()) as u64);
            let picked = validate(&claims_of(bits, &lst), |list| list.pick(&mut Inflater::new(), &mut window(), indices));
            prop_assert_eq!(picked.unwrap().unwrap().map(value), indices.map(|index| expected[index as usize]));
        }
    }

    /// Any stream is accepted by both, or refused by both with the same error.
    #[test]
    fn decode_and_pick_refuse_the_same_streams(
        list in any_list(),
        changes in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..3),
    ) {
        let mut stream = zlib(&list, 9);
        for (at, byte) in changes {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        prop_assume!(stream.len() < 34_000);
        let lst = base64url(&stream);
        let decoded = decode(8, &lst, MAX_STATUS_LIST_LEN).map(|statuses| values(&statuses));
        let picked = validate(&claims_of(8, &lst), |list| list.pick(&mut Inflater::new(), &mut window(), [])).unwrap();
        prop_assert_eq!(decoded.map(|_| []), picked);
    }
}

#[test]
fn policy_with_a_list_accepts_only_tokens_that_are_valid_in_it() {
    let validate_by_list = |status: &Value, now: Now| {
        validate(&claims_of(1, SIXTEEN), |list| {
            let mut room = [0; 2];
            let bitmap = list.decode(&mut Inflater::new(), &mut room).unwrap();
            let policy =
                AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(Duration::MAX).with_revocations(&bitmap);
            let text = Alg::EdDsa.access_token(&claims_with("status", status.clone()));
            verify(&text, |verified| verified.into_access_token(&policy, now).map(drop))
        })
        .unwrap()
    };
    let at = |index: u64, uri: &str| json!({"status_list": {"idx": index, "uri": uri}});
    // The draft's first byte is 0xb9: 1, 0, 0, 1, 1, 1, 0, 1.
    let exact = Now::Exact(now());
    assert_eq!(validate_by_list(&at(0, URI), exact), Err(Error::Revoked));
    assert_eq!(validate_by_list(&at(1, URI), exact), Ok(()));
    assert_eq!(validate_by_list(&at(16, URI), exact), Err(Error::Invalid(Claim::Status)));
    assert_eq!(validate_by_list(&at(1, "urn:other"), exact), Err(Error::StatusUnknown));
    assert_eq!(validate_by_list(&json!({}), exact), Err(Error::Invalid(Claim::Status)));
    assert_eq!(validate_by_list(&Value::Null, exact), Err(Error::Missing(Claim::Status)));
    assert_eq!(validate_by_list(&at(1, URI), Now::AtLeast(EarliestTime::from_secs(NOW))), Err(Error::TimeUnknown));
}

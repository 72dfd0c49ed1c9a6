//! DPoP proofs, in the steps of [RFC 9449 section 4.3](https://www.rfc-editor.org/rfc/rfc9449#section-4.3). Each rule
//! is tested with an accepted proof and with a copy that has one fault.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt::*;
use serde_json::{Value, json};
use testkit::{EdDsa, Es256, *};

const METHOD: &str = "POST";
const URI: &str = "https://pump-7.local/speed";
const ACCESS_TOKEN: &str = "an.access.token";

/// The policy for the request of [`dpop_claims`], with the limits that the tests of this file assume.
fn request() -> DpopPolicy<'static> {
    DpopPolicy::new(METHOD, URI, ACCESS_TOKEN)
        .with_leeway(Duration::from_secs(10))
        .with_max_token_age(Duration::from_secs(60))
}

fn good_claims() -> Value {
    dpop_claims(ACCESS_TOKEN)
}

fn good(alg: Alg) -> String {
    alg.mint(alg.dpop_header().to_string(), good_claims().to_string())
}

/// Verifies a proof at the time `now`, and passes it to `read` if it is accepted.
fn validate_text<T>(
    text: &str,
    request: &DpopPolicy<'_>,
    now: i64,
    read: impl FnOnce(DpopProof<'_>) -> T,
) -> Result<T, Error> {
    let mut buf = [0; 2 * MAX_HEADER_LEN];
    Token::parse(text)?.verify_dpop(request, BOTH, UnixTime::from_secs(now), &mut buf).map(read)
}

/// The error of a proof that is verified at [`NOW`] with these backends and this buffer.
fn refusal(
    text: &str,
    request: &DpopPolicy<'_>,
    algorithms: &[&dyn SignatureAlgorithm],
    buf: &mut [u8],
) -> Option<Error> {
    Token::parse(text).unwrap().verify_dpop(request, algorithms, now(), buf).err()
}

fn validate_header(alg: Alg, header: &Value) -> Result<(), Error> {
    validate_text(&alg.mint(header.to_string(), good_claims().to_string()), &request(), NOW, |_| ())
}

fn validate_at(claims: &Value, request: &DpopPolicy<'_>, now: i64) -> Result<(), Error> {
    let text = |alg: Alg| alg.mint(alg.dpop_header().to_string(), claims.to_string());
    let [one, other] = ALGS.map(|alg| validate_text(&text(alg), request, now, |_| ()));
    assert_eq!(one, other, "the result does not depend on the algorithm");
    one
}

fn validate(claims: &Value, request: &DpopPolicy<'_>) -> Result<(), Error> {
    validate_at(claims, request, NOW)
}

/// The claims with one of them replaced. A `null` is inserted as such.
fn replaced(name: &str, value: Value) -> Value {
    let mut claims = good_claims();
    claims[name] = value;
    claims
}

fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn proof_returns_its_claims() {
    for alg in ALGS {
        validate_text(&good(alg), &request(), NOW, |proof| {
            assert_eq!(proof.thumbprint(), alg.key().thumbprint());
            assert_eq!(proof.jwt_id(), "proof-1");
            assert_eq!(proof.issued_at(), now());
            assert_eq!(proof.usable_until(), UnixTime::from_secs(NOW + 60 + 10 + 1));
        })
        .unwrap();
    }
}

/// The proofs printed in RFC 9449, each with its signature over the printed text.
mod rfc_9449 {
    use super::*;

    /// The header of [section 4.2](https://www.rfc-editor.org/rfc/rfc9449#section-4.2). The thumbprint of its key is
    /// in [section 6.1](https://www.rfc-editor.org/rfc/rfc9449#section-6.1).
    const HEADER: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0\
        VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE\
        QSIsImNydiI6IlAtMjU2In19";
    const THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    /// The proof of [section 4.1](https://www.rfc-editor.org/rfc/rfc9449#section-4.1): for the authorization server,
    /// without `ath`.
    const TOKEN_REQUEST: [&str; 2] = [
        "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwi\
            aWF0IjoxNTYyMjYyNjE2fQ",
        "2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
    ];
    /// The proof of [section 5](https://www.rfc-editor.org/rfc/rfc9449#section-5): the same, issued 2,680 s later.
    const REFRESH_REQUEST: [&str; 2] = [
        "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwi\
            aWF0IjoxNTYyMjY1Mjk2fQ",
        "pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroapUA",
    ];
    /// The proof of [section 7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1): with an access token.
    const RESOURCE_REQUEST: [&str; 2] = [
        "eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0\
            ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ\
            9",
        "2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
    ];
    const ACCESS_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    const IAT: i64 = 1_562_262_618;

    fn text([payload, signature]: [&str; 2]) -> String {
        format!("{HEADER}.{payload}.{signature}")
    }

    #[test]
    fn resource_request_proof_is_accepted() {
        let request = DpopPolicy::new("GET", "https://resource.example.org/protectedresource", ACCESS_TOKEN);
        validate_text(&text(RESOURCE_REQUEST), &request, IAT, |proof| {
            assert_eq!(proof.thumbprint().to_string(), THUMBPRINT);
            assert_eq!(proof.jwt_id(), "e1j3V_bKic8-LAEB");
            assert_eq!(proof.issued_at(), UnixTime::from_secs(IAT));
        })
        .unwrap();
    }

    #[test]
    fn authorization_server_proofs_are_valid_but_lack_ath() {
        for (proof, iat) in [(TOKEN_REQUEST, 1_562_262_616), (REFRESH_REQUEST, 1_562_265_296)] {
            let request = DpopPolicy::new("POST", "https://server.example.com/token", ACCESS_TOKEN);
            let refused = validate_text(&text(proof), &request, iat, |_| ());
            assert_eq!(refused, Err(Error::Missing(Claim::AccessTokenHash)));
        }
    }

    #[test]
    fn signature_of_one_proof_is_invalid_for_another() {
        let payloads = [TOKEN_REQUEST, REFRESH_REQUEST, RESOURCE_REQUEST];
        for (one, other) in [(0, 1), (1, 2), (2, 0)] {
            let mixed = text([payloads[one][0], payloads[other][1]]);
            let request = DpopPolicy::new("GET", "https://resource.example.org/protectedresource", ACCESS_TOKEN);
            assert_eq!(validate_text(&mixed, &request, IAT, |_| ()), Err(Error::InvalidSignature));
        }
    }
}

#[test]
fn empty_expected_value_refuses_every_proof() {
    let unconfigured = [
        (DpopPolicy::new("", URI, ACCESS_TOKEN), Claim::HttpMethod),
        (DpopPolicy::new(METHOD, "", ACCESS_TOKEN), Claim::HttpUri),
        (DpopPolicy::new(METHOD, URI, ""), Claim::AccessTokenHash),
        (request().with_nonces(&[]), Claim::Nonce),
        (DpopPolicy::new("", "", ACCESS_TOKEN).with_nonces(&[]), Claim::HttpMethod),
        (DpopPolicy::new(METHOD, "", ACCESS_TOKEN).with_nonces(&[]), Claim::HttpUri),
    ];
    for (policy, claim) in unconfigured {
        let mut claims = good_claims();
        for name in ["htm", "htu", "nonce"] {
            claims[name] = json!("");
        }
        assert_eq!(validate(&claims, &policy), Err(Error::Unconfigured(claim)));
        // The error is the same for any proof and any buffer.
        assert_eq!(refusal("e30.e30.AA", &policy, &[], &mut []), Some(Error::Unconfigured(claim)));
    }
}

#[test]
fn buffer_is_used_for_header_and_payload_in_turn() {
    for alg in ALGS {
        let text = good(alg);
        let needed = Token::parse(&text).unwrap().buffer_len();
        for len in 0..=needed + 1 {
            let refused = refusal(&text, &request(), BOTH, &mut vec![0; len]);
            assert_eq!(refused, (len < needed).then_some(Error::BufferTooSmall), "{len} of {needed} bytes");
        }
    }
    // A buffer that is too small is reported for any proof.
    assert_eq!(refusal("e30.e30.AA", &request(), BOTH, &mut [0; 1]), Some(Error::BufferTooSmall));
}

/// Steps 2 and 3: a well-formed JWT.
#[test]
fn unreadable_header_is_refused() {
    let jwk = Alg::EdDsa.jwk();
    let nested = format!(r#"{{"alg":"EdDSA","x":{}}}"#, "[".repeat(MAX_DEPTH));
    let unreadable = [
        ("".into(), Error::Malformed(Part::Token)),
        ("[]".into(), Error::Malformed(Part::Header)),
        ("{}".into(), Error::Malformed(Part::Header)),
        (r#"{"alg":"EdDSA"}x"#.into(), Error::Malformed(Part::Header)),
        (r#"{"alg":["EdDSA"],"typ":"dpop+jwt"}"#.into(), Error::Malformed(Part::Header)),
        (r#"{"alg":null,"typ":"dpop+jwt"}"#.into(), Error::Malformed(Part::Header)),
        (r#"{"alg":"EdDSA","typ":null}"#.into(), Error::Malformed(Part::Header)),
        (r#"{"alg":"EdDSA","typ":"dpop+jwt","kid":1}"#.into(), Error::Malformed(Part::Header)),
        (format!(r#"{{"alg":"EdDSA","typ":"dpop+jwt","b64":false,"jwk":{jwk}}}"#), Error::Malformed(Part::Header)),
        (r#"{"alg":"EdDSA","\u0061lg":"EdDSA"}"#.into(), Error::DuplicateName(Part::Header)),
        (format!(r#"{{"alg":"EdDSA","typ":"dpop+jwt","jwk":{jwk},"jwk":{jwk}}}"#), Error::DuplicateName(Part::Header)),
        (nested, Error::TooDeep(Part::Header)),
    ];
    for (header, error) in unreadable {
        let refused = validate_text(&Alg::EdDsa.mint(&header, good_claims().to_string()), &request(), NOW, |_| ());
        assert_eq!(refused, Err(error), "{header}");
    }
}

#[test]
fn header_longer_than_the_limit_is_refused() {
    for alg in ALGS {
        let padded = |len: usize| {
            let header = with(alg.dpop_header(), "pad", json!(""));
            with(alg.dpop_header(), "pad", json!("p".repeat(len - header.to_string().len())))
        };
        assert_eq!(padded(MAX_HEADER_LEN).to_string().len(), MAX_HEADER_LEN);
        assert_eq!(validate_header(alg, &padded(MAX_HEADER_LEN)), Ok(()));
        assert_eq!(validate_header(alg, &padded(MAX_HEADER_LEN + 1)), Err(Error::TooLarge(Part::Header)));
    }
}

#[test]
fn critical_extension_is_refused() {
    for alg in ALGS {
        for crit in [json!(["exp"]), json!(["jwk"]), json!(["b64"]), json!([]), json!("x")] {
            let header = with(alg.dpop_header(), "crit", crit);
            assert_eq!(validate_header(alg, &header), Err(Error::CriticalHeader), "{header}");
        }
        let mut header = alg.dpop_header();
        header["crit"] = Value::Null;
        assert_eq!(validate_header(alg, &header), Err(Error::CriticalHeader));
    }
}

/// Step 4: the type.
#[test]
fn proof_must_have_type_dpop_jwt() {
    for alg in ALGS {
        for typ in ["dpop+jwt", "DPoP+JWT", "application/dpop+jwt"] {
            assert_eq!(validate_header(alg, &with(alg.dpop_header(), "typ", json!(typ))), Ok(()), "{typ}");
        }
        let wrong = ["", "JWT", "at+jwt", "dpop", "dpop+jwt ", "dpop+jwt;v=1", "text/dpop+jwt", "x/dpop+jwt"];
        for typ in wrong.into_iter().map(Value::from).chain([Value::Null, json!("t".repeat(65))]) {
            let header = with(alg.dpop_header(), "typ", typ);
            assert_eq!(validate_header(alg, &header), Err(Error::WrongType), "{header}");
        }
    }
}

#[test]
fn proof_and_access_token_are_not_interchangeable() {
    for alg in ALGS {
        // Neither is accepted as the other, even with a key that is the client's and the issuer's, and with the claims
        // of both.
        let mut both = claims();
        both.as_object_mut().unwrap().append(good_claims().as_object_mut().unwrap());
        let proof = alg.mint(alg.dpop_header().to_string(), both.to_string());
        let refused = validate_access_token(&proof, &AccessTokenPolicy::untyped(AUDIENCE), NOW, |_| ());
        assert_eq!(refused, Err(Error::WrongType));
        let header = with(alg.header(), "jwk", alg.jwk());
        let access_token = alg.mint(header.to_string(), both.to_string());
        assert_eq!(validate_text(&access_token, &request(), NOW, |_| ()), Err(Error::WrongType));
    }
}

/// Step 5: the algorithm.
#[test]
fn unknown_algorithm_is_refused() {
    for alg in ALGS {
        for name in ["none", "None", "", "HS256", "RS256", "PS256", "ES384", "ES256K", "es256", "EDDSA", "Ed448"] {
            let header = with(alg.dpop_header(), "alg", json!(name));
            assert_eq!(validate_header(alg, &header), Err(Error::UnsupportedAlgorithm), "{name}");
        }
        let unsigned = format!(
            "{}.{}.",
            base64url(with(alg.dpop_header(), "alg", json!("none")).to_string().as_bytes()),
            base64url(good_claims().to_string().as_bytes())
        );
        assert_eq!(validate_text(&unsigned, &request(), NOW, |_| ()), Err(Error::UnsupportedAlgorithm));
    }
    let header = with(Alg::EdDsa.dpop_header(), "alg", json!("Ed25519"));
    assert_eq!(validate_header(Alg::EdDsa, &header), Ok(()));
}

#[test]
fn algorithm_without_backend_is_refused() {
    let lists: [(&[&dyn SignatureAlgorithm], _); 4] = [
        (&[], [false, false]),
        (&[&Es256], [true, false]),
        (&[&EdDsa], [false, true]),
        (&[&EdDsa, &Es256], [true, true]),
    ];
    for (accepted, expected) in lists {
        for (alg, is_accepted) in ALGS.into_iter().zip(expected) {
            let text = good(alg);
            let refused = refusal(&text, &request(), accepted, &mut [0; 1024]);
            assert_eq!(refused, (!is_accepted).then_some(Error::UnsupportedAlgorithm), "{alg:?} of {accepted:?}");
        }
    }
}

#[test]
fn algorithm_is_checked_before_the_key() {
    let header = with(Alg::Es256.dpop_header(), "jwk", Value::Null);
    let text = Alg::Es256.mint(header.to_string(), good_claims().to_string());
    assert_eq!(refusal(&text, &request(), &[&EdDsa], &mut [0; 1024]), Some(Error::UnsupportedAlgorithm));
}

/// Steps 6 and 7: the key.
#[test]
fn key_must_be_a_public_key_of_the_algorithm() {
    for alg in ALGS {
        let jwk = |name: &str, value: Value| with(alg.jwk(), name, value);
        let x = alg.jwk()["x"].as_str().unwrap().to_owned();
        let mut bad = vec![
            json!("jwk"),
            json!([alg.jwk()]),
            json!({}),
            json!({"keys": [alg.jwk()]}),
            jwk("d", json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI")),
            jwk("d", json!("")),
            jwk("use", json!("enc")),
            jwk("key_ops", json!(["sign"])),
            jwk("alg", json!("RS256")),
            jwk("kty", Value::Null),
            jwk("kty", json!("oct")),
            jwk("kty", json!("ec")),
            jwk("crv", Value::Null),
            jwk("crv", json!("P-384")),
            jwk("crv", json!("X25519")),
            jwk("x", Value::Null),
            jwk("x", json!("")),
            jwk("x", json!(1)),
            jwk("x", json!(base64url(&[1; 31]))),
            jwk("x", json!(base64url(&[1; 33]))),
            jwk("x", json!(format!("{x}="))),
            jwk("x", json!(format!(" {x}"))),
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
            json!({"kty": "oct", "k": x}),
        ];
        let off_curve = if alg == Alg::Es256 {
            bad.extend([
                jwk("y", Value::Null),
                jwk("y", json!(base64url(&[1; 31]))),
                jwk("y", json!(base64url(&[1; 33]))),
                jwk("x", json!(base64url(&[0xff; 32]))),
                jwk("y", json!(base64url(&[0xff; 32]))),
                Alg::EdDsa.jwk(),
            ]);
            let zero = json!(base64url(&[0; 32]));
            vec![jwk("y", json!(x)), with(jwk("x", zero.clone()), "y", zero)]
        } else {
            bad.extend(small_order_points().map(|point| jwk("x", json!(base64url(&point)))));
            // p + 2 is not below p, and no point has y = 2.
            let [beyond, two] = [[0xef, 0xff, 0x7f], [2, 0, 0]].map(|[first, between, last]| {
                let mut y = [between; 32];
                (y[0], y[31]) = (first, last);
                jwk("x", json!(base64url(&y)))
            });
            bad.extend([beyond, Alg::Es256.jwk()]);
            vec![two]
        };
        let bad = bad.into_iter().map(|jwk| (jwk, Error::InvalidKey));
        for (jwk, error) in bad.chain(off_curve.into_iter().map(|jwk| (jwk, OFF_CURVE))) {
            let header = with(alg.dpop_header(), "jwk", jwk);
            assert_eq!(validate_header(alg, &header), Err(error), "{header}");
        }
        assert_eq!(
            validate_header(alg, &with(alg.dpop_header(), "jwk", Value::Null)),
            Err(Error::InvalidKey),
            "missing"
        );
        let mut null = alg.dpop_header();
        null["jwk"] = Value::Null;
        assert_eq!(validate_header(alg, &null), Err(Error::InvalidKey), "null");
        null["jwk"] = alg.jwk();
        null["jwk"]["d"] = Value::Null;
        assert_eq!(validate_header(alg, &null), Ok(()), "there is no private key");
    }
}

/// A `kid` only chooses among the keys of a set. Some wallets write a URL of more than 100 bytes.
#[test]
fn kid_of_the_embedded_key_is_not_looked_at() {
    for alg in ALGS {
        for kid in ["\"\"", "\"k\"", &format!("\"{}\"", "k".repeat(110)), "null", "7", "[]", "{}", "true"] {
            let mut header = alg.dpop_header();
            header["jwk"]["kid"] = number(kid);
            let text = alg.mint(header.to_string(), good_claims().to_string());
            let thumbprint = validate_text(&text, &request(), NOW, |proof| proof.thumbprint());
            assert_eq!(thumbprint, Ok(alg.key().thumbprint()), "{kid}");
            // The other members of the key are still checked.
            header["jwk"]["d"] = json!("");
            assert_eq!(validate_header(alg, &header), Err(Error::InvalidKey), "{kid}");
        }
    }
}

/// The eight points whose order divides 8, with both signs of x.
fn small_order_points() -> impl Iterator<Item = [u8; 32]> {
    curve25519_dalek::constants::EIGHT_TORSION.into_iter().flat_map(|point| {
        let encoded = point.compress().to_bytes();
        let mut negative = encoded;
        negative[31] ^= 0x80;
        [encoded, negative]
    })
}

#[test]
fn key_of_one_algorithm_is_refused_for_the_other() {
    for (alg, other) in [(Alg::Es256, Alg::EdDsa), (Alg::EdDsa, Alg::Es256)] {
        for signer in ALGS {
            let header = with(alg.dpop_header(), "alg", json!(other.name()));
            let text = signer.mint(header.to_string(), good_claims().to_string());
            assert_eq!(validate_text(&text, &request(), NOW, |_| ()), Err(Error::InvalidKey));
        }
    }
}

#[test]
fn other_members_of_header_and_key_are_ignored() {
    for alg in ALGS {
        let mut header = alg.dpop_header();
        header["kid"] = json!("of nobody");
        header["jku"] = json!("https://attacker.example/jwks");
        header["x5c"] = json!(["MAA="]);
        header["jwk"] = with(with(alg.jwk(), "use", json!("sig")), "kid", json!("another"));
        header["jwk"]["key_ops"] = json!(["verify"]);
        header["jwk"]["alg"] = json!(alg.name());
        header["jwk"]["ext"] = json!(true);
        let text = alg.mint(header.to_string(), good_claims().to_string());
        let thumbprint = validate_text(&text, &request(), NOW, |proof| proof.thumbprint());
        assert_eq!(thumbprint, Ok(alg.key().thumbprint()));
    }
}

/// Step 6: the signature.
#[test]
fn signature_by_another_key_is_refused() {
    // The generator of P-256, and the key of RFC 8037 appendix A.2.
    let another_es256 = json!({
        "kty": "EC", "crv": "P-256",
        "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY", "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
    });
    let another_eddsa = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    for (alg, another) in [(Alg::Es256, another_es256), (Alg::EdDsa, another_eddsa)] {
        let header = with(alg.dpop_header(), "jwk", another);
        assert_eq!(validate_header(alg, &header), Err(Error::InvalidSignature), "{header}");
    }
}

#[test]
fn any_flipped_signature_bit_is_refused() {
    for alg in ALGS {
        let text = good(alg);
        let (signed, signature) = text.rsplit_once('.').unwrap();
        let signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
        assert_eq!(signature.len(), 64);
        for bit in 0..512 {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let text = format!("{signed}.{}", base64url(&flipped));
            assert_eq!(
                validate_text(&text, &request(), NOW, |_| ()),
                Err(Error::InvalidSignature),
                "{alg:?} bit {bit}"
            );
        }
    }
}

#[test]
fn any_changed_payload_character_is_refused() {
    for alg in ALGS {
        let text = good(alg);
        let (first, second) = (text.find('.').unwrap(), text.rfind('.').unwrap());
        for at in first + 1..second {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(validate_text(&changed, &request(), NOW, |_| ()), Err(Error::InvalidSignature), "{at}");
        }
    }
}

#[test]
fn signature_must_be_64_bytes_in_strict_base64url() {
    for alg in ALGS {
        let text = good(alg);
        let (signed, signature) = text.rsplit_once('.').unwrap();
        let bytes = Base64UrlUnpadded::decode_vec(signature).unwrap();
        let malformed = Error::Malformed(Part::Signature);
        let last = signature.chars().next_back().unwrap();
        let stray = char::from(last as u8 + 1);
        let wrong = [
            (String::new(), Error::InvalidSignature),
            (base64url(&bytes[..63]), Error::InvalidSignature),
            (base64url(&[&bytes[..], &[0]].concat()), Error::InvalidSignature),
            (base64url(&[0; 64]), Error::InvalidSignature),
            (base64url(&[0xff; 64]), Error::InvalidSignature),
            (base64url(b"\x30\x06\x02\x01\x01\x02\x01\x01"), Error::InvalidSignature),
            (format!("{signature}=="), malformed),
            (format!("{signature}\n"), malformed),
            (format!(" {signature}"), malformed),
            (format!("{}+", &signature[..85]), malformed),
            // Bits after the last byte.
            (format!("{}{stray}", &signature[..85]), malformed),
        ];
        for (signature, error) in wrong {
            let refused = validate_text(&format!("{signed}.{signature}"), &request(), NOW, |_| ());
            assert_eq!(refused, Err(error), "{signature:?}");
        }
    }
}

/// JOSE has no low-s rule. Both texts are therefore the same proof, with the same identity.
#[test]
fn negated_s_does_not_change_the_proof_identity() {
    let text = good(Alg::Es256);
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let signature = p256::ecdsa::Signature::from_slice(&Base64UrlUnpadded::decode_vec(signature).unwrap()).unwrap();
    let (r, s) = signature.split_scalars();
    let other = p256::ecdsa::Signature::from_scalars(r.to_bytes(), (-s).to_bytes()).unwrap();
    let other = format!("{signed}.{}", base64url(&other.to_bytes()));
    assert_ne!(other, text);
    let identity = |text: &str| {
        validate_text(text, &request(), NOW, |proof| (proof.thumbprint(), proof.jwt_id().to_owned())).unwrap()
    };
    assert_eq!(identity(&other), identity(&text));
}

#[test]
fn unavailable_backend_is_not_reported_as_forgery() {
    #[derive(Debug)]
    struct Offline(Algorithm);

    impl SignatureAlgorithm for Offline {
        fn algorithm(&self) -> Algorithm {
            self.0
        }

        fn verify(&self, _: &PublicKey<'_>, _: &[u8], _: Signature<'_>) -> Result<(), BackendError> {
            Err(BackendError::Unavailable)
        }
    }

    for alg in ALGS {
        let offline = Offline(alg.key().algorithm());
        let refused = refusal(&good(alg), &request(), &[&offline], &mut [0; 1024]);
        assert_eq!(refused, Some(Error::BackendUnavailable));
    }
}

#[test]
fn unreadable_payload_is_refused() {
    let claims = good_claims().to_string();
    let members: Vec<_> = (0..=MAX_OPEN_MEMBERS).map(|i| format!("\"{i:x}\":0")).collect();
    let unreadable = [
        ("[]".into(), Error::Malformed(Part::Payload)),
        ("null".into(), Error::Malformed(Part::Payload)),
        (format!("{claims}x"), Error::Malformed(Part::Payload)),
        (claims.replace('}', ",}"), Error::Malformed(Part::Payload)),
        (claims.replace('}', r#","\u006Ati":"proof-2"}"#), Error::DuplicateName(Part::Payload)),
        ("[".repeat(MAX_DEPTH + 1), Error::TooDeep(Part::Payload)),
        (format!("{{{}}}", members.join(",")), Error::TooManyMembers(Part::Payload)),
    ];
    for alg in ALGS {
        for (payload, error) in &unreadable {
            let text = alg.mint(alg.dpop_header().to_string(), payload);
            assert_eq!(refusal(&text, &request(), BOTH, &mut [0; 2048]), Some(*error), "{payload}");
        }
    }
}

const REQUIRED: [(&str, Claim); 5] = [
    ("jti", Claim::JwtId),
    ("htm", Claim::HttpMethod),
    ("htu", Claim::HttpUri),
    ("iat", Claim::IssuedAt),
    ("ath", Claim::AccessTokenHash),
];

/// Step 3, and step 12 for `ath`.
#[test]
fn every_proof_claim_is_required() {
    assert_eq!(validate(&good_claims(), &request()), Ok(()));
    for (name, claim) in REQUIRED {
        let claims = with(good_claims(), name, Value::Null);
        assert_eq!(validate(&claims, &request()), Err(Error::Missing(claim)), "{name}");
        // Only top-level members are claims.
        let nested = with(claims, "claims", good_claims());
        assert_eq!(validate(&nested, &request()), Err(Error::Missing(claim)), "{name}");
    }
    assert_eq!(validate(&json!({}), &request()), Err(Error::Missing(Claim::JwtId)));
}

/// The replay check identifies a proof by its `jti`.
#[test]
fn proof_with_empty_jti_is_refused() {
    for (jti, expected) in [("", Err(Error::Invalid(Claim::JwtId))), (" ", Ok(())), ("\"", Ok(())), ("\0", Ok(()))] {
        assert_eq!(validate(&replaced("jti", json!(jti)), &request()), expected, "{jti:?}");
    }
}

/// The claims of [RFC 7519 section 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1) that a proof does not need.
#[test]
fn registered_claim_of_another_type_is_refused() {
    let strings = [("iss", Claim::Issuer), ("sub", Claim::Subject)];
    let dates = [("exp", Claim::Expiration), ("nbf", Claim::NotBefore)];
    for (name, claim) in strings.into_iter().chain(dates).chain([("aud", Claim::Audience)]) {
        for value in [Value::Null, json!(true), json!({}), json!([7]), json!(["a", null])] {
            let refused = validate(&replaced(name, value.clone()), &request());
            assert_eq!(refused, Err(Error::Invalid(claim)), "{name} {value}");
        }
    }
    for (name, claim) in strings {
        for value in [json!(1), json!([]), json!(["a"])] {
            assert_eq!(validate(&replaced(name, value), &request()), Err(Error::Invalid(claim)), "{name}");
        }
        for value in ["", "of nobody", "\""] {
            assert_eq!(validate(&replaced(name, json!(value)), &request()), Ok(()), "{name} {value}");
        }
    }
    for (name, claim) in dates {
        for text in ["\"1768478400\"", "\"soon\"", "[]", "1e400", "9223372036854775808"] {
            let refused = validate(&replaced(name, number(text)), &request());
            assert_eq!(refused, Err(Error::Invalid(claim)), "{name} {text}");
        }
    }
    assert_eq!(validate(&replaced("aud", json!(1)), &request()), Err(Error::Invalid(Claim::Audience)));
    for aud in [json!("x"), json!(""), json!([]), json!(["x", "y"])] {
        assert_eq!(validate(&replaced("aud", aud.clone()), &request()), Ok(()), "{aud}");
    }
}

#[test]
fn claim_of_wrong_type_is_not_treated_as_absent() {
    let nonce = ("nonce", Claim::Nonce);
    for (name, claim) in REQUIRED.into_iter().chain([nonce]) {
        for value in [Value::Null, json!(true), json!([]), json!({}), json!(["a"])] {
            assert_eq!(
                validate(&replaced(name, value.clone()), &request()),
                Err(Error::Invalid(claim)),
                "{name} {value}"
            );
        }
        if name != "iat" {
            assert_eq!(validate(&replaced(name, json!(1)), &request()), Err(Error::Invalid(claim)), "{name}");
        }
    }
    for text in ["\"1768478400\"", "1e400", "-1e30", "9223372036854775808", "-9223372036854775808"] {
        let refused = validate(&replaced("iat", number(text)), &request());
        assert_eq!(refused, Err(Error::Invalid(Claim::IssuedAt)), "{text}");
    }
}

/// Step 8: the method.
#[test]
fn method_is_compared_case_sensitively() {
    for method in ["POST", "GET", "get", "M-SEARCH"] {
        let policy = DpopPolicy::new(method, URI, ACCESS_TOKEN);
        assert_eq!(validate(&replaced("htm", json!(method)), &policy), Ok(()), "{method}");
    }
    for method in ["", "post", "Post", "GET", "POST ", " POST", "POSTS", "POS", "POST\0"] {
        let refused = validate(&replaced("htm", json!(method)), &request());
        assert_eq!(refused, Err(Error::Mismatch(Claim::HttpMethod)), "{method:?}");
    }
}

/// Step 9: the URI. The comparison rules are tested next to their code.
#[test]
fn uri_is_compared_normalized_without_query_and_fragment() {
    for same in [
        "https://pump-7.local/speed",
        "HTTPS://PUMP-7.local:443/speed",
        "https://pump-7.local/x/../sp%65ed",
        "https://pump-7.local/speed?rpm=7#now",
    ] {
        assert_eq!(validate(&replaced("htu", json!(same)), &request()), Ok(()), "{same}");
        assert_eq!(validate(&good_claims(), &DpopPolicy::new(METHOD, same, ACCESS_TOKEN)), Ok(()), "{same}");
    }
    for other in [
        "",
        "/speed",
        "http://pump-7.local/speed",
        "https://pump-7.local:8443/speed",
        "https://pump-8.local/speed",
        "https://pump-7.local.attacker.example/speed",
        "https://attacker.example/?https://pump-7.local/speed",
        "https://pump-7.local@attacker.example/speed",
        "https://attacker.example@pump-7.local/speed",
        "https://pump-7.local/Speed",
        "https://pump-7.local/speed/",
        "https://pump-7.local/speed%2f",
        "https://pump-7.local/",
        "https://pump-7.local/speed\"",
    ] {
        let mismatch = Err(Error::Mismatch(Claim::HttpUri));
        assert_eq!(validate(&replaced("htu", json!(other)), &request()), mismatch, "{other}");
        if !other.is_empty() {
            assert_eq!(validate(&good_claims(), &DpopPolicy::new(METHOD, other, ACCESS_TOKEN)), mismatch, "{other}");
        }
    }
    // A URI that is not absolute matches nothing, not even itself.
    for relative in ["/speed", "pump-7.local/speed", "https:///speed"] {
        let refused = validate(&replaced("htu", json!(relative)), &DpopPolicy::new(METHOD, relative, ACCESS_TOKEN));
        assert_eq!(refused, Err(Error::Mismatch(Claim::HttpUri)), "{relative}");
    }
}

/// Nonces that the device has issued.
fn nonces<const N: usize>(texts: [&str; N]) -> [DpopNonce; N] {
    texts.map(|text| {
        let nonce = DpopNonce::new();
        nonce.issue(text);
        nonce
    })
}

/// Step 10: the nonce.
#[test]
fn nonce_must_match_the_policy() {
    let (nonces, escaped) = (nonces(["n-1"]), nonces(["a\"b\\"]));
    let with_nonce = request().with_nonces(&nonces);
    assert_eq!(validate(&replaced("nonce", json!("n-1")), &with_nonce), Ok(()));
    assert_eq!(validate(&good_claims(), &with_nonce), Err(Error::Missing(Claim::Nonce)));
    for nonce in ["", "n-2", "N-1", "n-1 ", "n-", "n-11", "n-1\0"] {
        let refused = validate(&replaced("nonce", json!(nonce)), &with_nonce);
        assert_eq!(refused, Err(Error::Mismatch(Claim::Nonce)), "{nonce:?}");
    }
    // The claim is ignored if the policy has no nonces.
    for nonce in ["", "n-1", "\""] {
        assert_eq!(validate(&replaced("nonce", json!(nonce)), &request()), Ok(()), "{nonce:?}");
    }
    // The claim is compared after unescaping.
    assert_eq!(validate(&replaced("nonce", json!("a\"b\\")), &request().with_nonces(&escaped)), Ok(()));
}

#[test]
fn each_issued_nonce_is_accepted_until_it_is_withdrawn_or_replaced() {
    let slots = [DpopNonce::new(), DpopNonce::default(), DpopNonce::new()];
    let policy = request().with_nonces(&slots);
    let validate = |nonce: &str| validate(&replaced("nonce", json!(nonce)), &policy);
    let mismatch = Err(Error::Mismatch(Claim::Nonce));
    assert_eq!(validate(""), mismatch, "none is issued");
    slots[0].issue("n-1");
    slots[2].issue("n-2");
    assert_eq!([validate("n-1"), validate("n-2"), validate("n-3"), validate("")], [Ok(()), Ok(()), mismatch, mismatch]);
    slots[0].issue("n-3");
    assert_eq!([validate("n-1"), validate("n-2"), validate("n-3")], [mismatch, Ok(()), Ok(())]);
    slots[2].withdraw();
    slots[0].issue("");
    assert_eq!([validate("n-2"), validate("n-3"), validate("")], [mismatch; 3]);
    assert!(slots.iter().all(|slot| !slot.is_issued()));
}

#[test]
fn rotation_keeps_the_earlier_nonces() {
    let slots = [DpopNonce::new(), DpopNonce::new(), DpopNonce::new()];
    let accepted = || {
        ["1", "2", "3", "4"].map(|text| {
            let policy = request().with_nonces(&slots);
            validate(&replaced("nonce", json!(text)), &policy).is_ok()
        })
    };
    for (text, expected) in [
        ("1", [true, false, false, false]),
        ("2", [true, true, false, false]),
        ("3", [true, true, true, false]),
        ("4", [false, true, true, true]),
        // An empty nonce moves the others to the next slot, and the last one is dropped.
        ("", [false, false, true, true]),
    ] {
        DpopNonce::rotate(&slots, text);
        assert_eq!(accepted(), expected, "{text}");
    }
    // A withdrawn nonce stays withdrawn, and leaves a free slot, so that no other nonce is dropped.
    slots[1].withdraw();
    assert_eq!(accepted(), [false, false, true, false]);
    DpopNonce::rotate(&slots, "1");
    assert_eq!(accepted(), [true, false, true, false]);
    slots[0].withdraw();
    for _ in 0..3 {
        DpopNonce::rotate(&slots, "2");
        assert_eq!(accepted(), [false, true, true, false]);
        slots[0].withdraw();
    }
    DpopNonce::rotate(&[], "1");
}

#[test]
fn claim_types_are_checked_before_values() {
    for (name, claim) in REQUIRED.into_iter().chain([("nonce", Claim::Nonce)]) {
        let claims = with(good_claims(), "htm", json!("GET"));
        let claims = with(claims, name, json!([]));
        assert_eq!(validate(&claims, &request().with_nonces(&nonces(["n-1"]))), Err(Error::Invalid(claim)), "{name}");
    }
}

/// Step 11: the time.
#[test]
fn iat_must_be_within_max_age_and_leeway() {
    let iat = |seconds: i64| replaced("iat", json!(NOW + seconds));
    let cases = [
        (0, 60, 0, -60),
        (10, 60, 10, -70),
        (60, 60, 60, -120),
        (10, 0, 10, -10),
        (0, 0, 0, 0),
        (300, 86400, 300, -86700),
    ];
    for (leeway, age, latest, earliest) in cases {
        let policy = request().with_leeway(Duration::from_secs(leeway)).with_max_token_age(Duration::from_secs(age));
        assert_eq!(validate(&iat(latest), &policy), Ok(()), "{leeway} {age}");
        assert_eq!(validate(&iat(latest + 1), &policy), Err(Error::NotYetValid), "{leeway} {age}");
        assert_eq!(validate(&iat(earliest), &policy), Ok(()), "{leeway} {age}");
        assert_eq!(validate(&iat(earliest - 1), &policy), Err(Error::ProofTooOld), "{leeway} {age}");
    }
    // A fraction of a second in the policy is dropped.
    let policy = request().with_leeway(Duration::from_millis(999)).with_max_token_age(Duration::from_millis(60_999));
    assert_eq!(validate(&iat(1), &policy), Err(Error::NotYetValid));
    assert_eq!(validate(&iat(-60), &policy), Ok(()));
    assert_eq!(validate(&iat(-61), &policy), Err(Error::ProofTooOld));
}

#[test]
fn expired_proof_is_rejected_at_exp_plus_leeway() {
    let validate_until = |exp: &str, leeway: u64| {
        validate(&replaced("exp", number(exp)), &request().with_leeway(Duration::from_secs(leeway)))
    };
    let expired = Err(Error::Expired);
    for (exp, leeway, expected) in [
        (NOW + 5, 10, Ok(())),
        (NOW - 9, 10, Ok(())),
        (NOW - 10, 10, expired),
        (NOW + 1, 0, Ok(())),
        (NOW, 0, expired),
        (0, 10, expired),
        (-i64::MAX, 10, expired),
        (i64::MAX, 10, Ok(())),
    ] {
        assert_eq!(validate_until(&exp.to_string(), leeway), expected, "{exp} {leeway}");
    }
    assert_eq!(validate_until(&format!("{}.999", NOW - 10), 10), expired, "rounded down");
    assert_eq!(validate_until(&format!("{}.001", NOW - 9), 10), Ok(()));
}

#[test]
fn proof_is_not_valid_before_nbf_minus_leeway() {
    let validate_from = |nbf: &str, leeway: u64| {
        validate(&replaced("nbf", number(nbf)), &request().with_leeway(Duration::from_secs(leeway)))
    };
    let early = Err(Error::NotYetValid);
    for (nbf, leeway, expected) in [
        (NOW, 0, Ok(())),
        (NOW + 1, 0, early),
        (NOW + 10, 10, Ok(())),
        (NOW + 11, 10, early),
        (0, 10, Ok(())),
        (-i64::MAX, 10, Ok(())),
        (i64::MAX, 10, early),
    ] {
        assert_eq!(validate_from(&nbf.to_string(), leeway), expected, "{nbf} {leeway}");
    }
    assert_eq!(validate_from(&format!("{}.001", NOW + 10), 10), early, "rounded up");
}

#[test]
fn exp_before_iat_is_no_fault_of_its_own() {
    let claims = with(replaced("iat", json!(NOW + 10)), "exp", json!(NOW - 9));
    assert_eq!(validate(&claims, &request()), Ok(()));
    assert_eq!(validate(&with(claims, "exp", json!(NOW - 10)), &request()), Err(Error::Expired));
}

#[test]
fn default_leeway_and_max_age_are_one_minute_each() {
    assert_eq!((DEFAULT_LEEWAY, DEFAULT_PROOF_AGE), (Duration::from_secs(60), Duration::from_secs(60)));
    let policy = DpopPolicy::new(METHOD, URI, ACCESS_TOKEN);
    for (iat, expected) in
        [(60, Ok(())), (61, Err(Error::NotYetValid)), (-120, Ok(())), (-121, Err(Error::ProofTooOld))]
    {
        assert_eq!(validate(&replaced("iat", json!(NOW + iat)), &policy), expected, "{iat}");
    }
}

#[test]
fn fractional_iat_is_rounded_against_the_proof() {
    let at = |iat: String| {
        let claims = replaced("iat", number(&iat));
        let text = Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), claims.to_string());
        validate_text(&text, &request(), NOW, |proof| {
            (proof.issued_at().as_secs() - NOW, proof.usable_until().as_secs() - NOW)
        })
    };
    assert_eq!(at(format!("{NOW}.5")), Ok((0, 71)));
    assert_eq!(at(format!("{}.000", NOW + 10)), Ok((10, 81)));
    assert_eq!(at(format!("{}.001", NOW + 10)), Err(Error::NotYetValid));
    assert_eq!(at(format!("{}.999", NOW + 9)), Ok((9, 80)));
    assert_eq!(at(format!("{}.001", NOW - 70)), Ok((-70, 1)));
    assert_eq!(at(format!("{}.999", NOW - 71)), Err(Error::ProofTooOld));
    assert_eq!(at("1.7684784e9".into()), Ok((0, 71)));
}

#[test]
fn unset_clock_refuses_every_proof() {
    let policy = request().with_max_token_age(Duration::MAX);
    for iat in [-1, 0, 1, NOW] {
        let claims = replaced("iat", json!(iat));
        assert_eq!(validate_at(&claims, &policy, NOW), Ok(()), "{iat}");
        for now in [1_262_303_999, 1, 0, -1, i64::MIN] {
            assert_eq!(validate_at(&claims, &policy, now), Err(Error::ClockNotSet), "{iat} {now}");
            let expired = with(claims.clone(), "exp", json!(-i64::MAX));
            assert_eq!(validate_at(&expired, &policy, now), Err(Error::ClockNotSet), "{iat} {now}");
        }
    }
}

#[test]
fn time_arithmetic_saturates() {
    let strict = request().with_leeway(Duration::ZERO);
    let endless = request().with_leeway(Duration::MAX).with_max_token_age(Duration::MAX);
    let usable_until = |iat: i64, policy: &DpopPolicy<'_>, now: i64| {
        let claims = replaced("iat", json!(iat));
        let text = Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), claims.to_string());
        validate_text(&text, policy, now, |proof| proof.usable_until().as_secs())
    };
    let cases = [
        (i64::MAX, &strict, i64::MAX, Ok(i64::MAX)),
        (i64::MAX, &strict, i64::MAX - 1, Err(Error::NotYetValid)),
        (i64::MAX, &strict, NOW, Err(Error::NotYetValid)),
        (i64::MAX - 60, &strict, i64::MAX, Ok(i64::MAX)),
        (i64::MAX - 61, &strict, i64::MAX, Err(Error::ProofTooOld)),
        (-i64::MAX, &strict, NOW, Err(Error::ProofTooOld)),
        (-i64::MAX, &strict, i64::MAX, Err(Error::ProofTooOld)),
        (i64::MAX, &endless, i64::MAX - 300, Ok(i64::MAX)),
        (i64::MAX, &endless, i64::MAX - 301, Err(Error::NotYetValid)),
        (-i64::MAX, &endless, i64::MAX, Ok(i64::MAX)),
        (NOW, &endless, NOW, Ok(i64::MAX)),
    ];
    for (iat, policy, now, expected) in cases {
        assert_eq!(usable_until(iat, policy, now), expected, "{iat} {now}");
    }
}

#[test]
fn usable_until_is_the_first_refused_second() {
    for (iat, leeway, age) in [(NOW.to_string(), 10, 60), (NOW.to_string(), 0, 0), (format!("{}.5", NOW - 50), 5, 61)] {
        let claims = replaced("iat", number(&iat));
        let policy = request().with_leeway(Duration::from_secs(leeway)).with_max_token_age(Duration::from_secs(age));
        for alg in ALGS {
            let text = alg.mint(alg.dpop_header().to_string(), claims.to_string());
            let until = |now: i64| validate_text(&text, &policy, now, |proof| proof.usable_until().as_secs());
            let end = until(NOW).unwrap();
            assert_eq!(until(end - 1), Ok(end), "{iat}");
            assert_eq!(until(end), Err(Error::ProofTooOld), "{iat}");
        }
    }
}

/// Verifies a proof of these claims at a floor, and passes it to `read`.
fn validate_at_floor<T>(
    claims: &Value,
    policy: &DpopPolicy<'_>,
    floor: i64,
    read: impl FnOnce(DpopProof<'_>) -> T,
) -> Result<T, Error> {
    let text = Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), claims.to_string());
    let mut buf = [0; 1024];
    let proof = Token::parse(&text)?.verify_dpop(policy, BOTH, EarliestTime::from_secs(floor), &mut buf)?;
    Ok(read(proof))
}

#[test]
fn proof_without_a_clock_is_fresh_by_a_nonce_alone() {
    let nonces = nonces(["n-1"]);
    let policy = request().with_nonces(&nonces);
    assert_eq!(validate_at_floor(&good_claims(), &request(), NOW, |_| ()), Err(Error::TimeUnknown));
    // `iat` and `nbf` are compared with nothing. A proof whose `exp` the floor has passed is refused.
    for iat in [NOW, 1, -i64::MAX, NOW + 86_400 * 365, i64::MAX] {
        let claims = with(replaced("iat", json!(iat)), "nonce", json!("n-1"));
        assert_eq!(validate_at_floor(&claims, &policy, NOW, |_| ()), Ok(()), "{iat}");
        assert_eq!(validate_at_floor(&with(claims, "nbf", json!(NOW + 99)), &policy, NOW, |_| ()), Ok(()), "{iat}");
    }
    let fresh = with(good_claims(), "nonce", json!("n-1"));
    let expired = with(fresh.clone(), "exp", json!(NOW - 10));
    assert_eq!(validate_at_floor(&expired, &policy, NOW, |_| ()), Err(Error::Expired));
    assert_eq!(validate_at_floor(&expired, &policy, NOW - 1, |_| ()), Ok(()));
    for (claims, error) in [
        (with(fresh.clone(), "iat", Value::Null), Error::Missing(Claim::IssuedAt)),
        (with(fresh.clone(), "iat", json!("1")), Error::Invalid(Claim::IssuedAt)),
        (with(fresh.clone(), "nonce", Value::Null), Error::Missing(Claim::Nonce)),
        (with(fresh.clone(), "nonce", json!("n-2")), Error::Mismatch(Claim::Nonce)),
    ] {
        assert_eq!(validate_at_floor(&claims, &policy, NOW, |_| ()), Err(error));
    }
    // With a clock, `iat` is checked with or without a nonce.
    let old = with(replaced("iat", json!(NOW - 71)), "nonce", json!("n-1"));
    assert_eq!(validate(&old, &policy), Err(Error::ProofTooOld));
    assert_eq!(validate(&with(fresh, "iat", json!(NOW + 11)), &policy), Err(Error::NotYetValid));
}

/// An access token that is bound to the EdDSA test key, and the claims of a proof for it.
fn bound_token() -> (String, Value) {
    let cnf = json!({"jkt": Alg::EdDsa.key().thumbprint().to_string()});
    let text = Alg::EdDsa.access_token(&claims_with("cnf", cnf));
    (text.clone(), dpop_claims(&text))
}

/// Accepts a request at this time with a proof of these claims, verified at the same time.
fn accept(
    text: &str,
    claims: &Value,
    nonces: Option<&[DpopNonce]>,
    window: &dyn ReplayCheck,
    now: impl Into<Now>,
) -> Result<(), Error> {
    let now = now.into();
    let request = DpopPolicy::new(METHOD, URI, text);
    let request = nonces.map_or(request, |nonces| request.with_nonces(nonces));
    let proof = Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), claims.to_string());
    let mut buf = [0; 1024];
    let proof = Token::parse(&proof)?.verify_dpop(&request, BOTH, now, &mut buf)?;
    let policy = AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(Duration::from_secs(300));
    verify(text, |verified| verified.into_access_token(&policy.with_dpop(&proof, window), now).map(drop))
}

#[test]
fn nonce_without_a_clock_is_good_for_one_accepted_request() {
    let (text, claims) = bound_token();
    let (window, nonces) = (replay_window::<8>(), nonces(["n-1", "n-2"]));
    let floor = EarliestTime::from_secs(NOW - 1000);
    let with_nonce = |id: &str, nonce: &str| with(with(claims.clone(), "jti", json!(id)), "nonce", json!(nonce));
    let mismatch = Err(Error::Mismatch(Claim::Nonce));

    // A refused request withdraws no nonce.
    let other = Alg::EdDsa.access_token(&with(claims_with("cnf", json!({"jkt": "x"})), "jti", json!("other")));
    let for_other = with(with_nonce("1", "n-1"), "ath", dpop_claims(&other)["ath"].clone());
    assert_eq!(accept(&other, &for_other, Some(&nonces), &window, floor), Err(Error::Invalid(Claim::Confirmation)));
    assert_eq!((nonces[0].is_issued(), window.len()), (true, 0));

    assert_eq!(accept(&text, &with_nonce("1", "n-1"), Some(&nonces), &window, floor), Ok(()));
    assert_eq!((nonces[0].is_issued(), nonces[1].is_issued(), window.len()), (false, true, 1));
    for id in ["1", "2"] {
        assert_eq!(accept(&text, &with_nonce(id, "n-1"), Some(&nonces), &window, floor), mismatch, "{id}");
    }
    assert_eq!(accept(&text, &with_nonce("2", "n-2"), Some(&nonces), &window, floor), Ok(()));

    // A nonce that was issued twice is withdrawn from both slots.
    nonces.iter().for_each(|slot| slot.issue("n-4"));
    assert_eq!(accept(&text, &with_nonce("4", "n-4"), Some(&nonces), &window, floor), Ok(()));
    assert_eq!(nonces.each_ref().map(DpopNonce::is_issued), [false, false]);
    assert_eq!(accept(&text, &with_nonce("5", "n-4"), Some(&nonces), &window, floor), mismatch);

    // With a clock, a nonce is not consumed: a client may use it until it is replaced.
    nonces[0].issue("n-3");
    for id in ["6", "7"] {
        assert_eq!(accept(&text, &with_nonce(id, "n-3"), Some(&nonces), &window, now()), Ok(()), "{id}");
    }
    assert!(nonces[0].is_issued());
}

/// Once the clock is set, the proof looks fresh again, even for a policy without nonces.
#[test]
fn proof_that_was_used_without_a_clock_is_not_used_again_with_one() {
    let (text, claims) = bound_token();
    let (window, nonces) = (replay_window::<8>(), nonces(["n-1"]));
    let proof = with(claims, "nonce", json!("n-1"));
    // The floor is far behind, right, or ahead of the clock that is set later.
    for (id, floor) in [("1", 0), ("2", NOW), ("3", NOW + 119), ("4", NOW + 120), ("5", NOW + 180)] {
        let proof = with(proof.clone(), "jti", json!(id));
        nonces[0].issue("n-1");
        assert_eq!(accept(&text, &proof, Some(&nonces), &window, EarliestTime::from_secs(floor)), Ok(()), "{id}");
        for clock in [NOW, NOW + 119, NOW + 120] {
            let again = accept(&text, &proof, None, &window, UnixTime::from_secs(clock));
            assert_eq!(again, Err(Error::ProofReplayed), "{id} {clock}");
        }
    }
}

#[test]
fn nonce_that_was_replaced_before_the_request_is_accepted_refuses_it() {
    let (text, claims) = bound_token();
    let (window, nonces) = (replay_window::<8>(), [DpopNonce::new(), DpopNonce::new()]);
    nonces[0].issue("n-1");
    let proof = with(claims, "nonce", json!("n-1")).to_string();
    let proof = Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), proof);
    let request = DpopPolicy::new(METHOD, URI, &text).with_nonces(&nonces);
    let floor = EarliestTime::from_secs(NOW);
    let mut buf = [0; 1024];
    let proof = Token::parse(&proof).unwrap().verify_dpop(&request, BOTH, floor, &mut buf).unwrap();
    let policy = AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(Duration::from_secs(300));
    let policy = policy.with_dpop(&proof, &window);
    let validate = |meanwhile: &dyn Fn()| {
        verify(&text, |verified| {
            let pending = verified.validate_access_token(&policy, floor)?;
            meanwhile();
            pending.consume().map(drop)
        })
    };
    assert_eq!(validate(&|| nonces[0].issue("n-2")), Err(Error::Mismatch(Claim::Nonce)));
    assert_eq!((nonces[0].is_issued(), window.len()), (true, 0));
    // A nonce that was only moved to another slot is still accepted, and withdrawn from that slot.
    nonces[0].issue("n-1");
    assert_eq!(validate(&|| DpopNonce::rotate(&nonces, "n-2")), Ok(()));
    assert_eq!((nonces.each_ref().map(DpopNonce::is_issued), window.len()), ([true, false], 1));
}

/// The verdict is the same as with [`Token::verify_dpop`] if the caller verifies the signature.
#[test]
fn prepared_proof_gets_the_same_verdict() {
    let nonces = nonces(["n-1"]);
    let floor: Now = EarliestTime::from_secs(NOW).into();
    let callers: &[&dyn SignatureAlgorithm] = &[&CallerVerifies(Algorithm::Es256), &CallerVerifies(Algorithm::EdDsa)];
    for alg in ALGS {
        for (claims, now) in [
            (good_claims(), now().into()),
            (replaced("htm", json!("GET")), now().into()),
            (replaced("iat", json!(NOW - 71)), now().into()),
            (replaced("nonce", json!("n-1")), floor),
            (good_claims(), floor),
        ] {
            let text = alg.mint(alg.dpop_header().to_string(), claims.to_string());
            let token = Token::parse(&text).unwrap();
            for policy in [request(), request().with_nonces(&nonces)] {
                let (mut buf, mut other) = ([0; 1024], [0; 1024]);
                let expected = token.verify_dpop(&policy, BOTH, now, &mut buf).map(|proof| proof.thumbprint());
                let prepared = token.prepare_dpop(&policy, callers, now, &mut other).unwrap();
                assert_eq!((prepared.algorithm(), prepared.key()), (alg.key().algorithm(), alg.key().with_kid(b"")));
                assert_eq!(prepared.message_digest(), token.signing_input_digest());
                let backend = BOTH.iter().find(|backend| backend.algorithm() == prepared.algorithm()).unwrap();
                let outcome = backend.verify(&prepared.key(), prepared.message(), prepared.signature());
                assert_eq!(
                    format!("{prepared:?}"),
                    format!("PreparedDpop {{ algorithm: {:?}, .. }}", alg.key().algorithm())
                );
                assert_eq!(prepared.caller_asserts(outcome).map(|proof| proof.thumbprint()), expected);
            }
        }
        let text = good(alg);
        let token = Token::parse(&text).unwrap();
        for (outcome, error) in [
            (BackendError::InvalidSignature, Error::InvalidSignature),
            (BackendError::InvalidKey, Error::InvalidKey),
            (BackendError::Unavailable, Error::BackendUnavailable),
        ] {
            let mut buf = [0; 1024];
            let prepared = token.prepare_dpop(&request(), callers, now(), &mut buf).unwrap();
            assert_eq!(prepared.caller_asserts(Err(outcome)).err(), Some(error));
        }
        // A signature that must reach no verifier is refused before.
        let (signing_input, _) = text.rsplit_once('.').unwrap();
        let zeros = format!("{signing_input}.{}", base64url(&[0; 64]));
        let forged = Token::parse(&zeros).unwrap();
        let refused = forged.prepare_dpop(&request(), callers, now(), &mut [0; 1024]).map(drop);
        assert_eq!(refused, Err(Error::InvalidSignature));
    }
}

/// A replay check must remember a proof for as long as it is accepted, and not longer.
#[test]
fn proof_with_exp_is_usable_until_the_earlier_of_exp_and_age() {
    let policy = request().with_leeway(Duration::from_secs(10)).with_max_token_age(Duration::from_secs(60));
    for (exp, end, error) in [
        (format!("{}", NOW + 5), 15, Error::Expired),
        (format!("{}.9", NOW + 5), 15, Error::Expired),
        (format!("{}", NOW + 60), 70, Error::Expired),
        // `exp` and the age limit end at the same time, and `exp` is checked first.
        (format!("{}", NOW + 61), 71, Error::Expired),
        (format!("{}", NOW + 62), 71, Error::ProofTooOld),
        (i64::MAX.to_string(), 71, Error::ProofTooOld),
    ] {
        let claims = replaced("exp", number(&exp));
        let text = Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), claims.to_string());
        let until = |now: i64| validate_text(&text, &policy, now, |proof| proof.usable_until().as_secs() - NOW);
        assert_eq!(until(NOW), Ok(end), "{exp}");
        assert_eq!(until(NOW + end - 1), Ok(end), "{exp}");
        assert_eq!(until(NOW + end), Err(error), "{exp}");
    }
}

/// Step 12: the access token. Its own policy checks whether it is bound to the proof's key.
#[test]
fn ath_must_be_the_hash_of_the_access_token() {
    assert_eq!(validate(&dpop_claims("another"), &request()), Err(Error::Mismatch(Claim::AccessTokenHash)));
    // The hash covers the whole text as it was received.
    for token in ["an.access.toke", "an.access.token ", "AN.access.token", "DPoP an.access.token"] {
        assert_eq!(validate(&dpop_claims(token), &request()), Err(Error::Mismatch(Claim::AccessTokenHash)), "{token}");
        assert_eq!(validate(&dpop_claims(token), &DpopPolicy::new(METHOD, URI, token)), Ok(()), "{token}");
    }
    let ath = good_claims()["ath"].as_str().unwrap().to_owned();
    let hex: String = Base64UrlUnpadded::decode_vec(&ath).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    let other_bits = format!("{}{}", &ath[..42], if ath.ends_with('A') { 'B' } else { 'A' });
    for spelling in
        ["".into(), format!("{ath}="), format!(" {ath}"), ath[..42].into(), ath[..22].into(), hex, other_bits]
    {
        let refused = validate(&replaced("ath", json!(spelling)), &request());
        assert_eq!(refused, Err(Error::Mismatch(Claim::AccessTokenHash)), "{spelling}");
    }
    // An access token need not be text.
    let bytes: &[u8] = b"\xff\x00";
    let policy = DpopPolicy::new(METHOD, URI, bytes);
    assert_eq!(validate(&good_claims(), &policy), Err(Error::Mismatch(Claim::AccessTokenHash)));
}

#[test]
fn first_failure_in_documented_order_is_reported() {
    struct Case {
        method: &'static str,
        buf_len: usize,
        header: Value,
        claims: Value,
        forged: bool,
        now: i64,
    }
    type Fault = fn(&mut Case);
    let faults: [(Fault, Error); 19] = [
        (|case| case.method = "", Error::Unconfigured(Claim::HttpMethod)),
        (|case| case.buf_len = 10, Error::BufferTooSmall),
        (|case| case.header["crit"] = json!(["x"]), Error::CriticalHeader),
        (|case| case.header["typ"] = json!("JWT"), Error::WrongType),
        (|case| case.header["alg"] = json!("RS256"), Error::UnsupportedAlgorithm),
        (|case| case.header["jwk"] = json!({}), Error::InvalidKey),
        (|case| case.forged = true, Error::InvalidSignature),
        (|case| case.claims["iss"] = Value::Null, Error::Invalid(Claim::Issuer)),
        (|case| case.claims["exp"] = json!("soon"), Error::Invalid(Claim::Expiration)),
        (|case| case.claims["jti"] = Value::Null, Error::Invalid(Claim::JwtId)),
        (|case| case.claims["jti"] = json!(""), Error::Invalid(Claim::JwtId)),
        (|case| case.claims["htm"] = json!("GET"), Error::Mismatch(Claim::HttpMethod)),
        (|case| case.claims["htu"] = json!("https://pump-8.local/"), Error::Mismatch(Claim::HttpUri)),
        (|case| case.claims["ath"] = json!(""), Error::Mismatch(Claim::AccessTokenHash)),
        (|case| case.claims["nonce"] = json!("n-2"), Error::Mismatch(Claim::Nonce)),
        (|case| case.now = 0, Error::ClockNotSet),
        (|case| case.claims["exp"] = json!(NOW - 10), Error::Expired),
        (|case| case.claims["nbf"] = json!(NOW + 11), Error::NotYetValid),
        (|case| case.claims["iat"] = json!(NOW + 11), Error::NotYetValid),
    ];
    for alg in ALGS {
        for (first, (_, error)) in faults.iter().enumerate() {
            let (header, claims) = (alg.dpop_header(), replaced("nonce", json!("n-1")));
            let mut case = Case { method: METHOD, buf_len: 1024, header, claims, forged: false, now: NOW };
            // In reverse, since some faults are of the same claim.
            faults[first..].iter().rev().for_each(|(fault, _)| fault(&mut case));
            let mut text = alg.mint(case.header.to_string(), case.claims.to_string());
            if case.forged {
                text.replace_range(text.len() - 4.., "AAAA");
            }
            let policy = DpopPolicy::new(case.method, URI, ACCESS_TOKEN).with_leeway(Duration::from_secs(10));
            let mut buf = vec![0; case.buf_len];
            let now = UnixTime::from_secs(case.now);
            let nonces = nonces(["n-1"]);
            let refused = Token::parse(&text).unwrap().verify_dpop(&policy.with_nonces(&nonces), BOTH, now, &mut buf);
            assert_eq!(refused.err(), Some(*error));
        }
    }
}

#[test]
fn escaped_jti_is_returned_unescaped_and_needs_room() {
    for id in ["a\"b\\c", "\u{0}\n", "é\t"] {
        for alg in ALGS {
            let payload = replaced("jti", json!(id)).to_string();
            let text = alg.mint(alg.dpop_header().to_string(), &payload);
            let token = Token::parse(&text).unwrap();
            let needed = token.buffer_len().max(payload.len() + id.len());
            for len in token.buffer_len() - 1..=needed + 1 {
                let mut buf = vec![0; len];
                let result =
                    token.verify_dpop(&request(), BOTH, now(), &mut buf).map(|proof| proof.jwt_id().to_owned());
                let expected = if len < needed { Err(Error::BufferTooSmall) } else { Ok(id.to_owned()) };
                assert_eq!(result, expected, "{id:?} in {len} bytes");
            }
            assert!(needed <= 2 * token.buffer_len());
        }
    }
    // An unnecessary escape is replaced by its character.
    let payload = good_claims().to_string().replace("proof-1", r"proof\u002d\u0031");
    let text = Alg::EdDsa.mint(Alg::EdDsa.dpop_header().to_string(), payload);
    assert_eq!(validate_text(&text, &request(), NOW, |proof| proof.jwt_id().to_owned()).unwrap(), "proof-1");
}

#[test]
fn strings_are_compared_after_unescaping() {
    let payload = good_claims()
        .to_string()
        .replace("POST", r"P\u004fST")
        .replace("https://", r"https:\/\/")
        .replace("\"ath\"", "\"\\u0061th\"");
    for alg in ALGS {
        let header = alg.dpop_header().to_string().replace("dpop", r"d\u0070op").replace("jwk", r"\u006awk");
        assert_eq!(validate_text(&alg.mint(header, &payload), &request(), NOW, |_| ()), Ok(()));
    }
}

#[test]
fn debug_shows_neither_claims_nor_the_access_token() {
    let text = good(Alg::EdDsa);
    assert_eq!(validate_text(&text, &request(), NOW, |proof| format!("{proof:?}")).unwrap(), "DpopProof { .. }");
    let nonces = nonces(["a secret nonce"]);
    let policy = request().with_nonces(&nonces);
    let shown = format!("{policy:?}");
    assert_eq!(shown, r#"DpopPolicy { method: "POST", uri: "https://pump-7.local/speed", .. }"#);
}

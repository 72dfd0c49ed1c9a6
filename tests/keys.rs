//! Keys in the formats of common tools, and their thumbprints. The keys of this file are TEST KEYS: never trust them.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use embedded_jwt::*;
use serde_json::{Value, json};
use testkit::*;

const MALFORMED: Error = Error::Malformed(Part::Key);

/// TEST KEY: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl pkey -pubout`
const P256: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEoibogIAEvj3i0WoV2EI1UTvwFqbr
8MC2QQ2F1JYzdJv8TrnBkYFwHUjHMHlY/WBLV+jeoBZFhPIvS0sjss0LTw==
-----END PUBLIC KEY-----
";

/// The coordinates of [`P256`], as `openssl pkey -pubin -text` shows them.
const P256_X: &str = "a226e8808004be3de2d16a15d84235513bf016a6ebf0c0b6410d85d49633749b";
const P256_Y: &str = "fc4eb9c19181701d48c7307958fd604b57e8dea0164584f22f4b4b23b2cd0b4f";

/// `{"iss":"https://idp.example.com","sub":"openssl"}`, signed with [`P256`] by `openssl dgst -sha256`.
const P256_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6Im9wZW5zc2wifQ\
    .qE-tveoseMdsZO_dhAU3HEFvC86YfcAF7m8vhnn0G2Ri0sZGD2HVtKDUY79yRK7pSSZ39CwfSw3NNJTVW4mDQg";

/// TEST KEY: `openssl genpkey -algorithm ed25519 | openssl pkey -pubout`
const ED25519: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAjbhiH9iqqmpM5sFezaB1ZmxJb7tOIoUDW6MaU8lUxIM=
-----END PUBLIC KEY-----
";

/// The point of [`ED25519`], as `openssl pkey -pubin -text` shows it.
const ED25519_POINT: &str = "8db8621fd8aaaa6a4ce6c15ecda075666c496fbb4e2285035ba31a53c954c483";

/// The same claims, signed with [`ED25519`] by `openssl pkeyutl -sign -rawin`.
const ED25519_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6Im9wZW5zc2wifQ\
    .VslfaN3yenTKPv9ODILtlOg4YsPAkQeJuwQh53UyY3uHqc8zDT1Sblm08dw3YX-BhjOMJhHOX6Q-TApP-JuWDw";

/// The public key of [RFC 8410 section 10.1](https://www.rfc-editor.org/rfc/rfc8410#section-10.1).
const RFC_8410_PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

/// Its private key, from [section 10.3](https://www.rfc-editor.org/rfc/rfc8410#section-10.3).
const RFC_8410_PRIVATE: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

/// Public keys that are not supported. TEST KEYS, by `openssl`, except for the first.
const OTHERS: [(&str, &str); 9] = [
    (
        "P-384, of RFC 7468 section 13",
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEn1LlwLN/KBYQRVH6HfIMTzfEqJOVztLe\
        kLchp2hi78cCaMY81FBlYs8J9l7krc+M4aBeCGYFjba+hiXttJWPL7ydlE+5UG4U\
        Nkn3Eos8EiZByi9DVsyfy9eejh+8AXgp",
    ),
    (
        "secp256k1",
        "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEZJXkhP9PbzBiEslcllOLBGsMXmNT/xKn\
        iIsQ9IemMhfp/g85ksw8zYH2MvMfrsMjfb3aKqfX+acrgpal1Qd2gQ==",
    ),
    (
        "brainpoolP256r1",
        "MFowFAYHKoZIzj0CAQYJKyQDAwIIAQEHA0IABBX1PAqOYM3Df9fn8byJGGvm4TUT\
        2rIwLiJh9+M8X6arKpbifzXa0Kk2NscTLR1d5AgKpgrWrQTDQZ2Kgmx4JUU=",
    ),
    ("X25519", "MCowBQYDK2VuAyEA18M32yx4kXyPf+INO9bdx+8HJSrQv7r9uv0Y6nR5FEQ="),
    (
        "Ed448",
        "MEMwBQYDK2VxAzoAMcJJrQaWZTV+fcCRuHVgPogrhFnAN9O2kvKpe4NqjNlGeqb9\
        ZJKPoGBslWjqqYIKO18XodpSyGiA",
    ),
    (
        "RSA",
        "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDioBB3nN2ce1Kncra7ntgrDzPE\
        zAy3Eksslksv1vLzySu4zSaqFnMIskJFLmHpxmnh0F5MGJCobd40zL++AGq9iltV\
        Vz2x7nglWqjfYdaebL5tozJ11PGRwvmNi2HXM7+G1o45zFxF6w4EMJE2bZGyjLhk\
        ZLCKpRA10nvJyCd06QIDAQAB",
    ),
    // The key P256 in other forms.
    ("compressed", "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADoibogIAEvj3i0WoV2EI1UTvwFqbr8MC2QQ2F1JYzdJs="),
    (
        "hybrid",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAHoibogIAEvj3i0WoV2EI1UTvwFqbr\
        8MC2QQ2F1JYzdJv8TrnBkYFwHUjHMHlY/WBLV+jeoBZFhPIvS0sjss0LTw==",
    ),
    (
        // CVE-2020-0601: an attacker who chooses the generator can sign for any key.
        "explicit parameters",
        "MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA\
        AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////\
        ///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd\
        NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5\
        RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA\
        //////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABKIm6ICABL494tFqFdhCNVE7\
        8Bam6/DAtkENhdSWM3Sb/E65wZGBcB1IxzB5WP1gS1fo3qAWRYTyL0tLI7LNC08=",
    ),
];

/// The prime p of P-256, big-endian.
const P: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

fn der_of(pem: &str) -> Vec<u8> {
    Base64::decode_vec(&pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

fn p256() -> Key {
    Key::es256(&hex(P256_X), &hex(P256_Y))
}

fn ed25519() -> Key {
    Key::ed25519(&hex(ED25519_POINT))
}

fn verify(key: Key, token: &str) -> Result<(), Error> {
    let keys = [key];
    Token::parse(token)?.verify(&issuer(&keys), &mut [0; 256]).map(|_| ())
}

#[test]
fn key_of_openssl_verifies_token_of_openssl() {
    for (pem, key, token) in [(P256, p256(), P256_TOKEN), (ED25519, ed25519(), ED25519_TOKEN)] {
        let imported = Key::from_spki_der(&der_of(pem)).unwrap();
        assert_eq!(imported, key);
        assert_eq!(imported.kid(), None);
        assert_eq!(verify(imported.clone(), token), Ok(()));
        // Also with a `kid`.
        assert_eq!(verify(imported.with_kid(b"a"), token), Ok(()));
    }
    assert_eq!(verify(p256(), ED25519_TOKEN), Err(Error::UnknownKey));
    assert_eq!(verify(ed25519(), P256_TOKEN), Err(Error::UnknownKey));
    assert_eq!(verify(Alg::Es256.key(), P256_TOKEN), Err(Error::InvalidSignature));
}

#[test]
fn example_of_rfc_8410_is_read() {
    let key = Key::from_spki_der(&der_of(RFC_8410_PUBLIC)).unwrap();
    let point = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
    assert_eq!(key, Key::ed25519(&hex(point)));
    // The public key belongs to the private key of the same RFC.
    let private = der_of(RFC_8410_PRIVATE);
    let secret = ed25519_dalek::SigningKey::from_bytes(private[16..].try_into().unwrap());
    assert_eq!(key.public_key(), secret.verifying_key().as_bytes());
}

#[test]
fn spki_of_another_length_is_refused() {
    for pem in [P256, ED25519] {
        let der = der_of(pem);
        assert!([91, 44].contains(&der.len()));
        for len in 0..der.len() {
            assert_eq!(Key::from_spki_der(&der[..len]), Err(MALFORMED), "{len} bytes");
        }
        for more in [&[0][..], &[0, 0], b"\n", &der] {
            assert_eq!(Key::from_spki_der(&[&der[..], more].concat()), Err(MALFORMED), "{} bytes after", more.len());
            assert_eq!(Key::from_spki_der(&[more, &der[..]].concat()), Err(MALFORMED), "{} bytes before", more.len());
        }
    }
}

#[test]
fn any_changed_byte_before_the_point_is_refused() {
    // The form of the point, 04, is part of the fixed prefix.
    for (pem, len) in [(P256, 27), (ED25519, 12)] {
        let der = der_of(pem);
        for at in 0..len {
            for byte in (0..=u8::MAX).filter(|byte| *byte != der[at]) {
                let mut changed = der.clone();
                changed[at] = byte;
                assert_eq!(Key::from_spki_der(&changed), Err(MALFORMED), "{byte:#x} at {at}");
            }
        }
    }
}

#[test]
fn keys_of_other_kinds_and_forms_are_refused() {
    for (name, base64) in OTHERS {
        assert_eq!(Key::from_spki_der(&Base64::decode_vec(base64).unwrap()), Err(MALFORMED), "{name}");
    }
    // The point at infinity, and no point at all.
    let algorithm = "301306072a8648ce3d020106082a8648ce3d030107";
    assert_eq!(Key::from_spki_der(&hex::<27>(&format!("3019{algorithm}03020000"))), Err(MALFORMED));
    assert_eq!(Key::from_spki_der(&hex::<26>(&format!("3018{algorithm}030100"))), Err(MALFORMED));
    // Raw points and a private key.
    assert_eq!(Key::from_spki_der(p256().public_key()), Err(MALFORMED));
    assert_eq!(Key::from_spki_der(ed25519().public_key()), Err(MALFORMED));
    assert_eq!(Key::from_spki_der(&der_of(RFC_8410_PRIVATE)), Err(MALFORMED));
    for garbage in [&[][..], &[0x30], b"PUBLIC KEY", P256.as_bytes(), &[0; 44], &[0xff; 91]] {
        assert_eq!(Key::from_spki_der(garbage), Err(MALFORMED));
    }
}

#[test]
fn coordinate_not_below_the_prime_is_refused() {
    let below = |number: &str| {
        let mut number: [u8; 32] = hex(number);
        number[31] -= 1;
        number
    };
    let x: [u8; 32] = hex(P256_X);
    let spki = |x: &[u8], y: &[u8]| [&der_of(P256)[..27], x, y].concat();
    let sec1 = |x: &[u8], y: &[u8]| [&[0x04][..], x, y].concat();
    for bad in [hex(P), [0xff; 32]] {
        for (x, y) in [(bad, x), (x, bad), (bad, bad)] {
            assert_eq!(Key::from_spki_der(&spki(&x, &y)), Err(Error::InvalidKey));
            assert_eq!(Key::from_sec1(&sec1(&x, &y)), Err(Error::InvalidKey));
        }
    }
    // Whether the coordinates are a point of the curve is checked when the key is used.
    for (x, y) in [(below(P), x), (x, below(P)), ([0; 32], [0; 32]), (x, x), (hex(P256_X), below(P256_Y))] {
        let key = Key::from_spki_der(&spki(&x, &y)).unwrap();
        assert_eq!(Key::from_sec1(&sec1(&x, &y)), Ok(key.clone()));
        assert_eq!(verify(key, P256_TOKEN), Err(OFF_CURVE));
    }
}

#[test]
fn ed25519_point_out_of_range_or_of_small_order_is_refused() {
    let spki = |point: &[u8]| [&der_of(ED25519)[..12], point].concat();
    for point in curve25519_dalek::constants::EIGHT_TORSION {
        for sign in [0, 0x80] {
            let mut point = point.compress().to_bytes();
            point[31] ^= sign;
            assert_eq!(Key::from_spki_der(&spki(&point)), Err(Error::InvalidKey), "{point:x?}");
        }
    }
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            let mut point = [0xff; 32];
            (point[0], point[31]) = (low, high);
            assert_eq!(Key::from_spki_der(&spki(&point)), Err(Error::InvalidKey), "{point:x?}");
        }
    }
    // No point has y = 2. This is detected when the key is used.
    let mut two = [0; 32];
    two[0] = 2;
    assert_eq!(verify(Key::from_spki_der(&spki(&two)).unwrap(), ED25519_TOKEN), Err(OFF_CURVE));
}

#[test]
fn compressed_and_uncompressed_points_are_read() {
    let (x, y): ([u8; 32], [u8; 32]) = (hex(P256_X), hex(P256_Y));
    let uncompressed = [&[0x04][..], &x, &y].concat();
    assert_eq!(Key::from_sec1(&uncompressed), Ok(p256()));
    assert_eq!(verify(Key::from_sec1(&uncompressed).unwrap(), P256_TOKEN), Ok(()));
    // y is odd.
    assert_eq!(Key::from_sec1(&[&[0x03][..], &x].concat()), Ok(p256()));
    let other = Key::from_sec1(&[&[0x02][..], &x].concat()).unwrap();
    assert_eq!(other.public_key()[..32], x);
    assert_ne!(other.public_key()[32..], y);
    assert_eq!(verify(other, P256_TOKEN), Err(Error::InvalidSignature));
    // Leading zeros of y are kept: both forms of a point give the same key.
    for secret in 1..=64 {
        let secret = p256::ecdsa::SigningKey::from_slice(&[[0; 31].as_slice(), &[secret]].concat()).unwrap();
        let point = |compressed| secret.verifying_key().to_sec1_point(compressed);
        assert_eq!(Key::from_sec1(point(true).as_bytes()), Key::from_sec1(point(false).as_bytes()));
    }
}

#[test]
fn point_of_another_form_or_length_is_refused() {
    let point = p256().public_key().to_vec();
    for first in 0..=u8::MAX {
        let long = Key::from_sec1(&[&[first][..], &point].concat());
        assert_eq!(long, if first == 0x04 { Ok(p256()) } else { Err(MALFORMED) }, "{first:#x}");
        if !matches!(first, 0x02 | 0x03) {
            assert_eq!(Key::from_sec1(&[&[first][..], &point[..32]].concat()), Err(MALFORMED), "{first:#x}");
        }
        // This includes the point at infinity, 00.
        assert_eq!(Key::from_sec1(&[first]), Err(MALFORMED), "{first:#x}");
    }
    for first in [0x02, 0x03, 0x04] {
        for len in (0..=64).filter(|len| *len != if first == 0x04 { 64 } else { 32 }) {
            assert_eq!(Key::from_sec1(&[&[first][..], &point[..len]].concat()), Err(MALFORMED), "{first} {len}");
        }
        assert_eq!(Key::from_sec1(&[&[first][..], &point, &[0]].concat()), Err(MALFORMED), "{first}");
    }
    assert_eq!(Key::from_sec1(&[]), Err(MALFORMED));
    assert_eq!(Key::from_sec1(&point), Err(MALFORMED), "without the byte for its form");
    assert_eq!(Key::from_sec1(ed25519().public_key()), Err(MALFORMED), "a key of Ed25519");
    assert_eq!(Key::from_sec1(&der_of(P256)), Err(MALFORMED));
}

#[test]
fn compressed_point_without_a_y_is_refused() {
    for first in [0x02, 0x03] {
        for x in [1, 2, 3, 4, 7, 10] {
            let compressed = [&[first][..], &[0; 31], &[x]].concat();
            assert_eq!(Key::from_sec1(&compressed), Err(Error::InvalidKey), "no point has the x {x}");
        }
        for x in [0, 5, 6, 8, 9] {
            let compressed = [&[first][..], &[0; 31], &[x]].concat();
            assert_eq!(Key::from_sec1(&compressed).unwrap().algorithm(), Algorithm::Es256, "{x}");
        }
        // p + 5 is not reduced to 5.
        let mut beyond: [u8; 32] = hex(P);
        for byte in &mut beyond[20..] {
            *byte = 0;
        }
        (beyond[19], beyond[31]) = (1, 4);
        for x in [beyond, hex(P), [0xff; 32]] {
            assert_eq!(Key::from_sec1(&[&[first][..], &x].concat()), Err(Error::InvalidKey), "{x:x?}");
        }
    }
}

/// [RFC 7638](https://www.rfc-editor.org/rfc/rfc7638) has only an RSA key. The keys here come from
/// [RFC 7517 appendix A.1](https://www.rfc-editor.org/rfc/rfc7517#appendix-A.1),
/// [RFC 7515 appendix A.3](https://www.rfc-editor.org/rfc/rfc7515#appendix-A.3) and
/// [RFC 8037 appendix A.2](https://www.rfc-editor.org/rfc/rfc8037#appendix-A.2). Other libraries compute the same
/// thumbprints.
#[test]
fn thumbprints_match_other_libraries() {
    let ec = |x: &str, y: &str| json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    let thumbprints = [
        (
            ec("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"),
            "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s",
        ),
        (
            ec("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
            "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
        ),
        (
            json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        ),
    ];
    for (jwk, expected) in thumbprints {
        assert_eq!(thumbprint_of(&jwk).to_string(), expected);
        let digest = Base64UrlUnpadded::decode_vec(expected).unwrap();
        assert_eq!(thumbprint_of(&jwk).as_bytes()[..], digest);
    }
}

fn thumbprint_of(jwk: &Value) -> Thumbprint {
    KeySet::<1>::from_jwks(&mut json!({ "keys": [jwk] }).to_string().into_bytes()).unwrap()[0].thumbprint()
}

#[test]
fn thumbprint_depends_only_on_the_key() {
    for key in [p256(), ed25519()] {
        let thumbprint = key.thumbprint();
        for kid in [&b"a"[..], b"b", b"\xff", &[b'k'; MAX_WHOLE_KID_LEN], &[b'k'; MAX_WHOLE_KID_LEN + 1]] {
            let named = key.clone().with_kid(kid);
            assert_ne!(named, key);
            assert_eq!(named.thumbprint(), thumbprint, "{kid:?}");
        }
    }
    for alg in ALGS {
        let plain = thumbprint_of(&alg.jwk());
        assert_eq!(plain, alg.key().thumbprint());
        let members =
            [("kid", json!("a")), ("use", json!("sig")), ("alg", json!(alg.name())), ("key_ops", json!(["verify"]))];
        for (name, value) in members {
            assert_eq!(thumbprint_of(&with(alg.jwk(), name, value)), plain, "{name}");
        }
    }
    // The same bytes are another key for another algorithm, and x and y are not interchangeable.
    let (x, y): ([u8; 32], [u8; 32]) = (hex(P256_X), hex(P256_Y));
    let all = [Key::es256(&x, &y), Key::es256(&y, &x), Key::es256(&x, &[0; 32]), Key::ed25519(&x), Key::ed25519(&y)];
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            assert_ne!(one.thumbprint(), other.thumbprint());
        }
    }
}

#[cfg(feature = "pem")]
mod pem {
    use super::*;

    fn pem_of(label: &str, base64: &str) -> String {
        let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }

    #[test]
    fn openssl_output_is_read() {
        for (pem, key) in [(P256, p256()), (ED25519, ed25519())] {
            assert_eq!(Key::from_pem(pem.as_bytes()), Ok(key));
            assert_eq!(pem_of("PUBLIC KEY", &Base64::encode_string(&der_of(pem))), pem);
        }
        assert_eq!(Key::from_pem(RFC_8410_PUBLIC.as_bytes()), Key::from_spki_der(&der_of(RFC_8410_PUBLIC)));
    }

    /// [RFC 7468 section 2](https://www.rfc-editor.org/rfc/rfc7468#section-2): "MUST handle different newline
    /// conventions", and text before the key is allowed.
    #[test]
    fn other_newlines_and_leading_text_are_read() {
        for (pem, key) in [(P256, p256()), (ED25519, ed25519())] {
            for same in [
                pem.replace('\n', "\r\n"),
                pem.replace('\n', "\r"),
                pem.trim_end().to_owned(),
                format!("Key of the pump, 2026-01\n{pem}"),
                format!("\n\n{pem}"),
            ] {
                assert_eq!(Key::from_pem(same.as_bytes()), Ok(key.clone()), "{same:?}");
            }
        }
    }

    #[test]
    fn label_must_be_public_key() {
        assert_eq!(Key::from_pem(RFC_8410_PRIVATE.as_bytes()), Err(MALFORMED));
        for pem in [P256, ED25519] {
            let base64 = Base64::encode_string(&der_of(pem));
            assert!(Key::from_pem(pem_of("PUBLIC KEY", &base64).as_bytes()).is_ok());
            for label in
                ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PUBLIC KEY", "EC PUBLIC KEY", "CERTIFICATE", "PUBLIC", "KEY", ""]
            {
                assert_eq!(Key::from_pem(pem_of(label, &base64).as_bytes()), Err(MALFORMED), "{label}");
            }
            for label in ["public key", "Public Key", "PUBLIC KEY ", " PUBLIC KEY", "PUBLIC  KEY", "PUBLIC\tKEY"] {
                assert_eq!(Key::from_pem(pem_of(label, &base64).as_bytes()), Err(MALFORMED), "{label:?}");
            }
        }
        // The label does not make a private key a public key.
        let private = pem_of("PUBLIC KEY", &Base64::encode_string(&der_of(RFC_8410_PRIVATE)));
        assert_eq!(Key::from_pem(private.as_bytes()), Err(MALFORMED));
    }

    #[test]
    fn keys_of_other_kinds_and_forms_are_refused() {
        for (name, base64) in OTHERS {
            assert_eq!(Key::from_pem(pem_of("PUBLIC KEY", base64).as_bytes()), Err(MALFORMED), "{name}");
        }
    }

    #[test]
    fn point_out_of_range_is_refused() {
        let small = [&der_of(ED25519)[..12], &[0; 32]].concat();
        let beyond = [&der_of(P256)[..27], &[0xff; 64]].concat();
        for der in [small, beyond] {
            let pem = pem_of("PUBLIC KEY", &Base64::encode_string(&der));
            assert_eq!(Key::from_pem(pem.as_bytes()), Err(Error::InvalidKey));
        }
    }

    #[test]
    fn truncated_or_altered_pem_is_refused() {
        for pem in [P256, ED25519] {
            let whole = pem.trim_end();
            for len in 0..whole.len() {
                assert_eq!(Key::from_pem(&whole.as_bytes()[..len]), Err(MALFORMED), "{len} bytes");
            }
            let base64 = Base64::encode_string(&der_of(pem));
            let unpadded = base64.trim_end_matches('=').to_owned();
            for bad in [
                format!("{pem}{pem}"),
                format!("{pem}text"),
                format!("{pem}\n\n"),
                pem.replacen("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1),
                pem.replacen("KEY-----\n", "KEY-----", 1),
                pem.replacen("-----BEGIN", "----BEGIN", 1),
                pem.replacen("END PUBLIC", "END PRIVATE", 1),
                pem.replacen("AyEA", "AyE-", 1).replacen("QgAE", "QgA_", 1),
                pem_of("PUBLIC KEY", &unpadded),
                pem_of("PUBLIC KEY", &format!("{base64}=")),
                pem_of("PUBLIC KEY", &format!("{unpadded}AAAA")),
                pem_of("PUBLIC KEY", &base64[..base64.len() - 4]),
                pem_of("PUBLIC KEY", ""),
                pem_of("PUBLIC KEY", &"A".repeat(4096)),
                // Bits after the last byte.
                pem.replacen("Tw==", "Tx==", 1).replacen("xIM=", "xIN=", 1),
            ] {
                assert_eq!(Key::from_pem(bad.as_bytes()), Err(MALFORMED), "{bad}");
            }
        }
    }

    #[test]
    fn garbage_is_refused() {
        let der = der_of(P256);
        for garbage in [&b""[..], b"\n", b"-----", b"PUBLIC KEY", &der, &[0; 91], &[0xff; 178], b"{\"kty\":\"EC\"}"] {
            assert_eq!(Key::from_pem(garbage), Err(MALFORMED));
        }
    }
}

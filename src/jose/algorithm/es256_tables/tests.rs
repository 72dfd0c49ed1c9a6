//! Which keys have tables, that the tables are used, and the sums that are computed with them.

use core::mem::swap;

use p256::FieldBytes;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use proptest::prelude::*;

use super::*;
use crate::jose::Key;

#[test]
fn keys_are_prepared_once_kept_and_dropped() {
    let keys = [1, 2, 3, 4].map(|secret| key(&signer(secret)));
    let with_tables = |tables: &Es256Tables<3>| keys.each_ref().map(|key| tables.keys.iter().any(|it| it.is_of(key)));

    let mut tables = Es256Tables::<3>::new();
    assert_eq!(tables.prepare(&keys[..2]), 2);
    assert_eq!(with_tables(&tables), [true, true, false, false]);
    assert_eq!(tables.prepare([&keys[1], &keys[2], &keys[1]]), 2, "one dropped, one added, one named twice");
    assert_eq!(with_tables(&tables), [false, true, true, false]);
    assert_eq!(tables.prepare(&keys), 3, "those with tables, then the first of the others");
    assert_eq!(with_tables(&tables), [true, true, true, false]);
    assert_eq!(tables.prepare([]), 0);
    assert_eq!(Es256Tables::<0>::new().prepare(&keys), 0);
}

#[test]
fn kept_tables_are_not_computed_again() {
    let [first, second] = [1, 2].map(signer);
    let (keys, mut tables) = ([key(&first), key(&second)], Es256Tables::<2>::new());
    tables.prepare(&keys);
    spoil(&mut tables);
    tables.prepare(keys.iter().rev());
    assert_eq!(verdict(&tables, &first), Err(BackendError::InvalidSignature));
}

#[test]
fn generator_is_prepared_without_keys_and_only_once() {
    let [first, second] = [1, 2].map(signer);
    let mut tables = Es256Tables::<2>::new();
    tables.prepare([]);
    assert_eq!(verdict(&tables, &first), Ok(()));
    tables.generator = Some(filled(ProjectivePoint::GENERATOR.double()));
    assert_eq!(verdict(&tables, &first), Err(BackendError::InvalidSignature));
    tables.prepare(&[key(&first), key(&second)]);
    assert_eq!([&first, &second].map(|signer| verdict(&tables, signer)), [Err(BackendError::InvalidSignature); 2]);
}

/// A key that shares one coordinate with a prepared key is another key. The two mixed ones are not on the curve.
#[test]
fn both_coordinates_identify_a_key() {
    let [first, second] = [1, 2].map(|secret| key(&signer(secret)));
    let mut tables = Es256Tables::<2>::new();
    tables.prepare([&first]);
    let ([x, y], []) = first.public_key().as_chunks() else { panic!("two coordinates") };
    let ([other_x, other_y], []) = second.public_key().as_chunks() else { panic!("two coordinates") };
    let signature: p256::ecdsa::Signature = signer(1).sign(b"message");
    let bytes = signature.to_bytes();
    let signature = Signature::new(Algorithm::Es256, &bytes).unwrap();
    for (key, expected) in [
        (Key::es256(x, y), Ok(())),
        (Key::es256(other_x, y), Err(BackendError::InvalidKey)),
        (Key::es256(x, other_y), Err(BackendError::InvalidKey)),
    ] {
        assert_eq!(tables.verify(&key, b"message", signature), expected);
    }
}

/// Otherwise the tests of the verdicts would only test `Es256`.
#[test]
fn prepared_key_is_verified_with_its_tables_and_another_key_with_temporary_ones() {
    let [first, second, other] = [1, 2, 3].map(signer);
    let mut tables = Es256Tables::<2>::new();
    tables.prepare(&[key(&first), key(&second)]);
    assert_eq!([&first, &second, &other].map(|signer| verdict(&tables, signer)), [Ok(()); 3]);
    spoil(&mut tables);
    assert_eq!(verdict(&tables, &first), Err(BackendError::InvalidSignature));
    assert_eq!(verdict(&tables, &second), Err(BackendError::InvalidSignature));
    assert_eq!(verdict(&tables, &other), Ok(()));
}

#[test]
fn keys_of_other_algorithms_and_off_the_curve_get_no_tables() {
    let [off_curve, at_origin] = [Key::es256(&[1; 32], &[2; 32]), Key::es256(&[0; 32], &[0; 32])];
    let mut tables = Es256Tables::<4>::new();
    assert_eq!(tables.prepare([&Key::ed25519(&[3; 32]), &off_curve, &at_origin]), 0);
    assert_eq!(tables.prepare([&off_curve, &key(&signer(1))]), 1);
    let signature = Signature::new(Algorithm::Es256, &[1; 64]).unwrap();
    for key in [off_curve, at_origin] {
        assert_eq!(tables.verify(&key, b"", signature), Err(BackendError::InvalidKey));
    }
}

/// Numbers whose parts are 0, or whose digits carry into the next part or past the last, and u1 G = -u2 Q.
#[test]
fn sums_of_edges_agree_with_p256() {
    let powers = [0, 1, 2, 3, 4, 60, 63, 64, 65, 127, 128, 191, 192, 193, 252, 255].map(|exponent| {
        let mut power = Scalar::ONE;
        (0..exponent).for_each(|_| power = power.double());
        power
    });
    let around = powers.iter().flat_map(|power| [power.sub(&Scalar::ONE), *power, -*power]);
    let edges: Vec<_, 64> = around.collect();
    let [point, negative] = [powers[7].multiply(&powers[1]), -Scalar::ONE].map(|k| ProjectivePoint::GENERATOR * k);
    for point in [point, negative, ProjectivePoint::GENERATOR] {
        let tables = [ProjectivePoint::GENERATOR, point].map(filled);
        for (u1, u2) in edges.iter().flat_map(|u1| edges.iter().map(move |u2| (u1, u2))) {
            assert_eq!(sum(tables.each_ref(), u1, u2), ProjectivePoint::GENERATOR * u1 + point * u2, "{u1:?} {u2:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]
    #[test]
    fn sums_agree_with_p256(numbers in any::<[[u8; 32]; 3]>()) {
        let [u1, u2, key] = numbers.map(|number| Scalar::reduce(&FieldBytes::from(number)));
        let point = ProjectivePoint::GENERATOR * key;
        let tables = [ProjectivePoint::GENERATOR, point].map(filled);
        prop_assert_eq!(sum(tables.each_ref(), &u1, &u2), ProjectivePoint::GENERATOR * u1 + point * u2);
    }
}

#[test]
fn debug_shows_no_tables() {
    assert_eq!(format!("{:?}", Es256Tables::<1>::default()), "Es256Tables");
}

fn filled(point: ProjectivePoint) -> PointTables {
    let mut tables = PointTables::default();
    tables.fill(point);
    tables
}

/// Swaps the tables of the first two keys.
fn spoil<const N: usize>(tables: &mut Es256Tables<N>) {
    let [first, second, ..] = &mut tables.keys[..] else { panic!("two keys") };
    swap(&mut first.point, &mut second.point);
}

fn verdict<const N: usize>(tables: &Es256Tables<N>, signer: &SigningKey) -> Result<(), BackendError> {
    let signature: p256::ecdsa::Signature = signer.sign(b"message");
    tables.verify(&key(signer), b"message", Signature::new(Algorithm::Es256, &signature.to_bytes()).unwrap())
}

fn signer(secret: u8) -> SigningKey {
    SigningKey::from_slice(&[secret; 32]).unwrap()
}

fn key(signer: &SigningKey) -> Key {
    let point = signer.verifying_key().to_sec1_point(false);
    let ([x, y], []) = point.as_bytes()[1..].as_chunks() else { panic!("uncompressed") };
    Key::es256(x, y)
}

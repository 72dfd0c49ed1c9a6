//! Snapshots, which preserve a store across a power cut: the format, the snapshots that are refused, and that a refused
//! snapshot changes nothing.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use embedded_jwt::*;
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use testkit::{Alg, NOW, claims, claims_with, revocation_list, validate_access_token, with};

const ISSUER: &str = testkit::ISSUER;
/// The moment from which every policy refuses the token of [`claims`].
const UNTIL: i64 = NOW + 240 + 300;
const MALFORMED: Result<(), Error> = Err(Error::Malformed(Part::Snapshot));

/// The fourth byte of a snapshot.
const VERSION: u8 = 2;
/// The length of an empty snapshot of either kind: head and digest. Each entry adds 32 bytes.
const EMPTY_LEN: usize = 56;

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(secs)
}

/// The common interface of both kinds.
trait ExpiringSet {
    const SNAPSHOT_LEN: usize;
    /// The third byte of a snapshot.
    const KIND: u8;

    fn closed() -> Self;
    fn start_empty(&mut self);
    fn clear(&mut self) -> Result<(), Error>;
    fn len(&self) -> usize;
    /// Adds an entry with this number, until this time.
    fn add(&mut self, number: usize, until: i64, now: i64) -> Result<(), Error>;
    fn generation(&self) -> u64;
    fn snapshot<'s>(&self, buf: &'s mut [u8]) -> Result<&'s [u8], Error>;
    fn restore_at(&mut self, snapshot: &[u8], least_generation: u64, now: Now) -> Result<(), Error>;

    fn restore(&mut self, snapshot: &[u8], least_generation: u64) -> Result<(), Error> {
        self.restore_at(snapshot, least_generation, at(NOW).into())
    }

    fn empty() -> Self
    where
        Self: Sized,
    {
        let mut set = Self::closed();
        set.start_empty();
        set
    }

    fn of(entries: usize) -> Self
    where
        Self: Sized,
    {
        let mut set = Self::empty();
        for number in 0..entries {
            set.add(number, UNTIL, NOW).unwrap();
        }
        set
    }

    fn bytes(&self) -> Vec<u8> {
        self.snapshot(&mut vec![0xa5; Self::SNAPSHOT_LEN]).unwrap().to_vec()
    }
}

macro_rules! snapshot_tests {
    ($name:ty, $kind:literal, |$set:ident, $number:ident, $until:ident, $now:ident| $add:expr) => {
        impl<const N: usize> ExpiringSet for $name {
            const SNAPSHOT_LEN: usize = Self::SNAPSHOT_LEN;
            const KIND: u8 = $kind;

            fn closed() -> Self {
                Self::new()
            }

            fn start_empty(&mut self) {
                <$name>::start_empty(self);
            }

            fn clear(&mut self) -> Result<(), Error> {
                <$name>::clear(self)
            }

            fn len(&self) -> usize {
                self.len()
            }

            fn add(&mut self, $number: usize, $until: i64, $now: i64) -> Result<(), Error> {
                let $set = self;
                $add
            }

            fn generation(&self) -> u64 {
                self.generation()
            }

            fn snapshot<'s>(&self, buf: &'s mut [u8]) -> Result<&'s [u8], Error> {
                self.snapshot(buf)
            }

            fn restore_at(&mut self, snapshot: &[u8], least_generation: u64, now: Now) -> Result<(), Error> {
                <$name>::restore(self, snapshot, least_generation, now)
            }
        }
    };
}

snapshot_tests!(RevocationList<N>, b'R', |list, number, until, now| {
    let jwt_id = &number.to_string();
    list.revoke(Revocation::Token { issuer: ISSUER, jwt_id }, at(until), at(now))
});
snapshot_tests!(ReplayWindow<N, 9>, b'U', |window, number, until, now| {
    window.use_once(single_use(&number.to_string(), until), at(now).into())
});

/// An id of an owner of its own.
fn single_use(id: &str, until: i64) -> SingleUse {
    SingleUse::new("at+jwt", ISSUER.as_bytes(), id, at(until)).with_owner(b"owner", id.as_bytes())
}

/// Calls a check for both kinds, with these numbers of slots.
macro_rules! for_both {
    ($check:ident::<$($slots:literal),+>) => {{
        $check::<$(RevocationList<$slots>),+>();
        $check::<$(ReplayWindow<$slots, 9>),+>();
    }};
}

/// A snapshot in the documented format, with its digest.
fn image(kind: u8, version: u8, generation: u64, numbers: [i64; 3], entries: &[([u8; 16], i64, i64)]) -> Vec<u8> {
    let mut bytes = vec![b'E', b'J', kind, version];
    bytes.extend(generation.to_be_bytes());
    bytes.extend(numbers.into_iter().flat_map(i64::to_be_bytes));
    bytes.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
    for (id, before, until) in entries {
        bytes.extend(id);
        bytes.extend([before, until].into_iter().flat_map(|secs| secs.to_be_bytes()));
    }
    let digest = Sha256::digest(&bytes);
    bytes.extend(&digest[..16]);
    bytes
}

/// A digest of strings. The length of each of them but the last is hashed before it.
fn digest_of(strings: &[&[u8]]) -> [u8; 32] {
    let (last, firsts) = strings.split_last().unwrap();
    let length = |string: &[u8]| u64::try_from(string.len()).unwrap().to_be_bytes();
    let bytes: Vec<u8> = firsts.iter().flat_map(|string| [&length(string), *string].concat()).collect();
    Sha256::digest([&bytes, *last].concat()).into()
}

/// The id of an entry: a digest of strings, with the entry's kind in the last byte.
fn entry_id(kind: u8, strings: &[&[u8]]) -> [u8; 16] {
    let mut id: [u8; 16] = digest_of(strings)[..16].try_into().unwrap();
    id[15] = kind;
    id
}

/// The entry of a used id: its detail is its owner.
fn used(id: &str, until: i64) -> ([u8; 16], i64, i64) {
    let owner = digest_of(&[b"owner", id.as_bytes()]);
    let detail = i64::from_be_bytes(*owner.first_chunk().unwrap());
    (entry_id(1, &[b"at+jwt", ISSUER.as_bytes(), id.as_bytes()]), detail, until)
}

fn hex(text: &str) -> Vec<u8> {
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// A device reads its snapshots after a firmware update, so another format needs another version.
#[test]
fn snapshot_of_a_revocation_list_has_the_documented_format() {
    let [_, key] = testkit::keys();
    let digest = [7; 32];
    let (issuer, issued_before) = (ISSUER, at(NOW - 5));
    let revocations = [
        (Revocation::Token { issuer, jwt_id: "token-1" }, 1, entry_id(1, &[issuer.as_bytes(), b"token-1"]), i64::MAX),
        (Revocation::SigningInput(&digest), 2, entry_id(2, &[b"", &digest]), i64::MAX),
        (
            Revocation::Subject { issuer, subject: "user-42", issued_before },
            3,
            entry_id(3, &[issuer.as_bytes(), b"user-42"]),
            NOW - 5,
        ),
        (
            Revocation::Client { issuer, client_id: "pump", issued_before },
            4,
            entry_id(4, &[issuer.as_bytes(), b"pump"]),
            NOW - 5,
        ),
        (Revocation::Key { key: &key, issued_before }, 5, entry_id(5, &[b"", key.public_key()]), NOW - 5),
        (Revocation::Issuer { issuer, issued_before }, 6, entry_id(6, &[issuer.as_bytes(), b""]), NOW - 5),
        (
            Revocation::ProofKey { thumbprint: key.thumbprint(), issued_before },
            7,
            entry_id(7, &[b"", key.thumbprint().as_bytes()]),
            NOW - 5,
        ),
    ];
    let mut list = revocation_list::<9>();
    let mut entries = Vec::new();
    for (revocation, number, id, before) in revocations {
        list.revoke(revocation, at(UNTIL + number), at(NOW)).unwrap();
        entries.push((id, before, UNTIL + number));
    }
    assert_eq!(list.bytes(), image(b'R', VERSION, 7, [0; 3], &entries));

    // `All` takes no slot, but one that it does not include takes one.
    list.revoke(Revocation::All { issued_before: at(NOW - 6) }, at(UNTIL), at(NOW)).unwrap();
    assert_eq!(list.bytes(), image(b'R', VERSION, 8, [0, NOW - 6, UNTIL], &entries));
    list.revoke(Revocation::All { issued_before: at(NOW - 7) }, at(UNTIL + 8), at(NOW)).unwrap();
    let mut of_all = [0; 16];
    of_all[15] = 8;
    entries.push((of_all, NOW - 7, UNTIL + 8));
    assert_eq!(list.bytes(), image(b'R', VERSION, 9, [0, NOW - 6, UNTIL], &entries));

    // When no slot is free, entries that are over are evicted.
    for (jwt_id, now) in [("token-2", NOW), ("token-3", UNTIL + 2)] {
        list.revoke(Revocation::Token { issuer, jwt_id }, at(UNTIL + 9), at(now)).unwrap();
    }
    entries.drain(..2);
    for jwt_id in ["token-2", "token-3"] {
        entries.push((entry_id(1, &[issuer.as_bytes(), jwt_id.as_bytes()]), i64::MAX, UNTIL + 9));
    }
    assert_eq!(list.bytes(), image(b'R', VERSION, 11, [UNTIL + 2, NOW - 6, UNTIL], &entries));
}

#[test]
fn snapshot_of_a_replay_window_has_the_documented_format() {
    let window = ReplayWindow::<2, 9>::empty();
    let id = |id: &str, until| window.use_once(single_use(id, until), at(NOW).into());
    assert_eq!((id("id-1", UNTIL), id("id-2", UNTIL + 1)), (Ok(()), Ok(())));
    let entries = [used("id-1", UNTIL), used("id-2", UNTIL + 1)];
    assert_eq!(window.bytes(), image(b'U', VERSION, 2, [0; 3], &entries));

    window.use_once(single_use("id-3", UNTIL + 2), at(UNTIL).into()).unwrap();
    let entries = [used("id-2", UNTIL + 1), used("id-3", UNTIL + 2)];
    assert_eq!(window.bytes(), image(b'U', VERSION, 3, [UNTIL, 0, 0], &entries));
    window.clear().unwrap();
    assert_eq!(window.bytes(), image(b'U', VERSION, 4, [0; 3], &[]));
}

/// Byte for byte, as a device may have it in its flash.
#[test]
fn stored_snapshot_of_a_revocation_list_is_read() {
    let fields = [
        "454a5202",
        "0000000000000003",
        "0000000000000000",
        "000000006968d65c000000006968d8dc",
        "00000002",
        "c71ad6933f9a0e07c96d9f212ae51d017fffffffffffffff000000006968d8dc",
        "61ecc368ab1ef5eea3c82f40915f0c03000000006968d6c0000000006968d8dc",
        "3d13b52a4dd0e16e3b8aa610658adf01",
    ];
    let bytes = hex(&fields.concat());
    let mut list = RevocationList::<2>::closed();
    assert_eq!(ExpiringSet::restore(&mut list, &bytes, 3), Ok(()));
    assert_eq!((list.len(), list.generation()), (2, 3));
    assert_eq!(list.bytes(), bytes);
    let validate = |claims: &serde_json::Value| {
        let policy = AccessTokenPolicy::new(testkit::AUDIENCE).with_revocations(&list);
        validate_access_token(&Alg::EdDsa.access_token(claims), &policy, NOW, |_| ())
    };
    assert_eq!(validate(&claims()), Err(Error::Revoked));
    let token_2 = claims_with("jti", json!("token-2"));
    assert_eq!(validate(&token_2), Ok(()));
    assert_eq!(validate(&with(token_2.clone(), "sub", json!("user-43"))), Err(Error::Revoked));
    assert_eq!(validate(&with(token_2, "iat", json!(NOW - 101))), Err(Error::Revoked));
}

#[test]
fn stored_snapshot_of_a_replay_window_is_read() {
    let fields = [
        "454a5502",
        "0000000000000001",
        "0000000000000000",
        "00000000000000000000000000000000",
        "00000001",
        "6ad95ecda987b9b4db92d7042e7b2a01f2cccacacbbed6cc000000006968d8dc",
        "4693720b6e166c7737dae55b59d78367",
    ];
    let bytes = hex(&fields.concat());
    let window = ReplayWindow::<2, 1>::new();
    assert_eq!(window.restore(&bytes, 1, at(NOW)), Ok(()));
    assert_eq!((window.len(), window.generation()), (1, 1));
    assert_eq!(window.snapshot(&mut [0; ReplayWindow::<2, 1>::SNAPSHOT_LEN]), Ok(&*bytes));
    let validate = |claims: &serde_json::Value| {
        let policy = AccessTokenPolicy::new(testkit::AUDIENCE).with_single_use(&window);
        validate_access_token(&Alg::EdDsa.access_token(claims), &policy, NOW, |_| ())
    };
    assert_eq!(validate(&claims()), Err(Error::Replayed));
    assert_eq!(validate(&claims_with("jti", json!("token-2"))), Err(Error::ShareFull));
    let of_another_client = with(claims_with("jti", json!("token-2")), "client_id", json!("another"));
    assert_eq!(validate(&of_another_client), Ok(()));
}

/// In the first version, `until` was the latest `exp`, without leeway, and ids were other digests.
#[test]
fn snapshot_of_the_first_format_version_is_refused() {
    let fields = [
        "454a5201",
        "0000000000000003",
        "8000000000000000",
        "000000006968d65c000000006968d7b0",
        "00000002",
        "c71ad6933f9a0e07c96d9f212ae51d017fffffffffffffff000000006968d7b0",
        "61ecc368ab1ef5eea3c82f40915f0c03000000006968d6c0000000006968d7b0",
        "ff3428bbea147f01bc012230a4db3e74",
    ];
    refuses::<RevocationList<2>>(&hex(&fields.concat()), 0, MALFORMED);
}

#[test]
fn length_of_a_snapshot_depends_on_the_number_of_entries() {
    fn check<L: ExpiringSet>() {
        let slots = (L::SNAPSHOT_LEN - EMPTY_LEN) / 32;
        assert_eq!(L::SNAPSHOT_LEN, EMPTY_LEN + 32 * slots);
        for entries in 0..=slots {
            let (set, mut buf) = (L::of(entries), vec![0; L::SNAPSHOT_LEN]);
            assert_eq!(set.snapshot(&mut buf).unwrap().len(), EMPTY_LEN + 32 * entries);
        }
        assert_eq!(L::of(slots).add(slots, UNTIL, NOW), Err(Error::Full));
    }
    for_both!(check::<0>);
    for_both!(check::<1>);
    for_both!(check::<5>);
    assert_eq!(RevocationList::<64>::SNAPSHOT_LEN, 2104);
    assert_eq!(ReplayWindow::<64, 16>::SNAPSHOT_LEN, 2104);
}

#[test]
fn too_short_buffer_is_refused() {
    fn check<L: ExpiringSet>() {
        for entries in 0..=3 {
            let set = L::of(entries);
            let len = EMPTY_LEN + 32 * entries;
            for short in 0..len {
                let mut buf = vec![0xa5; short];
                assert_eq!(set.snapshot(&mut buf), Err(Error::BufferTooSmall), "{entries} {short}");
            }
            // The bytes after the snapshot stay as they were.
            let mut buf = vec![0xa5; len + 3];
            assert_eq!(set.snapshot(&mut buf).unwrap(), set.bytes());
            assert_eq!(buf[len..], [0xa5; 3]);
        }
    }
    for_both!(check::<3>);
}

#[test]
fn restored_store_equals_the_saved_one() {
    fn check<L: ExpiringSet, Larger: ExpiringSet>() {
        for entries in 0..=4 {
            let set = L::of(entries);
            let (mut restored, mut larger) = (L::closed(), Larger::closed());
            assert_eq!(restored.restore(&set.bytes(), set.generation()), Ok(()));
            assert_eq!(larger.restore(&set.bytes(), set.generation()), Ok(()));
            assert_eq!((restored.bytes(), larger.bytes()), (set.bytes(), set.bytes()));
            assert_eq!(restored.generation(), set.generation());
            // The restored store continues with its generation, and a larger store has more slots.
            let full = if entries == 4 { Err(Error::Full) } else { Ok(()) };
            assert_eq!((restored.add(9, UNTIL, NOW), larger.add(9, UNTIL, NOW)), (full, Ok(())));
            assert!(larger.generation() > set.generation());
            // The bytes after a snapshot are the rest of its page, and are ignored.
            for rest in [&[0][..], &[0xff; 100], &set.bytes()] {
                let mut restored = L::closed();
                assert_eq!(restored.restore(&[&set.bytes(), rest].concat(), 0), Ok(()));
                assert_eq!(restored.bytes(), set.bytes());
            }
        }
    }
    for_both!(check::<4, 9>);
}

#[test]
fn closed_store_has_no_snapshot_and_stays_closed_after_a_refused_one() {
    fn check<L: ExpiringSet>() {
        let mut set = L::closed();
        for len in [0, EMPTY_LEN, L::SNAPSHOT_LEN] {
            assert_eq!(set.snapshot(&mut vec![0; len]), Err(Error::NotOpened));
        }
        let bytes = L::of(1).bytes();
        assert_eq!(set.restore(&bytes[1..], 0), MALFORMED);
        assert_eq!(set.restore(&bytes, 2), Err(Error::RolledBack));
        assert_eq!(set.restore(&image(L::KIND, VERSION, 9, [0; 3], &[used("1", UNTIL); 5]), 0), Err(Error::Full));
        assert_eq!(set.restore_at(&bytes, 0, at(0).into()), Err(Error::ClockNotSet));
        assert_eq!((set.add(1, UNTIL, NOW), set.clear()), (Err(Error::NotOpened), Err(Error::NotOpened)));
        assert_eq!((set.generation(), set.len()), (0, 0));
        assert_eq!(set.restore(&bytes, 1), Ok(()));
        assert_eq!(set.bytes(), bytes);
    }
    for_both!(check::<4>);
}

#[test]
fn restored_list_revokes_and_restored_window_refuses_replays() {
    let mut list = revocation_list::<2>();
    list.revoke(Revocation::Token { issuer: ISSUER, jwt_id: "token-1" }, at(UNTIL), at(NOW)).unwrap();
    list.revoke(Revocation::All { issued_before: at(NOW - 100) }, at(UNTIL), at(NOW)).unwrap();
    let mut restored = RevocationList::<1>::new();
    restored.restore(&list.bytes(), 0, at(NOW)).unwrap();
    let policy = AccessTokenPolicy::new(testkit::AUDIENCE).with_revocations(&restored);
    let validate = |claims| validate_access_token(&Alg::Es256.access_token(&claims), &policy, NOW, |_| ());
    assert_eq!(validate(claims()), Err(Error::Revoked));
    assert_eq!(validate(claims_with("jti", json!("token-2"))), Ok(()));
    assert_eq!(validate(with(claims_with("jti", json!("token-2")), "iat", json!(NOW - 101))), Err(Error::Revoked));

    let window = ReplayWindow::<2, 9>::of(1);
    let mut restored = ReplayWindow::<2, 9>::new();
    restored.restore(&window.bytes(), 0, at(NOW)).unwrap();
    assert_eq!(restored.add(0, UNTIL, NOW), Err(Error::Replayed));
    assert_eq!(restored.add(1, UNTIL, NOW), Ok(()));
}

/// A snapshot contains the latest `until` of all evicted entries. They cannot have revoked a token that expires later.
#[test]
fn token_of_an_evicted_entry_stays_refused_after_a_restart() {
    fn check<L: ExpiringSet>() {
        let mut set = L::of(1);
        set.add(1, UNTIL + 100, UNTIL).unwrap();
        let mut restored = L::closed();
        restored.restore(&set.bytes(), 0).unwrap();
        assert_eq!(restored.bytes()[12..20], UNTIL.to_be_bytes());
    }
    for_both!(check::<1>);

    let mut window = ReplayWindow::<1, 9>::of(1);
    window.add(1, UNTIL + 100, UNTIL).unwrap();
    let mut restored = ReplayWindow::<1, 9>::new();
    restored.restore(&window.bytes(), 0, at(NOW)).unwrap();
    assert_eq!(restored.add(0, UNTIL, NOW), Err(Error::Replayed));

    let mut list = revocation_list::<1>();
    for (jwt_id, until, now) in [("token-1", UNTIL, NOW), ("token-2", UNTIL + 100, UNTIL)] {
        list.revoke(Revocation::Token { issuer: ISSUER, jwt_id }, at(until), at(now)).unwrap();
    }
    let mut restored = RevocationList::<1>::new();
    restored.restore(&list.bytes(), 0, at(NOW)).unwrap();
    let policy = AccessTokenPolicy::new(testkit::AUDIENCE).with_revocations(&restored);
    let verdict = validate_access_token(&Alg::EdDsa.access_token(&claims()), &policy, NOW, |_| ());
    assert_eq!(verdict, Err(Error::Expired));
}

/// Checks that three stores refuse the snapshot and stay as they were: a store without entries, one with an entry, and
/// a closed one.
fn refuses<L: ExpiringSet>(snapshot: &[u8], least: u64, error: Result<(), Error>) {
    for entries in [0, 1] {
        let mut set = L::of(entries);
        let before = set.bytes();
        assert_eq!(set.restore(snapshot, least), error);
        assert_eq!(set.bytes(), before);
    }
    let mut set = L::closed();
    assert_eq!(set.restore(snapshot, least), error);
    assert_eq!(set.snapshot(&mut []), Err(Error::NotOpened));
}

#[test]
fn torn_snapshot_is_refused_wherever_it_is_cut() {
    fn check<L: ExpiringSet>() {
        for entries in 0..=4 {
            let bytes = L::of(entries).bytes();
            for len in 0..bytes.len() {
                refuses::<L>(&bytes[..len], 0, MALFORMED);
                // The rest of the page is erased, or has its old content.
                for fill in [0x00, 0xff] {
                    let mut torn = bytes.clone();
                    torn[len..].fill(fill);
                    if torn != bytes {
                        refuses::<L>(&torn, 0, MALFORMED);
                    }
                }
                let older = L::of(4 - entries).bytes();
                if len < older.len() {
                    let torn = [&bytes[..len], &older[len..]].concat();
                    if !torn.starts_with(&bytes) && torn != older {
                        refuses::<L>(&torn, 0, MALFORMED);
                    }
                }
            }
        }
    }
    for_both!(check::<4>);
}

#[test]
fn altered_snapshot_is_refused_whichever_byte_is_altered() {
    fn check<L: ExpiringSet>() {
        let bytes = L::of(3).bytes();
        let mut altered = bytes.clone();
        for at in 0..bytes.len() {
            for difference in 1..=u8::MAX {
                altered[at] ^= difference;
                let mut set = L::closed();
                assert_eq!(set.restore(&altered, 0), MALFORMED, "{at} {difference}");
                assert_eq!(set.generation(), 0);
                altered[at] = bytes[at];
            }
            altered.swap(at, 0);
            if altered != bytes {
                refuses::<L>(&altered, 0, MALFORMED);
            }
            altered.swap(at, 0);
        }
        assert_eq!(L::closed().restore(&altered, 0), Ok(()));
    }
    for_both!(check::<3>);
}

#[test]
fn bytes_that_are_no_snapshot_are_refused() {
    fn check<L: ExpiringSet>() {
        for len in [0, 1, 55, 56, 57, 88, 1000] {
            for fill in [0x00, 0xff, b'E'] {
                refuses::<L>(&vec![fill; len], 0, MALFORMED);
            }
        }
        // More entries than there are bytes, up to the largest possible count.
        for count in [1, 2, 1 << 27, u32::MAX] {
            let mut bytes = image(L::KIND, VERSION, 9, [0; 3], &[]);
            bytes[36..40].copy_from_slice(&count.to_be_bytes());
            let digest = Sha256::digest(&bytes[..40]);
            bytes[40..].copy_from_slice(&digest[..16]);
            refuses::<L>(&bytes, 0, MALFORMED);
        }
    }
    for_both!(check::<4>);
}

#[test]
fn snapshot_of_another_kind_or_version_is_refused() {
    fn check<L: ExpiringSet>() {
        let entries = [(entry_id(1, &[b"a", b"b"]), i64::MAX, UNTIL)];
        for kind in 0..=u8::MAX {
            for version in 0..=u8::MAX {
                let bytes = image(kind, version, 9, [0; 3], &entries);
                let expected = if (kind, version) == (L::KIND, VERSION) { Ok(()) } else { MALFORMED };
                assert_eq!(L::closed().restore(&bytes, 0), expected, "{kind} {version}");
            }
        }
    }
    for_both!(check::<2>);
    refuses::<RevocationList<2>>(&ReplayWindow::<2, 9>::of(1).bytes(), 0, MALFORMED);
    refuses::<ReplayWindow<2, 9>>(&RevocationList::<2>::of(1).bytes(), 0, MALFORMED);
}

#[test]
fn snapshot_with_more_entries_than_slots_is_refused() {
    fn check<L: ExpiringSet, Larger: ExpiringSet>() {
        for entries in 0..=5 {
            let bytes = Larger::of(entries).bytes();
            if entries > 2 {
                refuses::<L>(&bytes, 0, Err(Error::Full));
            } else {
                assert_eq!(L::closed().restore(&bytes, 0), Ok(()), "{entries}");
            }
        }
    }
    for_both!(check::<2, 5>);
}

/// Entries that are over need no slot.
#[test]
fn snapshot_fits_a_smaller_store_if_enough_of_its_entries_are_over() {
    fn check<L: ExpiringSet, Larger: ExpiringSet>() {
        // Two entries are over at each of these times.
        let mut larger = Larger::empty();
        for number in 0..5 {
            larger.add(number, NOW + 10 * (i64::try_from(number).unwrap() / 2 + 1), NOW).unwrap();
        }
        let bytes = larger.bytes();
        for (now, left) in [(NOW, 5), (NOW + 9, 5), (NOW + 10, 3), (NOW + 19, 3), (NOW + 20, 1), (NOW + 30, 0)] {
            for now in [Now::from(at(now)), Now::AtLeast(EarliestTime::from_secs(now))] {
                let (mut set, mut same) = (L::closed(), Larger::closed());
                assert_eq!(same.restore_at(&bytes, 5, now), Ok(()));
                assert_eq!(same.bytes(), bytes, "nothing is evicted where there is room");
                if left > 2 {
                    assert_eq!(set.restore_at(&bytes, 5, now), Err(Error::Full), "{now:?}");
                    continue;
                }
                assert_eq!(set.restore_at(&bytes, 5, now), Ok(()), "{now:?}");
                assert_eq!((set.len(), set.generation()), (left, 5));
                let evicted = if left == 1 { NOW + 20 } else { NOW + 30 };
                assert_eq!(set.bytes()[12..20], evicted.to_be_bytes());
            }
        }
        let mut before = L::closed();
        assert_eq!(before.restore(&image(L::KIND, VERSION, 1, [NOW + 40, 0, 0], &[used("1", NOW); 3]), 0), Ok(()));
        assert_eq!(before.bytes()[12..20], (NOW + 40).to_be_bytes(), "the latest of all evicted entries");
    }
    for_both!(check::<2, 5>);

    let mut window = ReplayWindow::<4, 9>::of(4);
    let mut restored = ReplayWindow::<2, 9>::new();
    assert_eq!(restored.restore(&window.bytes(), 0, at(UNTIL)), Ok(()));
    assert_eq!(restored.len(), 0);
    for number in 0..4 {
        assert_eq!(restored.add(number, UNTIL, NOW), Err(Error::Replayed), "the clock was set back");
        assert_eq!(window.add(number, UNTIL, NOW), Err(Error::Replayed));
    }
}

/// Such an entry would revoke nothing, in silence.
#[test]
fn snapshot_with_an_entry_of_unknown_kind_is_refused() {
    fn check<L: ExpiringSet>(kinds: std::ops::RangeInclusive<u8>) {
        for kind in 0..=u8::MAX {
            let expected = if kinds.contains(&kind) { Ok(()) } else { MALFORMED };
            let known = (entry_id(1, &[b"a", b"b"]), i64::MAX, UNTIL);
            let entry = (entry_id(kind, &[b"a", b"c"]), i64::MAX, UNTIL);
            for entries in [&[entry][..], &[known, entry], &[entry, known]] {
                let bytes = image(L::KIND, VERSION, 9, [0; 3], entries);
                assert_eq!(L::closed().restore(&bytes, 0), expected, "{kind}");
                if expected.is_err() {
                    refuses::<L>(&bytes, 0, expected);
                    refuses::<L>(&bytes, 10, expected);
                }
            }
        }
    }
    check::<RevocationList<2>>(1..=8);
    check::<ReplayWindow<2, 9>>(1..=1);
}

#[test]
fn snapshot_is_refused_while_the_clock_is_not_set() {
    fn check<L: ExpiringSet>() {
        let bytes = L::of(1).bytes();
        for now in [i64::MIN, 0, 946_684_800, 1_262_303_999] {
            for mut set in [L::closed(), L::empty()] {
                assert_eq!(set.restore_at(&bytes, 0, at(now).into()), Err(Error::ClockNotSet), "{now}");
                assert_eq!(set.len(), 0);
                assert_eq!(set.restore_at(&bytes, 0, Now::AtLeast(EarliestTime::from_secs(now))), Ok(()), "{now}");
                assert_eq!(set.len(), 1);
            }
        }
    }
    for_both!(check::<1>);
}

#[test]
fn older_snapshot_is_refused() {
    fn check<L: ExpiringSet>() {
        let bytes = L::of(3).bytes();
        for (least, expected) in
            [(0, Ok(())), (2, Ok(())), (3, Ok(())), (4, Err(Error::RolledBack)), (u64::MAX, Err(Error::RolledBack))]
        {
            let mut set = L::closed();
            assert_eq!(set.restore(&bytes, least), expected, "{least}");
            assert_eq!(set.generation(), if expected.is_ok() { 3 } else { 0 });
        }
        refuses::<L>(&bytes, 4, Err(Error::RolledBack));

        // An open store accepts only a snapshot that is later than itself, or its own.
        for (entries, expected) in [(0, Ok(())), (2, Ok(())), (3, Ok(())), (4, Err(Error::RolledBack))] {
            let mut set = L::of(entries);
            let before = set.bytes();
            assert_eq!(set.restore(&bytes, 0), expected, "{entries}");
            assert_eq!(set.bytes(), if expected.is_ok() { bytes.clone() } else { before });
        }
        let mut set = L::of(4);
        assert_eq!(set.restore(&bytes, 3), Err(Error::RolledBack), "the larger of the two generations counts");
        assert_eq!(set.restore(&bytes[1..], 9), MALFORMED, "a torn snapshot has no generation");
    }
    for_both!(check::<4>);
    let last = image(b'R', VERSION, u64::MAX, [0; 3], &[]);
    let mut list = RevocationList::<4>::new();
    assert_eq!(list.restore(&last, u64::MAX, at(NOW)), Ok(()));
    assert_eq!(list.add(1, UNTIL, NOW), Ok(()));
    assert_eq!(list.generation(), u64::MAX);
    assert_eq!((list.clear(), list.generation(), list.len()), (Ok(()), u64::MAX, 0));
}

/// Two different histories can have equal generations.
#[test]
fn snapshot_of_equal_generation_from_another_history_does_not_replace_an_open_store() {
    fn check<L: ExpiringSet>() {
        let [mut one, mut two] = [L::empty(), L::empty()];
        one.add(1, UNTIL, NOW).unwrap();
        two.add(2, UNTIL, NOW).unwrap();
        let [of_one, of_two] = [one.bytes(), two.bytes()];
        assert_eq!(one.generation(), two.generation());
        assert_eq!(one.restore(&of_two, 0), Err(Error::RolledBack));
        assert_eq!(one.restore(&of_one, 0), Ok(()), "its own changes nothing");
        assert_eq!(one.restore(&of_one, 2), Err(Error::RolledBack), "below the least generation");
        assert_eq!(one.bytes(), of_one);
        // If two pages have the same generation, the first one that is restored is kept.
        let mut restarted = L::closed();
        assert_eq!(restarted.restore(&of_one, 1), Ok(()));
        assert_eq!(restarted.restore(&of_two, 1), Err(Error::RolledBack));
        assert_eq!(restarted.bytes(), of_one);
        // A clear, or a later change, is newer than both.
        two.clear().unwrap();
        assert_eq!(restarted.restore(&two.bytes(), 1), Ok(()));
        assert_eq!((restarted.generation(), restarted.len()), (2, 0));
    }
    for_both!(check::<2>);

    // A list with an entry for all tokens accepts its own snapshot, too.
    let mut list = RevocationList::<2>::empty();
    list.revoke(Revocation::All { issued_before: at(NOW) }, at(UNTIL), at(NOW)).unwrap();
    assert_eq!(list.restore(&list.bytes(), 0, at(NOW)), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_state_is_restored(
        steps in prop::collection::vec((0..20_usize, 1..40_i64, 0..40_i64, prop::bool::weighted(0.1)), 0..40),
    ) {
        let (mut list, mut window) = (revocation_list::<6>(), ReplayWindow::<6, 9>::empty());
        for (number, lifetime, now, revokes_all) in steps {
            let (now, until) = (NOW + now, NOW + now + lifetime);
            if revokes_all {
                // This may need a slot if another such entry is in force.
                let _ = list.revoke(Revocation::All { issued_before: at(now) }, at(until), at(now));
            }
            let _ = (list.add(number, until, now), window.add(number, until, now));
            let mut restored = (RevocationList::<6>::new(), ReplayWindow::<6, 9>::new());
            prop_assert_eq!(restored.0.restore(&list.bytes(), list.generation(), at(now)), Ok(()));
            prop_assert_eq!(restored.1.restore(&window.bytes(), window.generation(), at(now)), Ok(()));
            prop_assert_eq!((restored.0.bytes(), restored.1.bytes()), (list.bytes(), window.bytes()));
            prop_assert_eq!((restored.0.len(), restored.0.generation()), (list.len(), list.generation()));
        }
    }
}

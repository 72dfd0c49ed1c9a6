use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use embedded_jwt::*;
use serde_json::json;
use testkit::{ACCEPT_ALL, ALGS, AUDIENCE, Alg, unsigned};

/// **Property:** for any revocations, with the clock set forwards and backwards and the list restored after restarts:
///
/// - no token is accepted that is revoked by a model that evicts nothing;
/// - no token is refused that was not revoked, unless it expires no later than a revocation that may have been evicted;
/// - the list is full only if other entries that may not be evicted take all of its slots.
pub fn revocations(input: &[u8]) {
    sequence(input);
}

/// Runs the operations that the input chooses, and returns their number.
pub fn sequence(input: &[u8]) -> u64 {
    let (mut u, mut device) = (Unstructured::new(input), Device::new());
    let mut operations = 0;
    while !u.is_empty() {
        device.operate(&mut u).unwrap();
        operations += 1;
    }
    operations
}

struct Device {
    now: i64,
    list: RevocationList<CAPACITY>,
    model: Model,
    flash: Vec<Page>,
}

/// A snapshot, with the state that it was taken of.
struct Page {
    bytes: Vec<u8>,
    generation: u64,
    len: usize,
    model: Model,
}

impl Device {
    fn new() -> Self {
        Self { now: 1, list: RevocationList::new(), model: Model::default(), flash: Vec::new() }
    }

    fn operate(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.int_in_range(0..=15)? {
            0..=4 => self.revoke(u),
            5..=9 => self.check(u),
            10..=11 => self.set_clock(u),
            12..=13 => self.save(),
            14 => self.restore(u),
            _ => self.restore_torn(u),
        }
    }

    fn set_clock(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.now = u.int_in_range(0..=LAST)?;
        Ok(())
    }

    fn revoke(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let target = Target::choose(u)?;
        let span = Span { before: u.int_in_range(0..=LAST)?, until: u.int_in_range(0..=LAST)? };
        let span = if target.is_one_token() { Span { before: i64::MAX, ..span } } else { span };
        let (len, generation) = (self.list.len(), self.list.generation());
        match self.list.revoke(target.revocation(span.before), at(span.until), at(self.now)) {
            Ok(()) => {
                // Revoking the same again changes nothing.
                assert!(self.list.generation() > generation || self.model.has(target, span));
                self.model.revoke(target, span, self.now);
            }
            Err(Error::Full) => {
                assert_eq!((self.list.len(), self.list.generation()), (len, generation));
                assert_ne!(target, Target::All);
                assert!(self.model.unexpired_except(target, self.now) >= CAPACITY, "{target:?} {:?}", self.model);
            }
            Err(error) => panic!("{error:?}"),
        }
        assert!(self.list.len() <= CAPACITY.min(self.model.entries.len()));
        let len = self.list.len();
        assert_eq!(self.list.is_empty(), len == 0);
        Ok(())
    }

    fn check(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let choice = if u.ratio(1, 4)? { &TOKENS[..FEW] } else { &TOKENS };
        let token = u.choose(choice)?;
        let leeway = *u.choose(&[0, 2, 100])?;
        let verdict = token.validate(&self.list, leeway, self.now);
        let is_as_expected = match verdict {
            Ok(()) => !self.model.must_refuse(token, self.now),
            Err(Error::Revoked) => self.model.may_refuse(token, self.now),
            Err(Error::Expired) => self.now >= token.expires_at + leeway || self.model.may_have_evicted(token),
            Err(Error::ClockNotSet) => self.now == 0,
            Err(_) => false,
        };
        assert!(is_as_expected, "{verdict:?} of {token:?} at {} by {:?}", self.now, self.model);
        Ok(())
    }

    fn save(&mut self) -> Result<()> {
        let (bytes, generation, len) = (image(&self.list), self.list.generation(), self.list.len());
        assert_eq!(bytes.len(), RevocationList::<0>::SNAPSHOT_LEN + 32 * len);
        self.flash.push(Page { bytes, generation, len, model: self.model.clone() });
        Ok(())
    }

    fn restore(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.flash.is_empty() {
            return Ok(());
        }
        let page = u.choose(&self.flash)?;
        if u.arbitrary()? {
            (self.list, self.model) = Default::default();
        }
        let least = *u.choose(&[0, page.generation, page.generation + 1])?;
        let flash = [&page.bytes, &*[0xff].repeat(u.int_in_range(0..=2)?)].concat();
        let before = image(&self.list);
        let is_too_old = page.generation < least.max(self.list.generation());
        let (expected, after) = if is_too_old { (Err(Error::RolledBack), &before) } else { (Ok(()), &page.bytes) };
        assert_eq!(self.list.restore(&flash, least), expected);
        assert_eq!(image(&self.list), *after);
        if expected.is_ok() {
            self.model = page.model.clone();
        }

        let (mut smaller, mut larger) =
            (RevocationList::<{ CAPACITY / 2 }>::new(), RevocationList::<{ 2 * CAPACITY }>::new());
        let fits = if page.len > CAPACITY / 2 { Err(Error::Full) } else { Ok(()) };
        assert_eq!((smaller.restore(&flash, 0), larger.restore(&flash, 0)), (fits, Ok(())));
        assert_eq!((smaller.len(), image(&larger)), (if fits.is_ok() { page.len } else { 0 }, page.bytes.clone()));
        Ok(())
    }

    fn restore_torn(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.flash.is_empty() {
            return Ok(());
        }
        let mut bytes = u.choose(&self.flash)?.bytes.clone();
        let offset = u.choose_index(bytes.len())?;
        match u.arbitrary()? {
            0 => bytes.truncate(offset),
            difference => bytes[offset] ^= difference,
        }
        let before = image(&self.list);
        assert_eq!(self.list.restore(&bytes, 0), Err(Error::Malformed(Part::Snapshot)));
        assert_eq!(image(&self.list), before);
        Ok(())
    }
}

/// Small, so that all slots are taken from time to time.
const CAPACITY: usize = 4;
/// The latest time that is used, except for `exp`. Small, so that times often coincide.
const LAST: i64 = 24;

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(secs)
}

fn image<const N: usize>(list: &RevocationList<N>) -> Vec<u8> {
    list.snapshot(&mut [0xa5; 1024]).unwrap().to_vec()
}

/// The documented behavior, computed from everything that was revoked since the start.
#[derive(Clone, Debug, Default)]
struct Model {
    revoked: Vec<(Target, Span)>,
    /// The entries if nothing were ever evicted, except entries that [`Target::All`] covers.
    entries: BTreeMap<Target, Span>,
    /// The latest time at which an entry may have been evicted.
    latest_eviction: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    before: i64,
    until: i64,
}

impl Model {
    fn revoke(&mut self, target: Target, span: Span, now: i64) {
        self.revoked.push((target, span));
        let all = self.span_of(Target::All);
        if target == Target::All {
            self.entries.retain(|_, entry| all.is_none_or(|all| entry.before > all.before || entry.until > all.until));
            return;
        }
        self.latest_eviction = self.latest_eviction.max(Some(now));
        let entry = self.entries.entry(target).or_insert(span);
        *entry = entry.join(span);
    }

    /// Whether the token must be refused: it is revoked and expires no later than the revocation, or the revocation has
    /// not ended and was not evicted.
    fn must_refuse(&self, token: &Minted, now: i64) -> bool {
        self.revoked.iter().any(|(target, span)| {
            let evicted = *target != Target::All && self.latest_eviction.is_some_and(|latest| span.until <= latest);
            target.names(token) && span.is_of(token) && (token.expires_at <= span.until || now < span.until && !evicted)
        })
    }

    /// Whether the token may be refused. If the same was revoked several times, the latest times count.
    fn may_refuse(&self, token: &Minted, now: i64) -> bool {
        self.revoked.iter().any(|(target, _)| {
            target.names(token)
                && self
                    .span_of(*target)
                    .is_some_and(|span| span.is_of(token) && (token.expires_at <= span.until || now < span.until))
        })
    }

    /// Whether the token expires no later than an entry that may have been evicted.
    fn may_have_evicted(&self, token: &Minted) -> bool {
        let evicted = |span: &Span| self.latest_eviction.is_some_and(|latest| span.until <= latest);
        self.revoked
            .iter()
            .any(|(target, span)| *target != Target::All && evicted(span) && token.expires_at <= span.until)
    }

    /// Whether revoking this would change nothing.
    fn has(&self, target: Target, span: Span) -> bool {
        self.entries.get(&target).is_some_and(|entry| entry.join(span) == *entry)
    }

    /// The number of other entries that may not be evicted now.
    fn unexpired_except(&self, target: Target, now: i64) -> usize {
        self.entries.iter().filter(|(other, entry)| **other != target && entry.until > now).count()
    }

    fn span_of(&self, target: Target) -> Option<Span> {
        self.revoked.iter().filter(|(other, _)| *other == target).map(|(_, span)| *span).reduce(Span::join)
    }
}

impl Span {
    fn is_of(self, token: &Minted) -> bool {
        token.issued_at.is_none_or(|issued_at| issued_at < self.before)
    }

    fn join(self, other: Self) -> Self {
        Self { before: self.before.max(other.before), until: self.until.max(other.until) }
    }
}

/// A [`Revocation`] without its `issued_before`, written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Target {
    Token(&'static str, &'static str),
    /// An index into [`TOKENS`].
    SigningInput(usize),
    Subject(&'static str, &'static str),
    Client(&'static str, &'static str),
    /// An index into [`KEYS`].
    Key(usize),
    Issuer(&'static str),
    All,
}

impl Target {
    fn choose(u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match u.int_in_range(0..=11)? {
            0..=3 => Self::Token(u.choose(&ISSUERS)?, u.choose(&IDS)?),
            4 => Self::SigningInput(u.choose_index(FEW)?),
            5..=6 => Self::Subject(u.choose(&ISSUERS)?, u.choose(&IDS)?),
            7..=8 => Self::Client(u.choose(&ISSUERS)?, u.choose(&IDS)?),
            9 => Self::Key(u.choose_index(KEYS.len())?),
            10 => Self::Issuer(u.choose(&ISSUERS)?),
            _ => Self::All,
        })
    }

    fn is_one_token(self) -> bool {
        matches!(self, Self::Token(..) | Self::SigningInput(_))
    }

    fn revocation(self, before: i64) -> Revocation<'static> {
        let issued_before = at(before);
        match self {
            Self::Token(issuer, jwt_id) => Revocation::Token { issuer, jwt_id },
            Self::SigningInput(token) => Revocation::SigningInput(&TOKENS[token].digest),
            Self::Subject(issuer, subject) => Revocation::Subject { issuer, subject, issued_before },
            Self::Client(issuer, client_id) => Revocation::Client { issuer, client_id, issued_before },
            Self::Key(key) => Revocation::Key { key: &KEYS[key], issued_before },
            Self::Issuer(issuer) => Revocation::Issuer { issuer, issued_before },
            Self::All => Revocation::All { issued_before },
        }
    }

    fn names(self, token: &Minted) -> bool {
        match self {
            Self::Token(issuer, jwt_id) => (issuer, Some(jwt_id)) == (token.issuer, token.jwt_id),
            Self::SigningInput(other) => TOKENS[other].text == token.text,
            Self::Subject(issuer, subject) => (issuer, Some(subject)) == (token.issuer, token.subject),
            Self::Client(issuer, client_id) => (issuer, Some(client_id)) == (token.issuer, token.client_id),
            Self::Key(key) => key == token.key,
            Self::Issuer(issuer) => issuer == token.issuer,
            Self::All => true,
        }
    }
}

/// A token, with the claims in it.
#[derive(Debug)]
struct Minted {
    text: String,
    digest: [u8; 32],
    issuer: &'static str,
    /// An index into [`KEYS`].
    key: usize,
    jwt_id: Option<&'static str>,
    subject: Option<&'static str>,
    client_id: Option<&'static str>,
    issued_at: Option<i64>,
    expires_at: i64,
}

impl Minted {
    /// Makes a token with the claims that the digits of `number` choose.
    fn new(mut number: usize) -> Self {
        let mut digit = |base| {
            let digit = number % base;
            number /= base;
            digit
        };
        let expires_at = [8, 14, 20, 26][digit(4)];
        let iat = [None, Some(4.0_f64), Some(9.5), Some(14.0)][digit(4)];
        let (subject, client_id) = PEOPLE[digit(PEOPLE.len())];
        let jwt_id = [None, Some(IDS[0]), Some(IDS[1]), Some(IDS[2]), Some(IDS[3])][digit(5)];
        let issuer = ISSUERS[digit(ISSUERS.len())];
        let key = digit(ALGS.len());

        let header = json!({"alg": ALGS[key].name()});
        let all = json!({
            "iss": issuer, "aud": AUDIENCE, "exp": expires_at, "iat": iat,
            "jti": jwt_id, "sub": subject, "client_id": client_id,
        });
        let mut claims = all.as_object().unwrap().clone();
        claims.retain(|_, value| !value.is_null());
        let text = unsigned(header.to_string().as_bytes(), json!(claims).to_string().as_bytes());
        let digest = Token::parse(&text).unwrap().signing_input_digest();
        let issued_at = iat.map(|iat| iat.floor() as i64);
        Self { text, digest, issuer, key, jwt_id, subject, client_id, issued_at, expires_at }
    }

    fn validate(&self, list: &RevocationList<CAPACITY>, leeway: i64, now: i64) -> std::result::Result<(), Error> {
        let issuers = ISSUERS.map(|name| Issuer::new(name, &*KEYS, ACCEPT_ALL));
        let leeway = Duration::from_secs(leeway.unsigned_abs());
        let policy = AccessTokenPolicy::untyped(AUDIENCE).with_leeway(leeway).with_revocations(list);
        let mut buf = [0; 512];
        let verified = Token::parse(&self.text)?.verify_any(&issuers.each_ref(), &mut buf)?;
        verified.into_access_token(&policy, at(now)).map(drop)
    }
}

/// Concatenated with the [`IDS`], different pairs of these give the same text.
const ISSUERS: [&str; 2] = ["i", "ia"];
const IDS: [&str; 4] = ["", "b", "ab", "\"\\b"];
/// Pairs of `sub` and `client_id`.
const PEOPLE: [(Option<&str>, Option<&str>); 6] = [
    (None, None),
    (Some(IDS[1]), Some(IDS[2])),
    (Some(IDS[2]), Some(IDS[1])),
    (Some(IDS[1]), Some(IDS[1])),
    (Some(IDS[0]), Some(IDS[3])),
    (Some(IDS[3]), Some(IDS[0])),
];
static KEYS: LazyLock<[Key; 2]> = LazyLock::new(|| ALGS.map(Alg::key));
/// One token for each combination of the claims and keys that a revocation can name, from few ids and times. Their
/// signatures are not valid.
static TOKENS: LazyLock<Vec<Minted>> = LazyLock::new(|| (0..4 * 4 * 6 * 5 * 2 * 2).map(Minted::new).collect());
/// The number of tokens at the start of [`TOKENS`] that are chosen more often.
const FEW: usize = 4;

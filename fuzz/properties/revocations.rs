use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use embedded_jwt::*;
use serde_json::json;
use testkit::{ALGS, AUDIENCE, Alg};

use super::careless::{CARELESS, unsigned};

/// **Property:** whatever is revoked, while the clock goes forwards and backwards and the list over restarts: no token is
/// accepted that is void by a model which forgets nothing; none is refused that nothing voided, unless it expires no later
/// than a revocation that may have gone; and no place is found only where others that may not go have all of them.
pub fn revocations(input: &[u8]) {
    sequence(input);
}

/// Carries out the operations that the input chooses, and returns how many.
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
    list: RevocationList<PLACES>,
    model: Model,
    flash: Vec<Page>,
}

/// A snapshot, with what it was taken of.
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
            _ => self.restore_what_is_torn(u),
        }
    }

    fn set_clock(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.now = u.int_in_range(0..=LAST)?;
        Ok(())
    }

    fn revoke(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let what = What::choose(u)?;
        let span = Span { before: u.int_in_range(0..=LAST)?, until: u.int_in_range(0..=LAST)? };
        let span = if what.is_one_token() { Span { before: i64::MAX, ..span } } else { span };
        let (len, generation) = (self.list.len(), self.list.generation());
        match self.list.revoke(what.revocation(span.before), at(span.until), at(self.now)) {
            Ok(()) => {
                // To revoke the same again changes nothing.
                assert!(self.list.generation() > generation || self.model.has(what, span));
                self.model.revoke(what, span, self.now);
            }
            Err(Error::Full) => {
                assert_eq!((self.list.len(), self.list.generation()), (len, generation));
                assert_ne!(what, What::All);
                assert!(self.model.kept_besides(what, self.now) >= PLACES, "{what:?} {:?}", self.model);
            }
            Err(error) => panic!("{error:?}"),
        }
        assert!(self.list.len() <= PLACES.min(self.model.places.len()));
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
            Ok(()) => !self.model.has_voided(token, self.now),
            Err(Error::Revoked) => self.model.may_have_voided(token, self.now),
            Err(Error::Expired) => self.now >= token.expires_at + leeway || self.model.may_have_forgotten(token),
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
            (RevocationList::<{ PLACES / 2 }>::new(), RevocationList::<{ 2 * PLACES }>::new());
        let fits = if page.len > PLACES / 2 { Err(Error::Full) } else { Ok(()) };
        assert_eq!((smaller.restore(&flash, 0), larger.restore(&flash, 0)), (fits, Ok(())));
        assert_eq!((smaller.len(), image(&larger)), (if fits.is_ok() { page.len } else { 0 }, page.bytes.clone()));
        Ok(())
    }

    fn restore_what_is_torn(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.flash.is_empty() {
            return Ok(());
        }
        let mut bytes = u.choose(&self.flash)?.bytes.clone();
        let place = u.choose_index(bytes.len())?;
        match u.arbitrary()? {
            0 => bytes.truncate(place),
            difference => bytes[place] ^= difference,
        }
        let before = image(&self.list);
        assert_eq!(self.list.restore(&bytes, 0), Err(Error::Malformed(Part::Snapshot)));
        assert_eq!(image(&self.list), before);
        Ok(())
    }
}

/// Few, so that they are all taken now and then.
const PLACES: usize = 4;
/// The last moment there is, but for `exp`: few, so that they meet.
const LAST: i64 = 24;

fn at(secs: i64) -> UnixTime {
    UnixTime::from_secs(secs)
}

fn image<const N: usize>(list: &RevocationList<N>) -> Vec<u8> {
    list.snapshot(&mut [0xa5; 1024]).unwrap().to_vec()
}

/// What the documentation says, over all that was revoked since the start.
#[derive(Clone, Debug, Default)]
struct Model {
    revoked: Vec<(What, Span)>,
    /// What would have a place if nothing ever went but what [`What::All`] stands for.
    places: BTreeMap<What, Span>,
    /// The latest moment at which anything may have gone.
    swept: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    before: i64,
    until: i64,
}

impl Model {
    fn revoke(&mut self, what: What, span: Span, now: i64) {
        self.revoked.push((what, span));
        let all = self.span_of(What::All);
        if what == What::All {
            self.places.retain(|_, place| all.is_none_or(|all| place.before > all.before || place.until > all.until));
            return;
        }
        self.swept = self.swept.max(Some(now));
        let place = self.places.entry(what).or_insert(span);
        *place = place.join(span);
    }

    /// It expires in the time that a revocation of it was said to last; or later, and that time is not over, and has never
    /// been.
    fn has_voided(&self, token: &Minted, now: i64) -> bool {
        self.revoked.iter().any(|(what, span)| {
            let may_have_gone = *what != What::All && self.swept.is_some_and(|swept| span.until <= swept);
            what.names(token)
                && span.is_of(token)
                && (token.expires_at <= span.until || now < span.until && !may_have_gone)
        })
    }

    /// Of what was revoked several times, the later of the times counts.
    fn may_have_voided(&self, token: &Minted, now: i64) -> bool {
        self.revoked.iter().any(|(what, _)| {
            what.names(token)
                && self
                    .span_of(*what)
                    .is_some_and(|span| span.is_of(token) && (token.expires_at <= span.until || now < span.until))
        })
    }

    /// It expires no later than what may have gone.
    fn may_have_forgotten(&self, token: &Minted) -> bool {
        let has_gone = |span: &Span| self.swept.is_some_and(|swept| span.until <= swept);
        self.revoked.iter().any(|(what, span)| *what != What::All && has_gone(span) && token.expires_at <= span.until)
    }

    /// Whether this would add nothing.
    fn has(&self, what: What, span: Span) -> bool {
        self.places.get(&what).is_some_and(|place| place.join(span) == *place)
    }

    /// How many others may not go now.
    fn kept_besides(&self, what: What, now: i64) -> usize {
        self.places.iter().filter(|(other, place)| **other != what && place.until > now).count()
    }

    fn span_of(&self, what: What) -> Option<Span> {
        self.revoked.iter().filter(|(other, _)| *other == what).map(|(_, span)| *span).reduce(Span::join)
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

/// What a [`Revocation`] names, written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Token(&'static str, &'static str),
    /// One of the [`TOKENS`].
    SigningInput(usize),
    Subject(&'static str, &'static str),
    Client(&'static str, &'static str),
    /// One of the [`KEYS`].
    Key(usize),
    Issuer(&'static str),
    All,
}

impl What {
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

/// A token of the issuer that it names.
#[derive(Debug)]
struct Minted {
    text: String,
    digest: [u8; 32],
    issuer: &'static str,
    /// One of the [`KEYS`].
    key: usize,
    jwt_id: Option<&'static str>,
    subject: Option<&'static str>,
    client_id: Option<&'static str>,
    issued_at: Option<i64>,
    expires_at: i64,
}

impl Minted {
    /// The digits of the number choose what it has.
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

    fn validate(&self, list: &RevocationList<PLACES>, leeway: i64, now: i64) -> std::result::Result<(), Error> {
        let issuers = ISSUERS.map(|name| Issuer::new(name, &*KEYS, CARELESS));
        let leeway = Duration::from_secs(leeway.unsigned_abs());
        let policy = AccessTokenPolicy::untyped(AUDIENCE).with_leeway(leeway).with_revocations(list);
        let mut buf = [0; 512];
        let verified = Token::parse(&self.text)?.verify_any(&issuers.each_ref(), &mut buf)?;
        verified.into_access_token(&policy, at(now)).map(drop)
    }
}

/// With the [`IDS`], they are names that read the same when one follows the other.
const ISSUERS: [&str; 2] = ["i", "ia"];
const IDS: [&str; 4] = ["", "b", "ab", "\"\\b"];
/// `sub` and `client_id`.
const PEOPLE: [(Option<&str>, Option<&str>); 6] = [
    (None, None),
    (Some(IDS[1]), Some(IDS[2])),
    (Some(IDS[2]), Some(IDS[1])),
    (Some(IDS[1]), Some(IDS[1])),
    (Some(IDS[0]), Some(IDS[3])),
    (Some(IDS[3]), Some(IDS[0])),
];
static KEYS: LazyLock<[Key; 2]> = LazyLock::new(|| ALGS.map(Alg::key));
/// All that differ in what a revocation can name, of few ids and times. Their signatures are nobody's.
static TOKENS: LazyLock<Vec<Minted>> = LazyLock::new(|| (0..4 * 4 * 6 * 5 * 2 * 2).map(Minted::new).collect());
/// The first tokens, which are met more often.
const FEW: usize = 4;

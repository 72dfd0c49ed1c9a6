//! The issuer's keys: fetched at the start, when a token shows that they are out of date, and periodically.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use embedded_jwt::{Key, KeySet, MAX_KEY_SET_LEN, UnixTime};
use hyper::Uri;
use tokio::time::{Instant, sleep};

use crate::{clock, fetch, log};

pub struct Keys {
    source: Source,
    times: Times,
    current: Mutex<Current>,
    /// When a token may cause the next fetch. The task that holds the lock fetches.
    due: tokio::sync::Mutex<Instant>,
}

#[derive(Default)]
struct Current {
    set: KeySet<MAX_KEYS>,
    /// The number of fetches so far.
    version: u64,
}

pub enum Source {
    File(PathBuf),
    Url(Uri),
    Given(String),
}

pub struct Times {
    /// Tokens cause at most one fetch in this time, since anyone can send a token that fails.
    pub reload: Duration,
    /// A key that the issuer has withdrawn is trusted for no longer than this and the overlap, if fetching succeeds.
    pub refresh: Duration,
    /// For tokens that are still in use when their key is removed.
    pub overlap: Duration,
}

impl Keys {
    pub async fn fetched(source: Source, times: Times) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let due = tokio::sync::Mutex::new(Instant::now() + times.reload);
        let keys = Self { due, current: Mutex::default(), source, times };
        keys.fetch().await.map_err(|error| format!("{}: {error}", keys.source))?;
        Ok(keys)
    }

    /// The verdict of `validate` with the current keys. If it `is_stale`, and newer keys can be fetched, the verdict
    /// with those.
    pub async fn validate<T>(&self, now: UnixTime, validate: impl Fn(&[Key]) -> T, is_stale: impl Fn(&T) -> bool) -> T {
        let (keys, version) = self.at(now);
        let verdict = validate(&keys);
        if is_stale(&verdict) && self.has_newer_than(version).await {
            return validate(&self.at(now).0);
        }
        verdict
    }

    /// A copy of the keys, so that tokens are validated in parallel, and the version of the keys.
    fn at(&self, now: UnixTime) -> (Vec<Key>, u64) {
        let mut current = self.lock();
        (current.set.expire(now).to_vec(), current.version)
    }

    /// Whether there are newer keys than `version`. Fetches them if a fetch is due; other callers wait for it.
    async fn has_newer_than(&self, version: u64) -> bool {
        let mut due = self.due.lock().await;
        if self.lock().version == version && *due <= Instant::now() {
            *due = Instant::now() + self.times.reload;
            self.fetch_or_keep().await;
        }
        self.lock().version != version
    }

    /// Fetches the keys periodically, in a separate task.
    pub async fn refresh_forever(&self) {
        loop {
            sleep(self.times.refresh).await;
            let mut due = self.due.lock().await;
            *due = Instant::now() + self.times.reload;
            self.fetch_or_keep().await;
        }
    }

    async fn fetch_or_keep(&self) {
        if let Err(error) = self.fetch().await {
            log::line(format_args!("keys kept; {}: {error}", self.source));
        }
    }

    async fn fetch(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut json = self.source.read().await?;
        let now = clock::now();
        let retired_until = now.as_secs().saturating_add_unsigned(self.times.overlap.as_secs());
        let (usable, skipped) = {
            let mut current = self.lock();
            if self.times.overlap.is_zero() {
                current.set.replace_from_jwks(&mut json)?;
            } else {
                current.set.rotate_from_jwks(&mut json, UnixTime::from_secs(retired_until), now)?;
            }
            current.version += 1;
            (current.set.len(), current.set.skipped())
        };
        log::line(format_args!("keys fetched: {usable}, and {skipped} skipped as unusable"));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    async fn read(&self) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        match self {
            Self::File(path) => read_file(path),
            Self::Url(url) => fetch::get(url).await,
            Self::Given(json) => Ok(json.clone().into_bytes()),
        }
    }
}

/// Reads at most one byte more than the limit, so that a longer key set is refused as too large.
fn read_file(path: &Path) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let mut json = Vec::new();
    File::open(path)?.take(MAX_KEY_SET_LEN as u64 + 1).read_to_end(&mut json)?;
    Ok(json)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => url.fmt(f),
            Self::Given(_) => f.write_str("test keys"),
        }
    }
}

/// Twice as many as any issuer publishes at a time, since old and new keys overlap in a rotation.
const MAX_KEYS: usize = 32;

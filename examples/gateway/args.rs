//! The command line.

use std::error::Error;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use embedded_jwt::DEFAULT_LEEWAY;
use hyper::Uri;
use lexopt::{Arg, Parser, ValueExt};

use crate::demo;
use crate::keys::{Source, Times};

pub const USAGE: &str = "\
Serves a pump's speed over HTTP to clients with an access token (RFC 9068)
signed with ES256 or EdDSA, alone or with a DPoP proof (RFC 9449).

usage: gateway       a demo with published test keys; prints requests to try
       gateway --jwks FILE|URL --issuer ISS [OPTION]...

  GET  /speed    needs the scope pump:read
  POST /speed    needs the scope pump:write; the body is the new speed
  GET  /healthz  needs nothing

  --listen ADDR      where to listen (default: 127.0.0.1:8080); port 0 takes a
                     free one, and the address is printed
  --jwks FILE|URL    the issuer's JWK Set; a URL is http://
  --issuer ISS       what iss must be
  --audience AUD     what aud must contain (default: urn:device:pump-7)
  --base-url URL     the URL of this server for clients: htu in DPoP proofs
                     (default: http://ADDR)
  --leeway SECS      how far clocks may differ (default: 60)
  --reload SECS      fetch the keys again for a token that they do not verify,
                     at most once in this time (default: 60)
  --refresh SECS     always fetch the keys at this interval (default: 3600)
  --overlap SECS     how long to accept keys that the issuer has removed
                     (default: 300)
  -h, --help         this text

TLS is left to the deployment: put a proxy in front of this server, and fetch
keys over loopback or from a file.

Exit status: 2 for wrong usage, an address that is taken, or keys that cannot be
fetched at the start. Each request is logged to stderr, in one line.
";

pub enum Command {
    Help,
    Serve(Box<Config>),
}

pub struct Config {
    pub listen: SocketAddr,
    pub issuer: Issuer,
    pub audience: String,
    /// Without a trailing slash.
    pub base_url: Option<String>,
    pub leeway: Duration,
    pub times: Times,
}

pub enum Issuer {
    /// The demo's issuer: anyone can sign with its keys.
    Demo,
    Named {
        name: String,
        jwks: Source,
    },
}

/// Reads the command line. An error is a wrong usage, in one line.
pub fn parse(mut parser: Parser) -> Result<Command, Box<dyn Error>> {
    let (mut listen, mut jwks, mut issuer, mut audience, mut base_url) = (None, None, None, None, None);
    let (mut leeway, mut reload, mut refresh, mut overlap) = (None, None, None, None);

    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("listen") => once("--listen", &mut listen, parsed("--listen", "IP:PORT", parser.value()?)?)?,
            Arg::Long("jwks") => once("--jwks", &mut jwks, source(parser.value()?)?)?,
            Arg::Long("issuer") => once("--issuer", &mut issuer, name("--issuer", parser.value()?)?)?,
            Arg::Long("audience") => once("--audience", &mut audience, name("--audience", parser.value()?)?)?,
            Arg::Long("base-url") => once("--base-url", &mut base_url, origin(parser.value()?)?)?,
            Arg::Long("leeway") => once("--leeway", &mut leeway, seconds("--leeway", parser.value()?)?)?,
            Arg::Long("reload") => once("--reload", &mut reload, seconds("--reload", parser.value()?)?)?,
            Arg::Long("refresh") => once("--refresh", &mut refresh, seconds("--refresh", parser.value()?)?)?,
            Arg::Long("overlap") => once("--overlap", &mut overlap, seconds("--overlap", parser.value()?)?)?,
            arg => return Err(arg.unexpected().into()),
        }
    }

    let listen = listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)));
    let issuer = match (jwks, issuer) {
        (Some(jwks), Some(name)) => Issuer::Named { name, jwks },
        (Some(_), None) => return Err("--issuer is missing".into()),
        (None, Some(_)) => return Err("--jwks is missing".into()),
        (None, None) if !listen.ip().is_loopback() => {
            return Err("--jwks is missing: with the test keys, it listens on loopback only".into());
        }
        (None, None) => Issuer::Demo,
    };
    let refresh = refresh.unwrap_or(Duration::from_secs(3600));
    if refresh.is_zero() {
        return Err("--refresh takes 1 second at least".into());
    }
    Ok(Command::Serve(Box::new(Config {
        listen,
        issuer,
        audience: audience.unwrap_or_else(|| testkit::AUDIENCE.into()),
        base_url,
        leeway: leeway.unwrap_or(DEFAULT_LEEWAY),
        times: Times {
            reload: reload.unwrap_or(Duration::from_secs(60)),
            refresh,
            overlap: overlap.unwrap_or(Duration::from_secs(300)),
        },
    })))
}

impl Issuer {
    /// The expected `iss`, and the source of the keys.
    pub fn into_parts(self) -> (String, Source) {
        match self {
            Self::Demo => (testkit::ISSUER.into(), Source::Given(demo::jwks())),
            Self::Named { name, jwks } => (name, jwks),
        }
    }
}

/// Sets an option. Setting it twice is an error: a server must not guess which value was meant.
fn once<T>(name: &str, option: &mut Option<T>, value: T) -> Result<(), String> {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{name} is given twice")),
    }
}

fn parsed<T: FromStr>(name: &str, form: &str, value: OsString) -> Result<T, String> {
    let parsed = value.to_str().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| format!("{name} takes {form}, not {value:?}"))
}

/// Reads seconds: a hundred years at most, so that no sum of times overflows.
fn seconds(name: &str, value: OsString) -> Result<Duration, String> {
    let secs = parsed::<u32>(name, "a whole number of seconds in range", value)?;
    Ok(Duration::from_secs(secs.into()))
}

fn name(option: &str, value: OsString) -> Result<String, Box<dyn Error>> {
    let name = value.string()?;
    if name.is_empty() { Err(format!("{option} is empty").into()) } else { Ok(name) }
}

fn source(value: OsString) -> Result<Source, String> {
    match value.to_str().and_then(|text| text.split_once("://")) {
        None => Ok(Source::File(PathBuf::from(value))),
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => Ok(Source::Url(url("--jwks", value)?)),
        Some(_) => Err(format!("--jwks takes a file or an http:// URL, not {value:?}")),
    }
}

/// Reads the base URL. It may have a path, if a proxy removes it.
fn origin(value: OsString) -> Result<String, String> {
    let url = url("--base-url", value)?;
    if url.query().is_some() {
        return Err("--base-url has no query".into());
    }
    Ok(url.to_string().trim_end_matches(['/']).into())
}

fn url(name: &str, value: OsString) -> Result<Uri, String> {
    let url: Uri = parsed(name, "a URL", value)?;
    match url.authority() {
        Some(authority) if url.scheme().is_some() && !authority.as_str().contains(['@']) => Ok(url),
        _ => Err(format!("{name} takes a URL with scheme and host, not {:?}", url.to_string())),
    }
}

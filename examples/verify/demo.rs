//! The demo: two valid tokens, a forged one, and one of another kind.

use std::io::{self, Write};

use embedded_jwt::UnixTime;
use report::case::Case;
use report::key_set::Keys;
use report::profile::Profile;
use report::request::Request;
use report::style::Style;
use report::text::Report;
use report::times::date;
use report::verification::{Backends, DEFAULT_BUFFER_LEN, verify};

use crate::bundle;

struct Scene {
    title: &'static str,
    token: &'static str,
    acceptable: bool,
    brief: bool,
}

const SCENES: [Scene; 4] = [
    Scene { title: "1. An access token signed with ES256", token: bundle::ES256_TOKEN, acceptable: true, brief: false },
    Scene {
        title: "2. An access token signed with EdDSA, in brief",
        token: bundle::EDDSA_TOKEN,
        acceptable: true,
        brief: true,
    },
    Scene {
        title: "3. The second again, forged: its scope changed to pump:write, its signature kept",
        token: bundle::FORGED_TOKEN,
        acceptable: false,
        brief: false,
    },
    Scene {
        title: "4. The ID token that came with the second, sent in its place, in brief",
        token: bundle::ID_TOKEN,
        acceptable: false,
        brief: true,
    },
];

/// Runs the demo. Returns whether all verdicts are as expected.
pub fn run(out: &mut impl Write, style: Style, backends: Backends) -> io::Result<bool> {
    let mut jwks = bundle::JWKS.as_bytes().to_vec();
    let keys = Keys::from_jwks(&mut jwks).map_err(|error| io::Error::other(format!("bundled key set: {error}")))?;
    let (skipped, keys) = (keys.skipped(), keys.to_vec());
    let request = Request {
        issuer: bundle::ISSUER.into(),
        audience: bundle::AUDIENCE.into(),
        ..Request::new(backends, Profile::Access, UnixTime::from_secs(bundle::NOW).into())
    };
    let mut buf = [0; DEFAULT_BUFFER_LEN];

    writeln!(out, "A pump ({}) verifies access tokens of {}.", request.audience, request.issuer)?;
    writeln!(out, "The clock is set to {} for this demo, with test keys.", date(bundle::NOW))?;
    let mut as_expected = 0;
    for scene in &SCENES {
        writeln!(out, "\n{}\n", style.heading(scene.title))?;
        let token = scene.token.as_bytes();
        let verdict = verify(token, &keys, &request, &mut buf);
        let case = Case { token, keys: &keys, skipped, request: &request, buffer_len: DEFAULT_BUFFER_LEN };
        let report = Report::new(&case, &verdict);
        let mut text = String::new();
        let written = if scene.brief { report.write_brief(&mut text, style) } else { report.write(&mut text, style) };
        written.map_err(io::Error::other)?;
        write!(out, "{text}")?;
        as_expected += usize::from(verdict.is_ok() == scene.acceptable);
    }

    writeln!(out, "\n{as_expected} of {} came out as they should. For your own token:", SCENES.len())?;
    writeln!(out, "cargo run --example verify -- --help")?;
    Ok(as_expected == SCENES.len())
}

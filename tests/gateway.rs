//! Runs the example `gateway` and checks over HTTP which requests it accepts, how it answers the others, and how it
//! gets its keys.
#![cfg(all(feature = "es256", feature = "eddsa"))]

#[path = "../examples/gateway/replay.rs"]
mod replay;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs, thread};

use embedded_jwt::{Error, ReplayCheck, SingleUse, UnixTime};
use replay::Replay;
use serde_json::{Value, json};
use testkit::*;

const NEEDS_READ: &str = r#"Bearer realm="pump", scope="pump:read""#;
const NEEDS_READ_DPOP: &str = r#"DPoP algs="ES256 EdDSA Ed25519", realm="pump", scope="pump:read""#;
const NEEDS_WRITE: &str = r#"Bearer realm="pump", scope="pump:write""#;
const NEEDS_WRITE_DPOP: &str = r#"DPoP algs="ES256 EdDSA Ed25519", realm="pump", scope="pump:write""#;
const INVALID_REQUEST: &str = r#"Bearer realm="pump", error="invalid_request", scope="pump:read""#;
const INVALID_TOKEN: &str = r#"Bearer realm="pump", error="invalid_token", scope="pump:read""#;
const INVALID_TOKEN_DPOP: &str =
    r#"DPoP algs="ES256 EdDSA Ed25519", realm="pump", error="invalid_token", scope="pump:read""#;
const INVALID_PROOF: &str =
    r#"DPoP algs="ES256 EdDSA Ed25519", realm="pump", error="invalid_dpop_proof", scope="pump:read""#;
const INSUFFICIENT_SCOPE: &str = r#"Bearer realm="pump", error="insufficient_scope", scope="pump:write""#;
const INSUFFICIENT_SCOPE_DPOP: &str =
    r#"DPoP algs="ES256 EdDSA Ed25519", realm="pump", error="insufficient_scope", scope="pump:write""#;

#[test]
fn demo_commands_return_the_announced_statuses() {
    let mut gateway = Gateway::start(&[]);
    let demo = gateway.demo();
    assert!(demo.contains("SIGNED WITH A TEST KEY, which is published"), "{demo}");
    let mut statuses = Vec::new();
    let mut announced = 0_u16;
    for line in demo.lines() {
        if let Some(announcement) = line.strip_prefix("# ") {
            announced = announcement[..3].parse().unwrap();
        }
        if let Some(command) = line.strip_prefix("curl -i ") {
            let (url, options) = command.split_once(' ').unwrap_or((command, ""));
            assert_eq!(url, format!("http://{}/speed", gateway.address));
            let headers: String = options.split(['\'']).skip(1).step_by(2).map(|line| format!("{line}\r\n")).collect();
            let request = match options.starts_with("-d 1500") {
                true => format!("POST /speed HTTP/1.1\r\n{headers}Content-Length: 4\r\n\r\n1500"),
                false => format!("GET /speed HTTP/1.1\r\n{headers}\r\n"),
            };
            assert_eq!(exchange(gateway.address, &request).status, announced, "{line}");
            statuses.push(announced);
        }
    }
    assert_eq!(statuses, [200, 204, 401, 403, 401, 200]);
}

#[test]
fn token_with_the_scope_is_accepted() {
    let gateway = Gateway::with_test_keys("lets-in");
    for alg in ALGS {
        let token = format!("Bearer {}", token(alg, "pump:read pump:write"));
        assert_eq!(gateway.write("1500", &[("Authorization", &token)]), Answer::empty(204, &[]));
        let answer = gateway.read(&[("authorization", &token)]);
        assert_eq!((answer.status, answer.body.as_str()), (200, "1500\n"));
        assert!(answer.challenges.is_empty());
    }
}

#[test]
fn faults_get_distinct_answers() {
    let gateway = Gateway::with_test_keys("tells-apart");
    let good = format!("Bearer {}", token(Alg::Es256, "pump:read"));
    let bearer = |name: &str, value: Value| {
        format!("Bearer {}", Alg::Es256.access_token(&with(claims_now("pump:read"), name, value)))
    };
    let expired = bearer("exp", json!(seconds() - 61));
    let other_audience = bearer("aud", json!("urn:device:pump-8"));
    let other_issuer = bearer("iss", json!("https://other.example.com"));
    let id_token =
        format!("Bearer {}", Alg::Es256.mint(Alg::Es256.id_header().to_string(), claims_now("").to_string()));
    let cases: [(&[&str], u16, &[&str]); 12] = [
        (&[], 401, &[NEEDS_READ, NEEDS_READ_DPOP]),
        (&["Basic cHVtcDo3"], 401, &[NEEDS_READ, NEEDS_READ_DPOP]),
        (&[""], 401, &[NEEDS_READ, NEEDS_READ_DPOP]),
        (&["Bearer"], 400, &[INVALID_REQUEST]),
        (&["Bearer two tokens"], 400, &[INVALID_REQUEST]),
        (&["Bearer \u{e9}"], 400, &[INVALID_REQUEST]),
        (&[&good, &good], 400, &[INVALID_REQUEST]),
        (&["Bearer opaque"], 401, &[INVALID_TOKEN]),
        (&[&expired], 401, &[INVALID_TOKEN]),
        (&[&other_audience], 401, &[INVALID_TOKEN]),
        (&[&other_issuer], 401, &[INVALID_TOKEN]),
        (&[&id_token], 401, &[INVALID_TOKEN]),
    ];
    for (authorization, status, challenges) in cases {
        let headers: Vec<_> = authorization.iter().map(|value| ("Authorization", *value)).collect();
        assert_eq!(gateway.read(&headers), Answer::empty(status, challenges), "{authorization:?}");
    }

    let headers = [("Authorization", good.as_str())];
    assert_eq!(gateway.write("1500", &headers), Answer::empty(403, &[INSUFFICIENT_SCOPE]));
    assert_eq!(gateway.write("1500", &[]), Answer::empty(401, &[NEEDS_WRITE, NEEDS_WRITE_DPOP]));
    assert_eq!(gateway.read(&headers).body, "1200\n", "refused requests change nothing");
}

#[test]
fn unknown_routes_and_bad_bodies_are_refused() {
    let gateway = Gateway::with_test_keys("routes");
    let token = format!("Bearer {}", token(Alg::EdDsa, "pump:write"));
    for (body, status) in [
        ("0", 204),
        ("65535\n", 204),
        ("65536", 400),
        ("fast", 400),
        ("", 400),
        ("\u{e9}", 400),
        ("00000000000000001", 413),
    ] {
        assert_eq!(gateway.write(body, &[("Authorization", &token)]), Answer::empty(status, &[]), "{body:?}");
    }
    for (line, status, body) in [
        ("GET /healthz", 200, "ok\n"),
        ("HEAD /healthz", 200, ""),
        ("POST /healthz", 405, ""),
        ("HEAD /speed", 401, ""),
        ("DELETE /speed", 405, ""),
        ("GET /", 404, ""),
        ("GET /speed/", 404, ""),
        ("OPTIONS *", 404, ""),
    ] {
        let answer = gateway.ask(line, &[], "");
        assert_eq!((answer.status, answer.body.as_str()), (status, body), "{line}");
    }
    assert_eq!(exchange(gateway.address, "\x16\x03\x01 no HTTP\r\n\r\n").status, 400);
    let long = "a".repeat(64 * 1024);
    assert_eq!(gateway.read(&[("Authorization", &format!("Bearer {long}"))]).status, 431);
    assert_eq!(gateway.ask("GET /healthz", &[], "").body, "ok\n");
}

#[test]
fn proof_is_accepted_once() {
    let gateway = Gateway::with_test_keys("proof");
    let url = format!("http://{}/speed", gateway.address);
    for (holder, issuer) in [(Alg::Es256, Alg::EdDsa), (Alg::EdDsa, Alg::Es256)] {
        let token = bound_token(issuer, holder);
        let authorization = format!("DPoP {token}");
        let get = |proof: &str| gateway.read(&[("Authorization", &authorization), ("DPoP", proof)]);

        let proof = proof(holder, &token, "GET", &url, "once");
        assert_eq!(get(&proof).status, 200);
        assert_eq!(get(&proof), Answer::empty(401, &[INVALID_PROOF]));
        assert_eq!(get(&self::proof(holder, &token, "GET", &url, "twice")).status, 200);
    }
}

#[test]
fn faults_of_proof_and_token_get_distinct_answers() {
    let gateway = Gateway::with_test_keys("proofs");
    let url = format!("http://{}/speed", gateway.address);
    let token = bound_token(Alg::EdDsa, Alg::Es256);
    let authorization = format!("DPoP {token}");
    let good = proof(Alg::Es256, &token, "GET", &url, "good");

    let post = proof(Alg::Es256, &token, "POST", &url, "a");
    let elsewhere = proof(Alg::Es256, &token, "GET", "http://pump-8.local/speed", "b");
    let for_another = proof(Alg::Es256, &bound_token(Alg::Es256, Alg::Es256), "GET", &url, "c");
    let cases: [&[&str]; 6] = [&[], &[&good, &good], &[&post], &[&elsewhere], &[&for_another], &["garbage"]];
    for proofs in cases {
        let headers: Vec<_> = [("Authorization", authorization.as_str())]
            .into_iter()
            .chain(proofs.iter().map(|proof| ("DPoP", *proof)))
            .collect();
        assert_eq!(gateway.read(&headers), Answer::empty(401, &[INVALID_PROOF]), "{proofs:?}");
    }

    // An attacker with the token but without its key makes this proof.
    let stolen = proof(Alg::EdDsa, &token, "GET", &url, "d");
    let headers = [("Authorization", authorization.as_str()), ("DPoP", &stolen)];
    assert_eq!(gateway.read(&headers), Answer::empty(401, &[INVALID_TOKEN_DPOP]));
    let unbound = self::token(Alg::EdDsa, "pump:read");
    let proof = proof(Alg::Es256, &unbound, "GET", &url, "e");
    let unbound = format!("DPoP {unbound}");
    let headers = [("Authorization", unbound.as_str()), ("DPoP", &proof)];
    assert_eq!(gateway.read(&headers), Answer::empty(401, &[INVALID_TOKEN_DPOP]));

    // The bound token with the scheme Bearer, with or without a proof, which is ignored.
    let bearer = format!("Bearer {token}");
    let answer = Answer::empty(401, &[INVALID_TOKEN, NEEDS_READ_DPOP]);
    assert_eq!(gateway.read(&[("Authorization", &bearer)]), answer);
    assert_eq!(gateway.read(&[("Authorization", &bearer), ("DPoP", &good)]), answer);

    // A request that is refused for its scope consumes nothing. Nor did the requests above.
    let post = self::proof(Alg::Es256, &token, "POST", &url, "good");
    let headers = [("Authorization", authorization.as_str()), ("DPoP", &post)];
    assert_eq!(gateway.write("1500", &headers), Answer::empty(403, &[INSUFFICIENT_SCOPE_DPOP]));
    assert_eq!(gateway.read(&[("Authorization", &authorization), ("DPoP", &good)]).status, 200);
}

#[test]
fn proof_must_be_for_the_base_url_of_the_clients() {
    let jwks = jwks_file("base-url", &test_jwks());
    let args = ["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER, "--base-url", "https://pump-7.local/api/"];
    let gateway = Gateway::start(&args);
    let token = bound_token(Alg::EdDsa, Alg::EdDsa);
    let authorization = format!("DPoP {token}");
    for (url, status) in [("https://pump-7.local/api/speed", 200), ("https://pump-7.local/speed", 401)] {
        let proof = proof(Alg::EdDsa, &token, "GET", url, url);
        assert_eq!(gateway.read(&[("Authorization", &authorization), ("DPoP", &proof)]).status, status, "{url}");
    }
}

#[test]
fn new_key_in_the_file_is_used() {
    let jwks = jwks_file("new-key", &json!({"keys": [published(Alg::Es256)]}));
    let args = ["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER, "--reload", "0"];
    let gateway = Gateway::start(&args);
    let bearer = |token: String| gateway.read(&[("Authorization", &format!("Bearer {token}"))]);
    let read = |alg| bearer(token(alg, "pump:read")).status;
    let refused = Answer::empty(401, &[INVALID_TOKEN]);

    assert_eq!((read(Alg::Es256), bearer(token(Alg::EdDsa, "pump:read"))), (200, refused.clone()));
    jwks_file("new-key", &json!({"keys": [published(Alg::EdDsa)]}));
    assert_eq!(read(Alg::EdDsa), 200);
    assert_eq!(read(Alg::Es256), 200, "a retired key stays valid for a while");

    // An unreadable key set changes nothing.
    for broken in ["", "{\"keys\":[", "[]"] {
        temporary_file("new-key", broken);
        assert_eq!((bearer(token_of_unknown_key()), read(Alg::EdDsa)), (refused.clone(), 200));
    }
    fs::remove_file(&jwks).unwrap();
    assert_eq!((bearer(token_of_unknown_key()), read(Alg::EdDsa)), (refused, 200));
}

#[test]
fn key_replaced_under_the_same_kid_is_used() {
    // The key of RFC 8037 appendix A.
    let other = with(published(Alg::EdDsa), "x", json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
    let jwks = jwks_file("same-kid", &json!({"keys": [other]}));
    let args = ["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER, "--reload", "0"];
    let gateway = Gateway::start(&args);
    let read = || gateway.read(&[("Authorization", &format!("Bearer {}", token(Alg::EdDsa, "pump:read")))]);
    assert_eq!(read(), Answer::empty(401, &[INVALID_TOKEN]));
    jwks_file("same-kid", &json!({"keys": [published(Alg::EdDsa)]}));
    assert_eq!(read().status, 200);
}

#[test]
fn retired_key_is_dropped_after_the_overlap() {
    let es256 = published(Alg::Es256);
    let jwks = jwks_file("overlap", &json!({"keys": [es256]}));
    let args = ["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER, "--refresh", "1", "--overlap", "0"];
    let gateway = Gateway::start(&args);
    let read = |alg| gateway.read(&[("Authorization", &format!("Bearer {}", token(alg, "pump:read")))]).status;
    assert_eq!((read(Alg::Es256), read(Alg::EdDsa)), (200, 401));
    jwks_file("overlap", &json!({"keys": [published(Alg::EdDsa)]}));
    let polls = (0..100).map(|_| {
        thread::sleep(Duration::from_millis(100));
        (read(Alg::Es256), read(Alg::EdDsa))
    });
    assert!(polls.into_iter().any(|statuses| statuses == (401, 200)), "the keys are fetched periodically");
}

#[test]
fn keys_are_fetched_over_http_but_not_for_each_token() {
    let issuer = KeyServer::start();
    issuer.answer_with("200 OK", &json!({"keys": [published(Alg::Es256)]}));
    let url = issuer.url();
    let read = |gateway: &Gateway, alg| {
        gateway.read(&[("Authorization", &format!("Bearer {}", token(alg, "pump:read")))]).status
    };
    for (reload, fetches) in [("0", 4), ("3600", 1)] {
        issuer.fetches.store(0, Ordering::Relaxed);
        let gateway = Gateway::start(&["--jwks", &url, "--issuer", ISSUER, "--reload", reload]);
        let statuses = [Alg::Es256, Alg::EdDsa, Alg::EdDsa, Alg::EdDsa].map(|alg| read(&gateway, alg));
        assert_eq!(statuses, [200, 401, 401, 401]);
        assert_eq!(issuer.fetches.load(Ordering::Relaxed), fetches, "--reload {reload}");
    }

    let gateway = Gateway::start(&["--jwks", &url, "--issuer", ISSUER, "--reload", "0"]);
    let too_long = with(test_jwks(), "padding", json!("a".repeat(70_000)));
    for (status, jwks, eddsa) in [
        ("503 Service Unavailable", test_jwks(), 401),
        ("302 Found\r\nLocation: /elsewhere", test_jwks(), 401),
        ("200 OK", too_long, 401),
        ("200 OK", test_jwks(), 200),
    ] {
        issuer.answer_with(status, &jwks);
        assert_eq!((read(&gateway, Alg::EdDsa), read(&gateway, Alg::Es256)), (eddsa, 200), "{status}");
    }
}

#[test]
fn log_has_the_reason_and_no_token() {
    let gateway = Gateway::with_test_keys("log");
    let bearer = format!("Bearer {}", token(Alg::EdDsa, "pump:read"));
    let forged = format!("{}AAAA", &bearer[..bearer.len() - 4]);
    gateway.read(&[("Authorization", &bearer)]);
    gateway.read(&[("Authorization", &forged)]);
    gateway.read(&[("Authorization", &forged), ("Authorization", &bearer)]);
    gateway.read(&[("Authorization", &bearer.replace("Bearer", "DPoP")), ("DPoP", &bearer[7..])]);
    gateway.write("1", &[("Authorization", &bearer)]);
    gateway.ask(&format!("GET /speed?access_token={}", &bearer[7..]), &[], "");
    gateway.ask(&format!("GET /{}", &bearer[7..]), &[], "");
    gateway.ask(&format!("{} /speed", &bearer[7..]), &[], "");
    let log = gateway.stop();
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(
        lines,
        [
            "keys fetched: 2, and 0 skipped as unusable",
            "GET /speed 200",
            "GET /speed 401 InvalidSignature",
            "GET /speed 400 Malformed(Authorization)",
            "GET /speed 401 WrongType",
            "POST /speed 403 InsufficientScope",
            "GET /speed 401 NoCredentials",
            "(other) 404",
            "(other) 405",
        ]
    );
}

#[test]
fn wrong_usage_exits_with_status_2() {
    let broken = temporary_file("broken", "{");
    let broken = broken.to_str().unwrap();
    let cases: [(&[&str], &str); 13] = [
        (&["--jwks", broken], "--issuer is missing"),
        (&["--issuer", ISSUER], "--jwks is missing"),
        (&["--listen", "0.0.0.0:0"], "listens on loopback only"),
        (&["--listen", "here"], "--listen takes IP:PORT"),
        (&["--audience", ""], "--audience is empty"),
        (&["--leeway", "-1"], "--leeway takes a whole number of seconds"),
        (&["--refresh", "0"], "--refresh takes 1 second at least"),
        (&["--base-url", "pump-7"], "--base-url takes a URL with scheme and host"),
        (&["--jwks", "https://idp.example.com/jwks"], "takes a file or an http:// URL"),
        (&["--reload", "1", "--reload", "2"], "--reload is given twice"),
        (&["--jwks", broken, "--issuer", ISSUER], "malformed: the key set"),
        (&["--jwks", "/no/such/file", "--issuer", ISSUER], "/no/such/file"),
        (&["TOKEN"], "unexpected argument"),
    ];
    for (args, message) in cases {
        let output = Command::new(example()).args(args).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{args:?}");
        assert!(stderr.contains(message), "{args:?}: {stderr}");
    }
    let help = Command::new(example()).arg("--help").output().unwrap();
    assert!(help.status.success() && help.stdout.starts_with(b"Serves a pump's speed"));
    assert!(String::from_utf8(help.stdout).unwrap().lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn full_replay_check_refuses_until_a_proof_expires() {
    let replay = Replay::<2, 1>::new();
    let use_once = |scope: &str, id: &str, until: i64, now: i64| {
        let id = SingleUse::new("dpop+jwt", scope.as_bytes(), id, UnixTime::from_secs(until));
        replay.use_once(id, UnixTime::from_secs(now).into())
    };

    assert_eq!(use_once("key", "1", NOW + 10, NOW), Ok(()));
    assert_eq!(use_once("key", "1", NOW + 10, NOW), Err(Error::Replayed));
    assert_eq!(use_once("ke", "y1", NOW + 20, NOW), Ok(()), "a proof by another key");
    assert_eq!(use_once("key", "2", NOW + 30, NOW + 9), Err(Error::ShareFull));
    assert_eq!(use_once("third", "1", NOW + 30, NOW + 9), Err(Error::Full));
    assert_eq!(use_once("key", "2", NOW + 30, NOW + 10), Ok(()), "in the slot of the first proof");
    assert_eq!(use_once("key", "1", NOW + 10, NOW + 9), Err(Error::Replayed), "though the clock was set back");
    assert_eq!(use_once("ke", "y1", NOW + 20, NOW + 11), Err(Error::Replayed));
}

/// A running instance of the example.
struct Gateway {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Gateway {
    fn start(args: &[&str]) -> Self {
        let mut gateway = Command::new(example());
        gateway.args(["--listen", "127.0.0.1:0"]).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = gateway.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("gateway: listening on http://").map(str::parse);
        let address = address.unwrap_or_else(|| panic!("{args:?}: {line:?}")).unwrap();
        Self { child, stdout, address }
    }

    fn with_test_keys(name: &str) -> Self {
        let jwks = jwks_file(name, &test_jwks());
        Self::start(&["--jwks", jwks.to_str().unwrap(), "--issuer", ISSUER])
    }

    /// The output without arguments, up to the last of the suggested requests, which has a proof.
    fn demo(&mut self) -> String {
        let mut text = String::new();
        while !text.contains("DPoP: ") {
            assert_ne!(self.stdout.read_line(&mut text).unwrap(), 0, "{text}");
        }
        text
    }

    /// Stops the example and returns its log.
    fn stop(mut self) -> String {
        self.child.kill().unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }

    fn read(&self, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET /speed", headers, "")
    }

    fn write(&self, rpm: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("POST /speed", headers, rpm)
    }

    fn ask(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        exchange(self.address, &format!("{line} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n{body}"))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Answer {
    status: u16,
    challenges: Vec<String>,
    body: String,
}

impl Answer {
    fn empty(status: u16, challenges: &[&str]) -> Self {
        Self { status, challenges: challenges.iter().copied().map(String::from).collect(), body: String::new() }
    }
}

fn exchange(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let request = request.replacen(" HTTP/1.1\r\n", " HTTP/1.1\r\nHost: pump-7.local\r\nConnection: close\r\n", 1);
    // The server may close the connection before everything is written. Its answer can still be read then.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    let challenges = head.lines().filter_map(|line| line.strip_prefix("www-authenticate: "));
    Answer {
        status: head["HTTP/1.1 ".len()..][..3].parse().unwrap(),
        challenges: challenges.map(String::from).collect(),
        body: body.into(),
    }
}

/// A server of one JWK Set that counts the requests.
struct KeyServer {
    address: SocketAddr,
    answer: Arc<Mutex<String>>,
    fetches: Arc<AtomicUsize>,
}

impl KeyServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), answer: Arc::default(), fetches: Arc::default() };
        let (answer, fetches) = (Arc::clone(&server.answer), Arc::clone(&server.fetches));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                assert_eq!(line, "GET /keys?of=pump HTTP/1.1\r\n");
                fetches.fetch_add(1, Ordering::Relaxed);
                stream.write_all(answer.lock().unwrap().as_bytes()).unwrap();
            }
        });
        server
    }

    fn url(&self) -> String {
        format!("http://{}/keys?of=pump", self.address)
    }

    fn answer_with(&self, status: &str, jwks: &Value) {
        let jwks = jwks.to_string();
        let length = jwks.len();
        *self.answer.lock().unwrap() = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{jwks}");
    }
}

fn seconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// The claims of an access token that is valid now.
fn claims_now(scope: &str) -> Value {
    let times = [("iat", seconds()), ("nbf", seconds()), ("exp", seconds() + 300)];
    let claims = claims_with("scope", json!(scope));
    times.into_iter().fold(claims, |claims, (name, time)| with(claims, name, json!(time)))
}

fn token(issuer: Alg, scope: &str) -> String {
    issuer.access_token(&claims_now(scope))
}

fn token_of_unknown_key() -> String {
    let header = with(Alg::EdDsa.header(), "kid", json!("unknown"));
    Alg::EdDsa.mint(header.to_string(), claims_now("pump:read").to_string())
}

/// A token with the scope `pump:read`, bound to the key of `holder`.
fn bound_token(issuer: Alg, holder: Alg) -> String {
    let jkt = holder.key().thumbprint().to_string();
    issuer.access_token(&with(claims_now("pump:read"), "cnf", json!({ "jkt": jkt })))
}

fn proof(holder: Alg, token: &str, method: &str, url: &str, jti: &str) -> String {
    let changes = [("htm", json!(method)), ("htu", json!(url)), ("jti", json!(jti)), ("iat", json!(seconds()))];
    let claims = changes.into_iter().fold(dpop_claims(token), |claims, (name, value)| with(claims, name, value));
    holder.mint(holder.dpop_header().to_string(), claims.to_string())
}

/// The public key in the form that issuers publish.
fn published(alg: Alg) -> Value {
    with(alg.jwk(), "kid", json!(alg.kid()))
}

fn test_jwks() -> Value {
    json!({ "keys": ALGS.map(published) })
}

fn jwks_file(name: &str, jwks: &Value) -> PathBuf {
    temporary_file(name, &jwks.to_string())
}

/// Writes a draft and renames it, so that no reader sees half a file.
fn temporary_file(name: &str, content: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("gateway-{name}.json"));
    let draft = folder.join(format!("gateway-{name}.draft"));
    fs::write(&draft, content).unwrap();
    fs::rename(draft, &path).unwrap();
    path
}

/// The path of the example, which cargo builds with the tests: `target/debug/examples/gateway`, if this test runs as
/// `target/debug/deps/gateway-...`.
fn example() -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let example = profile.join("examples").join("gateway").with_extension(env::consts::EXE_EXTENSION);
    assert!(example.exists(), "{} is missing: `cargo build --example gateway`", example.display());
    example
}

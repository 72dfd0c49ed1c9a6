//! Reads a status list from standard input, and prints its statuses as numbers, in the order of their indices:
//! `cargo run --features status-list --example status_list JWKS-FILE ISSUER URI`.
//!
//! Exit status: 0 accepted, 1 refused, 2 wrong usage or unreadable input.

use std::io::{self, Read};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use embedded_jwt::{
    EdDsa, Error, Es256, Inflater, Issuer, KeySet, MAX_STATUS_LIST_LEN, NewestStatusList, Status, StatusListPolicy,
    Token, UnixTime,
};

/// The statuses of the list that was fetched from `uri`. On a device, `buf` and `memory` are arrays of fixed size.
fn statuses(text: &[u8], jwks: &mut [u8], issuer: &str, uri: &str, now: UnixTime) -> Result<Vec<u8>, Error> {
    let keys = KeySet::<16>::from_jwks(jwks)?;
    let issuer = Issuer::new(issuer, &keys, &[&Es256, &EdDsa]);

    let token = Token::parse(text)?;
    let mut buf = vec![0; token.buffer_len().saturating_mul(2)];
    // A device keeps this record, and refuses older lists.
    let mut newest = NewestStatusList::new();
    let list = token.verify(&issuer, &mut buf)?.into_status_list(&StatusListPolicy::new(uri), &mut newest, now)?;

    let mut memory = vec![0; MAX_STATUS_LIST_LEN];
    let bitmap = list.decode(&mut Inflater::new(), &mut memory)?;
    Ok((0..).map_while(|index| bitmap.status(index).ok()).map(number).collect())
}

fn number(status: Status) -> u8 {
    match status {
        Status::Valid => 0,
        Status::Invalid => 1,
        Status::Suspended => 2,
        Status::Other(number) => number,
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(Ok(numbers)) => {
            println!("{}", numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(" "));
            ExitCode::SUCCESS
        }
        Ok(Err(refusal)) => {
            eprintln!("refused: {refusal} [{refusal:?}]");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("status_list: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<Result<Vec<u8>, Error>, Box<dyn std::error::Error>> {
    let args: Vec<_> = env::args().skip(1).collect();
    let [jwks, issuer, uri] = args.as_slice() else {
        return Err("usage: status_list JWKS-FILE ISSUER URI < LIST".into());
    };
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let now = UnixTime::from_secs(i64::try_from(now)?);
    Ok(statuses(text.trim_ascii_end(), &mut fs::read(jwks)?, issuer, uri, now))
}

//! Signs tokens with the published TEST KEYS of the testkit: reads a JSON array `["ES256", header, claims]` from each line,
//! and writes the token. The first line that it writes has the public keys as JWKs, by algorithm.

use std::io::{self, BufRead, Write};

use serde_json::{Map, Value};
use testkit::{ALGS, Alg};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let keys: Map<_, _> = ALGS.iter().map(|alg| (alg.name().to_owned(), alg.jwk())).collect();
    println!("{}", Value::from(keys));
    for line in io::stdin().lock().lines() {
        let (name, header, claims): (String, Value, Value) = serde_json::from_str(&line?)?;
        let alg = ALGS.into_iter().find(|alg| alg.name() == name).ok_or("no key for this algorithm")?;
        println!("{}", Alg::mint(alg, header.to_string(), claims.to_string()));
        io::stdout().flush()?;
    }
    Ok(())
}

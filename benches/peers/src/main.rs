//! Times this crate and its peers, controlled by `benches/compare`: each line of input is the number of a contender and
//! the depth of the stack, and is answered with one sample. So the script can interleave contenders of several
//! processes, which criterion cannot, since it times one after another; and a busy machine slows down all of them
//! alike.
#![cfg_attr(not(feature = "aws_lc_rs"), allow(dead_code, reason = "the other program uses the rest"))]

#[cfg(not(any(feature = "aws_lc_rs", feature = "rust_crypto")))]
compile_error!("choose a backend of jsonwebtoken: aws_lc_rs or rust_crypto");

#[cfg(feature = "aws_lc_rs")]
mod aws_lc;
#[cfg(feature = "josekit")]
mod josekit;
#[cfg(feature = "aws_lc_rs")]
mod jwt_compact;
#[cfg(feature = "rust_crypto")]
mod jwt_simple;

mod contender;
mod curves;
#[path = "../../hostile_payloads.rs"]
mod hostile_payloads;
mod jsonwebtoken;
mod ours;
mod rows;
mod rs256;
mod tokens;

use std::io::{Write, stdin, stdout};

use serde_json::json;

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let mut contenders = match args.first() {
        Some(&"verifications") => rows::verifications(),
        Some(&"other-work") => rows::other_work(),
        _ => panic!("verifications or other-work, and the row and name of one to run once"),
    };
    if let [_, row, name] = args[..] {
        let contender = contenders.iter_mut().find(|contender| contender.row == row && contender.name == name);
        assert!(contender.unwrap_or_else(|| panic!("no such contender: {row}: {name}")).run_counted());
        return;
    }
    contenders.iter_mut().for_each(contender::Contender::calibrate);
    let names: Vec<_> = contenders.iter().map(|contender| (&contender.row, contender.name)).collect();
    println!("{}", json!(names));
    for line in stdin().lines() {
        let line = line.unwrap();
        let (number, depth) = line.split_once(' ').unwrap();
        println!("{}", contenders[number.parse::<usize>().unwrap()].sample(depth.parse().unwrap()));
        stdout().flush().unwrap();
    }
}

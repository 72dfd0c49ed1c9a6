//! `--batch`: JSON lines in, JSON lines out.

fn main() {
    if std::env::args().skip(1).ne(["--batch".to_owned()]) {
        eprintln!("usage: verify --batch < CASES.jsonl");
        std::process::exit(2);
    }
    std::process::exit(embedded_jwt_c_batch::run());
}

//! `twice`: its contract, and the code that a compiler makes of it.

use std::cell::Cell;
use std::path::Path;
use std::process::Command;

use embedded_jwt::{Error, twice};

#[test]
fn acts_once_on_the_answer_of_two_equal_runs() {
    let (mut runs, mut acts) = (0, Vec::new());
    let check = || {
        runs += 1;
        Ok(7)
    };
    assert_eq!(twice(check, |answer| acts.push(answer)), Ok(()));
    assert_eq!((runs, acts), (2, vec![7]));
}

#[test]
fn returns_what_the_act_returns() {
    assert_eq!(twice(|| Ok(7), |answer| answer + 1), Ok(8));
}

#[test]
fn refusal_costs_one_run_and_keeps_its_error() {
    let mut runs = 0;
    let check = || {
        runs += 1;
        Err::<(), _>(Error::Expired)
    };
    assert_eq!(twice(check, |()| panic!("acted")), Err(Error::Expired));
    assert_eq!(runs, 1);
}

#[test]
fn refusal_in_the_second_run_is_a_disturbance() {
    let runs = Cell::new(0);
    let check = || if runs.replace(runs.get() + 1) == 0 { Ok(7) } else { Err(Error::Expired) };
    assert_eq!(twice(check, |_| panic!("acted")), Err(Error::Disturbed));
    assert_eq!(runs.get(), 2);
}

#[test]
fn other_answer_in_the_second_run_is_a_disturbance() {
    let runs = Cell::new(0);
    let check = || Ok(runs.replace(runs.get() + 1));
    assert_eq!(twice(check, |_| panic!("acted")), Err(Error::Disturbed));
    assert_eq!(runs.get(), 2);
}

/// Without a clock, the validation cannot know that a store is full, since the token may show that its ids are over.
#[cfg(all(feature = "es256", feature = "eddsa"))]
#[test]
fn full_store_is_no_disturbance() {
    use embedded_jwt::{AccessTokenPolicy, EarliestTime, Issuer, Now, ReplayCheck, ReplayWindow, Token, UnixTime};
    use testkit::{AUDIENCE, Alg, NOW, claims_with, issuer, keys};

    fn open_valve(bearer: &str, issuer: &Issuer<'_>, used: &dyn ReplayCheck, now: Now) -> Result<(), Error> {
        let lifetime = std::time::Duration::from_secs(300);
        let policy = AccessTokenPolicy::new(AUDIENCE).with_max_unproven_lifetime(lifetime).with_single_use(used);
        let mut buf = [0; 1024];
        let check = || {
            let pending = Token::parse(bearer)?.verify(issuer, &mut buf)?.validate_access_token(&policy, now)?;
            pending.single_use().ok_or(Error::Denied)
        };
        twice(check, |id| {
            used.use_once(id, now)?;
            if used.check_unused(&[id], now) != Err(Error::Replayed) {
                return Err(Error::Disturbed);
            }
            Ok(())
        })?
    }

    let (keys, now) = (keys(), UnixTime::from_secs(NOW));
    let issuer = issuer(&keys);
    let token = |id: &str| Alg::EdDsa.access_token(&claims_with("jti", id.into()));
    let share_of_one: ReplayWindow<4, 1> = ReplayWindow::new();
    let slot_for_one: ReplayWindow<1, 2> = ReplayWindow::new();
    let stores: [(&dyn ReplayCheck, Error); 2] = [(&share_of_one, Error::ShareFull), (&slot_for_one, Error::Full)];
    share_of_one.start_empty();
    slot_for_one.start_empty();
    for (used, full) in stores {
        for now in [Now::from(now), Now::AtLeast(EarliestTime::from_secs(NOW))] {
            let open = |id| open_valve(&token(id), &issuer, used, now);
            assert!(matches!(open("1"), Ok(()) | Err(Error::Replayed)));
            assert_eq!((open("1"), open("2")), (Err(Error::Replayed), Err(full)), "{now:?}");
        }
    }
}

/// Small checks whose comparisons with a marked constant are counted. Each `black_box` of `twice` keeps one of them.
const SMALL_CHECKS: &str = "
use crate::error::Error;
use crate::twice::twice;
use core::cell::UnsafeCell;

pub struct Shared(UnsafeCell<u32>);
unsafe impl Sync for Shared {}

/// The checks read this static, so that no closure borrows anything.
#[unsafe(no_mangle)]
pub static KIND: Shared = Shared(UnsafeCell::new(0));

fn check() -> Result<u32, Error> {
    if unsafe { *KIND.0.get() } == 1_592_594_996 { Ok(7) } else { Err(Error::Expired) }
}

/// Two comparisons: the second run reads again.
#[unsafe(no_mangle)]
pub fn alone() -> Result<u32, Error> {
    twice(check, |answer| answer)
}

/// Three comparisons: the caller makes one of them, and both runs read again.
#[unsafe(no_mangle)]
pub fn after_the_caller() -> Result<u32, Error> {
    check()?;
    twice(check, |answer| answer)
}

/// Two comparisons, with borrowed state.
#[unsafe(no_mangle)]
pub fn borrowed(kind: &u32) -> Result<u32, Error> {
    twice(|| if *kind == 1_592_594_996 { Ok(7) } else { Err(Error::Expired) }, |answer| answer)
}

/// One comparison, of answers that are always the same.
#[unsafe(no_mangle)]
pub fn constant(kind: &u32) -> Result<u32, Error> {
    twice(|| if *kind == 5 { Ok(1_592_594_996) } else { Err(Error::Expired) }, |answer| answer)
}
";

const FUNCTIONS: [(&str, usize); 4] = [("alone", 2), ("after_the_caller", 3), ("borrowed", 2), ("constant", 1)];

#[test]
fn every_comparison_is_in_the_generated_code() {
    for level in LEVELS {
        let counts = comparisons(&source(), level, "whole");
        assert_eq!(counts, FUNCTIONS.map(|(_, count)| count), "opt-level {level}");
    }
}

/// Mistakes in `twice` itself. The test above finds each of them, which shows that each `black_box` is needed with this
/// compiler.
#[test]
fn each_mistake_in_twice_removes_a_comparison() {
    let source = source();
    let without_box = ["= black_box(&mut check)()", "match black_box(&mut check)()", "black_box(&first)"];
    let mistakes = [
        ("match black_box(&mut check)() {", "match check() {"), // the second run may be left out
        ("if matches!(black_box(&first), Ok(first) if *first == second)", ""), // its answer is not compared
    ];
    let without_box = without_box.map(|place| (place, place.replace("black_box", "")));
    let mistakes = mistakes.map(|(place, by)| (place, by.to_owned()));
    for (number, (place, by)) in without_box.into_iter().chain(mistakes).enumerate() {
        assert_eq!(source.matches(place).count(), 1, "{place}");
        let counts = comparisons(&source.replace(place, &by), "3", &format!("mistake-{number}"));
        assert!(counts.iter().zip(FUNCTIONS).any(|(count, (_, whole))| *count < whole), "{place}: {counts:?}");
    }
}

const LEVELS: [&str; 5] = ["1", "2", "3", "s", "z"];

fn source() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/twice.rs")).unwrap()
}

/// How often each of `FUNCTIONS` compares with the constant, in the optimised intermediate code: it is the same for all
/// processors.
fn comparisons(twice: &str, level: &str, name: &str) -> [usize; 4] {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("twice-{name}-{level}"));
    std::fs::create_dir_all(&folder).unwrap();
    let (input, output) = (folder.join("small.rs"), folder.join("small.ll"));
    let code = twice.lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n");
    let error = "mod error { #[derive(Clone, Copy, PartialEq)] pub enum Error { Expired, Disturbed } }";
    std::fs::write(&input, format!("{error}\nmod twice {{ {code} }}\nmod small {{ {SMALL_CHECKS} }}\n")).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = Command::new(rustc)
        .args(["--edition=2024", "--crate-type=lib", "--emit=llvm-ir", "-Ccodegen-units=1"])
        .arg(format!("-Copt-level={level}"))
        .arg("-o")
        .args([&output, &input])
        .status()
        .unwrap();
    assert!(status.success());
    let code = std::fs::read_to_string(output).unwrap();
    FUNCTIONS.map(|(name, _)| {
        let (_, body) = code.split_once(&format!("@{name}(")).unwrap_or_else(|| panic!("no function {name}"));
        let (body, _) = body.split_once("\n}").unwrap();
        body.lines().filter(|line| line.contains("icmp") && line.contains("1592594996")).count()
    })
}

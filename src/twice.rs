//! A decision made twice, against faults that make the processor skip an instruction.

use core::hint::black_box;

use crate::error::Error;

/// Runs a whole check twice, and acts only if both runs accept with the same answer.
///
/// An attacker with access to the device can disturb its processor for a moment, by its voltage, its clock or a magnetic
/// pulse, so that one instruction is skipped or a wrong value is loaded. One such fault, in a single check, turns a refused
/// token into an accepted one. Here it is either harmless or found: a fault that changes the answer of one run does not
/// change the answer of the other.
///
/// - **Put everything into `check`**: parse, verify and validate the token, check scopes and claims, and decide what to do.
///   A decision outside is made once.
/// - **Return an owned answer**: the value of a register, a command, the claims that matter. The answers of both runs are
///   compared, so that a type with one value (`()`) is no answer to compare, and a field that its `PartialEq` ignores is
///   not checked. Check nothing further in `act`, and let it use the answer alone.
/// - **Change nothing in `check`** that the second run reads: it may look at stores, not consume from them. See
///   [Single use](#single-use). A buffer is no such state, since each run fills it again.
/// - **Put digests of the stores into the answer**: both runs read a [`RevocationList`](crate::RevocationList) from the same
///   RAM, and a fault in the first run can overwrite an entry of it. The last 16 bytes of
///   [`snapshot`](crate::RevocationList::snapshot), called before `check` verifies, are such a digest.
/// - **Do not use [`verify_cached`](crate::Token::verify_cached)**: a fault in the first run can put an invalid signature
///   into the cache, and the second run finds it there.
///
/// A refused token costs one run, so that invalid tokens cannot double the device's load; an accepted one costs two, each
/// with the digests.
/// The chapter [physical attackers](crate::guide::physical_attackers) lists the faults that were tried, and the tasks of the
/// board.
///
/// # Errors
///
/// - The error of the first run, if it refuses.
/// - [`Error::Disturbed`] if the second run refuses, or its answer is another. A fault, or state that has changed between the
///   runs, is the only reason: count these errors, and treat more than a few as an attack. A clock that is read inside
///   `check` is such state, and a token may expire between the runs: read the clock before. So is a store to which another
///   task writes between the runs.
///
/// # Example: a pump that the bearer of a token may start
///
/// ```
/// # #[cfg(all(feature = "es256", feature = "eddsa"))] {
/// # use embedded_jwt::{AccessTokenPolicy, Es256, Error, Issuer, Key, KeySet, Token, UnixTime, twice};
/// const POLICY: AccessTokenPolicy = AccessTokenPolicy::new("urn:device:pump-7").with_required_scope("pump:write");
///
/// #[derive(serde::Deserialize)]
/// struct PumpClaims<'b> {
///     site: &'b str,
///     max_rpm: u16,
/// }
///
/// fn start_pump(bearer: &[u8], issuer: &Issuer<'_>, now: UnixTime, speed_register: &mut u16) -> Result<(), Error> {
///     let mut buf = [0; 1024];
///     twice(
///         || {
///             let token = Token::parse(bearer)?.verify(issuer, &mut buf)?.into_access_token(&POLICY, now)?;
///             let pump: PumpClaims = token.claims()?;
///             if pump.site == "north" { Ok(pump.max_rpm) } else { Err(Error::Denied) }
///         },
///         |max_rpm| *speed_register = max_rpm,
///     )
/// }
/// # let mut jwks = *br#"{"keys":[{"kty":"EC","crv":"P-256","kid":"es-test","alg":"ES256","use":"sig",
/// #     "x":"kjqAwhVvc2weoah51TiClH2-33xD9nHdcPBXlbFwGcc","y":"YSp9mDTxnjBbt27_z5S5gEWPCO6TVBkse4ldVOfy1hs"}]}"#;
/// # let bearer = b"eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVzLXRlc3QifQ.\
/// # eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSIsInN1YiI6InVzZXItNDIiLCJhdWQiOiJ1cm46ZGV2aWNlOnB1bXAtNyIsImNsaWVudF9p\
/// # ZCI6InB1bXAtYXBwIiwiZXhwIjoxNzY4NDc4NzAwLCJuYmYiOjE3Njg0NzgzNDAsImlhdCI6MTc2ODQ3ODM0MCwianRpIjoidG9rZW4tMSIsInNj\
/// # b3BlIjoicHVtcDpyZWFkIHB1bXA6d3JpdGUiLCJzaXRlIjoibm9ydGgiLCJtYXhfcnBtIjozMDAwfQ.\
/// # LPkNg1VRQM_Vqu3k0mt1Z5cWLsx7ismSrSn69KQH_y5lyK5m6bdYcJO1VJpdbi_haA63PoPdGpLdqzJODK3dcw";
/// # let keys = KeySet::<1>::from_jwks(&mut jwks).unwrap();
/// # let issuer = Issuer::new("https://idp.example.com", &keys, &[&Es256]);
/// # let mut speed = 0;
/// # let mut start = |now| (start_pump(bearer, &issuer, UnixTime::from_secs(now), &mut speed), speed);
/// # assert_eq!(start(1_768_478_760), (Err(Error::Expired), 0));
/// # assert_eq!(start(1_768_478_400), (Ok(()), 3000));
/// # }
/// ```
///
/// # Single use
///
/// Both runs look, the act consumes and looks once more: [`validate_access_token`](crate::Verified::validate_access_token)
/// changes nothing. The second look is for a fault that skips the consumption, after which the token could be used again.
/// A full store is an error of the act, not a disturbance: without a clock, only the consumption notices it. A glitch can
/// also reset the device, and so empty a store in RAM: save the store before the valve opens.
///
/// A DPoP proof has an id of its own, which [`single_use`](crate::Pending::single_use) does not return. Consume it outside
/// of both runs: in the act, validate the request once more, by
/// [`into_access_token`](crate::Verified::into_access_token) or [`consume`](crate::Pending::consume). A fault that skips
/// this is not found, and the proof can then be used again while it is fresh.
///
/// ```
/// # use embedded_jwt::{AccessTokenPolicy, Error, Issuer, Now, ReplayCheck, ReplayWindow, SingleUse, Token, twice};
/// # const POLICY: AccessTokenPolicy = AccessTokenPolicy::new("urn:device:valve-7");
/// fn open_valve(bearer: &[u8], issuer: &Issuer<'_>, used: &ReplayWindow<64, 16>, now: Now) -> Result<(), Error> {
///     let mut buf = [0; 1024];
///     let policy = POLICY.with_single_use(used);
///     twice(
///         || {
///             let pending = Token::parse(bearer)?.verify(issuer, &mut buf)?.validate_access_token(&policy, now)?;
///             pending.single_use().ok_or(Error::Denied)
///         },
///         |id| {
///             used.use_once(id, now)?;
///             if used.check_unused(&[id], now) != Err(Error::Replayed) {
///                 return Err(Error::Disturbed);
///             }
///             // Now open the valve.
///             Ok(())
///         },
///     )?
/// }
/// ```
pub fn twice<T: PartialEq, R>(
    mut check: impl FnMut() -> Result<T, Error>,
    act: impl FnOnce(T) -> R,
) -> Result<R, Error> {
    // Without `black_box`, the compiler may reuse earlier results instead of checking: before the first run, the caller's own
    // checks; before the second, the first run; and in the comparison, an answer that is always the same.
    let first = black_box(&mut check)();
    if let Err(error) = first {
        return Err(error);
    }
    match black_box(&mut check)() {
        Ok(second) if matches!(black_box(&first), Ok(first) if *first == second) => Ok(act(second)),
        _ => Err(Error::Disturbed),
    }
}

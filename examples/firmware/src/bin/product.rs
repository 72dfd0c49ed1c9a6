//! Measures a whole product: a request with an access token that is bound to the client's key and signed with ES256, and
//! with a DPoP proof signed with EdDSA. The token may be revoked, and token and proof are used once. Before the request,
//! both backends must pass their self-test.
#![no_std]
#![no_main]

use core::hint::black_box;

use embedded_jwt::{DpopPolicy, EdDsa, Error, Es256, Revocation, SignatureAlgorithm, Token, self_test};
use embedded_jwt_firmware::board::{self, entry};
use embedded_jwt_firmware::memory::Stores;
use embedded_jwt_firmware::{measure, trust};

const BACKENDS: [&dyn SignatureAlgorithm; 2] = [&Es256, &EdDsa];
const REQUEST: Request = Request { token: trust::BOUND_TOKEN, proof: trust::PROOF };
static STORES: Stores = Stores::new();

#[derive(Clone, Copy)]
struct Request {
    token: &'static str,
    proof: &'static str,
}

#[entry]
fn main() -> ! {
    board::start();
    measure::report(b"empty", REQUEST, &|_| true);
    measure::report(b"self_test", REQUEST, &|_| BACKENDS.iter().all(|backend| self_test(*backend).is_ok()));
    let is_open = open_stores().is_ok();
    measure::report(b"main", REQUEST, &|request| is_open && may_write(request) == Ok(true));
    board::exit(may_write(REQUEST) == Err(Error::ProofReplayed))
}

/// Opens the stores, with another token revoked.
fn open_stores() -> Result<(), Error> {
    let revocation = Revocation::Token { issuer: trust::ISSUER, jwt_id: "token-2" };
    STORES.used.with(|used| used.start_empty());
    STORES.revoked.with(|revoked| {
        revoked.start_empty();
        revoked.revoke(revocation, trust::NOW.plus(trust::MAX_LIFETIME), trust::NOW)
    })
}

/// Whether the request may write. Consumes its token and its proof.
#[inline(never)]
fn may_write(request: Request) -> Result<bool, Error> {
    let (token_buf, proof_buf) = measure::buffer().split_at_mut(measure::BUFFER_LEN / 2);
    let issuer = trust::issuer(&trust::KEYS, &BACKENDS);
    let verified = Token::parse(request.token)?.verify(&issuer, token_buf)?;
    let for_request = DpopPolicy::new("POST", "https://pump-7.local/speed", request.token);
    let proof = Token::parse(request.proof)?.verify_dpop(&for_request, &BACKENDS, trust::NOW, proof_buf)?;

    let Stores { revoked, used } = &STORES;
    let policy = trust::GATEWAY_POLICY.with_revocations(revoked).with_dpop(&proof, used).with_single_use(used);
    let token = verified.validate_access_token(&policy, trust::NOW)?.consume()?;
    Ok(black_box(&token).has_scope("pump:write"))
}

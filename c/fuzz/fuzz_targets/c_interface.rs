//! Calls the C interface as a careless program in C would: with pointers that are null, lengths that are short, structs
//! that are half filled in, and tokens with any header and payload, whose signatures a callback accepts or refuses.
//!
//! Properties: no panic and no access beyond an end (the address sanitizer watches); an answer is 0 or negative; a refused
//! result is zeroed; everything written lies between its guards; the strings of an accepted token lie in the buffer, and its
//! functions answer; a zeroed policy accepts nothing.
#![no_main]

use core::ffi::{c_int, c_void};
use core::ptr;

use arbitrary::Arbitrary;
use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt_c::*;
use libfuzzer_sys::fuzz_target;

/// Text that is lent: present, null, or null with a length.
#[derive(Arbitrary, Debug)]
enum Lent {
    Text(String),
    Bytes(Vec<u8>),
    Expected,
    Null,
    Broken,
}

impl Lent {
    /// Boxed, so that its memory ends where it says.
    fn lend(&self, expected: &'static str) -> ejwt_str {
        let of = |bytes: &[u8]| ejwt_str { ptr: bytes.as_ptr().cast(), len: bytes.len() };
        match self {
            Self::Text(text) => of(text.as_bytes()),
            Self::Bytes(bytes) => of(bytes),
            Self::Expected => of(expected.as_bytes()),
            Self::Null => ejwt_str { ptr: ptr::null(), len: 0 },
            Self::Broken => ejwt_str { ptr: ptr::null(), len: 7 },
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Token {
    Text(Vec<u8>),
    /// With a signature of 64 bytes that passes the checks of encodings.
    Signed {
        header: Json,
        payload: Json,
    },
}

#[derive(Arbitrary, Debug)]
enum Json {
    Raw(Vec<u8>),
    /// What an access token needs, with other members.
    Good {
        others: String,
        is_eddsa: bool,
    },
}

impl Json {
    fn header(&self) -> Vec<u8> {
        match self {
            Self::Raw(raw) => raw.clone(),
            Self::Good { others, is_eddsa } => {
                let alg = if *is_eddsa { "EdDSA" } else { "ES256" };
                let others = if others.contains(':') { format!(",{others}") } else { String::new() };
                format!(r#"{{"alg":"{alg}","typ":"at+jwt"{others}}}"#).into_bytes()
            }
        }
    }

    fn payload(&self) -> Vec<u8> {
        match self {
            Self::Raw(raw) => raw.clone(),
            Self::Good { others, .. } => {
                let others = if others.contains(':') { format!(",{others}") } else { String::new() };
                format!(
                    r#"{{"iss":"i","aud":"a","sub":"s","client_id":"c","exp":{},"iat":{NOW},"jti":"j","scope":"r w"{others}}}"#,
                    NOW + 300
                )
                .into_bytes()
            }
        }
    }
}

impl Token {
    fn text(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone(),
            Self::Signed { header, payload } => {
                let encode = |json: Vec<u8>| Base64UrlUnpadded::encode_string(&json);
                let mut signature = [0; 64];
                (signature[0], signature[31], signature[32], signature[63]) = (9, 1, 7, 0);
                format!(
                    "{}.{}.{}",
                    encode(header.header()),
                    encode(payload.payload()),
                    Base64UrlUnpadded::encode_string(&signature)
                )
                .into_bytes()
            }
        }
    }
}

#[derive(Arbitrary, Debug)]
struct Times {
    leeway: u32,
    limits: [Option<u32>; 3],
}

impl Times {
    fn lend(&self) -> ejwt_times {
        let limit =
            |limit: Option<u32>| ejwt_limit { seconds: limit.unwrap_or_default(), is_set: u32::from(limit.is_some()) };
        let [max_lifetime, max_token_age, max_unproven_lifetime] = self.limits.map(limit);
        ejwt_times { leeway: self.leeway, max_lifetime, max_token_age, max_unproven_lifetime }
    }
}

#[derive(Arbitrary, Debug)]
struct Input {
    kind: u8,
    token: Token,
    buffer_len: u16,
    name: Lent,
    audience: Lent,
    scope: Lent,
    further: [Lent; 4],
    times: Times,
    now: (Option<i64>, u8),
    keys: [(u8, [u8; 32], [u8; 32], Lent); 2],
    key_count: u8,
    answers: [i8; 2],
    jwks: Option<Vec<u8>>,
    nulls: u16,
    snapshot: Vec<u8>,
    error: c_int,
    size: u8,
}

const NOW: i64 = 1_768_478_400;

unsafe extern "C" fn verify(
    context: *mut c_void,
    key: *const u8,
    key_len: usize,
    message: *const u8,
    message_len: usize,
    signature: *const u8,
    signature_len: usize,
) -> c_int {
    // SAFETY: the library keeps its promise, and the context is an `i8` of the target.
    unsafe {
        let read = |ptr: *const u8, len| {
            core::slice::from_raw_parts(ptr, len).iter().map(|byte| u32::from(*byte)).sum::<u32>()
        };
        core::hint::black_box(read(key, key_len) + read(message, message_len) + read(signature, signature_len));
        c_int::from(*context.cast::<i8>())
    }
}

unsafe extern "C" fn look(context: *mut c_void, token: *const ejwt_token) -> c_int {
    // SAFETY: the library hands over a token.
    unsafe { read_claims(&*token) };
    i32::from(!context.is_null())
}

/// A result between guards, filled with bytes other than zero.
#[repr(C)]
struct Guarded<T> {
    before: [u8; 32],
    value: T,
    after: [u8; 32],
}

/// Calls a function with a result, and checks its promises. Returns the result if it is accepted.
fn call<T>(run: impl FnOnce(*mut T) -> c_int) -> Option<Box<Guarded<T>>> {
    let mut out = Box::<Guarded<T>>::new_uninit();
    // SAFETY: results are of integers and pointers, so that any bytes are valid.
    let mut out = unsafe {
        ptr::write_bytes(out.as_mut_ptr().cast::<u8>(), 0xa5, size_of::<Guarded<T>>());
        out.assume_init()
    };
    let answer = run(&raw mut out.value);
    assert!(answer <= 0, "{answer}");
    assert!(out.before == [0xa5; 32] && out.after == [0xa5; 32]);
    if answer == 0 {
        return Some(out);
    }
    // SAFETY: the value is initialized; reading its bytes is enough here.
    let bytes = unsafe { core::slice::from_raw_parts((&raw const out.value).cast::<u8>(), size_of::<T>()) };
    assert!(bytes.iter().all(|byte| *byte == 0), "a refused result is not zeroed: {answer}");
    None
}

fn lent(text: &str) -> ejwt_str {
    ejwt_str { ptr: text.as_ptr().cast(), len: text.len() }
}

unsafe fn read_claims(token: &ejwt_token) {
    // SAFETY: an accepted token, whose buffer is alive.
    unsafe {
        let _ = ejwt_has_audience(token, lent("a"));
        let _ = ejwt_claim_contains(token, lent("aud"), lent("a"));
        for index in 0..3 {
            let mut text = vec![0; 8].into_boxed_slice();
            call(|len| ejwt_claim_string(token, lent("aud"), index, text.as_mut_ptr(), text.len(), len));
        }
        call(|thumbprint| ejwt_confirmation_key(token, thumbprint));
        for text in [token.issuer, token.subject, token.jwt_id, token.client_id] {
            if !text.ptr.is_null() {
                let bytes = core::slice::from_raw_parts(text.ptr.cast::<u8>(), text.len);
                assert!(str::from_utf8(bytes).is_ok());
            }
        }
    }
}

fuzz_target!(|input: Input| {
    let text = input.token.text().into_boxed_slice();
    let mut buffer = vec![0; usize::from(input.buffer_len) % 2048].into_boxed_slice();
    let mut answers = input.answers;
    let verifiers: [ejwt_verifier; 2] = [EJWT_ES256, EJWT_EDDSA].map(|algorithm| ejwt_verifier {
        algorithm,
        verify: Some(verify),
        context: (&raw mut answers).cast(),
        software: ptr::null(),
    });
    let verifiers = [&raw const verifiers[0], &raw const verifiers[1]];
    let keys = input.keys.each_ref().map(|(algorithm, x, y, kid)| {
        let (algorithm, mut y) = (u32::from(algorithm % 4), *y);
        if algorithm == EJWT_EDDSA {
            y = [0; 32];
        }
        ejwt_key { algorithm, kid: kid.lend("k"), x: *x, y }
    });
    let is_null = |bit: u32| input.nulls & 1 << bit != 0;
    let now = ejwt_now { seconds: input.now.0.unwrap_or(NOW), kind: u32::from(input.now.1 % 4) };

    // SAFETY, here and below: pointers are null or valid, and lengths are true.
    unsafe {
        let mut set: Box<ejwt_key_set> = Box::new(core::mem::zeroed());
        if let Some(jwks) = &input.jwks {
            let mut jwks = jwks.clone().into_boxed_slice();
            let _ = ejwt_key_set_replace(&mut *set, jwks.as_mut_ptr(), jwks.len());
            let mut jwks = jwks.clone();
            let _ = ejwt_key_set_rotate(&mut *set, jwks.as_mut_ptr(), jwks.len(), NOW + 60, now);
            call(|count| ejwt_key_set_count(&*set, count));
        }
        let issuer = ejwt_issuer {
            name: input.name.lend("i"),
            keys: if is_null(0) { ptr::null() } else { keys.as_ptr() },
            key_count: usize::from(input.key_count % 3),
            key_set: if is_null(1) { ptr::null_mut() } else { &mut *set },
            verifiers: if is_null(2) { ptr::null() } else { verifiers.as_ptr() },
            verifier_count: if is_null(3) { 0 } else { 2 },
            requires_kid: u32::from(is_null(4)),
        };
        let issuers = [issuer, issuer];
        let request = ejwt_request {
            token: ejwt_str { ptr: text.as_ptr().cast(), len: text.len() },
            issuers: issuers.as_ptr(),
            issuer_count: 1 + usize::from(is_null(5)),
            now,
            buffer: buffer.as_mut_ptr(),
            buffer_len: buffer.len(),
        };
        let request: *const ejwt_request = if is_null(15) { ptr::null() } else { &request };
        let times = input.times.lend();
        let [one, two, three, four] = &input.further;

        let mut list: Box<ejwt_revocation_list> = Box::new(core::mem::zeroed());
        let mut window: Box<ejwt_replay_window> = Box::new(core::mem::zeroed());
        if is_null(6) {
            let _ = ejwt_revocations_restore(&mut *list, input.snapshot.as_ptr(), input.snapshot.len(), 0, now);
            let _ = ejwt_replay_restore(&mut *window, input.snapshot.as_ptr(), input.snapshot.len(), 0, now);
        }
        if is_null(7) {
            let _ = ejwt_revocations_start_empty(&mut *list);
            let _ = ejwt_replay_start_empty(&mut *window, 1);
            let revocation = ejwt_revocation {
                kind: u32::from(input.size % 10),
                issuer: one.lend("i"),
                name: two.lend("j"),
                digest: ptr::null(),
                key: keys.as_ptr(),
                issued_before: i64::from(input.error),
            };
            let _ = ejwt_revoke(&mut *list, &revocation, NOW + 600, now);
        }
        let application = ejwt_application { check: Some(look), context: ptr::null_mut() };
        let policy =
            ejwt_access_policy { audience: input.audience.lend("a"), required_scope: input.scope.lend("r"), times };
        let zeroed: ejwt_access_policy = core::mem::zeroed();
        let mut nonces: Box<ejwt_dpop_nonces> = Box::new(core::mem::zeroed());
        let _ = ejwt_dpop_nonces_rotate(&mut *nonces, three.lend("n"));
        let mut proof_buffer = buffer.clone();
        let dpop = ejwt_dpop_request {
            proof: ejwt_str { ptr: text.as_ptr().cast(), len: text.len() },
            method: one.lend("GET"),
            uri: two.lend("https://a/b"),
            access_token: three.lend("t"),
            verifiers: verifiers.as_ptr(),
            verifier_count: 2,
            nonces: if is_null(8) { ptr::null_mut() } else { &mut *nonces },
            leeway: times.leeway,
            max_age: times.max_token_age,
            now,
            buffer: proof_buffer.as_mut_ptr(),
            buffer_len: proof_buffer.len(),
        };
        let proof = call(|out| ejwt_verify_dpop(&dpop, out));
        let checks = ejwt_access_checks {
            scope_claim: if is_null(9) { ejwt_str { ptr: ptr::null(), len: 0 } } else { one.lend("scp") },
            revocations: if is_null(10) { ptr::null() } else { &*list },
            single_use: if is_null(11) { ptr::null_mut() } else { &raw mut *window },
            dpop_proof: proof.as_ref().map_or(ptr::null(), |proof| &proof.value),
            dpop_replay: if is_null(12) { ptr::null_mut() } else { &raw mut *window },
            certificate: if is_null(13) { ptr::null() } else { keys[0].x.as_ptr() },
            challenge: two.lend("c"),
            acr: four.lend("gold"),
            max_age: times.max_token_age,
            application,
        };

        let access = |token: Option<Box<Guarded<ejwt_access_token>>>| {
            if let Some(token) = token {
                let _ = ejwt_has_scope(&token.value, lent("r"));
                read_claims(&token.value.token);
            }
        };
        match input.kind % 12 {
            0 => access(call(|out| ejwt_verify_access_token(request, &policy, out))),
            1 => access(call(|out| ejwt_verify_access_token_with(request, &policy, &checks, out))),
            2 => access(call(|out| ejwt_verify_at_jwt(request, &policy, out))),
            3 => access(call(|out| ejwt_verify_at_jwt_with(request, &policy, &checks, out))),
            4 => access(call(|out| ejwt_verify_untyped(request, &policy, out))),
            5 => access(call(|out| ejwt_verify_untyped_with(request, &policy, &checks, out))),
            6 => access(call(|out| ejwt_verify_for_client(request, &policy, out))),
            7 => access(call(|out| ejwt_verify_for_client_with(request, &policy, &checks, out))),
            8 => {
                let audiences = [three.lend("b"), four.lend("c")];
                let policy = ejwt_id_policy {
                    client_id: policy.audience,
                    nonce: one.lend("n"),
                    access_token: two.lend("t"),
                    code: ejwt_str { ptr: ptr::null(), len: 0 },
                    acr: three.lend("gold"),
                    max_age: times.max_token_age,
                    trusted_audiences: audiences.as_ptr(),
                    trusted_audience_count: 2,
                    times,
                    revocations: checks.revocations,
                };
                if let Some(token) = call(|out| ejwt_verify_id_token(request, &policy, out)) {
                    call(|acr| ejwt_id_token_acr(&token.value, acr));
                    read_claims(&token.value.token);
                }
            }
            9 => {
                let policy = ejwt_typed_policy {
                    media_type: one.lend("at+jwt"),
                    audience: policy.audience,
                    times,
                    revocations: checks.revocations,
                    single_use: checks.single_use,
                    application,
                };
                if let Some(token) = call(|out| ejwt_verify_typed_token(request, &policy, out)) {
                    read_claims(&token.value.token);
                }
            }
            10 => {
                let mut newest = 0;
                let _ = ejwt_key_set_replace_from_signed(&mut *set, request, &mut newest);
            }
            _ => {
                call(|out| ejwt_authorization(one.lend("Bearer a.b.c"), out));
                let challenge = ejwt_challenge {
                    realm: one.lend("r"),
                    scheme: u32::from(input.size % 4),
                    scope: two.lend("s"),
                    acr_values: three.lend("gold"),
                    max_age: times.max_token_age,
                };
                let mut value = vec![0; usize::from(input.size)].into_boxed_slice();
                for write in [ejwt_challenge_write, ejwt_challenge_write_dpop] {
                    call(|out| write(&challenge, input.error, value.as_mut_ptr(), value.len(), out));
                }
                let sources = [one.lend("i")];
                let mut floor = ejwt_time_floor {
                    built_at: NOW,
                    sources: sources.as_ptr(),
                    source_count: 1,
                    bytes: input.snapshot.first_chunk().copied().unwrap_or([0; EJWT_TIME_FLOOR_LEN]),
                };
                let _ = ejwt_time_floor_start(&mut floor);
                call(|out| ejwt_time_floor_now(&floor, now.seconds, times.leeway, out));
                call(|len| ejwt_replay_snapshot(&*window, value.as_mut_ptr(), value.len(), len));
                call(|len| ejwt_revocations_snapshot(&*list, value.as_mut_ptr(), value.len(), len));
            }
        }
        assert!(call(|out| ejwt_verify_access_token(request, &zeroed, out)).is_none());
        let _ = (ejwt_strerror(input.error), ejwt_strdetail(input.error));
    }
});

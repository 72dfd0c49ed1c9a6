//! Tokens as real servers send them: each is accepted by the policy that `docs/issuers.md` names for its server, and the
//! server's other tokens are refused by it. The tokens are in `testkit::shapes`.
#![cfg(all(feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;

use embedded_jwt::*;
use testkit::shapes::{Shape, servers};
use testkit::*;

fn validate(server: &Shape, token: &TestToken, now: i64) -> Result<Vec<String>, Error> {
    let (_, policy) = server.policy;
    validate_access_token(&token.mint(), &policy, now, |token| token.scopes().map(String::from).collect())
}

#[test]
fn access_token_of_each_server_is_accepted_by_its_policy() {
    for server in servers() {
        let scopes = validate(&server, &server.access_token(), NOW);
        let scopes = scopes.unwrap_or_else(|error| panic!("{}: {error:?}", server.server));
        match server.scope {
            Some(scope) => assert!(scopes.iter().any(|granted| granted == scope), "{}", server.server),
            None => assert_eq!(scopes, [""; 0], "{}", server.server),
        }
    }
}

#[test]
fn other_tokens_of_each_server_are_refused_by_its_policy() {
    for server in servers() {
        for (kind, token, error) in &server.refused {
            assert_eq!(validate(&server, token, NOW), Err(*error), "{}: {kind}", server.server);
        }
    }
}

#[test]
fn tokens_of_each_server_move_to_another_time() {
    let later = UnixTime::from_secs(NOW + 1_000_000);
    for server in servers() {
        let verdict = |token: &TestToken| validate(&server, &token.clone().at(later), later.as_secs()).map(drop);
        assert_eq!(verdict(&server.access_token()), Ok(()), "{}", server.server);
        for (kind, token, error) in &server.refused {
            assert_eq!(verdict(token), Err(*error), "{}: {kind}", server.server);
        }
    }
}

#[test]
fn access_token_of_each_server_with_a_type_or_mark_is_no_id_token() {
    // These servers mark neither kind of token. Only the nonce and the client's own id distinguish their tokens.
    let unmarked = ["ZITADEL", "Ory Hydra 2", "authentik", "Spring Authorization Server", "Supabase", "Kubernetes"];
    for server in servers() {
        // Marked access tokens are refused even for an application whose client id is the device's audience.
        let text = server.access_token().claim("aud", AUDIENCE).mint();
        let policy = IdTokenPolicy::new(AUDIENCE);
        let verdict = verify(&text, |verified| verified.into_id_token(&policy, now()).map(drop));
        let expected = if unmarked.contains(&server.server) { Ok(()) } else { Err(Error::WrongType) };
        assert_eq!(verdict, expected, "{}", server.server);
        let policy = policy.with_nonce("n-0S6_WzA2Mj");
        let verdict = verify(&text, |verified| verified.into_id_token(&policy, now()).map(drop));
        assert!(
            matches!(verdict, Err(Error::WrongType | Error::Missing(Claim::Nonce))),
            "{}: {verdict:?}",
            server.server
        );
    }
}

/// The table in `docs/issuers.md` names the servers and the policies of this file. A further row with a policy says that it is
/// untested, or that its server has RS256 only: `clouds.rs` is for these.
#[test]
fn guide_names_the_policy_of_each_server() {
    let rows = include_str!("../docs/issuers.md").lines().filter_map(|line| line.strip_prefix("| "));
    let rows = rows.filter(|row| !row.ends_with("| RS256 only |"));
    let named: BTreeSet<_> = rows
        .filter_map(|row| {
            let mut columns = row.split(" | ");
            Some((columns.next()?.to_owned(), columns.next()?.trim_matches('`').to_owned()))
        })
        .collect();
    let policies = named.iter().filter(|(_, policy)| policy.contains("(audience)"));
    let tested = policies.filter(|(server, _)| !server.ends_with("(untested)")).count();
    assert_eq!(tested, servers().len());
    for server in servers() {
        let (text, _) = server.policy;
        let policy = text.replace(' ', "");
        assert!(named.contains(&(server.server.to_owned(), policy.clone())), "{}: {policy}: {named:?}", server.server);
    }
}

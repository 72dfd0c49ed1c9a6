//! Tokens of the servers that sign with RS256 only, and of Keycloak by default: each access token is accepted by the
//! policy of the table in `docs/issuers.md`, and the server's other tokens are refused by it, each with its own error. The
//! tokens are in `testkit::shapes`.
#![cfg(all(feature = "rs256", feature = "es256", feature = "eddsa"))]

use std::collections::BTreeSet;

use base64ct::{Base64UrlUnpadded, Encoding};
use embedded_jwt::*;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::shapes::*;
use testkit::*;

const CLIENT: &str = "Xh2mTq81nUw0bYcKfZ5rJd9sLpEv7GaB";

#[test]
fn access_tokens_of_each_cloud_are_accepted_by_its_policy() {
    for cloud in clouds() {
        for (kind, token) in &cloud.accepted {
            let scopes = validate(&cloud, &token.mint(), |token| token.scopes().map(String::from).collect::<Vec<_>>());
            let scopes = scopes.unwrap_or_else(|error| panic!("{}, {kind}: {error:?}", cloud.server));
            match cloud.scope {
                Some(scope) => assert!(scopes.iter().any(|granted| granted == scope), "{}, {kind}", cloud.server),
                None => assert_eq!(scopes, [""; 0], "{}, {kind}", cloud.server),
            }
        }
    }
}

#[test]
fn other_tokens_of_each_cloud_are_refused_by_its_policy() {
    for cloud in clouds() {
        for (kind, token, error) in &cloud.refused {
            assert_eq!(validate(&cloud, &token.mint(), |_| ()), Err(*error), "{}, {kind}", cloud.server);
        }
    }
}

#[test]
fn tokens_of_each_cloud_move_to_another_time() {
    let later = UnixTime::from_secs(NOW + 1_000_000);
    for cloud in clouds() {
        let (_, policy) = &cloud.policy;
        let verdict = |token: &TestToken| {
            let text = token.clone().at(later).mint();
            verify(&cloud, &text, |verified| verified.into_access_token(policy, later).map(drop))
        };
        for (kind, token) in &cloud.accepted {
            assert_eq!(verdict(token), Ok(()), "{}, {kind}", cloud.server);
        }
        for (kind, token, error) in &cloud.refused {
            assert_eq!(verdict(token), Err(*error), "{}, {kind}", cloud.server);
        }
    }
}

/// No access token is accepted as an ID token: its audience is not the client id, or it is marked as an access token.
#[test]
fn access_tokens_of_no_cloud_are_id_tokens() {
    let policy = IdTokenPolicy::new(CLIENT);
    for cloud in clouds() {
        for (kind, token) in &cloud.accepted {
            let refused = verify(&cloud, &token.mint(), |verified| verified.into_id_token(&policy, now()).map(drop));
            let is_marked =
                cloud.server.contains("RFC 9068") || cloud.server.contains("Cognito") || cloud.server == "Keycloak";
            let expected = if is_marked { Error::WrongType } else { Error::Mismatch(Claim::Audience) };
            assert_eq!(refused, Err(expected), "{}, {kind}", cloud.server);
        }
    }
}

/// The keys for signatures all fit, whatever else a set has. Without `with_rsa`, a set skips all of them.
#[test]
fn key_sets_of_each_cloud_have_keys_for_signatures() {
    for cloud in clouds() {
        let json = cloud.jwks();
        // Keycloak has a key for encryption, too.
        let usable = if cloud.server == "Keycloak" { 1 } else { 2 };
        let mut keys = KeySet::<2, OwnedKey>::with_rsa();
        keys.replace_from_jwks(&mut json.clone().into_bytes()).unwrap();
        assert_eq!((keys.len(), keys.skipped()), (usable, 2 - usable), "{}", cloud.server);
        let keys = KeySet::<2>::from_jwks(&mut json.clone().into_bytes()).unwrap();
        assert_eq!((keys.len(), keys.skipped()), (0, 2), "{}", cloud.server);
    }
}

#[test]
fn permissions_roles_and_groups_are_lists_of_strings() {
    for (cloud, claim, expected) in [
        (auth0(), "permissions", "pump:write"),
        (auth0_with_rfc_9068(), "permissions", "pump:write"),
        (okta(), "groups", "Operators"),
        (entra_v2_for_users(), "roles", "Pump.Operator"),
        (entra_v2_for_applications(), "roles", "Pump.Read.All"),
        (entra_v1(), "roles", "Pump.Operator"),
        (cognito(), "cognito:groups", "operators"),
    ] {
        let text = cloud.access_token().mint();
        let is_allowed = |name: &str, value: &str| {
            validate(&cloud, &text, |token| token.strings(name).is_ok_and(|strings| strings.contains(value))).unwrap()
        };
        assert!(is_allowed(claim, expected), "{}", cloud.server);
        assert!(!is_allowed(claim, "admin"), "{}", cloud.server);
        assert!(!is_allowed("entitlements", expected), "{}", cloud.server);
    }
}

#[test]
fn permissions_are_read_by_a_type() {
    #[derive(Deserialize)]
    struct Auth0Claims<'b> {
        azp: &'b str,
        #[serde(borrow)]
        permissions: heapless::Vec<&'b str, 8>,
    }

    let cloud = auth0();
    let text = cloud.access_token().mint();
    let is_read = validate(&cloud, &text, |token| {
        let claims: Auth0Claims = token.claims().unwrap();
        claims.azp == CLIENT && claims.permissions == ["pump:read", "pump:write"]
    });
    assert_eq!(is_read, Ok(true));
}

/// Keycloak nests its roles, so that `strings` does not find them.
#[test]
fn roles_of_keycloak_are_read_by_a_type() {
    #[derive(Deserialize)]
    struct KeycloakClaims<'b> {
        #[serde(borrow)]
        realm_access: Roles<'b>,
        #[serde(borrow)]
        resource_access: Resources<'b>,
    }

    #[derive(Deserialize)]
    struct Resources<'b> {
        #[serde(borrow, rename = "pump-7")]
        pump: Roles<'b>,
    }

    #[derive(Deserialize)]
    struct Roles<'b> {
        #[serde(borrow)]
        roles: heapless::Vec<&'b str, 8>,
    }

    let cloud = keycloak_rs256();
    let text = cloud.access_token().mint();
    let roles_are_read = validate(&cloud, &text, |token| {
        assert_eq!(token.strings("roles").err(), Some(Error::Missing(Claim::Other)));
        assert_eq!(token.strings("realm_access").err(), Some(Error::Invalid(Claim::Other)));
        let claims: KeycloakClaims = token.claims().unwrap();
        claims.realm_access.roles.contains(&"operator") && claims.resource_access.pump.roles == ["reader"]
    });
    assert_eq!(roles_are_read, Ok(true));
}

/// The issuer in the metadata for all tenants is a template. As an issuer's name it matches no token, and no part of a
/// name is a wildcard. All tenants have the same keys, so that only the name distinguishes their tokens.
#[test]
fn tenant_of_entra_must_be_named() {
    let cloud = entra_v2_for_users();
    let text = cloud.access_token().mint();
    let issuer_of = |tenant: &str| cloud.issuer.replace("5b0c1f3e-7d2a-4c9b-8e61-0f4a9d3c2b17", tenant);
    let other_tenant = "c4e8a2d0-1b3f-4f57-9a6d-7e2b5c8f0d94";
    for tenant in ["{tenantid}", "common", "organizations", "*", "", other_tenant] {
        let refused = verify_with(&issuer_of(tenant), &cloud.key_set, &text, |_| Ok(()));
        assert_eq!(refused, Err(Error::Mismatch(Claim::Issuer)), "{tenant}");
    }
    assert_eq!(verify_with(cloud.issuer, &cloud.key_set, &text, |_| Ok(())), Ok(()));
}

/// The server signs such a token with the hash of the nonce in the header, in place of the nonce itself.
#[test]
fn nonce_in_the_header_is_not_hashed() {
    let cloud = entra_v2_for_applications();
    let text = refused(&cloud, "for Graph");
    assert_eq!(verify(&cloud, &text, |_| Ok(())), Err(Error::InvalidSignature));

    let header = Base64UrlUnpadded::decode_vec(text.split('.').next().unwrap()).unwrap();
    let mut header: Value = serde_json::from_slice(&header).unwrap();
    header["nonce"] = json!(base64url(&Sha256::digest(header["nonce"].as_str().unwrap())));
    let (_, rest) = text.split_once('.').unwrap();
    let with_hash = format!("{}.{rest}", base64url(header.to_string().as_bytes()));
    assert_eq!(verify(&cloud, &with_hash, |_| Ok(())), Ok(()));
}

/// If users log in to the API's own registration, the ID tokens have the audience of its access tokens, and roles. Only
/// a token of an application has `idtyp`.
#[test]
fn id_token_for_the_api_of_entra_is_refused_only_by_a_scope_or_idtyp() {
    let (users, applications) = (entra_v2_for_users(), entra_v2_for_applications());
    let id = refused(&users, "ID token of the API itself");
    let is_of_an_application = |token: AccessToken<'_>| token.strings("idtyp").is_ok_and(|idtyp| idtyp.contains("app"));
    assert_eq!(validate(&applications, &id, is_of_an_application), Ok(false));
    assert_eq!(validate(&applications, &applications.access_token().mint(), is_of_an_application), Ok(true));
    assert_eq!(validate(&users, &id, |_| ()), Err(Error::InsufficientScope));
}

fn validate_google<T>(
    token: &TestToken,
    validate: impl FnOnce(Verified<'_, '_>) -> Result<T, Error>,
) -> Result<T, Error> {
    verify_with(GOOGLE, &serde_json::from_str(&google_jwks()).unwrap(), &token.mint(), validate)
}

#[test]
fn id_token_of_google_is_accepted() {
    let client_id = GOOGLE_CLIENT;
    let policy =
        IdTokenPolicy::new(client_id).with_nonce("n-0S6_WzA2Mj").with_access_token(GOOGLE_ACCESS_TOKEN.as_bytes());
    let subject = validate_google(&google_id_token(), |verified| {
        verified.into_id_token(&policy, now()).map(|token| token.subject().map(String::from))
    });
    assert_eq!(subject, Ok(Some("110169484474386276334".to_owned())));

    let of_another_token = policy.with_access_token(b"ya29.another");
    let refused =
        validate_google(&google_id_token(), |verified| verified.into_id_token(&of_another_token, now()).map(drop));
    assert_eq!(refused, Err(Error::Mismatch(Claim::AccessTokenHash)));
}

#[test]
fn id_token_of_google_for_another_client_is_refused() {
    let policy = IdTokenPolicy::new(GOOGLE_CLIENT);
    let other = "407408718192-fans.apps.googleusercontent.com";
    for (claim, value, error) in [
        ("aud", other, Error::Mismatch(Claim::Audience)),
        // An Android application logs in for the server: Google allows this, the policy does not.
        ("azp", other, Error::Mismatch(Claim::AuthorizedParty)),
        // Google documents this other name for old applications.
        ("iss", "accounts.google.com", Error::Mismatch(Claim::Issuer)),
    ] {
        let token = google_id_token().claim(claim, value);
        let refused = validate_google(&token, |verified| verified.into_id_token(&policy, now()).map(drop));
        assert_eq!(refused, Err(error), "{claim}");
    }
}

#[test]
fn no_token_of_google_is_an_access_token_of_a_device() {
    assert_eq!(Token::parse(GOOGLE_ACCESS_TOKEN).err(), Some(Error::Malformed(Part::Token)));
    let policy = AccessTokenPolicy::untyped(GOOGLE_CLIENT);
    let refused = validate_google(&google_id_token(), |verified| verified.into_access_token(&policy, now()).map(drop));
    assert_eq!(refused, Err(Error::WrongType));
}

/// The rows of the table in `docs/issuers.md` with the algorithm "RS256 only" are the clouds of this file, and Google.
#[test]
fn guide_names_the_policy_of_each_cloud() {
    let rows = include_str!("../docs/issuers.md").lines().filter_map(|line| line.strip_prefix("| "));
    let columns = |row: &str| {
        let mut columns = row.split(" | ").map(|column| column.trim_matches('`').to_owned());
        columns.next().zip(columns.next())
    };
    let only_rs256: BTreeSet<_> =
        rows.clone().filter(|row| row.ends_with("| RS256 only |")).filter_map(columns).collect();
    let keycloak = rows.filter(|row| row.starts_with("Keycloak |")).filter_map(columns);
    let named: BTreeSet<_> = keycloak.chain(only_rs256).collect();

    let google = ("Google, ID tokens".to_owned(), "IdTokenPolicy::new(client_id)".to_owned());
    let tested = clouds().map(|cloud| (cloud.server.to_owned(), cloud.policy.0.replace(' ', "")));
    assert_eq!(named, tested.into_iter().chain([google]).collect());
}

fn validate<T>(cloud: &Shape, text: &str, read: impl FnOnce(AccessToken<'_>) -> T) -> Result<T, Error> {
    let (_, policy) = &cloud.policy;
    verify(cloud, text, |verified| verified.into_access_token(policy, now()).map(read))
}

fn verify<T>(
    cloud: &Shape,
    text: &str,
    validate: impl FnOnce(Verified<'_, '_>) -> Result<T, Error>,
) -> Result<T, Error> {
    verify_with(cloud.issuer, &cloud.key_set, text, validate)
}

/// The text of the server's other token of this kind, which the policy refuses.
fn refused(cloud: &Shape, kind: &str) -> String {
    cloud.refused.iter().find(|(other, _, _)| *other == kind).map(|(_, token, _)| token.mint()).unwrap()
}

fn verify_with<T>(
    issuer: &str,
    keys: &Value,
    text: &str,
    validate: impl FnOnce(Verified<'_, '_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut set = KeySet::<4, OwnedKey>::with_rsa();
    set.replace_from_jwks(&mut keys.to_string().into_bytes()).unwrap();
    let keys = set.as_keys();
    let issuer = Issuer::new(issuer, &keys, &[&Rs256]);
    let mut buf = [0; 4096];
    validate(Token::parse(text)?.verify(&issuer, &mut buf)?)
}

mod common;

use common::*;
use embedded_jwt::*;

#[test]
fn accepts_an_access_token_of_each_algorithm() {
    let keys = keys();
    for alg in ALGS {
        let text = alg.access_token(&claims());
        let mut buf = [0; 1024];
        let token = Token::parse(&text)
            .unwrap()
            .verify(&issuer(&keys), &mut buf)
            .unwrap()
            .into_access_token(&AccessTokenPolicy::new(AUDIENCE), now())
            .unwrap();
        assert_eq!(token.subject(), Some("user-42"));
    }
}

//! Handles one request: finds its route, authorizes it and carries it out.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use tokio::time::timeout;

use crate::answer::{self, Answer};
use crate::authorization::{Presented, Refusal, Rules};
use crate::keys::Keys;
use crate::pump::Pump;
use crate::replay::Replay;
use crate::route::Route;
use crate::{clock, log};

pub struct Service {
    pub rules: Rules,
    pub keys: Keys,
    pub replay: Replay<MAX_PROOFS, MAX_PROOFS_OF_A_CLIENT>,
    pub pump: Pump,
    /// The URL of this server for clients, without a trailing slash.
    pub base_url: String,
}

impl Service {
    /// Answers a request, and logs it in one line without any text from the client: it may be a token.
    pub async fn answer(&self, request: Request<Incoming>) -> Answer {
        let route = match Route::find(request.method(), request.uri().path()) {
            Ok(route) => route,
            Err(why) => {
                let answer = answer::no_route(why);
                log::line(format_args!("(other) {}", answer.status().as_u16()));
                return answer;
            }
        };
        let refusal = match route.scope() {
            Some(scope) => self.authorize(&request, scope).await.err().map(|refusal| (refusal, scope)),
            None => None,
        };
        let answer = match refusal {
            Some((refusal, scope)) => answer::refusal(refusal, scope),
            None => self.act(route, request.into_body()).await,
        };
        let (name, status) = (route.name(), answer.status().as_u16());
        match refusal {
            Some((refusal, _)) => log::line(format_args!("{name} {status} {:?}", refusal.error())),
            None => log::line(format_args!("{name} {status}")),
        }
        answer
    }

    async fn authorize<B>(&self, request: &Request<B>, scope: &str) -> Result<(), Refusal> {
        let uri = format!("{}{}", self.base_url, request.uri().path());
        let presented = Presented { method: request.method().as_str(), uri: &uri, headers: request.headers() };
        let now = clock::now();
        let validate = |keys: &[_]| self.rules.validate(&presented, scope, keys, &self.replay, now);
        self.keys.validate(now, validate, |verdict| verdict.is_err_and(Refusal::suggests_key_refresh)).await
    }

    async fn act(&self, route: Route, body: Incoming) -> Answer {
        match route {
            Route::Health => answer::text(StatusCode::OK, "ok\n"),
            Route::ReadSpeed => answer::text(StatusCode::OK, format!("{}\n", self.pump.speed())),
            Route::WriteSpeed => match read_number(body).await {
                Ok(rpm) => {
                    self.pump.set_speed(rpm);
                    answer::empty(StatusCode::NO_CONTENT)
                }
                Err(status) => answer::empty(status),
            },
        }
    }
}

async fn read_number(body: Incoming) -> Result<u16, StatusCode> {
    let body = timeout(BODY_TIME_LIMIT, Limited::new(body, MAX_BODY_LEN).collect()).await;
    let body = body.map_err(|_| StatusCode::REQUEST_TIMEOUT)?.map_err(|error| {
        let is_too_long = error.is::<LengthLimitError>();
        if is_too_long { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }
    })?;
    let text = str::from_utf8(&body.to_bytes()).ok().map(|text| text.trim().parse());
    text.and_then(Result::ok).ok_or(StatusCode::BAD_REQUEST)
}

const BODY_TIME_LIMIT: Duration = Duration::from_secs(10);
const MAX_BODY_LEN: usize = 16;
/// The proofs of three minutes, which is how long one can be valid with the default leeway, at about forty requests a
/// second. They take 256 KiB, which each request searches.
const MAX_PROOFS: usize = 8192;
/// So that no client can keep the others out.
const MAX_PROOFS_OF_A_CLIENT: usize = MAX_PROOFS / 8;

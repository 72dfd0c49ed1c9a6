//! The routes, and the scope that each needs.

use hyper::Method;

#[derive(Clone, Copy)]
pub enum Route {
    ReadSpeed,
    WriteSpeed,
    Health,
}

/// Why there is no route.
#[derive(Clone, Copy)]
pub enum NoRoute {
    NotFound,
    /// With the methods that are allowed.
    MethodNotAllowed(&'static str),
}

impl Route {
    pub fn find(method: &Method, path: &str) -> Result<Self, NoRoute> {
        match (path, method) {
            ("/speed", &Method::GET | &Method::HEAD) => Ok(Self::ReadSpeed),
            ("/speed", &Method::POST) => Ok(Self::WriteSpeed),
            ("/speed", _) => Err(NoRoute::MethodNotAllowed("GET, HEAD, POST")),
            ("/healthz", &Method::GET | &Method::HEAD) => Ok(Self::Health),
            ("/healthz", _) => Err(NoRoute::MethodNotAllowed("GET, HEAD")),
            _ => Err(NoRoute::NotFound),
        }
    }

    /// The scope that a token must have.
    pub fn scope(self) -> Option<&'static str> {
        match self {
            Self::ReadSpeed => Some("pump:read"),
            Self::WriteSpeed => Some("pump:write"),
            Self::Health => None,
        }
    }

    /// The name in the log: no text from the client.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadSpeed => "GET /speed",
            Self::WriteSpeed => "POST /speed",
            Self::Health => "GET /healthz",
        }
    }
}

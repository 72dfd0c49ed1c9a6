//! The actions that requests ask for, and the policy for each: the same on the serial port and on the network.

use embedded_jwt::AccessTokenPolicy;

use crate::memory::Stores;
use crate::trust::GATEWAY_POLICY;

#[derive(Clone, Copy, PartialEq)]
pub enum Action {
    ReadPump,
    SetPump,
    /// Accepts each token once.
    OpenValve,
    /// Revokes the token that authorizes it.
    LogOut,
}

pub enum NoAction {
    NotFound,
    /// With the methods that are allowed.
    MethodNotAllowed(&'static str),
}

impl Action {
    pub fn find(method: &str, path: &str) -> Result<Self, NoAction> {
        match (method, path) {
            ("GET", "/pump") => Ok(Self::ReadPump),
            ("POST", "/pump") => Ok(Self::SetPump),
            ("POST", "/valve") => Ok(Self::OpenValve),
            ("POST", "/logout") => Ok(Self::LogOut),
            (_, "/pump") => Err(NoAction::MethodNotAllowed("GET, POST")),
            (_, "/valve" | "/logout") => Err(NoAction::MethodNotAllowed("POST")),
            _ => Err(NoAction::NotFound),
        }
    }

    /// The scope that a token must have.
    pub fn scope(self) -> Option<&'static str> {
        match self {
            Self::ReadPump => Some("pump:read"),
            Self::SetPump | Self::OpenValve => Some("pump:write"),
            Self::LogOut => None,
        }
    }

    pub fn policy(self, stores: &Stores) -> AccessTokenPolicy<'_> {
        let policy = GATEWAY_POLICY.with_revocations(&stores.revoked);
        let policy = match self.scope() {
            Some(scope) => policy.with_required_scope(scope),
            None => policy,
        };
        if self == Self::OpenValve { policy.with_single_use(&stores.used) } else { policy }
    }
}

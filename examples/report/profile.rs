//! The profiles: the kind of token that is expected, and the policy of the crate that validates it.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Access tokens with all rules of RFC 9068.
    Access,
    /// Access tokens that are marked as such, and lack other parts of RFC 9068.
    Typed,
    /// Access tokens that are not marked as such.
    Generic,
    /// ID tokens of OpenID Connect.
    Id,
    /// DPoP proofs, without the access token that they belong to.
    Dpop,
}

impl Profile {
    /// The profiles for access tokens, the strictest first.
    pub const OF_ACCESS_TOKENS: [Self; 3] = [Self::Access, Self::Typed, Self::Generic];

    pub fn named(name: &str) -> Result<Self, String> {
        let mut all = Self::OF_ACCESS_TOKENS.into_iter().chain([Self::Id, Self::Dpop]);
        all.find(|profile| profile.name() == name || profile.constructor() == Some(name))
            .ok_or_else(|| format!("there is no profile {name:?}: it is access, typed, generic, id or dpop"))
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Typed => "typed",
            Self::Generic => "generic",
            Self::Id => "id",
            Self::Dpop => "dpop",
        }
    }

    /// Another name: the constructor of the policy, if no other profile has one of this name.
    fn constructor(self) -> Option<&'static str> {
        self.policy().split("::").nth(1).filter(|name| *name != "new")
    }

    /// The constructor of the policy, as a device calls it.
    pub fn policy(self) -> &'static str {
        match self {
            Self::Access => "AccessTokenPolicy::new",
            Self::Typed => "AccessTokenPolicy::at_jwt",
            Self::Generic => "AccessTokenPolicy::untyped",
            Self::Id => "IdTokenPolicy::new",
            Self::Dpop => "DpopPolicy::new",
        }
    }

    pub fn is_for_access_tokens(self) -> bool {
        Self::OF_ACCESS_TOKENS.contains(&self)
    }

    /// Whether claims can mark a token as one of another kind. In the other profiles, `typ` says enough.
    pub fn looks_at_marks(self) -> bool {
        matches!(self, Self::Generic | Self::Id)
    }

    /// Whether tokens with this `typ` in their header can pass. Some are refused later, for what their payload says.
    pub fn accepts_type(self, typ: Option<&str>) -> bool {
        match typ.map(short_type).as_deref() {
            None | Some("jwt") => matches!(self, Self::Generic | Self::Id),
            Some("jose") => self == Self::Generic,
            Some("at+jwt") => self.is_for_access_tokens(),
            Some("dpop+jwt") => self == Self::Dpop,
            Some(_) => false,
        }
    }
}

/// A media type in the form that types are compared in: lower case, without `application/`.
pub fn short_type(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/").map(str::to_owned).unwrap_or(typ)
}

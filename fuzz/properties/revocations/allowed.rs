//! The outcomes that the documentation allows, where it leaves room.

use embedded_jwt::Error;

/// Whether a request may be accepted, and the errors by which it may be refused.
#[derive(Clone, Debug)]
pub struct Allowed {
    may_be_accepted: bool,
    errors: Vec<Error>,
}

impl Allowed {
    pub const ACCEPTED: Self = Self { may_be_accepted: true, errors: Vec::new() };

    pub fn only(outcome: Result<(), Error>) -> Self {
        Self { may_be_accepted: outcome.is_ok(), errors: outcome.err().into_iter().collect() }
    }

    /// The outcomes of one check, which may or must refuse with this error.
    pub fn refused(may: bool, must: bool, error: Error) -> Self {
        Self { may_be_accepted: !must, errors: if may || must { vec![error] } else { vec![] } }
    }

    /// The outcomes of this step, and of the next one if this one may accept.
    pub fn and_then(mut self, next: impl FnOnce() -> Self) -> Self {
        if self.may_be_accepted {
            let next = next();
            self.may_be_accepted = next.may_be_accepted;
            self.errors.extend(next.errors);
        }
        self
    }

    /// Accepts where the step would refuse with these errors.
    pub fn forgiving(mut self, is_forgiven: impl Fn(&Error) -> bool) -> Self {
        self.may_be_accepted |= self.errors.iter().any(&is_forgiven);
        self.errors.retain(|error| !is_forgiven(error));
        self
    }

    /// The outcomes of the same step if it returns no other errors.
    pub fn with_errors(mut self, is_one: impl Fn(&Error) -> bool) -> Self {
        self.errors.retain(is_one);
        self
    }

    pub fn allows(&self, outcome: Result<(), Error>) -> bool {
        outcome.map_or_else(|error| self.errors.contains(&error), |()| self.may_be_accepted)
    }
}

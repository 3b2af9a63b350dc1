//! What can go wrong: values that break a rule, and storage that fails.

use std::error::Error as StdError;
use std::fmt;

use uuid::Uuid;

/// Why a value is refused. Part of the contract with callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The value is missing.
    Required,
    /// The value is longer than its limit.
    TooLong,
    /// The value is shorter than it has to be.
    TooShort,
    /// A number or a count is outside its range.
    OutOfRange,
    /// A character is not allowed here.
    ForbiddenCharacter,
    /// The value is not of the form it must have.
    Malformed,
    /// The name is not one that is known here.
    Unknown,
    /// The field cannot be set by callers.
    ReadOnly,
    /// The password is one of those that are guessed first.
    CommonPassword,
    /// A page token was altered or was never issued.
    PageTokenInvalid,
    /// A page token was issued for another request.
    PageTokenMismatch,
    /// A page token is older than tokens are kept.
    PageTokenExpired,
}

/// A value that a value type refused: why, and in words for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Why, for programs.
    pub reason: Reason,
    /// Why, for people: continues a sentence that starts with the field's name.
    pub message: String,
}

impl Invalid {
    /// A refusal for `reason`, explained by `message`.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }

    /// The refusal of a value that is missing.
    pub fn required() -> Self {
        Self::new(Reason::Required, "is required")
    }

    /// Names the field that holds the value.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Violation {
        Violation {
            field: field.into(),
            reason: self.reason,
            message: self.message,
        }
    }
}

/// One field that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field in the caller's request, such as `user.email`.
    pub field: String,
    /// Why, for programs.
    pub reason: Reason,
    /// Why, for people.
    pub message: String,
}

/// Every field of a request that breaks a rule; never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValidationError {
    violations: Vec<Violation>,
}

impl ValidationError {
    /// The violations, in the order in which they were found.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The same, of a message that is itself in the field `outer` of another one.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        for violation in &mut self.violations {
            violation.field = format!("{outer}.{}", violation.field);
        }
        self
    }
}

impl From<Violation> for ValidationError {
    fn from(violation: Violation) -> Self {
        Self {
            violations: vec![violation],
        }
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.violations.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{} {}", violation.field, violation.message)?;
        }
        Ok(())
    }
}

impl StdError for ValidationError {}

/// Both values, or what is wrong with either of them.
pub fn join<A, B>(
    a: Result<A, ValidationError>,
    b: Result<B, ValidationError>,
) -> Result<(A, B), ValidationError> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(mut a), Err(b)) => {
            a.violations.extend(b.violations);
            Err(a)
        }
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
    }
}

/// Collects violations, so that a refusal names every wrong field and not only
/// the first.
#[derive(Debug, Default)]
pub struct Violations(ValidationError);

impl Violations {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value, or `None` after noting what is wrong with `field`.
    pub fn check<T>(&mut self, field: &str, value: Result<T, Invalid>) -> Option<T> {
        value
            .map_err(|invalid| self.0.violations.push(invalid.at(field)))
            .ok()
    }

    /// Notes a violation.
    pub fn push(&mut self, violation: Violation) {
        self.0.violations.push(violation);
    }

    /// The value, or `None` after noting all that is wrong.
    pub fn gather<T>(&mut self, value: Result<T, ValidationError>) -> Option<T> {
        value
            .map_err(|error| self.0.violations.extend(error.violations))
            .ok()
    }

    /// All that was noted, as an error; `Ok` if nothing was.
    pub fn finish(self) -> Result<(), ValidationError> {
        if self.0.violations.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }

    /// `value`, if nothing was noted. A caller passes `None` only for a value
    /// whose field was noted.
    pub fn finish_with<T>(self, value: Option<T>) -> Result<T, ValidationError> {
        self.finish()?;
        value.ok_or_else(|| Invalid::required().at("request").into())
    }
}

/// The kinds of resource that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A [`crate::user::User`].
    User,
    /// A [`crate::post::Post`].
    Post,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Post => "post",
        })
    }
}

/// What an adapter met underneath; logged, never shown to a caller.
pub type Source = Box<dyn StdError + Send + Sync>;

/// A stored value that breaks a rule of its type: somebody else wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table}.{column} of {id} holds an invalid value")]
pub struct Corrupt {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The row.
    pub id: Uuid,
}

/// Why storage could not do what was asked. A missing row is no error: the
/// ports answer `None`.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// Another resource has this value in a field that must be unique.
    #[error("a {resource} with this {field} already exists")]
    AlreadyExists {
        /// The kind of the resource.
        resource: Resource,
        /// The field, by its name in the contract.
        field: &'static str,
    },
    /// The resource that is referred to does not exist.
    #[error("the {resource} that is referred to does not exist")]
    ReferenceMissing {
        /// The kind of the resource that is missing.
        resource: Resource,
    },
    /// The row was changed since it was read.
    #[error("the {resource} was changed meanwhile")]
    StaleVersion {
        /// The kind of the resource.
        resource: Resource,
    },
    /// The resources asked for weigh more than [`crate::page::MAX_BYTES`] together.
    #[error("the resources asked for are too large for one answer")]
    TooLarge,
    /// A serialization failure, a deadlock or a lock that was not to be had in
    /// time. Nothing was changed: the whole unit of work can be tried again.
    #[error("concurrent changes are in the way")]
    Contention(#[source] Source),
    /// The database cannot be reached, or not in time. What was asked for was not done.
    #[error("the database is not available")]
    Unavailable(#[source] Source),
    /// A statement ran for longer than it may, or was cancelled. What was asked for was not done;
    /// something else may be.
    #[error("the database did not answer in time")]
    TimedOut(#[source] Source),
    /// The connection ended while it was used, as when the server goes away. Another one
    /// may do.
    #[error("the connection to the database was lost")]
    ConnectionLost(#[source] Source),
    /// A stored value breaks a rule of its type.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// Anything else: a defect.
    #[error("the database refused a statement")]
    Internal(#[source] Source),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named() {
        let mut violations = Violations::new();
        assert_eq!(violations.check::<()>("a", Err(Invalid::required())), None);
        assert_eq!(violations.check("b", Ok(1)), Some(1));
        violations.push(Invalid::new(Reason::Unknown, "is not known").at("c"));
        let error = violations.finish().unwrap_err();
        assert_eq!(error.to_string(), "a is required; c is not known");
    }
}

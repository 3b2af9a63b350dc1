//! Passwords on the wire.

use byline_app::credential::{ImportPasswordHash, SetPassword, VerifyPassword};
use byline_app::user::UserKey;
use byline_domain::credential::{NewPassword, Password, PasswordHash};
use byline_domain::error::{Invalid, Reason, ValidationError, Violations};
use byline_domain::ids::UserId;
use byline_domain::user::Email;
use secrecy::SecretString;

use crate::pb;

/// The passwords of a request, which are no part of its digest: that would be quick to guess
/// them from.
pub(crate) struct Passwords {
    new: SecretString,
    current: Option<SecretString>,
}

/// Takes the passwords out of the request.
pub(crate) fn take_passwords(request: &mut pb::SetPasswordRequest) -> Passwords {
    Passwords {
        new: std::mem::take(&mut request.new_password).into(),
        current: request.current_password.take().map(Into::into),
    }
}

pub(crate) fn set(
    request: &pb::SetPasswordRequest,
    passwords: Passwords,
) -> Result<SetPassword, ValidationError> {
    let mut violations = Violations::new();
    let user = violations.check("user_id", UserId::parse(&request.user_id));
    let new = violations.check("new_password", NewPassword::parse(passwords.new));
    let current = passwords.current.map(Password::parse).transpose();
    let current = violations.check("current_password", current);
    violations.finish_with((|| {
        Some(SetPassword {
            user: user?,
            new: new?,
            current: current?,
        })
    })())
}

pub(crate) fn verify(
    request: pb::VerifyPasswordRequest,
) -> Result<VerifyPassword, ValidationError> {
    use pb::verify_password_request::Key;
    let mut violations = Violations::new();
    let (field, key) = match request.key {
        Some(Key::Id(id)) => ("id", UserId::parse(&id).map(UserKey::Id)),
        Some(Key::Email(email)) => ("email", Email::parse(email).map(UserKey::Email)),
        None => {
            let message = "is required: set id or email";
            ("key", Err(Invalid::new(Reason::Required, message)))
        }
    };
    let key = violations.check(field, key);
    let password = violations.check("password", Password::parse(request.password));
    violations.finish_with((|| {
        Some(VerifyPassword {
            key: key?,
            password: password?,
        })
    })())
}

pub(crate) fn import(
    request: pb::ImportPasswordHashRequest,
) -> Result<ImportPasswordHash, ValidationError> {
    let mut violations = Violations::new();
    let user = violations.check("user_id", UserId::parse(&request.user_id));
    let hash = violations.check("hash", PasswordHash::parse(request.hash));
    violations.finish_with((|| {
        Some(ImportPasswordHash {
            user: user?,
            hash: hash?,
        })
    })())
}

#[cfg(test)]
mod tests {
    use byline_domain::access::Caller;

    use super::*;
    use crate::convert::intent;

    const ID: &str = "0190a6c2-7e8f-7a30-9c4e-2f1b6d5a8e01";

    fn digest_of(new: &str, current: Option<&str>, user: &str) -> [u8; 32] {
        let mut request = pb::SetPasswordRequest {
            user_id: user.to_owned(),
            new_password: new.to_owned(),
            current_password: current.map(str::to_owned),
            request_id: ID.to_owned(),
            validate_only: false,
        };
        take_passwords(&mut request);
        let intent = intent::take(&mut request, &Caller::anybody()).expect("a valid id");
        intent.request.expect("it has an id").digest.0
    }

    #[test]
    fn no_password_is_in_a_digest_that_is_quick_to_make() {
        let first = digest_of("correct horse", Some("battery staple"), ID);
        assert_eq!(digest_of("another one", None, ID), first);
        assert_ne!(digest_of("correct horse", None, "another user"), first);
    }

    #[test]
    fn every_wrong_field_is_named() {
        let mut request = pb::SetPasswordRequest {
            new_password: "short".to_owned(),
            current_password: Some(String::new()),
            ..pb::SetPasswordRequest::default()
        };
        let passwords = take_passwords(&mut request);
        let error = set(&request, passwords).unwrap_err();
        let told: Vec<_> = error
            .violations()
            .iter()
            .map(|violation| (violation.field.as_str(), violation.reason))
            .collect();
        let expected = [
            ("user_id", Reason::Required),
            ("new_password", Reason::TooShort),
            ("current_password", Reason::Required),
        ];
        assert_eq!(told, expected);
    }
}

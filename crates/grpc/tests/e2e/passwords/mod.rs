//! Passwords through the program.

mod alike;
mod importing;
mod load;
mod measured;
mod secrets;
mod setting;
mod throttling;

use byline_grpc::pb;
use byline_grpc::pb::credential_service_client::CredentialServiceClient;
use byline_grpc::pb::verify_password_request::Key;
use tonic::transport::Channel;
use tonic::{Response, Status};

use crate::support::World;

const PASSWORD: &str = "correct horse battery";

type Verified = Result<Response<pb::VerifyPasswordResponse>, Status>;

/// Verifies by an address, or by an id where that is none.
async fn verify(
    credentials: &CredentialServiceClient<Channel>,
    whose: &str,
    password: &str,
) -> Verified {
    let key = if whose.contains('@') {
        Key::Email(whose.to_owned())
    } else {
        Key::Id(whose.to_owned())
    };
    let request = pb::VerifyPasswordRequest {
        key: Some(key),
        password: password.to_owned(),
    };
    credentials.clone().verify_password(request).await
}

fn to_set(user: &pb::User, password: &str) -> pb::SetPasswordRequest {
    pb::SetPasswordRequest {
        user_id: user.id.clone(),
        new_password: password.to_owned(),
        ..pb::SetPasswordRequest::default()
    }
}

impl World {
    async fn verify(&self, whose: &str, password: &str) -> Verified {
        verify(&self.credentials, whose, password).await
    }

    async fn set(
        &self,
        request: pb::SetPasswordRequest,
    ) -> Result<Response<pb::SetPasswordResponse>, Status> {
        self.credentials.clone().set_password(request).await
    }

    /// A user of that address whose password is [`PASSWORD`].
    async fn user_with_password(&self, email: &str) -> pb::User {
        let user = self.user(email).await;
        self.set(to_set(&user, PASSWORD)).await.unwrap();
        user
    }

    async fn import(&self, user: &pb::User, hash: &str) -> Result<(), Status> {
        let request = pb::ImportPasswordHashRequest {
            user_id: user.id.clone(),
            hash: hash.to_owned(),
            ..pb::ImportPasswordHashRequest::default()
        };
        let mut credentials = self.credentials.clone();
        credentials.import_password_hash(request).await.map(drop)
    }
}

//! Changes of users that are made along with others that arrive together.

use async_trait::async_trait;
use byline_domain::unit_of_work::UnitOfWork;
use byline_domain::user::User;
use uuid::Uuid;

use super::{CreateUser, UpdateUser};
use crate::{Error, Grouped};

macro_rules! grouped {
    ($change:ty) => {
        #[async_trait]
        impl Grouped for $change {
            fn resource(&self) -> Uuid {
                self.id.as_uuid()
            }

            fn is_light(&self) -> bool {
                true
            }

            async fn outputs(
                made: Vec<(&Self, User)>,
                _unit: &mut dyn UnitOfWork,
            ) -> Result<Vec<User>, Error> {
                Ok(made.into_iter().map(|(_, user)| user).collect())
            }
        }
    };
}

grouped!(CreateUser);
grouped!(UpdateUser);

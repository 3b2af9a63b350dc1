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
            type Stored = ();

            fn resource(&self) -> Uuid {
                self.id.as_uuid()
            }

            fn is_light(&self) -> bool {
                true
            }

            async fn hold(items: &[Self], _unit: &mut dyn UnitOfWork) -> Result<Vec<()>, Error> {
                Ok(vec![(); items.len()])
            }

            fn output(self, made: User, (): ()) -> User {
                made
            }
        }
    };
}

grouped!(CreateUser);
grouped!(UpdateUser);

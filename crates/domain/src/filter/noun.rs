//! What can be filtered: the fields of a noun, and the one relation that it has.

use super::{FieldTest, Pattern, PostTest, UserTest};
use crate::field::Field;
use crate::post::PostField;
use crate::user::UserField;

/// A noun, as filters know it.
pub(super) trait Noun {
    /// Its own fields.
    type Own: Field;
    /// The fields of the noun that it is related with.
    type Other: Field;
    /// What it is tested for.
    type Test;

    /// The name of the relation.
    const RELATION: &'static str;
    /// The name of the relation that leads back.
    const BACK: &'static str;

    fn field(test: FieldTest<Self::Own>) -> Self::Test;
    fn related(test: Option<FieldTest<Self::Other>>) -> Self::Test;
    fn mentions(pattern: Pattern) -> Self::Test;
}

pub(super) enum Users {}

impl Noun for Users {
    type Own = UserField;
    type Other = PostField;
    type Test = UserTest;

    const RELATION: &'static str = "posts";
    const BACK: &'static str = "author";

    fn field(test: FieldTest<UserField>) -> UserTest {
        UserTest::Field(test)
    }

    fn related(test: Option<FieldTest<PostField>>) -> UserTest {
        UserTest::SomePost(test)
    }

    fn mentions(pattern: Pattern) -> UserTest {
        UserTest::Mentions(pattern)
    }
}

pub(super) enum Posts {}

impl Noun for Posts {
    type Own = PostField;
    type Other = UserField;
    type Test = PostTest;

    const RELATION: &'static str = "author";
    const BACK: &'static str = "posts";

    fn field(test: FieldTest<PostField>) -> PostTest {
        PostTest::Field(test)
    }

    fn related(test: Option<FieldTest<UserField>>) -> PostTest {
        PostTest::Author(test)
    }

    fn mentions(pattern: Pattern) -> PostTest {
        PostTest::Mentions(pattern)
    }
}

//! What can be filtered: the fields of a noun, and the relation if it has one.

use super::{FieldTest, Filter, Pattern, PostTest, UserTest, ValueTest};
use crate::audit::{AuditField, AuditTest};
use crate::field::Field;
use crate::post::PostField;
use crate::user::UserField;

/// A noun, as filters know it.
pub(super) trait Noun: Sized + 'static {
    /// Its own fields.
    type Own: Field;
    /// The fields of the noun that it is related with; its own where there is no relation.
    type Other: Field;
    /// What it is tested for.
    type Test;

    /// The relation, if there is one.
    const RELATION: Option<&'static Relation<Self>>;

    fn field(test: FieldTest<Self::Own>) -> Self::Test;
    fn mentions(pattern: Pattern) -> Filter<Self::Test>;
}

/// A relation of `N`.
pub(super) struct Relation<N: Noun> {
    /// Its name.
    pub(super) name: &'static str,
    /// The name of the relation that leads back.
    pub(super) back: &'static str,
    /// A field behind it, to show in messages.
    pub(super) example: &'static str,
    /// What `N` is tested for: that there is one behind it, which meets the test if there is one.
    pub(super) test: fn(Option<FieldTest<N::Other>>) -> N::Test,
}

pub(super) enum Users {}

impl Noun for Users {
    type Own = UserField;
    type Other = PostField;
    type Test = UserTest;

    const RELATION: Option<&'static Relation<Self>> = Some(&Relation {
        name: "posts",
        back: "author",
        example: "posts.title",
        test: UserTest::SomePost,
    });

    fn field(test: FieldTest<UserField>) -> UserTest {
        UserTest::Field(test)
    }

    fn mentions(pattern: Pattern) -> Filter<UserTest> {
        Filter::Test(UserTest::Mentions(pattern))
    }
}

pub(super) enum Posts {}

impl Noun for Posts {
    type Own = PostField;
    type Other = UserField;
    type Test = PostTest;

    const RELATION: Option<&'static Relation<Self>> = Some(&Relation {
        name: "author",
        back: "posts",
        example: "author.email",
        test: PostTest::Author,
    });

    fn field(test: FieldTest<PostField>) -> PostTest {
        PostTest::Field(test)
    }

    fn mentions(pattern: Pattern) -> Filter<PostTest> {
        Filter::Test(PostTest::Mentions(pattern))
    }
}

pub(super) enum AuditEvents {}

impl Noun for AuditEvents {
    type Own = AuditField;
    type Other = AuditField;
    type Test = AuditTest;

    const RELATION: Option<&'static Relation<Self>> = None;

    fn field(test: AuditTest) -> AuditTest {
        test
    }

    fn mentions(pattern: Pattern) -> Filter<AuditTest> {
        let fields = [AuditField::Caller, AuditField::Method, AuditField::Action];
        Filter::any(fields.map(|field| {
            Filter::Test(FieldTest {
                field,
                negated: false,
                test: ValueTest::Matches(pattern.clone()),
            })
        }))
    }
}

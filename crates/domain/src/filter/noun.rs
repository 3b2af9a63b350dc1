//! What can be filtered: the fields of a noun, and the relation if it has one.

use super::{FieldTest, Filter, Pattern, PostTest, UserTest, ValueTest};
use crate::audit::{AuditField, AuditTest};
use crate::field::{Field, Kind};
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

    /// The relation, if there is one.
    const RELATION: Option<Relation>;

    fn field(test: FieldTest<Self::Own>) -> Self::Test;
    fn related(test: Option<FieldTest<Self::Other>>) -> Filter<Self::Test>;
    fn mentions(pattern: Pattern) -> Filter<Self::Test>;
}

/// A relation.
#[derive(Clone, Copy)]
pub(super) struct Relation {
    /// Its name.
    pub(super) name: &'static str,
    /// The name of the relation that leads back.
    pub(super) back: &'static str,
    /// A field behind it, to show in messages.
    pub(super) example: &'static str,
}

pub(super) enum Users {}

impl Noun for Users {
    type Own = UserField;
    type Other = PostField;
    type Test = UserTest;

    const RELATION: Option<Relation> = Some(Relation {
        name: "posts",
        back: "author",
        example: "posts.title",
    });

    fn field(test: FieldTest<UserField>) -> UserTest {
        UserTest::Field(test)
    }

    fn related(test: Option<FieldTest<PostField>>) -> Filter<UserTest> {
        Filter::Test(UserTest::SomePost(test))
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

    const RELATION: Option<Relation> = Some(Relation {
        name: "author",
        back: "posts",
        example: "author.email",
    });

    fn field(test: FieldTest<PostField>) -> PostTest {
        PostTest::Field(test)
    }

    fn related(test: Option<FieldTest<UserField>>) -> Filter<PostTest> {
        Filter::Test(PostTest::Author(test))
    }

    fn mentions(pattern: Pattern) -> Filter<PostTest> {
        Filter::Test(PostTest::Mentions(pattern))
    }
}

pub(super) enum AuditEvents {}

/// What is behind a relation that there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NoField {}

impl Field for NoField {
    const ALL: &'static [Self] = &[];

    fn name(self) -> &'static str {
        match self {}
    }

    fn kind(self) -> Kind {
        match self {}
    }

    fn folds_case(self) -> bool {
        match self {}
    }

    fn is_nullable(self) -> bool {
        match self {}
    }
}

impl Noun for AuditEvents {
    type Own = AuditField;
    type Other = NoField;
    type Test = AuditTest;

    const RELATION: Option<Relation> = None;

    fn field(test: AuditTest) -> AuditTest {
        test
    }

    fn related(_test: Option<FieldTest<NoField>>) -> Filter<AuditTest> {
        Filter::Any(Vec::new())
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

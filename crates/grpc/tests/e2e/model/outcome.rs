//! What was answered, and whether it is what the model expects.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use byline_grpc::pb;
use byline_grpc::pb::operation_result::Result as Done;
use byline_grpc::pb::{post_result, user_result};

use crate::model::refusal::Refusal;
use crate::model::report::Report;
use crate::model::state::{Chosen, Model, Post, Stamps, User, micros};

/// What was answered, in the shape that all methods share.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    User(Box<pb::User>),
    Post(Box<pb::Post>),
    Nothing,
    Transferred(i64),
    Many(Vec<Self>),
    Imported(Report),
    Refused(Refusal),
}

/// What the model expects to be answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expected {
    User(User),
    Post(Post),
    /// A post without what it says.
    Head(Post),
    Nothing,
    Transferred(i64),
    Many(Vec<Self>),
    Imported(Report),
    Refused(Refusal),
}

/// What the model makes of a change.
pub(crate) type Made = Result<Expected, Refusal>;

impl Expected {
    /// As batches and transactions answer it.
    pub(crate) fn brief(self) -> Self {
        if let Self::Post(post) = self {
            Self::Head(post)
        } else {
            self
        }
    }

    /// As it is answered if it is only to be tried.
    pub(crate) fn tried(self) -> Self {
        if let Self::Imported(report) = self {
            Self::Imported(Report {
                applied: false,
                ..report
            })
        } else {
            self
        }
    }

    /// Whether something is kept of what is answered so.
    pub(crate) const fn is_kept(&self) -> bool {
        !matches!(self, Self::Imported(Report { applied: false, .. }))
    }

    /// Whether that was told; learns what the service chose.
    pub(crate) fn is_told_by(&self, told: &Told, learnt: &mut Learnt) -> bool {
        match (self, told) {
            (Self::User(user), Told::User(told)) => learnt.is_user(user, told),
            (Self::Post(post), Told::Post(told)) => learnt.is_post(post, told),
            (Self::Head(post), Told::Post(told)) => {
                let head = Post {
                    content: None,
                    ..post.clone()
                };
                learnt.is_post(&head, told)
            }
            (Self::Nothing, Told::Nothing) => true,
            (Self::Transferred(count), Told::Transferred(told)) => count == told,
            (Self::Many(many), Told::Many(told)) => {
                let mut pairs = many.iter().zip(told);
                many.len() == told.len() && pairs.all(|(one, told)| one.is_told_by(told, learnt))
            }
            (Self::Imported(report), Told::Imported(told)) => report.is_told_by(told),
            (Self::Refused(refusal), Told::Refused(told)) => refusal.is_told_by(told),
            _ => false,
        }
    }
}

/// By how much the clock may be set while a call is under way.
const SLACK: Duration = Duration::from_secs(5);

/// Later than the times that requests bring along; in microseconds since 1970.
const MADE_UP: i64 = 1_700_000_000_000_000;

/// What the service chose, by the numbers that the model gave to it.
#[derive(Clone, Debug)]
pub(crate) struct Learnt {
    /// When the call began that it was chosen in.
    began: SystemTime,
    texts: BTreeMap<u32, String>,
    times: BTreeMap<u32, i64>,
    /// The etags that were chosen for a resource: its id, the number and the etag.
    pub(crate) etags: Vec<(String, u32, String)>,
}

impl Learnt {
    /// Nothing yet, of a call that began then.
    pub(crate) const fn since(began: SystemTime) -> Self {
        Self {
            began,
            texts: BTreeMap::new(),
            times: BTreeMap::new(),
            etags: Vec::new(),
        }
    }

    pub(crate) fn text(&self, text: &Chosen<String>) -> Option<String> {
        match text {
            Chosen::Known(text) => Some(text.clone()),
            Chosen::Open(number) => self.texts.get(number).cloned(),
        }
    }

    pub(crate) fn time(&self, time: &Chosen<i64>) -> Option<i64> {
        match time {
            Chosen::Known(time) => Some(*time),
            Chosen::Open(number) => self.times.get(number).copied(),
        }
    }

    /// Choices as a service could make them, of all that a model leaves open.
    pub(crate) fn made_up(model: &Model) -> Self {
        let mut learnt = Self::since(SystemTime::now());
        for number in 0..=model.last_open() {
            learnt.times.insert(number, MADE_UP + i64::from(number));
            learnt
                .texts
                .insert(number, format!("f0000000-0000-7000-8000-{number:012}"));
        }
        learnt
    }

    /// A time that was chosen and is not one of the call.
    pub(crate) fn other_time(&self) -> Option<i64> {
        let micros = |time: SystemTime| {
            let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
            i64::try_from(since.as_micros()).unwrap()
        };
        let span = micros(self.began - SLACK)..=micros(SystemTime::now() + SLACK);
        let mut times = self.times.values().copied();
        times.find(|time| !span.contains(time))
    }

    /// Whether the resource of that id is told as it is; one whose id nobody told is any that
    /// fits, and that no other one is.
    pub(crate) fn finds<T: Shown>(
        &mut self,
        id: &Chosen<String>,
        told: &[T],
        fits: impl Fn(&mut Self, &T) -> bool,
    ) -> bool {
        if let Some(id) = self.text(id) {
            let found = told.iter().find(|told| told.id() == id);
            return found.is_some_and(|told| fits(self, told));
        }
        for told in told {
            let mut learnt = self.clone();
            let is_other = self.texts.values().any(|text| text == told.id());
            if !is_other && fits(&mut learnt, told) && learnt.other_time().is_none() {
                *self = learnt;
                return true;
            }
        }
        false
    }

    pub(crate) fn learn_text(&mut self, text: &Chosen<String>, told: &str) {
        if let Chosen::Open(number) = text {
            self.texts.entry(*number).or_insert_with(|| told.to_owned());
        }
    }

    pub(crate) fn learn_time(&mut self, time: Option<&Chosen<i64>>, told: Option<i64>) {
        if let (Some(Chosen::Open(number)), Some(told)) = (time, told) {
            self.times.entry(*number).or_insert(told);
        }
    }

    fn learn_stamps(&mut self, id: &str, stamps: &Stamps, told: [Option<i64>; 2], etag: &str) {
        let [created_at, updated_at] = told;
        self.learn_time(Some(&stamps.created_at), created_at);
        self.learn_time(stamps.updated_at.as_ref(), updated_at);
        self.learn_text(&stamps.etag, etag);
        if let Chosen::Open(number) = stamps.etag {
            self.etags.push((id.to_owned(), number, etag.to_owned()));
        }
    }

    /// Whether it is that user, to the last field.
    pub(crate) fn is_user(&mut self, user: &User, told: &pb::User) -> bool {
        self.learn_text(&user.id, &told.id);
        let times = [told.created_at, told.updated_at].map(|time| time.as_ref().map(micros));
        self.learn_stamps(&told.id, &user.stamps, times, &told.etag);
        user.shown(self).as_ref() == Some(told)
    }

    /// Whether it is that post, to the last field.
    pub(crate) fn is_post(&mut self, post: &Post, told: &pb::Post) -> bool {
        self.learn_text(&post.id, &told.id);
        let times = [told.created_at, told.updated_at].map(|time| time.as_ref().map(micros));
        self.learn_stamps(&told.id, &post.stamps, times, &told.etag);
        let since = told.published_at.as_ref().map(micros);
        self.learn_time(post.published_at.as_ref(), since);
        post.shown(self).as_ref() == Some(told)
    }
}

/// What has an id.
pub(crate) trait Shown {
    fn id(&self) -> &str;
}

impl Shown for pb::User {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Shown for pb::Post {
    fn id(&self) -> &str {
        &self.id
    }
}

fn user(user: Option<pb::User>) -> Told {
    Told::User(Box::new(user.unwrap()))
}

fn post(post: Option<pb::Post>) -> Told {
    Told::Post(Box::new(post.unwrap()))
}

macro_rules! told {
    ($field:ident: $($response:ident,)*) => {
        $(
            impl From<pb::$response> for Told {
                fn from(response: pb::$response) -> Self {
                    $field(response.$field)
                }
            }
        )*
    };
}

told! {
    user: CreateUserResponse, UpdateUserResponse, DeleteUserResponse, UndeleteUserResponse,
}
told! {
    post: CreatePostResponse, UpdatePostResponse, PublishPostResponse, UnpublishPostResponse,
    DeletePostResponse, UndeletePostResponse,
}
told! {
    results: BatchCreateUsersResponse, BatchUpdateUsersResponse, BatchDeleteUsersResponse,
    BatchCreatePostsResponse, BatchUpdatePostsResponse, BatchDeletePostsResponse,
    ExecuteTransactionResponse,
}

fn results<R: Into<Told>>(results: Vec<R>) -> Told {
    Told::Many(results.into_iter().map(Into::into).collect())
}

impl From<pb::PurgeUserResponse> for Told {
    fn from(_: pb::PurgeUserResponse) -> Self {
        Self::Nothing
    }
}

impl From<pb::PurgePostResponse> for Told {
    fn from(_: pb::PurgePostResponse) -> Self {
        Self::Nothing
    }
}

impl From<pb::TransferPostsResponse> for Told {
    fn from(response: pb::TransferPostsResponse) -> Self {
        Self::Transferred(response.transferred_count)
    }
}

impl From<pb::ImportUsersResponse> for Told {
    fn from(response: pb::ImportUsersResponse) -> Self {
        Self::Imported(response.report.unwrap().into())
    }
}

impl From<pb::ImportPostsResponse> for Told {
    fn from(response: pb::ImportPostsResponse) -> Self {
        Self::Imported(response.report.unwrap().into())
    }
}

impl From<pb::UserResult> for Told {
    fn from(result: pb::UserResult) -> Self {
        match result.result.unwrap() {
            user_result::Result::User(one) => user(Some(one)),
            user_result::Result::Status(status) => Self::Refused(Refusal::read(&status)),
        }
    }
}

impl From<pb::PostResult> for Told {
    fn from(result: pb::PostResult) -> Self {
        match result.result.unwrap() {
            post_result::Result::Post(one) => post(Some(one)),
            post_result::Result::Status(status) => Self::Refused(Refusal::read(&status)),
        }
    }
}

impl From<pb::OperationResult> for Told {
    fn from(result: pb::OperationResult) -> Self {
        match result.result.unwrap() {
            Done::User(one) => user(Some(one)),
            Done::Post(one) => post(Some(one)),
            Done::Nested(nested) => results(nested.results),
            Done::Status(status) => Self::Refused(Refusal::read(&status)),
            Done::Transfer(transfer) => transfer.into(),
        }
    }
}

//! Changes that arrive together.

use byline_grpc::pb;
use futures_util::future::join_all;

use super::{Caller, note};

/// So many at once. The first of them are made alone, and the others wait for these.
const MANY: usize = 12;

/// How often they are made anew, in case that they did not arrive together.
const TRIES: usize = 20;

/// What every unit of work of many sends.
const CLAIMS: &str = "insert into request_records";
const ANSWERS: &str = "update request_records as record";

/// `together!(caller, "Name", parts, number => users.create_user(request))`: makes many calls until
/// some of them are one unit of work, in which there are those parts, and has that noted. Their answers.
macro_rules! together {
    ($caller:ident, $name:literal, $parts:expr,
        $try:ident, $number:ident => $service:ident.$method:ident($request:expr)) => {{
        let mut answers = Vec::new();
        let mut is_noted = false;
        for $try in 0..TRIES {
            let mut calls = Vec::new();
            for $number in 0..MANY {
                let (mut service, request) = ($caller.$service.clone(), $request);
                calls.push(async move { service.$method(request).await });
            }
            answers = join_all(calls).await;
            is_noted = $caller.log.note_together($name, $parts);
            if is_noted {
                break;
            }
        }
        if !is_noted {
            $caller.log.refuse($name);
        }
        let answers = answers.into_iter().flatten();
        answers.map(tonic::Response::into_inner)
    }};
}

impl Caller<'_> {
    pub(super) async fn together(&mut self) {
        let first = self.new_user("mary");
        note!(self, "CreateUser", users.create_user(first.clone()));
        let parts = [
            CLAIMS,
            "response from request_records where id = any",
            "delete from request_records",
            ANSWERS,
        ];
        let made = together!(self, "CreateUser, together", &parts, again, number =>
            users.create_user(match number {
                // A retry, and one whose address is taken.
                5 => first.clone(),
                7 => self.new_user("mary"),
                _ => self.new_user(&format!("mary-{again}-{number}")),
            })
        );
        let users: Vec<_> = made.filter_map(|answer| Some(answer.user?.id)).collect();
        let parts = [CLAIMS, "update users", ANSWERS];
        let _ = together!(self, "UpdateUser, together", &parts, again, number => users.update_user(
            pb::UpdateUserRequest {
                user: Some(pb::User {
                    id: users.get(number).cloned().unwrap_or_default(),
                    email: format!("maria-{again}-{number}@{}", super::super::DOMAIN),
                    ..pb::User::default()
                }),
                request_id: self.request_id(),
                ..pb::UpdateUserRequest::default()
            }
        ));
        let author = users.first().cloned().unwrap_or_default();
        let parts = [CLAIMS, "insert into posts", ANSWERS];
        let made = together!(self, "CreatePost, together", &parts, again, number =>
            posts.create_post(self.new_post(&author, &format!("Gardens {again} {number}")))
        );
        let posts: Vec<_> = made.filter_map(|answer| Some(answer.post?.id)).collect();
        let parts = [
            CLAIMS,
            "order by id for update",
            "is not distinct from given.content",
            // What some say that are given no content.
            "weighed as (",
            ANSWERS,
        ];
        let _ = together!(self, "UpdatePost, together", &parts, again, number => posts.update_post(
            pb::UpdatePostRequest {
                post: Some(pb::Post {
                    id: posts.get(number).cloned().unwrap_or_default(),
                    title: format!("Walks {again} {number}"),
                    content: (number % 2 == 0).then(|| format!("Past {again} gardens.")),
                    ..pb::Post::default()
                }),
                request_id: self.request_id(),
                ..pb::UpdatePostRequest::default()
            }
        ));
    }
}

//! Plays cases against the service, and compares every answer and the whole state.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::SystemTime;

use byline_grpc::pb;
use byline_persistence::testing::{Connection, count, execute};
use prost::Message;
use tonic::transport::Channel;

use crate::model::letters::Letters;
use crate::model::outcome::{Learnt, Told};
use crate::model::plan::Move;
use crate::model::player::{Answer, Asked, Player};
use crate::model::refusal::Refusal;
use crate::model::state::Model;
use crate::support::World;
use crate::wire::{call, call_with};

/// So that a case has several pages.
const PAGE_SIZE: i32 = 3;

/// A service, and what is the same for all cases.
pub(crate) struct Stage {
    channel: Channel,
    letters: Arc<Letters>,
    world: World,
}

fn differs<T>(what: &str, expected: &impl Debug, told: &impl Debug) -> Result<T, String> {
    Err(format!(
        "{what}\nexpected: {expected:#?}\nanswered: {told:#?}"
    ))
}

impl Stage {
    pub(crate) async fn new() -> Self {
        // What was imported into the trash may have had its time long ago.
        let world = World::with(&["--sweep-interval", "0s"]).await;
        Self {
            channel: world.server.channel().await,
            letters: Arc::new(Letters::of(&world.database).await),
            world,
        }
    }

    /// Plays a case; tells the first thing that is not as the contract says.
    pub(crate) async fn play(&self, moves: &[Move]) -> Result<(), String> {
        let mut connection = self.world.database.connection().await;
        let empty = "delete from posts; delete from users; delete from request_records";
        execute(&mut connection, empty).await;
        let mut player = Player::new(self.letters.clone());
        for next in moves {
            let asked = player.request(next);
            let outcome = self.ask(&mut player, &asked).await;
            outcome.map_err(|wrong| format!("{asked:#?}\n{wrong}"))?;
        }
        let nothing_new = &mut Learnt::since(SystemTime::now());
        self.compare(&player.model, nothing_new, PAGE_SIZE).await?;
        records_are(&player, &mut connection).await
    }

    async fn ask(&self, player: &mut Player, asked: &Asked) -> Result<(), String> {
        let expected = player.expect(asked);
        let mut learnt = Learnt::since(SystemTime::now());
        let messages = asked.call.encode(&asked.request_id, asked.trial);
        let answer = call_with(&self.channel, asked.call.path(), messages).await;
        let (told, bytes) = match answer {
            Ok(bytes) => (asked.call.told(&bytes), bytes),
            Err(status) => (Told::Refused(Refusal::of_call(&status)), Vec::new()),
        };
        match expected {
            Answer::Recorded(first) if first == bytes => {}
            Answer::Recorded(first) => {
                return differs("another answer", &asked.call.told(&first), &told);
            }
            Answer::Made(expected, _) if !expected.is_told_by(&told, &mut learnt) => {
                return differs("another answer", &expected, &told);
            }
            Answer::Made(_, Some(kept)) => {
                self.compare(&kept, &mut learnt, 1_000).await?;
                are_now(&learnt)?;
                return player.keep(asked, kept, &learnt, bytes);
            }
            Answer::Made(_, None) => {
                player.model.check_etags(&learnt)?;
                are_now(&learnt)?;
            }
        }
        let nothing_new = &mut Learnt::since(SystemTime::now());
        self.compare(&player.model, nothing_new, 1_000).await
    }

    /// Whether the service has what the model has, to the last field.
    async fn compare(
        &self,
        model: &Model,
        learnt: &mut Learnt,
        page_size: i32,
    ) -> Result<(), String> {
        let users = self.users(page_size).await;
        let posts = self.posts(page_size).await;
        // What the service made the ids of is known by the answers, but for imports.
        for user in model.users.values() {
            if !learnt.finds(&user.id, &users, |learnt, told| learnt.is_user(user, told)) {
                return differs("another user", user, &users);
            }
        }
        for post in model.posts.values() {
            if !learnt.finds(&post.id, &posts, |learnt, told| learnt.is_post(post, told)) {
                return differs("another post", post, &posts);
            }
        }
        if users.len() != model.users.len() {
            return differs("more users", &model.users, &users);
        }
        if posts.len() != model.posts.len() {
            return differs("more posts", &model.posts, &posts);
        }
        Ok(())
    }

    async fn users(&self, page_size: i32) -> Vec<pb::User> {
        let mut request = pb::ListUsersRequest {
            page_size,
            show_deleted: true,
            ..pb::ListUsersRequest::default()
        };
        let mut all = Vec::new();
        loop {
            let answer = self.read("/byline.v1.UserService/ListUsers", &request);
            let page: pb::ListUsersResponse = answer.await;
            all.extend(page.users);
            if page.next_page_token.is_empty() {
                return all;
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn posts(&self, page_size: i32) -> Vec<pb::Post> {
        let mut request = pb::ListPostsRequest {
            page_size,
            show_deleted: true,
            ..pb::ListPostsRequest::default()
        };
        let mut all = Vec::new();
        loop {
            let answer = self.read("/byline.v1.PostService/ListPosts", &request);
            let page: pb::ListPostsResponse = answer.await;
            all.extend(page.posts);
            if page.next_page_token.is_empty() {
                return all;
            }
            request.page_token = page.next_page_token;
        }
    }

    async fn read<A: Message + Default>(&self, path: &'static str, request: &impl Message) -> A {
        let answer = call(&self.channel, path, request.encode_to_vec()).await;
        A::decode(answer.unwrap().as_slice()).unwrap()
    }
}

/// Whether all times that the service chose are of the call that was made.
fn are_now(learnt: &Learnt) -> Result<(), String> {
    match learnt.other_time() {
        Some(time) => differs("another time", learnt, &time),
        None => Ok(()),
    }
}

/// Whether as many requests are remembered as were answered.
async fn records_are(player: &Player, connection: &mut Connection) -> Result<(), String> {
    let kept = count(connection, "select count(*) from request_records").await;
    if usize::try_from(kept) == Ok(player.record_count()) {
        Ok(())
    } else {
        differs("other records", &player.record_count(), &kept)
    }
}

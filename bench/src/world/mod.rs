//! A world to fill databases with: any number of users and posts, the same every time.
//! A row is made from its number alone, so that workers make rows beside one another,
//! and a measurement knows the rows without having read them.

pub(crate) mod dice;
mod names;
mod words;

use byline_domain::ids::{PostId, UserId};
use byline_domain::lifecycle::{Lifecycle, Retention};
use byline_domain::post::{Content, Post, Title};
use byline_domain::user::{Email, Role, User, UserName};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use self::dice::{Dice, Stream};
pub(crate) use self::names::LAST_NAMES;
use self::names::{DOMAINS, FIRST_NAMES};
use self::words::{Vocabulary, rare_word};

/// Another whenever the same numbers make other rows.
pub(crate) const GENERATION: u32 = 2;

const DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// 2020-01-01, in microseconds since 1970: the first user signs up.
const START: u64 = 1_577_836_800_000_000;

/// The last post is written six years later. The trash was emptied since, but for
/// what was deleted in the last month: first posts, then users, since a user with
/// posts outside the trash is not deleted.
const SPAN: u64 = 6 * 365 * DAY;
const DELETED_WITHIN: u64 = 15 * DAY;

/// So many rows hold one and the same rare word, on average.
const POSTS_OF_A_RARE_WORD: u64 = 20;

/// One post in a thousand times this holds a rare word.
const RARE: u64 = 20;

/// A number of users and a number of posts.
pub(crate) struct World {
    users: u64,
    posts: u64,
    vocabulary: Vocabulary,
}

impl World {
    /// At most 4,294,967,295 of each; posts need a user.
    pub(crate) fn new(users: u32, posts: u32) -> Self {
        Self {
            users: u64::from(users),
            posts: if users == 0 { 0 } else { u64::from(posts) },
            vocabulary: Vocabulary::new(),
        }
    }

    pub(crate) const fn users(&self) -> u64 {
        self.users
    }

    pub(crate) const fn posts(&self) -> u64 {
        self.posts
    }

    /// The user of a number below [`Self::users`].
    pub(crate) fn user(&self, number: u64) -> User {
        let (id, lifecycle) = self.user_life(number);
        let mut dice = Dice::new(Stream::User, number);
        let first = *dice.pick(FIRST_NAMES);
        let last = *dice.pick(LAST_NAMES);
        let role = match dice.below(1_000) {
            0 => "admin",
            1..30 => "editor",
            _ => "user",
        };
        // The number makes the address another than all others.
        let mut email = format!("{first}.{last}{number}@{}", dice.pick(DOMAINS));
        if !dice.chance(50) {
            email = email.to_lowercase();
        }
        let has_name = !dice.chance(20);
        let is_active = !dice.chance(50);
        User {
            id,
            email: Email::parse(email).expect("names make addresses"),
            name: has_name
                .then(|| UserName::parse(format!("{first} {last}")).expect("names are short")),
            role: Role::parse(role).expect("a role is short"),
            is_active,
            lifecycle,
        }
    }

    /// What posts depend on: the user's id, and when it was made and deleted.
    fn user_life(&self, number: u64) -> (UserId, Lifecycle) {
        let mut dice = Dice::new(Stream::UserLife, number);
        let step = SPAN / self.users.max(1);
        let later = dice.below(step);
        // The first one is there from the start, so that every post finds an author.
        let born = START + number * step + if number == 0 { 0 } else { later };
        let mut life = lived(born, &mut dice);
        if dice.chance(20) {
            life.delete(
                time(START + SPAN + DELETED_WITHIN + dice.below(DELETED_WITHIN)),
                Retention::DEFAULT,
            );
        }
        let id = id(life.created_at(), number, &mut dice);
        (UserId::from_uuid(id), life)
    }

    /// The post of a number below [`Self::posts`].
    pub(crate) fn post(&self, number: u64) -> Post {
        let mut dice = Dice::new(Stream::Post, number);
        // A tenth of the users was there before the first post.
        let step = SPAN * 9 / 10 / self.posts.max(1);
        let born = START + SPAN / 10 + number * step + dice.below(step);
        let (author_id, author_life) = self.author(born, &mut dice);
        let mut lifecycle = lived(born, &mut dice);
        if dice.chance(20) || author_life.is_deleted() {
            lifecycle.delete(
                time(START + SPAN + dice.below(DELETED_WITHIN)),
                Retention::DEFAULT,
            );
        }
        let published = dice.chance(700);
        let title = self.title(&mut dice);
        let content = self.content(&mut dice);
        let mut post = Post {
            id: PostId::from_uuid(id(lifecycle.created_at(), number, &mut dice)),
            title: Title::parse(title).expect("titles are short"),
            content: Some(Content::parse(content).expect("contents are short")),
            published_at: None,
            author_id,
            lifecycle,
        };
        // What was never changed was published at its birth.
        let at = lifecycle.updated_at().filter(|_| !lifecycle.is_deleted());
        post.set_published(published, at.unwrap_or(lifecycle.created_at()));
        post
    }

    /// Somebody who was there at that time. Few write much and most write little.
    fn author(&self, by: u64, dice: &mut Dice) -> (UserId, Lifecycle) {
        loop {
            // Those who write much signed up at any time.
            let number = self.shuffled(dice.low_below(self.users));
            let (id, life) = self.user_life(number);
            if life.created_at() <= time(by) {
                return (id, life);
            }
        }
    }

    /// Another number below [`Self::users`] for each of them.
    fn shuffled(&self, number: u64) -> u64 {
        // A prime above any number of users has no divisor in common with it.
        let users = self.users.max(1);
        number * (4_294_967_311 % users) % users
    }

    fn title(&self, dice: &mut Dice) -> String {
        let count = 3 + dice.below(6);
        let mut title = capitalised(&self.vocabulary.draw(dice, count).join(" "));
        if title.len() > 200 {
            title.truncate(200);
        }
        title
    }

    /// 6 to 60 words, 20 on average, in sentences.
    fn content(&self, dice: &mut Dice) -> String {
        let count = 6 + dice.lowest_below(55);
        let words = self.vocabulary.draw(dice, count);
        let rare = dice
            .chance(RARE)
            .then(|| rare_word(dice.below(self.rare_words())));
        let mut text = String::with_capacity(words.len() * 8);
        for (index, sentence) in words.chunks(12).enumerate() {
            if index > 0 {
                text.push_str(if index % 4 == 0 { "\n\n" } else { " " });
            }
            text.push_str(&capitalised(&sentence.join(" ")));
            if let (0, Some(rare)) = (index, &rare) {
                text.push(' ');
                text.push_str(rare);
            }
            text.push('.');
        }
        text
    }

    /// How many rare words there are: the more the more posts, so that as few posts
    /// hold one in a large database as in a small one.
    fn rare_words(&self) -> u64 {
        (self.posts * RARE / 1_000 / POSTS_OF_A_RARE_WORD).clamp(1, 512_000)
    }

    /// A user outside the trash.
    pub(crate) fn living_user(&self, dice: &mut Dice) -> User {
        loop {
            let user = self.user(dice.below(self.users));
            if !user.lifecycle.is_deleted() {
                return user;
            }
        }
    }

    /// A post outside the trash.
    pub(crate) fn living_post(&self, dice: &mut Dice) -> Post {
        loop {
            let post = self.post(dice.below(self.posts));
            if !post.lifecycle.is_deleted() {
                return post;
            }
        }
    }

    /// One of the rare words.
    pub(crate) fn some_rare_word(&self, dice: &mut Dice) -> String {
        rare_word(dice.below(self.rare_words()))
    }

    /// The word of a rank among all words: 0 is the most frequent.
    pub(crate) fn word(&self, rank: usize) -> &str {
        self.vocabulary.word(rank)
    }
}

/// What few addresses have: the surname and the number.
pub(crate) fn part_of_address(user: &User) -> String {
    let email = user.email.folded();
    let (name, _) = email.split_once('@').unwrap_or_default();
    let part = name.split_once('.').map_or(name, |(_, last)| last);
    part.to_owned()
}

/// Made at that time, and in two cases of three changed since.
fn lived(born: u64, dice: &mut Dice) -> Lifecycle {
    let mut life = Lifecycle::born(time(born));
    if dice.below(3) > 0 {
        let until = START + SPAN;
        for _ in 0..=dice.below(4) {
            life.touch(time(born + dice.low_below(until - born)));
        }
    }
    life
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

fn time(micros: u64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::microseconds(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// A UUID of version 7 that ends with the number, where others have randomness.
fn id(born: DateTime<Utc>, number: u64, dice: &mut Dice) -> Uuid {
    let millis = u64::try_from(born.timestamp_millis()).unwrap_or_default();
    let high = millis << 16 | 0x7000 | dice.below(1 << 12);
    let low = 1 << 63 | dice.below(1 << 30) << 32 | number;
    Uuid::from_u64_pair(high, low)
}

#[cfg(test)]
mod tests;

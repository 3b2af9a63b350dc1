//! What was answered to requests with an id.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::Ports;
use crate::ids::RequestId;
use crate::request::{Claim, Digest, Request, RequestRecord};
use crate::sweep::Expired;
use crate::testing::fixtures::{time, user, user_id};

/// In seconds.
const HOUR: i64 = 3_600;

fn request(number: u64) -> Request {
    Request {
        id: RequestId::from_uuid(user_id(number).as_uuid()),
        method: "UserService/CreateUser",
        digest: Digest([7; 32]),
    }
}

fn record(request: &Request, response: &[u8]) -> RequestRecord {
    RequestRecord {
        method: request.method.to_owned(),
        digest: request.digest,
        response: response.to_vec(),
    }
}

/// What is kept under the id, which stays unclaimed.
async fn kept(ports: &Ports, request: &Request) -> Option<RequestRecord> {
    let mut unit = ports.begin().await;
    let found = unit.requests().claim(request, time(0)).await;
    unit.rollback().await.expect("nothing was claimed");
    found.expect("the id is looked up")
}

async fn answer(ports: &Ports, request: &Request, response: &[u8]) {
    let mut unit = ports.begin().await;
    let claimed = unit.requests().claim(request, time(0)).await;
    assert_eq!(claimed.expect("the id is claimed"), None);
    let done = unit.requests().answer(request.id, response, time(0)).await;
    done.expect("the answer is kept");
    unit.commit().await.expect("it is committed");
}

pub async fn an_answer_is_found_with_all_its_bytes(ports: Ports) {
    answer(&ports, &request(1), &[0, 1, 255]).await;
    answer(&ports, &request(2), &[]).await;
    let found = kept(&ports, &request(1)).await;
    assert_eq!(found, Some(record(&request(1), &[0, 1, 255])));
    let found = kept(&ports, &request(2)).await;
    assert_eq!(found, Some(record(&request(2), &[])));
    assert_eq!(kept(&ports, &request(3)).await, None);
}

pub async fn another_request_of_the_same_id_finds_the_record_of_the_first(ports: Ports) {
    answer(&ports, &request(1), b"first").await;
    let other = Request {
        method: "UserService/DeleteUser",
        digest: Digest([8; 32]),
        ..request(1)
    };
    let found = kept(&ports, &other).await.expect("the id is taken");
    assert_eq!(found, record(&request(1), b"first"));
    assert!(found.is_of(&request(1)));
    assert!(!found.is_of(&other));
}

pub async fn a_claim_that_is_rolled_back_leaves_the_id_free(ports: Ports) {
    let mut unit = ports.begin().await;
    let claimed = unit.requests().claim(&request(1), time(0)).await;
    assert_eq!(claimed.expect("the id is claimed"), None);
    let done = unit
        .requests()
        .answer(request(1).id, b"lost", time(0))
        .await;
    done.expect("the answer is kept");
    drop(unit);
    answer(&ports, &request(1), b"first").await;
    let found = kept(&ports, &request(1)).await;
    assert_eq!(found, Some(record(&request(1), b"first")));
}

/// However long it took to come by: an import may be under way for an hour.
pub async fn an_answer_is_kept_for_a_day_from_when_it_was_given(ports: Ports) {
    let due = async |seconds| {
        let due = ports.sweeper.count_due(Expired::Requests, time(seconds));
        due.await.expect("a count")
    };
    let mut unit = ports.begin().await;
    let claimed = unit.requests().claim(&request(1), time(0)).await;
    assert_eq!(claimed.expect("the id is claimed"), None);
    let done = unit
        .requests()
        .answer(request(1).id, b"first", time(2 * HOUR))
        .await;
    done.expect("the answer is kept");
    unit.commit().await.expect("it is committed");
    assert_eq!(due(26 * HOUR).await, 0);
    assert_eq!(due(27 * HOUR + 1).await, 1);
}

pub async fn an_answer_needs_a_claim(ports: Ports) {
    let mut unit = ports.begin().await;
    let refused = unit
        .requests()
        .answer(request(1).id, b"first", time(0))
        .await;
    assert!(refused.is_err());
}

pub async fn many_are_claimed_as_each_is(ports: Ports) {
    answer(&ports, &request(2), b"second").await;
    let other = Request {
        method: "UserService/DeleteUser",
        ..request(2)
    };
    let mut unit = ports.begin().await;
    let asked = [request(3), other, request(1)];
    let found = unit.requests().claim_many(&asked, time(0)).await;
    let second = Claim::Answered(record(&request(2), b"second"));
    let expected = [Claim::Taken, second, Claim::Taken];
    assert_eq!(found.expect("ids are claimed"), expected);
    let answers = [(request(1).id, vec![0, 255]), (request(3).id, Vec::new())];
    let done = unit.requests().answer_many(&answers, time(0)).await;
    done.expect("answers are kept");
    unit.commit().await.expect("it is committed");
    let found = kept(&ports, &request(1)).await;
    assert_eq!(found, Some(record(&request(1), &[0, 255])));
    let found = kept(&ports, &request(3)).await;
    assert_eq!(found, Some(record(&request(3), &[])));
    let found = kept(&ports, &request(2)).await;
    assert_eq!(found, Some(record(&request(2), b"second")));
}

pub async fn of_no_requests_nothing_is_asked(ports: Ports) {
    let mut unit = ports.begin().await;
    let found = unit.requests().claim_many(&[], time(0)).await;
    assert_eq!(found.expect("none is claimed"), []);
    let done = unit.requests().answer_many(&[], time(0)).await;
    done.expect("none is kept");
    let done = unit.requests().disclaim(&[]).await;
    done.expect("none is given up");
}

pub async fn what_is_given_up_is_free_for_others(ports: Ports) {
    let mut unit = ports.begin().await;
    let asked = [request(1), request(2)];
    let found = unit.requests().claim_many(&asked, time(0)).await;
    assert_eq!(
        found.expect("ids are claimed"),
        [Claim::Taken, Claim::Taken]
    );
    let done = unit.requests().disclaim(&[request(1).id]).await;
    done.expect("it is given up");
    let answers = [(request(2).id, b"second".to_vec())];
    let done = unit.requests().answer_many(&answers, time(0)).await;
    done.expect("the answer is kept");
    unit.commit().await.expect("it is committed");
    assert_eq!(kept(&ports, &request(1)).await, None);
    let found = kept(&ports, &request(2)).await;
    assert_eq!(found, Some(record(&request(2), b"second")));
}

pub async fn of_many_answers_each_needs_a_claim(ports: Ports) {
    let mut unit = ports.begin().await;
    let found = unit.requests().claim_many(&[request(1)], time(0)).await;
    assert_eq!(found.expect("the id is claimed"), [Claim::Taken]);
    let answers = [1, 2].map(|number| (request(number).id, Vec::new()));
    let refused = unit.requests().answer_many(&answers, time(0)).await;
    assert!(refused.is_err());
}

pub async fn a_savepoint_undoes_nothing_of_the_claim(ports: Ports) {
    let mut unit = ports.begin().await;
    let claimed = unit.requests().claim(&request(1), time(0)).await;
    assert_eq!(claimed.expect("the id is claimed"), None);
    let mut inner = unit.savepoint().await.expect("a savepoint is set");
    let done = inner.users().insert(&user(1)).await;
    done.expect("a user is inserted");
    inner.rollback().await.expect("it is undone");
    let done = unit
        .requests()
        .answer(request(1).id, b"first", time(0))
        .await;
    done.expect("the answer is kept");
    unit.commit().await.expect("it is committed");
    assert_eq!(ports.stored_user(&user(1)).await, None);
    let found = kept(&ports, &request(1)).await;
    assert_eq!(found, Some(record(&request(1), b"first")));
}

/// Each of eight either claims the id and makes a change, or finds the answer of the one
/// that did.
pub async fn of_8_at_once_one_makes_the_change_and_all_find_its_answer(ports: Ports) {
    let start = Arc::new(Barrier::new(8));
    let mut tasks = JoinSet::new();
    for number in 1..=8 {
        let (ports, start) = (ports.clone(), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            let mut unit = ports.begin().await;
            let claimed = unit.requests().claim(&request(1), time(0)).await;
            if let Some(found) = claimed.expect("the id is claimed or found") {
                return (false, found.response);
            }
            let done = unit.users().insert(&user(number)).await;
            done.expect("a user is inserted");
            let response = number.to_string().into_bytes();
            let done = unit
                .requests()
                .answer(request(1).id, &response, time(0))
                .await;
            done.expect("the answer is kept");
            unit.commit().await.expect("it is committed");
            (true, response)
        });
    }
    let outcomes = tasks.join_all().await;
    let made: Vec<_> = outcomes.iter().filter(|(made, _)| *made).collect();
    assert_eq!(made.len(), 1);
    assert!(outcomes.iter().all(|(_, response)| *response == made[0].1));
}

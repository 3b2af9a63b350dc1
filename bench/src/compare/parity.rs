//! Holds the answers of all contenders against each other before anything is measured: who answers
//! something else does something else.

use super::contender::Server;
use crate::Failure;
use crate::call::{Answer, Call, Clients};
use crate::load::workload::Workload;

/// Compares the answers to one request by the resources in them. Says what is only in another order.
pub(crate) async fn check(
    workload: Workload,
    byline: &Answer,
    server: &Server,
    call: Call,
) -> Result<(), Failure> {
    let mut clients = Clients::new(server.connect().await?);
    let about = format!("{}, {}", server.contender.says(), workload.says());
    let answer = clients.send(call).await;
    let answer = answer.map_err(|status| format!("{about}: {status}"))?;
    match compare(&byline.ids(), &answer.ids()) {
        Alike::Same => Ok(()),
        Alike::Reordered => {
            eprintln!("note: {about}: answered in another order than Byline does");
            Ok(())
        }
        Alike::Other => Err(format!(
            "{about}: the answer is another than Byline's: {} resources, and {} of Byline's",
            answer.resources(),
            byline.resources()
        )
        .into()),
    }
}

#[derive(Debug, PartialEq)]
enum Alike {
    Same,
    Reordered,
    Other,
}

fn compare(one: &[&str], other: &[&str]) -> Alike {
    if one == other {
        return Alike::Same;
    }
    let sorted = |ids: &[&str]| {
        let mut ids: Vec<_> = ids.iter().map(|id| id.to_lowercase()).collect();
        ids.sort_unstable();
        ids
    };
    if sorted(one) == sorted(other) {
        Alike::Reordered
    } else {
        Alike::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_told_from_another_answer() {
        assert_eq!(compare(&["a", "b"], &["a", "b"]), Alike::Same);
        assert_eq!(compare(&["a", "b"], &["b", "a"]), Alike::Reordered);
        assert_eq!(compare(&["a", "b"], &["a", "c"]), Alike::Other);
        assert_eq!(compare(&["a", "b"], &["a"]), Alike::Other);
        // A set would not tell.
        assert_eq!(compare(&["a", "b", "b"], &["a", "a", "b"]), Alike::Other);
    }
}

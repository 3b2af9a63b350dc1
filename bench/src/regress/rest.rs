//! Waits until a server waits itself. How often it does while it makes a call is else a matter of
//! how fast the machine is at the moment, and each time takes instructions.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::usage;

/// What looks like rest may be the moment in which one thread hands over to another.
const LOOKS: u32 = 2;
const BETWEEN: Duration = Duration::from_millis(1);

/// A server that is busy by itself for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns as soon as no thread of the process has anything to do.
pub(crate) async fn rest(process: u32) {
    let began = Instant::now();
    let mut looks = 0;
    while looks < LOOKS && began.elapsed() < PATIENCE {
        looks = if usage::rests(process) { looks + 1 } else { 0 };
        sleep(BETWEEN).await;
    }
}

//! What is told of a defect that ends a call or the program.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic;

/// Has panics told by where they happened, as a line of the log if there is one. Not by what they
/// say, which may hold values of whoever called. A backtrace names functions alone; there is one
/// if `RUST_BACKTRACE` asks for it.
pub(super) fn tell_places_alone() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_default();
        let backtrace = Backtrace::capture();
        let backtrace = if backtrace.status() == BacktraceStatus::Captured {
            backtrace.to_string()
        } else {
            String::new()
        };
        if tracing::enabled!(tracing::Level::ERROR) {
            tracing::error!(place, backtrace, "panicked");
        } else {
            // Not `eprintln!`, which panics where nobody reads.
            let _ = writeln!(io::stderr(), "byline: panicked at {place}\n{backtrace}");
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_logged_by_its_place_and_not_by_what_it_says() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        let before = panic::take_hook();
        tell_places_alone();
        tracing::subscriber::with_default(subscriber, || {
            let address = "ada@example.com".to_owned();
            panic::catch_unwind(|| panic!("no place for {address}")).unwrap_err();
        });
        panic::set_hook(before);
        let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(said.contains("ERROR"), "{said}");
        assert!(said.contains("panics.rs:"), "{said}");
        assert!(!said.contains("ada@"), "{said}");
    }
}

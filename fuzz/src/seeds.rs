//! Seeds, which are held to their names.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::{env, fs};

/// Where the seeds of the target lie, if they are to be held to their names.
const FOLDER: &str = "BYLINE_SEEDS";

/// The names of those that were not tried yet, by what is in them.
#[expect(
    clippy::disallowed_methods,
    reason = "the arguments of a target are libFuzzer's"
)]
static LEFT: LazyLock<Mutex<BTreeMap<Vec<u8>, Vec<String>>>> = LazyLock::new(|| {
    let mut seeds = BTreeMap::<_, Vec<_>>::new();
    if let Ok(folder) = env::var(FOLDER) {
        for entry in fs::read_dir(folder).expect("the seeds lie there") {
            let entry = entry.expect("a seed");
            let name = entry.file_name().into_string().expect("a plain name");
            if !name.starts_with("hostile_") {
                let bytes = fs::read(entry.path()).expect("a seed can be read");
                seeds.entry(bytes).or_default().push(name);
            }
        }
    }
    ALL_TRIED.store(seeds.is_empty(), Ordering::Relaxed);
    Mutex::new(seeds)
});

/// Whether there is nothing left to do.
static ALL_TRIED: AtomicBool = AtomicBool::new(false);

/// Holds an input to its name where it is a seed: that of `refused_PART_WHY` says that that part of
/// the target refuses it, and that of `PART_WHAT` that it takes it. A part without a name is that of
/// all seeds. Those named `hostile_…` can be either.
///
/// # Panics
/// If the name is wrong, or says nothing of any of the parts.
pub fn hold(input: &[u8], parts: &[(&str, bool)]) {
    if ALL_TRIED.load(Ordering::Relaxed) {
        return;
    }
    let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    for name in left.remove(input).unwrap_or_default() {
        let (about, is_good) = match name.strip_prefix("refused_") {
            Some(about) => (about, false),
            None => (name.as_str(), true),
        };
        let is_of = |part: &str| {
            let rest = about.strip_prefix(part);
            part.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        let part = parts.iter().find(|(part, _)| is_of(part));
        let (part, taken) = part.unwrap_or_else(|| panic!("{name} is of no part of the target"));
        let is = if *taken { "taken" } else { "refused" };
        assert_eq!(
            *taken, is_good,
            "the seed {name} is {is} by the part {part:?}"
        );
    }
    if left.is_empty() && !ALL_TRIED.swap(true, Ordering::Relaxed) {
        // Read by whoever wants to know that none was left out.
        eprintln!("INFO: all seeds are what their names say");
    }
}

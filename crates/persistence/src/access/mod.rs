//! Who may call, as it is kept.

mod keys;

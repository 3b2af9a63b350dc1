//! How passwords are hashed and how fast they are verified.

use std::thread::available_parallelism;

use byline_domain::credential::{MAX_MEMORY_KIB, MAX_PARALLELISM, MAX_WORK_KIB};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::CommandError;
use crate::bootstrap::PasswordSettings;
use crate::passwords::{HashPoolSettings, HashSettings, Peppers};

#[derive(Args, Debug)]
pub(super) struct PasswordOptions {
    /// Peppers of password hashes, separated by commas, each a version from 1 to 65535, a colon and 32 bytes in base64 or 64 hex digits: new hashes are made by the first, and all verify. Without one, whoever has the database can guess
    #[arg(
        long,
        env = "BYLINE_PASSWORD_PEPPER",
        // What is wrong is told without the key, which clap's message would repeat.
        allow_hyphen_values = true,
        value_name = "VERSION:KEY[,VERSION:KEY…]"
    )]
    password_pepper: Option<SecretString>,

    /// The memory that hashing one password takes, in KiB; what was hashed by less is hashed anew when it is verified
    #[arg(long, env = "BYLINE_ARGON2_MEMORY_KIB", default_value_t = HashSettings::LEAST.memory_kib, value_name = "KIB",
        value_parser = clap::value_parser!(u32).range(i64::from(HashSettings::LEAST.memory_kib)..=i64::from(MAX_MEMORY_KIB)))]
    argon2_memory_kib: u32,

    /// How often hashing passes over that memory
    #[arg(long, env = "BYLINE_ARGON2_ITERATIONS", default_value_t = HashSettings::LEAST.iterations, value_name = "N",
        value_parser = clap::value_parser!(u32).range(i64::from(HashSettings::LEAST.iterations)..=32))]
    argon2_iterations: u32,

    /// The lanes of that memory
    #[arg(long, env = "BYLINE_ARGON2_PARALLELISM", default_value_t = HashSettings::LEAST.parallelism, value_name = "N",
        value_parser = clap::value_parser!(u32).range(i64::from(HashSettings::LEAST.parallelism)..=i64::from(MAX_PARALLELISM)))]
    argon2_parallelism: u32,

    /// Passwords that are hashed at once, on threads of their own; half of the processors if left out
    #[arg(long, env = "BYLINE_HASH_THREADS", value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    hash_threads: Option<u16>,

    /// Calls that wait for that; the rest are told RESOURCE_EXHAUSTED
    #[arg(
        long,
        env = "BYLINE_HASH_QUEUE",
        default_value_t = 64,
        value_name = "N"
    )]
    hash_queue: u16,

    /// Verifications of one caller that may fail within a minute; the rest are told RESOURCE_EXHAUSTED
    #[arg(long, env = "BYLINE_FAILURES_PER_MINUTE", default_value_t = 100, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    failures_per_minute: u32,
}

impl PasswordOptions {
    /// What these options say.
    pub(super) fn settings(&self) -> Result<PasswordSettings, CommandError> {
        let work = u64::from(self.argon2_memory_kib) * u64::from(self.argon2_iterations);
        if work > u64::from(MAX_WORK_KIB) {
            return Err(format!(
                "--argon2-memory-kib times --argon2-iterations must be at most {MAX_WORK_KIB}"
            )
            .into());
        }
        // Not a `value_parser`: clap's message would repeat the key.
        let peppers = self.password_pepper.as_ref();
        let peppers = peppers.map(|peppers| Peppers::parse(peppers.expose_secret()));
        let peppers = peppers
            .transpose()
            .map_err(|error| format!("--password-pepper: {error}"))?;
        Ok(PasswordSettings {
            hashes: HashSettings {
                memory_kib: self.argon2_memory_kib,
                iterations: self.argon2_iterations,
                parallelism: self.argon2_parallelism,
            },
            peppers: peppers.unwrap_or_default(),
            pool: HashPoolSettings {
                threads: self
                    .hash_threads
                    .map_or_else(half_of_processors, usize::from),
                queue: self.hash_queue.into(),
            },
            failures_per_minute: self.failures_per_minute,
        })
    }
}

fn half_of_processors() -> usize {
    available_parallelism().map_or(1, |all| (all.get() / 2).max(1))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        passwords: PasswordOptions,
    }

    fn settings(arguments: &[&str]) -> Result<PasswordSettings, CommandError> {
        let program = Program::try_parse_from([&["byline"], arguments].concat())?;
        program.passwords.settings()
    }

    #[test]
    fn hashes_are_never_weaker_than_owasp_says() {
        let least = settings(&[]).unwrap().hashes;
        assert_eq!(
            (least.memory_kib, least.iterations, least.parallelism),
            (19_456, 2, 1)
        );
        for weak in [
            ["--argon2-memory-kib", "19455"],
            ["--argon2-iterations", "1"],
            ["--argon2-parallelism", "0"],
            ["--hash-threads", "0"],
            ["--failures-per-minute", "0"],
        ] {
            assert!(settings(&weak).is_err(), "{weak:?}");
        }
        let long = ["--argon2-memory-kib", "262144", "--argon2-iterations", "5"];
        assert!(settings(&long).is_err());
        assert!(settings(&long[..2]).is_ok());
    }

    #[test]
    fn a_wrong_pepper_is_not_repeated() {
        for text in ["secret", "1:secret", "-1:secret", "1:-secret"] {
            let error = settings(&["--password-pepper", text])
                .map(|_| ())
                .unwrap_err();
            let message = error.to_string();
            assert!(
                message.starts_with("--password-pepper: pepper 1 "),
                "{message}"
            );
            assert!(!message.contains("secret"), "{message}");
        }
        // Set, but to nothing, is a mistake and not a wish for none.
        assert!(settings(&["--password-pepper", ""]).is_err());
    }
}

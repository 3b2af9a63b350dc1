//! PHC strings, and what passlib writes much like them.

use std::str::Split;

use base64::Engine;

use super::{
    Argon2, Argon2Variant, Argon2Version, B64, Parts, Pbkdf2, Pbkdf2Digest, Scheme, Scrypt, bytes,
    malformed, number, unknown,
};
use crate::error::Invalid;

/// Reads `$name[$v=…]$parameters$salt$digest`.
pub(super) fn read(text: &str) -> Result<Parts, Invalid> {
    let mut fields = Fields(text.split('$'));
    // What is before the first.
    fields.next()?;
    let parts = match fields.next()? {
        "" => Err(malformed()),
        "argon2d" => argon2(&mut fields, Argon2Variant::D),
        "argon2i" => argon2(&mut fields, Argon2Variant::I),
        "argon2id" => argon2(&mut fields, Argon2Variant::Id),
        "scrypt" => scrypt(&mut fields),
        "pbkdf2-sha256" => pbkdf2(&mut fields, Pbkdf2Digest::Sha256),
        "pbkdf2-sha512" => pbkdf2(&mut fields, Pbkdf2Digest::Sha512),
        _ => Err(unknown()),
    }?;
    match fields.0.next() {
        None => Ok(parts),
        Some(_) => Err(malformed()),
    }
}

/// What stands between the signs.
struct Fields<'a>(Split<'a, char>);

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<&'a str, Invalid> {
        self.0.next().ok_or_else(malformed)
    }
}

fn argon2(fields: &mut Fields<'_>, variant: Argon2Variant) -> Result<Parts, Invalid> {
    let mut parameters = fields.next()?;
    let version = match parameters.strip_prefix("v=") {
        None => Argon2Version::V16,
        Some(version) => {
            parameters = fields.next()?;
            match version {
                "16" => Argon2Version::V16,
                "19" => Argon2Version::V19,
                _ => return Err(unknown()),
            }
        }
    };
    let [memory_kib, iterations, parallelism] = named(parameters, ["m", "t", "p"])?;
    Ok(Parts {
        scheme: Scheme::Argon2(Argon2 {
            variant,
            version,
            memory_kib,
            iterations,
            parallelism,
        }),
        salt: bytes(fields.next()?)?,
        digest: bytes(fields.next()?)?,
    })
}

fn scrypt(fields: &mut Fields<'_>) -> Result<Parts, Invalid> {
    let [log_n, r, p] = named(fields.next()?, ["ln", "r", "p"])?;
    let log_n = u8::try_from(log_n).unwrap_or(u8::MAX);
    Ok(Parts {
        scheme: Scheme::Scrypt(Scrypt { log_n, r, p }),
        salt: bytes(fields.next()?)?,
        digest: bytes(fields.next()?)?,
    })
}

fn pbkdf2(fields: &mut Fields<'_>, digest: Pbkdf2Digest) -> Result<Parts, Invalid> {
    let (parameters, salt, written) = (fields.next()?, fields.next()?, fields.next()?);
    let parts = |iterations, salt, bytes| Parts {
        scheme: Scheme::Pbkdf2(Pbkdf2 { digest, iterations }),
        salt,
        digest: bytes,
    };
    if !parameters.contains('=') {
        // passlib's alphabet has a dot where the others have a plus.
        let dotted = |text: &str| {
            if text.contains('+') {
                return Err(malformed());
            }
            bytes(&text.replace('.', "+"))
        };
        return Ok(parts(number(parameters)?, dotted(salt)?, dotted(written)?));
    }
    let (iterations, length) = match parameters.split_once(',') {
        None => (parameters, None),
        Some((iterations, length)) => (iterations, Some(named(length, ["l"])?)),
    };
    let [iterations] = named(iterations, ["i"])?;
    let written = bytes(written)?;
    if length.is_some_and(|[length]| u32::try_from(written.len()) != Ok(length)) {
        return Err(malformed());
    }
    Ok(parts(iterations, bytes(salt)?, written))
}

/// The values of parameters of just these names, in this order.
fn named<const N: usize>(text: &str, names: [&str; N]) -> Result<[u32; N], Invalid> {
    let mut given = text.split(',');
    let mut values = [0; N];
    for (value, name) in values.iter_mut().zip(names) {
        let parameter = given.next().and_then(|given| given.split_once('='));
        let (_, text) = parameter
            .filter(|(given, _)| *given == name)
            .ok_or_else(malformed)?;
        *value = number(text)?;
    }
    match given.next() {
        None => Ok(values),
        Some(_) => Err(malformed()),
    }
}

/// Writes what [`read`] reads.
pub(super) fn write_argon2(made: &Argon2, salt: &[u8], digest: &[u8]) -> String {
    let name = match made.variant {
        Argon2Variant::D => "argon2d",
        Argon2Variant::I => "argon2i",
        Argon2Variant::Id => "argon2id",
    };
    let version = match made.version {
        Argon2Version::V16 => 16,
        Argon2Version::V19 => 19,
    };
    format!(
        "${name}$v={version}$m={},t={},p={}${}${}",
        made.memory_kib,
        made.iterations,
        made.parallelism,
        B64.encode(salt),
        B64.encode(digest)
    )
}

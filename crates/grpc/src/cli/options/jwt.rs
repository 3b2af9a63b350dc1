//! Options of callers that are known by a signed token.

use std::path::Path;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use crate::access::jwt::{Algorithms, JwksSource, JwtSettings};
use crate::cli::CommandError;
use crate::cli::shown::{NO_FILE_NAME, is_file_name};

/// Which tokens are taken, with `--auth jwt`.
#[derive(Args, Debug)]
pub(in crate::cli) struct JwtOptions {
    /// The keys (JWKS) that sign callers' tokens: a file, or an https:// URL. Changes are taken over without a restart
    #[arg(long, env = "BYLINE_JWKS", value_name = "FILE|URL")]
    jwks: Option<SecretString>,

    /// Who makes callers' tokens: their `iss`, to the letter
    #[arg(long, env = "BYLINE_JWT_ISSUER", value_name = "NAME")]
    jwt_issuer: Option<String>,

    /// Whom callers' tokens are made for: their `aud`, or one of it
    #[arg(long, env = "BYLINE_JWT_AUDIENCE", value_name = "NAME")]
    jwt_audience: Option<String>,

    /// By what callers' tokens may be signed, separated by commas: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA
    #[arg(long, env = "BYLINE_JWT_ALGORITHMS", value_name = "NAMES",
        default_value = Algorithms::DEFAULT)]
    jwt_algorithms: String,
}

impl JwtOptions {
    /// Whether any of it was given.
    pub(in crate::cli) fn is_given(&self) -> bool {
        let names = [&self.jwt_issuer, &self.jwt_audience];
        let names = names.into_iter().flatten().map(String::as_str);
        names.chain(self.jwks()).any(|given| !given.is_empty())
    }

    fn jwks(&self) -> Option<&str> {
        self.jwks.as_ref().map(SecretString::expose_secret)
    }

    /// What was given, where `--auth jwt` asks for it.
    pub(in crate::cli) fn settings(&self) -> Result<JwtSettings, CommandError> {
        let jwks = needed("--jwks", self.jwks())?;
        if !jwks.contains("://") && !is_file_name(Path::new(jwks)) {
            return Err(format!("--jwks: {NO_FILE_NAME}").into());
        }
        Ok(JwtSettings {
            jwks: JwksSource::parse(jwks).map_err(|error| format!("--jwks: {error}"))?,
            issuer: needed("--jwt-issuer", self.jwt_issuer.as_deref())?.to_owned(),
            audience: needed("--jwt-audience", self.jwt_audience.as_deref())?.to_owned(),
            algorithms: Algorithms::parse(&self.jwt_algorithms)
                .map_err(|error| format!("--jwt-algorithms: {error}"))?,
        })
    }
}

/// Nothing where something is in the environment is as if it were not there.
fn needed<'a>(option: &str, given: Option<&'a str>) -> Result<&'a str, CommandError> {
    given
        .filter(|given| !given.is_empty())
        .ok_or_else(|| format!("--auth jwt needs {option}").into())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        jwt: JwtOptions,
    }

    const ALL: [&str; 6] = [
        "--jwks",
        "https://issuer.example/jwks",
        "--jwt-issuer",
        "https://issuer.example",
        "--jwt-audience",
        "byline",
    ];

    fn settings(arguments: &[&str]) -> Result<JwtSettings, String> {
        let program = Program::try_parse_from([&["byline"], arguments].concat()).unwrap();
        program.jwt.settings().map_err(|error| error.to_string())
    }

    #[test]
    fn tokens_need_keys_an_issuer_and_an_audience() {
        let given = settings(&ALL).unwrap();
        assert_eq!(given.issuer, "https://issuer.example");
        assert_eq!(given.audience, "byline");
        assert_eq!(given.jwks.to_string(), "https://issuer.example/jwks");
        for at in [0, 2, 4] {
            let rest = [&ALL[..at], &ALL[at + 2..]].concat();
            let needs = format!("--auth jwt needs {}", ALL[at]);
            assert_eq!(settings(&rest).unwrap_err(), needs);
            let empty = [&rest[..], &[ALL[at], ""]].concat();
            assert_eq!(settings(&empty).unwrap_err(), needs);
        }
    }

    #[test]
    fn an_option_that_cannot_be_used_is_named() {
        let mut plain = ALL;
        plain[1] = "http://issuer.example/jwks";
        let error = settings(&plain).unwrap_err();
        assert!(error.starts_with("--jwks: http://"), "{error}");
        for keys in [
            r#"{"keys":[{"d":"secret"}]}"#,
            r#"{"u":"a://","d":"secret"}"#,
        ] {
            plain[1] = keys;
            let error = settings(&plain).unwrap_err();
            assert!(error.starts_with("--jwks: expected"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
        let secret = [&ALL[..], &["--jwt-algorithms", "RS256,secret-key"]].concat();
        assert!(!settings(&secret).unwrap_err().contains("secret"));
        let secret = [&ALL[..], &["--jwt-algorithms", "RS256,HS256"]].concat();
        let error = settings(&secret).unwrap_err();
        assert!(
            error.starts_with(r#"--jwt-algorithms: "HS256" is no"#),
            "{error}"
        );
    }
}

//! Through the commands of operators.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use byline_domain::access::ApiKey;
use byline_persistence::testing::{OWNER, TestDatabase};
use secrecy::ExposeSecret;
use tokio::process::Command;

use super::BY_TOKENS;
use super::marks::{self, Bound, DATABASE, PEPPER, TOKEN, hex};
use crate::support::PROGRAM;

/// A command that goes on is a server that should have been refused.
const PATIENCE: Duration = Duration::from_mins(1);

const EXPORT: [&str; 5] = ["export", "users", "-", "--format", "csv"];

/// Runs the program, and looks at all that it says; answers whether it did what it was told.
pub(super) async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> bool {
    let output = Command::new(PROGRAM)
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, output).await;
    let output = output.expect("it ends").unwrap();
    for said in [&output.stdout, &output.stderr] {
        assert!(
            !String::from_utf8_lossy(said).contains("panicked"),
            "{arguments:?}"
        );
        if let Some((mark, line)) = marks::found(said, Bound::Asked) {
            panic!("{arguments:?} says {mark}: {line}");
        }
    }
    output.status.success()
}

/// The commands over a database.
const COMMANDS: [&[&str]; 15] = [
    &["doctor"],
    &["doctor", "--json"],
    &["keys", "list"],
    &["keys", "revoke", "0123456789abcdef"],
    &["purge", "--dry-run"],
    &["migrate", "current"],
    &["migrate", "up"],
    &["migrate", "verify"],
    &["migrate", "history"],
    &["database", "grant", "--service-role", "test_service"],
    &["search-language", "english"],
    &[
        "serve",
        "--auth",
        "none",
        "--listen",
        "127.0.0.1:0",
        "--page-token-key",
        "-",
    ],
    &["migrate", "revision", "-m", "x", "--dry-run"],
    &["migrate", "down", "--dry-run"],
    &["migrate", "down"],
];

#[tokio::test]
async fn no_command_says_what_is_secret_in_the_url_of_its_database() {
    let database = TestDatabase::new().await;
    let owner = database.url_as(OWNER);
    let good = format!("{owner}&password={DATABASE}&pasword={DATABASE}&{DATABASE}");
    let mut done = 0;
    for command in COMMANDS {
        let traced = [command, &["--log", "trace"]].concat();
        let by_environment = run(&traced, &[("BYLINE_DATABASE_URL", &good)]).await;
        done += usize::from(by_environment);
    }
    assert!(done >= 5, "{done} commands did something");
    for bad in [
        format!("postgres://{TOKEN}:{DATABASE}@127.0.0.1:1/byline"),
        format!("postgres://user:{DATABASE}@127.0.0.1:99999/byline"),
        format!("postgres://user:{DATABASE}@no-such-host.invalid/byline"),
        format!("postgres://user:{DATABASE}@[::1/byline"),
        format!("postgres://user:{DATABASE}%zz@127.0.0.1:1/byline?sslmode={DATABASE}"),
        format!("postgres://127.0.0.1:1/byline?port={DATABASE}"),
        format!(
            "postgres://127.0.0.1:1/byline?sslcert={TOKEN}&sslmode=require&password={DATABASE}"
        ),
        format!("postgres://127.0.0.1:1/byline?options=-c%20{DATABASE}"),
        format!("mysql://user:{DATABASE}@127.0.0.1/byline"),
        format!("user:{DATABASE}@127.0.0.1/byline"),
        owner.replace(OWNER, &format!("nobody&password={DATABASE}")),
    ] {
        for command in [
            COMMANDS[0],
            COMMANDS[2],
            COMMANDS[5],
            COMMANDS[6],
            COMMANDS[11],
        ] {
            let given = [command, &["--database-url", &bad]].concat();
            assert!(!run(&given, &[]).await, "{command:?}");
        }
        let check = ["migrate", "check", "--scratch-url", &bad, "--no-fetch"];
        assert!(!run(&check, &[]).await);
    }
    let trial = ["migrate", "revision", "--autogenerate", "-m", "x"];
    let bad = format!("postgres://user:{DATABASE}@127.0.0.1:1/byline");
    assert!(!run(&[&trial[..], &["--scratch-url", &bad]].concat(), &[]).await);
}

#[tokio::test]
async fn no_command_says_what_stands_in_a_wrong_place() {
    let url = format!("postgres://user:{DATABASE}@127.0.0.1:1/byline");
    let server = format!("http://127.0.0.1:1/{TOKEN}?token={TOKEN}");
    let keys = format!(r#"{{"keys":[{{"kty":"oct","k":"{TOKEN}"}}]}}"#);
    let base64 = STANDARD_NO_PAD.encode(TOKEN.repeat(8));
    let (export, jwt) = (EXPORT, BY_TOKENS);
    let serve = ["serve", "--listen", "127.0.0.1:0", "--database-url", &url];
    for arguments in [
        &[&*url][..],
        &["doctor", &url],
        &["serve", "--auth", "none", "--", &url],
        &["serve", "--auth", &url],
        &["serve", "--listen", &url],
        &["serve", "--mtls-grant", &url],
        &["keys", &url],
        &["keys", "create", "--name", "web", "--role", &url],
        &["keys", "create", "--name", "web", "--scopes", &url],
        &["migrate", &url],
        &["migrate", "up", "--to", &url],
        &["database", &url],
        &[
            "database",
            "grant",
            "--service-role",
            &url,
            "--database-url",
            &url,
        ],
        &["import", &url],
        &["import", "users", &url],
        &["import", "users", "f.csv", "--request-id", &url],
        &["search-language", &url],
        &["search-language", &url, "--database-url", &url],
        &[&export[..], &["--server", &server]].concat(),
        &[&export[..], &["--server-ca", &keys]].concat(),
        &[
            &export[..],
            &["--client-key", &base64, "--client-cert", "x"],
        ]
        .concat(),
        &[&serve[..], &jwt, &["--jwks", &keys]].concat(),
        &[&serve[..], &jwt, &["--jwks", &base64]].concat(),
        &[
            &serve[..],
            &["--auth", "none", "--tls-key", &base64, "--tls-cert", "x"],
        ]
        .concat(),
    ] {
        assert!(!run(arguments, &[]).await, "{arguments:?}");
    }
}

#[tokio::test]
async fn no_command_says_what_stands_in_files() {
    let database = TestDatabase::new().await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, holds: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, holds).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let url = database.url_as(OWNER);
    // Where the URL has none, the driver looks for a password there.
    let passwords = write(
        "pgpass",
        &format!("127.0.0.1:5432:{DATABASE}\n{DATABASE}\nhost:\\{DATABASE}\n"),
    );
    for log in ["info", "trace"] {
        let doctor = ["doctor", "--database-url", &url, "--log", log];
        run(&doctor, &[("PGPASSFILE", &*passwords)]).await;
        run(&doctor, &[("PGPASSWORD", DATABASE)]).await;
    }
    let rubbish = write("rubbish", TOKEN);
    let pem = |kind| format!("-----BEGIN {kind}-----\n{TOKEN}\n-----END {kind}-----\n");
    let key = write("key.pem", &pem("PRIVATE KEY"));
    let certificate = write("cert.pem", &pem("CERTIFICATE"));
    let private = format!(
        r#"{{"keys":[{{"kty":"oct","kid":"{TOKEN}","k":"{TOKEN}"}},
            {{"kty":"OKP","crv":"Ed25519","x":"{TOKEN}","d":"{TOKEN}"}}, "{TOKEN}"]}}"#
    );
    let private = write("jwks.json", &private);
    let serve = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        &url,
        "--log",
        "trace",
    ];
    let jwt = [&BY_TOKENS[..], &["--jwks"]].concat();
    let export = [&EXPORT[..], &["--server", "https://127.0.0.1:1"]].concat();
    for options in [
        [&serve[..], &jwt, &[&*rubbish]].concat(),
        [&serve[..], &jwt, &[&*private]].concat(),
        [
            &serve[..],
            &[
                "--auth",
                "none",
                "--tls-cert",
                &rubbish,
                "--tls-key",
                &rubbish,
            ],
        ]
        .concat(),
        [
            &serve[..],
            &[
                "--auth",
                "none",
                "--tls-cert",
                &certificate,
                "--tls-key",
                &key,
            ],
        ]
        .concat(),
        [
            &export[..],
            &["--client-cert", &rubbish, "--client-key", &rubbish],
        ]
        .concat(),
        [
            &export[..],
            &["--client-cert", &certificate, "--client-key", &key],
        ]
        .concat(),
        [&export[..], &["--server-ca", &rubbish]].concat(),
    ] {
        assert!(!run(&options, &[]).await, "{options:?}");
    }
}

#[tokio::test]
async fn no_command_says_what_is_secret_in_its_options() {
    let key_of_marks = ApiKey::from_random(b"00000009tkzkqv84mtxb5rghtkzkqv84mtxb5rgh").reveal();
    let key_of_marks = key_of_marks.expose_secret();
    let cut_off = &key_of_marks[..90];
    let pepper = format!("1:{}", hex(PEPPER));
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{TOKEN}\n-----END PRIVATE KEY-----");
    let url = "postgres://127.0.0.1:1/byline";
    let serve = [
        "serve",
        "--auth",
        "none",
        "--listen",
        "127.0.0.1:0",
        "--database-url",
        url,
    ];
    let jwt = [&["serve", "--database-url", url], &BY_TOKENS[..]].concat();
    let wrong_server = format!("ftp://user:{TOKEN}@127.0.0.1:1");
    let with_password = format!("https://user:{TOKEN}@127.0.0.1:1");
    let password_of_jwks = format!("https://user:{TOKEN}@127.0.0.1:1/jwks");
    let odd_token = format!("{TOKEN}\n");
    for options in [
        &["keys", "revoke", cut_off, "--database-url", url][..],
        &["keys", "revoke", key_of_marks, "--database-url", url],
        &[&serve[..], &["--page-token-key", TOKEN]].concat(),
        &[&serve[..], &["--page-token-key", &format!("-{TOKEN}")]].concat(),
        &[&serve[..], &["--password-pepper", TOKEN]].concat(),
        &[
            &serve[..],
            &["--password-pepper", &pepper, "--argon2-iterations", "99"],
        ]
        .concat(),
        &[&serve[..], &["--tls-key", &pem, "--tls-cert", "/dev/null"]].concat(),
        &[&jwt[..], &["--jwks", &password_of_jwks]].concat(),
        &["import", "users", "/no/such.csv", "--token", &odd_token],
        &[
            "export",
            "users",
            "/tmp/x.csv",
            "--token",
            TOKEN,
            "--server",
            "http://192.0.2.1:1",
        ],
        &[
            "export",
            "users",
            "-",
            "--format",
            "csv",
            "--token",
            TOKEN,
            "--server",
            "http://127.0.0.1:1",
        ],
        &[&EXPORT[..], &["--server", &wrong_server]].concat(),
        &[&EXPORT[..], &["--server", &with_password]].concat(),
    ] {
        assert!(!run(options, &[]).await, "{options:?}");
    }
}

#[tokio::test]
async fn no_command_says_what_is_secret_in_its_environment() {
    let environment = [
        ("BYLINE_DATABASE_URL", TOKEN),
        ("BYLINE_PAGE_TOKEN_KEY", TOKEN),
        ("BYLINE_PASSWORD_PEPPER", TOKEN),
        ("BYLINE_JWKS", TOKEN),
        ("BYLINE_TOKEN", TOKEN),
        ("BYLINE_SERVER", TOKEN),
        ("BYLINE_SCRATCH_URL", TOKEN),
    ];
    let mixed_up = [
        ("BYLINE_LISTEN", TOKEN),
        ("BYLINE_TLS_KEY", TOKEN),
        ("BYLINE_CLIENT_KEY", TOKEN),
        ("BYLINE_DATA_DIR", TOKEN),
        ("BYLINE_AUTH", TOKEN),
    ];
    for command in [
        "serve",
        "dev",
        "doctor",
        "import",
        "export",
        "keys create",
        "migrate check",
    ] {
        let words: Vec<_> = command.split(' ').chain(["--help"]).collect();
        let all = [&environment[..], &mixed_up].concat();
        assert!(run(&words, &all).await, "{command}");
    }
    assert!(!run(&["serve", "--auth", "none"], &environment).await);
}

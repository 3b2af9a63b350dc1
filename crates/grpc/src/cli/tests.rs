use clap::CommandFactory;

use super::*;

#[test]
fn the_commands_and_flags_fit_together() {
    Cli::command().debug_assert();
}

#[test]
fn no_secret_is_shown_of_the_arguments() {
    const URL: &str = "postgres://user:secret@host/name?password=secret";
    for arguments in [
        &[
            "serve",
            "--auth",
            "none",
            "--database-url",
            URL,
            "--page-token-key",
            "secret",
        ][..],
        &[
            "serve",
            "--auth",
            "none",
            "--database-url",
            URL,
            "--password-pepper",
            "1:secret",
        ],
        &[
            "dev",
            "--page-token-key",
            "secret",
            "--password-pepper",
            "1:secret",
        ],
        &[
            "serve",
            "--auth",
            "jwt",
            "--database-url",
            URL,
            "--jwks",
            "https://issuer.example/jwks?token=secret",
        ],
        &["migrate", "up", "--database-url", URL],
        &[
            "migrate",
            "check",
            "--database-url",
            URL,
            "--scratch-url",
            URL,
        ],
        &["migrate", "current", "--database-url", URL],
        &[
            "migrate",
            "revision",
            "--autogenerate",
            "-m",
            "x",
            "--scratch-url",
            URL,
        ],
        &[
            "database",
            "grant",
            "--service-role",
            "web",
            "--database-url",
            URL,
        ],
        &["doctor", "--database-url", URL],
        &["keys", "list", "--database-url", URL],
        &[
            "keys",
            "create",
            "--name",
            "web",
            "--role",
            "reader",
            "--database-url",
            URL,
        ],
        &["purge", "--database-url", URL],
        &["search-language", "english", "--database-url", URL],
        &[
            "import",
            "users",
            "f.csv",
            "--token",
            "secret",
            "--server",
            "http://u:secret@h",
        ],
        &[
            "export",
            "users",
            "f.csv",
            "--token",
            "secret",
            "--server",
            "http://u:secret@h",
        ],
    ] {
        let read = Cli::read_from([&["byline"], arguments].concat());
        let shown = format!("{:?}", read.unwrap_or_else(|error| panic!("{error}")));
        assert!(!shown.contains("secret"), "{shown}");
    }
}

/// Why that is refused.
fn refusal(arguments: &[&str]) -> String {
    let read = Cli::read_from([&["byline"], arguments].concat());
    read.err().unwrap().to_string()
}

#[test]
fn a_value_in_a_wrong_place_is_not_repeated() {
    const URL: &str = "postgres://user:secret@host/name";
    for arguments in [
        &["doctor", URL][..],
        &["serve", "--auth", "none", "--", "secret"],
        &["import", "users", "f.csv", "secret"],
        &["serve", "--tls-key", "-----BEGIN PRIVATE KEY-----\nsecret"],
        &[URL],
        &["keys", URL],
        &["migrate", URL],
        &["database", URL],
        &["import", URL],
        &["import", "users", URL],
        &["search-language", URL],
    ] {
        let told = refusal(arguments);
        assert!(!told.contains("secret"), "{told}");
    }
}

#[test]
fn no_option_repeats_a_secret_that_it_was_given() {
    let mut tried = 0;
    for (words, argument) in arguments_of(&Cli::command(), &[]) {
        for secret in [
            "postgres://user:secret@host/name?password=secret",
            r#"{"keys":[{"d":"secret"}]}"#,
            "5secret@",
            "users.read,secret@",
            "user:secret@host=reader",
            "reader=secret@",
            "1:secret@",
            "-----BEGIN PRIVATE KEY-----\nsecret",
            "secretssecretssecretssecrets",
        ] {
            let option = argument.get_long().map(|it| format!("--{it}={secret}"));
            let given = option.unwrap_or_else(|| secret.to_owned());
            let arguments = [&["byline".to_owned()], &words[..], &[given]].concat();
            if let Err(error) = Cli::read_from(arguments) {
                let told = error.to_string();
                assert!(!told.contains("secret"), "{argument}: {told}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried} were refused");
}

/// Every argument that takes a value, and the words of its command.
fn arguments_of(command: &clap::Command, words: &[String]) -> Vec<(Vec<String>, clap::Arg)> {
    let own = command
        .get_arguments()
        .filter(|it| it.get_action().takes_values() || it.get_id() == "reflection");
    let own = own.map(|it| (words.to_vec(), it.clone()));
    let below = command
        .get_subcommands()
        .flat_map(|it| arguments_of(it, &[words, &[it.get_name().to_owned()]].concat()));
    own.chain(below).collect()
}

#[test]
fn what_was_mistyped_is_repeated_and_told_with_what_there_is() {
    for (arguments, told) in [
        (
            &["serve", "--auth", "kyes"][..],
            &[
                "'kyes' for '--auth",
                "possible values: keys, jwt, mtls, none",
                "'keys'",
            ][..],
        ),
        (&["servee"], &["'servee'", "'serve'"]),
        (
            &["serve", "--databas-url", "x"],
            &["'--databas-url'", "'--database-url'"],
        ),
        (
            &["serve", "--listen", "127.0.0.1"],
            &["'127.0.0.1'", "an address and a port"],
        ),
        (
            &["serve", "--max-calls", "0"],
            &["'0' for '--max-calls", "0 is not in 1.."],
        ),
        (
            &["serve", "--mtls-grant", "spiffe://a/b=reder"],
            &[
                "'(not shown)' for '--mtls-grant",
                "of spiffe://a/b: ",
                "users.read",
            ],
        ),
        (
            &[
                "keys",
                "create",
                "--name",
                "web",
                "--scopes",
                "users.read,users.rite",
            ],
            &["users.rite", "there are users.read"],
        ),
        (&["serve", "--retention", "30 dayz"], &["a time such as"]),
        (&["serve", "--auth", ""], &["none was supplied"]),
    ] {
        let refusal = refusal(arguments);
        for part in told {
            assert!(refusal.contains(part), "{refusal}");
        }
    }
}

#[test]
fn help_shows_no_value_of_the_environment() {
    fn shows(command: &clap::Command) -> bool {
        let mut arguments = command.get_arguments();
        arguments.any(|it| it.get_env().is_some() && !it.is_hide_env_values_set())
            || command.get_subcommands().any(shows)
    }
    assert!(shows(&Cli::command()));
    assert!(!shows(&silent_of_environment(Cli::command())));
}

#[test]
fn help_of_dev_promises_nothing_that_it_refuses() {
    let refusal = Cli::command().try_get_matches_from(["byline", "dev", "--help"]);
    let help = refusal.unwrap_err().to_string();
    assert!(help.contains("--listen"), "{help}");
    assert!(!help.contains("TLS"), "{help}");
}

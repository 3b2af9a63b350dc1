//! Whom it refuses, and with which reason.

use super::*;

#[test]
fn a_folder_of_binaries_without_postgresql_is_refused_with_a_reason() {
    let dir = folder();
    let empty = folder();
    let error = refused(&EmbeddedOptions {
        bindir: Some(empty.path().to_owned()),
        ..options(dir.path())
    });
    assert!(matches!(error, EmbeddedError::Binaries(_)), "{error:?}");
    let words = error.to_string();
    assert!(
        words.contains(&empty.path().display().to_string()),
        "{words}"
    );
    assert!(words.contains("holds no initdb"), "{words}");

    // The folder of data is as good as new.
    start(dir.path());
}

#[test]
fn a_postgresql_that_is_too_old_is_refused_with_a_reason() {
    let dir = folder();
    let old = folder();
    for program in ["initdb", "postgres", "pg_ctl"] {
        let path = old.path().join(program);
        fs::write(&path, "#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }
    let error = refused(&EmbeddedOptions {
        bindir: Some(old.path().to_owned()),
        ..options(dir.path())
    });
    let words = error.to_string();
    assert!(
        words.contains("version 14") && words.contains("15"),
        "{words}"
    );
}

#[test]
fn data_of_a_version_that_is_not_there_is_refused_with_a_reason() {
    let dir = folder();
    fs::create_dir_all(dir.path().join("data/postgres-3")).unwrap();
    let error = refused(&EmbeddedOptions {
        fetch: false,
        ..options(dir.path())
    });
    assert!(matches!(error, EmbeddedError::Binaries(_)), "{error:?}");
    assert!(error.to_string().contains("PostgreSQL 3"), "{error}");
}

#[test]
fn a_server_that_does_not_start_is_refused_with_its_last_words_and_can_be_tried_again() {
    let dir = folder();
    let error = refused(&EmbeddedOptions {
        settings: vec![("shared_buffers", "plenty".to_owned())],
        ..options(dir.path())
    });
    let words = error.to_string();
    assert!(words.contains("did not start"), "{words}");
    assert!(words.contains("shared_buffers"), "{words}");
    start(dir.path());
}

#[test]
fn making_the_folder_is_begun_anew_after_it_was_stopped_half_way() {
    let dir = folder();
    let half = dir.path().join("data/making-postgres");
    fs::create_dir_all(&half).unwrap();
    fs::write(half.join("PG_VERSION"), "half").unwrap();
    let server = start(dir.path());
    write(&server);
    assert!(!half.exists());
}

#[test]
fn as_root_a_folder_that_is_closed_to_others_is_refused_with_a_reason() {
    let dir = folder();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
    if as_root(&dir) {
        let error = refused(&options(dir.path()));
        assert!(matches!(error, EmbeddedError::Folder(_)), "{error:?}");
        assert!(error.to_string().contains("cannot reach"), "{error}");
    } else {
        // An ordinary user's server runs as that user.
        start(dir.path());
    }
}

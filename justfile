# What a developer does here. `just` alone lists it.

set shell := ["bash", "-euo", "pipefail", "-c"]

# List what there is.
default:
    @just --list --unsorted

# Run a server with a database of its own and demo data in it.
dev *arguments:
    cargo run --locked --package byline -- dev {{ arguments }}

# Run all tests; they bring their own PostgreSQL.
test:
    cargo test --workspace --locked

# Run the tests whose names contain NAME.
test-one name:
    cargo test --workspace --locked -- {{ quote(name) }}

# Look for inputs that break TARGET, filter or order, as long as it is let.
fuzz target="filter" *options:
    fuzz/run {{ quote(target) }} {{ options }}

# Check the format and let clippy look.
lint:
    cargo fmt --all --check
    cargo fmt --manifest-path fuzz/Cargo.toml --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    fuzz/run --build

# Format all code.
fmt:
    cargo fmt --all
    cargo fmt --manifest-path fuzz/Cargo.toml

# Check licences, sources and the layers by cargo-deny.
deny:
    cargo deny --locked check --hide-inclusion-graph bans licenses sources

# Check the contract by buf.
buf:
    npx --yes @bufbuild/buf@1.75.0 lint

# Measure what reads (or transfers) cost at a million users, into docs/performance.md.
bench what="reads" *arguments:
    cargo run --release --locked --package bench -- {{ what }} {{ arguments }}

# Run every gate that a change must pass.
ci:
    .ci/run

# Write .sqlx anew from the checked queries; DATABASE_URL names a migrated database.
prepare:
    : "${DATABASE_URL:?names a migrated database, as in postgres://localhost/byline}"
    mkdir -p target/sqlx && rm -f target/sqlx/query-*.json
    touch crates/persistence/src/lib.rs
    SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$PWD/target/sqlx" cargo check --locked --package byline-persistence --all-targets
    ls target/sqlx/query-*.json >/dev/null
    rm -f .sqlx/query-*.json && cp target/sqlx/query-*.json .sqlx/

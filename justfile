set shell := ["bash", "-euo", "pipefail", "-c"]
set positional-arguments

export SIGMA_BIN_DIR := justfile_directory() / "target/release"

# List the recipes
default:
    @just --list --unsorted

# Install what the build needs (Debian, Ubuntu; elsewhere says what is missing)
setup:
    scripts/setup.sh

# The seven tools, in target/release
build: setup
    cargo build --release --locked --workspace --bins --exclude sigma-testkit

# Daily risk reports of the three demo books, offline, into ./reports
demo: seed
    scripts/demo.sh

# Create the schema and the demo books in ./sigma.db (or DATABASE_URL)
seed: build
    "$SIGMA_BIN_DIR/sigma-seed" migrate
    "$SIGMA_BIN_DIR/sigma-seed" demo --data-dir "{{justfile_directory()}}/demo-data"

# The daily chain for the last completed session, e.g. `just daily --provider file --path DIR`
daily *arguments: build
    scripts/daily.sh "$@"

# All tests, on SQLite and on a private PostgreSQL server
test:
    scripts/setup.sh --test
    cargo test --workspace --locked

# All tests but those that need a PostgreSQL server
test-sqlite: setup
    SIGMA_TEST_SQLITE_ONLY=1 cargo test --workspace --locked

# Formatting, clippy with warnings denied, documentation
lint: setup
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Benchmarks of the engines, of saving market data and of bringing it in
bench: setup
    cargo bench --package sigma-core --package sigma-store --package sigma-sync

# Fuzz a parser for ten minutes (needs nightly Rust and cargo-fuzz), e.g. `just fuzz broker_file`
fuzz target seconds="600": setup
    mkdir -p fuzz/corpus/{{target}}
    cd fuzz && cargo +nightly fuzz run {{target}} corpus/{{target}} ../crates/sigma-brokers/tests/samples -- -max_total_time={{seconds}}

# Write demo-data/market again; the files come out byte for byte the same
demo-market: setup
    cargo run --release --package sigma-testkit --bin demo-market -- --write demo-data

# Remove build output, the demo database and the reports
clean:
    cargo clean
    rm -rf sigma.db sigma.db-wal sigma.db-shm reports

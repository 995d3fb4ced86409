#!/bin/sh
# Makes a Debian package of the source tree: the program, what it writes about itself, and the unit. It needs cargo-deb.
set -eu
cd "$(dirname "$0")/.."
# Before the long part.
command -v cargo-deb >/dev/null 2>&1 || {
    echo "packaging/deb.sh: no cargo-deb found; \`cargo install cargo-deb\` first" >&2
    exit 1
}
# Wherever else cargo builds: the paths below, and those in Cargo.toml, are of the source tree.
export CARGO_TARGET_DIR=target
cargo build --release --locked --bin demarche
program=target/release/demarche
into=target/packaging
rm -rf "$into"
mkdir -p "$into/man"
"$program" util man "$into/man"
for shell in bash zsh fish; do
    "$program" util completions "$shell" > "$into/demarche.$shell"
done
"$program" util systemd-unit > "$into/demarche.service"
"$program" util tmpfiles > "$into/demarche.tmpfiles"
exec cargo deb --no-build --locked --strip "$@"

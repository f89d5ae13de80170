#!/usr/bin/env bash
# Every check a change has to pass, the quick ones of `make check` apart. Stops at the first failure; ends with what took how long.
set -euo pipefail
cd "$(dirname "$0")/.."

summary=()
current='getting started'
finish() {
    printf '\n'
    printf 'test: %s\n' "${summary[@]}"
    if [ -z "$current" ]; then echo 'test: all passed'; else echo "test: FAILED after $SECONDS s in: $current"; fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# step NAME COMMAND...
step() {
    current=$1
    shift
    SECONDS=0
    printf '\ntest: %s …\n' "$current"
    "$@"
    printf 'test: %s: %s s\n' "$current" "$SECONDS"
    summary+=("$(printf '%5s s  %s' "$SECONDS" "$current")")
}

browser_tests() {
    scripts/npm-ci.sh end2end
    # Built a moment ago, for the integration tests: a plain `cargo build` would compile half the tree again with other features.
    END2END_BINARY=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/tailback npm --prefix end2end test </dev/null
}

step 'setup' scripts/setup.sh test
step 'site' node scripts/build-site.mjs
step 'cargo test' cargo test --workspace
step 'clippy' make --no-print-directory clippy
step 'browser tests' browser_tests
current=

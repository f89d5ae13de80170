#!/usr/bin/env bash
# Makes a Debian machine ready for Tailback; installs only what is missing, so it can be repeated at any time.
#
#   scripts/setup.sh [build|runtime|test]...
#
#   build    to compile: C compiler, OpenSSL headers, Rust target, wasm-bindgen, Node packages
#   runtime  what backups and the demo use: SSH server and client, rsync, screen, MariaDB
#   test     all of the above, PostgreSQL and Chromium (the default)
#
# As root it installs Debian packages itself; for anyone else it prints the one command to type and fails.
set -euo pipefail
cd "$(dirname "$0")/.."

# Servers live in sbin, which is not on everyone's PATH; our own tools come before those of the machine.
tools=${CARGO_TARGET_DIR:-target}/tools
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)
export PATH="$tools/bin:$PATH:/usr/sbin:/sbin:${CARGO_HOME:-$HOME/.cargo}/bin"

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
has() { command -v "$1" >/dev/null; }

build=no runtime=no test=no
for part in "${@:-test}"; do
    case $part in
        build) build=yes ;;
        runtime) runtime=yes ;;
        test) build=yes runtime=yes test=yes ;;
        *) die "unknown part '$part'; use build, runtime or test" ;;
    esac
done

# need PACKAGE TOOL...: notes the package unless every tool is found.
need() {
    local package=$1 tool
    shift
    for tool in "$@"; do
        has "$tool" || { lacking "$package" "$tool"; return 0; }
    done
}
lacking() { packages+=("$1"); missing+=("$2"); }

# What counts is what is used, not which package it came from: the tools may have been installed in another way.
look() {
    packages=() missing=()
    if [ $build = yes ]; then
        need gcc cc
        need make make
        need pkg-config pkg-config
        echo '#include <stdlib.h>' | cc -E - >/dev/null 2>&1 || lacking libc6-dev 'C headers'
        pkg-config --exists openssl 2>/dev/null || lacking libssl-dev 'OpenSSL headers'
    fi
    if [ $runtime = yes ]; then
        need openssh-server sshd
        need openssh-client ssh ssh-keygen
        need rsync rsync
        need screen screen
        need mariadb-server mariadbd mariadb-install-db
        need mariadb-client mariadb mariadb-dump
    fi
    if [ $test = yes ]; then
        has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || lacking postgresql initdb
        need chromium chromium
    fi
}

# Not installed from here: how Rust and Node come to a machine is its owner's choice.
look_for_toolchains() {
    others=()
    if [ $build = no ]; then return; fi
    has rustc && has cargo || others+=('Rust is missing: install rustup from https://rustup.rs')
    if ! has node || ! has npm; then
        others+=('Node 18 or newer with npm is missing: install it from https://nodejs.org or as the Debian packages nodejs and npm')
    elif [ "$(node -p 'parseInt(process.versions.node)')" -lt 18 ]; then
        others+=("Node 18 or newer is needed, found $(node --version): install it from https://nodejs.org")
    fi
}

install_packages() {
    say "installing Debian packages: ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update </dev/null || say 'apt-get update failed; trying with the package lists as they are'
    # A service that cannot start fails the installation although its programs are there; they are looked for again below.
    apt-get -q install -y --no-install-recommends "${packages[@]}" </dev/null || say 'apt-get reported an error'
    hash -r
    look
}

look
look_for_toolchains
if [ ${#packages[@]} -gt 0 ] && has apt-get && [ "$(id -u)" = 0 ]; then
    install_packages
fi
if [ ${#packages[@]} -gt 0 ]; then
    say "missing: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')"
    command="apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
    if ! has apt-get; then
        say "this is not Debian; install what your system calls: ${packages[*]}"
    elif [ "$(id -u)" = 0 ]; then
        say 'still missing after the installation above'
    elif has sudo; then
        say "type this, then try again:"
        say "  sudo sh -c '$command'"
    else
        say "type this, then try again:"
        say "  su - -c '$command'"
    fi
fi
for other in "${others[@]}"; do say "$other"; done
[ ${#packages[@]} = 0 ] && [ ${#others[@]} = 0 ] || exit 1

if [ $build = no ]; then exit 0; fi

if [ ! -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]; then
    say 'adding the Rust target wasm32-unknown-unknown'
    has rustup || die 'rustup is missing: install the Rust target wasm32-unknown-unknown in the way Rust was installed'
    rustup target add wasm32-unknown-unknown
fi

# The tool and the library speak a private protocol: only the same version will do.
version=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/"/, ""); print $3; exit }' Cargo.lock)
[ -n "$version" ] || die 'Cargo.lock names no wasm-bindgen'
right_wasm_bindgen() { [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $version" ]; }
# It reads a few megabytes once per build: compiling it fast is worth more than making it fast.
install_wasm_bindgen() {
    CARGO_TARGET_DIR=$tools/build \
        CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=fallback \
        cargo install wasm-bindgen-cli --version "$version" --bin wasm-bindgen --root "$tools" --force --no-track "$@"
}
if ! right_wasm_bindgen; then
    say "compiling wasm-bindgen $version, once; this takes some minutes"
    # A locked version can be out of reach (withdrawn, or not yet in a mirror); a newer one of the same line does as well.
    install_wasm_bindgen --locked || install_wasm_bindgen
    rm -rf "$tools/build"
    hash -r
    right_wasm_bindgen || die "wasm-bindgen is not version $version after its installation"
fi

scripts/npm-ci.sh scripts

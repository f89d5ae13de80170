# The commands of everyday work; `make` alone lists them.

SHELL := /bin/sh
TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))

# Where build-site.mjs leaves the pages' files and the server's build picks them up.
export TAILBACK_SITE_DIR := $(TARGET_DIR)/site
# rustup puts its directory on the PATH of login shells only.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

# Passed on to tailback: make demo ARGS="--bind 0.0.0.0:3000"
ARGS ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo run build check clippy test watch bench bench-browser

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is needed to build, run and test
	@scripts/setup.sh test

demo: ## a panel with sample servers and live backups, nothing to configure
	@scripts/setup.sh build runtime
	@node scripts/build-site.mjs
	cargo run -p server --bin tailback -- demo $(ARGS)

run: ## the panel, with its data in target/data
	@scripts/setup.sh build
	@node scripts/build-site.mjs
	cargo run -p server --bin tailback -- serve --data-dir $(TARGET_DIR)/data $(ARGS)

build: ## the optimised binary, one file to copy to a server
	@scripts/setup.sh build
	@node scripts/build-site.mjs
	cargo build --release -p server --bin tailback
	@du -h $(TARGET_DIR)/release/tailback | awk '{ print $$2 ": " $$1 }'

watch: ## the panel, rebuilt and restarted on every change
	@scripts/setup.sh build
	@node scripts/watch.mjs $(ARGS)

test: ## everything: Rust tests, lints, browser tests
	@scripts/test.sh

check: ## format, lints, documentation, licences: quicker than test
	@scripts/setup.sh build
	@node scripts/build-site.mjs
	cargo fmt --all --check
	@$(MAKE) --no-print-directory clippy
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps
	@if cargo deny --version >/dev/null 2>&1; then \
		echo cargo deny check bans licenses sources; \
		cargo deny check bans licenses sources; \
	else \
		echo 'check: cargo-deny is not installed, so licences and banned crates were not looked at'; \
	fi

# Both sides of the app: as the server renders it, and as the browser runs it.
clippy:
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p app --target wasm32-unknown-unknown --no-default-features --features hydrate -- -D warnings

bench: ## measure the optimised binary on this machine
	@scripts/setup.sh build runtime
	@node scripts/build-site.mjs
	@scripts/npm-ci.sh end2end
	NODE_PATH=$(CURDIR)/end2end/node_modules cargo run --release -p server --bin tailback -- bench $(ARGS)

bench-browser: ## measure Monitor and Logs in a browser: ten minutes of 200 rows/s
	@scripts/setup.sh test
	@node scripts/build-site.mjs
	cargo build --release -p server --bin tailback
	@scripts/npm-ci.sh end2end
	node end2end/measure.mjs $(ARGS)

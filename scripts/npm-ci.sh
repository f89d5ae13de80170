#!/usr/bin/env bash
# Installs a folder's Node packages exactly as locked, and does nothing while they are: `scripts/npm-ci.sh FOLDER`.
set -euo pipefail
cd "$1"

stamp=node_modules/.installed-lock.json
if cmp -s package-lock.json "$stamp"; then exit 0; fi
echo "installing the Node packages of $1/" >&2
npm ci --ignore-scripts --no-audit --no-fund </dev/null
mkdir -p node_modules
cp package-lock.json "$stamp"

#!/usr/bin/env bash
# Times this SDK and the official JavaScript and Python SDKs, which it installs into a folder for the time being (or finds
# in the one that is named). Needs node with npm, and python3 with venv and pip. What is not there is left out, and said.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
if [ $# -gt 0 ]; then
  mkdir -p "$1"
  folder="$(cd "$1" && pwd)"
else
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
fi
programs=()

if command -v npm > /dev/null; then
  [ -d "$folder/node_modules" ] \
    || npm install --silent --no-audit --no-fund --legacy-peer-deps --prefix "$folder" @convertcom/js-sdk@4.4.3
  export NODE_PATH="$folder/node_modules"
  programs+=("node $here/javascript.cjs")
else
  echo "JavaScript SDK: not run; npm is not installed"
fi
if [ -d "$folder/python" ] || { command -v python3 > /dev/null && python3 -m venv "$folder/python" 2> /dev/null; }; then
  "$folder/python/bin/pip" install --quiet --disable-pip-version-check convert-python-sdk==2.1.0
  programs+=("$folder/python/bin/python $here/python.py")
else
  echo "Python SDK: not run; python3 with venv is not installed"
fi
cargo run --quiet --release --locked --manifest-path "$here/../Cargo.toml" -- sdks "${programs[@]}"

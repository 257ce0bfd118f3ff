#!/usr/bin/env bash
# Times the official JavaScript and Python SDKs on the work of `bench decide`, installed into a folder for the time being.
# Needs node with npm, and python3 with pip. What is not there is left out, and said.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

if command -v npm > /dev/null; then
  npm install --silent --no-audit --no-fund --legacy-peer-deps --prefix "$folder" @convertcom/js-sdk@4.4.3
  NODE_PATH="$folder/node_modules" node "$here/javascript.cjs"
else
  echo "JavaScript SDK: not run; npm is not installed"
fi
if command -v python3 > /dev/null && python3 -m venv "$folder/python" 2> /dev/null; then
  "$folder/python/bin/pip" install --quiet --disable-pip-version-check convert-python-sdk==2.1.0
  "$folder/python/bin/python" "$here/python.py"
else
  echo "Python SDK: not run; python3 with venv is not installed"
fi

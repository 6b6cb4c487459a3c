#!/usr/bin/env bash
# What `install` and the manifests hold, used by the hosts' own commands (claude, codex, gemini, copilot, opencode) as a new user
# has them: a home with nothing in it, no account, no model. From the project's root, with the project installed in .venv:
#   bash .ci/hosts/run.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset "${!AUTOSEND_@}"
# shellcheck source=.ci/npm.sh
source .ci/npm.sh

npm_ci .ci/hosts
node .ci/hosts/node_modules/@anthropic-ai/claude-code/install.cjs # it puts the program of this platform into its place
# opencode for any x64; the package opencode-ai would bring two programs of 177 MB, and choose
ln -sf ../opencode-linux-x64-baseline/bin/opencode .ci/hosts/node_modules/.bin/opencode
bin=$root/.ci/hosts/node_modules/.bin
with_command=$bin:$PATH

# A wheel, as users have it: it starts sooner than the clone, and a host waits for a few seconds only. What it depends on
# is that of .venv.
.venv/bin/uv venv -q "$scratch/venv"
.venv/bin/uv pip install -q --compile-bytecode --python "$scratch/venv" --no-deps .
.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' >"$(echo "$scratch"/venv/lib/python*/site-packages)/beside.pth"
command=$scratch/venv/bin/autosend-mcp
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
  case $1 in codex | copilot) words=(mcp list --json) ;; esac
  (cd "$HOME/folder" && PATH=$with_command timeout 120 "$1" "${words[@]}" </dev/null >"$HOME/listed" 2>&1) || {
    cat "$HOME/listed" >&2
    fail "$1 cannot list its servers"
  }
  sed -i 's/\x1b\[[0-9;]*m//g' "$HOME/listed" # its colours
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

in_folder() { # a command of a host's own; what it prints, in $HOME/printed
  (cd "$HOME/folder" && PATH=$scratch/uvx:$with_command timeout 120 "$@" </dev/null >"$HOME/printed" 2>&1) || {
    cat "$HOME/printed" >&2
    fail "$*"
  }
}

claude_code() {
  check claude claude-code "autosend: $command --sandbox --read-only - ✔ Connected"
  python3 .ci/hosts/tools.py claude || fail "claude has other tools"
  new_home claude-plugin
  in_folder claude plugin validate --strict --profile directory "$root/manifests/claude-plugin"
  in_folder claude plugin validate --strict "$root"
  in_folder claude plugin marketplace add "$root"
  in_folder claude plugin install autosend-mcp@autosend-mcp --config api_key=AS_not_a_key_of_anybody
  in_folder claude mcp list
  expect "claude-code: claude starts the server of the plugin" "autosend-mcp:autosend: uvx autosend-mcp - ✔ Connected" \
    "$HOME/printed"
}

codex() {
  check codex codex '"name": "autosend"'
  python3 .ci/hosts/tools.py codex || fail "codex has other tools"
}

gemini() {
  check gemini gemini "✓ autosend: $command --sandbox --read-only (stdio) - Connected"
  new_home gemini-extension
  echo "{\"$HOME/folder\": \"TRUST_FOLDER\", \"$root/manifests\": \"TRUST_FOLDER\"}" >"$HOME/.gemini/trustedFolders.json"
  in_folder gemini extensions install "$root/manifests/gemini-extension" --consent --skip-settings
  in_folder gemini mcp list
  expect "gemini: gemini starts the server of the extension" \
    "✓ autosend (from autosend-mcp): uvx autosend-mcp (stdio) - Connected" "$HOME/printed"
}

copilot() {
  check copilot copilot-cli "\"command\": \"$command\""
  python3 .ci/hosts/tools.py copilot || fail "copilot has other tools"
}

opencode() {
  [ -x "$bin/opencode" ] || { echo "opencode is not checked: it is here for Linux on x64 alone" && return; }
  export OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1
  check opencode opencode "✓ autosend connected"
}

installers() { # the command as uv and pipx install it from the wheel: which path a host is given
  new_home installers
  export PIPX_HOME=$HOME/pipx PIPX_BIN_DIR=$HOME/.pipx-bin
  local uv=$root/.venv/bin pipx=$scratch/pipx/bin wheel place
  "$uv/uv" venv -q --seed "$scratch/pipx"
  "$uv/uv" pip install -q --python "$scratch/pipx" pipx
  "$uv/uv" build -q --wheel -o "$HOME/dist"
  wheel=$(echo "$HOME"/dist/*.whl)
  PATH=$HOME/.local/bin:$uv:/usr/bin:/bin "$uv/uv" tool install -q "$wheel" || fail "uv tool install"
  "$pipx/pipx" install -q "$wheel" >/dev/null || fail "pipx install"
  for place in "$HOME/.local/bin" "$PIPX_BIN_DIR"; do
    PATH=/usr/bin:/bin "$place/autosend-mcp" install zed --sandbox </dev/null >"$HOME/printed" 2>&1 || fail "install from $place"
    expect "install names the command in ${place#"$HOME/"}" "\"command\": \"$place/autosend-mcp\"" "$HOME/printed"
    env -i HOME="$HOME" PATH=/usr/bin:/bin "$place/autosend-mcp" doctor >"$HOME/printed" 2>&1 || true # there is no key
    expect "doctor starts it there" "offers 19 tools" "$HOME/printed"
  done
}

# The manifests start `uvx autosend-mcp`, which is not published yet: this stands for uvx.
mkdir "$scratch/uvx"
printf '#!/bin/sh\n[ "$1" = autosend-mcp ] && shift && exec "%s" "$@"\n' "$command" >"$scratch/uvx/uvx"
chmod +x "$scratch/uvx/uvx"

hosts=(claude_code codex gemini copilot opencode installers)
running=()
for host in "${hosts[@]}"; do # each is seconds of starting, most of it waiting
  ($host >"$scratch/$host.txt" 2>&1) &
  running+=($!)
done
status=0
for number in "${!hosts[@]}"; do
  wait "${running[number]}" || status=1
  cat "$scratch/${hosts[number]}.txt"
done
[ $status = 0 ] || fail "a host cannot use what install writes"
PATH=$with_command .venv/bin/python .ci/clients/run.py claude_agent_sdk || fail "the recipe does not work"
echo "checked with the hosts' own commands"

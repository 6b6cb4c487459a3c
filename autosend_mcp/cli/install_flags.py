"""The flags of `autosend-mcp install`, and its help."""

import argparse

HOST_NAMES = (
    "claude-desktop",
    "claude-code",
    "cursor",
    "vscode",
    "codex",
    "gemini",
    "copilot-cli",
    "opencode",
    "windsurf",
    "zed",
)

INSTALL_HELP = """\
Put the server into a host: with the host's own command where it has one, else in its file. Shows the change and asks
before it makes it, if there is a terminal. Everything else in the file stays, and a copy of it is kept beside it. The
key is never written into the file of a host: the host asks for it, reads it from its environment, or is given a file
that only you can read.

examples:
  autosend-mcp install cursor                     your AutoSend project
  autosend-mcp install claude-code --sandbox      a local AutoSend, without a key
  autosend-mcp install vscode --read-only --toolsets contacts,lists
  autosend-mcp install codex --key-file ~/.autosend-key
  autosend-mcp install zed --print                change nothing; show what to paste
  autosend-mcp install cursor --uninstall

exit code: 0 done, or nothing to change, 1 not done, 2 wrong usage, 3 the command itself failed, 130 interrupted
"""


def add_install_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of `autosend-mcp install`."""
    parser.add_argument("host", choices=HOST_NAMES, metavar="HOST", help=", ".join(HOST_NAMES))
    for flag, effect in (
        ("--print", "change nothing; show what to run or paste"),
        ("--uninstall", "take the server out of the host"),
        ("--yes", "make the change without asking"),
        ("--json", "print what was done as JSON, and ask nothing"),
    ):
        parser.add_argument(flag, action="store_true", help=effect)
    parser.add_argument(
        "--key-file",
        nargs="?",
        const="",
        metavar="FILE",
        help="give the host the key in this file, made if it is not there, or in the usual one",
    )

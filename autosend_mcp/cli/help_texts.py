"""What `--help` says of the command and of its subcommands."""

HELP = """\
An MCP server for AutoSend contacts. Without a subcommand it serves MCP on stdin and stdout.

examples:
  AUTOSEND_API_KEY=AS_... autosend-mcp          serve your AutoSend project
  autosend-mcp --sandbox                        serve a local AutoSend, kept in memory
  autosend-mcp --sandbox contacts.sqlite3       serve a local AutoSend, kept in a file
  autosend-mcp --read-only --toolsets contacts  offer only the contact tools that change nothing
  autosend-mcp demo                             see it work, without a key
  autosend-mcp install cursor                   put it into a host
  autosend-mcp doctor                           find what is wrong
  autosend-mcp call create_contact --sandbox --email jane@example.com

exit code: 0 done, 2 wrong usage or a wrong setting, 3 the command itself failed, 130 interrupted
"""

CALL_HELP = """\
Call one tool and print its answer. Give the tool's arguments as --name value pairs, or as one JSON object; - reads the
object from stdin. A flag that is true needs no value, one for an array may be repeated, and --customFields.plan sets
one custom field, to what JSON reads as a number or true, else to a text.

examples:
  autosend-mcp call create_contact --email jane@example.com --firstName Jane --dryRun
  autosend-mcp call create_contact '{"email":"jane@example.com"}' --json
  autosend-mcp call add_to_list --sandbox-sample --list Newsletter --emails a@example.com --emails b@example.com
  autosend-mcp call create_contact --help       describe the tool and its arguments

exit code: 0 done, 1 the tool answered with an error, 2 wrong usage, 3 the command itself failed, 130 interrupted
"""

SANDBOX_HELP = """\
Serve a local AutoSend over HTTP on 127.0.0.1, for any AutoSend client. Nothing leaves this machine.

examples:
  autosend-mcp sandbox --list Newsletter --segment "Active users" --exists-status 400
  autosend-mcp sandbox --field plan:string --automation plan:free:pro --unsubscribe jane@example.com:Blog
  curl -s http://127.0.0.1:7363/sandbox/automations    list the automations started so far, and their mails
"""

DEMO_HELP = """\
Start the server as a child process over the sandbox, connect a real MCP client, and show a contact being created,
a misspelt field, the same address again, and the contact changed. Needs no key and no network.

examples:
  autosend-mcp demo

exit code: 0 all answers were as promised, 1 an answer was not
"""

DOCTOR_HELP = """\
Look at the settings and where each comes from, the key, the proxy, DNS, TLS, one read of AutoSend, its rate limit and
clock, and at each host: whether the server is in its file, and starts as the host would start it. Each problem comes
with what fixes it. The key is never shown. Nothing is changed.

examples:
  autosend-mcp doctor
  autosend-mcp doctor --json

exit code: 0 all is well, 1 there is a problem
"""

COMPLETION_HELP = """\
Print the script by which a shell completes subcommands, flags, their values, hosts, tools and names of files. It is for
autosend-mcp on the PATH.

examples:
  autosend-mcp completion bash    for ~/.local/share/bash-completion/completions/autosend-mcp
  autosend-mcp completion zsh     for ~/.zfunc/_autosend-mcp, with fpath+=(~/.zfunc) before compinit
  autosend-mcp completion fish    for ~/.config/fish/completions/autosend-mcp.fish

exit code: 0 done, 2 wrong usage
"""

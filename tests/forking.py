"""A process with the importer loaded, that forks a child for each line it reads: starting one takes a millisecond.

For each line on stdin, the arguments of autosend-mcp as JSON, it writes the child's pid and, when that has ended, its
wait status. Run as `python -m tests.forking OUTPUT`, where the children's output goes.
"""

import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from autosend_mcp.cli import main


def serve(output: str) -> None:
    """Until stdin ends."""
    with TemporaryDirectory() as scratch:  # one import here, so that no child has anything to load
        file = Path(scratch) / "people.csv"
        file.write_text("email\nann@example.com\n", encoding="utf-8")
        with Path(output).open("w", encoding="utf-8") as out, redirect_stdout(out), redirect_stderr(out):
            assert main(["import", str(file), "--sandbox"]) == 0
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            number = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(number, 1)
            os.dup2(number, 2)
            code = 70
            try:
                code = main(json.loads(line))
            finally:
                os._exit(code)
        print(pid, flush=True)
        print(os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])

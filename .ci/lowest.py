"""Print the lowest version of each direct dependency as a constraints file."""

import re
import tomllib
from pathlib import Path

for requirement in tomllib.loads(Path("pyproject.toml").read_text())["project"]["dependencies"]:
    print(re.sub(r"^([a-z0-9-]+)>=([0-9.]+).*$", r"\1==\2", requirement))

"""How many examples a property test tries: few in a run by hand, `EXAMPLES` times as many in CI, which sets it."""

import os

TIMES = int(os.environ.get("EXAMPLES", "1"))

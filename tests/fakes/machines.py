"""How many runs each state machine of tests/stateful gets: a few with the tests, more in `make machines`."""

import os

MACHINES = int(os.environ.get("TIERWISE_MACHINES", "15"))

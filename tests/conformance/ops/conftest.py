"""Settings of the conformance tests: EMBER_OPS_EXAMPLES says how many examples each test tries."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings

EXAMPLES = int(os.environ.get("EMBER_OPS_EXAMPLES", "12"))

# Derandomized, so that a failure repeats. `make conformance` tries 1,000 examples; EMBER_OPS_SEEDS
# asks for new seeds in each run.
settings.register_profile(
    "ops",
    max_examples=EXAMPLES,
    derandomize="EMBER_OPS_SEEDS" not in os.environ,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
settings.load_profile("ops")


@pytest.fixture(autouse=True)
def _numpy_is_silent():
    """NumPy computes what is expected; its warnings of overflow and the like are no news here."""
    with np.errstate(all="ignore"):
        yield

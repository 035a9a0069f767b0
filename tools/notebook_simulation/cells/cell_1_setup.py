# %% [markdown]
# # From a BigQuery table to features
#
# A notebook that reads a table of BigQuery, looks at it, and makes features of it for training.
# Without any setting it starts a local server of BigQuery's Storage Read API with a table of
# flights, so it runs without an account. With `SIMULATION_PROJECT` and `SIMULATION_TABLE`, and
# credentials (`gcloud auth application-default login`), the same cells run against BigQuery.
#
# ## 1. Setup
#
# What is read, how much of it, and where results go.

# %%
import os
import tempfile
from pathlib import Path

from emberharmony import ops

PROJECT = os.environ.get("SIMULATION_PROJECT", "")
ENDPOINT = os.environ.get("GOOGLE_CLOUD_CPP_BIGQUERY_READ_ENDPOINT", "")
TABLE = os.environ.get("SIMULATION_TABLE", "demo.public.flights")
TARGET = os.environ.get("SIMULATION_TARGET", "delay")
LIMIT = int(os.environ.get("SIMULATION_LIMIT", "200000"))
OUTPUT = Path(os.environ.get("SIMULATION_OUTPUT") or tempfile.mkdtemp(prefix="simulation-"))

ops.random.set_seed(42)
print(f"{LIMIT:,} rows of {TABLE}, target {TARGET}; results go to {OUTPUT}")
print(f"ops computes on {ops.get_backend()} with {ops.get_num_threads()} threads")

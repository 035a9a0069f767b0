# %% [markdown]
# ## 2. Connection
#
# The server that an endpoint names, BigQuery itself, or a local server that this cell starts. A
# local server ends with the notebook, or with `server.terminate()`.

# %%
import atexit
import shutil
import subprocess
import sys

from emberharmony import bigquery


def find(name):
    """A file of the project, from this folder upwards."""
    folders = [Path.cwd(), *Path.cwd().parents]
    found = [folder / name for folder in folders if (folder / name).is_file()]
    if not found:
        raise FileNotFoundError(f"expected {name} in {Path.cwd()} or above: run `make build`")
    return found[0]


def find_ember():
    """The command: that of EMBER_BIN, beside this Python, in PATH, or of a checkout."""
    beside = str(Path(sys.executable).parent)
    found = os.environ.get("EMBER_BIN") or shutil.which("ember", path=beside)
    return found or shutil.which("ember") or find("build/bin/ember")


server = None
if not ENDPOINT and not PROJECT:
    flights = os.environ.get("SIMULATION_DATA") or find("data/flights-3m.parquet")
    server = subprocess.Popen(
        [find_ember(), "serve-bigquery", "--table", f"{TABLE}={flights}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.terminate)
    ENDPOINT = server.stdout.readline().split()[-1]

connection = bigquery.setup_bigquery_connection(
    project_id=PROJECT or None, storage_endpoint=ENDPOINT or None
)
with bigquery.read(TABLE, limit=1, connection=connection) as reader:
    columns = reader.column_names
print(f"connected to {ENDPOINT or 'BigQuery'}: {', '.join(columns)}")

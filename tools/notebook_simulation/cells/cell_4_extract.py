# %% [markdown]
# ## 4. Features
#
# One call makes a plan from the types that it finds, splits the rows by a hash of them, learns
# medians, scales and vocabularies from the training rows, and writes training, validation and test
# features, with the model that serves new rows.

# %%
import json

process = subprocess.run(
    [EMBER, "extract", f"bigquery://{TABLE.replace('.', '/')}", "-o", OUTPUT / "features"]
    + ["--target", TARGET, "--limit", str(LIMIT), "--overwrite", "--quiet"]
    + (["--bigquery-endpoint", ENDPOINT] if ENDPOINT else [])
    + (["--project", PROJECT] if PROJECT else []),
    capture_output=True,
    text=True,
)
if process.returncode != 0:
    raise RuntimeError(process.stderr.strip())
manifest = json.loads((OUTPUT / "features" / "manifest.json").read_text())
for split, facts in manifest["splits"].items():
    print(f"{split}: {facts['rows']:,} rows")
manifest["splits"]

# %% [markdown]
# ## 3. Exploration
#
# Batches are received while the ones before are looked at; only counts and sums are kept, so that
# memory does not grow with the table. The target's distribution is drawn where matplotlib is there,
# between bounds that the first batch gives.

# %%
import math

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

edges = None
counts = ops.zeros(60, dtype="int64")
total = squares = 0.0
number = missing = 0


def look_at(tensors):
    global edges, counts, total, squares, number, missing
    values = ops.astype(tensors[TARGET], "float64")
    known = values[~ops.isnan(values)]
    if edges is None and known.size:
        low, high = (float(value) for value in ops.percentile(known, [0.5, 99.5]))
        edges = ops.linspace(low, max(high, low + 1.0), 61)
    if known.size:
        counts = counts + ops.histogram(known, bins=edges).counts
    total += float(ops.sum(known))
    squares += float(ops.sum(known * known))
    number += known.size
    missing += values.size - known.size


summary = bigquery.process_bigquery_streaming(
    TABLE,
    look_at,
    output="tensors",
    columns=[TARGET],
    limit=LIMIT,
    fill_null=math.nan,
    connection=connection,
)
mean = total / max(number, 1)
deviation = math.sqrt(max(squares / max(number, 1) - mean * mean, 0.0))
print(f"{number:,} values of {TARGET}, {missing:,} missing: {mean:.2f} +- {deviation:.2f}")
print(
    "The rows of a limit are those that come first, which BigQuery does not fix: the numbers of "
    "the next cell, which reads again, may be of other rows."
)
if plt is not None and edges is not None:
    figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
    axes.stairs(counts.tolist(), edges.tolist(), fill=True)
    axes.set_xlabel(TARGET)
    axes.set_ylabel("rows")
summary

# %% [markdown]
# The engine's own look at all columns.

# %%
import emberharmony as eh

inspection = eh.inspect(
    f"bigquery://{TABLE.replace('.', '/')}", limit=LIMIT, progress="none", connection=connection
)
for column in inspection["columns"]:
    print(
        f"{column['name']:<20} {column['detected']:<12} {column['null_share']:>6.1%} missing, "
        f"{column['distinct_count']:>9,} distinct, median {column.get('median', '-')}"
    )

# %% [markdown]
# ## 4. Features
#
# One call makes a plan from the types that it finds, splits the rows by a hash of them, learns
# medians, scales and vocabularies from the training rows, and writes training, validation and test
# features, with the model that serves new rows.

# %%
result = eh.extract(
    f"bigquery://{TABLE.replace('.', '/')}",
    OUTPUT / "features",
    target=TARGET,
    limit=LIMIT,
    overwrite=True,
    progress="none",
    connection=connection,
)
for split, rows in result.split_rows.items():
    print(f"{split}: {rows:,} rows")

# %% [markdown]
# Training reads them as batches of tensors, in an order that the seed decides.

# %%
with eh.batches(result.paths["train"], batch_size=4096, shuffle=True, seed=42) as batches:
    first = next(batches)
{name: tensor.shape for name, tensor in first.items()}

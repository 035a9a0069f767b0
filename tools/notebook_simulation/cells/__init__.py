"""The notebook's cells, in the order of their numbers."""

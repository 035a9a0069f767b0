"""Features of tables that are larger than memory.

`TerabyteTemporalStrideProcessor` makes windows of rows and their principal components.
"""

from emberharmony.features._temporal import TemporalResults, TerabyteTemporalStrideProcessor

__all__ = ["TemporalResults", "TerabyteTemporalStrideProcessor"]

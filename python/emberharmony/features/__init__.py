"""Features of tables that are larger than memory.

`TerabyteFeatureExtractor` turns a table into training, validation and test features;
`TerabyteTemporalStrideProcessor` makes windows of rows and their principal components.
"""

from emberharmony.features._extractor import TerabyteFeatureExtractor
from emberharmony.features._learned import FittedImputer, FittedScaler
from emberharmony.features._splits import DataSplit
from emberharmony.features._temporal import TemporalResults, TerabyteTemporalStrideProcessor

__all__ = [
    "DataSplit",
    "FittedImputer",
    "FittedScaler",
    "TemporalResults",
    "TerabyteFeatureExtractor",
    "TerabyteTemporalStrideProcessor",
]


def __dir__() -> list[str]:
    return sorted(__all__)

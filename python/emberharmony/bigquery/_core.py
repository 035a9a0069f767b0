"""The compiled half, which has no types of its own."""

from typing import Any

from emberharmony import _core

core: Any = _core.bigquery

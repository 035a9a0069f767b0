"""What purify reports: findings, their kinds and their reasons."""

from dataclasses import asdict, dataclass

# A rewrite gives the same values, and everything that the code does with them works on tensors.
SAFE = "safe"
# There is a counterpart, but a person has to decide.
REVIEW = "review"
# ops has no counterpart of that name.
MISSING = "missing"
# Data leave a framework for NumPy and come back, or are computed with outside of it.
ROUND_TRIP = "round-trip"

KINDS = {
    SAFE: "can be rewritten",
    REVIEW: "needs a person",
    MISSING: "no equivalent",
    ROUND_TRIP: "round trip between frameworks",
}

# Why a site needs a person. The keys are in the JSON, so they stay.
REASONS = {
    "argument": "an argument that the function of ops does not take",
    "alias": "a name for a NumPy function or module",
    "consumer": "the result goes where a tensor is not taken",
    "default": "other defaults or another meaning",
    "dtype": "a dtype that ops does not have, or one that only NumPy's function takes",
    "in-place": "the result is changed in place",
    "method": "the result is used with a method that tensors do not have, or have otherwise",
    "object": "elements that are Python objects",
    "order": "an order in memory",
    "out": "out=: the result is written into an array",
    "random": "random numbers: the same seed gives other numbers",
    "reference": "the function itself is handed on",
    "several": "the name stands for several libraries",
    "star": "from numpy import *",
    "structured": "a structured dtype",
    "text": "elements that are text",
    "type": "a type or dtype of NumPy's as a value",
    "unpacked": "arguments that are unpacked from a list or a dict",
    "view": "the result may be a view, and is changed in place",
    "where": "where=: only some elements are computed",
}


@dataclass(frozen=True, order=True)
class Finding:
    """One place where code uses NumPy.

    Attributes:
        path: The file, as it was given.
        line: Counted from 1.
        column: Counted from 1.
        numpy: The entry by its full name: "numpy.linalg.svd".
        kind: One of KINDS.
        reason: One of REASONS if the kind is "review", else "".
        message: What a person has to know, as a whole clause.
        replacement: What the site becomes (kind "safe"), or what could stand there; may be "".
    """

    path: str
    line: int
    column: int
    numpy: str
    kind: str
    reason: str = ""
    message: str = ""
    replacement: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

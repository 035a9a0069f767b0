"""Keeps secrets out of reports: by the names of variables, and by the looks of values."""

import os
import re

HIDDEN = "(not shown)"
SECRET_NAME = re.compile(
    r"(^|_)(key|token|secret|password|passwd|credentials?|auth|cookie|bearer)s?(_|$)|api_?key",
    re.IGNORECASE,
)
SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|\bya29\.[\w.-]+|\bAIza[\w-]{20,}|\bAKIA[A-Z0-9]{12,}|\bgh[pousr]_\w{20,}"
    r"|\beyJ[\w-]{10,}\.[\w-]+\.?[\w-]*|(?<=[Bb]earer )[\w.~+/=-]{8,}",
    re.DOTALL,
)
SECRET_PAIR = re.compile(
    r"(?P<head>['\"]?\w*(key|token|secret|password|passwd|credential|auth|cookie)\w*['\"]?"
    r"\s*[:=]\s*)(?P<value>'[^']*'|\"[^\"]*\"|[^\s,;)}\]]+)",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name is not to be shown."""
    return SECRET_NAME.search(name) is not None


def secrets_of_the_environment() -> list[str]:
    """Values of environment variables whose names tell that they are secret, the longest first."""
    values = {
        value for name, value in os.environ.items() if is_secret_name(name) and len(value) >= 6
    }
    return sorted(values, key=len, reverse=True)


def mask(text: str) -> str:
    """The text without what looks like a secret."""
    for value in secrets_of_the_environment():
        text = text.replace(value, HIDDEN)
    text = SECRET_VALUE.sub(HIDDEN, text)
    return SECRET_PAIR.sub(lambda match: match["head"] + HIDDEN, text)

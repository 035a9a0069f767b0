"""Finds direct NumPy use in Python code and maps it to emberharmony.ops.

    python tools/purify PATH...                    what is there, and what can be done about it
    python tools/purify --fix PATH...              rewrites what is safe
    python tools/purify --check PATH...            the lint rule: no NumPy but where it is allowed
    python tools/purify --verify -- COMMAND...     which NumPy entries a run still called

docs/architecture/numpy_audit.md walks through an example.
"""

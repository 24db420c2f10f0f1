"""The ``inferstack`` command: one module a verb, listed in :mod:`scripts.cli`."""

"""Mutations of the committed fleet, one fact at a time: each must be found by `inferstack check`, or be harmless by a
reason that `harmless.yml` states.

python -m tests.mutation --help
"""

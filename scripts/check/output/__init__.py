"""How findings are told: text for people, JSON, SARIF, JUnit and GitHub annotations for machines.

Each format is a module with ``write(report, notes) -> str``.
"""

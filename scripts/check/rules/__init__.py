"""The rules, one module a topic. ``docs/rules.md`` lists them; how to write one: docs/writing-rules.md."""

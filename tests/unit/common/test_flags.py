from __future__ import annotations

from components.common import flags


def test_every_kind_of_value() -> None:
    rendered = flags.render(
        {"b": True, "a": False, "n": 4, "f": 0.95, "l": ["x", "y"], "j": {"k": 1, "a": True}}
    )
    assert rendered == ["--no-a", "--b", "--f=0.95", '--j={"a":true,"k":1}', "--l", "x", "y", "--n=4"]


def test_separate_arguments() -> None:
    assert flags.render({"ctx-size": 4096, "jinja": True}, separate=True) == ["--ctx-size", "4096", "--jinja"]

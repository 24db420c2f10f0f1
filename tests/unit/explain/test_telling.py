from __future__ import annotations

from collections.abc import Collection

from scripts.explain.telling import Seen, Telling

NOTHING: dict[int, set[str]] = {}


class Asked:
    """A target that shows some fields with some other values, and remembers with which it was asked."""

    def __init__(self, name: str, shows: dict[int, set[str]]) -> None:
        self.name = name
        self.numbers: list[int] = []
        self._shows = shows

    def answer(self, number: int) -> Collection[Seen]:
        self.numbers.append(number)
        return {("a.yaml", (self.name, field), "value") for field in self._shows.get(number, ())}

    def without_name(self, seen: Seen) -> Seen:
        file, path, how = seen
        return file, ("<stack>", *path[1:]), how

    def fields(self, telling: Telling, key: str = "key") -> set[str]:
        found = telling.ask(key, 4, self.answer, self.without_name)
        assert all(path[0] == self.name for _, path, _ in found)
        return {path[1] for _, path, _ in found}


def test_the_first_is_asked_with_all_and_who_answers_alike_with_the_fewest() -> None:
    telling = Telling()
    first, second = (Asked(name, {0: {"x"}, 2: {"x", "y"}, 3: {"y"}}) for name in ("one", "two"))
    assert first.fields(telling) == {"x", "y"}
    assert first.numbers == [0, 1, 2, 3]
    assert second.fields(telling) == {"x", "y"}
    assert second.numbers == [2]


def test_who_answers_otherwise_is_asked_with_all_once_each_and_is_known_from_then_on() -> None:
    telling = Telling()
    Asked("one", {2: {"x", "y"}}).fields(telling)
    other = Asked("two", {2: {"x"}, 3: {"z"}})
    assert other.fields(telling) == {"x", "z"}
    assert sorted(other.numbers) == [0, 1, 2, 3]
    third = Asked("three", {2: {"x"}, 3: {"z"}})
    assert third.fields(telling) == {"x", "z"}
    assert sorted(third.numbers) == [2, 3]


def test_silence_tells_nothing() -> None:
    telling = Telling()
    assert Asked("one", NOTHING).fields(telling) == set()
    assert Asked("two", {3: {"x"}}).fields(telling) == {"x"}


def test_what_was_learned_of_one_parameter_is_not_used_for_another() -> None:
    telling = Telling()
    Asked("one", {0: {"x"}}).fields(telling, "key")
    other = Asked("two", {0: {"x"}, 1: {"y"}})
    assert other.fields(telling, "another") == {"x", "y"}

from __future__ import annotations

from scripts.terminal import harmless


def test_a_terminal_obeys_nothing_of_it() -> None:
    assert harmless("a\x1b[31mred\x1b[0m\r\x07\nb\u202e") == "a?[31mred?[0m??\nb?"


def test_words_of_any_language_stay() -> None:
    assert harmless("über → 模型 ½\n") == "über → 模型 ½\n"

"""What the cases of refused stacks share."""

from __future__ import annotations

from typing import Any

import pytest

from components.common.errors import MistakesError
from tests.support.stacks import make_stack

Path = tuple[str | int, ...]
Case = tuple[dict[str, Any], Path, str]
"""What is laid over a good stack, the key path of its mistake, and words of the message or the remedy."""

CPU = {"runtime": "llamacpp", "pool": "cpu", "tensorParallelSize": None}
GGUF = {"weights": {"uri": "s3://models/q.gguf", "file": "q.gguf"}}
OLLAMA = {"runtime": "ollama", "tensorParallelSize": None}
TAG = {"ollamaTag": "llama3.3:70b"}
HPA = {"scaler": "hpa", "target": 80}
KEDA = {"versions": {"keda": "2.20.2"}, "prometheusUrl": "http://prometheus.example.com"}


def assert_refused(overrides: dict[str, Any], path: Path, words: str) -> None:
    """The stack is refused for the mistake, and every mistake has a remedy."""
    with pytest.raises(MistakesError) as caught:
        make_stack(**overrides)
    found = [mistake for mistake in caught.value.mistakes if mistake.path == path]
    assert found, caught.value.mistakes
    assert any(words in mistake.message + mistake.remedy for mistake in found), found
    assert all(mistake.remedy for mistake in caught.value.mistakes)

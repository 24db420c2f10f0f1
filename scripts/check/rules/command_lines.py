"""Command lines of engines: words that belong to no flag."""

from __future__ import annotations

from collections.abc import Iterator

from scripts.check.argv import Argument
from scripts.check.deployment import Deployment, deployments
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit
from scripts.check.rule import rule

_PROGRAMS = (["vllm", "serve"], ["python3"], ["python"], ["llama-server"])
"""How a command begins; what python runs stands behind its flag -m."""
_POSITIONAL = {"vllm": 1, "llamacpp": 0}
"""Words that an engine takes without a flag: vLLM the model (vllm/entrypoints/cli/serve.py), llama.cpp none."""


@rule(
    "every-word-has-a-flag",
    scope="cluster",
    why="The engine ends at its start: it does not know what the word is for.",
    fix="Take the word away, or write its flag before it.",
    source="vllm/entrypoints/cli/serve.py; llama.cpp common/arg.cpp; serving.md 2.1 and 2.2",
    cause=("serving", "args"),
)
def words_have_flags(view: ClusterView) -> Iterator[Hit]:
    """Words on an engine's command line are flags, values of flags, or its one model."""
    for one in deployments(view).values():
        most = _POSITIONAL.get(one.stack.runtime.engine)
        words = _free(one)
        if most is not None and len(words) > most:
            said = f"nothing takes {words[-1]}, behind {', '.join(words[:-1]) or 'the program'}"
            yield Hit(one.service, "spec.predictor.model.args", said)


def _free(one: Deployment) -> list[str]:
    """Words that are neither the program, nor a flag, nor a flag's value."""
    taken = {index for each in one.arguments.given for index in _span(each)}
    words = [(index, word) for index, word in enumerate(one.arguments.words) if index not in taken]
    free = [word for _, word in words]
    for program in _PROGRAMS:
        if [word.rpartition("/")[2] for word in free[: len(program)]] == program:
            free = free[len(program) :]
            break
    return [word for word in free if not any(sign in word for sign in "\n;&")]


def _span(argument: Argument) -> range:
    """Where a flag and its values stand; a value behind ``=`` is no word of its own."""
    apart = 0 if "=" in argument.word else len(argument.values)
    return range(argument.index, argument.index + 1 + apart)

"""Flags of the Endpoint Picker, against the version that is pinned."""

from __future__ import annotations

from collections.abc import Iterator

from components.facts import epp
from scripts.check.argv import Argument
from scripts.check.durations import seconds
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, KeyPath
from scripts.check.picker_config import Picker, pickers
from scripts.check.rule import rule

_FLAGS: KeyPath = ("gateway", "epp", "flags")
_ENDS = "The Endpoint Picker ends at start, and the gateway answers 500 or picks any pod."
_BOOLEANS = ("true", "false", "t", "f", "1", "0", "True", "False", "TRUE", "FALSE", "T", "F")
"""What Go's strconv.ParseBool reads."""
_NUMBERS = ("grpc-port", "grpc-health-port", "metrics-port", "v")
_DURATIONS = (
    *("drain-timeout", "refresh-metrics-interval", "refresh-prometheus-metrics-interval"),
    "metrics-staleness-threshold",
)
_WORDS = {
    "zap-encoder": ("json", "console"),
    "pool-group": ("inference.networking.k8s.io", "inference.networking.x-k8s.io"),
}


@rule(
    "picker-flag-known",
    scope="cluster",
    why=_ENDS,
    fix="Remove or replace the flag, or pin a version that has it.",
    source="gateway.md 16; router#2172, #1466; kserve#5877",
    cause=_FLAGS,
)
def flag_known(view: ClusterView) -> Iterator[Hit]:
    """Every flag of an Endpoint Picker is one that the pinned version takes, written as it reads it."""
    for one, given in _given(view):
        problem = epp.flag_problem(given.word, one.version)
        flag = given.flag
        if problem is None and flag and flag.kind == "bool" and "=" not in given.word:
            after = one.arguments.words[given.index + 1 : given.index + 2]
            if after and after[0] in _BOOLEANS:
                problem = f"write --{flag.name}={after[0]} as one word"
        if problem is None and flag and flag.kind != "bool" and not given.values:
            problem = f"--{flag.name} needs a value"
        if problem:
            yield _hit(one, given, problem)


@rule(
    "picker-flag-once",
    scope="cluster",
    level="warning",
    why="The last one wins, whatever was meant.",
    fix="Give the flag once.",
    source="gateway.md 16",
    cause=_FLAGS,
)
def flag_once(view: ClusterView) -> Iterator[Hit]:
    """A flag of an Endpoint Picker is given once."""
    seen: set[tuple[int, str]] = set()
    for one, given in _given(view):
        key = (id(one), given.name)
        if key in seen and given.flag:
            yield _hit(one, given, f"--{given.name} is given twice; {given.word} wins")
        seen.add(key)


@rule(
    "picker-flag-value",
    scope="cluster",
    why=_ENDS,
    fix="Correct the value.",
    source="gateway.md 3.2",
    cause=_FLAGS,
)
def flag_value(view: ClusterView) -> Iterator[Hit]:
    """The value of an Endpoint Picker's flag has the form that it reads."""
    for one, given in _given(view):
        if given.flag and given.values:
            said = _wrong(given.name, given.flag.kind, given.values[-1])
            if said:
                yield _hit(one, given, f"--{given.name} is {given.values[-1][:60]!r}: it takes {said}")


def _wrong(name: str, kind: str, value: str) -> str | None:
    if kind == "bool" and value not in _BOOLEANS:
        return "true or false"
    if name in _NUMBERS and not value.isdecimal():
        return "a whole number"
    if name in _DURATIONS and seconds(value) is None:
        return "a duration, like 30s"
    if name in _WORDS and value not in _WORDS[name]:
        return " or ".join(_WORDS[name])
    return None


@rule(
    "picker-config-one-source",
    scope="cluster",
    why="With both the Endpoint Picker ends at start; with neither it passes over what the stack says.",
    fix="Give --config-file, and no --config-text.",
    source="gateway.md 16 and 3.2",
    cause=_FLAGS,
)
def config_one_source(view: ClusterView) -> Iterator[Hit]:
    """An Endpoint Picker is configured by a file or by a text, not by both or neither."""
    for one in pickers(view):
        file, text = one.arguments.find("config-file"), one.arguments.find("config-text")
        if file and text:
            yield _hit(one, text, "--config-file and --config-text are both given")
        elif not file and not text:
            yield Hit(
                one.pod.owner,
                one.pod.main.node.at("args"),
                "neither --config-file nor --config-text is given",
            )


def _given(view: ClusterView) -> Iterator[tuple[Picker, Argument]]:
    return ((one, given) for one in pickers(view) for given in one.arguments.given)


def _hit(one: Picker, given: Argument, message: str) -> Hit:
    container = one.pod.main.node
    index = given.index - len(container.strings("command"))
    return Hit(one.pod.owner, f"{container.at('args')}[{index}]", message, cause=(*_FLAGS, given.name))

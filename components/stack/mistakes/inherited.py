"""Keys of ``gateway`` that are set and that nothing reads, told only where the stack itself sets them.

A cluster's class sets defaults for all its stacks, and a stack that has no use for one is no mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.common.errors import Mistake
from components.inference_gateway.wiring import WIRINGS
from components.stack.params import Stack


def unread_gateway(stack: Stack, own: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[Mistake]:
    """Settings without effect in ``own``, the stack's ``gateway`` as it is rendered, that differ from the cluster's
    ``defaults``."""
    for path, reason, remedy in _unread(stack):
        for key in _set(own, defaults, path):
            where = ("gateway", *key)
            yield Mistake(where, f"{'.'.join(where)} has no effect: {reason}", remedy)


def _unread(stack: Stack) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """(keys below ``gateway``, why they have no effect, what to do)."""
    gateway = stack.gateway
    if not gateway.enabled:
        for key in ("className", "streamIdle", "extensionPolicy", "pool", "epp"):
            yield (key,), "gateway.enabled is false", "remove it"
        return
    if not gateway.pool.enabled:
        for path in (("extensionPolicy",), ("pool", "failureMode"), ("epp",)):
            yield path, "gateway.pool.enabled is false", "remove it"
    if gateway.shared:
        home = f"cluster.sharedGateways.{gateway.shared}"
        yield ("className",), f"the class of a shared gateway is that of {home}", f"set {home}.className"
    if not WIRINGS[gateway.wiring].STREAM_IDLE:
        yield ("streamIdle",), f"wiring {gateway.wiring} has no such timeout", "remove it"


def _set(
    own: Mapping[str, Any], defaults: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    """The keys at ``path``, or one level below it, whose value is no default."""
    mine, usual = _at(own, path), _at(defaults, path)
    if isinstance(mine, Mapping):
        below = usual if isinstance(usual, Mapping) else {}
        yield from ((*path, key) for key in mine if mine[key] is not None and mine[key] != below.get(key))
    elif mine is not None and mine != usual:
        yield path


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value

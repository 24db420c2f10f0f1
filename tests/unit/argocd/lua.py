"""Argo CD's sandbox for health checks: Lua 5.1 with the base and table libraries, the object as ``obj``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lupa import lua51

from components.argocd.health_checks import SCRIPTS, script

FORBIDDEN = ("string", "math", "io", "debug", "coroutine", "os", "python", "package", "require")
"""What Argo CD does not open (or, for os and package, opens only in part)."""
STATES = ("Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown")


def run(name: str, obj: Mapping[str, Any]) -> tuple[str, str]:
    """(status, message) that ``health/<name>.lua`` returns for an object.

    Raises AssertionError for a result that Argo CD would refuse.
    """
    lua = lua51.LuaRuntime(register_eval=False, register_builtins=False, unpack_returned_tuples=True)
    for library in FORBIDDEN:
        lua.globals()[library] = None
    lua.globals()["obj"] = _table(lua, obj)
    result = dict(lua.execute(script(name)).items())
    assert set(result) == {"status", "message"}, result
    assert result["status"] in STATES, result
    assert isinstance(result["message"], str), result
    return result["status"], result["message"]


def health(group: str, kind: str, obj: Mapping[str, Any]) -> str:
    """The status that the kind's check gives an object."""
    return run(SCRIPTS[group, kind], obj)[0]


def _table(lua: Any, value: Any) -> Any:
    if isinstance(value, Mapping):
        return lua.table_from({key: _table(lua, item) for key, item in value.items()})
    if isinstance(value, list):
        return lua.table_from([_table(lua, item) for item in value])
    return value

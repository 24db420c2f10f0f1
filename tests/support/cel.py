"""The CEL rules of CRDs (`x-kubernetes-validations`), evaluated as the API server does when an object is created.

Defaults are applied first, fields whose names are CEL keywords are escaped, and rules about a change (`oldSelf`) do
not apply. A rule that needs what is not implemented here counts as a violation: nothing passes unevaluated.
"""

from __future__ import annotations

import copy
import datetime
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import cel

Json = dict[str, Any]

# https://kubernetes.io/docs/reference/using-api/cel: names that a rule writes as __name__.
_RESERVED = frozenset(
    "true false null in as break const continue else for function if import let loop package namespace return var "
    "void while".split()
)


def cel_violations(obj: Mapping[str, Any], crd: Mapping[str, Any]) -> list[str]:
    """The rules of `crd` that `obj` breaks, as `path: message`; also each rule that could not be evaluated.

    Raises ValueError when `obj` is not of the CRD's kind or of no version that it serves.
    """
    schema = _schema_of(obj, crd)
    return list(_walk(defaulted(obj, schema), schema, ""))


def rules(schema: Any) -> Iterator[str]:
    """Every rule anywhere in `schema` (a CRD, or a part of one)."""
    if isinstance(schema, Mapping):
        yield from (rule["rule"] for rule in schema.get("x-kubernetes-validations") or ())
        for value in schema.values():
            yield from rules(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from rules(value)


def defaulted(value: Any, schema: Mapping[str, Any]) -> Any:
    """A copy of `value` with the defaults that the API server adds (structural defaulting)."""
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        absent = {name: node for name, node in properties.items() if "default" in node and name not in value}
        filled = {**value, **{name: copy.deepcopy(node["default"]) for name, node in absent.items()}}
        return {key: defaulted(item, _child(schema, key)) for key, item in filled.items()}
    if isinstance(value, list):
        return [defaulted(item, schema.get("items", {})) for item in value]
    return value


def _schema_of(obj: Mapping[str, Any], crd: Mapping[str, Any]) -> Json:
    spec = crd["spec"]
    served = {
        f"{spec['group']}/{version['name']}": version for version in spec["versions"] if version["served"]
    }
    if obj.get("kind") != spec["names"]["kind"] or obj.get("apiVersion") not in served:
        raise ValueError(
            f"{obj.get('apiVersion')} {obj.get('kind')} is not served by {crd['metadata']['name']}"
        )
    schema: Json = served[obj["apiVersion"]]["schema"]["openAPIV3Schema"]
    return schema


def _child(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The schema of the field `key`: a property, or the value of a map."""
    additional = schema.get("additionalProperties")
    fallback: Mapping[str, Any] = additional if isinstance(additional, Mapping) else {}
    found: Mapping[str, Any] = schema.get("properties", {}).get(key, fallback)
    return found


def _walk(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    rules = schema.get("x-kubernetes-validations") or ()
    if rules:
        context = cel.Context(variables={"self": typed(value, schema)}, functions=FUNCTIONS)
        for rule in rules:
            problem = _broken(rule, context)
            if problem:
                yield f"{path or '(object)'}: {problem}"
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, _child(schema, key), f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, schema.get("items", {}), f"{path}[{index}]")


def _broken(rule: Mapping[str, Any], context: cel.Context) -> str | None:
    """What is wrong with a value by `rule`, or None."""
    text = " ".join(rule["rule"].split())
    try:
        program = compiled(rule["rule"])
        if "oldSelf" in program.variables():
            return f"rule not evaluated (optionalOldSelf): {text}" if rule.get("optionalOldSelf") else None
        result = program.execute(context)
    except Exception as error:  # every failure of the evaluator is a finding
        return f"rule not evaluated ({type(error).__name__}: {error}): {text}"
    if result is True:
        return None
    return str(rule.get("message") or _expressed(rule, context) or f"failed rule: {text}").strip()


def _expressed(rule: Mapping[str, Any], context: cel.Context) -> str | None:
    expression = rule.get("messageExpression")
    try:
        return str(compiled(expression).execute(context)) if expression else None
    except Exception:  # the API server, too, falls back to the rule
        return None


@cache
def compiled(rule: str) -> cel.Program:
    """The program of a rule. Raises ValueError when it does not parse."""
    return cel.compile(rule)


def typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """`value` as CEL sees it: escaped field names, doubles, timestamps, durations and bytes by schema."""
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        return {
            escaped(key) if key in properties else key: typed(item, _child(schema, key))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [typed(item, schema.get("items", {})) for item in value]
    if schema.get("type") == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if schema.get("format") == "date-time" and isinstance(value, str):
        return datetime.datetime.fromisoformat(value)
    if schema.get("format") == "byte" and isinstance(value, str):
        return value.encode()
    return value


def escaped(name: str) -> str:
    """A field name as a rule writes it: `namespace` -> `__namespace__`, `a-b` -> `a__dash__b`."""
    if name in _RESERVED:
        return f"__{name}__"
    for char, text in (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__")):
        name = name.replace(char, text)
    return name


def _is(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def answers(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return answers


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= stop <= len(text):
        raise ValueError(f"index out of range: {start}, {stop}")
    return text[start:stop]


def _ascii(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: re.sub(r"[A-Za-z]", lambda match: change(match[0]), text)


# The CEL libraries of Kubernetes, as far as the CRDs here use them; methods get their receiver first.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "isIP": _is(ipaddress.ip_address),
    "isCIDR": _is(lambda text: ipaddress.ip_network(text, strict=False)),
    "lowerAscii": _ascii(str.lower),
    "upperAscii": _ascii(str.upper),
    "substring": _substring,
    "split": lambda text, separator: text.split(separator) if separator else list(text),
    "trim": str.strip,
    "join": lambda items, separator="": separator.join(items),
    "replace": lambda text, old, new: text.replace(old, new),
    "indexOf": lambda text, part: text.find(part),
    "lastIndexOf": lambda text, part: text.rfind(part),
}

"""LiteLLM's model list: what each entry says of its model, held against the stack behind it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from components.facts import litellm
from components.facts.litellm import Section
from components.stack.params import Stack
from scripts.check.deployment import deployments
from scripts.check.fleet import ClusterView
from scripts.check.model import Hit, KeyPath, Level
from scripts.check.node import Node
from scripts.check.proxy import Entry, Proxy
from scripts.check.rule import rule

_CAUSE = ("cluster", "litellm")
_SECTIONS: tuple[tuple[str, Section], ...] = (
    ("", "top_level"),
    ("litellm_settings", "litellm_settings"),
    ("router_settings", "router_settings"),
    ("general_settings", "general_settings"),
)
_OF_ENTRY: tuple[tuple[str, Section], ...] = (
    ("", "model_entry"),
    ("litellm_params", "litellm_params"),
    ("model_info", "model_info"),
)
_ENFORCE = "enforce_model_rate_limits"


def stack_of(entry: Entry, view: ClusterView) -> Stack | None:
    """The stack that an entry is made of: its id is `<stack>` or `<stack>.<adapter>`."""
    return view.stacks.get(entry.node.text("model_info.id").partition(".")[0])


def _hit(proxy: Proxy, entry: Entry, view: ClusterView, path: str, message: str, cause: KeyPath = ()) -> Hit:
    """A hit at a field of an entry, whose cause is in the stack's target."""
    stack = stack_of(entry, view)
    target = f"{view.name}.{stack.name}" if stack else view.target
    return Hit(proxy.config_map, entry.node.at(path), f"{entry.name}: {message}", cause=cause, target=target)


def _entries(view: ClusterView) -> Iterator[tuple[Proxy, Entry]]:
    for proxy in view.proxies:
        yield from ((proxy, entry) for entry in proxy.entries)


@rule(
    "proxy-keys-known",
    scope="cluster",
    why="LiteLLM ignores the key, or passes it on to a server that refuses it.",
    fix="Correct its name: LiteLLM's keys are snake_case.",
    source="serving.md 3.3; inference-stacks.md idea 14",
    cause=_CAUSE,
)
def keys_known(view: ClusterView) -> Iterator[Hit]:
    """Every key of LiteLLM's configuration is one that it has."""
    version = view.versions.get("litellm", "")
    level: Level | None = "warning" if not version or litellm.coverage_problem(version) else None
    for proxy in view.proxies:
        holders = [(proxy.root.node(path), section) for path, section in _SECTIONS]
        for entry in proxy.entries:
            holders += [(entry.node.node(path), section) for path, section in _OF_ENTRY]
        for holder, section in holders:
            for key in holder.map(""):
                if problem := litellm.key_problem(section, key):
                    yield Hit(proxy.config_map, holder.at(key), problem, level=level)


@rule(
    "proxy-provider-known",
    scope="cluster",
    why="LiteLLM refuses the entry, or looks for an engine inside its own process.",
    fix="Write `hosted_vllm/` for vLLM, `openai/` for llama.cpp and Ollama.",
    source="serving.md 59; litellm#2831",
    cause=_CAUSE,
)
def provider_known(view: ClusterView) -> Iterator[Hit]:
    """The provider of an entry is one that LiteLLM calls over HTTP."""
    for proxy, entry in _entries(view):
        if problem := litellm.provider_problem(entry.node.text("litellm_params.model")):
            yield _hit(proxy, entry, view, "litellm_params.model", problem)


@rule(
    "proxy-base-complete",
    scope="cluster",
    why="LiteLLM appends /chat/completions to the URL as it stands, and the server answers 404.",
    fix="End `api_base` with /v1.",
    source="serving.md 58, 3.2; litellm#4594, #9367",
    cause=_CAUSE,
)
def base_complete(view: ClusterView) -> Iterator[Hit]:
    """The api_base of an entry ends as its provider wants it, and is plain HTTP or HTTPS."""
    for proxy, entry in _entries(view):
        model = entry.node.text("litellm_params.model")
        problem = litellm.api_base_problem(model, entry.api_base)
        if not entry.api_base.startswith(("http://", "https://")):
            problem = f"api_base {entry.api_base or '(none)'} is no URL"
        if problem:
            yield _hit(proxy, entry, view, "litellm_params.api_base", problem)


@rule(
    "proxy-entry-of-a-stack",
    scope="cluster",
    level="warning",
    why="The entry is one that nobody declares: it stays when its model goes, and requests for it fail.",
    fix="Run `make compile`: the list is made of the stacks.",
    source="gateway.md 44; inference-stacks.md idea 14",
    cause=_CAUSE,
)
def of_a_stack(view: ClusterView) -> Iterator[Hit]:
    """Every entry is that of a stack of the cluster, or of one of its adapters."""
    for proxy, entry in _entries(view):
        stack = stack_of(entry, view)
        names = {stack.public_name, *stack.model.adapters} if stack else set()
        if stack is None:
            own = entry.node.text("model_info.id")
            if own.partition(".")[0] not in view.declared.unread:
                said = f"no stack of {view.name} is called {own or '(none)'}"
                yield _hit(proxy, entry, view, "model_info.id", said)
        elif entry.name not in names:
            message = f"stack {stack.name} is called {' or '.join(sorted(names))}"
            yield _hit(proxy, entry, view, "model_name", message, ("litellm", "modelName"))


@rule(
    "proxy-entry-once",
    scope="cluster",
    level="warning",
    why="LiteLLM counts one server twice: limits double, and cooldowns take only half of it out.",
    fix="Keep one entry: the Endpoint Picker spreads the load over pods.",
    source="serving.md 62, 3.3",
    cause=_CAUSE,
)
def entry_once(view: ClusterView) -> Iterator[Hit]:
    """No two entries of one public name lead to the same model at the same address."""
    for proxy in view.proxies:
        seen: dict[tuple[str, str, str], str] = {}
        for entry in proxy.entries:
            key = (entry.name, entry.api_base, entry.asked)
            if key in seen:
                message = f"entry {seen[key] or '(without id)'} leads to {entry.api_base} too"
                yield _hit(proxy, entry, view, "", message)
            seen.setdefault(key, entry.node.text("model_info.id"))


@rule(
    "proxy-context-served",
    scope="cluster",
    why="LiteLLM lets prompts through that the server refuses, or refuses prompts that it would take.",
    fix="Run `make compile`: the length follows from `serving.maxModelLen`.",
    source="serving.md 3.3; inference-stacks.md idea 14",
    cause=_CAUSE,
)
def context_served(view: ClusterView) -> Iterator[Hit]:
    """The context that LiteLLM tells of a model is the one that the model is served with."""
    served = {one.stack.name: one.context for one in deployments(view).values() if one.pod.known}
    for proxy, entry in _entries(view):
        stack, told = stack_of(entry, view), entry.node.number("model_info.max_input_tokens")
        real = served.get(stack.name) if stack else None
        if real is not None and told is not None and told != real:
            message = f"max_input_tokens is {told}, the server takes {real}"
            yield _hit(proxy, entry, view, "model_info.max_input_tokens", message, ("serving", "maxModelLen"))


@rule(
    "proxy-mode-fits",
    scope="cluster",
    why="LiteLLM calls a path that the model does not serve: chat for an embedding model, or the reverse.",
    fix="Run `make compile`: the mode follows from `model.kind`.",
    source="serving.md 3.3",
    cause=_CAUSE,
)
def mode_fits(view: ClusterView) -> Iterator[Hit]:
    """The mode of an entry is the kind of its model, and base_model is the model's real name."""
    for proxy, entry in _entries(view):
        stack = stack_of(entry, view)
        for key, wanted in (("mode", stack.model.kind), ("base_model", stack.model.name)) if stack else ():
            given = entry.node.text(f"model_info.{key}")
            if given != wanted:
                message = f"{key} is {given or 'not set'}, the model's class says {wanted}"
                yield _hit(proxy, entry, view, f"model_info.{key}", message, ("model",))


@rule(
    "proxy-costs-declared",
    scope="cluster",
    level="warning",
    why="Without a price LiteLLM looks the name up in its table of hosted models, and budgets count wrongly.",
    fix="Run `make compile`; to change prices set `litellm.inputCostPerMillion` and `outputCostPerMillion`.",
    source="serving.md 3.3; inference-stacks.md ideas 14, 20",
    cause=_CAUSE,
)
def costs_declared(view: ClusterView) -> Iterator[Hit]:
    """An entry has the prices that its stack declares, zero where it declares none."""
    for proxy, entry in _entries(view):
        stack = stack_of(entry, view)
        if stack is None:
            continue
        own = stack.params.litellm
        for key, wanted in (
            ("input_cost_per_token", own.input_cost_per_million),
            ("output_cost_per_token", own.output_cost_per_million),
        ):
            price = Decimal(str(wanted or 0)) / 10**6
            given = entry.node.raw(f"model_info.{key}")
            number = isinstance(given, int | float) and not isinstance(given, bool)
            if not number or Decimal(str(given)) != price:
                message = f"{key} is {given if given is not None else 'not set'}, the stack says {price}"
                yield _hit(proxy, entry, view, f"model_info.{key}", message, ("litellm",))


@rule(
    "proxy-limits-declared",
    scope="cluster",
    why="LiteLLM lets other numbers of requests through to the model than were agreed.",
    fix="Run `make compile`; to change limits set `litellm.rpm` and `litellm.tpm`.",
    source="serving.md 3.3; inference-stacks.md idea 14",
    cause=_CAUSE,
)
def limits_declared(view: ClusterView) -> Iterator[Hit]:
    """The limits of an entry are those of its stack."""
    for proxy, entry in _entries(view):
        stack = stack_of(entry, view)
        own = stack.params.litellm if stack else None
        for key, wanted in (("rpm", own.rpm), ("tpm", own.tpm)) if own else ():
            given = entry.node.raw(f"litellm_params.{key}")
            if given != wanted:
                said = "none" if given is None else given
                message = f"{key} is {said}, the stack says {'none' if wanted is None else wanted}"
                yield _hit(proxy, entry, view, f"litellm_params.{key}", message, ("litellm", key))


@rule(
    "proxy-limits-enforced",
    scope="cluster",
    level="warning",
    why="Without the check rpm and tpm only weigh the shuffle: nothing is ever refused.",
    fix=f"Put {_ENFORCE} into router_settings.optional_pre_call_checks.",
    source="serving.md 3.3; litellm 1.106.2 router.py",
    cause=_CAUSE,
)
def limits_enforced(view: ClusterView) -> Iterator[Hit]:
    """Limits of entries are enforced."""
    for proxy in view.proxies:
        limited = [
            one.name
            for one in proxy.entries
            if one.node.has("litellm_params.rpm") or one.node.has("litellm_params.tpm")
        ]
        settings = proxy.root.node("router_settings")
        if limited and _ENFORCE not in settings.strings("optional_pre_call_checks"):
            message = f"{', '.join(limited)} have limits, and {_ENFORCE} is not on"
            yield Hit(proxy.config_map, settings.at("optional_pre_call_checks"), message)


@rule(
    "proxy-waits-for-answers",
    scope="cluster",
    level="warning",
    why="LiteLLM gives up while the model still answers: the client gets an error, and the GPU worked for nothing.",
    fix="Run `make compile`: the timeouts follow from `serving.requestTimeoutSeconds`.",
    source="serving.md 57, 3.3; gateway.md 50",
    cause=_CAUSE,
)
def waits(view: ClusterView) -> Iterator[Hit]:
    """LiteLLM waits at least as long as the longest request of the stack, in each of its timeouts."""
    longest = 0
    for proxy in view.proxies:
        for entry in proxy.entries:
            stack = stack_of(entry, view)
            wanted = stack.serving.request_timeout_seconds if stack else 0
            longest = max(longest, wanted)
            for key in ("timeout", "stream_timeout"):
                if problem := _short(entry.node, f"litellm_params.{key}", wanted):
                    cause = ("serving", "requestTimeoutSeconds")
                    yield _hit(proxy, entry, view, f"litellm_params.{key}", problem, cause)
        for path in ("litellm_settings.request_timeout", "router_settings.timeout"):
            if problem := _short(proxy.root, path, longest):
                yield Hit(proxy.config_map, proxy.root.at(path), problem)


def _short(node: Node, path: str, wanted: int) -> str | None:
    given = node.raw(path)
    if isinstance(given, int | float) and not isinstance(given, bool) and given < wanted:
        return f"{path.rpartition('.')[2]} is {given} s, a request may take {wanted} s"
    return None


@rule(
    "proxy-fallback-fits",
    scope="cluster",
    why="The fallback cannot answer either: it is the same model under another name, or another kind of model.",
    fix="Name a model of the same kind that other pods serve.",
    source="serving.md 61; inference-stacks.md idea 14",
    cause=_CAUSE,
)
def fallback_fits(view: ClusterView) -> Iterator[Hit]:
    """A fallback is another model than the one that failed, of the same mode, and named once."""
    for proxy in view.proxies:
        modes = {entry.name: entry.node.text("model_info.mode", "chat") for entry in proxy.entries}
        for field, name, others in proxy.fallbacks():
            own = proxy.aliases.get(name, name)
            for index, other in enumerate(others):
                real = proxy.aliases.get(other, other)
                if real == own and other != name:
                    yield Hit(proxy.config_map, field, f"{name} falls back to {other}, which is {own} too")
                elif own in modes and real in modes and modes[real] != modes[own]:
                    message = f"{name} is a model for {modes[own]}, {other} one for {modes[real]}"
                    yield Hit(proxy.config_map, field, message)
                if other in others[:index]:
                    yield Hit(proxy.config_map, field, f"{name} falls back to {other} twice", level="warning")

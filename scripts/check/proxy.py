"""The configuration of LiteLLM, read out of its ConfigMap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from scripts.check.model import Obj
from scripts.check.node import Node
from scripts.check.text import TextError, document

FILE = "config.yaml"
_PATHS = {
    "chat": "/chat/completions",
    "completion": "/completions",
    "embedding": "/embeddings",
    "rerank": "/rerank",
}


@dataclass(frozen=True, eq=False)
class Proxy:
    """One proxy_config."""

    config_map: Obj
    problem: str = ""
    """Why it cannot be read."""
    line: int = 0
    root: Node = Node({}, ("data", FILE))

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """``model_list``."""
        return tuple(Entry(one) for one in self.root.each("model_list[]"))

    @cached_property
    def names(self) -> frozenset[str]:
        """Public names that clients may ask for, without aliases."""
        return frozenset(entry.name for entry in self.entries)

    @property
    def aliases(self) -> dict[str, str]:
        """``model_group_alias``: the public name behind an alias."""
        found: dict[str, str] = {}
        for alias, target in self.root.map("router_settings.model_group_alias").items():
            found[alias] = target if isinstance(target, str) else Node(target).text("model")
        return found

    def fallbacks(self) -> Iterator[tuple[str, str, list[str]]]:
        """(field, name, names to try) of every fallback of every sort."""
        for section in ("router_settings", "litellm_settings"):
            for sort in ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks"):
                for one in self.root.each(f"{section}.{sort}[]"):
                    for name in one.map(""):
                        yield one.field, name, Node(one.value, one.path).strings(name)


@dataclass(frozen=True, eq=False)
class Entry:
    """One entry of ``model_list``."""

    node: Node

    @property
    def name(self) -> str:
        """Public name."""
        return self.node.text("model_name")

    @property
    def api_base(self) -> str:
        """Where LiteLLM sends requests."""
        return self.node.text("litellm_params.api_base")

    @property
    def provider(self) -> str:
        """First part of ``model``: ``hosted_vllm``."""
        return self.node.text("litellm_params.model").partition("/")[0]

    @property
    def asked(self) -> str:
        """The model name that the server is asked for."""
        return self.node.text("litellm_params.model").partition("/")[2]

    @property
    def path(self) -> str:
        """What LiteLLM puts behind ``api_base``."""
        return _PATHS.get(self.node.text("model_info.mode", "chat"), "/chat/completions")

    @property
    def headers(self) -> dict[str, str]:
        """Headers that LiteLLM adds, by lower-case name."""
        return {key.lower(): value for key, value in self.node.texts("litellm_params.extra_headers").items()}


def proxies(config_maps: Iterator[Obj]) -> Iterator[Proxy]:
    """The proxy configurations among ConfigMaps."""
    for obj in config_maps:
        text = obj.texts("data").get(FILE)
        if text is None or "model_list" not in text:
            continue
        try:
            yield Proxy(obj, root=Node(document(text), ("data", FILE)))
        except TextError as error:
            yield Proxy(obj, str(error), error.line)

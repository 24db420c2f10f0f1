"""Names in a stack's parameters that must exist elsewhere in them."""

from __future__ import annotations

from collections.abc import Iterator

from components.common.cluster import Cluster
from components.common.errors import Mistake
from components.facts.suggest import nearest
from components.stack.params import StackParams


def references(params: StackParams) -> Iterator[Mistake]:
    """Names in the parameters that must exist elsewhere in them. Nothing else can be derived before they do."""
    cluster, serving = params.cluster, params.serving
    if serving.runtime not in params.runtimes:
        yield _unknown(("serving", "runtime"), "runtime", serving.runtime, list(params.runtimes))
    elif not (params.runtimes[serving.runtime].namespaced or cluster.runtimes.get(serving.runtime)):
        yield Mistake(
            ("serving", "runtime"),
            f"runtime {serving.runtime!r} is switched off on cluster {cluster.name}",
            f"set cluster.runtimes.{serving.runtime}: true, or choose one of {_on(cluster)}",
        )
    if serving.pool not in cluster.pools:
        yield _unknown(("serving", "pool"), "accelerator pool", serving.pool, list(cluster.pools))
    elif cluster.pools[serving.pool].accelerator not in params.accelerators:
        wanted = cluster.pools[serving.pool].accelerator
        path = ("cluster", "pools", serving.pool, "accelerator")
        yield _unknown(path, "accelerator", wanted, list(params.accelerators))
    shared = params.gateway.shared
    if shared and shared not in cluster.shared_gateways:
        yield _unknown(("gateway", "shared"), "shared gateway", shared, list(cluster.shared_gateways))


def _unknown(path: tuple[str | int, ...], what: str, name: str, known: list[str]) -> Mistake:
    near = nearest(name, known)
    hint = f"did you mean {near!r}? " if near else ""
    return Mistake(path, f"there is no {what} {name!r}", f"{hint}known: {', '.join(sorted(known)) or 'none'}")


def _on(cluster: Cluster) -> str:
    return ", ".join(sorted(name for name, on in cluster.runtimes.items() if on)) or "none"

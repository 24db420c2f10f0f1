"""Gateway, wiring and TLS of a stack."""

from __future__ import annotations

from collections.abc import Iterator

from components.common import names
from components.common.errors import Mistake
from components.facts import epp as facts
from components.facts.suggest import nearest
from components.inference_gateway.build import own_gateway
from components.inference_gateway.wiring import WIRINGS
from components.inference_gateway.wiring.protocol import needs
from components.stack.params import Stack


def gateway(stack: Stack) -> Iterator[Mistake]:
    """The wiring, its gateway and its TLS fit the cluster and each other."""
    wanted, cluster = stack.gateway, stack.cluster
    if not wanted.enabled:
        return
    if stack.is_knative:
        yield Mistake(
            ("gateway", "enabled"),
            "an Endpoint Picker that talks to pods would blind Knative's autoscaler"
            if wanted.pool.enabled
            else "a Gateway that routes to pods goes past Knative, which then neither starts nor counts them",
            "set gateway.enabled: false (LiteLLM then calls the Knative Service), or serving.mode: Standard",
        )
        return
    wiring = WIRINGS[wanted.wiring]
    for component in needs(wiring, pool=stack.has_pool):
        if not cluster.has(component):
            yield Mistake(
                ("gateway", "wiring"),
                f"wiring {wanted.wiring} needs {component}, which cluster {cluster.name} does not declare",
                f"set cluster.versions.{component}, or choose another wiring",
            )
    if wanted.shared and cluster.shared_gateways[wanted.shared].wiring != wanted.wiring:
        other = cluster.shared_gateways[wanted.shared].wiring
        yield Mistake(
            ("gateway", "wiring"),
            f"the stack is wired by {wanted.wiring}, its shared gateway {wanted.shared!r} by {other}",
            "use one wiring for all stacks of a shared gateway",
        )
    if wanted.wiring == "gke" and not wanted.hostname:
        yield Mistake(
            ("gateway", "hostname"),
            "GKE makes no Service for a Gateway, so LiteLLM needs a name for it",
            "set gateway.hostname",
        )
    if wanted.pool.failure_mode == "FailOpen" and wiring.FAILURE_MODE == "FailClose":
        yield Mistake(
            ("gateway", "pool", "failureMode"),
            f"wiring {wanted.wiring} always fails closed: FailOpen would be a promise that nobody keeps",
            "remove the key",
        )
    yield from _own_service(stack)
    yield from _tls(stack)
    if stack.has_pool and cluster.has("llmdRouter"):
        yield from _scorers(stack)
        yield from _configuration(stack)


def _own_service(stack: Stack) -> Iterator[Mistake]:
    """The Service that the gateway's implementation makes has a name that fits."""
    if stack.gateway.shared:
        return
    wiring = WIRINGS[stack.gateway.wiring]
    path = ("serving", "name") if stack.serving.name else ()
    yield from service_name(wiring.service(own_gateway(stack, wiring)), path, "the stack or its namespace")


def service_name(name: str, path: tuple[str, ...], owner: str) -> Iterator[Mistake]:
    """A Service has a DNS-1035 name: it starts with a letter and has 63 characters at most. Where none is made, the
    name is empty."""
    if name[:1].isdigit():
        yield Mistake(
            path,
            f"the gateway's Service would be called {name!r}, and a Service's name starts with a letter",
            "let the namespace start with a letter",
        )
    if len(name) > names.LABEL_LIMIT:
        yield Mistake(
            path,
            f"the gateway's Service would be called {name!r}: {len(name)} characters, {names.LABEL_LIMIT} are allowed",
            f"shorten the name of {owner} by {len(name) - names.LABEL_LIMIT}",
        )


def _tls(stack: Stack) -> Iterator[Mistake]:
    epp = stack.gateway.epp
    path = ("gateway", "epp", "tls")
    real = WIRINGS[stack.gateway.wiring].tls(stack)
    if epp.tls is not None and epp.tls != real:
        yield Mistake(path, f"wiring {stack.gateway.wiring} only works with tls: {real}", "remove the key")
    if real == "cert-manager" and not (epp.issuer and stack.cluster.has("certManager")):
        yield Mistake(
            ("gateway", "epp", "issuer"),
            "a certificate needs cert-manager and an issuer",
            "set gateway.epp.issuer and cluster.versions.certManager",
        )
    if (
        epp.tls == "self-signed"
        and stack.gateway.wiring == "envoy-extension-policy"
        and not stack.cluster.envoy_gateway.backend_api
    ):
        yield Mistake(
            path,
            "TLS to a self-signed EPP needs Envoy Gateway's Backend API",
            "set cluster.envoyGateway.backendApi: true if it is switched on, or tls: off",
        )


def _configuration(stack: Stack) -> Iterator[Mistake]:
    """Every key of the configuration is one that the Endpoint Picker reads: it ends at once over another."""
    config, version = stack.gateway.epp.config, stack.cluster.versions["llmdRouter"]
    for path, allowed in facts.unknown_config_keys(config, version):
        *_, key = path
        near = nearest(str(key), allowed)
        remedy = f"did you mean {near!r}?" if near else f"allowed here: {', '.join(allowed)}"
        where = ("gateway", "epp", "config", *path)
        yield Mistake(where, f"unknown key {'.'.join(map(str, where))}", remedy)


def _scorers(stack: Stack) -> Iterator[Mistake]:
    """The Endpoint Picker of the cluster's version has its scorers: it ends at once over one that it lacks."""
    version = stack.cluster.versions["llmdRouter"]
    for name in stack.gateway.epp.scorers:
        plugin = facts.plugin(name, version)
        if plugin is None or plugin.kind != "scorer":
            path = ("gateway", "epp", "scorers", name)
            wrong = (
                facts.plugin_problem(name, version) or f"{name} is a {plugin.kind if plugin else 'plugin'}"
            )
            known = ", ".join(sorted(one.type for one in facts.plugins(version, "scorer")))
            yield Mistake(path, wrong, f"name a scorer: {known}")

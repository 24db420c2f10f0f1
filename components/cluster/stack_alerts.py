"""Which of a cluster's alerts can fire for one stack: its runbook has a section for each of them.

The mixin knows, but takes a fifth of a second to ask for each make of stack; a test holds this table against it.
An alert that is not listed here counts as one of every stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from components.facts.engines import engine as engine_facts
from components.monitoring.build import NO_METRICS_FLAG
from components.monitoring.mixin import Alert
from components.monitoring.params import Slo
from components.serving_runtimes.engines import ENGINES
from components.stack.params import Stack


def alerts_of(stack: Stack, every: Iterable[Alert]) -> tuple[Alert, ...]:
    """The stack's alerts, in the order of the rules."""
    if not stack.params.monitoring.enabled:
        return ()
    return tuple(
        alert
        for alert in every
        if alert.scope == "stack" and (alert.alert not in _NEEDS or _NEEDS[alert.alert](stack))
    )


def _scraped(stack: Stack) -> bool:
    engine = ENGINES[stack.runtime.engine]
    return engine.METRICS_PATH is not None and NO_METRICS_FLAG not in engine.arguments(stack)


def _reports(*logical: str) -> Callable[[Stack], bool]:
    """Whether the engine's version reports one of these metrics."""

    def reports(stack: Stack) -> bool:
        facts = engine_facts(stack.runtime.engine)
        return _scraped(stack) and any(facts.metric(stack.runtime.version, name) for name in logical)

    return reports


def _promises(objective: str, *logical: str) -> Callable[[Stack], bool]:
    """Whether the stack has this objective, and its engine reports what it is measured by."""

    def promises(stack: Stack) -> bool:
        slo = stack.params.monitoring.slo or Slo()
        return getattr(slo, objective) is not None and _reports(*logical)(stack)

    return promises


def _picked(stack: Stack) -> bool:
    return stack.has_pool


_ANSWERS = ("http_requests", "request_success")
_NEEDS: dict[str, Callable[[Stack], bool]] = {
    "InferenceModelNotScraped": _scraped,
    "InferenceMetricsMissing": _reports("requests_running"),
    "InferenceQueueGrowing": _reports("requests_waiting"),
    "InferenceAtMaxReplicasWithQueue": _reports("requests_waiting"),
    "InferenceKvCacheNearFull": _reports("kv_cache_usage"),
    "InferencePreemptions": _reports("preemptions"),
    "InferenceErrorRatioHigh": _reports(*_ANSWERS),
    "InferenceTtftBudgetBurn": _promises("ttft_p95_seconds", "time_to_first_token"),
    "InferenceTpotBudgetBurn": _promises("tpot_p95_seconds", "time_per_output_token"),
    "InferenceErrorBudgetBurn": _promises("error_ratio", *_ANSWERS),
    "InferenceEppDown": _picked,
    "InferenceEppNoLeader": lambda stack: _picked(stack) and stack.gateway.epp.replicas > 1,
    "InferencePoolNoReadyEndpoints": _picked,
    "InferenceEppPollErrors": _picked,
    "InferenceEppSchedulingSlow": _picked,
    "InferenceEppErrorRatioHigh": _picked,
    "InferencePoolSaturated": lambda stack: _picked(stack) and stack.gateway.epp.flow_control,
}

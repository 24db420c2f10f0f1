"""The little PromQL that the check understands."""

from __future__ import annotations

import pytest

from scripts.check import promql


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("vector(1)", set()),
        ('sum by (stack, le) (rate(vllm:x_bucket{cluster="a",le!=""}[5m]))', {"vllm:x_bucket"}),
        ("a > on (stack) group_left (model) b unless c == 0", {"a", "b", "c"}),
        ('label_replace(up{job="x"}, "to", "$1", "from", "(.+)-x")', {"up"}),
        ("max_over_time(a:b:c[1d] offset 5m) > 1e3", {"a:b:c"}),
        ("histogram_quantile(0.95, x)", {"x"}),
        ('rate(x{stack="$stack"}[$__rate_interval])', {"x"}),
        ("time() - kube_pod_created", {"kube_pod_created"}),
    ],
)
def test_metrics(query: str, names: set[str]) -> None:
    assert promql.metrics(query) == names


@pytest.mark.parametrize(
    ("query", "flaw"),
    [
        ('sum(rate(x{a="}"}[5m]))', None),
        ("sum(x", "( is not closed"),
        ("x)", ") closes nothing"),
        ("x{a=1]", "] closes nothing"),
        ('x{a="b}', "a text is not closed"),
        ("x and", "it ends in the middle"),
        ("x >", "it ends in the middle"),
        ("  ", "it is empty"),
        ('x{a=""}', None),
    ],
)
def test_flaw(query: str, flaw: str | None) -> None:
    assert promql.flaw(query) == flaw


def test_windows_are_seconds() -> None:
    assert promql.windows('rate(x{a="[5m]"}[1h]) + x[30s]') == [3600, 30]


def test_clusters_are_those_of_equality() -> None:
    assert promql.clusters('x{cluster="a"} / y{cluster=~"b|c"} + z{mycluster="d"}') == ["a"]

"""Mistakes in ``cluster.argocd``."""

from __future__ import annotations

import pytest

from components.argocd.mistakes import RESERVED, mistakes
from components.common.errors import MistakesError
from tests.support.stacks import make_fleet, make_stack


def test_a_right_cluster_has_none() -> None:
    fleet = make_fleet(make_stack())
    assert list(mistakes(fleet.params, fleet.stacks)) == []


def test_the_root_cannot_run_in_the_project_that_it_makes() -> None:
    with pytest.raises(MistakesError, match="which it makes itself; name a project that exists already"):
        make_fleet(make_stack(), cluster={"argocd": {"rootProject": "inference-eu-h100"}})


@pytest.mark.parametrize("name", RESERVED)
def test_a_stack_cannot_have_the_name_of_a_part_of_the_cluster(name: str) -> None:
    with pytest.raises(MistakesError, match="rename its target file"):
        make_fleet(make_stack(name))


def test_a_kind_that_retires_is_written_with_its_group() -> None:
    with pytest.raises(MistakesError, match="write a kind with its API group"):
        make_fleet(cluster={"argocd": {"retiring": {"kinds": {"destinationrules": True}}}})

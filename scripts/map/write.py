"""The map as a page, as text and as JSON."""

from __future__ import annotations

import json
from typing import Any

from scripts.map.fleet import FleetMap, StackLine, span
from scripts.review import page as review_page
from scripts.review import show
from scripts.review.as_json import plain
from scripts.table import aligned
from scripts.terminal import harmless

COLUMNS = ("stack", "model", "in LiteLLM", "gateway", "runtime", "pool", "replicas", "GPUs", "falls back to")


def _cells(one: StackLine) -> list[str]:
    gateway = f"{one.gateway} ({one.wiring})" if one.wiring else one.gateway
    return [
        one.target.replace(".", "/", 1),
        one.model,
        ", ".join(_offered(one)) or show.ABSENT,
        gateway,
        one.runtime,
        one.pool,
        one.replicas,
        span(one.gpus, one.gpus_at_most),
        ", ".join(one.fallbacks) or show.ABSENT,
    ]


def _offered(one: StackLine) -> list[str]:
    """Every name under which LiteLLM takes requests for a stack."""
    public = [one.public_name] if one.public_name else []
    adapters = [f"{name} (adapter)" for name in one.adapters]
    return [*public, *adapters, *(f"{name} (alias)" for name in one.aliases)]


def page(fleet: FleetMap) -> str:
    """The page."""
    data: dict[str, Any] = {
        "words": review_page.WORDS,
        "consequences": [],
        "groups": [],
        "stacks": [
            {"clusters": [one.target.partition(".")[0]], "models": [one.model], "cells": _cells(one)}
            for one in fleet.stacks
        ],
    }
    return review_page.render(
        data,
        title="The fleet",
        heading="The fleet",
        subject="as the inventory declares it",
        verb="map",
        verdict=None,
        summary="",
        notes=fleet.notes,
        tiles=_tiles(fleet),
        pictures=[review_page.picture(one) for one in fleet.pictures],
        pools=[review_page.pool(row) for row in fleet.ledger],
        lists=[{"id": "stacks", "title": "Models", "noun": "stacks", "columns": COLUMNS}],
        filters=(("cluster", "Cluster"), ("model", "Model")),
        extras=[],
    )


def _tiles(fleet: FleetMap) -> list[tuple[str, str]]:
    gpus = [row.after for row in fleet.ledger if row.after is not None and row.unit == "GPUs"]
    has = sum(level.capacity or 0 for level in gpus)
    used = sum(level.minimum for level in gpus)
    prices: dict[str, float] = {}
    for row in fleet.ledger:
        if row.after is not None and row.after.price:
            prices[row.currency] = prices.get(row.currency, 0) + row.after.price
    return [
        (f"{len(fleet.pictures):,}", "clusters"),
        (f"{len(fleet.stacks):,}", "stacks"),
        (f"{len({one.model for one in fleet.stacks}):,}", "models"),
        (f"{has:,}", "GPUs"),
        (f"{has - used:,}", "GPUs free"),
        *((f"{hourly:,.0f}", f"{currency} an hour") for currency, hourly in sorted(prices.items())),
    ]


def text(fleet: FleetMap) -> str:
    """Tables for the terminal: pools, stacks, versions."""
    pools = [("pool", "has", "taken", "peak", "free")]
    for row in fleet.ledger:
        name, has, _, after, _, peak, free = show.level(row)
        pools.append((name, has, after, peak, free))
    stacks = [COLUMNS, *(_cells(one) for one in fleet.stacks)]
    versions = [("cluster", "versions")]
    versions += [
        (one.cluster, ", ".join(f"{name} {v}" for name, v in sorted(one.versions.items())))
        for one in fleet.pictures
    ]
    notes = [f"note: {note}" for note in fleet.notes]
    tables = (aligned(one, ()) for one in (pools, stacks, versions))
    return harmless("".join(f"{note}\n" for note in notes) + "\n".join(tables))


def as_json(fleet: FleetMap) -> str:
    """The whole map."""
    return json.dumps({"format": 1, **plain(fleet)}, ensure_ascii=False, indent=1) + "\n"

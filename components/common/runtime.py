"""What one serving engine is: ``inventory/classes/runtimes/<name>.yml``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.common.params import EnvName, FlagValue, Image, Params, Version

Engine = Literal["vllm", "llamacpp", "ollama"]


class Runtime(Params):
    """One serving runtime: an engine, its image and what every model on it shares.

    How the engine is started, probed and hardened is code (``components/serving_runtimes/engines``);
    which version runs, and with which flags, is inventory.
    """

    engine: Engine
    """The program that serves the model."""
    version: Version
    """The engine's version; flags and metric names are checked against it."""
    image: Image
    device: Literal["gpu", "cpu", "any"] = "gpu"
    """What the image can run on."""
    args: dict[str, FlagValue] = Field(default_factory=dict)
    """Engine flags for every model, without dashes. A model's or a stack's flag of the same name wins."""
    env: dict[EnvName, str] = Field(default_factory=dict)
    """Environment variables for every model. No secrets: the compiled tree is public to its readers."""
    namespaced: bool = False
    """A ServingRuntime for each stack, in its namespace, instead of one ClusterServingRuntime a cluster."""

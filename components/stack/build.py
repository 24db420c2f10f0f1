"""What a stack target compiles to."""

from __future__ import annotations

from collections.abc import Iterator

from components.common import labels
from components.common.place import Built, Owner
from components.inference_gateway import build as inference_gateway
from components.model_service import build as model_service
from components.stack.params import Stack


def built(stack: Stack) -> Iterator[Built]:
    """The components of a stack, in the order in which they are needed."""
    yield Built("model-service", "model-serving", model_service.build(stack))
    yield Built("inference-gateway", labels.GATEWAY_NAME, inference_gateway.build(stack))


def owner(target: str, stack: Stack) -> Owner:
    """Whose objects they are."""
    return Owner(
        target=target,
        instance=stack.name,
        namespace=stack.namespace,
        kubernetes=stack.cluster.kubernetes,
        overrides=stack.params.overrides,
    )

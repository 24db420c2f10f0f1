"""One module an engine. A new engine is one module that answers :class:`Engine`, and one line here."""

from __future__ import annotations

from components.serving_runtimes.engines import llamacpp, ollama, vllm
from components.serving_runtimes.engines.protocol import Engine

ENGINES: dict[str, Engine] = {"vllm": vllm, "llamacpp": llamacpp, "ollama": ollama}

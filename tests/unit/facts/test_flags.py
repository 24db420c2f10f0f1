"""Flags: windows, spellings, forms and whole argument lists."""

from __future__ import annotations

import pytest

from components.facts.engines import engine

VLLM = engine("vllm")
LLAMA = engine("llamacpp")


@pytest.mark.parametrize(
    ("word", "version"),
    [
        ("--tensor-parallel-size=4", "0.33.0"),
        ("-tp", "0.33.0"),
        ("--max_model_len=8192", "0.33.0"),  # argparse_utils.py: underscores count as dashes
        ("--no-enable-prefix-caching", "0.33.0"),
        ("--compilation-config.cudagraph_mode=FULL", "0.33.0"),
        ("-O3", "0.33.0"),
        ("--task=embed", "0.12.0"),
        ("--served-model-name", "0.8.0"),
        ("/mnt/models", "0.33.0"),
        ("-1", "0.33.0"),
    ],
)
def test_words_that_vllm_takes(word: str, version: str) -> None:
    assert VLLM.flag_problem(word, version) is None


@pytest.mark.parametrize(
    ("word", "version", "message"),
    [
        # vllm 0.13.0 engine/arg_utils.py has --runner and --convert, no --task
        (
            "--task=embed",
            "0.33.0",
            "--task was removed in vLLM 0.13.0 (this is 0.33.0); use --runner and --convert",
        ),
        # vllm 0.18.0 dropped the CPU swap of the V0 engine
        (
            "--swap-space",
            "0.19.1",
            "--swap-space was removed in vLLM 0.18.0 (this is 0.19.1); the V1 engine has no CPU swap",
        ),
        ("--kv-events-config", "0.8.5", "--kv-events-config needs vLLM 0.9.0 or newer (this is 0.8.5)"),
        (
            "--tensor-parallel",
            "0.33.0",
            "vLLM 0.33.0 has no flag --tensor-parallel; did you mean --tensor-parallel-size?",
        ),
        (
            "--gpu-memory-utilisation=0.9",
            "0.33.0",
            "vLLM 0.33.0 has no flag --gpu-memory-utilisation; did you mean --gpu-memory-utilization?",
        ),
        (
            "--enforce-eager=true",
            "0.33.0",
            "vLLM: --enforce-eager takes no value (got '--enforce-eager=true')",
        ),
    ],
)
def test_words_that_vllm_refuses(word: str, version: str, message: str) -> None:
    assert VLLM.flag_problem(word, version) == message


def test_a_suggestion_exists_in_the_version_asked_for() -> None:
    message = VLLM.flag_problem("--structured-outputs-confg", "0.10.0")
    assert message is not None
    assert "structured-outputs-config" not in message.partition(";")[2]


def test_disable_is_a_spelling_of_no_enable_from_0_33() -> None:
    assert VLLM.flag_problem("--disable-prefix-caching", "0.33.0") is None
    assert VLLM.flag_problem("--disable-prefix-caching", "0.32.0") is not None


def test_deprecations_warn_and_pass() -> None:
    assert VLLM.flag_problem("--log-config-file=x", "0.33.0") is None
    assert VLLM.flag_warning("--log-config-file=x", "0.33.0") == (
        "--log-config-file is deprecated since vLLM 0.31.0; use --logging-config.pylogging_config_file"
    )
    assert VLLM.flag_warning("--log-config-file=x", "0.30.0") is None


def test_an_unknown_flag_of_an_unread_version_may_be_new() -> None:
    assert VLLM.flag_problem("--brand-new", "0.40.0") is None
    assert VLLM.flag_problem("--task", "0.40.0") is not None
    assert VLLM.coverage_problem("0.40.0") == ("vLLM 0.40.0 is newer than the fact table (0.8.0 to 0.33.0)")
    assert VLLM.coverage_problem("0.7.3") is not None
    assert VLLM.coverage_problem("0.19.1") is None


def test_llama_cpp_takes_flag_and_value_as_two_words() -> None:
    # common/arg.cpp: the whole word is looked up
    assert LLAMA.flag_problem("--port=8080", "b8123") == (
        "llama.cpp does not split '--port=8080'; write '--port' and '8080' as two words"
    )
    assert LLAMA.argv_problems(["-m", "/mnt/models/x.gguf", "--port", "8080", "-np", "-1"], "b8123") == []


def test_flags_that_newest_documents_dropped_warn() -> None:
    assert LLAMA.flag_problem("--mlock", "b8123") is None
    assert LLAMA.flag_warning("--mlock", "b8123") == (
        "--mlock is not in the newest documents of llama.cpp; use --load-mode"
    )


def test_argument_lists_consume_values() -> None:
    argv = ["--served-model-name", "a", "b", "--port", "8080", "--enable-lora", "--max-model-len", "--port=1"]
    assert VLLM.argv_problems(argv, "0.33.0") == ["vLLM: --max-model-len needs a value"]


def test_every_alias_names_one_flag() -> None:
    for name in ("vllm", "llamacpp"):
        table = engine(name).flags
        words = [word for flag in table.flags.values() for word in flag.spellings]
        assert len(words) == len(set(words)) == len(table.by_spelling)

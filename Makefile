# What there is to do in this repository. `make help` lists it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check
LOCK = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(LOCK_ARGS)

# A worker that dies leaves Kapitan waiting for ever. A compile that fails leaves its temporary folder behind.
COMPILE_SECONDS ?= 900
TIMEOUT := $(firstword $(shell command -v timeout gtimeout))
LIMIT = $(if $(TIMEOUT),$(TIMEOUT) $(COMPILE_SECONDS))

# Where the shell sets RUST_BACKTRACE, reclass-rs walks the stack for every reference: a fifth of a compile.
export RUST_LIB_BACKTRACE ?= 0

.PHONY: help
help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: compile
compile: $(VENV)/.run ## compile the inventory into compiled/, and check it
	$(BIN)/inferstack guard
	@export TMPDIR="$$(mktemp -d)" && trap 'rm -rf "$$TMPDIR"' EXIT && \
	echo $(BIN)/kapitan compile && $(LIMIT) $(BIN)/kapitan compile
	$(BIN)/inferstack check

.PHONY: check
check: $(VENV)/.run ## check the inventory and what is compiled
	$(BIN)/inferstack guard
	$(BIN)/inferstack schema --check
	$(BIN)/inferstack check

.PHONY: test
test: lint ## lint, then the tests; the slow ones run in CI, and with test-slow
	$(BIN)/pytest -m "not slow" $(PYTEST_ARGS)

.PHONY: test-slow
test-slow: $(VENV)/.test ## whole compiles, other Pythons, kills, large samples
	$(BIN)/pytest -m slow $(PYTEST_ARGS)

.PHONY: lint
lint: $(VENV)/.test ## style, types, YAML, and whether generated files are fresh
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict .
	$(BIN)/inferstack schema --check
	$(BIN)/inferstack docs --check

.PHONY: fmt
fmt: $(VENV)/.test ## format the sources
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	if command -v jsonnetfmt >/dev/null; then find components -name '*.*sonnet' -exec jsonnetfmt --in-place {} +; fi

.PHONY: docs
docs: $(VENV)/.run ## write what is generated from the code: editor schemas, parameter reference
	$(BIN)/inferstack schema
	$(BIN)/inferstack docs

.PHONY: bench
bench: $(VENV)/.run ## compile synthetic fleets and print what they cost
	$(BIN)/inferstack bench $(BENCH_ARGS)

.PHONY: lock
lock: $(BIN)/python ## resolve the dependencies anew (LOCK_ARGS=--upgrade for newer versions)
	$(BIN)/python $(PIP_INSTALL) 'uv==0.13.9'
	$(LOCK) --extra build --output-file requirements/run.txt
	$(LOCK) --extra build --extra dev --constraint requirements/run.txt --output-file requirements/test.txt

.PHONY: alt-python
alt-python: .venv-alt/.run ## a second environment with another Python, for the determinism test

.PHONY: clean
clean: ## remove what the tasks above made, but compiled/
	rm -rf .venv .venv-alt .inferstack inferstack.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@python="$$(scripts/find-python.sh)" && echo "$(VENV): made with $$("$$python" --version)" && \
	"$$python" -m venv --clear $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "$(VENV): installing what requirements/run.txt locks; the first time takes about a minute"
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/run.txt
	@$(BIN)/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q components scripts  # PYTHONDONTWRITEBYTECODE would keep Python from it
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	@echo "$(VENV): installing what requirements/test.txt locks"
	@$(BIN)/python $(PIP_INSTALL) --require-hashes -r requirements/test.txt
	@touch $@

.venv-alt/.run: requirements/run.txt | $(BIN)/python
	@version="$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" && \
	python="$$(scripts/find-python.sh --not "$$version")" && \
	echo ".venv-alt: made with $$("$$python" --version)" && \
	"$$python" -m venv --clear .venv-alt
	@.venv-alt/bin/python $(PIP_INSTALL) --require-hashes -r requirements/run.txt
	@touch $@

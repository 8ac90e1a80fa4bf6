# The first command of a newcomer is `make run`, a developer's is `make test`; each makes .venv where it is missing.
# Another interpreter: make test PYTHON=python3.12 (after `make clean`, where .venv was made with a different one).

SHELL := /bin/bash
.DEFAULT_GOAL := run
.PHONY: run test lint bench model clean

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
SAMPLE := corpus/samples/huyen-doan-binh-lam.txt
WORKERS ?= 2

run: $(READY)
	@$(BIN)/trichluc extract $(SAMPLE)

test: lint
	$(BIN)/pytest -q -n $(WORKERS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python benchmarks/speed.py

# Needs the annotated and the unlabelled newspaper articles beside the repository (../shared); see models/README.md.
model: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 scikit-learn==1.9.1
	$(BIN)/python models/recipe/make.py
	$(BIN)/python models/recipe/assess.py --json models/figures.json

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find pipeline tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# Pins first and the package without its own wish list, so that nothing outside the lock gets in.
# The stamp is touched last: an environment that was only half made is made anew.
$(READY): requirements.lock pyproject.toml
	@set -euo pipefail; \
	python=$$($(FIND_PYTHON)); \
	echo "making $(VENV) with $$python (some minutes, only this once) ..." >&2; \
	"$$python" -m venv --clear $(VENV); \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock >&2; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >&2; \
	touch $@

# PYTHON where it is given, else the first that is tested (3.10 to 3.13), else any newer python3.
PYTHON ?=
FIND_PYTHON = fits() { "$$1" -c "import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, $$2))" 2>/dev/null; }; \
	if [ -n "$(PYTHON)" ]; then \
		if fits "$(PYTHON)" 99; then echo "$(PYTHON)"; exit; fi; \
		echo "PYTHON=$(PYTHON) is not a Python 3.10 or newer ($$("$(PYTHON)" --version 2>&1)); name another one" >&2; exit 1; \
	fi; \
	for newest in 13 99; do for python in python3 python3.13 python3.12 python3.11 python3.10; do \
		if fits $$python $$newest; then echo $$python; exit; fi; \
	done; done; \
	echo "trichluc needs Python 3.10 or newer, and python3 here is $$(python3 --version 2>&1); install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1

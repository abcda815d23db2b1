# Everything a newcomer needs, from a bare machine with Python 3.10 or later.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCALE ?= 1200000

.PHONY: help demo test torture histories explained mutants bench lint ui stop screenshots clean

help:
	@echo "make demo         from nothing to a checked result, on an embedded Postgres and ClickHouse"
	@echo "make ui           Dagster's UI over the same stack, on http://127.0.0.1:3000"
	@echo "make test         lint, types, layers and every test"
	@echo "make torture      250 backfills killed, raced and stalled; nothing lost, nothing doubled"
	@echo "make explained    every cause of a difference, injected and explained; writes docs/results/explained.md"
	@echo "make mutants      mutation tests for the safety checks; writes docs/results/mutants.md"
	@echo "make bench        ratios of speed and the peak of memory; writes docs/results/benchmarks.md"
	@echo "make stop         stop the embedded stack; its data stays"
	@echo "make clean        remove the stack, its data and the virtual environment; what is yours stays"

demo: $(VENV)/.local
	$(BIN)/metric-assets demo --scale $(SCALE)

ui: $(VENV)/.local
	$(BIN)/metric-assets ui

test: $(VENV)/.dev lint
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

torture: $(VENV)/.dev
	$(BIN)/python -m metric_assets_tests.torture --rounds 250

histories: $(VENV)/.dev
	$(BIN)/python -m metric_assets_tests.histories

explained: $(VENV)/.dev
	$(BIN)/python -m metric_assets_tests.explained

mutants: $(VENV)/.dev
	$(BIN)/python -m metric_assets_tests.mutants

bench: $(VENV)/.bench
	$(BIN)/python -m metric_assets_tests.benchmarks

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

screenshots: $(VENV)/.dev
	$(BIN)/python docs/screenshots.py

stop:
	@test ! -x $(BIN)/metric-assets || $(BIN)/metric-assets local down

# What the demo did not write is not ours to remove: it is kept, and named.
clean: stop
	@if [ -e .env ] && ! head -n 1 .env | grep -q '^# Written by `metric-assets local up`'; then \
	  echo "kept .env: the demo did not write it"; else rm -f .env; fi
	@if [ -e .metric_assets/ranges.json ] && \
	    ! cmp -s .metric_assets/ranges.json .metric_assets/ranges.demo.json; then \
	  echo "kept .metric_assets/ranges.json: the demo did not write it"; \
	  find .metric_assets -mindepth 1 -maxdepth 1 ! -name ranges.json ! -name ranges.kept.json \
	    -exec rm -rf {} +; \
	elif [ -e .metric_assets/ranges.kept.json ]; then \
	  echo "kept .metric_assets/ranges.kept.json: the demo did not write it"; \
	  find .metric_assets -mindepth 1 -maxdepth 1 ! -name ranges.kept.json -exec rm -rf {} +; \
	else rm -rf .metric_assets; fi
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pip>=24"

$(VENV)/.local: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[local]"
	touch $@

$(VENV)/.dev: $(VENV)/.local
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[bench]"
	touch $@

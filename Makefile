PYTHON ?= python3
BIN := .venv/bin
PYTEST := OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: demo bench test test-long coverage wheel lint types contract format clean

demo: .venv/installed
	$(BIN)/mlcl train demo

bench: .venv/installed
	$(BIN)/python -m benchmarks $(ARGS)

test: .venv/installed-dev
	$(PYTEST) -m "not long" $(ARGS)

test-long: .venv/installed-dev
	$(PYTEST) -m long $(ARGS)

coverage: .venv/installed-dev
	$(PYTEST) --cov --cov-report=term $(ARGS)

wheel: .venv/installed-dev
	$(BIN)/python .ci/wheel.py

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev
	$(BIN)/mypy

contract: .venv/installed-dev
	$(BIN)/lint-imports

format: .venv/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mlcl needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist src/*.egg-info

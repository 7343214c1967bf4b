# Everything a person needs, each in one word. `make run` first.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
ALL    := sample,factors,news,scale,tables,postgres,docs,dev

.PHONY: run test check slow bench faults docs lock clean help

help:            ## show this list
	@grep -E '^[a-z]+: .*##' Makefile | sed -E 's/: .*## /\t/'

run: $(VENV)/.run   ## the tutorial study, on prices that come with the packages
	$(BIN)/signals run configs/facebook_2012.toml

test: $(VENV)/.all  ## all tests but the slow ones
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadgroup

check: $(VENV)/.all ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

slow: $(VENV)/.all  ## size and power simulations, and other long steps
	$(BIN)/python -m pytest -m slow -n 2

bench: $(VENV)/.all ## benchmarks (a table and a JSON file)
	$(BIN)/python -m pytest tests/benchmarks -o python_files='bench_*.py' --benchmark-only --benchmark-json=.benchmarks/latest.json

faults: $(VENV)/.all ## every fault in full numbers (hours): kills, fuzzing, soak
	$(BIN)/python -m tests.faults.campaign
	SIGNALS_FAULTS=full $(BIN)/python -m pytest tests/faults tests/security tests/determinism -q

docs: $(VENV)/.all  ## the documentation site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lock: $(VENV)/.venv ## renew constraints.txt (pinned versions, no index named)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	  --no-emit-index-url --no-header --no-annotate --upgrade --quiet -o constraints.txt

clean:           ## remove the environment, the cache and the reports
	rm -rf $(VENV) reports .mypy_cache .ruff_cache .pytest_cache
	find data_cache -mindepth 1 ! -name README.md -delete

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.venv pyproject.toml constraints.txt
	@echo "Installing (once, about two minutes) ..."
	$(PIP) -e '.[sample]'
	@touch $@

$(VENV)/.all: $(VENV)/.venv pyproject.toml constraints.txt
	@echo "Installing everything the tests need (once, about three minutes) ..."
	$(PIP) -e '.[$(ALL)]'
	@touch $@ $(VENV)/.run

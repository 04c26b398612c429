# Everything starts here: `make demo` for a look, `make test` before a change is handed in.
# Needed beforehand: make, and Python 3.11 to 3.13 with its venv module.

PYTHON ?= python3 python3.13 python3.12 python3.11
WORKERS ?= 2

BIN := .venv/bin
# The environment is made again only when what it is made from has changed.
STAMP := .venv/installed-$(shell cat requirements.lock pyproject.toml | cksum | tr -d ' ')
PIP := PIP_USER=0 $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help install demo test check lint bench lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

install: $(STAMP) ## create .venv with the tradetui command in it

$(STAMP):
	@for python in $(PYTHON); do \
	    if "$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; \
	    then found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then \
	    echo "tradetui needs Python 3.11, 3.12 or 3.13 with venv; none of these is one: $(PYTHON)." \
	        "Install it, or name it: make PYTHON=/path/to/python3.12 install" >&2; exit 1; fi; \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || "$$found" -m venv --clear .venv
	@echo "Installing the packages of requirements.lock into .venv (a minute or two the first time)"
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@rm -f .venv/installed-* && touch $@
	@echo "Ready: $(BIN)/tradetui"

demo: install ## trade in a simulated market: no account, no network
	@$(BIN)/tradetui demo

test: lint ## lint, types, import contracts, all tests, coverage
	@rm -f .coverage .coverage.*
	@$(BIN)/pytest --numprocesses $(WORKERS) --cov --cov-report=term-missing:skip-covered
	@$(BIN)/coverage report --include='tradetui/domain/*,tradetui/risk/*,tradetui/trading/*' --fail-under=100 \
	    >.coverage.core 2>&1 || { cat .coverage.core; exit 1; }

check: lint ## lint, types, import contracts, quick tests
	@$(BIN)/pytest --numprocesses $(WORKERS) -m "not slow"

lint: install ## style, types, import contracts
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check || { echo "run: $(BIN)/ruff format" >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >.import-contracts 2>&1 || { cat .import-contracts; exit 1; }
	@rm -f .import-contracts

bench: install ## measure speed against the budgets
	@$(BIN)/tradetui bench

lock: install ## resolve the dependencies of pyproject.toml anew into requirements.lock
	@$(PIP) install uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --no-annotate \
	    --upgrade --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

clean: ## remove build products and caches; keeps .venv and data
	@rm -rf build dist *.egg-info htmlcov .coverage .coverage.* .import-contracts snapshot_report.html \
	    .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find tradetui strategies tests -name __pycache__ -type d -prune -exec rm -rf {} +

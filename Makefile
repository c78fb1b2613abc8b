# What a developer does here. `make` alone lists it.

VENV := .venv/bin
PYTHON_OF_VENV := $(VENV)/python
SCRIPTS := bin/run bin/test
# Checks run as on a developer's machine: with made-up secrets.
CHECKS := DEBUG=true

.DEFAULT_GOAL := help
.PHONY: help run test lint format types check bench lock clean dev

help:  ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run:  ## Everything on this machine, with demo data; Ctrl-C stops it (PORT=8010 SANDBOX_PORT=8510 for other ports)
	@bin/bootstrap
	@$(PYTHON_OF_VENV) bin/run

test: dev  ## All tests, on SQLite and on PostgreSQL, with a real browser
	@$(PYTHON_OF_VENV) bin/test

lint: dev  ## Style of Python and templates, and the floors of the house
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check --quiet . || { echo "The files above are not formatted: make format"; exit 1; }
	@$(VENV)/djlint --lint --quiet templates
	@PYTHONPATH=sandbox:sdk/python/src $(VENV)/lint-imports --no-logo

format: dev  ## Rewrite Python in the house's style
	@$(VENV)/ruff check --fix-only --quiet .
	@$(VENV)/ruff format .

types: dev  ## Types of the dashboard, the commands, the sandbox and the SDK
	@$(CHECKS) $(VENV)/mypy
	@$(CHECKS) $(VENV)/mypy --scripts-are-modules $(SCRIPTS)
	@cd sandbox && ../$(VENV)/mypy
	@cd sdk/python && ../../$(VENV)/mypy

check: lint types  ## Lint, types, Django's own checks, migrations, and whether the lock fits
	@$(CHECKS) $(PYTHON_OF_VENV) manage.py check --fail-level WARNING
	@$(CHECKS) $(PYTHON_OF_VENV) manage.py makemigrations --check --dry-run
	@$(PYTHON_OF_VENV) -m pytest -q tests/test_lock.py

bench: dev  ## Speed beside yardsticks, into docs/performance.md; about eight minutes
	@$(PYTHON_OF_VENV) bench

lock: dev  ## Remake requirements/*.lock from pyproject.toml (LOCK="--upgrade" for newer versions)
	@$(VENV)/uv pip compile pyproject.toml $(LOCK) --quiet --universal --generate-hashes --python-version 3.12 \
		--custom-compile-command "make lock" --output-file requirements/run.lock >/dev/null
	@$(VENV)/uv pip compile pyproject.toml $(LOCK) --quiet --universal --generate-hashes --python-version 3.12 \
		--custom-compile-command "make lock" --group dev --constraints requirements/run.lock --output-file requirements/dev.lock >/dev/null
	@bin/bootstrap dev

clean:  ## Remove the environment and caches; the data in var/ stays
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev:
	@bin/bootstrap dev

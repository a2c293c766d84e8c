# staydown. `make` alone lists the targets; `make check` is exactly what CI runs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
PEERS := .venv-peers
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
DATA ?=
EXIT ?=
SECONDS ?=

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "staydown needs Python 3.11 or later; set PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: apt-get install python3-venv"; exit 1; }

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what staydown needs to run, into $(VENV) (a minute or so) ..."
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "Installing what the tests need (a minute or so) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

.PHONY: setup
setup: $(VENV)/.dev ## Make .venv with everything, from hash-pinned lock files

.PHONY: demo
demo: $(VENV)/.run ## Watch one report from the first click to the proof (EXIT=1 ends after the story)
	@$(BIN)/staydown demo $(if $(EXIT),--exit) $(if $(DATA),--data $(DATA))

.PHONY: test
test: setup programs ## Run every test, with a real PostgreSQL, Chromium and nginx
	@.ci/test

.PHONY: programs
programs: ## Bring Chromium and nginx from Debian when they are missing and the machine allows it
	@.ci/programs

.PHONY: lint
lint: setup ## Style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: check
check: lint test story ## Exactly what CI runs

.PHONY: story
story: $(VENV)/.run
	@$(BIN)/staydown demo --exit

.PHONY: bench
bench: setup ## Measure against the peers; writes docs/explanation/performance.md
	@$(BIN)/python -m benchmarks

.PHONY: bench-robustness
bench-robustness: setup $(PEERS)/.peers ## Measure which altered copies are found; writes docs/explanation/robustness.md
	@$(BIN)/python -m benchmarks.robustness

$(PEERS)/.peers: requirements/peers.txt
	@echo "Installing the peers that need an environment of their own, into $(PEERS) ..."
	@$(PYTHON) -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check -qq install --require-hashes -r $<
	@touch $@

.PHONY: soak
soak: setup ## A node under everything at once for SECONDS=600; fails unless memory and handles stay flat
	@$(BIN)/python -m benchmarks.soak --seconds $(or $(SECONDS),600)

.PHONY: fuzz
fuzz: setup ## Look for bytes that break a reader, for SECONDS=60
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60)

.PHONY: docs
docs: setup ## Write the reference pages that are read off the code
	@$(BIN)/python docs/generate.py

.PHONY: messages
messages: ## Compile the translations of the pages (needs msgfmt of the package gettext)
	@for po in src/staydown/locale/*/LC_MESSAGES/django.po; do msgfmt --check-format -o "$${po%.po}.mo" "$$po"; done

.PHONY: pictures
pictures: setup programs ## Take the readme's pictures of the portal and the console
	@$(BIN)/python docs/pictures/take.py

.PHONY: screenshots
screenshots: setup programs ## Take a picture of each page; writes docs/reference/screens.md
	@$(BIN)/python docs/pictures/screens.py

.PHONY: lock
lock: setup ## Make the lock files anew from requirements/*.in
	@cd requirements && for name in dev run peers; do ../$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
	  $$([ $$name = run ] && echo '-c dev.txt') -o $$name.txt $$name.in; done

.PHONY: clean
clean: ## Remove what was made here: .venv, caches
	@rm -rf $(VENV) $(PEERS) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache src/*.egg-info build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

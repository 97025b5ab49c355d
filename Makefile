# Everything a fresh machine needs is Python 3.11 or newer with its venv module, and make.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test check format lock openapi browser bench test-faults test-law test-calendars test-mutants image clean

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is 3.11 or newer; `make PYTHON=…` names another.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$p; break; fi; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal \
	--python-version 3.11
WORKERS ?= 2
TESTS ?=
BENCH ?=
MUTANTS ?=

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

setup: ## the locked dependencies into .venv; does nothing when they are there
	@if [ -z "$(PYTHON)" ]; then \
	  echo "Python 3.11 or newer was not found. On Debian or Ubuntu: apt install python3 python3-venv" >&2; exit 1; fi
	@want="$$(cat requirements-dev.txt pyproject.toml | cksum) $$(pwd)"; \
	if [ "$$(cat $(VENV)/.installed 2>/dev/null)" = "$$want" ] && [ -x $(BIN)/shixian ]; then exit 0; fi; \
	if [ ! -x $(BIN)/python ]; then \
	  if ! $(PYTHON) -c 'import venv, ensurepip' >/dev/null 2>&1; then \
	    version="$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')"; \
	    echo "$(PYTHON) has no venv module. On Debian or Ubuntu: apt install python3-venv (or python$$version-venv)" >&2; \
	    exit 1; fi; \
	  echo "making $(VENV)"; rm -rf $(VENV); $(PYTHON) -m venv $(VENV) || exit 1; fi; \
	echo "installing the locked dependencies into $(VENV)"; \
	$(PIP) install --require-hashes -r requirements-dev.txt && \
	$(PIP) install --no-deps --no-build-isolation -e . && \
	echo "$$want" > $(VENV)/.installed

demo: setup ## the embedded database with real sample data, served on 127.0.0.1:8000
	@$(BIN)/shixian demo

test: setup ## every test, on SQLite and on a real PostgreSQL (SHIXIAN_TEST_DATABASES, SHIXIAN_TEST_POSTGRES choose)
	@$(BIN)/python -m pytest -n $(WORKERS) $(TESTS)

check: setup ## formatting, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## put the formatting right
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet .

lock: setup ## make the four lock files anew from pyproject.toml
	@$(LOCK) pyproject.toml -o requirements.txt
	@$(LOCK) pyproject.toml --extra dev -o requirements-dev.txt
	@$(LOCK) --group build -o requirements-build.txt
	@$(LOCK) --group mutants -c requirements-dev.txt -o requirements-mutants.txt

openapi: setup ## write docs/openapi.json anew
	@$(BIN)/shixian openapi > docs/openapi.json

browser: ## a Chromium and a Chinese font for the tests of the pages (Debian, Ubuntu; as root)
	@if command -v chromium >/dev/null 2>&1 && fc-list :lang=zh 2>/dev/null | grep -q .; then \
	  echo "Chromium and a Chinese font are there."; exit 0; fi; \
	if ! command -v apt-get >/dev/null 2>&1; then \
	  echo "No apt-get here: install Chromium and a Chinese font (Noto Sans CJK or WenQuanYi) by hand." >&2; exit 1; fi; \
	if [ "$$(id -u)" -ne 0 ]; then \
	  echo "As root: apt-get install chromium fonts-noto-cjk (or: sudo make browser)" >&2; exit 1; fi; \
	apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
	  chromium fontconfig fonts-noto-cjk

bench: setup ## the benchmark suite on a PostgreSQL of its own (BENCH="--size 10000,1000000 --only P3" chooses)
	@$(BIN)/shixian bench --own-postgres $(BENCH)

test-faults: setup ## the long form of the fault tests: 1,000 kills on PostgreSQL, 300 on SQLite, every statement of every write
	@SHIXIAN_TEST_FAULTS=full $(BIN)/python -m pytest -n $(WORKERS) -m faults

test-law: setup ## the long form of the comparison of two engines: 100,000 histories (SHIXIAN_LAW_FIRST, SHIXIAN_LAW_CASES)
	@SHIXIAN_LAW_CASES=$${SHIXIAN_LAW_CASES:-100000} $(BIN)/python -m pytest -n $(WORKERS) tests/law/test_agreement.py

test-calendars: setup ## a calendar changes under 200,000 open applications and eight writers, killed five times (SHIXIAN_TEST_CALENDARS)
	@SHIXIAN_TEST_CALENDARS=$${SHIXIAN_TEST_CALENDARS:-200000} $(BIN)/python -m pytest -n 0 -s \
	  tests/calendar_changes/test_large.py

test-mutants: setup ## thousands of small changes of the law, each tried against its tests; hours, goes on where it stopped (MUTANTS="app.domain.counting.*" chooses)
	@$(PIP) install --require-hashes -r requirements-mutants.txt
	@SHIXIAN_TEST_MUTANTS=1 nice $(BIN)/mutmut run --max-children $(WORKERS) $(MUTANTS)
	@$(BIN)/mutmut results

image: ## run each instruction of the Dockerfile in an empty folder (where no engine can build it)
	@./.ci/prove-image

clean: ## take away what setup and the tests made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache mutants

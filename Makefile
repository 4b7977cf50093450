# Everything that is done often, one word each; a bare `make` lists them. Needs Python 3.11 to 3.13 and nothing else.

VENV := .venv
BIN := $(VENV)/bin
#: A Python to build with, if not the first fitting one that is found.
PYTHON ?=
#: Test processes: a number, or auto for one per processor (at most four: each starts its own PostgreSQL).
# Tests wait for servers and processes half of the time: two for each core keep it busy.
WORKERS ?= $(shell expr 2 \* $$(nproc))
#: More words for pytest: make tests PYTEST="-k roster -x"
PYTEST ?=
#: More words for the benchmarks.
BENCH ?=
#: docker or podman
ENGINE ?= docker

# The second one pins what builds the bot itself; as a variable, because an old pip knows no such option.
PIP := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
       $(BIN)/python -m pip --disable-pip-version-check --quiet
# An installed package of the same name, or a shell's own settings, must not get in between.
unexport PYTHONPATH
unexport PYTHONHOME
# Each program that a test starts would compile the bot anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo install test check lint types imports tests bench format messages screenshots run image constraints clean

help: ## list these targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.bot ## the whole job on loopback with sample papers, mails in demo/
	$(BIN)/bot demo

install: $(VENV)/.dev ## .venv with the bot and all that developing it needs

test: lint types imports tests ## install what is needed, then every check there is

check: test ## the same as test

lint: $(VENV)/.dev ## style and likely mistakes (ruff)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## types (mypy, strict)
	$(BIN)/mypy

imports: $(VENV)/.dev ## who may import whom (import-linter)
	$(BIN)/lint-imports

tests: $(VENV)/.dev ## the tests alone (pytest)
	$(BIN)/pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal $(PYTEST)

bench: $(VENV)/.dev ## how fast the bot is, beside others: make bench BENCH="parse --rounds 9"
	@$(PIP) install --group bench
	$(BIN)/bot bench $(BENCH)

format: $(VENV)/.dev ## write the code as the project writes it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: $(VENV)/.dev ## put new messages of the mails into the catalogues, and take away those that are gone
	@$(BIN)/pybabel --quiet extract --output-file $(VENV)/messages.pot
	@for code in $$($(BIN)/python -c 'from bot.render.languages import SPOKEN; print(*SPOKEN[1:])'); do \
	    $(BIN)/pybabel --quiet update --input-file $(VENV)/messages.pot --locale "$$code" \
	        --output-file "bot/render/locale/$$code.po" || exit 1; done

screenshots: $(VENV)/.bot ## take the pictures of the documents anew (needs Chromium)
	$(BIN)/python docs/images/take.py

run: $(VENV)/.bot ## scheduler, page and delivery at http://127.0.0.1:8000
	$(BIN)/bot serve

image: ## the container image concept-digest
	$(ENGINE) build --tag concept-digest .

# A package may ask for a later 3.11 than Debian 12 has (3.11.2): make constraints PYTHON=/usr/bin/python3
constraints: PINS := $(VENV)/pins
constraints: $(VENV)/.made ## pin the newest versions anew in constraints.txt; give the oldest PYTHON=…
	@rm -rf $(PINS)
	@$(or $(PYTHON),$(BIN)/python) -m venv $(PINS)
	@# Python 3.11 brings setuptools along: pinned only where something asks for it.
	@$(PINS)/bin/python -m pip uninstall --quiet --yes setuptools
	@$(PINS)/bin/python -m pip install --quiet --upgrade pip
	@# hatchling asks for editables by itself, when it builds an editable install.
	@$(PINS)/bin/python -m pip install --quiet . --group dev --group bench editables \
	    "$$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])')"
	@sed -n '/^#/p' constraints.txt >$(PINS)/constraints.txt
	@$(PINS)/bin/python -m pip freeze --all --exclude concept-digest >>$(PINS)/constraints.txt
	@mv $(PINS)/constraints.txt constraints.txt
	@echo "constraints.txt holds the newest for $$($(PINS)/bin/python -V); look at what changed, then run: make test"
	@rm -rf $(PINS)

clean: ## take away what make made: .venv, demo/ and caches (never a database)
	rm -rf $(VENV) demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find bench bot tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: what is older than one of them is installed already.

$(VENV)/.dev: $(VENV)/.bot
	@echo "installing what developing needs"
	@$(PIP) install --group dev
	@touch $@

$(VENV)/.bot: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing the bot; the first time takes a minute"
	@# Debian 12's pip knows no dependency groups; the pinned one does.
	@$(PIP) install --upgrade pip
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.made:
	@if $(BIN)/python -c 'import sys, pip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
	    touch $@; exit 0; fi; \
	without=; \
	for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
	    "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || continue; \
	    "$$python" -c 'import ensurepip, venv; ensurepip.version()' 2>/dev/null || { without=$$python; continue; }; \
	    echo "making $(VENV) with $$("$$python" -V 2>&1) ($$python)"; \
	    "$$python" -m venv --clear $(VENV) && touch $@ && exit 0; \
	    exit 1; \
	done; \
	if [ -n "$$without" ]; then \
	    echo "make: no venv in $$without; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
	else \
	    echo "make: no Python 3.11 to 3.13 found; install one, or name one: make PYTHON=/path/to/python3 ..." >&2; \
	fi; \
	exit 1

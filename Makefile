# `make` alone lists what there is. Needs Python >= 3.11; everything else is fetched into .venv
# and the user's cache. Neither root nor Docker nor Java is needed.

DEMO ?= 1
DATA ?= .data
ARGS ?=
SEED ?= 7
UV_VERSION := 0.13.8

BIN := .venv/bin
CACHE := $(or $(LAUREL_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/laurel)
UV := $(CACHE)/uv-$(UV_VERSION)/bin/uv
READY := .venv/.ready

export LAUREL_DATA := $(DATA)

.DEFAULT_GOAL := help
.PHONY: help setup run test check fmt bench schemas simulate doctor clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  Options: DATA=folder of the stack, DEMO=0 runs without the demo producer,'
	@echo '  ARGS=more arguments for what is run.'

setup: $(READY) ## Install everything into .venv, as locked

run: $(READY) ## Run Laurel with its own Kafka, Redis and PostgreSQL, and a demo producer
	$(BIN)/laurel run $(if $(filter 0,$(DEMO)),--no-demo) $(ARGS)

test: check ## Check the code, then run every test, the fast ones first
	$(BIN)/python -m pytest $(ARGS)

check: $(READY) ## Lint, check types, imports and generated documents; changes nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.documents check

fmt: $(READY) ## Format the code and mend what can be mended mechanically
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: $(READY) ## Measure speed and memory beside the peers, into bench/RESULTS.md
	$(BIN)/python -m bench $(ARGS)

schemas: $(READY) ## Write the schemas, the AsyncAPI document and docs/cli.md anew from the code
	$(BIN)/python -m schemas.documents write
	$(BIN)/python -m cli.reference

simulate: $(READY) ## Play a seeded year (SEED=7) through the engine against the naive book
	$(BIN)/python -m tests.simulation --seed $(SEED) $(ARGS)

doctor: $(READY) ## Check addresses, topics and rules of a running Laurel, and say what to do
	$(BIN)/laurel doctor $(ARGS)

clean: ## Stop what runs on the data folder and remove it with all data
	@if [ -e $(DATA) ]; then $(MAKE) --silent setup && $(BIN)/python -m deploy.embedded remove --data $(DATA); fi

$(READY): pyproject.toml uv.lock $(UV)
	@python="$$($(FIND_PYTHON))" \
		&& $(UV) sync --frozen --no-python-downloads --python "$$python"
	@touch $@

$(UV):
	@python="$$($(FIND_PYTHON))" && echo "Setting up with $$python" \
		&& "$$python" -m venv "$(CACHE)/uv-$(UV_VERSION)" \
		&& "$(CACHE)/uv-$(UV_VERSION)/bin/python" -m pip install --quiet \
			--disable-pip-version-check uv==$(UV_VERSION)

# Prints the newest Python that Laurel is tested on, else any that may do, that can make virtual
# environments. Of two of one name the system's own is taken where the first on PATH was built
# without profile-guided optimisation (pyenv's default), which costs a fifth of all speed:
# distributions build theirs with it.
define FIND_PYTHON
may='import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))'; \
fast='import sys, sysconfig; sys.exit(sys.base_prefix != "/usr" and \
	"--enable-optimizations" not in (sysconfig.get_config_var("CONFIG_ARGS") or ""))'; \
for name in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	"$$name" -c "$$may" 2>/dev/null || continue; \
	for python in "$$name" "/usr/bin/$$name"; do \
		if "$$python" -c "$$may" 2>/dev/null && "$$python" -c "$$fast"; \
		then command -v "$$python"; exit 0; fi; \
	done; \
	command -v "$$name"; exit 0; \
done; \
echo 'Laurel needs Python >= 3.11 with the modules venv and ensurepip (python3.11 or newer on PATH;' >&2; \
echo 'on Debian and Ubuntu the package python3-venv).' >&2; \
exit 1
endef

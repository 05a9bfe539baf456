# What a person needs here. Everything below runs with Python 3.11 or newer, make and git alone.

PYTHON ?= python3
UV_VERSION := 0.13.9
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/standfast
UV_HOME := $(CACHE)/uv-$(UV_VERSION)
UV := $(UV_HOME)/bin/uv
BIN := .venv/bin
SYNCED := .venv/.synced

export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check security bench down clean

help: ## Show what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(SYNCED) ## Make the virtual environment that uv.lock describes.

demo: $(SYNCED) ## Bring both regions up on this machine, lose a zone, show the recovery (KEEP=1 leaves it up).
	@$(BIN)/standfast demo $(if $(filter-out 0,$(KEEP)),--keep)

test: check ## Run the whole suite: the quick part, then the engine tests.
	@$(BIN)/pytest -m "engine or slow"

check: $(SYNCED) ## Run the quick part: lint, types, import contracts, tests without an engine.
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/basedpyright --level error & types=$$!; \
		$(BIN)/pytest -m "not engine and not slow" -n auto --dist loadfile; tests=$$?; \
		wait $$types && exit $$tests

security: $(SYNCED) ## Run the policy pack's tests, then checkov and kube-score over both stacks.
	@$(BIN)/pytest -m "not engine" tests/policy tests/security
	@UV_PROJECT_ENVIRONMENT=$(CACHE)/checkov $(UV) sync --project tests/security/checkov --frozen --quiet \
		--python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	@$(BIN)/python -m tests.security --checkov $(CACHE)/checkov/bin/checkov

bench: $(SYNCED) ## Measure the figures of docs/benchmarks.md, and write them there.
	@$(BIN)/python -m bench

down: $(SYNCED) ## Stop the sandbox of this checkout, whatever is left of it.
	@$(BIN)/standfast sandbox down

clean: ## Stop the sandbox and remove the virtual environment (built tools stay in the cache).
	@if [ -x $(BIN)/standfast ]; then $(BIN)/standfast sandbox down; fi
	@rm -rf .venv

$(SYNCED): pyproject.toml uv.lock $(UV)
	@echo "setting up .venv from uv.lock" >&2
	@$(UV) sync --frozen --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	@touch $@

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is older than 3.11: install a newer one, or name it with make PYTHON=…" >&2; exit 1; }
	@echo "installing uv $(UV_VERSION) into $(UV_HOME)" >&2
	@$(PYTHON) -m venv $(UV_HOME)
	@$(UV_HOME)/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

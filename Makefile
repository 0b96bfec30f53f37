# The commands a newcomer needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name 'Cargo.toml' 2>/dev/null)
READY := $(VENV)/ready
BUILT := $(VENV)/built
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONWARNDEFAULTENCODING :=

.DEFAULT_GOAL := help
.PHONY: help
help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

# --- set-up ------------------------------------------------------------------------------------

$(READY): pyproject.toml scripts/preflight
	@scripts/preflight $(PYTHON)
	@rm -rf $(VENV)
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install -q 'pip>=25.1' \
	  && $(BIN)/python -m pip install -q --group dev && touch $@ \
	  || { rm -rf $(VENV); echo "Set-up failed; nothing was left behind. See the message above." >&2; exit 1; }

$(BUILT): $(READY) $(RUST_SOURCES)
	@echo "Building kolben._core ..."
	@. $(BIN)/activate && maturin develop -q --release && touch $@

# The commands a newcomer needs. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name 'Cargo.toml' 2>/dev/null)
READY := $(VENV)/ready
BUILT := $(VENV)/built
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test test-all test-browser conformance extensions servers check bench bench-apps bench-check
.PHONY: bench-memory bench-serve bench-report bench-startup growth fuzz
.PHONY: clean serve-test deploy-test soak
help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

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

# --- the commands ------------------------------------------------------------------------------

run: $(BUILT) ## serve the example app on http://127.0.0.1:5000 (PORT=8000 for another port)
	@cd examples/notes && exec ../../$(BIN)/python -m notes

test: $(BUILT) ## run all tests: Rust, Python in both modes, and those of Flask and Werkzeug
	cargo test --quiet -p kolben-core
	$(BIN)/python -m pytest -q
	KOLBEN_PURE=1 $(BIN)/python -m pytest -q
	@$(MAKE) --no-print-directory conformance

test-browser: $(BUILT) ## use the example app and the debugger in Chromium (OPTIONS=--screenshots)
	@scripts/packages --needed chromium:chromium chromium-driver:chromedriver
	@$(BIN)/python -m pip install -q --group browser
	$(BIN)/python -m pytest -q -m browser tests/browser $(OPTIONS)

conformance: $(BUILT) ## run Flask's own tests, and Werkzeug's, on Kolben in both modes
	$(BIN)/python -m tests.upstream.flask
	KOLBEN_PURE=1 $(BIN)/python -m tests.upstream.flask
	$(BIN)/python -m tests.upstream.werkzeug
	KOLBEN_PURE=1 $(BIN)/python -m tests.upstream.werkzeug

extensions: $(BUILT) ## run the tests of extensions on Flask and on Kolben in its place
	@scripts/packages redis-server:redis-server memcached:memcached
	@$(BIN)/python -m tests.extensions $(NAMES)

servers: $(BUILT) ## run an unmodified app on real servers, on Flask and on Kolben
	@scripts/packages apache2:apache2 apache2-dev:apxs
	@$(BIN)/python -m tests.servers $(OPTIONS)

serve-test: $(BUILT) ## stop, reload and kill `kolben serve` under load, and count what fails
	$(BIN)/python -m pytest -q -m serve tests/serve

deploy-test: $(BUILT) ## run the files of deploy/ with real proxies and servers, and the example service
	@scripts/packages --needed nginx-light:nginx haproxy:haproxy apache2:apache2 openssl:openssl \
	  libapache2-mod-wsgi-py3:/usr/lib/apache2/modules/mod_wsgi.so uwsgi-core:uwsgi \
	  'uwsgi-plugin-python3:/usr/lib/uwsgi/plugins/python3*_plugin.so' redis-server:redis-server \
	  rabbitmq-server:rabbitmq-server 'postgresql:/usr/lib/postgresql/*/bin/initdb'
	@$(BIN)/python -m pip install -q --group deploy
	$(BIN)/python -m pytest -q -m deploy tests/deploy

soak: $(BUILT) ## ten minutes of mixed traffic on `kolben serve`, some of it hostile
	$(BIN)/python -m pytest -q -m soak tests/soak

test-all: ## run the Python tests on every CPython from 3.10 to 3.13 that is here
	@scripts/test-all

check: $(BUILT) ## check formats, lints, types, the border's stub, and for a gross loss of speed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest kolben._core --mypy-config-file pyproject.toml
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	@$(BIN)/python -m benches.check --short

bench: $(BUILT) ## measure requests, start-up and the router against their peers; tables, JSON and charts
	@$(BIN)/python -m benches.report $(OPTIONS)

bench-apps: $(BUILT) ## measure whole requests only, against Flask, Falcon and Bottle
	@$(BIN)/python -m benches.apps

bench-check: $(BUILT) ## measure again, and fail where Kolben has lost 15 % against Flask (OPTIONS=--record)
	@$(BIN)/python -m benches.check $(OPTIONS)

bench-memory: $(BUILT) ## send a million requests, and see what they leave in memory
	@$(BIN)/python -m benches.steady

bench-serve: $(BUILT) ## measure Kolben and its peers behind servers, over the wire
	@scripts/packages wrk:wrk
	@$(BIN)/python -m pip install -q --group wire
	@$(BIN)/python -m benches.wire $(OPTIONS)

bench-startup: $(BUILT) ## measure imports, memory and ten thousand rules against Flask
	@$(BIN)/python -m benches.startup

bench-report: $(BUILT) ## measure all of it, and write docs/benchmarks.md with charts
	@$(BIN)/python -m benches.publish $(OPTIONS)

growth: $(BUILT) ## measure that time grows with the length, not faster
	$(BIN)/python -m pytest -q -m growth tests

fuzz: $(BUILT) ## compare with Werkzeug on a million cases
	KOLBEN_FUZZ_SCALE=50 KOLBEN_EXHAUSTIVE_LENGTH=7 $(BIN)/python -m pytest -q --timeout=7200 tests/differential

clean: ## remove what was built and fetched
	rm -rf $(VENV) target .cache benches/out dist python/kolben/_core*.so

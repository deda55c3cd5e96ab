PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests and generators read and write UTF-8 whatever the locale. (The program does by itself: tests/cli/test_locale.py.)
export PYTHONUTF8 := 1
# Each test that starts the command would compile all of it again where somebody has forbidden to keep bytecode.
export PYTHONDONTWRITEBYTECODE :=

# What needs no network, no clock and no other program (tests with the mark `slow` are left out).
PURE := tests/checks/evaluation tests/config tests/exporters tests/incidents tests/inventory tests/protocols \
	tests/scheduling tests/vendors tests/wall/test_wall_model.py tests/wall/test_wallview.py tests/test_docs.py tests/test_house.py

# What goes into a package; tests/helpers/built_packages.py compares with the same.
PARTS := $(shell find healthmon exporters dashboards docs/runbooks packaging -type f ! -name '*.pyc')

.PHONY: stack stack-demo wheel sdist deb image packages release audit demo test compiled quick bench lint lock peers docs clean

demo: $(VENV)/.ready
	$(BIN)/healthmon demo --open

# Their files are named, so that the others are not read for them.
ALONE = $(shell grep -rl --include='test_*.py' 'mark\.alone' tests)

test: $(VENV)/.ready lint
	$(BIN)/python -m pytest -q -m alone $(ALONE)
	$(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder -m "not alone"

# On a new machine each worker of `make test` would compile every test file; so this is done once, beside other work.
compiled: $(VENV)/.ready
	-$(BIN)/python -m pytest -q --collect-only >/dev/null

# In 15 s on two cores: before each commit. COVERAGE=1 prints what these tests run of the packages
# (not in `make test`: it would slow down the servers in the tests' own processes, and devices that are slow are a fault).
quick: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo | tail -n 1
	$(BIN)/python -m pytest -q -n 2 --quick --hypothesis-profile=quick -m "not slow" $(PURE) \
		$(if $(COVERAGE),--cov --cov-report=term:skip-covered)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Prometheus, Alertmanager and Grafana on 127.0.0.1 beside a SIMULATED estate; needs Docker with compose.
stack:
	docker compose -f compose.yaml -f compose.demo.yaml up --build

# The same without containers and without Grafana: Debian's prometheus and prometheus-alertmanager.
stack-demo: $(VENV)/.ready
	packaging/stack-demo $(BIN)/healthmon

# What is installed elsewhere (docs/install.md).
wheel: $(VENV)/.ready
	$(BIN)/python -m hatchling build -t wheel -d dist

sdist: $(VENV)/.ready
	$(BIN)/python -m hatchling build -t sdist -d dist

# For this machine's Debian and architecture; needs the network, but what it makes installs without one.
deb: wheel
	PIP=$(BIN)/pip packaging/deb $$(ls -t dist/*.whl | head -n 1) dist

# For this machine's Debian and architecture, without an image registry.
image: deb
	packaging/image $$(ls -t dist/*.deb | head -n 1) dist

# What the tests of the packages take (tests/packaging); dist/pipx is the wheel as pipx installs it, without extras.
packages: dist/.packages

dist/.packages: $(PARTS) pyproject.toml requirements.runtime.lock $(VENV)/.ready
	$(MAKE) sdist image
	packaging/pipx-install $$(ls -t dist/*.whl | head -n 1) dist/pipx
	@touch $@

# KEY: the releaser's SSH key, which signs the checksums (docs/install.md).
release: packages .venv-release/.ready
	packaging/release "$(KEY)" .venv-release

# ADVISORIES: a folder with OSV's PyPI/all.zip or PyPA's advisory-database, for where PyPI cannot be asked.
ifdef ADVISORIES
audit: $(VENV)/.ready
	$(BIN)/python packaging/audit_offline.py "$(ADVISORIES)"
else
audit: .venv-release/.ready
	packaging/audit .venv-release/bin/pip-audit
endif

.venv-release/.ready: packaging/tools.lock
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/pip install -q --disable-pip-version-check --require-hashes -r packaging/tools.lock
	@touch $@

bench: $(VENV)/.ready
	$(BIN)/python -m benchmarks $(if $(AGAINST),--against $(AGAINST))

# The docs site, read from the disk: build/site/index.html. Every warning ends it, such as a link that leads nowhere.
docs: .venv-docs/.ready
	.venv-docs/bin/python -m sphinx -q -W --keep-going -b html -c docs/site . build/site
	@echo "open build/site/index.html"

.venv-docs/.ready: docs/requirements.lock
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install -q --no-compile --disable-pip-version-check --require-hashes -r docs/requirements.lock
	@touch $@

# Peers of the tests from PyPI and npm, away from our own packages; .ci/run makes them, a laptop may.
peers: .venv-peers/.ready tests/peers/node/node_modules/.package-lock.json

.venv-peers/.ready: tests/peers/requirements.lock
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install -q --no-compile --disable-pip-version-check --require-hashes -r tests/peers/requirements.lock
	@touch $@

tests/peers/node/node_modules/.package-lock.json: tests/peers/node/package-lock.json
	npm ci --prefix tests/peers/node --no-audit --no-fund --loglevel=error

# The versions and hashes that CI uses; needs uv.
lock:
	uv pip compile pyproject.toml --extra demo --extra test --generate-hashes --no-emit-index-url \
		--no-header --universal --python-version 3.11 -o requirements.lock
	uv pip compile pyproject.toml --extra postgresql --extra apprise --extra holidays --extra picture --generate-hashes --no-emit-index-url \
		--no-header --universal --python-version 3.11 -o requirements.runtime.lock
	uv pip compile packaging/tools.txt --generate-hashes --no-emit-index-url \
		--no-header --universal --python-version 3.11 -o packaging/tools.lock
	uv pip compile tests/peers/requirements.txt --generate-hashes --no-emit-index-url \
		--no-header --universal --python-version 3.11 -o tests/peers/requirements.lock
	uv pip compile docs/requirements.txt --generate-hashes --no-emit-index-url \
		--no-header --universal --python-version 3.11 -o docs/requirements.lock

$(VENV)/.ready: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "healthmon needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "the venv module is missing: apt-get install python3-venv"; exit 1; }
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf $(VENV) .venv-peers .venv-release .venv-docs tests/peers/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build

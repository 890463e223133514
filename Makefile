# penstock's commands. `make demo` and `make test` set up all that they need.
SHELL := /bin/sh
.DELETE_ON_ERROR:

VENV := .venv
JOB_VENV := .venv-job
CLIENTS_VENV := .venv-clients
PYTHON := $(VENV)/bin/python
JOB_PYTHON := $(JOB_VENV)/bin/python
# Compiled files in any case: else each worker, and each program that a test starts, compiles all that it imports.
PYTEST := PYTHONDONTWRITEBYTECODE= $(PYTHON) -m pytest
PARALLEL := $(PYTEST) -n auto --maxprocesses 4 --dist loadscope
# The report with the gate comes when each part has measured into its file.
COVERAGE := --cov --cov-report= --cov-fail-under=0
# Each part's output is printed whole when the part is done, if this version of make can.
SIDE_BY_SIDE := $(MAKE) --no-print-directory -j $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
POM := flink_app/pom.xml
MACHINE ?= $(shell uname -m)
# The library's Python: the first that is there. The job's is MSF's.
BASE_PYTHON ?= $(or $(shell for each in python3.11 python3.12 python3.13; do \
  $$each -c "" 2>/dev/null && echo $$each && break; done),python3.11)
JOB_BASE_PYTHON ?= python3.11
DEMO_SCENARIO ?= vehicle_metrics
DEMO_OPTIONS ?=
export BASE_PYTHON JOB_BASE_PYTHON MACHINE

# apache-flink and apache-beam have no packages for arm64: there `make setup` leaves the job's environment out.
JOB_ENVIRONMENT := $(if $(filter arm64 aarch64,$(MACHINE)),,$(JOB_VENV)/.installed)
# The prerequisites of the goals at hand, for tools/prerequisites.sh.
SCOPE := $(if $(filter demo test test-library test-pipeline test-job bench,$(MAKECMDGOALS)),job,$\
  $(if $(filter setup test-java,$(MAKECMDGOALS)),$(if $(JOB_ENVIRONMENT),job,app),library))

# The jsii runtime announces Node 20's end of life on every start; tools/prerequisites.sh says it once.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
# A company's own flags for Maven, for example -s settings.xml.
MAVEN_OPTIONS ?= -B -q

.PHONY: help demo test check setup setup-library clients prerequisites lint package test-fast test-library test-pipeline \
  test-coverage test-job test-java wheel bench lock clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## Run a job of flink_app end to end on this machine; DEMO_OPTIONS="--seconds 30 --report out"
	$(VENV)/bin/penstock demo $(DEMO_SCENARIO) $(DEMO_OPTIONS)

# The first two leave behind what the others need: the jars, and mypy's cache for the test of the wheel's types.
test: setup clients ## Every check that CI runs
	@echo "side by side, each shown when it is done: lint, test-java"
	@+$(SIDE_BY_SIDE) lint test-java
	@echo "side by side, each shown when it is done: test-library, test-pipeline, test-job"
	@+$(SIDE_BY_SIDE) test-library test-pipeline test-job
	@$(MAKE) --no-print-directory test-coverage

check: $(VENV)/.installed lint test-fast ## The fast checks: no Java, no Maven, no npm

lint:
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	@set -e; for main in flink_app/*/main.py; do $(VENV)/bin/mypy $$(dirname $$main); done

test-fast:
	PENSTOCK_HYPOTHESIS=fast $(PARALLEL) -p no:pytest_cov -m "not validators and not build and not pipeline"

# The job's package is built before, so that no two processes build it at once.
package:
	$(VENV)/bin/penstock package flink_app/vehicle_metrics >/dev/null

# In the order of tests/conftest.py, not by the number of a module's tests.
test-library: package
	COVERAGE_FILE=.coverage.library $(PARALLEL) --no-loadscope-reorder -m "not pipeline" $(COVERAGE)

test-pipeline: package ## The tests on real Kafka, Flink and Prometheus
	COVERAGE_FILE=.coverage.pipeline $(PYTEST) -m pipeline $(COVERAGE)

test-coverage: # of the two before
	$(PYTHON) -m coverage combine --quiet --keep .coverage.library .coverage.pipeline
	$(PYTHON) -m coverage report

test-job: ## The tests of the PyFlink jobs, in their own environment
	@set -e; for ini in tests/flink_app/*/pytest.ini; do $(JOB_PYTHON) -m pytest -c $$ini $$(dirname $$ini); done

test-java: ## The Java classes of connectors and jobs
	mvn $(MAVEN_OPTIONS) -f $(POM) verify

wheel: $(VENV)/.installed ## The library as a wheel in dist, built with what is locked
	rm -rf build # of an earlier version, whose files would get into the wheel
	$(VENV)/bin/uv build --quiet --wheel --no-build-isolation --python $(PYTHON) --out-dir dist

bench: setup ## The benchmarks: figures, no thresholds that a busy machine could miss
	$(PYTHON) benchmarks/synth.py
	$(PYTHON) benchmarks/vehicle_job.py
	$(PYTHON) benchmarks/local_msf.py
	$(PYTHON) -m benchmarks.rehearse

# Each installation waits for the prerequisites, so that a missing program is named before anything runs.
setup: setup-library $(JOB_ENVIRONMENT) ## Install what is missing

setup-library: $(VENV)/.installed node_modules/.installed ## Install what cdk synth and penstock need, without Java

# The AWS CLI and AWS's SDK for JavaScript, with which tests call the local MSF.
clients: $(CLIENTS_VENV)/.installed node_modules/.clients-installed

prerequisites:
	@sh tools/prerequisites.sh $(SCOPE)

$(VENV)/.installed: requirements/dev.txt pyproject.toml tools/install.py | prerequisites
	$(BASE_PYTHON) tools/install.py $(VENV) requirements/dev.txt --editable .
	@touch $@

$(JOB_VENV)/.installed: requirements/job.txt tools/install.py | prerequisites
	$(JOB_BASE_PYTHON) tools/install.py $(JOB_VENV) requirements/job.txt
	@touch $@

node_modules/.installed: package.json package-lock.json | prerequisites
	npm ci --omit=dev --loglevel=error --no-progress
	@touch $@

$(CLIENTS_VENV)/.installed: requirements/clients.txt tools/install.py | prerequisites
	$(BASE_PYTHON) tools/install.py $(CLIENTS_VENV) requirements/clients.txt
	@touch $@

node_modules/.clients-installed: node_modules/.installed
	npm ci --loglevel=error --no-progress
	@touch $< $@

lock: $(VENV)/.installed ## Renew the lock files
	$(VENV)/bin/uv pip compile -q pyproject.toml --extra dev --extra local --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -o requirements/dev.txt
	$(VENV)/bin/uv pip compile -q requirements/job.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -o requirements/job.txt
	$(VENV)/bin/uv pip compile -q requirements/clients.in --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header -o requirements/clients.txt
	npm install --package-lock-only --silent

clean: ## Remove what the commands made
	rm -rf $(VENV) $(JOB_VENV) node_modules cdk.out flink_app/*/target flink_app/*/.penstock build dist .coverage .coverage.* \
	  .hypothesis .mypy_cache .pytest_cache .ruff_cache

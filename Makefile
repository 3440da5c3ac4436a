# Every recipe sets up what it needs: a fresh machine has Python 3.11+, pip and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIENTS := .venv-clients
NODE := tests/clients/node
AIDER := .venv-aider
FUZZ := .venv-fuzz
MORPH := tests/clients/morph
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help run test clients check train evaluate faults bench soak fuzz described machines kill reload demo demo-local lock clean

help: ## list the recipes
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# A stamp a set of requirements: a changed lock installs again. --no-deps: the lock holds the whole closure.
$(VENV)/run.stamp: requirements/run.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "tierwise needs Python 3.11 or newer; name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "tierwise: installing what it needs into $(VENV) (once, a minute or two)"
	@$(PIP) install --require-hashes --no-deps -r requirements/run.lock
	@$(PIP) install --require-hashes --no-deps -r requirements/build.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/run.stamp
	@echo "tierwise: installing what the tests need into $(VENV) (once)"
	@$(PIP) install --require-hashes --no-deps -r requirements/dev.lock
	@touch $@

run: $(VENV)/run.stamp ## serve on 127.0.0.1:8080 with config/tierwise.yaml; needs no key
	@$(BIN)/tierwise serve $(ARGS)

# Other people's client libraries, which the tests run against the proxy: apart, so that they decide no version of ours.
# aider (which needs Python 3.12 or older) and Morph's SDK are too large for every run.
.venv-%/clients.stamp: requirements/%.lock
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo "tierwise: installing clients that the tests run into $(@D) (once, a minute or more)"
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --no-compile --require-hashes --no-deps -r $<
	@touch $@

tests/clients/%/node_modules/clients.stamp: tests/clients/%/package-lock.json
	@if command -v npm >/dev/null; then \
	  echo "tierwise: installing clients for node into $(@D) (once)"; \
	  npm ci --prefix $(<D) --ignore-scripts --no-audit --no-fund --silent && touch $@; \
	else echo "tierwise: no npm on this machine, the tests of clients for node are skipped"; fi

test: check $(CLIENTS)/clients.stamp $(NODE)/node_modules/clients.stamp ## set everything up and run all tests
	@$(BIN)/python -m pytest $(ARGS)

clients: $(VENV)/dev.stamp $(CLIENTS)/clients.stamp $(NODE)/node_modules/clients.stamp
clients: $(AIDER)/clients.stamp $(MORPH)/node_modules/clients.stamp ## the tests with real clients, aider and Morph's SDK among them
	@$(BIN)/python -m pytest tests/clients $(ARGS)

check: $(VENV)/dev.stamp ## lint, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

train: $(VENV)/dev.stamp ## train the classifier's artifact from ../shared/data or --data-dir
	@$(BIN)/python -m classifier.training $(ARGS)

evaluate: $(VENV)/dev.stamp ## measure the artifact and write its CARD.md
	@$(BIN)/python -m classifier.evaluation $(ARGS)

faults: $(VENV)/dev.stamp ## play every fault and write the matrix into docs/reliability.md
	@TIERWISE_FAULTS=full $(BIN)/python -m tests.fakes.matrix

bench: $(VENV)/dev.stamp ## measure overhead against direct, nginx and (ARGS=--litellm) LiteLLM
	@$(BIN)/python -m benchmarks.run $(ARGS)

# A fuzzer that looks at what it reaches, where there is a wheel of it: Linux and macOS, some versions of Python.
$(FUZZ)/fuzz.stamp: requirements/fuzz.lock
	@test -x $(FUZZ)/bin/python || $(PYTHON) -m venv $(FUZZ)
	@echo "tierwise: installing a fuzzer into $(FUZZ) (once)"
	@$(FUZZ)/bin/python -m pip --disable-pip-version-check --quiet install --only-binary :all: --require-hashes \
	  --no-deps -r $< || echo "tierwise: there is no such fuzzer for this machine, inputs are mutated at random"
	@touch $@

fuzz: $(VENV)/dev.stamp $(FUZZ)/fuzz.stamp ## mutated bytes for everything that reads what others wrote (ARGS="--seconds 3600 sse")
	@if $(FUZZ)/bin/python -c 'import atheris' 2>/dev/null; then $(FUZZ)/bin/python -m benchmarks.guided $(ARGS); \
	else $(BIN)/python -m benchmarks.fuzz $(ARGS); fi

described: $(VENV)/dev.stamp ## hold the running proxy against /openapi.json at length (ARGS="--examples 1000")
	@$(BIN)/python -m tests.fakes.described $(ARGS)

machines: $(VENV)/dev.stamp ## the state machines of tests/stateful, with 500 runs each
	@TIERWISE_MACHINES=500 $(BIN)/python -m pytest -q --timeout 0 tests/stateful $(ARGS)

soak: $(VENV)/dev.stamp ## half an hour of load, then what is held on to (ARGS="--seconds 300")
	@$(BIN)/python -m benchmarks.soak $(ARGS)

kill: $(VENV)/dev.stamp ## kill -9 under load 100 times and compare what client, ledger and upstream say
	@TIERWISE_KILLS=100 $(BIN)/python -m pytest -q -s -p no:randomly tests/integration/test_kill.py $(ARGS)

reload: $(VENV)/dev.stamp ## load another configuration 100 times under 300 requests/s and 100 streams
	@TIERWISE_RELOADS=100 $(BIN)/python -m pytest -q -s -p no:randomly tests/integration/test_reload.py $(ARGS)

demo: $(VENV)/dev.stamp ## send the demo prompts through the real openai SDK and show what they cost
	@$(BIN)/python demo/run.py $(ARGS)

demo-local: $(VENV)/dev.stamp ## the same against llama.cpp with a small real model (builds it once, minutes)
	@$(BIN)/python demo/local.py $(ARGS)

lock: ## write requirements/*.lock anew (maintainers; needs uv)
	@sh requirements/lock.sh

clean: ## remove what was installed and built
	@rm -rf $(VENV) .venv-* $(NODE)/node_modules $(MORPH)/node_modules build dist

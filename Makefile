# The developer's whole interface. `make demo` and `make test` set up what they need by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet --no-deps --no-compile --require-hashes

# Where modules may not be kept compiled, each of a demo's processes compiles all of them anew: a second each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test check bench chaos fuzz lock clean

setup: $(VENV)/.runtime ## a virtual environment from the lock file, and the command .venv/bin/carnet

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) -r requirements.lock
	PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m carnet.translations compile
	@touch $@

$(VENV)/.development: requirements-dev.lock $(VENV)/.runtime
	$(PIP) -r requirements-dev.lock
	@touch $@

demo: setup ## the whole of Carnet with invented people, on this machine
	@exec $(BIN)/carnet demo $(ARGS)

test: $(VENV)/.development tools/test-programs ## every test
	@tools/test-programs
	@$(BIN)/python -m carnet.translations compile
	$(BIN)/pytest -n 4 --dist loadgroup $(ARGS)

check: $(VENV)/.development ## style, types, the house's rules, migrations, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	DJANGO_SETTINGS_MODULE=carnet.config.settings $(BIN)/python -W ignore -m django makemigrations --check --dry-run
	$(BIN)/python -m carnet.translations check

bench: $(VENV)/.development ## measured figures, each beside a named peer
	$(BIN)/carnet bench smtp $(ARGS)

chaos: $(VENV)/.development tools/test-programs ## every process killed 30 times under load
	@tools/test-programs
	$(BIN)/pytest tests/chaos --kills 30 --timeout 3600 $(ARGS)

fuzz: $(VENV)/.development ## what reads strangers' bytes, tried for longer than `make test` does
	nice $(BIN)/pytest -n 2 tests/fuzz --hypothesis-profile=fuzz --timeout 0 $(ARGS)

lock: $(VENV)/.development ## resolve the dependencies anew
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --extra analytics --extra build --output-file requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-index-url \
		--no-emit-find-links --no-emit-trusted-host --extra analytics --extra build --extra test --extra check \
		--constraint requirements.lock --output-file requirements-dev.lock pyproject.toml

clean: ## the virtual environment and the demo's data
	rm -rf $(VENV) var

# Two commands are all a newcomer needs: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench lint requirements

run: $(VENV)/.run
	@exec $(BIN)/python -m console.up

# Tests side by side, each half with servers of its own (a Redis from outside is shared, so then one by one);
# afterwards those that start every process, which need the machine for themselves.
SIDE_BY_SIDE := $(if $(REDIS_URL),,-n 2 --dist loadfile)
WHOLE := tests/browser tests/chaos

test: $(VENV)/.test
	@$(BIN)/python manage.py translations compile
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) $(WHOLE:%=--ignore=%)
	@$(BIN)/python -m pytest $(WHOLE)

bench: $(VENV)/.test
	@$(BIN)/python -m tests.bench

lint: $(VENV)/.test
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy . && $(BIN)/djlint . --lint --quiet

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)

# Hashes in the requirement files are checked by pip; the stamps say which file the environment was last made from.
$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	@echo "Installing what the console needs (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.test: requirements-test.txt | $(VENV)/bin/python
	@echo "Installing what the tests need (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.txt
	@touch $@ $(VENV)/.run

# After a change in pyproject.toml. Needs uv; writes no address of any package index.
UV := uv pip compile pyproject.toml --generate-hashes --no-header --no-emit-index-url --python-version 3.11 --quiet
requirements:
	$(UV) --extra embedded -o requirements.txt
	$(UV) --extra embedded --extra test -c requirements.txt -o requirements-test.txt

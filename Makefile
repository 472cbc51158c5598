# Everything a person types: make demo, make test, make check.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MINISTACK := $(VENV)/ministack
MINISTACK_READY := $(MINISTACK)/.ready

.PHONY: demo test check lint fast format bench clean

demo: $(READY)
	$(BIN)/rollway demo $(ARGS)

test: $(READY) $(MINISTACK_READY)
	$(BIN)/python -m pytest $(ARGS)

fast: $(READY)
	$(BIN)/python -m pytest -m "not end_to_end" tests/codedeploy tests/test_*.py \
		tests/starter/test_render_*.py tests/workflows/test_replay.py \
		tests/workflows/test_determinism.py $(ARGS)

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint fast

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)
	$(BIN)/python -m bench.fleet $(ARGS)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Rollway needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

# An emulator for tests whose packages contradict ours.
$(MINISTACK_READY): constraints-ministack.txt | $(READY)
	$(PYTHON) -m venv $(MINISTACK)
	$(MINISTACK)/bin/python -m pip install --quiet --disable-pip-version-check --requirement constraints-ministack.txt
	touch $(MINISTACK_READY)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

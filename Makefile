# What a newcomer types. Everything else is `.venv/bin/takings --help`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# Where this is set, as in many container images, each of the suite's hundreds of processes compiles all of its modules.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo test test-fast test-deep check generate setup lock first-build browser clean

TAKINGS := .venv/bin/takings
SUPERSET := superset_assets/server/.venv
COMPILED := .takings-test-cache/compiled
WORKERS := 3
PYTEST = .venv/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

demo: setup  ## two simulated shops and a creator to filled dashboards (WORLD=folder: a real retailer; ONCE=1: check, then end; PORT=8088)
	@$(TAKINGS) demo $(if $(WORLD),--world "$(WORLD)") $(if $(ONCE),--once) $(if $(PORT),--superset-port $(PORT))

test:  ## lint, types and every test but the deep ones: minutes
	@$(MAKE) --no-print-directory --jobs check setup browser first-build $(COMPILED)
	@$(PYTEST) -m "not deep" $(ARGS)

test-fast: .venv/.locked  ## quick tests: no Superset, browser or whole simulated shops; 90 seconds
	@$(PYTEST) -m "not (deep or slow or superset or browser or worlds)" $(ARGS)

test-deep: setup browser  ## more seeds and longer variants, for once a week
	@$(PYTEST) -m deep $(ARGS)

check: .venv/.locked  ## ruff, mypy and sqruff side by side; seconds once their caches are filled
	@.venv/bin/python tools/check.py

generate: .venv/.locked  ## write every generated file again: reference, snapshots
	@.venv/bin/python -m tools.generate

setup: .venv/.locked $(SUPERSET)/.locked

lock:  ## resolve both locks again
	@tools/lock

# before the environments, which are made side by side
.tools/.ready:
	@tools/uv --version >/dev/null && mkdir -p .tools && touch $@

.venv/.locked: requirements.lock pyproject.toml | .tools/.ready
	@tools/setup .venv requirements.lock editable

$(SUPERSET)/.locked: superset_assets/server/requirements.lock | .tools/.ready
	@tools/setup $(SUPERSET) superset_assets/server/requirements.lock

# dbt's parse and a build over no rows, which all workers need: kept in .takings-test-cache
first-build: .venv/.locked
	@.venv/bin/python -m tests.orchestration.first_build

# what Python and pytest compile for a new environment, once: else each worker does all of it
$(COMPILED): .venv/.locked
	@listed=$$(.venv/bin/python -m pytest --collect-only -qq) || { echo "$$listed"; exit 1; }
	@mkdir -p $(@D) && touch $@

browser:
	@tools/browser

clean:  ## remove the environments; .takings (the data) stays
	@rm -rf .venv $(SUPERSET) .tools

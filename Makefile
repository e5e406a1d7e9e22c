# The words that work in every clone. `make` alone lists them.

VENV := .venv
BIN := $(VENV)/bin
# Named after what pyproject.toml says, so that a checkout which only touches the file costs nothing.
SUM := $(shell cksum < pyproject.toml | tr ' ' '-')
INSTALLED := $(VENV)/.installed-$(SUM)
INSTALLED_DEV := $(VENV)/.installed-dev-$(SUM)
PYTEST := $(BIN)/python -m pytest --durations 10
TOGETHER := -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.PHONY: help install run test check lint types scripts contracts rules bench bench-peers soak tour fuzz format migration catalogue openapi clean

help: ## list these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED_DEV) ## make .venv with everything for running and developing

run: $(INSTALLED) ## open the demo hospital: database, sandboxes, web; Ctrl-C stops it
	@$(BIN)/telehealth demo

# 5: of this kind there is no test among those asked for.
test: $(INSTALLED_DEV) ## every test, browser included (ARGS="-k held" narrows them)
	@deploy/install-test-packages.sh
	@$(PYTEST) -n 3 --dist loadfile --no-loadscope-reorder -m "not alone" $(ARGS); first=$$?; \
	echo "and what measures time, alone"; \
	$(PYTEST) -m alone $(ARGS); second=$$?; \
	case $$first$$second in 00$(if $(strip $(ARGS)),|05|50)) ;; *) exit 1 ;; esac

check: $(INSTALLED_DEV) ## lint, types, import contracts, house rules: under a minute
	@$(MAKE) --no-print-directory --keep-going $(TOGETHER) types lint scripts contracts rules

types:
	$(BIN)/mypy

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

scripts:
	@deploy/check-scripts.sh $(VENV)

contracts:
	$(BIN)/lint-imports

rules:
	$(BIN)/python -m pytest tests/house tests/unit

bench: $(INSTALLED_DEV) ## measure; one JSON object a line
	@$(BIN)/python -m tests.bench $(ARGS)

bench-peers: $(INSTALLED_DEV) ## measure the recorder beside Janus, in the same run
	@deploy/install-bench-peers.sh
	@$(BIN)/python -m tests.bench recorder_cpu_per_leg_ratio

soak: $(INSTALLED_DEV) ## kill the house at every named point, three times each; then the books must agree
	@$(BIN)/python -m tests.crash $(ARGS)

tour: $(INSTALLED_DEV) ## photograph the demo hospital as every role, into docs/shots (ARGS="home call" names some)
	@deploy/install-test-packages.sh
	@$(BIN)/python -m tests.tour $(ARGS)

fuzz: $(INSTALLED_DEV) ## ten times the random requests that `make test` sends to each operation
	TELEHEALTH_FUZZ_EXAMPLES=200 $(PYTEST) -n 2 --dist loadfile tests/web/fuzzing $(ARGS)

format: $(INSTALLED_DEV) ## put imports and layout in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

migration: $(INSTALLED_DEV) ## write a migration from the models: make migration m="add strikes"
	@$(BIN)/python -m tests.support.migration "$(m)"

catalogue: $(INSTALLED_DEV) ## collect sentences, update and compile the translations
	@mkdir -p build
	$(BIN)/pybabel -q extract -F babel.cfg -o build/messages.pot --no-location --sort-output .
	$(BIN)/pybabel -q update -i build/messages.pot -d telehealth/locale -l en --no-fuzzy-matching --init-missing
	$(BIN)/pybabel -q compile -d telehealth/locale --statistics

openapi: $(INSTALLED_DEV) ## write docs/openapi.json, the reviewed snapshot of the API
	@$(BIN)/python -m tests.support.openapi

clean: ## remove caches and build products; data and .venv stay
	rm -rf build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis .coverage
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	find . -name '*.mo' -not -path './$(VENV)/*' -delete

$(BIN)/python:
	@deploy/make-venv.sh $(VENV)

$(INSTALLED): | $(BIN)/python
	@echo "installing the platform into $(VENV)"
	@$(BIN)/python -m pip install --quiet -e .
	@if [ -d telehealth/locale ]; then $(BIN)/pybabel -q compile -d telehealth/locale; fi
	@touch $@

$(INSTALLED_DEV): | $(INSTALLED)
	@echo "installing the tools of development into $(VENV)"
	@$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@

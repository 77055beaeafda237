# Every target is one documented command; CI calls the same ones.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
REPORTS := reports

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: .venv/.installed ## install everything into this checkout's .venv
.venv/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]' --group dev
	touch $@

.PHONY: tools
tools: setup ## obtain the judges that come within seconds
	$(BIN)/saas-validate doctor --install

.PHONY: validate
validate: tools ## bake all 16 combinations, boot them, judge them, write reports/
	$(BIN)/saas-validate run template --combos all --json $(REPORTS)/verdicts.json --html $(REPORTS)/report.html --sarif $(REPORTS)/findings.sarif --junitxml $(REPORTS)/junit.xml

.PHONY: test
test: tools ## the whole suite, in one process and then on all cores
	$(BIN)/python -m pytest $(ARGS)
	$(BIN)/python -m pytest -n auto $(ARGS)

.PHONY: matrix
matrix: tools ## the plugin's own tests on every Python that is on the PATH, and on every pytest
	$(BIN)/python benchmarks/matrix.py $(ARGS)

.PHONY: lint
lint: setup ## ruff, mypy, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: docs
docs: setup ## make docs/catalogue.md from the checks
	$(BIN)/saas-validate list checks --markdown > docs/catalogue.md

.PHONY: prove
prove: tools ## plant every known defect and see that the right check finds it
	$(BIN)/saas-validate prove template --json $(REPORTS)/kills.json -- -n auto

.PHONY: bench
bench: tools ## print the figures of docs/performance.md
	$(BIN)/python benchmarks/load.py
	$(BIN)/python benchmarks/static.py $(ARGS)

.PHONY: line
line: tools ## judge the template by command, pytest, workers, and inside renders, and compare
	$(BIN)/python -m pytest tests/line --line $(ARGS)

.PHONY: soak
soak: tools ## kill runs at random moments, fill the disk of others, and see that nothing stays
	$(BIN)/python -m pytest tests/soak --soak $(ARGS)

.PHONY: foreign
foreign: tools ## judge templates of others, obtained as packages, and compare with a person's verdicts
	$(BIN)/python -m tests.foreign.packages
	$(BIN)/python -m pytest tests/foreign --foreign $(ARGS)

.PHONY: e2e
e2e: tools ## judge the template in containers and on a cluster, break it, and see that nothing stays; needs Docker
	$(BIN)/python -m pytest tests/e2e_compose tests/e2e_k8s --e2e -s $(ARGS)

.PHONY: renders
renders: tools ## run every command of the README of each render, with planted faults too (an hour)
	$(BIN)/python -m pytest tests/renders --renders $(ARGS)

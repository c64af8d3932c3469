# Two commands do everything on a fresh machine: make demo, make test.
# `make PYTHON=python3.12 ...` chooses the interpreter, `TORCH=...` another build of PyTorch;
# `make test CONSTRAINTS= VENV=.venv-newest` takes the newest of everything else.
PYTHON ?= python3
TORCH ?= torch==2.13.0
CONSTRAINTS ?= .ci/constraints.txt
# The release that PyTorch 2.13.0 asks for. Its builds for GPUs bring it along, CPU builds do not.
TRITON ?= triton==3.7.1
VENV := .venv
COUNT ?= 20000
# One more than there are cores: many tests wait for a browser, a server or a signal.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
BIN := $(VENV)/bin
BEGUN := $(shell date +%s)

.PHONY: demo test lint docs dist fuzz triton browser clean

demo: $(VENV)/installed
	$(BIN)/regtrack demo --force
	@echo "make demo took $$(($$(date +%s) - $(BEGUN))) s, the environment included."

# The site of the pages is built by a test.
test: $(VENV)/installed triton $(VENV)/docs browser
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The pages as a site that is read without a network; a broken link is an error.
docs: $(VENV)/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "made build/site: open build/site/index.html"

$(VENV)/docs: $(VENV)/installed
	$(BIN)/pip install --quiet $(CONSTRAINTS:%=--constraint %) --editable '.[docs]'
	touch $@

# An sdist, and a wheel made of it: checked, and tried in an empty environment. Once the
# environment exists, no network is needed.
dist: $(VENV)/installed
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist . > /dev/null
	REGTRACK_DIST=$(CURDIR)/dist $(BIN)/pytest --quiet tests/test_dist.py
	@ls -l dist

# Damaged files for every parser; a finding comes with the command that shows it again.
fuzz: $(VENV)/installed
	PYTHONPATH=tests $(BIN)/python -m fuzz --count $(COUNT)
	PYTHONPATH=tests $(BIN)/python -m fuzz --count $(COUNT) --boundscheck labels block counts bed bed-gzip

# The kernels for GPUs are tested in Triton's interpreter, which needs no GPU; it takes 1 GB.
triton: $(VENV)/installed
	@$(BIN)/python -c 'import triton' 2>/dev/null || $(BIN)/pip install --quiet '$(TRITON)' || \
	  echo "no Triton: the tests of the kernels for GPUs are skipped"

# Some tests look at pages in a browser, and are skipped, saying so, where there is none.
browser:
	@for browser in chromium-headless-shell chromium chromium-browser google-chrome; do \
	  command -v $$browser >/dev/null && exit 0; \
	done; \
	[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get -qq update && \
	  for browser in chromium-headless-shell chromium; do \
	    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$browser \
	      && exit 0; \
	  done; \
	  echo "no chromium: the tests that look at pages in a browser are skipped"

clean:
	rm -rf $(VENV) demo

# PyTorch comes first and by itself: asked for by another package, pip may take another build.
$(VENV)/installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet $(CONSTRAINTS:%=--constraint %) '$(TORCH)'
	$(BIN)/pip install --quiet $(CONSTRAINTS:%=--constraint %) --editable '.[browse,test,lint]'
	touch $@

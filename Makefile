# Each target works alone in a fresh clone: it first runs the set-up scripts, which skip what is there.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
PYTHON := .venv/bin/python
CPP_FILES = $(shell git ls-files --cached --others --exclude-standard -- '*.cc' '*.h')

# Arrow's libraries carry no instrumentation: without the option every lock inside them looks like a race.
export TSAN_OPTIONS ?= ignore_noninstrumented_modules=1
export ASAN_OPTIONS ?= detect_leaks=1:strict_string_checks=1
export UBSAN_OPTIONS ?= print_stacktrace=1

.PHONY: help setup build demo test unit asan tsan fuzz format check-format lint docs memory bench clean

help:  ## this list
	@sed -n 's/^\([a-z -]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup:  ## install what is missing: Debian packages (as root), .venv, public tables in data/
	@setup/apt.sh build
	@setup/venv.sh
	@setup/npm.sh

build: setup build/build.ninja  ## the command, build/bin/ember
	@cmake --build build -j $(JOBS) --target ember

demo: build  ## 3,000,000 flights to training, validation and test features in build/demo/
	build/bin/ember extract data/flights-3m.parquet -o build/demo --target delay --overwrite

test: unit  ## all tests: unit tests, then those that cross rooms
	@$(PYTHON) -m pytest tests

unit: setup build/build.ninja
	@cmake --build build -j $(JOBS)
	@ctest --preset release

# Ninja runs CMake again by itself when a CMake file or the list of sources changes; presets it does not know of.
build/build.ninja: CMakePresets.json
	@cmake --preset release
	@touch $@

asan tsan: setup  ## the unit tests under the address and undefined behaviour, or thread sanitizer
	@cmake --preset $@
	@cmake --build --preset $@ -j $(JOBS)
	@ctest --preset $@

fuzz: setup  ## each fuzz target for FUZZ_SECONDS (60) seconds
	@setup/apt.sh fuzz
	@cmake --preset fuzz
	@cmake --build --preset fuzz -j $(JOBS)
	@found=0; for target in build/fuzz/bin/*_fuzz; do \
	  [ -x "$$target" ] || continue; \
	  found=1; name=$$(basename "$$target"); corpus=build/fuzz/corpus/$$name; mkdir -p "$$corpus"; \
	  echo "== $$name for $(FUZZ_SECONDS) s"; \
	  "$$target" -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
	    -artifact_prefix="build/fuzz/$$name-" "$$corpus"; \
	done; [ "$$found" = 1 ] || { echo "no fuzz target was built (*_fuzz.cc)" >&2; exit 1; }

format: setup  ## rewrite C++ and Python sources in the project's format
	@setup/apt.sh lint
	@printf '%s\n' $(CPP_FILES) | xargs -r clang-format-19 -i
	@$(PYTHON) -m ruff format . && $(PYTHON) -m ruff check --fix .

check-format: setup  ## fail if a C++ or Python source is not in the project's format, or ruff finds a fault
	@setup/apt.sh lint
	@printf '%s\n' $(CPP_FILES) | xargs -r clang-format-19 --dry-run -Werror
	@$(PYTHON) -m ruff format --check . && $(PYTHON) -m ruff check .

lint: check-format  ## check-format, then clang-tidy on every C++ source (minutes)
	@cmake --preset release -B build/tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null
	@run-clang-tidy-19 -p build/tidy -quiet -j $(JOBS) "$(CURDIR)/src/.*" 2>/dev/null

docs: setup  ## the documentation as a web site, in build/site/
	@setup/venv.sh docs
	@$(PYTHON) -m mkdocs build --strict --site-dir build/site

memory: build  ## resident memory against --memory: hard tables, 128 to 384 MiB, 1 to 8 threads (minutes)
	@EMBER_MEMORY_MATRIX=full $(PYTHON) -m pytest -q -s tests/faults/test_memory_limit.py

bench: build  ## times ember against Polars and DuckDB on the same tables
	@$(PYTHON) bench/run.py

clean:  ## remove build/; the environment and the data stay
	rm -rf build

# Each target works alone in a fresh clone: it first runs the set-up scripts, which skip what is there.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local
BASE ?= main
PYTHON := .venv/bin/python
CPP_FILES = $(shell git ls-files --cached --others --exclude-standard -- '*.cc' '*.h')

# Arrow's libraries carry no instrumentation: without the option every lock inside them looks like a race.
export TSAN_OPTIONS ?= ignore_noninstrumented_modules=1
export ASAN_OPTIONS ?= detect_leaks=1:strict_string_checks=1
export UBSAN_OPTIONS ?= print_stacktrace=1
# Arrow's own allocator hands memory from thread to thread, and keeps it, where no sanitizer sees it.
asan asan-python tsan fuzz: export ARROW_DEFAULT_MEMORY_POOL := system

.PHONY: help setup setup-base build install demo test unit conformance conformance-backends import-orders asan asan-python tsan asan-command \
  tsan-command fuzz fuzz-corpora format check-format lint lint-changed purify reference reference-backends docs check-docs notebook picture memory kill-and-resume \
  bench selection clean

help:  ## this list
	@sed -n 's/^\([a-z -]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup: setup-base  ## install what is missing: Debian packages (as root), .venv, public tables in data/
	@setup/venv.sh backends

# Without torch and mlx, the size of all the rest together, which neither the command nor a sanitizer's build needs.
setup-base:
	@setup/apt.sh build
	@setup/venv.sh
	@setup/npm.sh

# With torch and mlx: what is built finds them, and README's Python needs no other installation for its backends.
build: setup build/build.ninja  ## the command, build/bin/ember, and the Python package, build/python
	@cmake --build build -j $(JOBS) --target ember _core

install: build  ## the command, the library and its CMake package to PREFIX (/usr/local)
	@cmake --install build --prefix "$(PREFIX)"

demo: setup-base build/build.ninja  ## 3,000,000 flights, from the local BigQuery server, to features in build/demo/
	@cmake --build build -j $(JOBS) --target ember
	@coproc SERVER { exec build/bin/ember serve-bigquery --table demo.public.flights=data/flights-3m.parquet; }; \
	trap 'kill "$$SERVER_PID"' EXIT; read -r -u "$${SERVER[0]}" line; \
	echo build/bin/ember extract bigquery://demo/public/flights --bigquery-endpoint "$${line##* }" \
	  -o build/demo --target delay --overwrite; \
	build/bin/ember extract bigquery://demo/public/flights --bigquery-endpoint "$${line##* }" \
	  -o build/demo --target delay --overwrite

test: unit  ## all tests: unit tests, then those that cross rooms
	@$(PYTHON) -m pytest tests -n $(JOBS) --dist worksteal

# Each example is an array of some dtype, shape and layout; `make test` tries a dozen for each function.
EXAMPLES ?= 1000
conformance: build  ## ops against the array API standard and NumPy, EXAMPLES (1,000) arrays a test (hours)
	@EMBER_OPS_EXAMPLES=$(EXAMPLES) $(PYTHON) -m pytest tests/conformance/ops -n $(JOBS) --dist worksteal

# BACKEND="torch mlx" tests those alone.
conformance-backends: build  ## every operation on native, torch, mlx and numpy against native (a minute)
	@$(PYTHON) -m pytest tests/conformance/backends $(addprefix --backend=,$(BACKEND)) -n $(JOBS)

import-orders: build  ## emberharmony, torch, mlx, pyarrow and grpc imported in all 120 orders (minutes)
	@EMBER_IMPORT_ORDERS=all $(PYTHON) -m pytest tests/python/test_import_orders.py -n $(JOBS)

# FLOAT32_FUNCTIONS="cos tan" names some of the functions.
exhaustive: setup build/build.ninja  ## the elementary functions of float32, of each of the 2^32 floats (hours)
	@cmake --build build -j $(JOBS) --target backend_test
	@build/bin/backend_test --gtest_also_run_disabled_tests --gtest_filter='Float32Functions.DISABLED_*'

unit: setup build/build.ninja
	@cmake --build build -j $(JOBS)
	@ctest --preset release -j $(JOBS)

# Ninja runs CMake again by itself when a CMake file or the list of sources changes; presets it does not know of.
build/build.ninja: CMakePresets.json
	@cmake --preset release
	@touch $@

asan tsan: setup  ## unit tests under the address and undefined behaviour, or (rooms with threads) the thread sanitizer
	@setup/apt.sh sanitize
	@cmake --preset $@
	@cmake --build --preset $@ -j $(JOBS)
	@ctest --preset $@

# The tests are run with the command that the sanitizer has built. Its memory is its own: limits are not tested here.
asan-command tsan-command: setup  ## tests/ with the command under that sanitizer (minutes)
	@setup/apt.sh sanitize
	@cmake --preset $(@:-command=)
	@cmake --build --preset $(@:-command=) -j $(JOBS) --target ember
	@EMBER_BIN=build/$(@:-command=)/bin/ember $(PYTHON) -m pytest tests/end_to_end tests/faults \
	  --deselect tests/faults/test_memory_limit.py

# Python itself is not instrumented: the sanitizer, and the library whose exceptions it watches, are loaded before it. What
# Python keeps until its end looks like leaks. An allocation beyond the limit fails as it does without memory: see
# python/throwing_new.cc, which has to be loaded first.
asan-python: export ASAN_OPTIONS := verify_asan_link_order=0:detect_leaks=0:strict_string_checks=1:allocator_may_return_null=1:max_allocation_size_mb=2048
asan-python: setup  ## the Python module under the address and undefined behaviour sanitizers (minutes)
	@setup/apt.sh sanitize
	@cmake --preset asan
	@cmake --build --preset asan -j $(JOBS) --target _core
	@LD_PRELOAD="$(CURDIR)/build/asan/lib/libemberharmony_throwing_new.so \
	  $$(clang++-19 -print-file-name=libclang_rt.asan-x86_64.so) libstdc++.so.6" PYTHONMALLOC=malloc \
	  EMBER_PACKAGE=build/asan/python $(PYTHON) -m pytest tests/python/test_tensor.py tests/python/test_tensor_fuzz.py \
	  tests/python/test_interchange.py tests/python/test_hostile_arguments.py tests/conformance/ops

fuzz: setup  ## each fuzz target (or those of FUZZ="name ...") for FUZZ_SECONDS (60) seconds
	@setup/apt.sh sanitize
	@cmake --preset asan
	@cmake --build --preset fuzz -j $(JOBS)
	@for target in $(or $(FUZZ:%=build/asan/bin/%),build/asan/bin/*_fuzz); do \
	  name=$$(basename "$$target"); corpus=build/asan/corpus/$$name; mkdir -p "$$corpus"; \
	  echo "== $$name for $(FUZZ_SECONDS) s"; \
	  "$$target" -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
	    -artifact_prefix="build/asan/$$name-" "$$corpus"; \
	done

# Inputs that reach the same code as smaller ones are left out. Sorted, without owners and times: the same corpus, the same file.
fuzz-corpora: setup  ## tests/fuzz/NAME.tar.gz, from what `make fuzz` has gathered for the targets of FUZZ="name ..."
	@for name in $(FUZZ); do \
	  kept=build/asan/kept/$$name; rm -rf "$$kept"; mkdir -p "$$kept"; \
	  build/asan/bin/$$name -merge=1 -rss_limit_mb=2048 "$$kept" build/asan/corpus/$$name; \
	  tar -C "$$kept" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -c . | gzip -n9 >tests/fuzz/$$name.tar.gz; \
	done

format: setup  ## rewrite C++ and Python sources in the project's format
	@setup/apt.sh lint
	@printf '%s\n' $(CPP_FILES) | xargs -r clang-format-19 -i
	@$(PYTHON) -m ruff format . && $(PYTHON) -m ruff check --fix .

check-format: setup  ## fail if a C++ or Python source is not in the project's format, or ruff finds a fault
	@setup/apt.sh lint
	@printf '%s\n' $(CPP_FILES) | xargs -r clang-format-19 --dry-run -Werror
	@$(PYTHON) -m ruff format --check . && $(PYTHON) -m ruff check .

lint: check-format purify  ## check-format, purify, then clang-tidy on every C++ source (hours on two cores)
	@cmake --preset release -B build/tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DEMBER_UNITS=OFF >/dev/null
	@run-clang-tidy-19 -p build/tidy -quiet -j $(JOBS) "$(CURDIR)/src/.*" 2>/dev/null

purify: build  ## fail if code that should not depend on an array library names NumPy
	@$(PYTHON) tools/purify --check python/emberharmony examples tools

# A header is looked at through the sources of its name, and through any other source that has changed with it.
lint-changed: check-format purify  ## the same, on the sources changed since the commit BASE (main)
	@cmake --preset release -B build/tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DEMBER_UNITS=OFF >/dev/null
	@changed=$$({ git diff --name-only $$(git merge-base $(BASE) HEAD); git ls-files --others --exclude-standard; } \
	  | sed -nE 's/(_internal)?\.h$$|\.cc$$//p' | sort -u); \
	sources=$$(for stem in $$changed; do ls "$$stem.cc" "$${stem}_test.cc" 2>/dev/null || true; done \
	  | sed '/_fuzz\.cc$$/d' | sort -u); \
	if [ -z "$$sources" ]; then echo "nothing to lint since $(BASE)"; else \
	  run-clang-tidy-19 -p build/tidy -quiet -j $(JOBS) $$(printf '/%s$$ ' $$sources) 2>/dev/null; fi

reference: build  ## docs/reference/ops.md and numpy_mapping.md, from the compiled module
	@$(PYTHON) python/generate_reference.py build/python >build/ops.md
	@cp build/ops.md docs/reference/ops.md
	@$(PYTHON) tools/purify --mapping >build/numpy_mapping.md
	@cp build/numpy_mapping.md docs/reference/numpy_mapping.md

reference-backends: build  ## docs/reference/backends.md, from a run of the conformance suite
	@mkdir -p build/conformance
	@EMBER_WRITE_BACKENDS=build/conformance $(PYTHON) -m pytest tests/conformance/backends -k every_operation -n $(JOBS)
	@$(PYTHON) tests/conformance/backends/backend_table.py build/conformance >build/conformance/backends.md
	@cp build/conformance/backends.md docs/reference/backends.md

docs: export NO_MKDOCS_2_WARNING := 1
docs: build  ## the documentation as a web site with references made from the code, in build/site/
	@setup/apt.sh docs
	@setup/venv.sh docs
	@$(PYTHON) -m mkdocs build --quiet --strict --site-dir build/site
	@echo 'look at build/site/index.html'

check-docs: docs  ## every block of code, link and page of the documentation, pages also in a browser
	@setup/apt.sh reports
	@$(PYTHON) -m pytest tests/docs -n $(JOBS) --dist loadgroup

notebook: build  ## examples/notebook_simulation.ipynb, from the cells of tools/notebook_simulation
	@$(PYTHON) tools/notebook_simulation/run_simulation.py --export examples/notebook_simulation.ipynb

# The picture on the first page is the report of the demo's table.
picture: build  ## docs/assets/report.png, from a report made now
	@setup/apt.sh reports
	@build/bin/ember extract data/flights-3m.parquet -o build/picture --target delay --overwrite --quiet
	@chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --window-size=1100,1160 \
	  --virtual-time-budget=8000 --screenshot=docs/assets/report.png "file://$(CURDIR)/build/picture/report.html"

memory: build  ## resident memory against --memory: hard tables, 128 to 384 MiB, 1 to 8 threads (minutes)
	@EMBER_MEMORY_MATRIX=full $(PYTHON) -m pytest -q -s tests/faults/test_memory_limit.py

kill-and-resume: build  ## kills runs over the flights at random, resumes them, compares bytes, for MINUTES (10)
	@$(PYTHON) tests/faults/kill_and_resume.py --minutes $(or $(MINUTES),10) --seed $(or $(SEED),1)

bench: build  ## times ember against Polars and DuckDB on the same tables
	@$(PYTHON) bench/run.py

selection: build  ## how often the automatic choice of a backend is the fastest here (minutes)
	@$(PYTHON) bench/ops/selection.py

clean:  ## remove build/; the environment and the data stay
	rm -rf build

# `make demo` and `make test` each do all the set-up they need (.ci/setup); see README.md.
.PHONY: help demo test lint bench app
.DEFAULT_GOAL := help
BIN := .venv/bin

help:
	@echo "make demo    segment the sample cyst, print scores and times"
	@echo "make test    run all tests"
	@echo "make lint    check style, types and floors"
	@echo "make bench   print speeds and memory"
	@echo "make app     open the window (not in this version)"

demo:
	@bash .ci/setup
	@$(BIN)/cartocell demo

test:
	@bash .ci/setup test,train
	@$(BIN)/python -m pytest

lint:
	@bash .ci/setup test,train
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench:
	@bash .ci/setup test,train
	@failed=0; for bench in tests/benchmarks/bench_*.py; do \
		echo "== $$bench"; $(BIN)/python "$$bench" || failed=1; \
	done; exit $$failed

app:
	@echo "The window comes with a later version; until then: $(BIN)/cartocell --help (make demo sets it up)." >&2; exit 1

# `make demo` and `make test` each do all the set-up they need; see README.md.
.PHONY: help demo test lint bench app
.DEFAULT_GOAL := help
BIN := .venv/bin

help:
	@echo "make demo   segment the sample cyst      make test   run all tests"
	@echo "make lint   style, types, floors         make bench  print speeds and memory"

demo:
	@.ci/setup
	@$(BIN)/cartocell demo

test:
	@.ci/setup test,train
	@$(BIN)/python -m pytest

lint:
	@.ci/setup test,train
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench:
	@.ci/setup test,train
	@for bench in tests/benchmarks/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

app:
	@echo "The window is not part of this version; use: cartocell --help" >&2; exit 1

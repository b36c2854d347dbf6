# `make demo` and `make test` each do all the set-up they need (.ci/setup); see README.md.
.PHONY: help demo app test lint bench screenshots
.DEFAULT_GOAL := help
BIN := .venv/bin

help:
	@echo "make demo    segment the sample cyst, print scores and times"
	@echo "make app     open the window"
	@echo "make test    run all tests"
	@echo "make lint    check style, types and floors"
	@echo "make bench   print speeds and memory"
	@echo "make screenshots   draw the pictures of the window anew"

demo:
	@bash .ci/setup
	@$(BIN)/cartocell demo

test:
	@bash .ci/setup test,train,desktop
	@$(BIN)/python -m pytest

lint:
	@bash .ci/setup test,train,desktop
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench:
	@bash .ci/setup test,train,desktop
	@failed=0; for bench in tests/benchmarks/bench_*.py; do \
		echo "== $$bench"; $(BIN)/python "$$bench" || failed=1; \
	done; exit $$failed

app:
	@bash .ci/setup desktop,train
	@$(BIN)/cartocell-desktop

screenshots:
	@bash .ci/setup test,train,desktop
	@$(BIN)/python tests/desktop/screenshots.py

# `make demo` and `make test` each do all the set-up they need (.ci/setup); see README.md.
.PHONY: help demo app test lint bench screenshots bundle bundle-test archive
.DEFAULT_GOAL := help
BIN := .venv/bin
# CARTOCELL_BUNDLE=lean leaves training out.
KIND := $(if $(filter lean,$(CARTOCELL_BUNDLE)),lean,full)
DIST := $(if $(filter lean,$(KIND)),dist/lean,dist)
BUNDLED := $(DIST)/CartoCell

help:
	@echo "make demo    segment the sample cyst, print scores and times"
	@echo "make app     open the window"
	@echo "make test    run all tests"
	@echo "make lint    check style, types and floors"
	@echo "make bench   print speeds and memory"
	@echo "make bundle  make the installed program, which needs no Python (CARTOCELL_BUNDLE=lean: without training)"
	@echo "make bundle-test   try it on a bare environment"
	@echo "make archive       pack it for download"
	@echo "make screenshots   draw the pictures of the window anew"

demo:
	@bash .ci/setup
	@$(BIN)/cartocell demo

test:
	@bash .ci/setup test,train,desktop
	@$(BIN)/python -m pytest -n 2 --dist loadfile

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

bundle:
	@bash .ci/setup test,train,desktop,bundle
	@$(BIN)/python -m PyInstaller build.spec --noconfirm --log-level WARN --distpath $(DIST) --workpath build/$(KIND)
	@cp resources/linux/install resources/linux/uninstall $(BUNDLED)/
	@du -sh $(BUNDLED)

bundle-test:
	@bash .ci/setup test,train,desktop,bundle
	@CARTOCELL_BUNDLE_FOLDER=$(abspath $(BUNDLED)) $(BIN)/python -m pytest tests/bundle

archive:
	@XZ_OPT=-T0 tar --create --xz --file dist/CartoCell-$$($(BUNDLED)/CartoCell --version | cut -d ' ' -f 2)-$(KIND)-linux-$$(uname -m).tar.xz \
		--directory $(DIST) --owner 0 --group 0 CartoCell
	@ls -sh dist/*.tar.xz

# liblstm: build, test, install. `make` alone builds the library; `make help` lists the rest.

PREFIX ?= /usr/local
DESTDIR ?=
INCLUDEDIR ?= $(PREFIX)/include
LIBDIR ?= $(PREFIX)/lib

number = $(shell sed -n 's/^\#define LSTM_VERSION_$(1) //p' include/lstm.h)
VERSION := $(call number,MAJOR).$(call number,MINOR).$(call number,PATCH)
SONAME := liblstm.so.$(call number,MAJOR)
FILE := liblstm.so.$(VERSION)

ifeq ($(origin CC),default)
CC := $(shell Scripts/find-cc.sh)
endif
CFLAGS ?= -O2
PYTHON := .venv/bin/python
export PYTHONPATH := bindings/python

.DEFAULT_GOAL := lib
.PHONY: fuzz help lib demo test test-swift test-c test-python test-fixtures test-readme test-install test-interop install uninstall lint check setup clean test-exchange learn bench bench-peers

help:
	@echo 'make              build the library: build/lib/liblstm.so, with include/lstm.h'
	@echo 'make demo         forecast sunspots from C and from Python, draw build/demo/sunspots.png'
	@echo 'make learn        train the tasks of Benchmarks/learning with 10 seeds each, draw build/learn/*.svg; TASKS=… SEEDS=… choose'
	@echo 'make test         run every test; parts: test-swift test-c test-python test-fixtures test-readme test-install'
	@echo 'make test-interop convert every fixture and open the results in real Keras 2, Keras 3 and PyTorch (downloads them); INTEROP=--short: a part'
	@echo 'make fuzz         fuzz each reader of files for a minute'
	@echo 'make install      copy library, header, lstm.pc and CMake files to PREFIX=$(PREFIX) (staged below DESTDIR=)'
	@echo 'make uninstall    remove them again'
	@echo 'make lint         check the Swift format'
	@echo 'make check        check exports, header, sizes and rules of the code'
	@echo 'make bench        measure speed beside what the machine allows; WORDS="stream lstm" picks rows'
	@echo 'make bench-peers  the same beside ONNX Runtime, OpenVINO, oneDNN, PyTorch, TensorFlow (downloads them); WORDS= and PEERS= pick, QUICK=1 hurries'
	@echo 'make setup        install what building and testing needs (make demo and make test do it themselves)'
	@echo 'make clean        remove build/ and .build/'

lib:
	@Scripts/setup.sh look
	swift build -c release --product lstm --disable-local-rpath
	@mkdir -p build/lib
	@cmp -s .build/release/liblstm.so build/lib/$(FILE) || cp .build/release/liblstm.so build/lib/$(FILE)
	@ln -sf $(FILE) build/lib/$(SONAME)
	@ln -sf $(SONAME) build/lib/liblstm.so
	@echo 'build/lib/liblstm.so is version $(VERSION)'

setup:
	@Scripts/setup.sh test

demo:
	@Scripts/setup.sh demo
	@$(MAKE) --no-print-directory lib
	@mkdir -p build/demo
	$(CC) -std=c99 $(CFLAGS) -Iinclude bindings/demo/forecast.c -o build/demo/forecast -Lbuild/lib -Wl,-rpath,'$(CURDIR)/build/lib' -llstm -lm
	build/demo/forecast bindings/demo
	$(PYTHON) bindings/demo/forecast.py
	@echo 'The picture is build/demo/sunspots.png'

TASKS ?=
SEEDS ?= 10
LEARN ?=
learn:
	@Scripts/setup.sh test
	@$(MAKE) --no-print-directory lib
	@mkdir -p build/learn
	@$(PYTHON) -c 'import importlib.util as u, sys; sys.exit(not (u.find_spec("aeon") and u.find_spec("statsmodels")))' || \
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps aeon statsmodels </dev/null
	$(PYTHON) Benchmarks/learning/learn.py $(TASKS) --seeds $(SEEDS) --out build/learn $(LEARN)
	$(PYTHON) Benchmarks/learning/report.py build/learn

bench:
	@Scripts/setup.sh test
	@$(MAKE) --no-print-directory lib
	@mkdir -p build/bench
	@CC='$(CC)' Benchmarks/run.sh $(WORDS)

# Needs 3 GB for the peers. WORDS=list names the rows; RUN='chrt -f 20' puts something before what measures.
PEERS ?= onednn,onednn3,onnxruntime,openvino,torch,tensorflow
bench-peers:
	@Scripts/setup.sh test
	@$(MAKE) --no-print-directory lib
	@CC='$(CC)' Benchmarks/peers/setup.sh
	$(RUN) build/peers-venv/bin/python Benchmarks/peers/compare.py --peers '$(PEERS)' --json build/peers/results.json $(if $(QUICK),--quick) $(WORDS)

test:
	@Scripts/setup.sh test
	@$(MAKE) --no-print-directory lib
	@$(MAKE) --no-print-directory test-swift
	@$(MAKE) --no-print-directory test-c
	@$(MAKE) --no-print-directory test-python
	@$(MAKE) --no-print-directory test-fixtures
	@$(MAKE) --no-print-directory test-readme
	@$(MAKE) --no-print-directory test-install
	@echo 'All tests passed.'

# The parts of `test`. They take the library in build/lib as it is.
test-swift:
	swift test

test-c:
	CC='$(CC)' Tests/C/run.sh

test-python:
	$(PYTHON) -m pytest -q Tests/Python Benchmarks/learning

test-fixtures:
	$(PYTHON) Tests/Fixtures/check.py --level all

test-readme:
	CC='$(CC)' $(PYTHON) Tests/C/readme.py README.md

# Needs 2 GB for the frameworks, so it is no part of `test`. INTEROP=--short takes the fewest files that have every kind of layer,
# INTEROP='--only text_lstm' those of that name.
test-interop:
	@Scripts/setup.sh test
	@$(MAKE) --no-print-directory lib
	@Scripts/interop-setup.sh
	build/interop-venv/bin/python Tests/Interop/run.py $(INTEROP)
	build/interop-venv/bin/python Tests/Interop/resume.py

# ONNX models against onnxruntime, in an environment of their own.
test-exchange:
	@test -x build/exchange-venv/bin/python || python3 -m venv build/exchange-venv
	@build/exchange-venv/bin/python -c 'import h5py, numpy, onnx, onnxruntime, pytest' 2>/dev/null || \
	  build/exchange-venv/bin/python -m pip install --quiet --disable-pip-version-check h5py numpy onnx onnxruntime pytest
	build/exchange-venv/bin/python -m pytest -q Tests/Exchange

# libFuzzer and AddressSanitizer, a minute for each reader; FUZZ_SECONDS=600 for longer.
FUZZ_SECONDS ?= 60
fuzz:
	@Scripts/setup.sh test
	Tests/Fuzz/fuzz.sh $(FUZZ_SECONDS)

test-install:
	CC='$(CC)' Tests/C/install.sh

# Fills in a template of bindings/c/package; folders are relative to where the file goes, so that a prefix can be moved.
fill = sed -e 's|@VERSION@|$(VERSION)|' -e 's|@FILE@|$(FILE)|' -e 's|@SONAME@|$(SONAME)|' \
	-e "s|@LIBDIR@|$$(realpath -m --relative-to='$(2)' '$(LIBDIR)')|" \
	-e "s|@INCLUDEDIR@|$$(realpath -m --relative-to='$(2)' '$(INCLUDEDIR)')|" \
	bindings/c/package/$(1).in > '$(DESTDIR)$(2)/$(1)'
CMAKEDIR = $(LIBDIR)/cmake/lstm
PCDIR = $(LIBDIR)/pkgconfig

install:
	@test -f build/lib/$(FILE) || { echo 'There is no build/lib/$(FILE) yet; run make first.'; exit 1; }
	install -d '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(LIBDIR)' '$(DESTDIR)$(PCDIR)' '$(DESTDIR)$(CMAKEDIR)'
	install -m 644 include/lstm.h '$(DESTDIR)$(INCLUDEDIR)/lstm.h'
	install -m 755 build/lib/$(FILE) '$(DESTDIR)$(LIBDIR)/$(FILE)'
	-strip --strip-unneeded '$(DESTDIR)$(LIBDIR)/$(FILE)'
	ln -sf $(FILE) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/liblstm.so'
	@$(call fill,lstm.pc,$(PCDIR))
	@$(call fill,lstm-config.cmake,$(CMAKEDIR))
	@$(call fill,lstm-config-version.cmake,$(CMAKEDIR))
	@if [ -z '$(DESTDIR)' ] && [ "$$(id -u)" = 0 ]; then ldconfig || true; fi

uninstall:
	rm -f '$(DESTDIR)$(INCLUDEDIR)/lstm.h' '$(DESTDIR)$(LIBDIR)/$(FILE)' '$(DESTDIR)$(LIBDIR)/$(SONAME)' \
	  '$(DESTDIR)$(LIBDIR)/liblstm.so' '$(DESTDIR)$(PCDIR)/lstm.pc'
	rm -rf '$(DESTDIR)$(CMAKEDIR)'

lint:
	swift format lint --strict --parallel --recursive Package.swift Sources $$(find Tests -name '*.swift' -not -path 'Tests/Fixtures/*')

check: lib
	@failed=; for script in Scripts/check-*.sh; do $$script || failed="$$failed $$script"; done; \
	[ -z "$$failed" ] || { echo "Failed:$$failed"; exit 1; }

clean:
	rm -rf build .build

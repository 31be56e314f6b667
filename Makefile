# Each target makes .venv when it is missing. Only Python 3.10 or newer, pip, make and g++ are needed.
PYTHON ?= python3
# Of the machine that the bundle is for; it makes the wheels.
PYTHON312 ?= python3.12
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
MORE := .venv-more
EXPORTS := .venv-exports
WHEELS := .venv-wheels
WINE ?= $(firstword $(wildcard /usr/bin/wine /usr/lib/wine/wine64) wine)

# The lock is made for Python 3.11 and newer; under 3.10 the newest versions that fit are taken.
LOCK := $(shell $(PYTHON) -c 'import sys; \
	print("requirements-dev." + ("txt" if sys.version_info >= (3, 11) else "in"))')
SOURCES := pyproject.toml CMakeLists.txt $(shell find src native -type f -not -name '*.pyc')
CPP := $(shell find src native -name '*.cpp' -o -name '*.h')

.PHONY: demo quick test test-frameworks test-others test-more test-exports test-extras test-neon test-windows \
	test-triton gpu-bundle wheels tables-check docs lint bench sanitize proto lock clean

demo: $(VENV)/package.stamp
	mkdir -p out
	$(BIN)/mish optimize examples/digits/digits.onnx -o out/digits.onnx
	$(BIN)/python examples/digits/accuracy.py examples/digits/digits.onnx out/digits.onnx
	$(BIN)/mish plot -o out/mish.png

# Two halves side by side, of about the same length: most tests keep one core busy.
FRAMEWORKS := $(addprefix tests/,arrays backends caffe2 jax onnx test_numba.py torch)

test: $(VENV)/package.stamp $(VENV)/dev.stamp
	$(MAKE) --jobs=2 --keep-going --output-sync=target test-frameworks test-others

test-frameworks:
	$(BIN)/python -m pytest $(ONLY) $(FRAMEWORKS)

test-others:
	$(BIN)/python -m pytest $(ONLY) $(addprefix --ignore ,$(FRAMEWORKS))

# While you work: without sweeps of 2^32 numbers, Triton's interpreter, compilers and random models.
quick: $(VENV)/package.stamp $(VENV)/dev.stamp
	$(MAKE) --jobs=2 --keep-going --output-sync=target test-frameworks test-others \
		ONLY='-m "not environments and not slow"'

# What needs packages that are not in the lock, in an environment of its own.
test-more: $(MORE)/more.stamp docs
	$(MORE)/bin/python -m pytest -rs tests/torch/test_converters.py tests/test_ecosystem.py \
		tests/test_c_interface.py tests/arrays
	$(MORE)/bin/python -m pytest -rs tests/backends
	$(MORE)/bin/python -m pytest -rs tests/test_site.py tests/plot/test_interactive_browser.py
	$(MORE)/bin/python -m pytest -rs tests/test_documents.py -k 'keras.md or thinc.md'
	$(MORE)/bin/python -m pytest -rs tests/thinc tests/faults/test_thinc.py
	$(MORE)/bin/python -m pytest -rs tests/tensorflow tests/faults/test_tensorflow.py
	$(MORE)/bin/python -m pytest -rs tests/their_tests
	for backend in torch jax tensorflow numpy; do \
		KERAS_BACKEND=$$backend JAX_ENABLE_X64=1 $(MORE)/bin/python -m pytest -rs tests/keras \
			tests/faults/test_keras.py tests/backends -k keras || exit; done

# The recipes of docs/deploy.md, in the runtimes that they are for; Linux, Python 3.11 or 3.12.
test-exports: $(EXPORTS)/exports.stamp
	$(EXPORTS)/bin/python -m pytest -p no:anyio -rs tests/torch/test_exports.py

# Each extra in a new environment, of packages freshly installed: some minutes, and some GB for PyTorch.
test-extras: $(VENV)/package.stamp $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m environments tests/test_extras.py

# Every kernel under each Triton from 3.5 on; takes half an hour on two cores.
test-triton: $(VENV)/package.stamp $(VENV)/dev.stamp
	$(BIN)/python benchmarks/torch/triton_versions.py build/triton

# A folder that measures mish on a machine with a GPU and without network.
gpu-bundle:
	@command -v $(PYTHON312) >/dev/null || { \
		echo "$(PYTHON312) is missing: install Python 3.12, or name it by PYTHON312=" >&2; exit 1; }
	$(PYTHON312) benchmarks/torch/gpu_bundle.py dist/gpu-bundle

# The wheels of all platforms, in dist/wheels, and their table in docs/releasing.md.
wheels: $(WHEELS)/wheels.stamp
	$(WHEELS)/bin/python tools/wheels/build.py

# The native tests on an emulated AArch64 processor. Debian and Ubuntu have what it takes:
# apt install g++-aarch64-linux-gnu qemu-user
test-neon:
	$(MAKE) -C native/tests MACHINE=aarch64 CXX=aarch64-linux-gnu-g++ SANITIZE= \
		EMULATOR='qemu-aarch64 -L /usr/aarch64-linux-gnu'

# The native tests as programs of Windows. Debian has what runs them: apt install wine64
test-windows: $(WHEELS)/wheels.stamp
	$(MAKE) -C native/tests MACHINE=x86_64 SANITIZE= BUILD=../../build/windows EMULATOR='$(WINE)' \
		CXX='$(CURDIR)/$(WHEELS)/bin/python -I -m ziglang c++ -target x86_64-windows-gnu'

# Whether the tables of constants are those that their generators make; takes five minutes. Without
# --check each generator writes its own.
tables-check: $(VENV)/dev.stamp
	for generator in native/coefficients/generate*.py; do \
		$(BIN)/python $$generator --check || exit; done

# The documentation as a site in build/site: open build/site/index.html. A link that leads nowhere is an error.
docs: $(MORE)/docs.stamp
	KERAS_BACKEND=torch TF_CPP_MIN_LOG_LEVEL=3 $(MORE)/bin/sphinx-build --quiet --fail-on-warning \
		-c docs . build/site

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $(CPP)

bench: $(BENCH)/bench.stamp
	$(BENCH)/bin/mish bench --full benchmarks/results

# The native tests and 200,000 random calls, each under two builds with sanitizers.
sanitize:
	$(MAKE) -C native/tests SANITIZE=address,undefined CASES=200000
	$(MAKE) -C native/tests SANITIZE=thread CASES=200000

# The compiler is an old one on purpose: its code works with every later protobuf, not the reverse.
proto:
	$(PYTHON) -m venv build/protoc
	build/protoc/bin/pip install --quiet grpcio-tools==1.62.3
	cd src && ../build/protoc/bin/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. \
		mish/caffe2/proto/caffe2.proto

# PyTorch's build for CPUs alone needs no CUDA packages; its +cpu is not a version that all can get.
lock: $(VENV)/dev.stamp
	$(BIN)/pip install pip-tools
	$(BIN)/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --no-header \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
		--output-file requirements-dev.txt requirements-dev.in
	sed -i -e 's/+cpu$$//' -e '1i # Made by `make lock` with Python 3.11: edit requirements-dev.in instead.' \
		requirements-dev.txt

clean:
	rm -rf build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis $(VENV)/package.stamp
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Where all peers cannot be had together, those that can are installed one by one.
$(BENCH)/bench.stamp: $(SOURCES) benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --requirement benchmarks/requirements.txt \
		|| grep -v '^#' benchmarks/requirements.txt | while read -r peer; do \
			$(BENCH)/bin/pip install --quiet "$$peer" || echo "left out: $$peer"; done
	$(BENCH)/bin/pip install --quiet '.[cli,onnx,plot,reference]'
	touch $@

$(MORE)/more.stamp: $(SOURCES) $(LOCK) tests/requirements-more.txt
	$(PYTHON) -m venv $(MORE)
	$(MORE)/bin/pip install --quiet --requirement $(LOCK) --requirement tests/requirements-more.txt
	$(MORE)/bin/pip install --quiet --no-deps .
	touch $@

$(MORE)/docs.stamp: $(MORE)/more.stamp docs/requirements.txt
	$(MORE)/bin/pip install --quiet --requirement docs/requirements.txt
	touch $@

$(EXPORTS)/exports.stamp: $(SOURCES) tests/requirements-exports.txt
	$(PYTHON) -m venv $(EXPORTS)
	$(EXPORTS)/bin/pip install --quiet --constraint $(LOCK) '.[onnx,torch]' pytest onnxscript \
		|| $(EXPORTS)/bin/pip install --quiet '.[onnx,torch]' pytest onnxscript
	$(EXPORTS)/bin/pip install --quiet --requirement tests/requirements-exports.txt
	touch $@

$(WHEELS)/wheels.stamp: tools/wheels/requirements.txt
	$(PYTHON) -m venv $(WHEELS)
	$(WHEELS)/bin/pip install --quiet --requirement $<
	touch $@

$(VENV)/package.stamp: $(SOURCES) | $(BIN)/python
	@echo "Building mish and installing what it needs into $(VENV)"
	$(BIN)/pip install --quiet --constraint $(LOCK) '.[cli,onnx,plot]'
	touch $@

$(VENV)/dev.stamp: requirements-dev.in requirements-dev.txt | $(BIN)/python
	@echo "Installing the tools of $(LOCK) into $(VENV)"
	$(BIN)/pip install --quiet --requirement $(LOCK)
	touch $@

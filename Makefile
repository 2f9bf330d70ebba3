# make demo    the runtime alone: upscale a picture and a clip
# make test    everything installed, all checks and tests
# make check   lint, types, import rules
# make models  the embedded models again, from what was fine-tuned: the same bytes; and their SHA-256
# make figures the README's figures and plots, measured anew: SETS="Set5 Set14" LPIPS=ALEX.npz PEERS=...
# make test-arm64  the installer and the runtime on an emulated Raspberry Pi, as root: SUITE=trixie,
#              LONG=1 for both systems, SHORT=1 leaves out power cuts and what `make test` has
# make dist    the three wheels, and what is in an installation of each (CycloneDX)
# make audit   what is known against the installed packages
# make test-hard  more of what is thrown at all of it, kills, full disks, giants: hours
# make docs    the manual, in site/

PYTHON ?= python3
BIN := .venv/bin
PACKAGES := srgan_edge train/srgan_edge_train convert/srgan_edge_convert benchmarks supply
PIP := $(BIN)/pip --disable-pip-version-check --quiet

# `make test-arm64`: Debian's names, where its systems are kept, and what their tests need.
SUITE ?= bookworm
ARM64_CACHE ?= $(CURDIR)/.arm64
ARM64_PACKAGES := qemu-user-static debootstrap openssh-server openssh-client systemd python3-venv shellcheck

.PHONY: demo test test-arm64 test-hard check models figures dist audit docs clean

demo: .venv/runtime.stamp
	$(BIN)/srgan-edge upscale tests/samples/harbour.png tests/samples/clip.mp4 -o demo --compare

test: .venv/everything.stamp check
	$(BIN)/python -m pytest

test-arm64: .venv/everything.stamp
	@dpkg -s $(ARM64_PACKAGES) >/dev/null 2>&1 || { apt-get update -q && \
	  apt-get install -y -q --no-install-recommends $(ARM64_PACKAGES); } \
	  || echo "apt-get failed: tests that need one of $(ARM64_PACKAGES) are skipped" >&2
	SRGAN_EDGE_ARM64="$(if $(LONG),bookworm trixie,$(SUITE))" SRGAN_EDGE_ARM64_CACHE="$(ARM64_CACHE)" \
	  $(BIN)/python -m pytest -s -v tests/arm64 $(if $(SHORT),-k "not killed",tests/deploy)

test-hard: .venv/everything.stamp
	SRGAN_EDGE_HARD=1 $(BIN)/python -m pytest -v tests/hard

check: .venv/everything.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --python-version 3.10 $(PACKAGES) tests
	$(BIN)/mypy --python-version 3.13 $(PACKAGES)
	$(BIN)/lint-imports --no-cache

models: .venv/everything.stamp
	for kept in convert/weights/*.qat.keras; do \
	  $(BIN)/srgan-edge convert $$kept --overwrite \
	    -o srgan_edge/models/$$(basename $$kept .qat.keras).tflite || exit 1; done
	$(BIN)/python -m srgan_edge.checksums

figures: .venv/everything.stamp .venv-peers
	$(BIN)/python -m benchmarks.figures $(SETS) --peers $(PEERS) $(if $(LPIPS),--lpips-weights $(LPIPS))

dist: .venv/everything.stamp
	rm -rf dist
	for folder in . train convert; do $(BIN)/python -m build --wheel --outdir dist $$folder || exit 1; done
	$(BIN)/python -m supply.sbom dist/*.whl

# Where there is no pip-audit, or no data for it, that is said.
audit: .venv/everything.stamp
	-$(MAKE) --no-print-directory .venv-audit
	$(BIN)/python -m supply.audit

.venv-audit: constraints-audit.txt constraints.txt
	$(PYTHON) -m venv $@
	$@/bin/pip --disable-pip-version-check --quiet install -c constraints.txt -r constraints-audit.txt
	touch $@

docs: .venv/docs.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo "open site/index.html; with the search: python3 -m http.server --directory site"

# OpenCV 4, for what `benchmarks.peers` measures beside ours.
.venv-peers: constraints-peers.txt
	$(PYTHON) -m venv $@
	$@/bin/pip --disable-pip-version-check --quiet install -r constraints-peers.txt
	touch $@

clean:
	rm -rf .venv .venv-audit .venv-peers demo dist site

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "srgan-edge needs Python 3.10 or newer: make PYTHON=python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' \
	  || { echo "Python's venv is missing: on Debian apt-get install python3-venv" >&2; exit 2; }
	$(PYTHON) -m venv .venv

.venv/runtime.stamp: .venv/bin/pip pyproject.toml constraints.txt
	@echo "installing the runtime"
	$(PIP) install -c constraints.txt -e .
	touch $@

.venv/everything.stamp: .venv/bin/pip pyproject.toml train/pyproject.toml convert/pyproject.toml constraints.txt
	@echo "installing everything, TensorFlow too: this takes some minutes"
	$(PIP) install -c constraints.txt -e '.[dev,docs]' -e train -e convert
	touch $@ .venv/runtime.stamp

.venv/docs.stamp: .venv/bin/pip pyproject.toml constraints.txt
	@echo "installing what the manual is made with"
	$(PIP) install -c constraints.txt -e '.[docs]'
	touch $@

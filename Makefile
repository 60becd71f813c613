# Two commands do all the set-up themselves: 'make rehearse' and 'make test'.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
SUDO   := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

.PHONY: rehearse test check lock clean

rehearse: $(VENV)/.runtime ## the main job on a stand-in site on loopback: from nothing to a validated two-cluster fleet
	$(BIN)/fleetforge rehearse

test: $(VENV)/.dev $(VENV)/.debian ## every test, against real parts where this machine has them
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/.dev ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: $(VENV)/.dev ## resolve every dependency anew
	$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 -U -o requirements.lock
	$(BIN)/uv pip compile -q pyproject.toml --group dev --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.11 -c requirements.lock -U -o requirements-dev.lock

$(VENV)/bin/uv:
	$(PYTHON) -m venv $(VENV) || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -qy python3-venv && $(PYTHON) -m venv --clear $(VENV); }
	$(BIN)/python -m pip install -q --disable-pip-version-check uv

$(VENV)/.runtime: $(VENV)/bin/uv requirements.lock pyproject.toml
	$(BIN)/uv pip install -q --python $(VENV) --require-hashes -r requirements.lock
	$(BIN)/uv pip install -q --python $(VENV) --no-deps -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/uv pip install -q --python $(VENV) --require-hashes -r requirements-dev.lock
	touch $@

# Real parts for the tests, from Debian. Where they cannot be installed, the tests that want them skip and say so.
DEBIAN := chromium openssh-server docker-registry skopeo
$(VENV)/.debian: $(VENV)/bin/uv
	for tool in chromium /usr/sbin/sshd docker-registry skopeo; do command -v $$tool >/dev/null || missing=1; done; \
	[ -z "$$missing" ] || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -qy --no-install-recommends $(DEBIAN); } || \
	echo "some of $(DEBIAN) are missing: tests that need them skip"
	touch $@

clean:
	rm -rf $(VENV) .rehearsal .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

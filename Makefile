# make run   set up, hunt through the sample logs in samples/, trace a leak of an invented country, then start a centre
#            on an invented country with an intrusion, an insider and a leak; it serves until Ctrl-C
# make test  set up, then lint, types and all tests
# Both work on a fresh Debian machine with Python >= 3.11. As root they also install the Debian packages that some
# tests need; without root those tests skip and say so.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
OUT    := out
WORKERS ?= $(shell nproc)
SERVE  ?= 1
PORT   ?= 8180
POSTGRES_TESTS ?= $(addprefix tests/centre/,people audit cases alerts evidence crossing notices)

.PHONY: run test lint types check check-postgres setup system lock clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	tools/setup.sh "$(PYTHON)" "$(VENV)"
	touch $@

run: setup
	mkdir -p $(OUT)
	@# One line of the samples is broken on purpose, so the hunt ends with 3: "some input could not be read".
	$(BIN)/kulla hunt samples --rules rules --tz Europe/Tirane --out $(OUT)/report.html || [ $$? -eq 3 ]
	@echo
	@echo "Report: $(abspath $(OUT))/report.html  (open it in a browser; it needs no network)"
	@echo
	@echo "A leaked workbook, traced. Each command is in tools/demo.sh and told in docs/trace.md."
	tools/demo.sh $(BIN)/kulla $(OUT)/demo
	@echo
	@echo "Reports: $(abspath $(OUT))/report.html, $(abspath $(OUT))/demo/trace.html and trace.pdf"
	@echo
	@echo "A centre from nothing: tools/centre_demo.py. Set SERVE=0 to end when it has told the outcome."
	KULLA_DEMO_SERVE=$(SERVE) $(BIN)/python tools/centre_demo.py $(BIN)/kulla $(OUT)/centre $(PORT)

# Types are checked beside the tests, which are by far the longest part.
test: setup system lint
	$(MAKE) --no-print-directory -j2 types check
	$(MAKE) --no-print-directory check-postgres

system:
	tools/system.sh

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/messages.py --check

types: setup
	$(BIN)/mypy

check: setup
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

# The centre's tests once more, on PostgreSQL with row-level security: the same tests, the other database. All of
# them: make check-postgres POSTGRES_TESTS=tests/centre
check-postgres: setup
	$(BIN)/python tools/with_postgres.py $(BIN)/pytest -n $(WORKERS) --dist worksteal $(POSTGRES_TESTS)

lock: setup
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --extra dev --extra centre \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) $(OUT) build src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Every target is one script in bin/; the logic is there. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run test test-quick soak shots bench lint format

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: ## everything needed, demo data, then site and worker at http://127.0.0.1:8000 (STRIPE=fake)
	@bin/run

test: ## everything needed, then the whole suite on SQLite and PostgreSQL, with browser and crashes
	@bin/test

test-quick: ## the suite without browser, crashes, PostgreSQL and slow tests, some minutes
	@bin/test --quick

soak: ## races, crashes (ROUNDS, 50 here), failing provider (CALLS, 5000); the result is kept in docs/soak
	@bin/soak

shots: ## screenshots of every main page at 360, 768 and 1280 px into shots/
	@bin/shots

bench: ## the benchmarks, each with its floor and ratio
	@bin/bench

lint: ## ruff, mypy, djlint, import-linter
	@bin/lint

format: ## rewrite Python files in the project's format
	@.venv/bin/ruff check -q --fix-only . && .venv/bin/ruff format .

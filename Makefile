# Every target does its own set-up; on a machine that is ready that takes a second.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench down clean

help: ## What can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what is needed (apt packages, Python tools); other targets do it for you
	@tools/setup

demo: setup ## Build the whole edge on this machine, send requests, cut a director's power, watch it go on
	@.venv/bin/python tools/demo.py

test: setup ## Every test, the lab's and molecule's included (about half an hour)
	@.venv/bin/python tools/run_tests.py

check: setup ## The tests that need no lab (under 3 minutes)
	@.venv/bin/python tools/run_tests.py --fast

bench: setup ## Measure the lab and the main job; writes bench/RESULTS.md
	@.venv/bin/python bench/run.py

down: ## Take the demo's lab down
	@lab/lab down

clean: down ## Take the lab down, remove everything the targets made in this checkout
	@rm -rf .venv .venv-newest .ansible .cache tests/output .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Every target does its own set-up; on a machine that is ready that takes a second.
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench bench-ipvs bench-nginx bench-failover bench-operations down clean

# The pinned tools first, and the checkout as the collection steadfast.edge.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_HOME := $(CURDIR)/.ansible
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PYTHONPATH := $(CURDIR)/.ansible/collections
# A top-level molecule/ folder is this project's layout; naming it silences molecule's hint that it may move.
export MOLECULE_GLOB := molecule/*/molecule.yml
export PYTHONUNBUFFERED := 1

help: ## What can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what is needed (apt packages, Python tools); other targets do it for you
	@tools/setup

demo: setup ## Build the whole edge on this machine, send requests, cut a director's power, watch it go on
	@python tools/demo.py

test: setup ## Every test, the lab's and molecule's included (about 45 minutes); PARTS="units lab" runs some
	@python tools/run_tests.py $(PARTS)

check: setup ## The tests that need no lab (about 3 minutes)
	@python tools/run_tests.py --fast

bench: setup ## Measure the lab and the main job; writes bench/RESULTS.md
	@python bench/edge.py

bench-ipvs: setup ## Measure ipvs_table against ipvsadm on a real kernel
	@python bench/ipvs.py

bench-nginx: setup ## Measure the nginx role against plainer means, and its defaults; PARTS="1000 throughput" measures some
	@python bench/nginx.py $(PARTS)

bench-failover: setup ## Break the edge in many ways at every pace and measure what clients see (about 40 minutes, resumable)
	@python bench/failover.py

bench-operations: setup ## Operate the whole edge under load and count what clients lost; writes its section of bench/RESULTS.md
	@python bench/operations.py

down: ## Take the demo's lab down
	@lab/lab down

clean: down ## Take the lab down, remove everything the targets made in this checkout
	@rm -rf .venv .venv-newest .ansible .cache tests/output .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The front door: a few verbs, the same for people and for CI. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help deps build test soak check bench playground fuzz sanitize

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install with apt what is missing on Debian (needs root only when something is)
	@script/deps

build: deps ## release build: every program, in .build/release
	@script/build

test: ## every test, on real network namespaces (needs root)
	@script/test

soak: ## ten minutes of traffic while pods, policies and certificates change; SECONDS=n for another time (needs root)
	@script/soak $(SECONDS)

check: ## formatting, and the rules that a compiler does not know
	@script/check

bench: build ## the tunnel against Envoy and a plain copy, and the controller, as tables and .build/bench.json; ten minutes (needs root)
	python3 Benchmarks/bench.py
	python3 Benchmarks/controller.py

fuzz: deps ## strangers' bytes against each parser, FUZZ_SECONDS=60 for each
	@script/fuzz

sanitize: deps ## the data plane's tests with the address and the thread sanitizer (needs root)
	@script/sanitize

playground: ## a real mesh on this machine, until Ctrl-C (needs root)
	@script/playground

.DEFAULT_GOAL := help
.PHONY: help demo test peers test-hapi test-peers lint fmt bench generate

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## cast DICOM into FHIR, both servers embedded; DICOM=/some/folder takes the files there
	cargo run --locked -- demo $(if $(DICOM),--dicom "$(DICOM)")

test: ## set up what the tests need and run all of them but those of `make test-peers`
	@. tests/tools/environment && cargo test --locked --workspace -- --skip peers::

peers: ## build the FHIR servers that others wrote, helios-hfs and HAPI, once: 5 to 25 minutes
	@tests/tools/hfs
	@tests/tools/hapi

test-hapi: ## build HAPI, once: a minute; run the tests against HAPI alone
	@. tests/tools/environment && RADCAST_TEST_HAPI=$$(tests/tools/hapi) && \
	export RADCAST_TEST_HAPI && cargo test --locked --workspace --test it -- peers:: --skip ::hfs::

test-peers: peers ## run the tests against servers that others wrote
	@. tests/tools/environment && RADCAST_TEST_HFS=$$(tests/tools/hfs) && \
	RADCAST_TEST_HAPI=$$(tests/tools/hapi) && \
	export RADCAST_TEST_HFS RADCAST_TEST_HAPI && cargo test --locked --workspace --test it -- peers::

lint: ## format, clippy, documentation, dependencies
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps
	@features=$$(cargo tree --locked --prefix none --depth 0 --format '{f}' --invert serde_json) && \
	case "$$features" in *arbitrary_precision*) \
	  echo "serde_json/arbitrary_precision is on: it changes how every number is read" >&2; exit 1;; \
	esac
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources && \
	  if cargo deny --offline fetch db >/dev/null 2>&1 || timeout 60 cargo deny fetch db >/dev/null 2>&1; \
	  then cargo deny --offline check advisories; \
	  else echo "there is no copy of the advisory database: known vulnerabilities not checked (cargo deny fetch db)"; fi; \
	else echo "cargo-deny is not installed: dependencies not checked (cargo install cargo-deny)"; fi

fmt: ## format the sources
	cargo fmt --all

bench: ## measure the daemon against its goals: 4 minutes; BENCH="--all" is 20, BENCH=--help says more
	cargo bench --locked --bench pure
	@RADCAST_TEST_HFS=$${RADCAST_TEST_HFS:-$$(tests/tools/hfs --if-built)} && \
	export RADCAST_TEST_HFS && cargo bench --locked --bench throughput -- $(BENCH)

generate: ## rewrite docs/settings.md, appsettings.json, the tables of docs/failures.md and docs/mapping.md
	RADCAST_GENERATE=1 cargo test --locked --quiet --lib generate::

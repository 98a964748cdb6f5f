# Each target is the script of the same name, so that everything works without make too. A line with ## is a target and
# its description: this is the only list, which script/help prints.
help: ## Print this list
up: ## Install what is missing, start everything, and send one signed postback through TLS
down: ## Stop everything that `make up` started; the data stays in var/
status: ## Print the state of each process that `make up` started
reload: ## Make the running edge read new certificates, without dropping a connection
test: ## Run all tests; ARGS="tests/unit -k money" goes to pytest
drills: ## Measure the promises in seconds, one after the other; ARGS goes to pytest
fuzz: ## Send fuzzed requests for longer than `make test`; SECONDS=600, COUNT, SEED
lint: ## Check every file without running it
bench: ## Measure capacity against a constant, the textbook and pgbench
loadtest: ## Run a load test; SCENARIO=spike names the scenario
docs: ## Check that the documentation matches the code, and that every link leads somewhere
dashboards-preview: ## Draw the dashboards without Grafana; ARGS goes to the program
clean: ## Remove caches and build leftovers; the ledger and all settings stay
destroy: ## Ask, write a last dump of the ledger, and remove everything that was made at run time

.DEFAULT_GOAL := help
TARGETS := $(shell sed -n 's/^\([a-z-]*\): \#\#.*/\1/p' $(firstword $(MAKEFILE_LIST)))
.PHONY: $(TARGETS)

$(TARGETS):
	@script/$@ $(ARGS)

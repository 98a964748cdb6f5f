# Each target is the script of the same name, so that nothing is lost where there is no make.
.PHONY: up down clean reload status test drills lint bench loadtest docs dashboards-preview

up down clean reload status lint bench docs:
	@script/$@

test:
	@script/test $(ARGS)

drills:
	@script/drills $(ARGS)

dashboards-preview:
	@script/dashboards-preview $(ARGS)

loadtest:
	@script/loadtest $(SCENARIO)

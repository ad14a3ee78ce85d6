# One command each. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3.11
AIRFLOW := .venv/airflow/bin
TRAINER := .venv/trainer/bin
APP := .venv/app/bin
DEPLOYMENT := .venv/deployment/bin
# The lock files are complete, so pip resolves nothing; those of the images have hashes, which it
# then checks by itself; -qq because some mirrors are talkative. The trainer's has none, since PyTorch's
# wheels differ from index to index, and a machine may have its own; trainer/hashed-requirements.txt is
# the same lock with the hashes of PyPI's files, for the images.
INSTALL := -m pip install -qq --disable-pip-version-check --no-deps
export PYTHONPATH := $(CURDIR):$(CURDIR)/plugins
export PATH := $(CURDIR)/$(AIRFLOW):$(PATH)

WORLD ?=
BACKGROUND ?=
WEIGHTS ?=
STATE ?= var/demo
ARGS ?=
AIRFLOW_PORT ?= 8080
APP_PORT ?= 8501
DEMO := $(AIRFLOW)/python -m sandbox.demo --state "$(STATE)" \
	--airflow-port $(AIRFLOW_PORT) --app-port $(APP_PORT) \
	$(if $(WORLD),--world "$(WORLD)") $(if $(BACKGROUND),--background "$(BACKGROUND)") \
	$(if $(WEIGHTS),--weights "$(WEIGHTS)")

# Settings of the environment, else those of the demo that runs on STATE.
SIGHTSCAN := $(AIRFLOW)/sightscan --state "$(STATE)"

.PHONY: help
help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: ## install the three environments, side by side
	@# A make that runs jobs already shares them.
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,--jobs 3) environments

.PHONY: environments
environments: .venv/airflow/.installed .venv/trainer/.installed .venv/app/.installed browser-runtime

.PHONY: demo
demo: setup ## take a city from its name to a detector, and stay up (WORLD=, BACKGROUND=, WEIGHTS=, STATE=)
	@exec $(DEMO)

.PHONY: demo-once
demo-once: setup ## the same, then write var/demo/report.json and end
	@exec $(DEMO) --once

.PHONY: airflow
airflow: ## Airflow's own command line, for the demo that is up (ARGS="backfill create ...")
	@test -e "$(STATE)/environment" || \
		{ echo "error: no demo in $(STATE); start one with 'make demo', or name it: STATE="; exit 2; }
	@. "$(STATE)/environment"; exec airflow $(ARGS)

# Which tests: those of every change. `make test-nightly` runs what they leave out.
WHICH ?= not nightly
# What drives browsers and a whole Airflow hangs on more than ours: it is tried once more, and told.
TWICE = --reruns 1 -rR --rerun-show-tracebacks

.PHONY: test
test: test-setup ## set up, check and test: what every change passes
	@# What checks and what is slow for want of a core use one each.
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=line check test-slow-unit
	@$(MAKE) --no-print-directory test-unit test-middle
	@# Airflow's own runs wait more than they compute, so the trainer learns meanwhile.
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=line test-end-to-end test-programs

.PHONY: test-nightly
test-nightly: test-setup ## what `make test` leaves out, since it is long and much like something there
	@$(MAKE) --no-print-directory WHICH=nightly TWICE= test-slow-unit test-middle test-browser

.PHONY: test-unit
test-unit: test-setup ## the tests that take under a minute
	$(AIRFLOW)/python -m pytest -q -n auto -m "not slow" tests/unit tests/sql tests/docs tests/rules

.PHONY: test-slow-unit
test-slow-unit: test-setup
	$(AIRFLOW)/python -m pytest -q -m "slow and $(WHICH)" tests/unit

.PHONY: test-slow
test-slow: test-slow-unit test-middle test-end-to-end ## contracts, faults, DAGs, and one city end to end through Airflow

.PHONY: test-middle
test-middle: test-setup ## what needs seconds a test: contracts, parts together, faults, DAGs
	@# Three at once on two cores: much of it waits for stand-ins.
	$(AIRFLOW)/python -m pytest -q -n 3 --dist loadfile -m "$(WHICH)" tests/end_to_end/test_cluster.py tests/contract \
		tests/integration tests/faults tests/dags

.PHONY: test-cluster
test-cluster: test-setup ## three cities on Celery, whose workers, Redis and other parts are killed (5 minutes)
	$(AIRFLOW)/python -m pytest -q tests/end_to_end/test_cluster.py

.PHONY: test-end-to-end
test-end-to-end: test-setup ## one city through Airflow, the app and the pages in a browser
	$(AIRFLOW)/python -m pytest -q $(TWICE) tests/end_to_end --ignore tests/end_to_end/test_cluster.py \
		$(addprefix --ignore ,$(WITHOUT_AIRFLOW))

# The app with its warehouse: beside the chain, which takes longest.
WITHOUT_AIRFLOW = $(addprefix tests/end_to_end/, test_asking.py test_barriers.py test_detector_app.py \
	test_sharing.py test_signed_camera.py)

.PHONY: test-programs
test-programs: test-trainer test-app test-browser ## the tests of the trainer, of the app and of its pages in a browser

.PHONY: test-browser
test-browser: test-setup ## the app's pages in a browser
	@# By themselves: what drives a browser leaves an event loop running, in which others cannot run theirs.
	$(AIRFLOW)/python -m pytest -q $(TWICE) -m "$(WHICH)" tests/browser
	$(AIRFLOW)/python -m pytest -q $(TWICE) -m "$(WHICH)" $(WITHOUT_AIRFLOW)

.PHONY: test-trainer
test-trainer: test-setup ## the trainer's tests, in its own environment
	$(TRAINER)/python -m pytest -q tests/trainer

.PHONY: test-app
test-app: test-setup ## the app's tests, in its own environment
	$(APP)/python -m pytest -q tests/app

.PHONY: test-setup
test-setup: setup .venv/airflow/.tests-installed .venv/trainer/.tests-installed .venv/app/.tests-installed .venv/deployment/.installed browser axe redis

.PHONY: browser
browser: ## install Debian's Chromium and, where apt has it, Firefox for the tests, if there are none
	@tests/install_browser.sh

# What looks at pages for barriers, from the npm registry; quick where it is already.
.PHONY: axe
axe: .venv/airflow/.installed
	@$(AIRFLOW)/python -m tests.axe

.PHONY: redis
redis: ## install Debian's Redis, if there is none
	@tests/install_redis.sh

.PHONY: check
check: lint lint-deployment types ## everything that reads the code without running it

.PHONY: lint
lint: .venv/airflow/.tests-installed ## style, SQL, migrations, import directions, Dockerfiles
	$(AIRFLOW)/ruff check .
	$(AIRFLOW)/ruff format --check .
	$(AIRFLOW)/lint-imports --no-cache
	$(AIRFLOW)/sqlfluff lint --disable-progress-bar -p 2 include/sql detector_app/sql
	$(AIRFLOW)/squawk --no-error-on-unmatched-pattern include/sql/schema/*.sql
	$(AIRFLOW)/hadolint docker/*.Dockerfile

# A value for each that compose.yaml refuses to start without.
COMPOSE_VALUES = PGPASSWORD=a APP_PGPASSWORD=b REDIS_PASSWORD=c AIRFLOW__CORE__FERNET_KEY=d \
	AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=e AIRFLOW__API__SECRET_KEY=f AIRFLOW__API_AUTH__JWT_SECRET=g

.PHONY: lint-deployment
lint-deployment: .venv/deployment/.installed .venv/airflow/.installed ## compose file, proxy, images, template of CloudFormation
	@# Compose wants the file that it names, and the repository has none.
	@folder=$$(mktemp -d) && trap 'rm -r "$$folder"' EXIT && cp -r docker "$$folder" && touch "$$folder/.env" && \
		$(COMPOSE_VALUES) $(DEPLOYMENT)/docker-compose -f "$$folder/docker/compose.yaml" config --quiet && \
		$(COMPOSE_VALUES) $(DEPLOYMENT)/docker-compose --env-file "$$folder/.env" \
			--env-file "$$folder/docker/sandbox.env" -f "$$folder/docker/compose.yaml" config --quiet
	$(DEPLOYMENT)/compose-lint check --config docker/compose-lint.yml --strict-config --fail-on low \
		--skip-suppressed --quiet docker/compose.yaml
	$(DEPLOYMENT)/caddy validate --adapter caddyfile --config docker/Caddyfile 2>/dev/null >/dev/null || \
		{ $(DEPLOYMENT)/caddy validate --adapter caddyfile --config docker/Caddyfile; exit 1; }
	$(MAKE) --no-print-directory cloudformation
	$(DEPLOYMENT)/cfn-lint var/cloudformation.yaml
	$(DEPLOYMENT)/checkov --directory docker --framework cloudformation dockerfile --compact --quiet --skip-download

CHART ?=
.PHONY: lint-chart
lint-chart: .venv/airflow/.tests-installed ## the values for Airflow's Helm chart, against a chart (CHART=<folder>)
	@exec $(AIRFLOW)/python -m tests.chart_values "$(CHART)" docker/helm-values.yaml

.PHONY: cloudformation
cloudformation: .venv/airflow/.installed ## var/cloudformation.yaml: what AWS is asked for, the hosts' watch in it
	@mkdir -p var
	@$(AIRFLOW)/python -m trainer.host.user_data --template docker/cloudformation.yaml > var/cloudformation.yaml

.PHONY: types
types: test-setup ## mypy, strict
	$(AIRFLOW)/mypy plugins/sightscan
	$(AIRFLOW)/mypy --python-executable $(TRAINER)/python trainer
	$(AIRFLOW)/mypy --python-executable $(APP)/python detector_app

.PHONY: format
format: .venv/airflow/.tests-installed ## let the formatters have their way
	$(AIRFLOW)/ruff check --fix-only -q .
	$(AIRFLOW)/ruff format -q .
	$(AIRFLOW)/sqlfluff fix -q -p 2 include/sql detector_app/sql

.PHONY: bench-label-truth
bench-label-truth: setup ## how true the labels are that an erring Vision gives (WORLD=)
	$(AIRFLOW)/python -m benchmarks.label_truth $(if $(WORLD),--world "$(WORLD)")

.PHONY: docs
docs: .venv/airflow/.tests-installed ## write docs/DAGS.md, docs/WAREHOUSE.md and its picture from what is there
	$(AIRFLOW)/python -m docs.generate

.PHONY: bench-label
bench-label: test-setup ## measure labelling: 1,000 photos, 300 ms a request; memory (4 minutes)
	@$(AIRFLOW)/python -m benchmarks.label

.PHONY: bench-label-choice
bench-label-choice: test-setup ## simulate which photos are labelled first, against random choice
	@$(AIRFLOW)/python -m benchmarks.label_choice

.PHONY: bench-gate
bench-gate: test-setup ## simulate how often the gate publishes what it must not (5 minutes)
	@$(AIRFLOW)/python -m benchmarks.gate

.PHONY: bench-waiting
bench-waiting: test-setup ## measure what 50 cities cost that wait for a GPU instance (1 minute)
	@$(AIRFLOW)/python -m benchmarks.waiting_cities

FROM ?=
SHA256 ?=
WEIGHTS_FOLDER ?= weights
.PHONY: weights
weights: .venv/trainer/.installed ## make the weights from which first models start (FROM=<file or URL of yolov5s.pt>)
	@test -n "$(FROM)" || { echo "error: FROM is empty: name a file or a URL of COCO's weights, such as" \
		"FROM=https://github.com/ultralytics/yolov5/releases/download/v7.0/yolov5s.pt" >&2; exit 2; }
	@exec $(TRAINER)/python -W ignore -m trainer.coco_weights "$(FROM)" --folder "$(WEIGHTS_FOLDER)" \
		$(if $(SHA256),--sha256 "$(SHA256)")

.PHONY: new-city
new-city: .venv/airflow/.installed ## add a city to the registry (NAME="Lisbon")
	@exec $(SIGHTSCAN) city add "$(NAME)"

.PHONY: backup
backup: .venv/airflow/.installed ## write the whole warehouse into one file (TO=FILE)
	@exec $(SIGHTSCAN) warehouse backup $(if $(TO),--to "$(TO)")

.PHONY: restore
restore: .venv/airflow/.installed ## bring a backup back into a new database (FROM=FILE, INTO=DATABASE)
	@exec $(SIGHTSCAN) warehouse restore "$(FROM)" --into "$(INTO)"

.PHONY: bench-warehouse
bench-warehouse: setup ## measure what the warehouse promises in numbers (ARGS="--quick")
	@$(AIRFLOW)/python -m benchmarks.warehouse $(ARGS)

.PHONY: bench-orchestration
bench-orchestration: test-setup ## what Airflow takes for many cities: DAGs, a parser, requests, whole runs on Celery (50 minutes; ARGS="--quick": 15)
	@$(AIRFLOW)/python -m benchmarks.orchestration $(ARGS)

.PHONY: up
up: ## start everything in Docker, with the Celery executor
	docker compose --env-file .env -f docker/compose.yaml up --build --detach

.PHONY: down
down: ## stop what `make up` started; the volumes stay
	docker compose --env-file .env -f docker/compose.yaml down

REHEARSAL = --env-file .env --env-file docker/sandbox.env -f docker/compose.yaml

.PHONY: up-sandbox
up-sandbox: ## the same with stand-ins for everybody outside, and volumes of its own
	docker compose $(REHEARSAL) up --build --detach

.PHONY: down-sandbox
down-sandbox: ## stop what `make up-sandbox` started; the volumes stay
	docker compose $(REHEARSAL) down

.PHONY: bench-crawl
bench-crawl: setup .venv/bench/.installed ## photos a second beside img2dataset's, and what ten kills cost
	$(AIRFLOW)/python -m benchmarks.crawl --img2dataset .venv/bench/bin/python

.PHONY: lock
lock: ## write the lock files anew from the .in files (needs uv)
	bin=$$(command -v uv) && for file in requirements sandbox/requirements tests/requirements benchmarks/requirements \
		tests/runner-requirements tests/deployment-requirements detector_app/requirements trainer/requirements; do \
		"$$bin" pip compile --python-version 3.11.7 --quiet --no-emit-index-url \
			--no-emit-find-links --no-header \
			$$([[ $$file =~ ^(requirements|(sandbox|detector_app)/requirements|tests/deployment-requirements)$$ ]] && echo "--generate-hashes") \
			$$([ $$file = sandbox/requirements ] && echo "-c requirements.txt") \
			$$([ $$file = tests/requirements ] && echo "-c requirements.txt -c sandbox/requirements.txt") \
			$$([ $$file = trainer/requirements ] && echo "--override trainer/overrides.in") \
			$$file.in -o $$file.txt; done && \
		"$$bin" pip compile --python-version 3.11.7 --quiet --no-emit-index-url --no-emit-find-links --no-header \
			--no-deps --no-annotate --generate-hashes trainer/requirements.txt -o trainer/hashed-requirements.txt

.PHONY: clean
clean: ## remove what the demo and the tests left (not the environments)
	rm -rf var .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/airflow/.installed: requirements.txt sandbox/requirements.txt
	@echo "Installing Airflow and the sandbox (about three minutes) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "error: $(PYTHON) is not Python 3.11; install it or name it: make PYTHON=..."; exit 2; }
	@$(PYTHON) -m venv .venv/airflow
	@$(AIRFLOW)/python $(INSTALL) -r requirements.txt -r sandbox/requirements.txt
	@$(AIRFLOW)/python $(INSTALL) --no-build-isolation --editable .
	@touch $@

.venv/bench/.installed: benchmarks/requirements.txt
	@echo "Installing img2dataset, for the benchmark of the crawl only ..."
	@$(PYTHON) -m venv .venv/bench
	@.venv/bench/bin/python $(INSTALL) -r benchmarks/requirements.txt
	@touch $@

.venv/trainer/.installed: trainer/requirements.txt
	@echo "Installing PyTorch and YOLOv5 (about 6 GB) ..."
	@$(PYTHON) -m venv .venv/trainer
	@$(TRAINER)/python $(INSTALL) -r trainer/requirements.txt
	@touch $@

.venv/app/.installed: detector_app/requirements.txt
	@echo "Installing the app ..."
	@$(PYTHON) -m venv .venv/app
	@$(APP)/python $(INSTALL) -r detector_app/requirements.txt
	@touch $@

# What browsers run models with, from the npm registry; quick where it is already.
.PHONY: browser-runtime
browser-runtime: .venv/app/.installed
	@$(APP)/python -m detector_app.web.fetch_runtime

.venv/deployment/.installed: tests/deployment-requirements.txt
	@echo "Installing what reads the files of a deployment ..."
	@$(PYTHON) -m venv .venv/deployment
	@$(DEPLOYMENT)/python $(INSTALL) -r tests/deployment-requirements.txt
	@touch $@

.venv/airflow/.tests-installed: .venv/airflow/.installed tests/requirements.txt
	@$(AIRFLOW)/python $(INSTALL) -r tests/requirements.txt
	@touch $@

.venv/%/.tests-installed: .venv/%/.installed tests/runner-requirements.txt
	@.venv/$*/bin/python $(INSTALL) -r tests/runner-requirements.txt
	@touch $@

PHOTOS ?=
NEEDS_PHOTOS = @test -n "$(PHOTOS)" || { echo "PHOTOS is empty: name a folder of real photos, PHOTOS=<folder> (manifest.csv, or one folder per sight)" >&2; exit 2; }

# Both need a world of real photos, and weights to start from.
BACKGROUND ?=
NEEDS_WORLD_AND_WEIGHTS = @test -n "$(WORLD)" -a -n "$(WEIGHTS)" || { echo "WORLD or WEIGHTS is empty: name a folder with manifest.csv, WORLD=<folder>, and a file of weights, WEIGHTS=<file>" >&2; exit 2; }
ON_A_WORLD = --world "$(WORLD)" --weights "$(WEIGHTS)" $(if $(BACKGROUND),--background "$(BACKGROUND)") $(ARGS)

.PHONY: bench-train
bench-train: setup ## our training beside stock YOLOv5's for the same minutes (WORLD=, WEIGHTS=, BACKGROUND=; hours)
	$(NEEDS_WORLD_AND_WEIGHTS)
	$(TRAINER)/python -m benchmarks.train $(ON_A_WORLD)

.PHONY: bench-openset
bench-openset: setup ## what a model says to buildings that it does not know (WORLD=, WEIGHTS=, BACKGROUND=; an hour)
	$(NEEDS_WORLD_AND_WEIGHTS)
	$(TRAINER)/python -m benchmarks.openset $(ON_A_WORLD)

.PHONY: bench-live
bench-live: setup ## what smaller sides and files cost a model that is made for phones (WORLD=, WEIGHTS=; 20 minutes)
	$(NEEDS_WORLD_AND_WEIGHTS)
	$(TRAINER)/python -m benchmarks.live $(ON_A_WORLD)
MODEL ?=
.PHONY: bench-detect
bench-detect: test-setup ## what looking at films costs a browser, and whether it sees what Python sees (MODEL=, PHOTOS=; half an hour; ARGS="--only film page")
	$(NEEDS_PHOTOS)
	@test -n "$(MODEL)" || { echo "MODEL is empty: name an ONNX file of the trainer, MODEL=<file>" >&2; exit 2; }
	@status=0; $(AIRFLOW)/python -m benchmarks.detect --model "$(MODEL)" --photos "$(PHOTOS)" $(ARGS) || status=$$?; \
		$(APP)/python -m benchmarks.detect_server --model "$(MODEL)" --photos "$(PHOTOS)" && exit $$status

DATASET ?=
STRANGERS ?=
.PHONY: bench-place
bench-place: test-setup ## what the place of a phone does to false names (MODEL=, DATASET=, STRANGERS=; two minutes)
	@test -n "$(MODEL)" || { echo "MODEL is empty: name an ONNX file of the trainer, MODEL=<file>" >&2; exit 2; }
	@test -n "$(DATASET)" || { echo "DATASET is empty: name the model's dataset folder, DATASET=<folder>" >&2; exit 2; }
	@$(AIRFLOW)/python -m benchmarks.place --model "$(MODEL)" --dataset "$(DATASET)" --strangers $(STRANGERS)

.PHONY: bench-near-duplicates
bench-near-duplicates: setup ## measure the near-duplicate search on real photos (PHOTOS=)
	$(NEEDS_PHOTOS)
	$(AIRFLOW)/python -m benchmarks.near_duplicates "$(PHOTOS)"

.PHONY: bench-clean-photos
bench-clean-photos: setup ## measure the inspection of real photos of sights (PHOTOS=)
	$(NEEDS_PHOTOS)
	$(AIRFLOW)/python -m benchmarks.clean_photos "$(PHOTOS)"

# Everything is installed into .venv of this checkout; `make run` and `make test` create what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RESULTS := results

.DEFAULT_GOAL := help
.PHONY: help run check fast test lint types docs notebook measured bench performance gold fuzz lowest mutants figures groups sweeps tutorial validation bad-day training clean

help: ## list what one can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

run: $(BIN)/fabricsim ## the main job: all-reduce on 100,000 GPUs -> table, results/allreduce.csv and .svg
	@mkdir -p $(RESULTS)
	$(BIN)/fabricsim allreduce --out $(RESULTS)/allreduce.csv --plot $(RESULTS)/allreduce.svg

check: $(VENV)/.test ## before each commit: lint, types and the fast tests, in under a minute
	@$(MAKE) --no-print-directory -j 3 lint types fast

FAST = test_architecture.py test_docs.py test_docstrings.py fabric/words fabric/graph topologies/parts \
	topologies/test_catalogue.py sims/scenario sims/settings sims/test_names.py
fast: $(VENV)/.test
	$(BIN)/python -m pytest $(addprefix tests/,$(FAST))

test: $(VENV)/.test ## the whole test suite, on all cores
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: $(VENV)/.test ## ruff: rules and format
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.test ## mypy
	$(BIN)/mypy

docs: $(VENV)/.docs ## docs/ and an API reference as a site, results/site; warnings are errors
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

measured: $(BIN)/fabricsim ## the model against published times of machines: docs/measured.md's figure
	$(BIN)/fabricsim validate --measured -o docs/measured/diagonal.png

notebook: $(VENV)/.notebook ## run docs/notebook.ipynb anew, in place
	$(BIN)/jupyter-execute --inplace docs/notebook.ipynb

bench: $(BIN)/fabricsim ## speed and memory against floors of the same run -> results/bench.json (NAMES=, see tests/bench)
	$(BIN)/python -m tests.bench $(NAMES)

performance: $(VENV)/.test ## how time and memory grow up to a million endpoints: table and figure of docs/performance.md
	$(BIN)/python -m tests.bench growth -o docs/performance/growth.json
	$(BIN)/python -m tests.bench.curves docs/performance/growth.json docs/performance.md docs/performance/growth.png

gold: $(VENV)/.test ## what hundreds of commands print and write, against what is recorded (gold.py record: anew)
	$(BIN)/python tests/gold/gold.py

fuzz: $(VENV)/.test ## 100,000 damaged files through every reader, and as many damaged commands: only our own errors
	$(BIN)/python tests/fuzz/run.py 100000
	$(BIN)/python tests/fuzz/commands.py 100000

lowest: $(VENV)/.test ## commands beside the oldest versions that pyproject.toml allows, in results/lowest
	@mkdir -p $(RESULTS)
	$(BIN)/python tests/lowest.py $(RESULTS)/lowest

mutants: $(VENV)/.test ## change the program token by token: do the tests notice? (CHANGES= of each file, SEED=)
	$(BIN)/python tests/mutants/mutants.py --changes $(or $(CHANGES),8) --seed $(or $(SEED),0)

figures: $(BIN)/fabricsim ## redraw the figures of the README and of docs/figures.md, by the commands that stand there
	$(BIN)/fabricsim allreduce --plot docs/allreduce.png >/dev/null
	@rm -rf $(RESULTS)/figures && mkdir -p $(RESULTS)/figures && cp docs/figures/*.log $(RESULTS)/figures
	sed -n '/^```sh/,/^```/{/^```/!p;}' docs/figures.md > $(RESULTS)/figures/commands.sh
	cd $(RESULTS)/figures && PATH="$(abspath $(BIN)):$$PATH" sh -e commands.sh >/dev/null
	cp $(RESULTS)/figures/*.png docs/figures/

collectives: $(BIN)/fabricsim ## the drawings of docs/collectives.md: every algorithm on four ranks
	$(BIN)/python -m sims.show.figures.schedule docs/collectives

tutorial: $(BIN)/fabricsim ## what docs/tutorial.md says, command by command, in results/tutorial
	@rm -rf $(RESULTS)/tutorial && mkdir -p $(RESULTS)/tutorial
	sed -n '/^```sh/,/^```/{/^```/!p;}' docs/tutorial.md > $(RESULTS)/tutorial/commands.sh
	cd $(RESULTS)/tutorial && PATH="$(abspath $(BIN)):$$PATH" sh -ex commands.sh

SPEC ?= fat-tree:k=8
.PHONY: explore
explore: $(VENV)/.explore ## a page one can play with -> results/explore.html (SPEC='preset:superpod-h100', several)
	@mkdir -p $(RESULTS)
	$(BIN)/fabricsim explore $(SPEC) -o $(RESULTS)/explore.html

groups: $(BIN)/fabricsim ## the first figure of the README: all data-parallel groups of a job of 100,000 GPUs at once
	@rm -rf $(RESULTS)/groups
	$(BIN)/fabricsim sweep -o $(RESULTS)/groups --set topology=preset:colossus-100k \
		--set groups=mesh:tp=8,dp=125,pp=100 --set over=dp --set algorithm=ring,halving-doubling,tree \
		--set size=1GiB --set routing=ecmp,ecmp:qps=4,adaptive
	$(BIN)/fabricsim plot $(RESULTS)/groups -o docs/groups.png --figure groups --facet routing --width 7

SWEEP = $(BIN)/fabricsim sweep docs/sweeps
PLOT = $(BIN)/fabricsim plot $(RESULTS)
REPORT = $(BIN)/fabricsim report $(RESULTS)
sweeps: $(BIN)/fabricsim ## the three sweeps of docs/sweeps.md: rows and reports under results/, their figures in docs/
	$(SWEEP)/message-size.toml -o $(RESULTS)/message-size
	$(SWEEP)/load-balancing.toml -o $(RESULTS)/load-balancing
	$(SWEEP)/scale.toml -o $(RESULTS)/scale
	$(PLOT)/message-size -o docs/sweeps/message-size-busbw.png --figure busbw
	$(PLOT)/message-size -o docs/sweeps/message-size-time.png --figure time
	$(PLOT)/load-balancing -o docs/sweeps/load-balancing-lines.png \
		--x topology.oversubscription --y busbw_GBps --color routing
	$(PLOT)/load-balancing -o docs/sweeps/load-balancing-heatmap.png \
		--figure heatmap --x topology.oversubscription --y routing --color busbw_GBps
	$(PLOT)/scale -o docs/sweeps/scale.png --figure scaling --facet size_bytes
	$(REPORT)/message-size -o $(RESULTS)/message-size.html
	$(REPORT)/load-balancing -o $(RESULTS)/load-balancing.html
	$(REPORT)/scale -o $(RESULTS)/scale.html

validation: $(BIN)/fabricsim ## hold the models against each other and others -> docs/validation.html
	$(BIN)/fabricsim validate --full -o docs/validation.html

COMPARE = $(BIN)/fabricsim routing compare
DAY = docs/bad-day
RUN100K = $(BIN)/fabricsim allreduce preset:colossus-100k --size 1GiB
STRUCK = --fault-schedule $(DAY)/faults.toml --reroute-delay 10ms
bad-day: $(BIN)/fabricsim ## the figures of docs/bad-day.md
	$(COMPARE) fat-tree:k=74 --traffic permutation --routing ecmp,ecmp:qps=16,dmodk,adaptive \
		--plot docs/bad-day/collisions.png >/dev/null
	$(COMPARE) dragonfly:p=8 --traffic shift:128 --routing ecmp,spray,valiant,ugal \
		--plot docs/bad-day/detours.png >/dev/null
	$(BIN)/fabricsim sweep $(DAY)/cut.toml -o $(RESULTS)/bad-day/cut
	$(PLOT)/bad-day/cut -o $(DAY)/cut.png --x fail.cables_percent --y time_s --facet routing
	$(BIN)/fabricsim sweep $(DAY)/slow.toml -o $(RESULTS)/bad-day/slow
	$(PLOT)/bad-day/slow -o $(DAY)/slow.png --x degrade.cables_percent --y time_s --facet routing
	$(RUN100K) --algorithm tree $(STRUCK) --timeline $(DAY)/timeline.png >/dev/null
	$(RUN100K) --algorithm halving-doubling $(STRUCK) --timeline $(DAY)/timeline-rounds.png >/dev/null
	$(BIN)/fabricsim sweep $(DAY)/seeds.toml -o $(RESULTS)/bad-day/seeds
	$(PLOT)/bad-day/seeds -o $(DAY)/seeds.png --figure cdf
	$(BIN)/fabricsim allreduce --preset colossus-100k --algorithm hierarchical-tree:pipeline=1 --size 1GiB --placement random \
		--fail cables=1% --explain-plot docs/bad-day/gains.png >/dev/null

TRAINING = docs/training
LLAMA = $(BIN)/fabricsim train preset:superpod-h100:su=64 --model llama3-405b --groups tp=8,pp=16,dp=rest --sequence 8192 --batch 2048
training: $(BIN)/fabricsim ## a job from its model to a month: the figures of docs/training.md, run.md and goodput.md
	$(LLAMA) --plot $(TRAINING)/step.png >/dev/null
	$(LLAMA) --interleave 4 --plot $(TRAINING)/interleaved.png >/dev/null
	$(BIN)/fabricsim sweep $(TRAINING)/shapes.toml -o $(RESULTS)/training/shapes
	$(PLOT)/training/shapes -o $(TRAINING)/shapes.png
	$(REPORT)/training/shapes -o $(RESULTS)/training/shapes.html
	$(BIN)/fabricsim run $(TRAINING)/beside.toml --timeline $(TRAINING)/beside.png >/dev/null
	$(BIN)/fabricsim run docs/run/jobs.toml --timeline docs/run/jobs.png >/dev/null
	$(BIN)/fabricsim goodput preset:superpod-h100:su=64 --job $(TRAINING)/job.toml --plot $(TRAINING)/month.png >/dev/null
	$(BIN)/fabricsim goodput preset:colossus-100k --step 20s --faults llama3 --plot docs/goodput.png >/dev/null

clean: ## remove .venv, results and caches
	rm -rf $(VENV) $(RESULTS) .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(v < (3, 11) and "fabricsim needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(BIN)/fabricsim: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	$(BIN)/python -m compileall -q fabric topologies sims
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/fabricsim
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

$(VENV)/.notebook: pyproject.toml | $(BIN)/fabricsim
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[notebook]'
	@touch $@

$(VENV)/.explore: pyproject.toml | $(BIN)/fabricsim
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[explore]'
	@touch $@

$(VENV)/.docs: pyproject.toml | $(BIN)/fabricsim
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $@

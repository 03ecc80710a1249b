# lockstep: `make run` and `make check` do everything; `make help` lists the rest.
# Each folder adds its own sources and targets in its module.mk; what all of them share is here.

VERSION := $(shell sed -n 's/.*program_version.*"\(.*\)".*/\1/p' harness/commands/version.c)

MODE   ?= rel
V      ?= 0
JOBS   := $(shell nproc)
PREFIX ?= /usr/local
ifeq ($(origin CC),default)
CC  := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif

B   := build/$(MODE)
GEN := build/gen

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
        -Wwrite-strings -Wvla -Wundef -Wno-unused-parameter
CFLAGS_rel  := -O2 -g
CFLAGS_dbg  := -O0 -g3 -DLOCKSTEP_DEBUG
# gcc spends a fifth of its time on where variables are at each instruction, a sixth of that of the interpreter's
# loop on what its pointers may mean; sanitizers report lines.
CFLAGS_asan := -O1 -g $(if $(findstring clang,$(CC)),,-fno-var-tracking) -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer $(if $(findstring clang,$(CC)),,-Wno-tsan -Wno-maybe-uninitialized)
CFLAGS_cov  := -O0 -g --coverage
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
ifeq ($(CFLAGS_$(MODE)),)
$(error MODE=$(MODE) is not one of rel dbg asan tsan cov fuzz)
endif
CFLAGS  := -std=gnu17 -I. -I$(GEN) -MMD -MP -D_GNU_SOURCE $(WARN) $(CFLAGS_$(MODE))
# Computed gotos must stay one indirect jump a handler, or the branch predictor sees a single one (gcc merges them).
# A third of gcc's time in such a function would go into where variables are; the code is the same without.
GOTO_CFLAGS := $(if $(findstring clang,$(CC)),,-fno-gcse -fno-crossjumping -fno-var-tracking-assignments)
# clang needs minutes to instrument and optimise some thousand of them in one function.
GOTO_CFLAGS += $(if $(filter fuzz,$(MODE)),-O0)
GOTO_CFLAGS += $(if $(filter asan,$(MODE)),$(if $(findstring clang,$(CC)),,-fno-tree-pta))
LDFLAGS := $(filter -fsanitize% --coverage,$(CFLAGS_$(MODE)))

ifeq ($(V),0)
Q   := @
say  = @printf '  %-6s %s\n' $(1) $(2)
else
Q   :=
say  = @:
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

# ---- the house's own targets ----
.PHONY: all run check setup help clean
##  all        build the program: build/rel/lockstep (the default)
all: $(B)/lockstep

##  run        set up what is missing, build, run the default conformance plan, reports in build/report
##  check      set up what is missing, build, run every test
##  setup      install the Debian packages that are missing (as root, or with sudo)
##  help       this list
help:
	@echo 'make TARGET [MODE=rel|dbg|asan|tsan|cov] [CC=gcc|clang] [V=1]'
	@sed -n 's/^## *//p' $(MAKEFILE_LIST) | sort

##  clean      remove everything that was built
clean:
	rm -rf build

MODULES := specs engine accel devices harness corpora bench coverage
include $(wildcard $(MODULES:%=%/module.mk))

# ---- packages: everything is Debian 12's ----
PACKAGES_BUILD := gcc libc6-dev libyaml-dev libunicorn-dev libjansson-dev libcapstone-dev libzstd-dev libxxhash-dev
PACKAGES_CHECK := libcmocka-dev libmpfr-dev libgmp-dev binutils-riscv64-linux-gnu llvm-19 libxml2-utils \
                  gcc-riscv64-linux-gnu libc6-dev-riscv64-cross qemu-user qemu-system-arm gdb-multiarch busybox-static mandoc \
                  zsh pkgconf chromium cmark-gfm perl python3-jsonschema python3-junitparser
PACKAGES_BENCH := g++ libbenchmark-dev gcc-riscv64-linux-gnu libc6-dev-riscv64-cross qemu-user
PACKAGES_LINT  := clang libclang-rt-14-dev clang-format clang-tidy cppcheck

# Installs what is missing of the packages $(1): as root, else by sudo without a password, else says the command.
define install
@missing=$$(for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
[ -z "$$missing" ] && exit 0; \
list=$$(echo $$missing); \
if [ "$$(id -u)" = 0 ]; then as=; \
elif sudo -n true 2>/dev/null; then as=sudo; \
else echo "lockstep needs these packages; type:"; echo "    sudo apt-get install -y $$list"; exit 1; fi; \
echo "  APT    $$list"; \
$$as apt-get update -qq >/dev/null && \
$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$list >/dev/null
endef

.PHONY: setup setup-build setup-check setup-bench setup-lint
setup: setup-build setup-check setup-bench setup-lint
setup-build: ; $(call install,$(PACKAGES_BUILD))
setup-check: ; $(call install,$(PACKAGES_CHECK))
setup-bench: ; $(call install,$(PACKAGES_BENCH))
setup-lint:  ; $(call install,$(PACKAGES_LINT))

# ---- tests: every foo_test.c beside foo.c is a cmocka program ----
TEST_SRC  := $(shell find specs engine devices harness accel bench -name '*_test.c' 2>/dev/null)
TEST_BIN  := $(TEST_SRC:%.c=$(B)/test/%)
# What libharness.a needs besides. zstd and xxhash are linked into the program, since each start would pay for looking them up.
HARNESS_LIBS := -lyaml -ljansson -l:libzstd.a -l:libxxhash.a -lpthread -lm
TEST_LIBS := $(B)/libgen.a $(B)/libharness.a $(B)/libdevices.a $(B)/libyaml_reader.a $(B)/libengine.a
$(B)/test/%: $(B)/%.o $(TEST_LIBS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -Wl,--as-needed -lcmocka -lmpfr -lgmp $(HARNESS_LIBS)

##  test       build and run the tests, without looking for missing packages
.PHONY: test test-programs
test-programs: $(TEST_BIN)
test: test-programs all $(PROGRAM_BIN) $(GUEST_BUSYBOX)
	@harness/tests.sh $(B)/test-logs $(TEST_BIN)

# Each of the two commands sets up first, then starts over, so that the second make sees what was installed.
check:
	@$(MAKE) --no-print-directory setup-build setup-check
	@$(MAKE) --no-print-directory -j$(JOBS) test

run:
	@$(MAKE) --no-print-directory setup-build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@mkdir -p build/report
	@$(B)/lockstep run corpora/default.yaml

##  sequences  a million random sequences, interpreter against JIT;  soak  others, for SOAK_SECONDS (600)
##  regions    random sequences with long loops, interpreter against the JIT's second tier
SOAK_SECONDS ?= 600
.PHONY: sequences regions soak
sequences:
	@$(MAKE) --no-print-directory setup-build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(B)/lockstep run corpora/jit.yaml --jobs $(JOBS)
regions:
	@$(MAKE) --no-print-directory setup-build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(B)/lockstep run corpora/jit_hot.yaml --jobs $(JOBS)
soak:
	@$(MAKE) --no-print-directory setup-build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@end=$$(($$(date +%s) + $(SOAK_SECONDS))); \
	while [ $$(date +%s) -lt $$end ]; do \
	    seed=$$(od -An -N4 -tu4 /dev/urandom | tr -d ' '); \
	    echo "seed $$seed"; \
	    $(B)/lockstep run corpora/jit.yaml --jobs $(JOBS) --seed $$seed --shard 1/10 || exit 1; \
	    $(B)/lockstep run corpora/jit_hot.yaml --jobs $(JOBS) --seed $$seed --shard 1/10 || exit 1; \
	done

# ---- fuzzing: every foo_fuzz.c is a libFuzzer target (clang), run for FUZZ_SECONDS each ----
FUZZ_SECONDS ?= 60
FUZZ_BIN := $(patsubst %.c,$(B)/fuzz/%,$(shell find specs engine devices harness -name '*_fuzz.c' 2>/dev/null))
$(B)/fuzz/%: $(B)/%.o $(TEST_LIBS)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -o $@ $^ -Wl,--as-needed $(HARNESS_LIBS)

##  fuzz       run every fuzz target for FUZZ_SECONDS (60) each; new inputs are kept in build/fuzz/corpus
.PHONY: fuzz fuzz-build fuzz-run
fuzz-build: $(FUZZ_BIN)
fuzz:
	@$(MAKE) --no-print-directory setup-build setup-lint
	@$(MAKE) --no-print-directory -j$(JOBS) fuzz-build MODE=fuzz CC=clang
	@$(MAKE) --no-print-directory fuzz-run MODE=fuzz CC=clang
fuzz-run: $(FUZZ_BIN)
	@printf '%s\n' $(FUZZ_BIN) | xargs -P $(JOBS) -I{} sh -c '\
	    f={}; n=$$(basename $$f); mkdir -p $(B)/corpus/$$n; \
	    $$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
	        -artifact_prefix=$(B)/$$n- $(B)/corpus/$$n >$(B)/$$n.log 2>&1 \
	        && echo "ok $$n: $$(sed -n "s/^stat::number_of_executed_units: *//p" $(B)/$$n.log) runs" \
	        || { echo "not ok $$n"; tail -n 40 $(B)/$$n.log; exit 1; }'

# ---- checks on the code itself ----
OWN_C := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
##  format     lay out all C files by .clang-format; format-check only looks
.PHONY: format format-check tidy cppcheck layers headers
format:
	clang-format -i $(OWN_C)
format-check:
	@clang-format --dry-run --Werror $(OWN_C)

##  tidy       clang-tidy over every C file;  cppcheck  likewise
# Nearly all of its time goes into paths through a few big functions. A third of clang's own limit (225000) reaches
# all but 15 of the 5457 blocks of the 80 costliest files that the limit reaches, most of those in fp's tests.
TIDY_NODES ?= 75000
TIDY_SRC := $(filter-out corpora/% bench/programs/%,$(filter %.c,$(OWN_C)))
tidy: $(GEN_STAMPS)
	@printf '%s\n' $(TIDY_SRC) | xargs -P $(JOBS) -n 4 clang-tidy --quiet --warnings-as-errors='*' 2>/dev/null \
	    --extra-arg=-std=gnu17 --extra-arg=-I. --extra-arg=-I$(GEN) --extra-arg=-D_GNU_SOURCE \
	    $(addprefix --extra-arg=,-Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES))
cppcheck: $(GEN_STAMPS)
	@cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -j $(JOBS) --enable=warning,performance,portability \
	    --suppress=missingIncludeSystem --suppress=syntaxError:bench/bare.c \
	    --suppress=internalAstError:engine/interp/loop.h --suppress='*:build/*' -I. -I$(GEN) -D_GNU_SOURCE -D__GNUC__ -D__$(shell uname -m)__ \
	    $(TIDY_SRC)

##  layers     fail when a lower folder includes a higher one, or a header does not compile alone
layers: headers
	@awk -f harness/layers.awk $(OWN_C)
	@! grep -nE '#include *[<"](yaml|unicorn/)' $(filter-out %_test.c,$(filter engine/%,$(OWN_C))) $(GEN)/*.[ch] $(GEN)/*/*.[ch] || \
	    { echo 'engine: includes YAML or Unicorn'; exit 1; }
	@! nm -u $(wildcard $(B)/libengine.a) 2>/dev/null | grep -E ' (yaml|uc)_' || { echo 'engine: uses YAML or Unicorn'; exit 1; }
headers: $(GEN_STAMPS)
	@for h in $(filter %.h,$(OWN_C)); do case $$h in */loop.h) continue;; esac; \
	    $(CC) $(filter-out -MMD -MP,$(CFLAGS)) -Wno-unused -fsyntax-only -x c $$h || exit 1; done

# ---- installing ----
##  install    the program, its pages, completions and corpora, the libraries of engine and devices, below DESTDIR and PREFIX
PUBLIC := $(foreach f,base fp cpu guest interp jit user,engine/$f/$f.h) devices/smmu/smmu.h
# with all that they include
HEADERS = $(shell $(CC) -std=gnu17 -D_GNU_SOURCE -I. -I$(GEN) -MM -x c $(PUBLIC) | tr -d '\\' | xargs -n1 | grep -E '^(engine|devices)/.*h$$' | sort -u)
# an unpacked archive may lie in another project's work tree, where git knows none of them
SHARED := $(or $(shell git ls-files 'corpora/*.yaml' 'coverage/*.yaml' 2>/dev/null),$(shell find corpora coverage -name '*.yaml'))
# Folders may have blanks, quotes and dollars in their names: they come to the shell as variables, and as they were given.
install: export INTO := $(value DESTDIR)$(value PREFIX)
install: export UNDER := $(value PREFIX)
.PHONY: install install-check dist
install: all
	$(call say,INST,"$$INTO")
	$(Q)install -D -t "$$INTO/bin" $(B)/lockstep
	$(Q)install -D -m 644 $(B)/libengine.a "$$INTO/lib/liblockstep.a"
	$(Q)install -D -m 644 $(B)/libdevices.a "$$INTO/lib/liblockstep-devices.a"
	$(Q)for h in $(HEADERS); do install -D -m 644 $$h "$$INTO/include/lockstep/$$h" || exit 1; done
	$(Q)install -D -m 644 -t "$$INTO/include/lockstep" $(GEN)/ir_ops.h
	$(Q)for d in lib/pkgconfig share/man/man1 share/bash-completion/completions share/zsh/site-functions; do \
	    mkdir -p "$$INTO/$$d" || exit 1; done
	$(Q)printf '%s\n' "prefix=$$UNDER" 'libdir=$${prefix}/lib' \
	    'includedir=$${prefix}/include/lockstep' '' \
	    'Name: lockstep' 'Description: virtual machine engine: interpreter and JIT for several instruction sets' \
	    'Version: $(VERSION)' 'Libs: -L"$${libdir}" -llockstep-devices -llockstep -lpthread -lm' 'Cflags: -I"$${includedir}"' \
	    > "$$INTO/lib/pkgconfig/lockstep.pc"
	$(Q)$(B)/lockstep manual > "$$INTO/share/man/man1/lockstep.1"
	$(Q)for c in $$($(B)/lockstep list commands | sed 's/ .*//'); do \
	    $(B)/lockstep manual $$c > "$$INTO/share/man/man1/lockstep-$$c.1" || exit 1; done
	$(Q)$(B)/lockstep completion bash > "$$INTO/share/bash-completion/completions/lockstep"
	$(Q)$(B)/lockstep completion zsh > "$$INTO/share/zsh/site-functions/_lockstep"
	$(Q)for f in $(SHARED); do install -D -m 644 $$f "$$INTO/share/lockstep/$$f" || exit 1; done
	$(Q)install -D -m 644 -t "$$INTO/share/lockstep/schema" $(SCHEMA) harness/report/cases.schema.json harness/report/junit.xsd
	$(Q)install -D -m 644 -t "$$INTO/share/doc/lockstep" README.md

##  install-check  installs into build/stage and uses what is there; then elsewhere, where names have blanks and worse
install-check: all
	@rm -rf build/stage
	@$(MAKE) --no-print-directory install DESTDIR="$$PWD/build/stage/plain" PREFIX=/usr
	@harness/install_check.sh "$$PWD/build/stage/plain" /usr
	@$(MAKE) --no-print-directory install DESTDIR="$$PWD/build/stage/a \"b\" \$$5" PREFIX="/it's more"
	@harness/install_check.sh "$$PWD/build/stage/a \"b\" \$$5" "/it's more"

##  dist       the sources as build/lockstep-VERSION.tar.xz
dist:
	@mkdir -p build
	@git archive --prefix=lockstep-$(VERSION)/ -o build/lockstep-$(VERSION).tar HEAD
	@xz -f build/lockstep-$(VERSION).tar
	@echo build/lockstep-$(VERSION).tar.xz

# ---- compiling: one rule for our own sources, one for generated ones ----
$(B)/%.o: %.c | $(GEN_STAMPS)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(CFLAGS_$(basename $(notdir $<))) -c -o $@ $<

$(B)/gen/%.o: $(GEN)/%.c
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(CFLAGS_$(basename $(notdir $<))) -c -o $@ $<

$(B)/%.a:
	$(call say,AR,$@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar rcs $@ $^

-include $(shell find $(B) -name '*.d' 2>/dev/null)

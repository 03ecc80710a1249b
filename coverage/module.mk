# Coverage: C code by gcov and lcov, instruction rows by lockstep cover, both in one tree; planted faults.
# See coverage/README.md.

PACKAGES_COVERAGE = $(PACKAGES_CHECK) lcov

ifeq ($(MODE),cov)
LDFLAGS += -Wl,--wrap=_exit
$(B)/libengine.a: $(B)/coverage/flush.o
endif

COVERAGE := build/coverage
# our sources only: not what was generated, nor tests and what stands in for something in them. Generated C says that it
# comes from the spec files, but what stands there is rows.
LCOV := lcov --quiet --rc lcov_branch_coverage=0 --rc geninfo_auto_base=1
COVERED_NOT := $(addprefix $(CURDIR)/,'build/*' 'specs/*.yaml' '*_test.c' '*_test.h' '*_fuzz.c' harness/testing.h coverage/flush.c)

##  coverage   tests and plans with counters; C code and instruction rows as HTML in build/coverage; fails below thresholds
.PHONY: setup-coverage coverage coverage-run coverage-report
setup: setup-coverage
setup-coverage: ; $(call install,$(PACKAGES_COVERAGE))
coverage:
	@$(MAKE) --no-print-directory setup-build setup-coverage
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(MAKE) --no-print-directory -j$(JOBS) MODE=cov all test-programs
	@$(MAKE) --no-print-directory MODE=cov coverage-run
	@$(MAKE) --no-print-directory coverage-report

# Tests may time out at a tenth of the usual speed, and are judged elsewhere: what counts here is what they reach.
coverage-run: all $(PROGRAM_BIN) $(GUEST_BUSYBOX)
	@find $(B) -name '*.gcda' -delete
	@rm -rf $(COVERAGE)
	@mkdir -p $(COVERAGE)
	$(call say,RUN,tests)
	@harness/tests.sh $(B)/test-logs $(TEST_BIN) >$(COVERAGE)/tests.txt || tail -n 40 $(COVERAGE)/tests.txt
	$(call say,RUN,corpora/default.yaml)
	@$(B)/lockstep run corpora/default.yaml -q --report cover=$(COVERAGE)/cover.jsonl >$(COVERAGE)/run.txt

# More is judged against QEMU, which needs no counters of C code.
coverage-report:
	$(call say,RUN,corpora/qemu.yaml)
	@build/rel/lockstep run corpora/qemu.yaml -q --report cover=$(COVERAGE)/cover-qemu.jsonl >$(COVERAGE)/run-qemu.txt
	$(call say,LCOV,$(COVERAGE)/code.info)
	@$(LCOV) --capture --directory build/cov --base-directory . --no-external --output-file $(COVERAGE)/all.info
	@$(LCOV) --remove $(COVERAGE)/all.info $(COVERED_NOT) --output-file $(COVERAGE)/code.info
	@build/rel/lockstep cover $(COVERAGE)/cover.jsonl $(COVERAGE)/cover-qemu.jsonl $(COVERAGE)/code.info --lcov $(COVERAGE)/rows.info \
	    --cobertura $(COVERAGE)/rows.xml >$(COVERAGE)/summary.txt; status=$$?; \
	genhtml --quiet --rc lcov_branch_coverage=1 --branch-coverage --title lockstep --prefix $(CURDIR) --output-directory $(COVERAGE)/html \
	    $(COVERAGE)/code.info $(COVERAGE)/rows.info && \
	cat $(COVERAGE)/summary.txt && echo "report: $(COVERAGE)/html/index.html" && exit $$status

# ---- planted faults ----
$(B)/mutants: $(B)/harness/mutants/main.o $(B)/libharness.a $(B)/libdevices.a $(B)/libyaml_reader.a $(B)/libengine.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(HARNESS_LIBS)

# Two at a time where two processors are: a build has its long part in one file, a shrink in one process.
MUTANTS      ?= *
MUTANT_TREES ?= $(if $(filter 1,$(JOBS)),1,2)
MUTANT_JOBS  ?= $(shell echo $$((($(JOBS) + 1) / 2)))
##  mutants    plants each fault of coverage/mutants.yaml (or MUTANTS='globs') and says which corpus caught it
.PHONY: mutants
mutants:
	@$(MAKE) --no-print-directory setup-build setup-check
	@$(MAKE) --no-print-directory -j$(JOBS) build/rel/lockstep build/rel/mutants
	@build/rel/mutants coverage/mutants.yaml . build/mutants '$(MUTANTS)' $(MUTANT_TREES) $(MUTANT_JOBS)

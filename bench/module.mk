# The clock: lockstep-bench, every benchmark through Google Benchmark.

bench_src := $(filter-out %_test.c,$(wildcard bench/*.c))
bench_obj := $(bench_src:%.c=$(B)/%.o) $(B)/bench/gbench.o
CFLAGS_bare := $(GOTO_CFLAGS)

$(B)/bench/gbench.o: bench/gbench.cc bench/gbench.h
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 -I. -O2 -g -Wall -Wextra -Werror -c -o $@ $<

$(B)/lockstep-bench: $(bench_obj) $(B)/libharness.a $(B)/libdevices.a $(B)/libyaml_reader.a $(B)/libengine.a
	$(call say,LD,$@)
	$(Q)$(CXX) $(LDFLAGS) -o $@ $^ -Wl,--as-needed -lbenchmark $(HARNESS_LIBS)

# The programs of exec.c, for the guest.
bench_programs := $(patsubst bench/programs/%.c,$(B)/bench-programs/%,$(wildcard bench/programs/*.c))
$(B)/bench-programs/%: bench/programs/%.c bench/programs/program.h
	$(call say,GUEST,$<)
	@mkdir -p $(@D)
	$(Q)riscv64-linux-gnu-gcc -O2 -static -Wall -Wextra -Werror -o $@ $< -lm

bench_programs += $(B)/bench-programs/hello.dynamic
$(B)/bench-programs/%.dynamic: bench/programs/%.c
	$(call say,GUEST,$<)
	@mkdir -p $(@D)
	$(Q)riscv64-linux-gnu-gcc -O2 -Wall -Wextra -Werror -o $@ $<

##  bench      set up what is missing, build and run the usual benchmarks; or some (BENCH='--benchmark_filter=…')
.PHONY: bench
bench:
	@$(MAKE) --no-print-directory setup-build setup-bench
	@$(MAKE) --no-print-directory -j$(JOBS) $(B)/lockstep-bench all $(bench_programs)
	@$(if $(BENCH),$(B)/lockstep-bench $(BENCH),$(B)/lockstep bench)

##  bench-build     build what lockstep bench and lockstep compare need
##  bench-selftest  how often lockstep compare is wrong on this machine: alone, and with a slow-down planted
.PHONY: bench-build bench-selftest
bench-build: $(B)/lockstep-bench all $(bench_programs)
bench-selftest:
	@$(MAKE) --no-print-directory setup-build setup-bench
	@$(MAKE) --no-print-directory -j$(JOBS) bench-build
	@$(B)/lockstep compare --selftest $(B)

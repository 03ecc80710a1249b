# The board's devices: libdevices.a, and what the generator makes of their descriptions.

devices_src := $(filter-out %_test.c %_fuzz.c,$(shell find devices -name '*.c'))
devices_obj := $(devices_src:%.c=$(B)/%.o) $(device_c:$(GEN)/%.c=$(B)/gen/%.o)
$(devices_obj): | $(GEN_STAMPS)
$(B)/libdevices.a: $(devices_obj)

# ---- what runs in threads, under ThreadSanitizer: with no more of the engine than guest memory needs ----
tsan_bin := $(patsubst %.c,$(B)/tsan/%,$(shell find devices -name '*threads_test.c'))
tsan_engine := $(patsubst %.c,$(B)/%.o,$(wildcard engine/base/*.c) $(addprefix engine/cpu/,mem.c window.c window_access.c access.c vcpu.c))
tsan_engine := $(filter-out %_test.o,$(tsan_engine))
$(B)/tsan/%: $(B)/%.o $(B)/libdevices.a $(tsan_engine)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -lpthread

##  tsan       the tests with threads of devices, under ThreadSanitizer
.PHONY: tsan tsan-run
tsan:
	@$(MAKE) --no-print-directory tsan-run MODE=tsan
tsan-run: $(tsan_bin)
	@for t in $(tsan_bin); do TSAN_OPTIONS=halt_on_error=1 $$t || exit 1; done

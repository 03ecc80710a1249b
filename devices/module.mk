# The board's devices: libdevices.a, and what the generator makes of their descriptions.

devices_src := $(filter-out %_test.c %_fuzz.c,$(shell find devices -name '*.c'))
devices_obj := $(devices_src:%.c=$(B)/%.o) $(device_c:$(GEN)/%.c=$(B)/gen/%.o)
$(devices_obj): | $(GEN_STAMPS)
$(B)/libdevices.a: $(devices_obj)

# The generator, and what it makes of each ISA. It is always built plain, whatever MODE is: it runs on this machine.

GEN_BIN   := build/host/gen
gen_src   := $(filter-out %_test.c %_fuzz.c,$(wildcard specs/gen/*.c specs/yaml/*.c engine/base/*.c))
gen_obj   := $(gen_src:%.c=build/host/%.o)
HOSTFLAGS := -std=gnu17 -I. -MMD -MP -D_GNU_SOURCE $(WARN) -O1 -g

build/host/%.o: %.c
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTFLAGS) -c -o $@ $<

$(GEN_BIN): $(gen_obj)
	$(call say,HOSTLD,$@)
	$(Q)$(CC) -o $@ $^ -lyaml

-include $(gen_obj:.o=.d)

# One stamp per ISA stands for all its generated files, and one for the operations; the generator itself leaves
# unchanged files alone.
ISAS := riscv64
GEN_STAMPS := $(GEN)/ir_ops.stamp $(ISAS:%=$(GEN)/%/stamp)
$(GEN)/ir_ops.stamp: $(GEN_BIN) specs/ir.yaml
	$(call say,GEN,ir_ops)
	@mkdir -p $(@D)
	$(Q)$(GEN_BIN) ops specs/ir.yaml $(@D)
	@touch $@
$(GEN)/%/stamp: $(GEN_BIN) specs/ir.yaml $(wildcard specs/riscv64/*.yaml)
	$(call say,GEN,$*)
	@mkdir -p $(@D)
	$(Q)$(GEN_BIN) specs/ir.yaml specs/$* $(@D)
	@touch $@

gen_c := $(foreach i,$(ISAS),$(addprefix $(GEN)/$i/$i_,tables.c decode.c interp.c interp_window.c lift.c)) $(GEN)/ir_ops.c
gen_h := $(foreach i,$(ISAS),$(addprefix $(GEN)/$i/$i_,state.h sem.h lanes.h)) $(GEN)/ir_refs.h $(GEN)/ir_ops.h
$(gen_c) $(gen_h): $(GEN_STAMPS) ;
.PHONY: gen
gen: $(GEN_STAMPS)

specs_yaml_src := $(filter-out %_test.c %_fuzz.c,$(wildcard specs/yaml/*.c))
$(B)/libyaml_reader.a: $(specs_yaml_src:%.c=$(B)/%.o)

CFLAGS_riscv64_interp := $(GOTO_CFLAGS)
CFLAGS_riscv64_interp_window := $(GOTO_CFLAGS)
CFLAGS_hard_riscv64_interp := $(GOTO_CFLAGS)
CFLAGS_hard_arm64_interp := $(GOTO_CFLAGS)

# The hard rows: small ISAs that prove the language.
HARD        := x86_64 arm64 riscv64
HARD_STAMPS := $(HARD:%=$(GEN)/hard_%/stamp)
$(GEN)/hard_%/stamp: $(GEN_BIN) specs/ir.yaml $(wildcard specs/gen/cases/hard/*/*.yaml)
	$(call say,GEN,hard_$*)
	@mkdir -p $(@D)
	$(Q)$(GEN_BIN) specs/ir.yaml specs/gen/cases/hard/$* $(@D)
	@touch $@

hard_of = $(addprefix $(GEN)/hard_$(1)/hard_$(1)_,$(2))
hard_c := $(call hard_of,x86_64,tables.c undef.c) $(call hard_of,arm64,tables.c decode.c interp.c interp_window.c lift.c) \
          $(call hard_of,riscv64,tables.c decode.c interp.c interp_window.c lift.c)
$(hard_c): $(HARD_STAMPS) ;
$(B)/specs/gen/hard_x86_64_test.o $(B)/specs/gen/hard_x86_64_sse_test.o: $(HARD_STAMPS)
tidy cppcheck headers: $(HARD_STAMPS)

# The generator as a library, for its tests, and what it made of the hard rows.
specs_gen_src := $(filter-out %_test.c %/main.c,$(wildcard specs/gen/*.c))
$(B)/libgen.a: $(specs_gen_src:%.c=$(B)/%.o) $(hard_c:$(GEN)/%.c=$(B)/gen/%.o)

# System calls of Linux guests.
LINUX_STAMP := $(GEN)/linux/stamp
GEN_STAMPS  += $(LINUX_STAMP)
$(LINUX_STAMP): $(GEN_BIN) $(wildcard specs/linux/*.yaml)
	$(call say,GEN,linux)
	@mkdir -p $(@D)
	$(Q)$(GEN_BIN) linux specs/linux $(@D)
	@touch $@
gen_c += $(GEN)/linux/linux_calls.c
gen_h += $(GEN)/linux/linux_calls.h
$(GEN)/linux/linux_calls.c $(GEN)/linux/linux_calls.h: $(LINUX_STAMP) ;

# Devices: a file each, all made by one command each under one stamp.
DEVICE_SPECS := $(wildcard specs/devices/*.yaml)
DEVICE_STAMP := $(GEN)/devices/stamp
GEN_STAMPS   += $(DEVICE_STAMP)
$(DEVICE_STAMP): $(GEN_BIN) $(DEVICE_SPECS)
	$(call say,GEN,devices)
	@mkdir -p $(@D)
	$(Q)for f in $(DEVICE_SPECS); do $(GEN_BIN) device $$f $(@D) || exit 1; done
	@touch $@
device_c := $(DEVICE_SPECS:specs/devices/%.yaml=$(GEN)/devices/%.c)
gen_h    += $(DEVICE_SPECS:specs/devices/%.yaml=$(GEN)/devices/%.h)
$(device_c) $(DEVICE_SPECS:specs/devices/%.yaml=$(GEN)/devices/%.h): $(DEVICE_STAMP) ;

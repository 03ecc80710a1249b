# lockstep: `make run` and `make check` do everything; `make help` lists the rest.
# Each folder adds its own sources and targets in its module.mk; what all of them share is here.

MODE ?= rel
V    ?= 0
CC   ?= gcc
ifeq ($(origin CC),default)
CC   := gcc
endif
CXX  ?= g++

B    := build/$(MODE)
GEN  := build/gen

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
        -Wwrite-strings -Wvla -Wundef -Wno-unused-parameter
CFLAGS_rel  := -O2 -g
CFLAGS_dbg  := -O0 -g3 -DLOCKSTEP_DEBUG
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_cov  := -O0 -g --coverage
ifeq ($(CFLAGS_$(MODE)),)
$(error MODE=$(MODE) is not one of rel dbg asan cov)
endif
# -fno-math-errno etc. are deliberately absent: the engine's floating point is integer code
CFLAGS  := -std=gnu17 -I. -I$(GEN) -MMD -MP -D_GNU_SOURCE $(WARN) $(CFLAGS_$(MODE))
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

MODULES := specs engine accel devices harness bench coverage
include $(wildcard $(MODULES:%=%/module.mk))

# ---- compiling: one rule for our own sources, one for generated ones ----
$(B)/%.o: %.c
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

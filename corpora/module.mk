# Programs for the guest, each built natively, for the guest static, and for the guest dynamically linked: once, whatever MODE is.

PROGRAM_SRC   := $(wildcard corpora/programs/*.c)
PROGRAM_NAMES := $(PROGRAM_SRC:corpora/programs/%.c=%)
PROGRAM_BIN   := $(foreach n,$(PROGRAM_NAMES),$(addprefix build/programs/$n.,native static dynamic))
PROGRAM_FLAGS := -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wno-infinite-recursion -Wno-unused-result -ffp-contract=off
GUEST_CC      := riscv64-linux-gnu-gcc

define program_rule
build/programs/%.$(1): corpora/programs/%.c $(wildcard corpora/programs/*.h)
	$(call say,$(2),$$<)
	@mkdir -p $$(@D)
	$$(Q)if command -v $(firstword $(3)) >/dev/null; then $(3) $$(PROGRAM_FLAGS) -o $$@ $$< -lm -lpthread -lrt; fi
endef
$(eval $(call program_rule,native,CC,gcc))
$(eval $(call program_rule,static,GUEST,$(GUEST_CC) -static))
$(eval $(call program_rule,dynamic,GUEST,$(GUEST_CC)))

# Debian's busybox for the guest, where the mirror has it; else a file that says why not.
GUEST_BUSYBOX := build/guest/busybox-riscv64.tried
$(GUEST_BUSYBOX): corpora/busybox/fetch.sh
	$(call say,FETCH,build/guest/busybox-riscv64)
	$(Q)corpora/busybox/fetch.sh riscv64 build/guest/busybox-riscv64
	@touch $@

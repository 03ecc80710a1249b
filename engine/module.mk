# The engine: a library that needs neither Unicorn nor YAML at run time.

# the list of guests, from the list of ISAs
$(GEN)/guests.c: specs/module.mk
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	@{ echo '#include "engine/guest/guest.h"'; \
	   for i in $(ISAS); do echo "extern const struct guest guest_$$i;"; done; \
	   echo 'const struct guest *const guest_all[] = {'; \
	   for i in $(ISAS); do echo "    &guest_$$i,"; done; echo '    NULL,'; echo '};'; } > $@

engine_src := $(filter-out %_test.c %_fuzz.c,$(shell find engine -name '*.c'))
engine_obj := $(engine_src:%.c=$(B)/%.o) $(patsubst $(GEN)/%.c,$(B)/gen/%.o,$(gen_c) $(GEN)/guests.c)
$(engine_obj): | $(GEN_STAMPS)
$(B)/libengine.a: $(engine_obj)

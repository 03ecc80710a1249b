# The engine: a library that needs neither Unicorn nor YAML at run time.

engine_src := $(filter-out %_test.c %_fuzz.c,$(shell find engine -name '*.c'))
engine_obj := $(engine_src:%.c=$(B)/%.o) $(patsubst $(GEN)/%.c,$(B)/gen/%.o,$(gen_c))
$(engine_obj): | $(GEN_STAMPS)
$(B)/libengine.a: $(engine_obj)

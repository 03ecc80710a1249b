# The engine: a library that needs neither Unicorn nor YAML at run time.

engine_dirs := $(shell find engine -type d)
engine_src  := $(filter-out %_test.c %_fuzz.c,$(wildcard $(engine_dirs:%=%/*.c)))

# base and fp stand alone, so that the generator can link base before anything is generated
base_src := $(wildcard engine/base/*.c)
$(B)/libbase.a: $(patsubst %.c,$(B)/%.o,$(filter-out %_test.c,$(base_src)))

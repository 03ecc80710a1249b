# The judge: libharness.a, and the program `lockstep` around it.

harness_src := $(filter-out %_test.c %_fuzz.c %/main.c,$(wildcard harness/*/*.c))
harness_obj := $(harness_src:%.c=$(B)/%.o)
$(B)/libharness.a: $(harness_obj)

$(B)/lockstep: $(B)/harness/main.o $(B)/libharness.a $(B)/libdevices.a $(B)/libyaml_reader.a $(B)/libengine.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(HARNESS_LIBS)

# JSON Schemas of the file formats, for editors; the first line of a corpus, plan or quirk file names its own
SCHEMA := $(addprefix build/schema/,corpus.json packed.json plan.json quirks.json thresholds.json unreachable.json mutants.json \
    codegen.json benchmarks.json)
all: $(SCHEMA)
build/schema/%.json: $(B)/lockstep
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(B)/lockstep list schema $* > $@

# the package's revision of Unicorn, which its own version number does not say
CFLAGS_unicorn := -DUNICORN_PACKAGE='" (Debian $(shell dpkg-query -W -f='$${Version}' libunicorn-dev 2>/dev/null))"'

# what QEMU loads into itself: a library of its own, without sanitizers or counters, embedded into ours
QEMU_PLUGIN := $(B)/harness/oracle/plugin/qemu_plugin.so
CFLAGS_qemu_plugin := -DQEMU_PLUGIN_FILE='"$(QEMU_PLUGIN)"'
$(B)/harness/oracle/qemu_plugin.o: $(QEMU_PLUGIN)
$(QEMU_PLUGIN): harness/oracle/plugin/qemu_plugin.c harness/oracle/qemu_shared.h
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -I. -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared -fvisibility=hidden -o $@ $<

# the look of the HTML report, which carries it in itself
PAGE_STYLE := harness/page/style.css
CFLAGS_style := -DPAGE_STYLE_FILE='"$(PAGE_STYLE)"'
$(B)/harness/page/style.o: $(PAGE_STYLE)

##  same-bytes  every build of the program that is there (and up to date) packs the same cases into the same bytes
.PHONY: same-bytes
same-bytes:
	@rm -rf build/same-bytes
	@set -e; first=; for m in $(patsubst build/%/lockstep,%,$(wildcard build/*/lockstep)); do \
	    mkdir -p build/same-bytes/$$m; \
	    build/$$m/lockstep gen riscv64 --count 40 --seed 9 --binary -o build/same-bytes/$$m/cases; \
	    build/$$m/lockstep gen riscv64 --kind sequence --count 40 --seed 9 --binary -o build/same-bytes/$$m/sequences; \
	    diff -r build/same-bytes/$${first:=$$m} build/same-bytes/$$m; \
	done

##  picture    the page of the default plan as the README shows it: harness/page/page.png (wants chromium)
.PHONY: picture
picture: all
	@command -v chromium >/dev/null || { echo "picture: there is no chromium ('make setup-check' installs it)"; exit 1; }
	@mkdir -p build/report
	@$(B)/lockstep run corpora/default.yaml --quiet
	@chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1180,1400 \
	    --blink-settings=preferredColorScheme=1 --screenshot=harness/page/page.png \
	    file://$(CURDIR)/build/report/index.html 2>/dev/null

# SPDX-License-Identifier: GPL-2.0-only
#
# One file, no recursion into folders, every product below $(BUILD).
# `make help` lists the targets and variables.

BUILD ?= build
PREFIX ?= /usr/local
VERSION := 0.1.0

.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

# As root in somebody else's tree, what builds runs as the owner of the tree:
# `sudo make demo` must leave nothing behind that the owner's next `make` cannot
# replace (and git refuses root a tree that is not root's).
OWNER := $(shell stat -c '%u' .)
ifneq ($(OWNER),0)
ifeq ($(shell id -u),0)
AS_OWNER := setpriv --reuid=$(OWNER) --regid=$(shell stat -c '%g' .) --clear-groups env HOME=/
endif
endif

# --- tools and flags ---------------------------------------------------------

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
BPFTOOL ?= $(or $(shell command -v bpftool),/usr/sbin/bpftool)
MACHINE := $(shell uname -m)
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(MACHINE)))

WARN := -Wall -Wextra -Werror -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes \
	-Wwrite-strings -Wundef -Wno-missing-field-initializers # tables leave out what is 0
OPT := $(if $(DEBUG),-O0,-O2)
CFLAGS ?= $(OPT) -g
comma := ,
SANITIZE := $(if $(FUZZ),-fsanitize=fuzzer-no-link) \
	$(if $(SAN)$(FUZZ),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all)
C_ALL = -std=gnu11 -D_GNU_SOURCE $(WARN) -fno-omit-frame-pointer -pthread -Iuser -Iinclude \
	$(SANITIZE) $(CFLAGS) $(CPPFLAGS)
LD_ALL = -pthread -Wl,--as-needed $(SANITIZE) $(CFLAGS) $(LDFLAGS)
DEPS = -MMD -MP -MF $@.d
SYSTEM_LIBS := $(or $(shell pkg-config --libs libbpf libdw libelf liblzma zlib 2>/dev/null), \
	-lbpf -ldw -lelf -llzma -lz) -l:libiberty.a -lm

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(patsubst $(BUILD)/%,%,$@))

# --- what there is -----------------------------------------------------------

# In link order: an archive can only call into those behind it.
LAYERS := cmd view export capture symbol unwind lang file core base
SOURCES := $(wildcard user/*.c $(LAYERS:%=user/%/*.c))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
archives = $(foreach l,$(1),$(if $(wildcard user/$(l)/*.c),$(BUILD)/lib$(l).a))

PROGRAM := $(BUILD)/runwait
BPF_SOURCES := $(wildcard bpf/*.bpf.c)
SKELETON := $(if $(BPF_SOURCES),$(BUILD)/gen/runwait.skel.h $(BUILD)/gen/plain.skel.h)

UNIT := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
OOM := $(call objects,tests/unit/oom.c)
UNIT_SUPPORT := $(filter-out tests/unit/test_% tests/unit/oom.c,$(wildcard tests/unit/*.c))
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
PROGRAMS := $(patsubst %,$(BUILD)/%,$(basename $(wildcard tests/programs/*.c tests/programs/*.cc)))
BENCH := $(patsubst %.c,$(BUILD)/%,$(wildcard tools/bench/*.c))

.PHONY: all unit fuzzers programs workloads deps check check-kernels demo bench soak install uninstall clean help lint fuzz FORCE
ifdef AS_OWNER
.NOTPARALLEL: # each of these is a make of its own
all unit fuzzers programs workloads:
	$(Q)$(AS_OWNER) $(MAKE) --no-print-directory $@
else
all: $(PROGRAM)
unit: $(UNIT)
fuzzers: $(FUZZERS)
programs: $(PROGRAMS)
workloads: $(BENCH)
endif

# --- generated ---------------------------------------------------------------

# Files that are rewritten only when what they say has changed: other flags
# rebuild everything, a source that came or went remakes the archives.
define remember
@mkdir -p $(@D)
@printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
endef

$(BUILD)/flags: FORCE
	$(call remember,$(CC) $(C_ALL) $(LD_ALL) $(CLANG) $(BPF_ARCH))
$(BUILD)/sources: FORCE
	$(call remember,$(SOURCES) $(UNIT_SUPPORT) $(BPF_SOURCES))

# A tag says it all; without one the number above and the commit; without git the number.
GIT_VERSION := $(or $(patsubst v%,%,$(shell \
	git --git-dir=.git --work-tree=. describe --tags --match='v[0-9]*' --dirty 2>/dev/null)), \
	$(addprefix $(VERSION)-g,$(shell \
	git --git-dir=.git --work-tree=. describe --always --exclude='*' --dirty 2>/dev/null)), \
	$(VERSION))
$(BUILD)/gen/version.h: FORCE
	$(call remember,#define RUNWAIT_VERSION "$(strip $(GIT_VERSION))")

# What a picture carries along, as a C string without comments and indentation.
$(BUILD)/gen/export/%.h: user/export/%
	$(call say,TEXT)
	@mkdir -p $(@D)
	$(Q)sed -e '/^[[:blank:]]*\/\*.*\*\/$$/d' -e '/^[[:blank:]]*\/\*/,/\*\//d' \
		-e 's/^[[:blank:]]*//' -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' $< >$@

# --- bpf ---------------------------------------------------------------------

# Twice: the plain ones do without kfuncs, see kernel.h.
define bpf_compile
$(call say,BPF)
@mkdir -p $(@D)
$(Q)$(CLANG) -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Werror \
	-Iinclude -Ibpf $(1) $(DEPS) -c $< -o $@
endef
$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(BUILD)/flags
	$(call bpf_compile)
$(BUILD)/bpf/%.plain.o: bpf/%.bpf.c $(BUILD)/flags
	$(call bpf_compile,-DRUNWAIT_PLAIN)

$(BUILD)/runwait.bpf.o: $(BPF_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/sources
$(BUILD)/runwait.plain.o: $(BPF_SOURCES:%.bpf.c=$(BUILD)/%.plain.o) $(BUILD)/sources
$(BUILD)/runwait.bpf.o $(BUILD)/runwait.plain.o:
	$(call say,BPFLINK)
	$(Q)$(BPFTOOL) gen object $@ $(filter %.o,$^)

$(BUILD)/gen/runwait.skel.h: $(BUILD)/runwait.bpf.o
$(BUILD)/gen/plain.skel.h: $(BUILD)/runwait.plain.o
$(BUILD)/gen/%.skel.h:
	$(call say,SKEL)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf >$@

# --- user --------------------------------------------------------------------

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(C_ALL) $(GEN) $(DEPS) -c $< -o $@

# Who sees what is generated: the version one file, the script of pictures
# their exporter, the skeleton capture.
$(BUILD)/obj/user/export/svg.o: GEN = -I$(BUILD)/gen
$(BUILD)/obj/user/export/svg.o: $(patsubst %,$(BUILD)/gen/export/svg.%.h,js css)
$(BUILD)/obj/user/cmd/version.o: GEN = -I$(BUILD)/gen
$(BUILD)/obj/user/cmd/version.o: $(BUILD)/gen/version.h
$(BUILD)/obj/user/capture/%.o: GEN = -I$(BUILD)/gen
$(call objects,$(wildcard user/capture/*.c)): | $(SKELETON)

define archive
$(call say,AR)
$(Q)rm -f $@
$(Q)$(AR) rcsD $@ $(filter %.o,$^)
endef

define layer_rule
$(BUILD)/lib$(1).a: $(call objects,$(wildcard user/$(1)/*.c)) $(BUILD)/sources
	$$(archive)
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(PROGRAM): $(call objects,user/main.c) $(call archives,$(LAYERS))
	$(call say,LD)
	$(Q)$(CC) $(LD_ALL) $^ $(SYSTEM_LIBS) -o $@

# --- tests -------------------------------------------------------------------

# Unit tests see neither the commands nor the kernel, but for those that are
# about them. Allocation goes through tests/unit/oom.c, which can make it fail.
WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup
TEST_LIBS := $(call archives,$(filter-out cmd capture,$(LAYERS)))

$(BUILD)/libtest.a: $(call objects,$(UNIT_SUPPORT)) $(BUILD)/sources
	$(archive)
$(BUILD)/tests/unit/test_cmd%: TEST_LIBS = $(call archives,$(LAYERS))
$(filter $(BUILD)/tests/unit/test_cmd%,$(UNIT)): $(call archives,cmd capture)
$(BUILD)/tests/unit/test_capture%: TEST_LIBS = $(call archives,$(filter-out cmd,$(LAYERS)))
$(filter $(BUILD)/tests/unit/test_capture%,$(UNIT)): $(call archives,capture)
$(UNIT): $(BUILD)/%: $(BUILD)/obj/%.o $(OOM) $(BUILD)/libtest.a $(TEST_LIBS)
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LD_ALL) $(WRAP) $< $(OOM) $(BUILD)/libtest.a $(TEST_LIBS) -lcmocka $(SYSTEM_LIBS) -o $@

# A harness with a main that replays files, or with libFuzzer's (FUZZ=1).
FUZZ_MAIN := $(if $(FUZZ),,$(BUILD)/obj/tests/fuzz/replay.o)
$(FUZZERS): $(BUILD)/%: $(BUILD)/obj/%.o $(FUZZ_MAIN) $(TEST_LIBS)
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LD_ALL) $(if $(FUZZ),-fsanitize=fuzzer) $< $(FUZZ_MAIN) $(TEST_LIBS) \
		$(SYSTEM_LIBS) -o $@

# What is recorded (tests/programs, tools/bench) is an ordinary program: no sanitizers.
TARGET_FLAGS := -O1 -g -fno-omit-frame-pointer -pthread -Wall -Wextra -Werror
# These are about what most programs have: no frame pointers.
$(BUILD)/tests/programs/unwound $(BUILD)/tests/programs/frames: TARGET_FLAGS := \
	-O2 -g -fomit-frame-pointer -pthread -Wall -Wextra -Werror
$(BUILD)/t%: t%.c $(BUILD)/flags
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(TARGET_FLAGS) $(DEPS) $< -o $@ -lm
$(BUILD)/t%: t%.cc $(BUILD)/flags
	$(call say,CXX)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(TARGET_FLAGS) $(DEPS) $< -o $@

lint:
	$(Q)tools/check-layers
	$(Q)tools/check-sizes
	$(Q)CC='$(CC)' CLANG='$(CLANG)' tools/check-headers

FUZZ_SECONDS ?= 60
fuzz:
	$(Q)$(AS_OWNER) $(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=$(CLANG) FUZZ=1 fuzzers
	$(Q)tools/fuzz $(BUILD)/fuzz/tests/fuzz $(FUZZ_SECONDS)

# --- for people --------------------------------------------------------------

# These run make again behind the installation of what this file looks for.
AGAIN = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
deps:
	$(Q)tools/install-deps
check: deps
	+$(Q)$(AGAIN) all unit programs
	+$(Q)$(AGAIN) BUILD=$(BUILD)/san SAN=1 unit fuzzers
	$(Q)BUILD='$(BUILD)' CC='$(CC)' CLANG='$(CLANG)' tests/run
check-kernels:
	+$(Q)$(AGAIN) all programs
	$(Q)BUILD='$(BUILD)' tests/kernels/run
demo: deps
	+$(Q)$(AGAIN) all programs
	$(Q)BUILD='$(BUILD)' tools/demo
SOAK_SECONDS ?= 60
soak: deps
	+$(Q)$(AGAIN) all programs
	$(Q)BUILD='$(BUILD)' SOAK_SECONDS=$(SOAK_SECONDS) tests/live/soak
bench:
	+$(Q)$(AGAIN) all workloads
	$(Q)BUILD='$(BUILD)' tools/bench/run $(BENCH_OPTIONS)

install: all
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/runwait
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/runwait
clean:
	rm -rf $(BUILD)

help:
	@echo 'Targets'
	@echo '  all        build $(PROGRAM) (needs neither root nor network)'
	@echo '  demo       install what is missing, build, record a bundled program, show its report'
	@echo '  check      install what is missing, build, run all tests (the live ones as root)'
	@echo '  check-kernels   the live tests on other kernels, in virtual machines (root; see tests/README.md)'
	@echo '  deps       install what is missing (apt; root)'
	@echo '  install    to $$(DESTDIR)$$(PREFIX)/bin; uninstall takes it away again'
	@echo '  lint       layers, headers and sizes'
	@echo '  unit, fuzzers, programs   build tests only'
	@echo '  fuzz       fuzz each harness for FUZZ_SECONDS (60) with libFuzzer'
	@echo '  soak       record 100,000 switches a second for SOAK_SECONDS (60; root)'
	@echo '  bench      cost against other tools (root); BENCH_OPTIONS="--quick --markdown ..."'
	@echo '  clean      remove $(BUILD)/'
	@echo 'Variables'
	@echo '  V=1 show commands   DEBUG=1 -O0   SAN=1 address and undefined sanitizers'
	@echo '  CC=clang   CFLAGS   LDFLAGS   BUILD=$(BUILD)   PREFIX=$(PREFIX)   DESTDIR'

ALL_OBJECTS := $(call objects,$(SOURCES) $(wildcard tests/unit/*.c tests/fuzz/*.c)) $(PROGRAMS) $(BENCH) \
	$(foreach o,bpf plain,$(BPF_SOURCES:%.bpf.c=$(BUILD)/%.$(o).o))
-include $(addsuffix .d,$(ALL_OBJECTS))

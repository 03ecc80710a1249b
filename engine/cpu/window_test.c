/* The window: what the guest may do there and what it is told when it may not, pages with translations, other
 * threads, and addresses that no program should use. */
#include "engine/cpu/window_test.h"

#include "engine/cpu/atomic.h"
#include "engine/guest/guest.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

enum { RW = CPU_READ | CPU_WRITE, RX = CPU_READ | CPU_EXEC, RWX = RW | CPU_EXEC };

static const uint64_t END = 1ull << MEM_WINDOW_BITS;

struct fixture {
    struct mem m;
    struct vcpu *c;
};

/* 0x10000 code | 0x20000, 0x21000 data | 0x22000 read-only | 0x24000 all | the last page: data */
static struct fixture *fixture_new(void)
{
    struct fixture *f = xcalloc(1, sizeof(*f));
    mem_init(&f->m);
    BUG_ON(mem_window_open(&f->m));
    test_map(&f->m, 0x10000, 0x1000, RX);
    test_map(&f->m, 0x20000, 0x2000, RW);
    test_map(&f->m, 0x22000, 0x1000, CPU_READ);
    test_map(&f->m, 0x24000, 0x1000, RWX);
    test_map(&f->m, END - 0x1000, 0x1000, RW);
    f->c = vcpu_new(guest_find("riscv64"), &f->m);
    BUG_ON(!f->c);
    test_cpu = f->c;
    test_handlers(); /* not earlier: cmocka has put its own there before the test */
    return f;
}

static void fixture_free(struct fixture *f)
{
    test_cpu = NULL;
    vcpu_free(f->c);
    mem_free(&f->m);
    free(f);
}

static void expect_fault(struct vcpu *c, bool ok, const char *cause, uint64_t value)
{
    assert_false(ok);
    assert_int_equal(c->exit.kind, EXIT_FAULT);
    assert_string_equal(c->guest->causes[c->exit.cause].name, cause);
    assert_int_equal(c->exit.value, value);
    c->exit = (struct cpu_exit){0};
}

/* By the inlined access when `fast`, else by the function that any size goes through. */
static bool load(struct vcpu *c, bool fast, uint64_t addr, unsigned size, uint64_t *v)
{
    uint8_t v8 = 0;
    uint16_t v16 = 0;
    uint32_t v32 = 0;
    bool ok;
    *v = 0;
    switch (fast ? size : 0) {
    case 1: ok = window_load8(c, addr, &v8); return *v = v8, ok;
    case 2: ok = window_load16(c, addr, &v16); return *v = v16, ok;
    case 4: ok = window_load32(c, addr, &v32); return *v = v32, ok;
    case 8: return window_load64(c, addr, v);
    default: return cpu_load_slow(c, addr, v, size);
    }
}

static bool store(struct vcpu *c, bool fast, uint64_t addr, unsigned size, uint64_t v)
{
    switch (fast ? size : 0) {
    case 1: return window_store8(c, addr, (uint8_t)v);
    case 2: return window_store16(c, addr, (uint16_t)v);
    case 4: return window_store32(c, addr, (uint32_t)v);
    case 8: return window_store64(c, addr, v);
    default: return cpu_store_slow(c, addr, &v, size);
    }
}

static void test_every_alignment(void **state)
{
    struct fixture *f = fixture_new();
    const uint64_t middles[] = {0x21000, 0x20800, END - 0x800};
    for (unsigned i = 0; i < ARRAY_LEN(middles) * 17 * 8; i++) {
        unsigned size = 1u << (i % 4);
        uint64_t addr = middles[i / 8 / 17] + (i / 8 % 17) - 8, v = 0, want = 0;
        const uint64_t data = 0x8877665544332211 + i;
        assert_true(store(f->c, i & 4, addr, size, data));
        assert_true(load(f->c, i & 4, addr, size, &v));
        assert_int_equal(v, data & bits_mask(size * 8));
        assert_int_equal(mem_read(&f->m, addr, &want, size), 0);
        assert_int_equal(v, want);
    }
    fixture_free(f);
}

static void test_faults(void **state)
{
    static const struct {
        uint64_t addr, value;
        unsigned size;
        bool write;
    } t[] = {
        {0x30000, 0x30000, 4, false},
        {0x22008, 0x22008, 8, true},
        {0x10000, 0x10000, 1, true},
        {0x22ffd, 0x23000, 8, false}, /* the first byte that may not be */
        {0x1fffd, 0x1fffd, 8, false},
        {0x23ffe, 0x23ffe, 4, false},
        {0x21ffd, 0x22000, 8, true},
        {0x24fff, 0x25000, 2, true},
        {0x23fff, 0x23fff, 2, true},
        {END, END, 1, false},
        {END - 1, END, 2, true},
        {END - 7, END, 8, false},
        {0, 0, 8, true},
        {~0ull, ~0ull, 8, false},
        {1ull << 47, 1ull << 47, 8, true},
        {0xffff800000000000, 0xffff800000000000, 8, false},
        {0x0123456789abcdef, 0x0123456789abcdef, 2, true},
        {-(4ull << 30), -(4ull << 30), 8, true}, /* the guard below, were it reached */
        {END + (4ull << 30) - 8, END + (4ull << 30) - 8, 8, false},
    };
    struct fixture *f = fixture_new();
    for (unsigned i = 0; i < 2 * ARRAY_LEN(t); i++) {
        uint64_t v;
        unsigned k = i / 2;
        bool ok = t[k].write ? store(f->c, i & 1, t[k].addr, t[k].size, ~0ull)
                             : load(f->c, i & 1, t[k].addr, t[k].size, &v);
        expect_fault(f->c, ok, t[k].write ? "store-access" : "load-access", t[k].value);
    }
    fixture_free(f);
}

static void test_crossing_store_is_all_or_nothing(void **state)
{
    struct fixture *f = fixture_new();
    uint64_t v, wide[2] = {~0ull, ~0ull};
    for (unsigned i = 0; i < 2 * 7; i++) {
        expect_fault(f->c, store(f->c, i & 1, 0x21ff9 + i / 2, 8, ~0ull), "store-access", 0x22000);
        assert_int_equal(mem_read(&f->m, 0x21ff8, &v, 8), 0);
        assert_int_equal(v, 0);
    }
    expect_fault(f->c, cpu_store_slow(f->c, 0x21ff8, wide, 16), "store-access", 0x22000);
    expect_fault(f->c, cpu_store_zeros(f->c, 0x24000 - 8, 64), "store-access", 0x23ff8);
    assert_int_equal(mem_read(&f->m, 0x21ff8, &v, 8), 0);
    assert_int_equal(v, 0);
    fixture_free(f);
}

static void test_checks(void **state)
{
    struct fixture *f = fixture_new();
    struct vcpu *c = f->c;
    assert_true(cpu_check(c, 0x20000, 0x3000, CPU_READ));
    expect_fault(c, cpu_check(c, 0x20000, 0x3000, CPU_WRITE), "store-access", 0x22000);
    expect_fault(c, cpu_check(c, 0x10fff, 2, CPU_EXEC), "fetch-access", 0x11000);
    assert_true(cpu_check_any(c, 0x21000, 0x2000));
    expect_fault(c, cpu_check_any(c, 0x22fff, 2), "store-access", 0x23000);
    test_map(&f->m, 0x26000, 0x1000, CPU_EXEC); /* no host can forbid reading what may be fetched */
    assert_true(cpu_check(c, 0x26000, 8, CPU_READ));
    assert_int_equal(c->host_signal, 0);
    fixture_free(f);
}

static void test_fetch(void **state)
{
    struct fixture *f = fixture_new();
    uint32_t word = 0;
    unsigned got;
    assert_int_equal(mem_write(&f->m, 0x10ffc, &(uint32_t){0x11223344}, 4), 0); /* no permission needed */
    assert_true(cpu_fetch(f->c, 0x10ffc, &word, 4, &got));
    assert_int_equal(got, 4);
    assert_int_equal(word, 0x11223344);
    assert_true(cpu_fetch(f->c, 0x10ffe, &word, 4, &got));
    assert_int_equal(got, 2);
    expect_fault(f->c, cpu_fetch(f->c, 0x11000, &word, 4, &got), "fetch-access", 0x11000);
    expect_fault(f->c, cpu_fetch(f->c, 0x20000, &word, 4, &got), "fetch-access", 0x20000);
    expect_fault(f->c, cpu_fetch(f->c, ~1ull, &word, 4, &got), "fetch-access", ~1ull);
    assert_int_equal(mem_write(&f->m, 0x10ffe, &word, 4), -EFAULT);
    assert_int_equal(mem_read(&f->m, END - 2, &word, 4), -EFAULT);
    fixture_free(f);
}

static void test_atomics(void **state)
{
    struct fixture *f = fixture_new();
    struct vcpu *c = f->c;
    bool stored;
    uint64_t *p = cpu_host_rw(c, 0x20000, 8), old = 0;
    assert_non_null(p);
    assert_int_equal(cpu_atomic_cas64(c, p, &old, 5), 1);
    assert_int_equal(cpu_atomic_cas64(c, p, &old, 6), 0);
    assert_int_equal(old, 5);
    unsigned __int128 old128 = 5;
    assert_int_equal(cpu_atomic_cas128(c, p, &old128, (unsigned __int128)1 << 64), 1);
    assert_true(cpu_atomic_load128(c, p, &old128) && old128 == (unsigned __int128)1 << 64);
    assert_true(cpu_store_if(c, 0x20008, 4, 7, true, 1, &stored) && stored);
    assert_null(cpu_host_rw(c, 0x22000, 8));
    expect_fault(c, false, "store-access", 0x22000);
    expect_fault(c, cpu_store_if(c, END, 4, 7, true, 1, &stored), "store-access", END);
    /* the page goes away after its permissions were looked at */
    munmap(mem_host(&f->m, 0x20000), CPU_PAGE);
    expect_fault(c, cpu_atomic_load64(c, p, &old), "store-access", 0x20000);
    expect_fault(c, cpu_atomic_cas64(c, p + 1, &old, 6) > 0, "store-access", 0x20008);
    expect_fault(c, cpu_atomic_cas128(c, p + 2, &old128, 6) > 0, "store-access", 0x20010);
    expect_fault(c, cpu_store_if(c, 0x20008, 8, 7, true, 1, &stored), "store-access", 0x20008);
    fixture_free(f);
}

/* A mapping longer than its file: SIGBUS, which the permissions know nothing of. */
static void test_end_of_file(void **state)
{
    struct fixture *f = fixture_new();
    struct vcpu *c = f->c;
    uint64_t v;
    unsigned got;
    int fd = memfd_create("short", 0);
    assert_int_equal(ftruncate(fd, CPU_PAGE), 0);
    test_map_file(&f->m, 0x40000, 2 * CPU_PAGE, RWX, fd);
    close(fd);
    for (unsigned fast = 0; fast < 2; fast++) {
        assert_true(store(c, fast, 0x40ff8, 8, 1));
        expect_fault(c, load(c, fast, 0x40ffc, 8, &v), "load-access", 0x41000);
        assert_int_equal(c->host_signal, SIGBUS);
        assert_int_equal(c->host_addr, 0x41000);
        expect_fault(c, store(c, fast, 0x41018, 8, 1), "store-access", 0x41018);
        assert_int_equal(c->host_signal, SIGBUS);
        expect_fault(c, load(c, fast, 0x30000, 8, &v), "load-access", 0x30000);
        assert_int_equal(c->host_signal, SIGSEGV);
    }
    assert_true(cpu_fetch(c, 0x40ffe, &v, 4, &got));
    assert_int_equal(got, 2);
    expect_fault(c, cpu_fetch(c, 0x41000, &v, 4, &got), "fetch-access", 0x41000);
    expect_fault(c, cpu_store_zeros(c, 0x41040, 64), "store-access", 0x41040);
    assert_false(window_copy_in(&f->m, &v, 0x40ffc, 8));
    assert_false(window_copy_out(&f->m, 0x40ffc, &v, 8));
    assert_int_equal(mem_read(&f->m, 0x41000, &v, 8), -EFAULT);
    expect_fault(c, load(c, true, END, 1, &v), "load-access", END);
    assert_int_equal(c->host_signal, 0); /* no host fault was needed */
    fixture_free(f);
}

static void test_watched_pages(void **state)
{
    struct fixture *f = fixture_new();
    struct mem *m = &f->m;
    uint64_t epoch = mem_code_epoch(m), v;
    for (unsigned fast = 0; fast < 2; fast++) {
        cpu_watch_code(f->c, 0x24ff0, 32); /* its second page is not mapped */
        assert_int_equal(m->pages[0x24], RWX | MEM_WATCHED);
        assert_int_equal(m->pages[0x25], 0);
        assert_true(load(f->c, fast, 0x24000, 8, &v));
        assert_int_equal(mem_code_epoch(m), epoch);
        assert_true(store(f->c, fast, 0x24000, 8, 1));
        assert_int_equal(m->pages[0x24], RWX);
        assert_int_equal(mem_code_epoch(m), ++epoch);
        assert_true(store(f->c, fast, 0x24000, 8, 2));
        assert_int_equal(mem_code_epoch(m), epoch); /* nobody has translated it again since */
    }
    test_map(m, 0x25000, 0x1000, RW);
    epoch = mem_code_epoch(m);
    cpu_watch_code(f->c, 0x24000, 0x2000);
    assert_true(store(f->c, true, 0x24ffc, 8, ~0ull)); /* across two watched pages */
    assert_true(mem_code_epoch(m) > epoch);
    assert_int_equal(mem_read(m, 0x24ffc, &v, 8), 0);
    assert_int_equal(v, ~0ull);
    fixture_free(f);
}

static void test_watched_pages_and_the_host(void **state)
{
    struct fixture *f = fixture_new();
    struct mem *m = &f->m;
    uint64_t epoch = mem_code_epoch(m), v = 0x55;
    uint32_t old = 0x55;
    test_cpu = NULL; /* as on a thread without a vcpu */
    window_watch(m, 0x24000, 1);
    assert_true(window_copy_out(m, 0x24000, &v, 8));
    assert_int_equal(mem_code_epoch(m), ++epoch);
    window_watch(m, 0x24000, 1);
    assert_int_equal(window_cas32(m, 0x24000, &old, 0x66), 1);
    assert_int_equal(mem_code_epoch(m), ++epoch);
    window_watch(m, 0x24000, 1);
    assert_true(window_write32(m, 0x24000, 0x77));
    assert_int_equal(mem_code_epoch(m), ++epoch);
    assert_true(window_read32(m, 0x24000, &old));
    assert_int_equal(old, 0x77);
    /* a debugger's write, to code that the guest may only execute */
    window_watch(m, 0x10000, 1);
    assert_int_equal(m->pages[0x10], RX | MEM_WATCHED);
    assert_int_equal(mem_write(m, 0x10000, &v, 8), 0);
    assert_int_equal(m->pages[0x10], RX);
    assert_int_equal(mem_code_epoch(m), ++epoch);
    assert_false(mem_unwatch(m, 0, END));
    window_watch(m, 0x24000, 1);
    assert_true(mem_unwatch(m, 0x24fff, 1));
    assert_int_equal(mem_code_epoch(m), ++epoch);
    memset(mem_host(m, 0x24000), 1, 16); /* the kernel can write there now */
    fixture_free(f);
}

static void test_changed_permissions(void **state)
{
    struct fixture *f = fixture_new();
    struct mem *m = &f->m;
    uint64_t epoch = mem_code_epoch(m);
    test_map(m, 0x28000, 0x1000, RW);
    assert_int_equal(mem_code_epoch(m), epoch);
    test_map(m, 0x28000, 0x1000, RX); /* a block may have ended here because it was not executable */
    assert_int_equal(mem_code_epoch(m), ++epoch);
    cpu_watch_code(f->c, 0x28000, 4);
    test_map(m, 0x28000, 0x1000, RX);
    assert_int_equal(mem_code_epoch(m), ++epoch);
    cpu_watch_code(f->c, 0x28000, 4);
    mem_pages(m, 0, END, 0);
    assert_int_equal(mem_code_epoch(m), ++epoch);
    expect_fault(f->c, cpu_check(f->c, 0x28000, 1, CPU_READ), "load-access", 0x28000);
    mem_pages(m, END - CPU_PAGE, 1ull << 60, CPU_READ); /* beyond the end there is nothing to say */
    mem_pages(m, END, 1ull << 60, CPU_READ);
    mem_pages(m, 1ull << 63, 0, CPU_READ);
    assert_int_equal(m->pages[(END >> CPU_PAGE_BITS) - 1], CPU_READ);
    fixture_free(f);
}

/* Copies with bounds that wrap, and what no handler of ours may take for its own. */
static void test_wild_copies(void **state)
{
    struct fixture *f = fixture_new();
    uint64_t v = 0;
    uint32_t w = 0;
    assert_false(window_copy_in(&f->m, &v, END - 4, 8));
    assert_false(window_copy_in(&f->m, &v, ~0ull - 3, 8));
    assert_false(window_copy_in(&f->m, &v, 8, SIZE_MAX - 4));
    assert_false(window_copy_out(&f->m, END, &v, 1));
    assert_false(window_copy_out(&f->m, 0x22000, &v, 8));
    assert_true(window_copy_in(&f->m, &v, END, 0));
    assert_false(window_read32(&f->m, 0x30000, &w));
    assert_false(window_read32(&f->m, 0x20001, &w)); /* not aligned */
    assert_false(window_write32(&f->m, 0x22000, w));
    assert_int_equal(window_cas32(&f->m, 0x22000, &w, 1), -1);
    assert_int_equal(window_cas32(&f->m, ~3ull, &w, 1), -1);
    siginfo_t info = {.si_signo = SIGSEGV, .si_code = SI_USER};
    ucontext_t context = {0};
    assert_false(cpu_host_fault(f->c, SIGSEGV, &info, &context)); /* sent by kill */
    info.si_code = SEGV_MAPERR;
    assert_false(cpu_host_fault(f->c, SIGSEGV, &info, &context)); /* of no instruction of ours */
    assert_false(cpu_host_fault(NULL, SIGSEGV, &info, &context));
    assert_false(cpu_host_fault(f->c, SIGILL, &info, &context));
    fixture_free(f);
}

static void test_random_addresses(void **state)
{
    struct fixture *f = fixture_new();
    struct rng rng = {7};
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t r = rng_next(&rng), v, addr = rng_next(&rng) >> (r % 64);
        unsigned size = 1u << (r >> 8 & 3), got;
        if (r >> 16 & 1) addr = -addr;
        if (r >> 17 & 1) addr = 0x20000 + addr % 0x6000;
        bool may_read = !window_find_denied(&f->m, addr, size, CPU_READ, false, &v);
        bool may_write = !window_find_denied(&f->m, addr, size, CPU_WRITE, false, &v);
        assert_int_equal(load(f->c, r >> 20 & 1, addr, size, &v), may_read);
        assert_int_equal(store(f->c, r >> 20 & 1, addr, size, r), may_write);
        assert_int_equal(window_copy_in(&f->m, &v, addr, size), may_read);
        assert_int_equal(window_copy_out(&f->m, addr, &r, size), may_write);
        assert_int_equal(cpu_fetch(f->c, addr & ~1ull, &v, 2, &got),
                         cpu_check(f->c, addr & ~1ull, 2, CPU_EXEC));
        assert_int_equal(cpu_host_rw(f->c, addr & ~7ull, 8) != NULL,
                         cpu_check(f->c, addr & ~7ull, 8, CPU_WRITE));
        if (r >> 21 & 1) cpu_watch_code(f->c, addr, size);
    }
    fixture_free(f);
}

/* Whatever happens around the window, nothing is mapped there. */
static void test_guards(void **state)
{
    struct fixture *f = fixture_new();
    struct mem second;
    unsigned char present;
    mem_init(&second);
    assert_int_equal(mem_window_open(&second), 0); /* with what room is left */
    const struct mem *m[] = {&f->m, &second};
    for (unsigned i = 0; i < 2; i++) {
        uint8_t byte;
        assert_true(m[i]->guard >= 4ull << 30);
        const uint64_t at[] = {-m[i]->below, -4096ull, END, END + m[i]->guard - 4096};
        for (unsigned k = 0; k < ARRAY_LEN(at); k++) {
            assert_int_equal(mincore(mem_host(m[i], at[k]), 4096, &present), 0); /* reserved */
            assert_int_equal(host_copy(&byte, mem_host(m[i], at[k]), 1), 1);     /* and inaccessible */
        }
    }
    mem_free(&second);
    fixture_free(f);
}

/* ---- threads ---- */

struct race {
    struct fixture *f;
    bool stop;       /* the writers should end */
    uint64_t writes; /* made */
};

enum { SHARED = 0x24000 };

static void *writer(void *arg)
{
    struct race *r = arg;
    struct vcpu *c = vcpu_new(r->f->c->guest, &r->f->m);
    uint64_t n = 0;
    test_cpu = c;
    while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
        BUG_ON(!window_store32(c, SHARED, (uint32_t)++n));
        if (n % 64 == 0) sched_yield();
    }
    __atomic_fetch_add(&r->writes, n, __ATOMIC_RELAXED);
    test_cpu = NULL;
    vcpu_free(c);
    return NULL;
}

/* Who watched a page, read it, and knows an epoch from before, sees a newer one before a newer value. */
static void test_no_write_goes_unseen(void **state)
{
    struct fixture *f = fixture_new();
    struct race r = {.f = f};
    pthread_t t[2];
    for (unsigned i = 0; i < ARRAY_LEN(t); i++) assert_int_equal(pthread_create(&t[i], NULL, writer, &r), 0);
    unsigned changed = 0;
    for (unsigned i = 0; i < 200; i++) {
        uint64_t epoch = mem_code_epoch(&f->m);
        uint32_t before = 0, after = 0;
        cpu_watch_code(f->c, SHARED, 4);
        assert_true(window_load32(f->c, SHARED, &before));
        after = before;
        for (unsigned k = 0; k < 1000 && after == before; k++) {
            if (i % 2) sched_yield();
            assert_true(window_load32(f->c, SHARED, &after));
        }
        if (before == after) continue;
        changed++;
        assert_true(mem_code_epoch(&f->m) != epoch);
    }
    __atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < ARRAY_LEN(t); i++) pthread_join(t[i], NULL);
    assert_true(changed > 0);
    assert_true(r.writes > 0);
    fixture_free(f);
}

static void *remapper(void *arg)
{
    struct race *r = arg;
    while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
        test_map(&r->f->m, SHARED, CPU_PAGE, RWX);
        mem_lock(&r->f->m);
        mem_lock(&r->f->m); /* the owner may take it again */
        munmap(mem_host(&r->f->m, SHARED), CPU_PAGE);
        mem_pages(&r->f->m, SHARED, CPU_PAGE, 0);
        mem_unlock(&r->f->m);
        mem_unlock(&r->f->m);
    }
    return NULL;
}

/* Memory that comes and goes: every access works or is a fault there. */
static void test_memory_that_goes_away(void **state)
{
    struct fixture *f = fixture_new();
    struct vcpu *c = f->c;
    struct race r = {.f = f};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, remapper, &r), 0);
    unsigned faults = 0;
    for (unsigned i = 0; i < 4000 || (!faults && i < 4000000); i++) {
        uint64_t v, old = 0;
        unsigned got;
        bool ok = true, stored;
        c->exit = (struct cpu_exit){.value = SHARED};
        switch (i % 8) {
        case 0: ok = load(c, true, SHARED, 8, &v); break;
        case 1: ok = store(c, true, SHARED, 8, i); break;
        case 2: ok = cpu_store_zeros(c, SHARED, 64); break;
        case 3: ok = cpu_fetch(c, SHARED, &v, 4, &got); break;
        case 4: ok = cpu_store_if(c, SHARED, 8, i, true, 0, &stored); break;
        case 5: ok = window_copy_out(&f->m, SHARED, &old, 8); break;
        case 6: ok = window_cas32(&f->m, SHARED, &(uint32_t){0}, 1) >= 0; break;
        default: cpu_watch_code(c, SHARED, 4); break;
        }
        faults += !ok;
        assert_int_equal(c->exit.value, SHARED);
    }
    __atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
    pthread_join(t, NULL);
    assert_true(faults > 0);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_alignment),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_crossing_store_is_all_or_nothing),
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_fetch),
        cmocka_unit_test(test_atomics),
        cmocka_unit_test(test_end_of_file),
        cmocka_unit_test(test_watched_pages),
        cmocka_unit_test(test_watched_pages_and_the_host),
        cmocka_unit_test(test_changed_permissions),
        cmocka_unit_test(test_wild_copies),
        cmocka_unit_test(test_random_addresses),
        cmocka_unit_test(test_guards),
        cmocka_unit_test(test_no_write_goes_unseen),
        cmocka_unit_test(test_memory_that_goes_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

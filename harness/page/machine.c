/* What was run, by what, on which machine. */
#include "harness/clock/measure.h"
#include "harness/page/page.h"

#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

static void item(struct page *p, const char *name, const char *text)
{
    page_printf(p, "<dt>%s</dt><dd>", name);
    page_text(p, text);
    page_raw(p, "</dd>\n");
}

static void texts(struct page *p, const char *name, const char *const *items, unsigned n)
{
    struct buf b = {0};
    for (unsigned i = 0; i < n; i++) buf_printf(&b, "%s%s", i ? ", " : "", items[i]);
    if (n) item(p, name, buf_cstr(&b));
    buf_free(&b);
}

static void write_lineup(struct page *p)
{
    const struct lineup *l = p->info->lineup;
    for (unsigned i = 0; i < l->n; i++) {
        const struct backend *b = l->entries[i].backend;
        struct buf text = {0};
        buf_str(&text, b->name);
        if (b->version) buf_printf(&text, ", %s", b->version());
        item(p, l->entries[i].oracle ? "Oracle" : "Under test", buf_cstr(&text));
        buf_free(&text);
    }
}

/* Of the project that this program was built in. */
static void read_environment(struct environment *e)
{
    char self[PATH_MAX];
    struct arena a = {0};
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = 0;
    environment_read(e, n > 0 ? build_root(self, &a) : NULL);
    arena_free(&a);
}

static void write_environment(struct page *p)
{
    struct environment e;
    struct buf text = {0};
    read_environment(&e);
    if (*e.commit) item(p, "Commit", e.commit);
    environment_machine(&e, &text);
    item(p, "Machine", buf_cstr(&text));
    item(p, "Governor", *e.governor ? e.governor : "unknown");
    buf_reset(&text);
    buf_printf(&text, "%.2f", e.load);
    item(p, "Load", buf_cstr(&text));
    buf_reset(&text);
    environment_warn(&e, &text);
    if (text.len) item(p, "Mind with times", buf_cstr(&text));
    buf_free(&text);
}

void page_machine(struct page *p)
{
    const struct run_info *info = p->info;
    char text[128];
    page_raw(p, "<dl class=\"facts\">\n");
    texts(p, "Corpora", info->paths, info->npaths);
    texts(p, "Filter", info->globs, info->nglobs);
    write_lineup(p);
    snprintf(text, sizeof(text), "%" PRIu64, info->seed);
    item(p, "Seed", text);
    if (*info->options) item(p, "Options", info->options);
    snprintf(text, sizeof(text), "%.1f s, %u job%s", info->seconds, info->jobs, info->jobs == 1 ? "" : "s");
    item(p, "Time", text);
    write_environment(p);
    page_raw(p, "</dl>\n");
}

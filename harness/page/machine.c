/* What was run, by what, on which machine. */
#include "harness/page/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
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
        if (b->version) buf_printf(&text, " %s", b->version());
        item(p, l->entries[i].oracle ? "Oracle" : "Under test", buf_cstr(&text));
        buf_free(&text);
    }
}

/* The first line of a file that begins with `key`, from behind the ':' if there is one; or the first line. */
static bool line_of(const char *path, const char *key, char *text, size_t size)
{
    FILE *f = fopen(path, "re");
    bool found = false;
    while (f && !found && fgets(text, (int)size, f)) found = !strncmp(text, key, strlen(key));
    if (f) fclose(f);
    if (!found) return false;
    text[strcspn(text, "\n")] = 0;
    char *colon = *key ? strchr(text, ':') : NULL;
    if (colon)
        memmove(text, colon + 1 + strspn(colon + 1, " \t"), strlen(colon + 1 + strspn(colon + 1, " \t")) + 1);
    return true;
}

static void write_host(struct page *p)
{
    char text[256], more[256];
    struct utsname u;
    double load[3];
    if (line_of("/proc/cpuinfo", "model name", more, sizeof(more))) {
        snprintf(text, sizeof(text), "%.180s, %ld online", more, sysconf(_SC_NPROCESSORS_ONLN));
        item(p, "Processor", text);
    }
    if (line_of("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "", text, sizeof(text)))
        item(p, "Governor", text);
    if (getloadavg(load, 3) == 3) {
        snprintf(text, sizeof(text), "%.2f, %.2f, %.2f", load[0], load[1], load[2]);
        item(p, "Load", text);
    }
    if (uname(&u)) return;
    snprintf(text, sizeof(text), "%s %s, %s", u.sysname, u.release, u.machine);
    item(p, "System", text);
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
    write_host(p);
    item(p, "Built by", "a C compiler, " __VERSION__);
    page_raw(p, "</dl>\n");
}

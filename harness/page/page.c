#include "harness/page/page.h"

#include "harness/kinds/kind.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WRITE_AT = 64 * 1024 };

const struct mark_text mark_texts[MARKS] = {
    [MARK_PASS] = {"p", "passes", "the deeper, the more of its bins were checked"},
    [MARK_FAIL] = {"f", "fails", "this backend stands against the others"},
    [MARK_UNCHECKED] = {"u", "unchecked", "it ran; no oracle and no manual agreed"},
    [MARK_UNSUPPORTED] = {"n", "unsupported", "there are cases, but it gave no result"},
    [MARK_IDLE] = {"i", "no case", "nothing in this run is about it, or it is not done yet"},
};

static bool something_failed(const struct page *p)
{
    return p->tally->clusters.n > 0;
}

/* In the order of the page. */
static const struct {
    const char *id, *title;              /* anchor and heading; id NULL: not in the list on top */
    void (*write)(struct page *);        /* all of it, but the heading */
    bool (*wanted)(const struct page *); /* there is something to say; NULL: always */
} sections[] = {
    {NULL, NULL, page_head, NULL},           {"causes", "Causes", page_causes, something_failed},
    {"map", "Opcode map", page_map, NULL},   {"holes", "What nobody checked", page_holes, NULL},
    {"speed", "Speed", page_speed, NULL},    {"rows", "Instructions", page_rows, NULL},
    {"run", "This run", page_machine, NULL},
};

extern const char page_style[]; /* style.css */

/* ---- writing ---- */

void page_flush(struct page *p)
{
    if (fwrite(buf_cstr(&p->b), 1, p->b.len, p->f) != p->b.len && !p->error) p->error = errno;
    buf_reset(&p->b);
}

static void room(struct page *p)
{
    if (p->b.len >= WRITE_AT) page_flush(p);
}

void page_raw(struct page *p, const char *html)
{
    buf_str(&p->b, html);
    room(p);
}

void page_text(struct page *p, const char *text)
{
    text_xml(&p->b, text);
    room(p);
}

void page_printf(struct page *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&p->b, fmt, ap);
    va_end(ap);
    room(p);
}

void page_count(struct page *p, uint64_t n)
{
    char digits[32];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) buf_str(&p->b, "\u202f"); /* a narrow space that does not break */
        buf_char(&p->b, digits[i]);
    }
}

/* ---- what sections share ---- */

int page_covers(const struct page *p, unsigned entry)
{
    const struct ledger *l = p->cover ? p->cover->ledger : NULL;
    const struct lineup_entry *e = &p->info->lineup->entries[entry];
    for (unsigned b = 0; l && !e->oracle && b < l->nbackends; b++)
        if (!strcmp(l->backends[b], e->backend->name)) return (int)b;
    return -1;
}

bool page_serves(const struct page *p, unsigned subject, unsigned entry)
{
    const struct case_kind *kind = p->info->lineup->entries[entry].kind;
    return p->sums->subjects[subject].subject->kind == (kind ? kind : &kind_instruction);
}

struct cover_sum page_bins(const struct page *p, unsigned subject, unsigned row, unsigned entry)
{
    struct cover_sum s = {0};
    int b = page_covers(p, entry);
    if (b >= 0) cover_row(p->cover, subject, row, (unsigned)b, &s);
    return s;
}

enum mark page_mark(const struct page *p, unsigned subject, unsigned row, unsigned entry)
{
    const struct row_sum *s = &p->sums->subjects[subject].rows[row];
    const struct row_on *on = &s->on[entry];
    struct cover_sum bins = page_bins(p, subject, row, entry);
    bool ran = on->ran || bins.executed, checked = on->checked || bins.checked;
    if (on->failed) return MARK_FAIL;
    if (ran) return checked || p->info->lineup->entries[entry].oracle ? MARK_PASS : MARK_UNCHECKED;
    return s->cases ? MARK_UNSUPPORTED : MARK_IDLE;
}

/* ---- the frame ---- */

static bool wanted(const struct page *p, size_t section)
{
    return !sections[section].wanted || sections[section].wanted(p);
}

/* The page may load nothing: what it shows is in it. */
static void write_top(struct page *p)
{
    page_raw(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'; img-src data:\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<link rel=\"icon\" href=\"data:,\">\n<title>lockstep: ");
    struct buf line = {0};
    tally_line(p->tally, &line);
    page_text(p, buf_cstr(&line));
    buf_free(&line);
    page_raw(p, "</title>\n<style>\n");
    page_raw(p, page_style);
    page_raw(p, "</style>\n</head>\n<body>\n<nav aria-label=\"Sections\"><div>"
                "<a class=\"brand\" href=\"#top\">lockstep</a>");
    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        if (sections[i].id && wanted(p, i))
            page_printf(p, "<a href=\"#%s\">%s</a>", sections[i].id, sections[i].title);
    page_raw(p, "</div></nav>\n<main id=\"top\">\n");
}

static void write_page(struct page *p)
{
    write_top(p);
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (!wanted(p, i)) continue;
        if (sections[i].id)
            page_printf(p, "<section id=\"%s\">\n<h2>%s</h2>\n", sections[i].id, sections[i].title);
        sections[i].write(p);
        if (sections[i].id) page_raw(p, "</section>\n");
    }
    page_raw(p, "</main>\n</body>\n</html>\n");
    page_flush(p);
    buf_free(&p->b);
}

/* ---- the report ---- */

static void html_begin(struct report *r, const struct run_info *info)
{
    (void)info;
    r->sums = sums_new();
}

static void html_record(struct report *r, const struct run_info *info, const struct record *rec)
{
    sums_add(r->sums, info->lineup, rec);
}

static void html_end(struct report *r, const struct run_info *info, const struct tally *t)
{
    struct page p = {.info = info, .tally = t, .sums = r->sums, .cover = info->cover, .f = r->f};
    write_page(&p);
    if (p.error) errno = p.error; /* whatever else was tried since */
}

static void html_close(struct report *r)
{
    sums_free(r->sums);
}

const struct report_kind report_html = {
    .name = "html",
    .ledger = LEDGER_WELCOME,
    .help = "a page for people: one file, for any browser",
    .begin = html_begin,
    .record = html_record,
    .end = html_end,
    .close = html_close,
};

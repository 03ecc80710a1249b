/* The command line: parsing by the tables (table.c), and complaints with suggestions. */
#include "harness/commands/table.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- saying what is wrong ---- */

int complain(struct program *p, int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("lockstep: ", p->err);
    vfprintf(p->err, fmt, ap);
    fputc('\n', p->err);
    va_end(ap);
    return status;
}

int complain_name(struct program *p, const char *what, const char *word, const char *const *names, size_t n)
{
    const char *near = base_suggest(word, names, n);
    if (near) return complain(p, STATUS_USAGE, "unknown %s '%s'; did you mean '%s'?", what, word, near);
    struct buf all = {0};
    for (size_t i = 0; i < n; i++) buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
    (void)complain(p, STATUS_USAGE, "unknown %s '%s'; there %s %s", what, word, n == 1 ? "is" : "are",
                   buf_cstr(&all));
    buf_free(&all);
    return STATUS_USAGE;
}

const struct guest *program_guest(struct program *p, const char *name)
{
    const struct guest *g = guest_find(name);
    if (g) return g;
    const char *names[16];
    size_t n = 0;
    while (n < ARRAY_LEN(names) && guest_all[n]) {
        names[n] = guest_all[n]->name;
        n++;
    }
    (void)complain_name(p, "ISA", name, names, n);
    return NULL;
}

/* ---- values ---- */

void list_add(struct program *p, struct text_list *l, const char *text)
{
    if (l->n % 16 == 0) {
        const char **items = arena_alloc(&p->arena, (l->n + 16) * sizeof(*items));
        if (l->n) memcpy(items, l->items, l->n * sizeof(*items));
        l->items = items;
    }
    l->items[l->n++] = text;
}

static void add_commas(struct program *p, struct text_list *l, const char *text)
{
    for (;;) {
        size_t n = strcspn(text, ",");
        if (n) list_add(p, l, arena_strndup(&p->arena, text, n));
        if (!text[n]) return;
        text += n + 1;
    }
}

/* A number whose last letter may be one of `units`, each 1024 times the one before. */
static int set_scaled(struct program *p, const struct option_row *o, const char *text, const char *units,
                      uint64_t *v)
{
    bool negative;
    size_t n = strlen(text);
    const char *unit = n > 1 ? strchr(units, text[n - 1]) : NULL;
    unsigned shift = unit && *unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (!number_parse(text, n - (shift > 0), v, &negative) || negative || *v << shift >> shift != *v)
        return complain(p, STATUS_USAGE, "--%s wants a number, not '%s'", o->name, text);
    *v <<= shift;
    if (*v < o->min || (o->max && *v > o->max))
        return complain(p, STATUS_USAGE, "--%s wants a number from %llu to %llu, not '%s'", o->name,
                        (unsigned long long)o->min, (unsigned long long)o->max, text);
    return 0;
}

static int set_number(struct program *p, const struct option_row *o, const char *text, uint64_t *v)
{
    return set_scaled(p, o, text, "", v);
}

static int set_size(struct program *p, const struct option_row *o, const char *text, uint64_t *v)
{
    return set_scaled(p, o, text, "KMG", v);
}

/* `what` it is, of which there may be parts; not negative. */
static int set_real(struct program *p, const struct option_row *o, const char *text, const char *what,
                    double *v)
{
    char *end;
    *v = strtod(text, &end);
    if (end == text || *end || !isfinite(*v) || *v < 0)
        return complain(p, STATUS_USAGE, "--%s wants %s, not '%s'", o->name, what, text);
    if (o->max && *v > (double)o->max)
        return complain(p, STATUS_USAGE, "--%s wants %s up to %llu, not '%s'", o->name, what,
                        (unsigned long long)o->max, text);
    return 0;
}

static int set_shard(struct program *p, const char *text)
{
    struct options *opt = &p->opt;
    const char *slash = strchr(text, '/');
    uint64_t i = 0, n = 0;
    bool negative;
    if (!slash || !number_parse(text, (size_t)(slash - text), &i, &negative) ||
        !number_parse(slash + 1, strlen(slash + 1), &n, &negative) || i < 1 || i > n || n > 1000000)
        return complain(p, STATUS_USAGE, "--shard wants I/N with I from 1 to N, not '%s'", text);
    opt->shard = i - 1;
    opt->nshards = n;
    return 0;
}

static int set_choice(struct program *p, const struct option_row *o, const char *text, const char **v)
{
    size_t len = strlen(text);
    for (const char *word = o->arg; *word;) {
        size_t n = strcspn(word, "|");
        *v = text;
        if (n == len && !memcmp(word, text, n)) return 0;
        word += n + (word[n] == '|');
    }
    return complain(p, STATUS_USAGE, "--%s wants %s, not '%s'", o->name, o->arg, text);
}

static int set_option(struct program *p, enum option_id id, const char *text)
{
    const struct option_row *o = &option_rows[id];
    void *field = (char *)&p->opt + o->offset;
    p->opt.given[id] = true;
    switch (o->type) {
    case TYPE_FLAG: *(bool *)field = true; break;
    case TYPE_TEXT: *(const char **)field = text; break;
    case TYPE_CHOICE: return set_choice(p, o, text, field);
    case TYPE_LIST: add_commas(p, field, text); break;
    case TYPE_TEXTS: list_add(p, field, text); break;
    case TYPE_NUMBER: return set_number(p, o, text, field);
    case TYPE_SIZE: return set_size(p, o, text, field);
    case TYPE_SECONDS: return set_real(p, o, text, "seconds", field);
    case TYPE_PERCENT: return set_real(p, o, text, "percent", field);
    case TYPE_SHARD: return set_shard(p, text);
    }
    return 0;
}

static int set_defaults(struct program *p)
{
    int status = 0;
    for (unsigned i = 0; i < OPTIONS && !status; i++)
        if (option_rows[i].initial) status = set_option(p, (enum option_id)i, option_rows[i].initial);
    memset(p->opt.given, 0, sizeof(p->opt.given));
    return status;
}

const char *option_default(const struct option_row *o)
{
    return o->initial && strcmp(o->initial, "0") != 0 ? o->initial : NULL;
}

/* ---- words ---- */

static int unknown_option(struct program *p, const struct command *c, const char *shown, const char *name)
{
    const char *names[OPTIONS];
    size_t n = 0;
    for (unsigned i = 0; i < OPTIONS; i++)
        if (option_rows[i].commands & c->id) names[n++] = option_rows[i].name;
    const char *near = strlen(name) > 1 ? base_suggest(name, names, n) : NULL;
    if (near) return complain(p, STATUS_USAGE, "unknown option '%s'; did you mean '--%s'?", shown, near);
    return complain(p, STATUS_USAGE, "unknown option '%s'; 'lockstep %s --help' lists them", shown, c->name);
}

/* The option that argv[*i] is, moving *i over a value that stands in the next word. */
static int parse_option(struct program *p, const struct command *c, int argc, const char *const *argv, int *i)
{
    const char *word = argv[*i];
    bool is_long = word[1] == '-';
    const char *name = word + 1 + is_long;
    size_t len = is_long ? strcspn(name, "=") : 1;
    const char *value = name[len] ? name + len + is_long : NULL;
    unsigned id = 0;
    for (; id < OPTIONS; id++) {
        const struct option_row *o = &option_rows[id];
        if (!(o->commands & c->id)) continue;
        if (is_long ? strlen(o->name) == len && !strncmp(o->name, name, len) : o->letter == *name) break;
    }
    char *shown = arena_strndup(&p->arena, word, (size_t)(name - word) + len);
    if (id == OPTIONS) return unknown_option(p, c, shown, shown + (name - word));
    if (option_rows[id].type == TYPE_FLAG) {
        if (value) return complain(p, STATUS_USAGE, "'%s' takes no value", shown);
    } else if (!value) {
        if (*i + 1 >= argc) return complain(p, STATUS_USAGE, "'%s' wants %s", shown, option_rows[id].arg);
        value = argv[++*i];
    }
    return set_option(p, (enum option_id)id, value);
}

static int parse_words(struct program *p, const struct command *c, int argc, const char *const *argv)
{
    bool options = true;
    int status = set_defaults(p);
    for (int i = 2; i < argc && !status; i++) {
        const char *word = argv[i];
        if (options && !strcmp(word, "--"))
            options = false;
        else if (options && word[0] == '-' && word[1])
            status = parse_option(p, c, argc, argv, &i);
        else
            list_add(p, &p->opt.args, word);
        if (c->rest && p->opt.args.n) options = false;
    }
    return status;
}

const struct command *command_find(struct program *p, const char *name)
{
    const char *names[32];
    size_t n = 0;
    for (const struct command *c = commands; c->name; c++) {
        if (!strcmp(c->name, name)) return c;
        BUG_ON(n == ARRAY_LEN(names));
        names[n++] = c->name;
    }
    if (*name == '-') {
        (void)complain(p, STATUS_USAGE,
                       "unknown option '%s'; a command comes first: 'lockstep --help' lists them", name);
        return NULL;
    }
    (void)complain_name(p, "command", name, names, n);
    return NULL;
}

/* `help`, `help COMMAND`, --help. */
static int help(struct program *p, const char *name)
{
    const struct command *c = name ? command_find(p, name) : NULL;
    if (name && !c) return STATUS_USAGE;
    if (c)
        help_command(p, c);
    else
        help_program(p);
    return STATUS_PASS;
}

/* A file that may not grow any more (ulimit -f) is an error, as a full disk is, and not the end. Programs of
 * guests have the signal as they find it. */
static int run_command(struct program *p, const struct command *c)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    if (c->rest) return c->run(p);
    sigaction(SIGXFSZ, &ignore, &before);
    int status = c->run(p);
    if (fflush(p->out)) p->out_error = errno;
    sigaction(SIGXFSZ, &before, NULL);
    return status;
}

static int dispatch(struct program *p, int argc, const char *const *argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (!*name) return complain(p, STATUS_USAGE, "no command given; 'lockstep --help' lists them");
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
        return help(p, argc > 2 ? argv[2] : NULL);
    if (!strcmp(name, "--version")) {
        fprintf(p->out, "lockstep %s\n", program_version);
        return STATUS_PASS;
    }
    const struct command *c = command_find(p, name);
    if (!c) return STATUS_USAGE;
    int status = parse_words(p, c, argc, argv);
    if (status) return status;
    if (p->opt.help) return help(p, c->name);
    if (p->opt.args.n < c->min_args || p->opt.args.n > c->max_args)
        return complain(p, STATUS_USAGE, "usage: lockstep %s [OPTION...] %s", c->name, c->args);
    return run_command(p, c);
}

/* Where the program was started without a standard output or error, the next file that is opened would be
 * taken for it. What is opened here instead cannot be written: it is as good as closed. A guest's program has
 * what it has. */
static void keep_standard_files(int argc, const char *const *argv)
{
    if (argc > 1 && !strcmp(argv[1], "exec")) return;
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0) return;
}

int program_main(int argc, const char *const *argv, FILE *out, FILE *err,
                 const struct backend *const *backends)
{
    struct program p = {.out = out, .err = err, .backends = backends};
    keep_standard_files(argc, argv);
    int status = dispatch(&p, argc, argv);
    if (fflush(out) && !p.out_error) p.out_error = errno;
    if (p.out_error || ferror(out)) {
        const char *why = p.out_error ? strerror(p.out_error) : "output error";
        status = complain(&p, STATUS_HARNESS, "cannot write the results: %s", why);
        clearerr(out); /* said once, here */
    }
    arena_free(&p.arena);
    return status;
}

/* lockstep manual: the tables of options and commands as manual pages, man(7). */
#include "harness/commands/table.h"

#include <ctype.h>
#include <string.h>

/* Text as roff has it: no line begins with a control character, and a dash is one that can be searched for.
 */
static void put(FILE *out, const char *text, size_t n)
{
    bool fresh = true;
    for (size_t i = 0; i < n; i++) {
        if (fresh && (text[i] == '.' || text[i] == '\'')) fputs("\\&", out);
        if (text[i] == '\\' || text[i] == '-') fputc('\\', out);
        fputc(text[i] == '\\' ? 'e' : text[i], out);
        fresh = text[i] == '\n';
    }
}

static void put_text(FILE *out, const char *text)
{
    put(out, text, strlen(text));
}

/* A paragraph; lines that are indented are a table, and stay as they are. */
static void put_paragraph(FILE *out, const char *text)
{
    bool table = false;
    while (*text) {
        size_t n = strcspn(text, "\n");
        bool indented = text[0] == ' ';
        if (indented != table) fputs(indented ? ".PP\n.nf\n" : ".fi\n.PP\n", out);
        table = indented;
        put(out, text, n);
        fputc('\n', out);
        text += n + (text[n] == '\n');
    }
    if (table) fputs(".fi\n", out);
}

static void put_option(FILE *out, const struct option_row *o)
{
    fputs(".TP\n", out);
    if (o->letter) fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", out);
    put_text(out, o->name);
    fputs("\\fR", out);
    if (o->arg) {
        fputs(" \\fI", out);
        put_text(out, o->arg);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    put_text(out, o->help);
    if (option_default(o)) fprintf(out, "; default: %s", option_default(o));
    fputc('\n', out);
}

static void put_head(FILE *out, const char *name, const char *summary)
{
    fputs(".TH ", out);
    for (const char *s = name; *s; s++)
        fprintf(out, "%s%c", *s == '-' ? "\\" : "", toupper((unsigned char)*s));
    fprintf(out, " 1 \"%s\" \"lockstep %s\" \"User Commands\"\n.SH NAME\n", program_released,
            program_version);
    put_text(out, name);
    fputs(" \\- ", out);
    put_text(out, summary);
    fputc('\n', out);
}

static void put_synopsis(FILE *out, const char *words, const char *args)
{
    fputs(".SH SYNOPSIS\n\\fB", out);
    put_text(out, words);
    fputs("\\fR ", out);
    put_text(out, args);
    fputc('\n', out);
}

/* lockstep-COMMAND(1) */
static void command_page(struct program *p, const struct command *c)
{
    char name[64];
    snprintf(name, sizeof(name), "lockstep-%s", c->name);
    put_head(p->out, name, c->summary);
    name[strlen("lockstep")] = ' ';
    char *args = arena_printf(&p->arena, "[OPTION...] %s", c->args);
    put_synopsis(p->out, name, args);
    fputs(".SH DESCRIPTION\n", p->out);
    put_paragraph(p->out, c->text);
    fputs(".SH OPTIONS\n", p->out);
    for (unsigned i = 0; i < OPTIONS; i++)
        if (option_rows[i].commands & c->id) put_option(p->out, &option_rows[i]);
    if (c->examples) {
        fputs(".SH EXAMPLES\n.nf\n", p->out);
        put_text(p->out, c->examples);
        fputs(".fi\n", p->out);
    }
    fputs(".SH SEE ALSO\n\\fBlockstep\\fR(1)\n", p->out);
}

/* lockstep(1) */
static void program_page(struct program *p)
{
    put_head(p->out, "lockstep", program_summary);
    put_synopsis(p->out, "lockstep", "COMMAND [OPTION...] [ARGUMENT...]");
    fputs(".SH DESCRIPTION\n", p->out);
    put_paragraph(p->out, program_text);
    fputs(".SH COMMANDS\n", p->out);
    for (const struct command *c = commands; c->name; c++) {
        fprintf(p->out, ".TP\n\\fB%s\\fR ", c->name);
        put_text(p->out, c->args);
        fputc('\n', p->out);
        put_text(p->out, c->summary);
        fprintf(p->out, "; \\fBlockstep\\-%s\\fR(1)\n", c->name);
    }
    fputs(".SH ENVIRONMENT\n", p->out);
    for (const struct variable *v = variables; v->name; v++) {
        fputs(".TP\n\\fB", p->out);
        put_text(p->out, v->name);
        fputs("\\fR\n", p->out);
        put_text(p->out, v->help);
        fputc('\n', p->out);
    }
    fputs(".SH SEE ALSO\n", p->out);
    for (const struct command *c = commands; c->name; c++)
        fprintf(p->out, "\\fBlockstep\\-%s\\fR(1)%s\n", c->name, c[1].name ? "," : "");
}

int cmd_manual(struct program *p)
{
    if (!p->opt.args.n) {
        program_page(p);
        return STATUS_PASS;
    }
    const struct command *c = command_find(p, p->opt.args.items[0]);
    if (!c) return STATUS_USAGE;
    command_page(p, c);
    return STATUS_PASS;
}

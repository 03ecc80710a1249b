/* What `--help` says: the tables in words. */
#include "harness/commands/table.h"

#include <string.h>

void help_program(struct program *p)
{
    fprintf(p->out, "lockstep: %s\n\nusage: lockstep COMMAND [OPTION...] [ARGUMENT...]\n\ncommands:\n",
            program_summary);
    for (const struct command *c = commands; c->name; c++) {
        char synopsis[64];
        snprintf(synopsis, sizeof(synopsis), "%s %s", c->name, c->args);
        fprintf(p->out, "  %-24s %s\n", synopsis, c->summary);
    }
    fputs("\n'lockstep COMMAND --help' says more; 'lockstep --version' which one this is.\n", p->out);
}

void help_command(struct program *p, const struct command *c)
{
    fprintf(p->out, "usage: lockstep %s [OPTION...] %s\n\n%s\noptions:\n", c->name, c->args, c->text);
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option_row *o = &option_rows[i];
        char form[64], letter[8] = "    ";
        if (!(o->commands & c->id)) continue;
        if (o->letter) snprintf(letter, sizeof(letter), "-%c, ", o->letter);
        snprintf(form, sizeof(form), "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        const char *initial = option_default(o);
        fprintf(p->out, "  %-29s  %s%s%s\n", form, o->help, initial ? "; default: " : "",
                initial ? initial : "");
    }
    if (c->examples) fprintf(p->out, "\nexamples:\n%s", c->examples);
}

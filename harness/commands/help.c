/* What `--help` says: the tables in words. */
#include "harness/commands/table.h"

#include <string.h>

void help_program(struct program *p)
{
    fputs("lockstep: runs the same instructions on several machines and tells who is wrong\n\n"
          "usage: lockstep COMMAND [OPTION...] [ARGUMENT...]\n\ncommands:\n",
          p->out);
    for (const struct command *c = commands; c->name; c++) {
        char synopsis[64];
        snprintf(synopsis, sizeof(synopsis), "%s %s", c->name, c->args);
        fprintf(p->out, "  %-24s %s\n", synopsis, c->summary);
    }
    fputs("\n'lockstep COMMAND --help' says more.\n", p->out);
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
        bool has_default = o->initial && strcmp(o->initial, "0") != 0;
        fprintf(p->out, "  %-30s %s%s%s\n", form, o->help, has_default ? "; default: " : "",
                has_default ? o->initial : "");
    }
}

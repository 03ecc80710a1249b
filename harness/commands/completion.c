/* lockstep completion: what a shell needs to complete our words, from the tables of options and commands. */
#include "harness/commands/table.h"
#include "harness/report/report.h"
#include "harness/run/plan.h"

#include <string.h>

static const char first_word[] = "FIRST"; /* a command, or help */

/* What may stand for a word of an option or a command. */
struct words {
    bool files;      /* names of files, or nothing better is known */
    bool prefix;     /* a file's name follows right behind */
    struct buf list; /* these, separated by blanks; empty: nothing is known */
};

static void add(struct words *w, const char *word)
{
    buf_printf(&w->list, "%s%s", w->list.len ? " " : "", word);
}

/* `name`: what the help calls it, in brackets or with dots behind it as it may be there. Of several the first
 * counts; files can follow an id, and where builds are wanted. */
static struct words words_of(const struct program *p, const char *name)
{
    struct words w = {0};
    char plain[32] = "";
    name += *name == '[';
    snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(name, " .]"), name);
    if (strchr(plain, '|')) {
        for (char *s = plain; *s; s++) *s = *s == '|' ? ' ' : *s;
        add(&w, plain);
    } else if (!strcmp(plain, "BACKEND") || !strcmp(plain, "ORACLE")) {
        const struct case_kind *kind;
        const struct backend *b;
        for (unsigned i = 0; (b = plan_backend(p, i, &kind)); i++) add(&w, b->name);
        if (*plain == 'O') add(&w, "none");
    } else if (!strcmp(plain, "ISA")) {
        for (unsigned i = 0; guest_all[i]; i++) add(&w, guest_all[i]->name);
    } else if (!strcmp(plain, "WHAT")) {
        for (unsigned i = 0; list_name(i); i++) add(&w, list_name(i));
    } else if (!strcmp(plain, "COMMAND") || !strcmp(plain, first_word)) {
        for (const struct command *c = commands; c->name; c++) add(&w, c->name);
        if (!strcmp(plain, first_word)) add(&w, "help");
    } else if (!strcmp(plain, "KIND=FILE")) {
        w.prefix = true;
        for (unsigned i = 0; report_kinds[i]; i++)
            buf_printf(&w.list, "%s%s=", i ? " " : "", report_kinds[i]->name);
    } else {
        static const char *const files[] = {"FILE", "DIR", "PATH", "PROGRAM", "ID", "OLD"};
        for (size_t i = 0; i < ARRAY_LEN(files); i++) w.files |= !strcmp(plain, files[i]);
    }
    return w;
}

/* ---- bash ---- */

/* Names of files are left to readline, which knows how to quote them; `commas`: several, with commas between.
 */
static void bash_reply(struct program *p, const char *name, bool commas)
{
    struct words w = words_of(p, name);
    const char *list = buf_cstr(&w.list);
    if (w.files)
        fputs("compopt -o default", p->out);
    else if (*list && commas)
        fprintf(p->out, "COMPREPLY=($(compgen -P \"${cur%%\"${cur##*,}\"}\" -W '%s' -- \"${cur##*,}\"))",
                list);
    else if (*list)
        fprintf(p->out, "COMPREPLY=($(compgen -W '%s' -- \"$cur\"))", list);
    else
        fputs(":", p->out);
    if (w.prefix) fputs("; compopt -o nospace", p->out);
    buf_free(&w.list);
}

static void bash_command(struct program *p, const struct command *c)
{
    fprintf(p->out, "    %s)\n        case $prev in\n", c->name);
    for (unsigned i = 0; i < OPTIONS; i++) {
        const struct option_row *o = &option_rows[i];
        if (!(o->commands & c->id) || !o->arg) continue;
        fprintf(p->out, "        --%s", o->name);
        if (o->letter) fprintf(p->out, "|-%c", o->letter);
        fputs(") ", p->out);
        bash_reply(p, o->arg, o->type == TYPE_LIST);
        fputs("; return ;;\n", p->out);
    }
    fputs("        esac\n        if [[ $cur == -* ]]; then\n            COMPREPLY=($(compgen -W '", p->out);
    for (unsigned i = 0; i < OPTIONS; i++)
        if (option_rows[i].commands & c->id) fprintf(p->out, "--%s ", option_rows[i].name);
    fputs("' -- \"$cur\"))\n        else\n            ", p->out);
    bash_reply(p, c->args, false);
    fputs("; compopt -o default\n        fi ;;\n", p->out);
}

static void write_bash(struct program *p)
{
    fputs(
        "# bash completion of lockstep; put it where bash-completion looks, or source it\n"
        "_lockstep()\n{\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}\n"
        "    COMPREPLY=()\n"
        "    local after=\n"
        "    if [[ $cur == = ]]; then cur= after=1\n"
        "    elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]} after=1; fi\n"
        "    if [[ $after && $prev != -* ]]; then compopt -o default; return; fi\n"
        "    if [[ $COMP_CWORD -eq 1 ]]; then\n        ",
        p->out);
    bash_reply(p, first_word, false);
    fputs("\n        return\n    fi\n    case $command in\n    help) ", p->out);
    bash_reply(p, "COMMAND", false);
    fputs(" ;;\n", p->out);
    for (const struct command *c = commands; c->name; c++) bash_command(p, c);
    fputs("    esac\n}\ncomplete -F _lockstep lockstep\n", p->out);
}

/* ---- zsh ---- */

/* Within '…', inside [ ] or between colons of zsh's _arguments. */
static void zsh_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", out);
        } else {
            if (strchr("[]:\\", *text)) fputc('\\', out);
            fputc(*text, out);
        }
    }
}

/* ":name:what to offer" */
static void zsh_value(struct program *p, const char *name, bool commas)
{
    struct words w = words_of(p, name);
    const char *list = buf_cstr(&w.list);
    fputc(':', p->out);
    zsh_text(p->out, name);
    if (w.files)
        fputs(":_files", p->out);
    else if (w.prefix)
        fprintf(p->out, ":{ if compset -P \"*=\"; then _files; else compadd -S \"\" -- %s; fi }", list);
    else if (*list && commas)
        fprintf(p->out, ":_sequence compadd - %s", list);
    else if (*list)
        fprintf(p->out, ":(%s)", list);
    else
        fputs(": ", p->out);
    buf_free(&w.list);
}

static void zsh_option(struct program *p, const struct option_row *o)
{
    fputs(" \\\n        '*'", p->out);
    if (o->letter)
        fprintf(p->out, "{-%c%s,--%s%s}", o->letter, o->arg ? "+" : "", o->name, o->arg ? "=" : "");
    else
        fprintf(p->out, "--%s%s", o->name, o->arg ? "=" : "");
    fputs("'[", p->out);
    zsh_text(p->out, o->help);
    fputc(']', p->out);
    if (o->arg) zsh_value(p, o->arg, o->type == TYPE_LIST);
    fputc('\'', p->out);
}

static void zsh_command(struct program *p, const struct command *c)
{
    fprintf(p->out, "    %s) _arguments -s", c->name);
    for (unsigned i = 0; i < OPTIONS; i++)
        if (option_rows[i].commands & c->id) zsh_option(p, &option_rows[i]);
    fputs(" \\\n        '1", p->out);
    zsh_value(p, *c->args ? c->args : " ", false);
    fputs("' '*: :_files' ;;\n", p->out);
}

static void write_zsh(struct program *p)
{
    fputs("#compdef lockstep\n_lockstep()\n{\n    local -a commands\n    commands=(\n", p->out);
    for (const struct command *c = commands; c->name; c++) {
        fprintf(p->out, "        '%s:", c->name);
        zsh_text(p->out, c->summary);
        fputs("'\n", p->out);
    }
    fputs("        'help:say what there is'\n    )\n"
          "    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"
          "    local command=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $command in\n",
          p->out);
    fputs("    help) _describe command commands ;;\n", p->out);
    for (const struct command *c = commands; c->name; c++) zsh_command(p, c);
    fputs("    esac\n}\nif [ \"$funcstack[1]\" = _lockstep ]; then _lockstep; else compdef _lockstep "
          "lockstep; fi\n",
          p->out);
}

int cmd_completion(struct program *p)
{
    static const struct {
        const char *name;                 /* of the shell */
        void (*write)(struct program *p); /* its script */
    } shells[] = {{"bash", write_bash}, {"zsh", write_zsh}};
    const char *name = p->opt.args.items[0], *names[ARRAY_LEN(shells)];
    for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
        names[i] = shells[i].name;
        if (strcmp(shells[i].name, name)) continue;
        shells[i].write(p);
        return STATUS_PASS;
    }
    return complain_name(p, "shell", name, names, ARRAY_LEN(names));
}

/* C code by folders, out of lcov's .info files. */
#include "harness/cover/view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool code_is_info(const char *path)
{
    char head[4] = "";
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(head, 1, 3, f) : 0;
    if (f) fclose(f);
    return n == 3 && (!strcmp(head, "TN:") || !strcmp(head, "SF:"));
}

struct cover_folder *code_folder(struct cover *c, const char *name, size_t len)
{
    for (unsigned i = 0; i < c->nfolders; i++)
        if (strlen(c->folders[i].name) == len && !memcmp(c->folders[i].name, name, len))
            return &c->folders[i];
    if (c->nfolders == COVER_FOLDERS || len >= sizeof(c->folders->name)) return NULL;
    struct cover_folder *f = &c->folders[c->nfolders++];
    *f = (struct cover_folder){0};
    memcpy(f->name, name, len);
    return f;
}

/* The first folder of a source file's path below `root`; what is elsewhere is of no folder of ours. */
static struct cover_folder *folder_of(struct cover *c, const char *path, const char *root)
{
    size_t n = strlen(root);
    if (n && !strncmp(path, root, n)) path += n;
    return code_folder(c, *path == '/' ? "elsewhere" : path, *path == '/' ? 9 : strcspn(path, "/"));
}

bool code_read(struct cover *c, const char *path, const char *root, struct buf *why)
{
    char *line = NULL;
    size_t cap = 0;
    struct cover_folder *f = NULL;
    bool open = false;
    FILE *in = fopen(path, "re");
    buf_reset(why);
    if (!in) {
        buf_str(why, strerror(errno));
        return false;
    }
    while (getline(&line, &cap, in) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (!strncmp(line, "SF:", 3)) {
            f = folder_of(c, line + 3, root);
            open = true;
        } else if (!strncmp(line, "LF:", 3) && f) {
            f->lines += strtoull(line + 3, NULL, 10);
        } else if (!strncmp(line, "LH:", 3) && f) {
            f->hit += strtoull(line + 3, NULL, 10);
        } else if (!strcmp(line, "end_of_record")) {
            open = false;
        }
    }
    if (ferror(in)) buf_str(why, strerror(errno));
    if (open && !why->len) buf_str(why, "it is cut short");
    fclose(in);
    free(line);
    c->any_code = true;
    return !why->len;
}

void code_table(const struct cover *c, FILE *out)
{
    fprintf(out, "%-12s %8s %9s\n", "code", "lines", "executed");
    for (unsigned i = 0; i < c->nfolders; i++) {
        const struct cover_folder *f = &c->folders[i];
        if (!f->lines) {
            fprintf(out, "%-12s no code yet\n", f->name);
            continue;
        }
        fprintf(out, "%-12s %8" PRIu64 " %8.1f%%", f->name, f->lines,
                100.0 * (double)f->hit / (double)f->lines);
        if (f->least) fprintf(out, "  (at least %u%%)", f->least);
        fputc('\n', out);
    }
}

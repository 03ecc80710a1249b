/* Any bytes as a corpus file, and as a file of quirks: errors, never a crash, never more time or memory than
 * a few times what a good file of the size takes.
 */
#include "harness/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Generators may make millions of cases; the first few hundred say all. */
enum { MAX_CASES = 300 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag d = {0};
    struct case_filter f = {0};
    const struct test_case *c;
    struct buf text = {0};
    struct case_stream *s = case_stream_open_text("fuzz.yaml", (const char *)data, size, &f, &d);
    for (int i = 0; s && i < MAX_CASES && case_stream_next(s, &c) > 0; i++) {
        buf_reset(&text);
        case_write(c, "id", &text);
    }
    case_stream_close(s);
    diag_free(&d);
    buf_free(&text);

    d = (struct diag){0};
    quirks_free(quirks_load_text("fuzz.yaml", (const char *)data, size, 20000, &d));
    diag_free(&d);
    return 0;
}

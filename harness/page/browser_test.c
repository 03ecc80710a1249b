/* The page in a real browser: Chromium, without a window, on a phone's screen in the dark and on a desk's in
 * the light. A script that only this test adds looks at what was laid out; the page's own policy stays, so
 * whatever would be loaded shows as an error on the console.
 */
#include "harness/page/page_test.h"

#include <sys/wait.h>

/* Writes "links N bad N texts N pale N wide N anchor N" into the title. */
static const char script[] =
    "<style>.row{content-visibility:visible!important}</style><script>"
    "const lin=v=>(v/=255)<=.04045?v/12.92:((v+.055)/1.055)**2.4;"
    "const rgb=c=>{const m=c.match(/[\\d.]+/g).map(Number);return m.length>3&&!m[3]?null:m};"
    "const lum=c=>.2126*lin(c[0])+.7152*lin(c[1])+.0722*lin(c[2]);"
    "const back=e=>{for(;e;e=e.parentElement){const c=rgb(getComputedStyle(e).backgroundColor);if(c)return c}"
    "return[255,255,255]};"
    "let links=0,bad=0,texts=0,pale=[];"
    "for(const a of document.querySelectorAll('a[href]')){links++;"
    "if(!document.getElementById(a.getAttribute('href').slice(1)))bad++}"
    "for(const e of document.body.querySelectorAll('*')){"
    "if(![...e.childNodes].some(n=>n.nodeType===3&&n.data.trim())||!e.getClientRects().length)continue;"
    "if(['SCRIPT','STYLE','TITLE','title'].includes(e.tagName))continue;"
    "const s=getComputedStyle(e),x=lum(rgb(e instanceof SVGElement?s.fill:s.color)),y=lum(back(e));"
    "const r=(Math.max(x,y)+.05)/(Math.min(x,y)+.05),big=parseFloat(s.fontSize)>=24;"
    "texts++;if(r<(big?3:4.5))pale.push(e.tagName+'.'+e.className)}"
    "location.hash='rv.mul';const top0=document.getElementById('rv.mul').getBoundingClientRect().top;"
    "document.title=`links ${links} bad ${bad} texts ${texts} pale ${pale.length} wide "
    "${document.documentElement.scrollWidth-document.documentElement.clientWidth} anchor "
    "${top0>=0&&top0<innerHeight} "
    "dark ${matchMedia('(prefers-color-scheme: dark)').matches} ${pale.slice(0,5)}`;"
    "</script></main>";

static const struct screen {
    const char *size, *options; /* of the window; of Chromium */
    bool dark;                  /* what people asked their system for */
} screens[] = {
    {"390,800", "--blink-settings=preferredColorScheme=0", true},
    {"1280,900", "--blink-settings=preferredColorScheme=1", false},
};

static const char *const names[] = {"chromium", "chromium-browser", "google-chrome"};

static const char *find_browser(void)
{
    char command[128];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(command, sizeof(command), "%s --version >/dev/null 2>&1", names[i]);
        if (!system(command)) return names[i];
    }
    return NULL;
}

/* Text with the first `from` replaced. */
static char *replace(char *text, const char *from, const char *to)
{
    struct buf b = {0};
    const char *at = strstr(text, from);
    assert_non_null(at);
    buf_add(&b, text, (size_t)(at - text));
    buf_str(&b, to);
    buf_str(&b, at + strlen(from));
    free(text);
    return b.p;
}

static char *read_file(const char *dir, const char *name, size_t i)
{
    char path[128], chunk[4096];
    struct buf b = {0};
    snprintf(path, sizeof(path), "%s/%s%zu", dir, name, i);
    FILE *f = fopen(path, "r");
    for (size_t n; f && (n = fread(chunk, 1, sizeof(chunk), f)) > 0;) buf_add(&b, chunk, n);
    if (f) fclose(f);
    return b.p ? b.p : xstrdup("");
}

static void write_checked_page(const char *dir)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/x.html", dir);
    char *text = write_page(path, NULL, NULL);
    text = replace(text, "default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';");
    text = replace(text, "</main>", script);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    free(text);
}

/* All screens at once: most of the time is Chromium's start. */
static void show(const char *browser, const char *dir)
{
    struct buf b = {0};
    for (size_t i = 0; i < ARRAY_LEN(screens); i++)
        buf_printf(&b,
                   "timeout 100 %s --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
                   "--user-data-dir=%s/u%zu "
                   "--enable-logging=stderr --window-size=%s %s --dump-dom file://%s/x.html >%s/dom%zu "
                   "2>%s/log%zu & ",
                   browser, dir, i, screens[i].size, screens[i].options, dir, dir, i, dir, i);
    buf_str(&b, "wait");
    assert_int_equal(system(buf_cstr(&b)), 0);
    buf_free(&b);
}

static void check(const char *dir, size_t i)
{
    char *dom = read_file(dir, "dom", i), *log = read_file(dir, "log", i), title[256] = "", tail[160] = "";
    unsigned links = 0, bad = 1, texts = 0, pale = 1;
    const char *at = strstr(dom, "<title>links");
    if (at) snprintf(title, sizeof(title), "%.*s", (int)strcspn(at + 7, "<"), at + 7);
    if (sscanf(title, "links %u bad %u texts %u pale %u %150[^\n]", &links, &bad, &texts, &pale, tail) != 5)
        fail_msg("no title in %s: %s", dom, log);
    print_message("%s: %s\n", screens[i].size, title);
    assert_true(links > 3 * guest_all[0]->nrows);
    assert_int_equal(bad, 0);
    assert_true(texts > 1000);
    assert_int_equal(pale, 0);
    char want[64];
    snprintf(want, sizeof(want), "wide 0 anchor true dark %s", screens[i].dark ? "true" : "false");
    assert_memory_equal(tail, want, strlen(want));
    if (strstr(log, "CONSOLE")) fail_msg("the console says: %s", log);
    free(dom);
    free(log);
}

static void test_browser(void **state)
{
    const char *browser = find_browser();
    char dir[] = "/tmp/lockstep-browser-XXXXXX", command[64];
    if (!browser) {
        print_message("no Chromium here: the page is not looked at\n");
        skip();
    }
    assert_non_null(mkdtemp(dir));
    write_checked_page(dir);
    show(browser, dir);
    for (size_t i = 0; i < ARRAY_LEN(screens); i++) check(dir, i);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_browser)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

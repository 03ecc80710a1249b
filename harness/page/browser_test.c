/* The page in a real browser: Chromium, without a window, on a phone's screen in the dark and on a desk's in
 * the light. A script that only this test adds looks at what was laid out; the page's own policy stays, so
 * whatever would be loaded shows as an error on the console.
 *
 * Chromium makes no window narrower than 500 pixels: the page is in a frame as wide as the screen. The frame
 * is opened at an instruction, as a link from elsewhere would.
 */
#include "harness/page/page_test.h"

#include <sys/wait.h>

#define TARGET "rv.mul"

/* Says "links N bad N texts N pale N wide N …" to the page around. What is off the screen has its size once
 * all rows are laid out, which `content-visibility` would put off. */
static const char script[] =
    "<script>"
    "const lin=v=>(v/=255)<=.04045?v/12.92:((v+.055)/1.055)**2.4;"
    "const rgb=c=>{const m=c.match(/[\\d.]+/g).map(Number);return m.length>3&&!m[3]?null:m};"
    "const lum=c=>.2126*lin(c[0])+.7152*lin(c[1])+.0722*lin(c[2]);"
    "const back=e=>{for(;e;e=e.parentElement){const c=rgb(getComputedStyle(e).backgroundColor);if(c)return c}"
    "return[255,255,255]};"
    "const look=()=>{let links=0,bad=0,texts=0,pale=[];"
    "const at=document.querySelector(':target'),r=at.getBoundingClientRect();"
    "const bar=document.querySelector('nav').getBoundingClientRect().bottom;"
    "const seen=at.id+(r.top>=bar&&r.bottom<=innerHeight&&at.contains(document.elementFromPoint("
    "(r.left+r.right)/2,(r.top+r.bottom)/2)));"
    "for(const d of document.querySelectorAll('details'))d.open=true;"
    "document.head.append(Object.assign(document.createElement('style'),"
    "{textContent:'.row{content-visibility:visible!important}'}));"
    "for(const a of document.querySelectorAll('a[href]')){links++;"
    "if(!document.getElementById(a.getAttribute('href').slice(1)))bad++}"
    "for(const e of document.body.querySelectorAll('*')){"
    "if(![...e.childNodes].some(n=>n.nodeType===3&&n.data.trim())||!e.getClientRects().length)continue;"
    "if(['SCRIPT','STYLE','TITLE','title'].includes(e.tagName))continue;"
    "const s=getComputedStyle(e),x=lum(rgb(e instanceof SVGElement?s.fill:s.color)),y=lum(back(e));"
    "const r=(Math.max(x,y)+.05)/(Math.min(x,y)+.05),big=parseFloat(s.fontSize)>=24;"
    "texts++;if(r<(big?3:4.5))pale.push(e.tagName+'.'+e.className)}"
    "const d=document.documentElement;"
    "parent.postMessage(`links ${links} bad ${bad} texts ${texts} pale ${pale.length} "
    "of ${d.clientWidth} wide ${d.scrollWidth-d.clientWidth} at ${seen} "
    "dark ${matchMedia('(prefers-color-scheme: dark)').matches} ${pale.slice(0,5)}`,'*')};"
    "addEventListener('load',()=>requestAnimationFrame(()=>requestAnimationFrame(look)))"
    "</script></main>";

static const struct screen {
    int width, height;   /* pixels */
    const char *options; /* of Chromium */
    bool dark;           /* what people asked their system for */
} screens[] = {
    {390, 800, "--blink-settings=preferredColorScheme=0,hideScrollbars=true", true},
    {1280, 900, "--blink-settings=preferredColorScheme=1,hideScrollbars=true", false},
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

static char *read_kept(const char *dir, const char *name, size_t i)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s%zu", dir, name, i);
    return read_file(path);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void write_pages(const char *dir)
{
    char path[128], frame[512];
    struct history h = {0};
    struct arena a = {0};
    test_figures(&h, &a);
    snprintf(path, sizeof(path), "%s/x.html", dir);
    char *text = write_page(path, &h, NULL);
    text = replace(text, "default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';");
    text = replace(text, "</main>", script);
    write_file(dir, "x.html", text);
    free(text);
    arena_free(&a);
    for (size_t i = 0; i < ARRAY_LEN(screens); i++) {
        snprintf(path, sizeof(path), "frame%zu.html", i);
        snprintf(frame, sizeof(frame),
                 "<script>onmessage=e=>document.title=e.data</script>"
                 "<iframe src=\"x.html#" TARGET "\" width=%d height=%d style=\"border:0\"></iframe>",
                 screens[i].width, screens[i].height);
        write_file(dir, path, frame);
    }
}

/* What the page found out about itself is in the title of its frame. */
static bool said(const char *dir, size_t i)
{
    char *dom = read_kept(dir, "dom", i);
    bool there = strstr(dom, "<title>links");
    free(dom);
    return there;
}

/* The screens of the set `which` at once: most of the time is Chromium's start. */
static void show(const char *browser, const char *dir, unsigned which)
{
    struct buf b = {0};
    for (size_t i = 0; i < ARRAY_LEN(screens); i++)
        if (which >> i & 1)
            buf_printf(&b,
                       "timeout 100 %s --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
                       "--user-data-dir=%s/u%zu "
                       "--enable-logging=stderr --window-size=1400,1000 --virtual-time-budget=20000 %s "
                       "--dump-dom file://%s/frame%zu.html >%s/dom%zu 2>%s/log%zu & ",
                       browser, dir, i, screens[i].options, dir, i, dir, i, dir, i);
    buf_str(&b, "wait");
    assert_int_equal(system(buf_cstr(&b)), 0);
    buf_free(&b);
}

/* Chromium's virtual time does not wait for a frame in another process: on a busy machine it is asked again.
 */
static void show_all(const char *browser, const char *dir)
{
    unsigned left = (1u << ARRAY_LEN(screens)) - 1;
    for (unsigned tries = 0; tries < 4 && left; tries++) {
        show(browser, dir, left);
        for (size_t i = 0; i < ARRAY_LEN(screens); i++)
            if (said(dir, i)) left &= ~(1u << i);
    }
}

static void check(const char *dir, size_t i)
{
    char *dom = read_kept(dir, "dom", i), *log = read_kept(dir, "log", i), title[256] = "", tail[160] = "";
    unsigned links = 0, bad = 1, texts = 0, pale = 1;
    const char *at = strstr(dom, "<title>links");
    if (at) snprintf(title, sizeof(title), "%.*s", (int)strcspn(at + 7, "<"), at + 7);
    if (sscanf(title, "links %u bad %u texts %u pale %u %150[^\n]", &links, &bad, &texts, &pale, tail) != 5)
        fail_msg("no title in %s: %s", dom, log);
    print_message("%s\n", title);
    assert_true(links > 3 * guest_all[0]->nrows);
    assert_int_equal(bad, 0);
    assert_true(texts > 1000);
    assert_int_equal(pale, 0);
    char want[64];
    snprintf(want, sizeof(want), "of %d wide 0 at " TARGET "true dark %s", screens[i].width,
             screens[i].dark ? "true" : "false");
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
    write_pages(dir);
    show_all(browser, dir);
    for (size_t i = 0; i < ARRAY_LEN(screens); i++) check(dir, i);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_browser)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Names of files may hold any byte, and ids begin with them. Readers that others wrote get the same name back
 * out of every report, and nothing else: no markup, no command, no line of its own.
 */
#include "harness/report/report_test.h"

/* Markup of every format, a shell's and a runner's commands, an emoji, text that turns around, what XML has
 * not. */
static const char evil[] =
    "a<b>&amp;]]>--|\\|`*_~~s~~$HOME#%0A,:'\"\xf0\x9f\x98\x80\xe2\x80\xae\xef\xbf\xbe\x1b[31m\n"
    "::error::y";
static const char broken[] = "caf\xe9 'x'\x7f\n.yaml"; /* not UTF-8 */

/* argv[1]: the folder. A line for each thing that is not as it should be. */
static const char reader[] =
    "import html.parser, json, re, subprocess, sys, xml.etree.ElementTree as tree\n"
    "path = lambda name: sys.argv[1] + '/' + name\n"
    "text = lambda name: open(path(name), encoding='utf-8', newline='').read()\n"
    "evil, broken = (open(path(n), 'rb').read() for n in ('evil', 'broken'))\n"
    "evil = evil.decode()\n"
    "def same(what, got, want):\n"
    "    if got != want: print(what, repr(got), 'is not', repr(want))\n"
    "masked = re.sub('[\\x00-\\x09\\x0b-\\x1f\\x7f]', '?', evil)\n"
    "blank = re.sub('[\\x00-\\x1f]', ' ', evil)\n"
    "suites = tree.parse(path('junit')).getroot()\n"
    "case = suites.find('testsuite/testcase')\n"
    "in_xml = masked.replace('\\ufffe', '?')\n"
    "same('junit', case.get('name'), in_xml.replace('\\n', ' '))\n"
    "same('junit', case.find('failure').text.split('  reproduce: ')[0], 'caf? \\'x\\'?\\n.yaml:3\\n' + "
    "in_xml + '\\n')\n"
    "lines = [json.loads(x) for x in text('jsonl').split('\\n')[:-1]]\n"
    "same('jsonl', [x['id'] for x in lines if x['type'] == 'case'], [evil])\n"
    "for name in 'bash', 'zsh':\n"
    "    with open(path('line'), 'wb') as f: f.write(b'printf \"%s\\\\n\" ' + lines[1]['repro'].encode())\n"
    "    try: said = subprocess.run([name, path('line')], stdout=subprocess.PIPE).stdout\n"
    "    except FileNotFoundError: continue\n"
    "    same(name, said, b'lockstep\\nrepro\\n' + evil.encode() + b'\\n' + broken + b'\\n--seed\\n7\\n')\n"
    "said = {'strong': [], 'script': [], 'b': [], 'del': [], 'td': []}\n"
    "class Reader(html.parser.HTMLParser):\n"
    "    at = None\n"
    "    def handle_starttag(self, tag, attributes):\n"
    "        self.at = tag\n"
    "        if tag in said: said[tag].append('')\n"
    "    def handle_endtag(self, tag): self.at = None\n"
    "    def handle_data(self, data):\n"
    "        if self.at in said: said[self.at][-1] += data\n"
    "try: shown = subprocess.run(['cmark-gfm', '-e', 'table', '-e', 'strikethrough', path('md')], "
    "stdout=subprocess.PIPE).stdout\n"
    "except FileNotFoundError: shown = b''; print('no cmark-gfm here', file=sys.stderr)\n"
    "if shown:\n"
    "    Reader().feed(shown.decode())\n"
    "    same('md', said['strong'], [blank])\n"
    "    same('md', said['b'] + said['del'] + said['script'], [])\n"
    "    same('md', blank in said['td'], True)\n"
    "tap = text('tap').split('\\n')\n"
    "same('tap', re.sub(r'\\\\([\\\\#])', r'\\1', tap[2]), 'not ok 1 - ' + blank)\n"
    "unescape = lambda s: re.sub('%([0-9A-F]{2})', lambda m: chr(int(m[1], 16)), s)\n"
    "lines = text('github').split('\\n')\n"
    "same('github', len(lines), 3)\n"
    "properties, message = re.fullmatch('::error ([^:]*)::(.*)', lines[0]).groups()\n"
    "properties = dict(x.split('=', 1) for x in properties.split(','))\n"
    "same('github', unescape(properties['file']), 'caf? \\'x\\'?\\n.yaml')\n"
    "same('github', unescape(properties['title']), masked)\n"
    "same('github', unescape(message).split('\\nreproduce')[0], '1 case; the smallest is ' + masked + '\\n' "
    "+ masked)\n";

static void write_text(const char *dir, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void write_hostile(const struct report_kind *kind, const char *dir)
{
    char path[128], detail[256];
    struct report r;
    struct tally t;
    struct run_info info = info_of(1);
    snprintf(path, sizeof(path), "%s/%s", dir, kind->name);
    snprintf(detail, sizeof(detail), "%s\n", evil);
    tally_init(&t, 0);
    assert_int_equal(report_open(&r, kind, path, false, &info), 0);
    struct record rec = {.verdict = VERDICT_FAIL,
                         .guest = "r",
                         .id = evil,
                         .row = "",
                         .ext = evil,
                         .file = broken,
                         .line = 3,
                         .reason = evil,
                         .detail = detail,
                         .exit = ""};
    tally_add(&t, &rec);
    assert_int_equal(report_record(&r, &info, &rec), 0);
    assert_int_equal(report_end(&r, &info, &t), 0);
    tally_free(&t);
}

static void test_hostile(void **state)
{
    static const struct report_kind *const kinds[] = {&report_junit, &report_jsonl, &report_md, &report_tap,
                                                      &report_github};
    char dir[] = "/tmp/lockstep-hostile-XXXXXX", command[256], said[4096];
    if (system("/usr/bin/python3 -c 1 2>/dev/null")) {
        print_message("no Python here\n");
        skip();
    }
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) write_hostile(kinds[i], dir);
    write_text(dir, "evil", evil);
    write_text(dir, "broken", broken);
    write_text(dir, "reader.py", reader);
    snprintf(command, sizeof(command), "/usr/bin/python3 %s/reader.py %s; rm -r %s", dir, dir, dir);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    said[fread(said, 1, sizeof(said) - 1, p)] = 0;
    assert_int_equal(pclose(p), 0);
    assert_string_equal(said, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(test_hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

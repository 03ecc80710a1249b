/* Event records (IHI 0070 7.3): what stopped an access is told to the driver, and to the device as the
 * stream's configuration says (5.5). Records are put together from the field tables of
 * specs/devices/smmuv3.yaml: what an event's record has no field for is not said.
 */
#include "devices/smmu/queue.h"

#include <string.h>

/* One thing that records can say, under the name of its field. */
struct said {
    const char *field; /* name */
    uint64_t value;    /* what goes there */
    bool address;      /* fields have its upper bits, in their own places */
};

static void event_put(uint64_t *record, const struct dev_field *f, const struct said *said, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (f->name[0] == said[i].field[0] && !strcmp(f->name, said[i].field)) {
            unsigned shift = said[i].address ? (f->at & 0xffff) % 64 : 0;
            dev_put(record, f->at, said[i].value >> shift);
            return;
        }
}

/* As many as a record can say. */
static uint64_t pages_of(const struct smmu_request *q)
{
    uint64_t more = q->size ? (q->iova % CPU_PAGE + q->size - 1) / CPU_PAGE : 0;
    return more < 255 ? more + 1 : 255;
}

void smmu_event_make(uint64_t *record, uint32_t sid, const struct smmu_fault *f, const struct smmu_request *q)
{
    const struct dev_struct *layout = dev_struct_numbered(&smmu_spec, "event", f->event);
    bool write = f->access & SMMU_WRITE, substream = q->access & SMMU_SUBSTREAM;
    bool hint = f->event == SMMU_E_PAGE_REQUEST;
    unsigned user = q->access & SMMU_PRIVILEGED ? 0 : q->access, privileged = q->access & ~user;
    const struct said said[] = {
        {"NUMBER", f->event, false},
        {"SID", sid, false},
        {"SSV", substream, false},
        {"SSID", substream ? q->ssid : 0, false},
        {"PNU", !!(f->access & SMMU_PRIVILEGED), false},
        {"IND", !write && f->access & SMMU_EXEC, false}, /* writes are of data (13.1.2) */
        {"RNW", !write, false},
        {"S2", f->stage2, false},
        {"CLASS", f->class_, false},
        {"TTRNW", f->class_ == SMMU_CLASS_TT && !f->table_write, false},
        {"REASON", f->reason, false},
        {"INPUTADDR", f->iova, true},
        {"IPA", f->stage2 ? f->ipa : 0, true},
        {"FETCHADDR", f->fetch, true},
        /* F_BAD_ATS_TREQ says what was asked for, before any override; reading always is (7.3.6). */
        {"R", 1, false},
        {"W", !!(q->access & SMMU_WRITE), false},
        {"X", !!(q->access & SMMU_EXEC), false},
        {"P", !!(q->access & SMMU_PRIVILEGED), false},
        {"SPAN", hint ? pages_of(q) : 1, false},
        /* E_PAGE_REQUEST says what is to be expected (7.3.19). */
        {"UR", !!(user & SMMU_READ), false},
        {"UW", !!(user & SMMU_WRITE), false},
        {"UX", !!(user & SMMU_EXEC), false},
        {"PR", !!(privileged & SMMU_READ), false},
        {"PW", !!(privileged & SMMU_WRITE), false},
        {"PX", !!(privileged & SMMU_EXEC), false},
    };
    memset(record, 0, SMMU_EVENT_WORDS * sizeof *record);
    BUG_ON(!layout);
    for (unsigned i = 0; i < layout->nfields; i++)
        event_put(record, &layout->fields[i], said, ARRAY_LEN(said));
}

void smmu_event_signal(struct smmu *s, enum smmu_put put)
{
    if (put == SMMU_PUT_FIRST) smmu_interrupt(s, SMMU_IRQ_EVENTQ);
    if (put == SMMU_PUT_ABORT) smmu_gerror_raise(s, SMMU_GERROR_EVENTQ_ABT_ERR);
}

/* The last record in the queue says the same and nobody has consumed it: one record for both (7.3.1). The
 * offset in a page makes no difference. Under `records`. */
static bool event_merges(const struct smmu *s, const uint64_t *record)
{
    struct smmu_queue q;
    smmu_queue_look(s, SMMU_EVENTQ, &q);
    return s->mergeable && s->last_prod == q.prod && smmu_queue_used(&q) && record[0] == s->last_event[0] &&
           record[1] == s->last_event[1] && (record[2] ^ s->last_event[2]) < CPU_PAGE &&
           record[3] == s->last_event[3];
}

static void event_remember(struct smmu *s, const uint64_t *record)
{
    struct smmu_queue q;
    smmu_queue_look(s, SMMU_EVENTQ, &q);
    s->last_prod = q.prod;
    memcpy(s->last_event, record, sizeof s->last_event);
}

void smmu_event_record(struct smmu *s, const uint64_t *record, bool merge)
{
    pthread_mutex_lock(&s->records);
    if (merge && event_merges(s, record)) {
        pthread_mutex_unlock(&s->records);
        return;
    }
    enum smmu_put put = smmu_queue_put(s, SMMU_EVENTQ, record);
    bool written = put == SMMU_PUT || put == SMMU_PUT_FIRST;
    if (put == SMMU_PUT_FULL) smmu_queue_overflow(s, SMMU_EVENTQ);
    smmu_count(written ? &s->stats.events : &s->stats.events_lost, 1);
    s->mergeable = written && merge;
    if (s->mergeable) event_remember(s, record);
    pthread_mutex_unlock(&s->records);
    smmu_event_signal(s, put);
}

/* All others abort and are recorded. */
bool smmu_fault_of_tables(unsigned event)
{
    return event == SMMU_F_TRANSLATION || event == SMMU_F_ADDR_SIZE || event == SMMU_F_ACCESS ||
           event == SMMU_F_PERMISSION;
}

enum smmu_end smmu_fault_end(struct smmu_device *d, const struct smmu_config *c, const struct smmu_fault *f,
                             const struct smmu_request *q, struct smmu_stop *stop)
{
    struct smmu *s = d->smmu;
    const struct smmu_stage *stage = f->stage2 ? &c->s2 : &c->s1;
    bool obeys = smmu_fault_of_tables(f->event) && stage->on; /* a stage that is off has no A, R and S */
    uint64_t record[SMMU_EVENT_WORDS];
    stop->event = f->event;
    stop->raz = false;
    if (!f->event) return stop->end = SMMU_ABORTED;
    smmu_count(&d->stats.faults, 1);
    smmu_event_make(record, d->client.sid, f, q);
    /* An access that ATS translated ends at once (3.9.1.3). */
    if (obeys && stage->stall && d->client.resumed && !(q->access & SMMU_TRANSLATED)) {
        stop->stall = smmu_stall_begin(d, record);
        return stop->end = SMMU_STALLED;
    }
    uint32_t cr2 = smmu_register(s, SMMU_REG_CR2);
    bool quiet = obeys ? !stage->record && !stage->stall
                       : f->event == SMMU_C_BAD_STREAMID && !dev_of(cr2, SMMU_CR2_RECINVSID);
    if (!quiet) smmu_event_record(s, record, dev_get(c->ste, SMMU_STE_MEV));
    /* Stage 2 always aborts. */
    stop->raz = obeys && !f->stage2 && !stage->abort && !(q->access & SMMU_TRANSLATED);
    return stop->end = SMMU_ABORTED;
}

void smmu_page_hint(struct smmu_device *d, const struct smmu_request *q)
{
    struct smmu_fault f = {.event = SMMU_E_PAGE_REQUEST, .iova = q->iova};
    uint64_t record[SMMU_EVENT_WORDS];
    if (!dev_of(smmu_register(d->smmu, SMMU_REG_CR0), SMMU_CR0_SMMUEN)) return;
    smmu_event_make(record, d->client.sid, &f, q);
    smmu_event_record(d->smmu, record, false);
}

/* The steps of a deep network repeat: a ResNet-1202 has 600 blocks of three shapes. Steps whose texts differ only in the names of
 * offsets (AT_, W_ and SCRATCH_ constants) are equal; a run of equal sequences becomes one function, with what differs as a row
 * of a table for each of them. The compiler's work and the stack then don't grow with depth. */
#include "codegen/repeats.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_BLOCK = 64 };

/* One name of an offset in a step's text. */
typedef struct {
    size_t at, length; /* in the text of all steps */
    int64_t offset;    /* in the arena, bytes; -1 for weights */
} Slot;

/* A named offset in the arena. */
typedef struct {
    const char *name;
    int64_t offset;
} Place;

typedef struct {
    const StepText *text;
    Slot *slots;
    int slot_count;
    int kind;        /* equal steps have equal kinds; -1: can't be shared */
    bool ends_block; /* adds a residual */
} Step;

typedef struct {
    uint64_t hash;
    const Step *step; /* NULL: free */
} KindEntry;

typedef struct {
    Emitter *e;
    const char *source; /* the text of all steps */
    Step *steps;
    int count;
    Place *places; /* by name */
    size_t place_count;
    KindEntry *kinds;
    size_t kind_capacity; /* a power of two */
} Repeats;

/* Steps [first, first + length), and `times` of them in a row. */
typedef struct {
    int first, length, times;
} Run;

static int by_name(const void *a, const void *b) {
    return strcmp(((const Place *)a)->name, ((const Place *)b)->name);
}

static void collect_places(Repeats *r) {
    Emitter *e = r->e;
    Arena *arena = e->graph->arena;
    r->places = ARENA_ARRAY(arena, Place, e->graph->value_count + e->plan->steps + 1);
    for (int id = 0; id < e->graph->value_count; id++)
        if (e->place_macro[id]) r->places[r->place_count++] = (Place){e->place_macro[id], e->plan->of[id].offset};
    for (int step = 0; step < e->plan->steps; step++)
        if (e->scratch_used[step])
            r->places[r->place_count++] = (Place){arena_printf(arena, "SCRATCH_%d", step + 1), e->plan->scratch_offset[step]};
    qsort(r->places, r->place_count, sizeof *r->places, by_name);
}

/* -1 where it is no place in the arena. */
static int64_t offset_of(const Repeats *r, size_t at, size_t length) {
    const Place key = {arena_printf(r->e->graph->arena, "%.*s", (int)length, r->source + at), 0};
    const Place *found = bsearch(&key, r->places, r->place_count, sizeof key, by_name);
    return found ? found->offset : -1;
}

static size_t slot_at(const char *text) {
    static const char *const bases[] = {"memory + ", "weights + "};
    for (int k = 0; k < 2; k++)
        if (strncmp(text, bases[k], strlen(bases[k])) == 0) return strlen(bases[k]);
    return 0;
}

static void find_slots(Repeats *r, Step *step) {
    const char *end = r->source + step->text->end;
    for (int pass = 0; pass < 2; pass++) {
        if (pass) step->slots = ARENA_ARRAY(r->e->graph->arena, Slot, step->slot_count + 1);
        step->slot_count = 0;
        for (const char *c = r->source + step->text->body; c < end; c++) {
            size_t skipped = slot_at(c), length = 0;
            if (!skipped) continue;
            while (is_word(c[skipped + length])) length++;
            size_t at = (size_t)(c - r->source) + skipped;
            if (pass) step->slots[step->slot_count] = (Slot){at, length, offset_of(r, at, length)};
            step->slot_count++;
            c += skipped;
        }
    }
}

/* The stretch of text before slot `k`, or behind the last one. */
static const char *stretch(const Repeats *r, const Step *step, int k, size_t *length) {
    size_t from = k ? step->slots[k - 1].at + step->slots[k - 1].length : step->text->body;
    size_t to = k < step->slot_count ? step->slots[k].at : step->text->end;
    *length = to - from;
    return r->source + from;
}

static bool same_kind(const Repeats *r, const Step *a, const Step *b) {
    if (a->slot_count != b->slot_count) return false;
    for (int k = 0; k <= a->slot_count; k++) {
        size_t length_a, length_b;
        const char *x = stretch(r, a, k, &length_a), *y = stretch(r, b, k, &length_b);
        if (length_a != length_b || memcmp(x, y, length_a) != 0) return false;
    }
    return true;
}

static uint64_t kind_hash(const Repeats *r, const Step *step) {
    uint64_t hash = 1469598103934665603u;
    for (int k = 0; k <= step->slot_count; k++) {
        size_t length;
        const char *text = stretch(r, step, k, &length);
        for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    }
    return hash;
}

/* The kind is the number of the first step like it. */
static void find_kind(Repeats *r, Step *step) {
    step->kind = -1;
    if (!step->text->shareable) return;
    uint64_t hash = kind_hash(r, step);
    size_t at = hash & (r->kind_capacity - 1);
    for (; r->kinds[at].step; at = (at + 1) & (r->kind_capacity - 1))
        if (r->kinds[at].hash == hash && same_kind(r, r->kinds[at].step, step)) break;
    if (!r->kinds[at].step) r->kinds[at] = (KindEntry){hash, step};
    step->kind = (int)(r->kinds[at].step - r->steps);
}

static bool equal_sequences(const Repeats *r, int a, int b, int length) {
    if (b + length > r->count) return false;
    for (int k = 0; k < length; k++)
        if (r->steps[a + k].kind < 0 || r->steps[a + k].kind != r->steps[b + k].kind) return false;
    return true;
}

/* Equal steps may be cut into blocks in several ways: the last one of a block is best the one that adds the residual. */
static Run align_run(const Repeats *r, Run run) {
    for (int shift = 0; shift < run.length; shift++)
        if (r->steps[run.first + shift + run.length - 1].ends_block) {
            Run shifted = {run.first + shift, run.length, 1};
            while (equal_sequences(r, shifted.first, shifted.first + shifted.times * run.length, run.length)) shifted.times++;
            return shifted.times == run.times ? shifted : run;
        }
    return run;
}

/* The run from `first` on that saves most; times is 1 where there is none. Two single steps alike are not worth a function. */
static Run best_run(const Repeats *r, int first) {
    Run best = {first, 1, 1};
    for (int length = 1; length <= LONGEST_BLOCK && first + 2 * length <= r->count; length++) {
        int times = 1;
        while (equal_sequences(r, first, first + times * length, length)) times++;
        if (length * (times - 1) > best.length * (best.times - 1) && (length > 1 || times > 2))
            best = (Run){first, length, times};
    }
    return best;
}

static bool same_place(const Repeats *r, const Slot *a, const Slot *b) {
    if (a->offset >= 0 || b->offset >= 0) return a->offset == b->offset;
    return a->length == b->length && memcmp(r->source + a->at, r->source + b->at, a->length) == 0;
}

/* Is slot `s` of step `k` the same place in every sequence of the run? */
static bool is_fixed(const Repeats *r, const Run *run, int k, int s) {
    for (int t = 1; t < run->times; t++)
        if (!same_place(r, &r->steps[run->first + k].slots[s], &r->steps[run->first + t * run->length + k].slots[s]))
            return false;
    return true;
}

/* "12. conv1" of a step's comment. */
static const char *step_label(const Repeats *r, const Step *step) {
    const char *comment = r->source + step->text->start;
    const char *from = strstr(comment, "/* ");
    return arena_printf(r->e->graph->arena, "%.*s", (int)strcspn(from + 3, "("), from + 3);
}

static bool mentions(const Repeats *r, const Run *run, const char *word) {
    size_t length = strlen(word);
    for (int k = 0; k < run->length; k++) {
        const StepText *text = r->steps[run->first + k].text;
        for (const char *c = r->source + text->body; c + length <= r->source + text->end; c++)
            if (memcmp(c, word, length) == 0) return true;
    }
    return false;
}

/* The bases that the block's steps use: its parameters, or what is passed for them. */
static const char *bases(const Repeats *r, const Run *run, bool types, bool table) {
    bool memory = mentions(r, run, "memory + "), weights = mentions(r, run, "weights + ");
    return arena_printf(r->e->graph->arena, "%s%s%s%s%s", memory ? (types ? "unsigned char *memory" : "memory") : "",
                        memory && weights ? ", " : "", weights ? (types ? "const unsigned char *weights" : "weights") : "",
                        (memory || weights) && table ? ", " : "", table ? (types ? "const size_t *at" : "at[i]") : "");
}

/* The function, from the texts of the first sequence; returns how many offsets differ from sequence to sequence. */
static int write_function(Repeats *r, const Run *run, const char *name) {
    Text body = {.arena = r->e->graph->arena};
    int columns = 0;
    for (int k = 0; k < run->length; k++) {
        const Step *step = &r->steps[run->first + k];
        text_add(&body, r->source + step->text->start, step->text->body - step->text->start);
        for (int s = 0; s <= step->slot_count; s++) {
            size_t length;
            const char *text = stretch(r, step, s, &length);
            text_add(&body, text, length);
            if (s == step->slot_count) break;
            if (is_fixed(r, run, k, s))
                text_add(&body, r->source + step->slots[s].at, step->slots[s].length);
            else
                text_printf(&body, "at[%d]", columns++);
        }
    }
    text_printf(&r->e->blocks, "/* %d blocks alike; the comments are the first one's.%s */\nstatic void %s(%s) {%s}\n\n",
                run->times, columns ? " `at`: offsets that are the block's own." : "", name, bases(r, run, true, columns > 0),
                body.data);
    return columns;
}

static void write_table_row(Repeats *r, Text *to, const Run *run, int t) {
    text_printf(to, "            {");
    const char *separator = "";
    for (int k = 0; k < run->length; k++) {
        const Step *step = &r->steps[run->first + t * run->length + k];
        for (int s = 0; s < step->slot_count; s++) {
            if (is_fixed(r, run, k, s)) continue;
            text_printf(to, "%s%.*s", separator, (int)step->slots[s].length, r->source + step->slots[s].at);
            separator = ", ";
        }
    }
    text_printf(to, "}, /*");
    for (int k = 0; k < run->length; k++) text_printf(to, " %s", step_label(r, &r->steps[run->first + t * run->length + k]));
    text_printf(to, "*/\n");
}

static void write_run(Repeats *r, Text *to, const Run *run) {
    const char *name = arena_printf(r->e->graph->arena, "block_%d", run->first + 1);
    int columns = write_function(r, run, name);
    text_printf(to, "\n    /* Steps %d to %d: %d blocks of %d */\n    {\n", run->first + 1, run->first + run->length * run->times,
                run->times, run->length);
    if (columns) {
        text_printf(to, "        static const size_t at[%d][%d] = {\n", run->times, columns);
        for (int t = 0; t < run->times; t++) write_table_row(r, to, run, t);
        text_printf(to, "        };\n");
    }
    text_printf(to, "        for (size_t i = 0; i < %d; i++) %s(%s);\n    }\n", run->times, name,
                bases(r, run, false, columns > 0));
}

static void rewrite(Repeats *r) {
    Text to = {.arena = r->e->graph->arena};
    int step = 0;
    while (step < r->count) {
        Run run = best_run(r, step);
        if (run.times > 1) run = align_run(r, run);
        int alone = run.times > 1 ? run.first : step + 1;
        for (; step < alone; step++)
            text_add(&to, r->source + r->steps[step].text->start, r->steps[step].text->end - r->steps[step].text->start);
        if (run.times < 2) continue;
        write_run(r, &to, &run);
        step += run.length * run.times;
    }
    r->e->steps = to;
}

void share_repeated_steps(Emitter *e) {
    Arena *arena = e->graph->arena;
    Repeats r = {.e = e, .source = e->steps.data, .count = e->step_count, .kind_capacity = 64};
    if (!e->step_count) return;
    while (r.kind_capacity < 2 * (size_t)r.count) r.kind_capacity *= 2;
    r.kinds = ARENA_ARRAY(arena, KindEntry, (int64_t)r.kind_capacity);
    r.steps = ARENA_ARRAY(arena, Step, r.count);
    collect_places(&r);
    for (int k = 0; k < r.count; k++) {
        r.steps[k].text = &e->step_texts[k];
        r.steps[k].ends_block = e->step_texts[k].adds_residual;
        find_slots(&r, &r.steps[k]);
        find_kind(&r, &r.steps[k]);
    }
    rewrite(&r);
}

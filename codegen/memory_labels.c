#include "codegen/memory_labels.h"

#include <string.h>

Content content_new(Arena *arena, int64_t bytes, int label) {
    Content content = {ARENA_NEW(arena, Piece), bytes > 0, bytes};
    content.piece[0] = (Piece){bytes, label, 0};
    return content;
}

static void append_piece(Content *content, Piece piece) {
    Piece *last = content->count ? &content->piece[content->count - 1] : NULL;
    if (last && last->label == piece.label && last->at + last->bytes == piece.at)
        last->bytes += piece.bytes;
    else
        content->piece[content->count++] = piece;
    content->bytes += piece.bytes;
}

void content_append(Arena *arena, Content *content, const Content *part, int64_t from, int64_t bytes) {
    Content longer = {ARENA_ARRAY(arena, Piece, content->count + part->count + 1), 0, 0};
    for (int k = 0; k < content->count; k++) append_piece(&longer, content->piece[k]);
    int64_t start = 0; /* of the piece, in `part` */
    for (int k = 0; k < part->count; k++) {
        const Piece *piece = &part->piece[k];
        const int64_t first = from > start ? from : start,
                      end = from + bytes < start + piece->bytes ? from + bytes : start + piece->bytes;
        if (first < end) append_piece(&longer, (Piece){end - first, piece->label, piece->at + first - start});
        start += piece->bytes;
    }
    *content = longer;
}

/* The first stretch that ends behind `start`. */
static int first_behind(const LabelledMemory *memory, int64_t start) {
    int low = 0, high = memory->count;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (memory->item[middle].end <= start)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void reserve(Arena *arena, LabelledMemory *memory, int more) {
    if (memory->count + more <= memory->capacity) return;
    const int capacity = 2 * (memory->count + more);
    Stretch *item = ARENA_ARRAY(arena, Stretch, capacity);
    if (memory->count) memcpy(item, memory->item, (size_t)memory->count * sizeof *item);
    memory->item = item;
    memory->capacity = capacity;
}

/* Puts `count` stretches in the place of items [first, end). */
static void replace_items(LabelledMemory *memory, int first, int end, const Stretch *with, int count) {
    memmove(&memory->item[first + count], &memory->item[end], (size_t)(memory->count - end) * sizeof *with);
    memcpy(&memory->item[first], with, (size_t)count * sizeof *with);
    memory->count += count - (end - first);
}

/* Forgets what the bytes [start, end) hold; returns where a stretch for them would stand. */
static int memory_clear(LabelledMemory *memory, int64_t start, int64_t end) {
    Stretch kept[2];
    int first = first_behind(memory, start), last = first, count = 0, before = 0;
    while (last < memory->count && memory->item[last].start < end) last++;
    if (first < last && memory->item[first].start < start) {
        kept[count] = memory->item[first];
        kept[count++].end = start;
        before = 1;
    }
    if (first < last && memory->item[last - 1].end > end) {
        kept[count] = memory->item[last - 1];
        kept[count].at += end - kept[count].start;
        kept[count++].start = end;
    }
    replace_items(memory, first, last, kept, count);
    return first + before;
}

void memory_write(Arena *arena, LabelledMemory *memory, int64_t start, const Content *content) {
    reserve(arena, memory, content->count + 1);
    int at = memory_clear(memory, start, start + content->bytes);
    for (int k = 0; k < content->count; k++) {
        const Piece *piece = &content->piece[k];
        replace_items(memory, at, at, &(Stretch){start, start + piece->bytes, piece->label, piece->at}, 1);
        start += piece->bytes;
        at++;
    }
}

bool memory_holds(const LabelledMemory *memory, int64_t start, const Content *content, int *instead) {
    int s = first_behind(memory, start);
    for (int k = 0; k < content->count; k++) {
        const Piece *piece = &content->piece[k];
        for (int64_t done = 0; done < piece->bytes;) {
            const Stretch *stretch = s < memory->count ? &memory->item[s] : NULL;
            const bool there = stretch && stretch->start <= start;
            *instead = there ? stretch->label : NEVER_WRITTEN;
            if (!there || stretch->label != piece->label || start - stretch->start + stretch->at != piece->at + done)
                return false;
            const int64_t held = stretch->end - start, wanted = piece->bytes - done, step = held < wanted ? held : wanted;
            done += step;
            start += step;
            s += start == stretch->end;
        }
    }
    return true;
}

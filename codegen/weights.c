#include "codegen/weights.h"

#include <string.h>

static uint64_t hash_bytes(const unsigned char *bytes, size_t count) {
    uint64_t hash = 1469598103934665603u ^ count;
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        hash = (hash ^ word) * 1099511628211u;
        hash ^= hash >> 29;
    }
    for (; count; count--) hash = (hash ^ *bytes++) * 1099511628211u;
    return hash;
}

int weights_add(Weights *weights, const char *macro, const void *data, size_t bytes) {
    uint64_t hash = hash_bytes(data, bytes);
    int *bucket = &weights->bucket[hash % WEIGHT_BUCKETS];
    for (int k = *bucket - 1; k >= 0; k = weights->tables[k].next)
        if (weights->tables[k].hash == hash && weights->tables[k].bytes == bytes &&
            memcmp(weights->tables[k].data, data, bytes) == 0)
            return k;
    if (weights->count == weights->capacity) {
        int capacity = weights->capacity * 2 + 64;
        WeightTable *tables = ARENA_ARRAY(weights->arena, WeightTable, capacity);
        if (weights->count) memcpy(tables, weights->tables, (size_t)weights->count * sizeof *tables);
        weights->tables = tables;
        weights->capacity = capacity;
    }
    weights->tables[weights->count] = (WeightTable){macro, data, bytes, weights->bytes, hash, *bucket - 1};
    weights->bytes += (bytes + 63) / 64 * 64;
    *bucket = weights->count + 1;
    return weights->count++;
}

size_t weights_rows(const Weights *weights) {
    return (weights->bytes + WEIGHT_ROW - 1) / WEIGHT_ROW;
}

/* The shortest spelling of each byte inside a string literal, where the next character is an octal digit or isn't. */
typedef struct {
    char text[2][256][4];
    unsigned char length[2][256];
} Escapes;

static void spell(Escapes *escapes, int digit_follows, int byte) {
    char text[8];
    bool plain = byte >= 32 && byte < 127 && byte != '"' && byte != '\\' && byte != '?';
    int length = plain ? snprintf(text, sizeof text, "%c", byte)
                       : snprintf(text, sizeof text, digit_follows ? "\\%03o" : "\\%o", (unsigned)byte);
    memcpy(escapes->text[digit_follows][byte], text, 4);
    escapes->length[digit_follows][byte] = (unsigned char)length;
}

/* Streams the tables' bytes, zeros between and after them, row by row. */
typedef struct {
    const Weights *weights;
    int table;
    size_t position;
} Reader;

static void read_row(Reader *reader, unsigned char row[WEIGHT_ROW]) {
    memset(row, 0, WEIGHT_ROW);
    size_t end = reader->position + WEIGHT_ROW;
    for (int k = reader->table; k < reader->weights->count; k++) {
        const WeightTable *table = &reader->weights->tables[k];
        size_t table_end = table->offset + table->bytes;
        size_t from = table->offset > reader->position ? table->offset : reader->position, to = table_end < end ? table_end : end;
        if (from < to) memcpy(row + (from - reader->position), (const char *)table->data + (from - table->offset), to - from);
        if (table_end > end) break;
        reader->table = k + 1;
    }
    reader->position = end;
}

void weights_write_rows(const Weights *weights, FILE *out) {
    Escapes escapes;
    for (int byte = 0; byte < 256; byte++)
        for (int digit = 0; digit < 2; digit++) spell(&escapes, digit, byte);
    Reader reader = {weights, 0, 0};
    unsigned char row[WEIGHT_ROW + 1];
    char line[4 * WEIGHT_ROW + 64];
    for (size_t r = 0, rows = weights_rows(weights); r < rows; r++) {
        read_row(&reader, row);
        row[WEIGHT_ROW] = 0;
        char *at = line;
        *at++ = '"';
        for (int k = 0; k < WEIGHT_ROW; k++) {
            int digit = row[k + 1] >= '0' && row[k + 1] <= '7' && k + 1 < WEIGHT_ROW;
            memcpy(at, escapes.text[digit][row[k]], 4);
            at += escapes.length[digit][row[k]];
        }
        *at++ = '"';
        if (r + 1 < rows) *at++ = ',';
        *at++ = '\n';
        fwrite(line, 1, (size_t)(at - line), out);
    }
}

void weights_write_binary(const Weights *weights, FILE *out) {
    static const char zeros[64] = {0};
    for (int k = 0; k < weights->count; k++) {
        fwrite(weights->tables[k].data, 1, weights->tables[k].bytes, out);
        size_t padding = (64 - weights->tables[k].bytes % 64) % 64;
        fwrite(zeros, 1, padding, out);
    }
}

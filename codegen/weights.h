/* The constants of the generated file: collected while steps are lowered, written as C, or as a binary file. */
#ifndef SKIPC_CODEGEN_WEIGHTS_H
#define SKIPC_CODEGEN_WEIGHTS_H

#include "codegen/text.h"
#include "ir/graph.h"

#include <stdio.h>

typedef struct {
    const char *macro; /* names its offset */
    const void *data;
    size_t bytes, offset;
    uint64_t hash;
    int next; /* in its hash bucket, -1 ends */
} WeightTable;

enum { WEIGHT_BUCKETS = 4096 };

typedef struct {
    Arena *arena;
    WeightTable *tables;
    int count, capacity;
    size_t bytes;               /* of all tables, each 64-byte aligned */
    int bucket[WEIGHT_BUCKETS]; /* index + 1; 0 is empty */
} Weights;

/* The table's index; identical bytes are stored once. `data` must outlive the compilation's arena. */
int weights_add(Weights *weights, const char *macro, const void *data, size_t bytes);

/* `NAME[rows][WEIGHT_ROW]` as string literals: the strictly conforming encoding that compiles fastest. */
void weights_write_rows(const Weights *weights, FILE *out);
void weights_write_binary(const Weights *weights, FILE *out);
/* gcc keeps three such rows in a page. Rows of 3,000 to 4,095 bytes take a page each, and finding one takes gcc 12 five times as
 * long as all the rest; shorter rows take more memory. */
enum { WEIGHT_ROW = 1344 };
size_t weights_rows(const Weights *weights);

#endif

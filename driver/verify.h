/* What verify finds out, and how it is shown. */
#ifndef SKIPC_DRIVER_VERIFY_H
#define SKIPC_DRIVER_VERIFY_H

#include "driver/build.h"
#include "driver/model.h"

typedef struct {
    const char *name;
    const Value *value;
    double error, peer_error, bound;          /* floats: by the parity rule */
    int64_t special_differences, differences; /* NaN and infinity; elements of an integer output */
    int64_t top1_agree, top1_rows;
    bool pass;
} OutputResult;

typedef struct {
    const char *node, *op, *value_name; /* of the optimised graph */
    Value *value;
    Shape shape;
    Tensor *truth; /* what the imported graph computes for the value of that name */
    double error;
    double inputs_error; /* the largest of the layers it reads */
    bool departs;
} LayerResult;

typedef struct {
    Arena *arena; /* for the truths */
    LayerResult *layers;
    int count;
    const LayerResult **by_name; /* the same, sorted by value_name */
} Layers;

typedef struct {
    const char *model, *peer; /* "onnxruntime" or "reference" */
    OutputResult *outputs;
    int output_count;
    const Layers *layers; /* NULL: not asked for */
    bool pass;
} VerifyReport;

/* The values of the optimised graph that the imported one has too. */
Layers *layers_choose(Driver *driver, const Graph *imported, const Graph *optimised);
/* An Observe: keeps what the truth is for each chosen layer. */
void layers_observe(void *layers, const Node *node, Tensor *const *out);
/* Builds the network once more with every chosen value as an output, and measures each. Changes the graph. */
bool layers_measure(Driver *driver, const Workshop *shop, Graph *optimised, const BuildOptions *build, Layers *layers);
/* The first layer that departs, or NULL. */
const LayerResult *layers_first_departure(const Layers *layers);

void verify_print(const VerifyReport *report);
void verify_print_json(const VerifyReport *report);

#endif

/* What verify finds out, and how it is shown. */
#ifndef SKIPC_DRIVER_VERIFY_H
#define SKIPC_DRIVER_VERIFY_H

#include "driver/build.h"
#include "driver/model.h"
#include "driver/peers.h"

typedef enum {
    VERDICT_OK,
    VERDICT_FORM,     /* another shape or element type than the peer's */
    VERDICT_INTEGERS, /* other integers */
    VERDICT_SPECIALS, /* NaN or infinity in other places */
    VERDICT_READING,  /* the peer's result is not what skipc takes the model to mean */
    VERDICT_ERROR,    /* too far from the truth */
    VERDICT_COUNT
} Verdict;

typedef struct {
    const char *name;
    const Tensor *y, *peer;
    double error, peer_error, bound;          /* floats: by the parity rule */
    double optimised_peer_error;              /* of ONNX Runtime with its optimisations; NAN where it was not needed */
    double rounding_error;                    /* that of the interpreter in native precision; NAN where it was not needed */
    int64_t special_differences, differences; /* NaN and infinity; elements of an integer output */
    int64_t top1_agree, top1_rows;
    Verdict verdict;
    bool reading; /* whatever the verdict: skipc and the peer read the model differently */
} OutputResult;

typedef struct {
    const char *node, *op, *value_name; /* of the optimised graph */
    Value *value;
    Shape shape;
    Tensor *truth; /* what the imported graph computes for the value of that name */
    double error;
    double peer_error;   /* NAN where the peer has no such value */
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
    const char *model;
    const char *peer, *title; /* as --against takes it; as it is called */
    const char *third;        /* another for --against that may settle a difference; NULL: none */
    OutputResult *outputs;
    int output_count;
    const Layers *layers; /* NULL: not asked for */
    const Node *parting;  /* where skipc's reading and the peer's part first; NULL: nowhere, or not known */
    bool pass, reading;
} VerifyReport;

/* How far a value is from the truth, while a fault is looked for. */
typedef struct {
    bool measured;
    double error, inputs_error; /* the latter: the largest of the values it was computed from */
} ValueError;

/* Errors flow on through values that were not measured. `errors` by value id. */
void errors_carry(const Graph *graph, ValueError *errors);
/* Rounding gives 1e-7 to 1e-6, and deep networks amplify it step by step; a wrong layer jumps. */
bool error_departs(double error, double inputs_error);

/* The values of the optimised graph that the imported one has too. */
Layers *layers_choose(Driver *driver, const Graph *imported, const Graph *optimised);
/* The layer whose value has that name and shape, or NULL. */
LayerResult *layers_find(Layers *layers, const char *value_name, const Shape *shape);
/* An Observe: keeps what the truth is for each chosen layer. */
void layers_observe(void *layers, const Node *node, Tensor *const *out);
/* Another, with the truths there: measures the interpreter in native precision as the peer. */
void layers_observe_peer(void *layers, const Node *node, Tensor *const *out);
/* Builds the network once more with every chosen value as an output, and measures each. Changes the graph. */
bool layers_measure(Driver *driver, const Workshop *shop, Graph *optimised, const BuildOptions *build, Layers *layers);
/* The first layer that departs, or NULL. */
const LayerResult *layers_first_departure(const Layers *layers);

/* The names of what the graph's nodes compute, for peer_run. */
TextList inner_names(Driver *driver, const Graph *imported);
/* What a peer_run with those names found for the layers. */
void layers_compare_peer(Driver *driver, const Workshop *shop, const TextList *inner, Layers *layers);
/* After such a run: the first node whose result the peer computes otherwise; NULL where none stands out. Evaluates the graph. */
const Node *first_parting(Driver *driver, const Workshop *shop, Graph *imported, const NpyArray *inputs);

void verify_print(const VerifyReport *report);
void verify_print_json(const VerifyReport *report);
/* The report's first mismatch as this command's error. */
bool verify_fail(Driver *driver, const VerifyReport *report);

#endif

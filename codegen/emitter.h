/* The state behind codegen/lower.h, shared by the files that fill it and write it out. */
#ifndef SKIPC_CODEGEN_EMITTER_H
#define SKIPC_CODEGEN_EMITTER_H

#include "codegen/lower.h"
#include "codegen/text.h"
#include "codegen/weights.h"

typedef struct {
    const char *name; /* C parameter */
    const Value *value;
} Parameter;

typedef struct {
    const char *key, *name;
} Definition;

struct Emitter {
    Graph *graph;
    Plan *plan;
    const CodegenOptions *options;
    Weights weights;
    Text steps;   /* the body of net_run */
    Text kernels; /* copied from runtime/ */
    Text helpers; /* specialisations and tables that the steps share */
    Text system_includes;
    bool *kernel_used;   /* by index in kernel_files */
    Definition *defined; /* what the helpers hold */
    int defined_count, defined_capacity;
    int depth; /* open braces in steps */
    Parameter *inputs, *outputs;
    const char **place_macro; /* by value id: the name of its arena offset, once used */
    bool *scratch_used;       /* by step */
    bool uses_memory;
};

/* Lowers every node; false with the graph's diagnostic set. Nothing is written yet. */
bool emitter_lower(Emitter *e, Graph *graph, const CodegenOptions *options);

/* Adds the function `text` to the helpers in front of net_run, unless it is there already. */
void define_function(Emitter *e, const char *text);
/* A constant `static const TYPE NAME = INITIALISER;`, its name made from `stem`; equal ones share one. Returns the name. */
const char *define_constant(Emitter *e, const char *type, const char *stem, const char *initialiser);

void write_source(Emitter *e, FILE *out);
void write_header(Emitter *e, FILE *out);

#endif

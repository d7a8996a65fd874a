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

/* Where a step's text lies among the others'. */
typedef struct {
    size_t start, body, end; /* of its comment, behind it, and of all */
    bool shareable;          /* names none of the network's parameters */
    bool adds_residual;      /* ends a residual block */
} StepText;

/* The kernels once more, for one vector width: every name that depends on it carries the variant's suffix. */
typedef struct {
    const Variant *variant;
    bool *used; /* by index in kernel_files */
    Text kernels, specialised;
} KernelCopies;

struct Emitter {
    Graph *graph;
    Plan *plan;
    const CodegenOptions *options;
    Weights weights;
    Text steps;           /* what the team of threads goes through */
    Text output_copies;   /* after the steps, by one thread */
    StepText *step_texts; /* of each */
    int step_count;
    bool names_parameter;   /* the step being lowered does */
    bool by_team;           /* the step being lowered is, as its lowering said */
    Text blocks;            /* functions that equal blocks share */
    Text kernels;           /* copied from runtime/ */
    Text specialised;       /* kernels with their constants, one function for each use */
    Text helpers;           /* constants that the steps share */
    KernelCopies *variants; /* by the target's variants */
    int variant_count;
    Text system_includes;
    bool *kernel_used;   /* by index in kernel_files */
    Definition *defined; /* what the helpers hold */
    int defined_count, defined_capacity;
    int depth;                /* open braces in steps */
    int base_depth;           /* of a step: 2 inside a block that can be skipped, or the loop over images */
    const Node *loop_end;     /* of the loop over images, or NULL */
    int64_t images;           /* that it goes through, while its steps are lowered; else 0 */
    int open_block;           /* whose condition is open, or -1 */
    const int *block_of_step; /* steps_of_blocks; NULL where none can be skipped */
    Parameter *inputs, *outputs;
    const char **place_macro; /* by value id: the name of its arena offset, once used */
    bool *scratch_used;       /* by step */
    bool uses_memory;
    StepProfile *step; /* of the node being lowered; NULL where nobody asks */
};

/* Lowers every node; false with the graph's diagnostic set. Nothing is written yet. */
bool emitter_lower(Emitter *e, Graph *graph, const CodegenOptions *options);

/* A kernel of runtime/ with its constants filled in: a function `name`(`parameters`) that calls `kernel`(`arguments`,
 * `constants`) and waits for the team. Each variant of the target has its own. */
void specialise_kernel(Emitter *e, const char *kernel, const char *name, const char *parameters, const char *arguments,
                       const char *constants);
/* A function `static void NAME(PARAMETERS) { BODY }` of the generated file, its name made from `stem`, that uses kernels written
 * for any vector width: each variant of the target has its own, and the one for the machine is called with ARGUMENTS. Equal ones
 * share one. copy_vector_kernel comes before. Returns the name. */
const char *vector_function(Emitter *e, const char *stem, const char *parameters, const char *arguments, const char *body);
/* A constant `static const TYPE NAME = INITIALISER;`, its name made from `stem`; equal ones share one. Returns the name. */
const char *define_constant(Emitter *e, const char *type, const char *stem, const char *initialiser);

void write_source(Emitter *e, FILE *out);
void write_header(Emitter *e, FILE *out);

#endif

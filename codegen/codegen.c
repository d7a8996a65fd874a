#include "codegen/codegen.h"

#include "codegen/emitter.h"
#include "ir/images.h"
#include "ir/recurrent.h"
#include "ir/winograd.h"

#include <errno.h>
#include <string.h>

bool codegen_emit(Graph *graph, const CodegenOptions *options, FILE *source, FILE *header, FILE *weights) {
    Emitter *e = ARENA_NEW(graph->arena, Emitter);
    if (!emitter_lower(e, graph, options)) return false;
    errno = 0;
    write_source(e, source);
    write_header(e, header);
    if (weights) weights_write_binary(&e->weights, weights);
    if (ferror(source) || ferror(header) || (weights && ferror(weights)))
        return fail(graph->diag, STATUS_FILE, "can't write the generated files: %s", errno ? strerror(errno) : "write error");
    return true;
}

static const Variant no_variants[] = {{0}};
static const Target portable = {.name = "portable", .variants = no_variants};
static const CodegenOptions unnamed = {.name = "net", .model = "", .header_name = "net.h", .target = &portable};

bool codegen_check(Graph *graph) {
    return emitter_lower(ARENA_NEW(graph->arena, Emitter), graph, &unnamed);
}

bool codegen_sizes(Graph *graph, CodegenSizes *sizes) {
    Emitter *e = ARENA_NEW(graph->arena, Emitter);
    if (!emitter_lower(e, graph, &unnamed)) return false;
    *sizes = (CodegenSizes){e->plan->arena_bytes, (int64_t)e->weights.bytes, e->plan->live_bytes};
    return true;
}

int64_t node_multiply_adds(const Node *node) {
    int64_t results = shape_count(&node->out[0]->shape), terms = 0;
    if (node->op == OP_Conv) terms = shape_product(&node->in[1]->shape, 1, node->in[1]->shape.rank);
    if (node->op == OP_LSTM || node->op == OP_GRU) {
        Recurrent r = recurrent_of(node); /* y has an element for each hidden unit of each step */
        terms = r.gates * (r.inputs + r.hidden);
    }
    if (node->op == OP_Gemm) terms = node->in[0]->shape.dim[attr_int(node, A_TRANS_A, 0) ? 0 : 1];
    if (node->op == OP_MatMul) terms = node->in[0]->shape.dim[node->in[0]->shape.rank - 1];
    int64_t total;
    return checked_mul(results, terms, &total) && checked_mul(total, node_runs(node), &total) ? total : INT64_MAX;
}

int64_t node_products(const Node *node) {
    int64_t m = attr_int(node, A_WINOGRAD, 0);
    if (m == 0) return node_multiply_adds(node);
    const Shape *y = &node->out[0]->shape, *w = &node->in[1]->shape;
    int64_t factors[] = {y->dim[0],
                         winograd_tiles(y->dim[2], attr_ints_at(node, A_DILATIONS, 0, 1), m),
                         winograd_tiles(y->dim[3], attr_ints_at(node, A_DILATIONS, 1, 1), m),
                         winograd_products(m, attr_ints_at(node, A_STRIDES, 0, 1)),
                         w->dim[0],
                         w->dim[1],
                         node_runs(node)};
    int64_t products = 1;
    for (size_t k = 0; k < sizeof factors / sizeof *factors; k++)
        if (!checked_mul(products, factors[k], &products)) return INT64_MAX;
    return products;
}

#include "codegen/emitter.h"

#include "codegen/conv_strips.h"
#include "codegen/images.h"
#include "codegen/kernel_copies.h"
#include "codegen/repeats.h"
#include "codegen/skip.h"
#include "ir/formula.h"
#include "ir/images.h"
#include "kernels/layout.h"

#include <math.h>
#include <string.h>

Graph *emitter_graph(Emitter *e) {
    return e->graph;
}

const Plan *emitter_plan(const Emitter *e) {
    return e->plan;
}

void emit(Emitter *e, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    Text line = {.arena = e->graph->arena};
    text_vprintf(&line, format, arguments);
    va_end(arguments);
    int depth = e->depth - (line.data[0] == '}');
    text_printf(&e->steps, "%*s%s\n", 4 * depth, "", line.data);
    for (const char *c = line.data; *c; c++) e->depth += (*c == '{') - (*c == '}');
}

void step_by_team(Emitter *e) {
    e->by_team = true;
}

/* The name under which `key` is defined already, or NULL. */
static const char *defined_name(const Emitter *e, const char *key) {
    for (int k = 0; k < e->defined_count; k++)
        if (strcmp(e->defined[k].key, key) == 0) return e->defined[k].name;
    return NULL;
}

static void remember(Emitter *e, const char *key, const char *name) {
    if (e->defined_count == e->defined_capacity) {
        int capacity = e->defined_capacity * 2 + 32;
        Definition *defined = ARENA_ARRAY(e->graph->arena, Definition, capacity);
        if (e->defined_count) memcpy(defined, e->defined, (size_t)e->defined_count * sizeof *defined);
        e->defined = defined;
        e->defined_capacity = capacity;
    }
    e->defined[e->defined_count++] = (Definition){arena_strdup(e->graph->arena, key), name};
}

/* `static void NAME(PARAMETERS) { BODY }`, where the body calls a function of each variant where the machine has it. */
static void define_dispatcher(Emitter *e, const char *name, const char *parameters, const char *arguments, const char *body) {
    text_printf(&e->specialised, "static void %s(%s) {\n", name, parameters);
    if (e->variant_count) text_printf(&e->specialised, "#ifdef RUN_TIME_WIDTHS\n");
    for (int v = 0; v < e->variant_count; v++)
        text_printf(&e->specialised, "    if (%s) {\n        %s%s(%s);\n        return;\n    }\n",
                    e->variants[v].variant->supported, name, e->variants[v].variant->suffix, arguments);
    if (e->variant_count) text_printf(&e->specialised, "#endif\n");
    text_printf(&e->specialised, "%s}\n\n", body);
}

static void define_vector_function(Emitter *e, const char *key, const char *name, const char *parameters, const char *arguments,
                                   const char *body) {
    remember(e, key, name);
    for (int v = 0; v < e->variant_count; v++) {
        const char *suffix = e->variants[v].variant->suffix;
        text_printf(&e->variants[v].specialised, "static void %s%s(%s) {\n%s}\n\n", name, suffix, parameters,
                    renamed_for_variant(e, body, v));
    }
    define_dispatcher(e, name, parameters, arguments, body);
}

const char *vector_function(Emitter *e, const char *stem, const char *parameters, const char *arguments, const char *body) {
    Arena *arena = e->graph->arena;
    const char *key = arena_printf(arena, "(%s) %s", parameters, body), *name = defined_name(e, key);
    if (name) return name;
    name = arena_printf(arena, "%s_%d", stem, e->defined_count);
    define_vector_function(e, key, name, parameters, arguments, body);
    return name;
}

void specialise_kernel(Emitter *e, const char *kernel, const char *name, const char *parameters, const char *arguments,
                       const char *constants) {
    if (e->step) e->step->kernel = name;
    if (defined_name(e, name)) return;
    copy_vector_kernel(e, kernel);
    define_vector_function(e, name, name, parameters, arguments,
                           arena_printf(e->graph->arena, "    %s(%s, %s);\n    BARRIER;\n", kernel, arguments, constants));
}

const char *define_constant(Emitter *e, const char *type, const char *stem, const char *initialiser) {
    Arena *arena = e->graph->arena;
    const char *key = arena_printf(arena, "%s %s", type, initialiser), *name = defined_name(e, key);
    if (name) return name;
    name = arena_printf(arena, "%s_%d", stem, e->defined_count);
    remember(e, key, name);
    text_printf(&e->helpers, "static const %s %s = %s;\n\n", type, name, initialiser);
    return name;
}

/* Numbered by the step that computes it (a second output gets a letter): ids depend on what passes made and dropped. */
static const char *offset_macro(Emitter *e, const Value *root) {
    const char **macro = &e->place_macro[root->id];
    if (*macro) return *macro;
    int output = 0;
    while (root->producer->out[output] != root) output++;
    const char letter[] = {output ? (char)('a' + output) : 0, 0};
    *macro = arena_printf(e->graph->arena, "AT_%d%s_%s", root->producer->mark + 1, letter,
                          identifier_part(e->graph->arena, root->name));
    return *macro;
}

static const Parameter *parameter_of(const Parameter *parameters, int count, const Plan *plan, const Value *root) {
    for (int k = 0; k < count; k++)
        if (plan->of[parameters[k].value->id].storage == root) return &parameters[k];
    return NULL;
}

/* Memory that the caller passed, `within` bytes behind its start. */
static const char *parameter_address(Emitter *e, const Parameter *parameter, int64_t within, Dtype type, const char *qualifier) {
    Arena *arena = e->graph->arena;
    int64_t size = (int64_t)dtype_size(parameter->value->type);
    e->names_parameter = true;
    const bool typed = parameter->value->type == type && within % size == 0;
    const int64_t unit = typed ? size : 1;
    const char *image = image_offset(e, e->plan->of[parameter->value->id].storage, unit);
    const char *offset = within ? arena_printf(arena, "%s + %lld", image, (long long)(within / unit)) : image;
    if (typed) return arena_printf(arena, "%s%s", parameter->name, offset);
    const char *start =
        *offset ? arena_printf(arena, "((%sunsigned char *)%s%s)", qualifier, parameter->name, offset) : parameter->name;
    return arena_printf(arena, "(%s%s *)(%svoid *)%s", qualifier, dtype_c_name(type), qualifier, start);
}

/* Memory of a value that is no constant, as an expression of type `T *` or `const T *`. */
static const char *address(Emitter *e, const Value *value, const char *qualifier) {
    const Placement *place = &e->plan->of[value->id];
    const Value *root = place->storage;
    const Graph *graph = e->graph;
    const Parameter *parameter = NULL;
    if (root->is_input)
        parameter = parameter_of(e->inputs, graph->input_count, e->plan, root);
    else if (place->offset < 0)
        parameter = parameter_of(e->outputs, graph->output_count, e->plan, root);
    if (parameter) return parameter_address(e, parameter, place->within, value->type, qualifier);
    e->uses_memory = true;
    return arena_printf(graph->arena, "(%s%s *)(memory + %s%s)", qualifier, dtype_c_name(value->type),
                        offset_macro(e, place->anchor), image_offset(e, root, 1));
}

/* `data` stays where it is: in the arena. */
static const char *stored_table(Emitter *e, const char *name, Dtype type, const void *data, int64_t count) {
    Arena *arena = e->graph->arena;
    const char *macro = arena_printf(arena, "W_%d_%s", e->weights.count, identifier_part(arena, name));
    if (e->step) e->step->weight_bytes += count * (int64_t)dtype_size(type);
    int table = weights_add(&e->weights, macro, data, (size_t)count * dtype_size(type));
    return arena_printf(arena, "(const %s *)(weights + %s)", dtype_c_name(type), e->weights.tables[table].macro);
}

const char *input_pointer(Emitter *e, const Value *value) {
    if (value->data) return stored_table(e, value->name, value->type, value->data, shape_count(&value->shape));
    return address(e, value, "const ");
}

const char *output_pointer(Emitter *e, const Value *value) {
    return address(e, value, "");
}

const char *weight_table(Emitter *e, const char *name, Dtype type, const void *data, int64_t count) {
    size_t bytes = (size_t)count * dtype_size(type);
    void *copy = arena_alloc(e->graph->arena, bytes + 1, 1);
    memcpy(copy, data, bytes);
    return stored_table(e, name, type, copy, count);
}

const char *packed_table(Emitter *e, const char *name, const float *data, int64_t count) {
    return stored_table(e, name, F32, data, count);
}

const char *scratch_pointer(Emitter *e, const Node *node) {
    e->uses_memory = true;
    e->scratch_used[node->mark] = true;
    return arena_printf(e->graph->arena, "(memory + SCRATCH_%d)", node->mark + 1);
}

const char *float_literal(Emitter *e, double value) {
    if (isnan(value)) {
        use_kernel(e, "libm");
        return "NAN";
    }
    if (isinf(value)) {
        use_kernel(e, "libm");
        return value < 0 ? "-INFINITY" : "INFINITY";
    }
    const char *text = arena_printf(e->graph->arena, "%.9g", value);
    return arena_printf(e->graph->arena, strpbrk(text, ".e") ? "%sf" : "%s.0f", text);
}

static const char *step_shapes(Emitter *e, const Node *node) {
    char from[128], to[128];
    const Shape *in = node->in_count && node->in[0] ? &node->in[0]->shape : &node->out[0]->shape;
    const Node *reader = strips_reader(node);
    return arena_printf(e->graph->arena, "%s -> %s%s", shape_text(in, from, sizeof from),
                        shape_text(&node->out[0]->shape, to, sizeof to),
                        reader ? arena_printf(e->graph->arena, ", in step %d strip by strip", reader->mark + 1) : "");
}

static bool is_empty(const Node *node) {
    for (int k = 0; k < node->out_count; k++)
        if (shape_count(&node->out[k]->shape) > 0) return false;
    return true;
}

static bool adds_residual(const Node *node) {
    Formula formula;
    if (node->op == OP_Conv) return node->in_count > 3 && node->in[3];
    if (node->op != OP_Expression || !formula_of(node, &formula)) return node->op == OP_Add || node->op == OP_AddShortcut;
    bool adds = false;
    for (int s = 0; s < formula.count; s++) adds |= formula.step[s].op == OP_Add;
    return adds;
}

static bool lower_node(Emitter *e, Node *node) {
    if (is_empty(node)) return true; /* no element to compute */
    Arena *arena = e->graph->arena;
    StepText *text = &e->step_texts[e->step_count++];
    text->start = e->steps.length;
    e->names_parameter = e->by_team = false;
    text_printf(&e->steps, "\n");
    e->depth = e->base_depth;
    emit(e, "/* %d. %s (%s): %s */", node->mark + 1, comment_text(arena, node->name), comment_text(arena, node->op_type),
         step_shapes(e, node));
    e->depth = e->base_depth;
    text->body = e->steps.length;
    static const char single[] = "SINGLE ";
    emit(e, "%s{", single);
    size_t opened = e->steps.length;
    if (!accepts_layouts(node))
        return node_fail(e->graph, node, STATUS_UNSUPPORTED, "it has no kernel for images laid out as its operands are");
    if (!lower_of(node->op)(e, node)) return false;
    if (e->steps.length == opened) /* a view, or a Concat whose parts lie in place: nothing to do */
        e->steps.data[e->steps.length = text->body] = '\0';
    else {
        emit(e, "}");
        if (e->by_team) text_remove(&e->steps, text->body + 4 * (size_t)e->base_depth, strlen(single));
    }
    text->end = e->steps.length;
    text->shareable = !e->names_parameter;
    text->adds_residual = adds_residual(node);
    return e->graph->diag->status == STATUS_OK;
}

/* A step, and in a profiling build the call that ends it. */
static bool lower_step(Emitter *e, Node *node) {
    StepProfile *profile = e->options->profile;
    e->step = profile ? &profile[node->mark] : NULL;
    if (e->step) *e->step = (StepProfile){.products = step_total(node, node_products)};
    if (!lower_node(e, node)) return false;
    if (profile) text_printf(&e->steps, "    SINGLE\n    %s_step(%d);\n", e->options->name, node->mark);
    return true;
}

/* One parameter is called `input` or `output`; several carry their ONNX name and their position. */
static Parameter *name_parameters(Emitter *e, Value **values, int count, const char *const *names, const char *role) {
    Arena *arena = e->graph->arena;
    Parameter *parameters = ARENA_ARRAY(arena, Parameter, count);
    for (int k = 0; k < count; k++) {
        const char *name = names ? names[k] : values[k]->name;
        parameters[k].value = values[k];
        parameters[k].name = count == 1 ? role : arena_printf(arena, "%s%d_%s", role, k, identifier_part(arena, name));
    }
    return parameters;
}

/* Outputs that no step writes: inputs, constants, and values that another output's buffer already holds. */
static void copy_remaining_outputs(Emitter *e) {
    for (int k = 0; k < e->graph->output_count; k++) {
        const Value *value = e->outputs[k].value;
        size_t bytes = (size_t)shape_count(&value->shape) * dtype_size(value->type);
        const char *from = bytes ? input_pointer(e, value) : e->outputs[k].name;
        if (strcmp(from, e->outputs[k].name) == 0) continue;
        text_printf(&e->output_copies, "\n    memcpy(%s, %s, %zu); /* output '%s' */\n", e->outputs[k].name, from, bytes,
                    comment_text(e->graph->arena, e->graph->output_names[k]));
    }
}

bool emitter_lower(Emitter *e, Graph *graph, const CodegenOptions *options) {
    Arena *arena = graph->arena;
    *e = (Emitter){.graph = graph, .options = options, .base_depth = 1, .open_block = -1};
    e->weights.arena = e->steps.arena = e->output_copies.arena = e->kernels.arena = e->specialised.arena = e->helpers.arena =
        e->blocks.arena = e->system_includes.arena = arena;
    text_printf(&e->system_includes, "#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n");
    kernels_begin(e);
    use_kernel(e, "threads");
    e->place_macro = ARENA_ARRAY(arena, const char *, graph->value_count + 1);
    if (!(e->plan = plan_memory(graph))) return false;
    e->scratch_used = ARENA_ARRAY(arena, bool, e->plan->steps + 1);
    e->step_texts = ARENA_ARRAY(arena, StepText, e->plan->steps + 1);
    e->inputs = name_parameters(e, graph->inputs, graph->input_count, NULL, "input");
    e->outputs = name_parameters(e, graph->outputs, graph->output_count, graph->output_names, "output");
    e->loop_end = image_loop_end(graph);
    e->images = e->loop_end ? image_loop_count(e->loop_end) : 0;
    if (options->blocks) e->block_of_step = steps_of_blocks(graph);
    for (Node *node = graph->first; node; node = node->next) {
        skip_before(e, node);
        if (!lower_step(e, node) || !skip_after(e, node)) return false;
        images_after(e, node);
    }
    skip_finish(e);
    e->step = NULL;
    if (!options->blocks && !options->profile) share_repeated_steps(e);
    copy_remaining_outputs(e);
    return graph->diag->status == STATUS_OK;
}

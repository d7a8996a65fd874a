/* Writes the generated C file from what lowering collected. */
#include "codegen/emitter.h"

static const char *macro_prefix(const Emitter *e) {
    return upper_case(e->graph->arena, e->options->name);
}

static void write_opening(const Emitter *e, FILE *out) {
    fprintf(out, "/* %s: compiled by skipc from %s. Interface: %s.\n", e->options->name,
            comment_text(e->graph->arena, e->options->model), e->options->header_name);
    fprintf(out,
            " *\n * C99 with nothing but the C library's headers below. The kernels come first, then the weights, then %s_run, "
            "one step\n",
            e->options->name);
    fprintf(out, " * per fused layer. Activations named \"blocked\" lie as [channels / 16][rows][columns][16]. */\n");
    fprintf(out, "#include \"%s\"\n\n%s\n", e->options->header_name, e->system_includes.data);
    if (e->options->profile)
        fprintf(out, "/* Called at the end of each step: this is a profiling build. */\nvoid %s_step(int step);\n\n",
                e->options->name);
}

/* One variant's kernels, compiled for its instructions whatever the compiler's flags are. */
static void write_variant(const KernelCopies *copies, FILE *out) {
    const char *features = copies->variant->features;
    fprintf(out, "#ifdef __clang__\n#pragma clang attribute push(__attribute__((target(\"%s\"))), apply_to = function)\n",
            features);
    fprintf(out, "#else\n#pragma GCC push_options\n#pragma GCC target(\"%s\")\n#endif\n\n%s\n%s", features, copies->kernels.data,
            copies->specialised.data);
    fprintf(out, "#ifdef __clang__\n#pragma clang attribute pop\n#else\n#pragma GCC pop_options\n#endif\n\n");
}

static void write_kernels(const Emitter *e, FILE *out) {
    if (e->kernels.data) fprintf(out, "%s\n", e->kernels.data);
    if (e->specialised.data && e->variant_count) {
        fprintf(out, "/* The same kernels for wider vectors than the compiler's flags allow, chosen at run time. */\n"
                     "#if defined(__GNUC__) && defined(__x86_64__) && !defined(PLAIN_C)\n"
                     "#define RUN_TIME_WIDTHS\n#include <immintrin.h>\n\n");
        for (int v = 0; v < e->variant_count; v++) write_variant(&e->variants[v], out);
        fprintf(out, "#endif\n\n");
    }
    if (e->specialised.data) fprintf(out, "%s\n", e->specialised.data);
}

static void write_required(const Emitter *e, FILE *out) {
    const Target *target = e->options->target;
    if (target->required)
        fprintf(out, "#if !(%s)\n#error \"compiled by skipc for %s: use %s\"\n#endif\n\n", target->required, target->name,
                target->help);
}

/* Constants are bytes wherever they lie, and what reads them takes them as they are. Compilers that say nothing of __BYTE_ORDER__
 * define one of the other names where bytes are reversed. */
static void write_byte_order(const Emitter *e, FILE *out) {
    if (!e->weights.count) return;
    fprintf(out,
            "#if defined(__BYTE_ORDER__) && defined(__ORDER_BIG_ENDIAN__)\n#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__\n"
            "#define %s_REVERSED\n#endif\n#elif defined(__BIG_ENDIAN__) || defined(__big_endian__) || defined(__ARMEB__)\n"
            "#define %s_REVERSED\n#endif\n#ifdef %s_REVERSED\n"
            "#error \"the weights of this network are little-endian, this machine is big-endian: skipc has no code for "
            "it\"\n#endif\n\n",
            macro_prefix(e), macro_prefix(e), macro_prefix(e));
}

static void write_inline_weights(const Emitter *e, FILE *out) {
    fprintf(out, "/* The bytes of all constants. */\n"
                 "#ifdef __GNUC__\n__attribute__((aligned(64)))\n#endif\n");
    fprintf(out,
            "static const union {\n    unsigned char bytes[%zu][%d];\n    float as_float;\n    int64_t as_integer;\n} %s_weights "
            "= {{\n",
            weights_rows(&e->weights), WEIGHT_ROW, e->options->name);
    weights_write_rows(&e->weights, out);
    fprintf(out, "}};\n\n");
}

static void write_asm_weights(const Emitter *e, FILE *out) {
    const char *name = e->options->name;
    fprintf(out,
            "/* The bytes of all constants, from %s: the assembler looks for it in the current folder and in those of -I. */\n",
            e->options->weights_name);
    fprintf(out, "__asm__(\".pushsection .rodata\\n\\t.balign 64\\n%s_weights:\\n\\t.incbin \\\"%s\\\"\\n\\t.popsection\\n\");\n",
            name, e->options->weights_name);
    fprintf(out, "extern const unsigned char %s_weights[] __attribute__((visibility(\"hidden\")));\n\n", name);
}

static void write_offsets(const Emitter *e, FILE *out) {
    if (e->uses_memory) fprintf(out, "/* Where values lie in the arena, bytes; their live ranges share it. */\n");
    for (int id = 0; id < e->graph->value_count; id++)
        if (e->place_macro[id])
            fprintf(out, "#define %s ((size_t)%lld)\n", e->place_macro[id], (long long)e->plan->of[id].offset);
    for (int step = 0; step < e->plan->steps; step++)
        if (e->scratch_used[step])
            fprintf(out, "#define SCRATCH_%d ((size_t)%lld)\n", step + 1, (long long)e->plan->scratch_offset[step]);
    if (e->weights.count) fprintf(out, "\n/* Where constants lie among the weights, bytes. */\n");
    for (int k = 0; k < e->weights.count; k++)
        fprintf(out, "#define %s ((size_t)%zu)\n", e->weights.tables[k].macro, e->weights.tables[k].offset);
    fprintf(out, "\n");
}

/* `last` is what follows the arena. */
static void write_parameters(const Emitter *e, FILE *out, const char *last) {
    for (int k = 0; k < e->graph->input_count; k++)
        fprintf(out, "%sconst %s *%s", k ? ", " : "", dtype_c_name(e->inputs[k].value->type), e->inputs[k].name);
    for (int k = 0; k < e->graph->output_count; k++)
        fprintf(out, "%s%s *%s", k || e->graph->input_count ? ", " : "", dtype_c_name(e->outputs[k].value->type),
                e->outputs[k].name);
    fprintf(out, "%s, void *arena%s)", e->options->weights == WEIGHTS_FILE ? ", const void *weights_file" : "", last);
}

/* Without elements a pointer is never followed: it may be null. */
static void check_pointer(FILE *out, const Parameter *parameter) {
    const char *name = parameter->name;
    if (shape_count(&parameter->value->shape) == 0) {
        fprintf(out, "    (void)%s;\n", name);
        return;
    }
    fprintf(out, "    if (!%s) return -1;\n", name);
    if (dtype_size(parameter->value->type) > 1)
        fprintf(out, "    if ((uintptr_t)%s %% sizeof(%s) != 0) return -2;\n", name, dtype_c_name(parameter->value->type));
}

static void write_checks(const Emitter *e, FILE *out) {
    for (int k = 0; k < e->graph->input_count; k++) check_pointer(out, &e->inputs[k]);
    for (int k = 0; k < e->graph->output_count; k++) check_pointer(out, &e->outputs[k]);
    const char *prefix = macro_prefix(e);
    if (e->options->weights == WEIGHTS_FILE)
        fprintf(out,
                e->weights.count
                    ? "    if (!weights_file) return -1;\n    if ((uintptr_t)weights_file %% %s_ARENA_ALIGN != 0) return -2;\n"
                    : "    (void)weights_file;\n",
                prefix);
    if (e->uses_memory)
        fprintf(out,
                "    if (!arena) return -1;\n    if ((uintptr_t)arena %% %s_ARENA_ALIGN != 0) return -2;\n    unsigned char "
                "*const memory = arena;\n",
                prefix);
    else
        fprintf(out, "    (void)arena;\n");
    if (!e->weights.count) return;
    if (e->options->weights == WEIGHTS_FILE)
        fprintf(out, "    const unsigned char *const weights = weights_file;\n");
    else
        /* Of the whole object: a pointer into its first row must stay inside that row. */
        fprintf(out, "    const unsigned char *const weights = %s%s_weights;\n",
                e->options->weights == WEIGHTS_INLINE ? "(const unsigned char *)&" : "", e->options->name);
}

static const char keep_parameter[] = ", const unsigned char *keep";

/* All blocks kept: the same steps. */
static void write_run_of_all_blocks(const Emitter *e, FILE *out) {
    fprintf(out, "\nint %s_run(", e->options->name);
    write_parameters(e, out, "");
    fprintf(out, " {\n    static const unsigned char all[%s_BLOCKS] = {", macro_prefix(e));
    for (int k = 0; k < e->options->block_count; k++) fprintf(out, k ? (k % 32 ? ", 1" : ",\n        1") : "1");
    fprintf(out, "};\n    return %s_run_blocks(", e->options->name);
    for (int k = 0; k < e->graph->input_count; k++) fprintf(out, "%s, ", e->inputs[k].name);
    for (int k = 0; k < e->graph->output_count; k++) fprintf(out, "%s, ", e->outputs[k].name);
    fprintf(out, "%sarena, all);\n}\n", e->options->weights == WEIGHTS_FILE ? "weights_file, " : "");
}

void write_source(Emitter *e, FILE *out) {
    write_opening(e, out);
    write_required(e, out);
    write_byte_order(e, out);
    write_kernels(e, out);
    if (e->helpers.data) fprintf(out, "%s\n", e->helpers.data);
    if (e->weights.count && e->options->weights == WEIGHTS_INLINE) write_inline_weights(e, out);
    if (e->weights.count && e->options->weights == WEIGHTS_ASM) write_asm_weights(e, out);
    write_offsets(e, out);
    if (e->blocks.data) fprintf(out, "%s", e->blocks.data);
    const bool skips = e->options->blocks != NULL;
    fprintf(out, "int %s_run%s(", e->options->name, skips ? "_blocks" : "");
    write_parameters(e, out, skips ? keep_parameter : "");
    fprintf(out, " {\n");
    write_checks(e, out);
    if (skips) fprintf(out, "    if (!keep) return -1;\n");
    fprintf(out, "    PARALLEL { /* the threads of a team go through the steps together */\n%s    }\n%s",
            e->steps.data ? e->steps.data : "", e->output_copies.data ? e->output_copies.data : "");
    fprintf(out, "    return 0;\n}\n");
    if (skips) write_run_of_all_blocks(e, out);
}

static void write_value_comment(const Emitter *e, FILE *out, const char *role, const char *parameter, const char *onnx_name,
                                const Value *value) {
    char shape[128];
    fprintf(out, " *   %-7s %s: '%s', %s, %s (%lld elements)\n", role, parameter, comment_text(e->graph->arena, onnx_name),
            dtype_onnx_name(value->type), shape_text(&value->shape, shape, sizeof shape), (long long)shape_count(&value->shape));
}

/* An input of the model that the function has no parameter for: compiling has used its value. */
static void write_bound_comment(const Emitter *e, FILE *out, const Value *bound) {
    char shape[128], number[64] = "";
    if (shape_count(&bound->shape) == 1 && dtype_is_float(bound->type))
        snprintf(number, sizeof number, ": %.9g", constant_float_at(bound, 0));
    else if (shape_count(&bound->shape) == 1)
        snprintf(number, sizeof number, ": %lld", (long long)constant_int_at(bound, 0));
    fprintf(out, " *   %-7s '%s', %s, %s%s\n", "bound", comment_text(e->graph->arena, bound->name), dtype_onnx_name(bound->type),
            shape_text(&bound->shape, shape, sizeof shape), number);
}

static void write_sizes(const Emitter *e, FILE *out, const char *role, const Parameter *parameters, int count) {
    for (int k = 0; k < count; k++) {
        const char *name = count == 1 ? role : arena_printf(e->graph->arena, "%s%d", role, k);
        fprintf(out, "#define %s_%s_ELEMENTS %lld\n", macro_prefix(e), upper_case(e->graph->arena, name),
                (long long)shape_count(&parameters[k].value->shape));
    }
}

static void declare_run_blocks(const Emitter *e, FILE *out) {
    Arena *arena = e->graph->arena;
    fprintf(out,
            "\n/* The same with residual blocks left out: where keep[k] is 0, block k is its shortcut alone (with the activation "
            "behind the sum).\n * keep has %s_BLOCKS elements, which are only read; it must not be null. Blocks that change the "
            "shape are always run,\n * whatever keep says of them.\n *\n",
            macro_prefix(e));
    for (int k = 0; k < e->options->block_count; k++)
        fprintf(out, " *   keep[%d]: '%s'%s\n", k, comment_text(arena, e->options->blocks[k].name),
                e->options->blocks[k].droppable ? "" : ", always run");
    fprintf(out, " */\nint %s_run_blocks(", e->options->name);
    write_parameters(e, out, keep_parameter);
    fprintf(out, ";\n");
}

void write_header(Emitter *e, FILE *out) {
    const char *name = e->options->name, *prefix = macro_prefix(e);
    fprintf(out, "/* %s: compiled by skipc from %s.\n *\n", name, comment_text(e->graph->arena, e->options->model));
    for (int k = 0; k < e->graph->input_count; k++)
        write_value_comment(e, out, "input", e->inputs[k].name, e->graph->inputs[k]->name, e->graph->inputs[k]);
    for (int k = 0; k < e->graph->output_count; k++)
        write_value_comment(e, out, "output", e->outputs[k].name, e->graph->output_names[k], e->graph->outputs[k]);
    for (int k = 0; k < e->graph->bound_count; k++) write_bound_comment(e, out, e->graph->bound[k]);
    fprintf(out, " *\n * Tensors are row-major. Returns 0, -1 for a null pointer, -2 for a misaligned one. No state is kept "
                 "between calls: threads may run it at once,\n"
                 " * each with an arena of its own. */\n");
    fprintf(out, "#ifndef %s_H\n#define %s_H\n\n#include <stdint.h>\n\n", prefix, prefix);
    fprintf(out, "#define %s_ARENA_BYTES %lld /* caller-owned scratch memory */\n#define %s_ARENA_ALIGN 64 /* bytes */\n", prefix,
            (long long)e->plan->arena_bytes, prefix);
    fprintf(out, "#define %s_WEIGHT_BYTES %zu%s\n", prefix, e->weights.bytes,
            e->options->weights == WEIGHTS_FILE ? " /* of the weights file, aligned to 64 bytes in memory */" : "");
    write_sizes(e, out, "input", e->inputs, e->graph->input_count);
    write_sizes(e, out, "output", e->outputs, e->graph->output_count);
    if (e->options->blocks) fprintf(out, "#define %s_BLOCKS %d /* residual blocks */\n", prefix, e->options->block_count);
    fprintf(out, "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\nint %s_run(", name);
    write_parameters(e, out, "");
    fprintf(out, ";\n");
    if (e->options->blocks) declare_run_blocks(e, out);
    fprintf(out, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}

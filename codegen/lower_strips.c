/* A convolution and the layer that reads its result, as one step: see runtime/strips.h. */
#include "codegen/conv_strips.h"
#include "codegen/emitter.h"
#include "codegen/lower_conv.h"
#include "codegen/lower_pool.h"
#include "codegen/vector_elements.h"

static const char *strips_constant(Emitter *e, const Node *producer, const StripsGeometry *s) {
    Arena *arena = e->graph->arena;
    const char *fields = arena_printf(
        arena,
        "{\n    .conv = %s,\n    .channels = %d, .height = %d, .next_height = %d, .next_rows = %d,\n    .next_reach = %d, "
        ".next_stride = %d, .next_pad = %d,\n    .shares = %d, .share_floats = %lld,\n}",
        text_nested(arena, conv_initialiser(e, producer, &s->conv)), s->channels, s->height, s->next_height, s->next_rows,
        s->next_reach, s->next_stride, s->next_pad, s->shares, (long long)s->share_floats);
    return define_constant(e, "struct conv_strips",
                           arena_printf(arena, "strips_%d_to_%d", s->conv.in_channels, s->conv.out_channels), fields);
}

/* The call up to the input, and what stands between the convolution's operands and the result. */
typedef struct {
    const char *kernel, *next_geometry, *next_operands;
} NextLayer;

static bool prepare_pool(Emitter *e, const Node *pool, const ConvGeometry *conv, NextLayer *next) {
    Arena *arena = e->graph->arena;
    *next = (NextLayer){arena_printf(arena, "%s_pool", conv_kernel_stem(e, conv)), "&window", ""};
    specialise_kernel(
        e, "conv_strips_pool", next->kernel,
        "const struct conv_strips *s, const struct pool *pool, const float *in, const float *scale,\n                "
        "const float *weights, const float *bias, float *out, float *scratch",
        "s, pool, in, scale, weights, bias, out, scratch",
        arena_printf(arena, "%d, %d", conv->blocked_in ? BLOCK : 1, conv->stride_width));
    return declare_image_window(e, pool);
}

static bool prepare_grouped(Emitter *e, const Node *reader, const ConvGeometry *conv, NextLayer *next) {
    Arena *arena = e->graph->arena;
    ConvGeometry g;
    if (!conv_geometry(e->graph, reader, &g)) return false;
    int size = conv_unrolled_size(&g);
    const char *edge = size ? arena_printf(arena, "_%dx%d", size, size) : "";
    next->kernel = arena_printf(arena, "%s%s_groups_of_%d", conv_kernel_stem(e, conv), edge, g.in_channels);
    next->next_geometry = arena_printf(arena, "&%s", conv_geometry_constant(e, reader, &g));
    next->next_operands = arena_printf(arena, "%s, %s, ", conv_weights(e, reader, &g), conv_bias(e, reader, &g));
    specialise_kernel(
        e, "conv_strips_grouped", next->kernel,
        "const struct conv_strips *s, const struct conv *grouped, const float *in, const float *scale,\n                "
        "const float *weights, const float *bias, const float *grouped_weights, const float *grouped_bias,\n                "
        "float *out, float *scratch",
        "s, grouped, in, scale, weights, bias, grouped_weights, grouped_bias, out, scratch",
        arena_printf(arena, "%d, %d, %d, %d", conv->blocked_in ? BLOCK : 1, conv->stride_width, g.in_channels, size));
    return true;
}

bool lower_conv_strips(Emitter *e, Node *reader) {
    const Node *producer = strips_producer(reader);
    StripsGeometry s;
    NextLayer next;
    double low, high;
    if (!strips_geometry(e->graph, reader, &s)) return false;
    step_by_team(e);
    emit(e, "const float *in = %s;", input_pointer(e, producer->in[0]));
    emit(e, "float *out = %s;", output_pointer(e, reader->out[0]));
    const char *geometry = strips_constant(e, producer, &s), *scale = conv_scale(e, producer, &s.conv),
               *weights = conv_weights(e, producer, &s.conv), *bias = conv_bias(e, producer, &s.conv);
    if (!(reader->op == OP_Conv ? prepare_grouped : prepare_pool)(e, reader, &s.conv, &next)) return false;
    const char *each = "", *in_step = "", *out_step = "";
    if (s.conv.batch > 1) {
        emit(e, "for (size_t n = 0; n < %d; n++)", s.conv.batch);
        each = "    ";
        in_step = arena_printf(e->graph->arena, " + n * %lld", (long long)s.conv.in_image);
        out_step = arena_printf(e->graph->arena, " + n * %lld", (long long)shape_product(&reader->out[0]->shape, 1, 4));
    }
    emit(e, "%s%s(&%s, %s, in%s, %s%s, %s, %sout%s, (float *)%s);", each, next.kernel, geometry, next.next_geometry, in_step,
         scale, weights, bias, next.next_operands, out_step, scratch_pointer(e, reader));
    if (reader->op == OP_Conv && !epilogue_limits(reader, &low, &high)) emit_activation_after(e, reader, "out");
    return true;
}

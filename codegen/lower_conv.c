/* Convolutions: chooses the kernel, packs the weights in its order of reading, and calls it. */
#include "codegen/lower_conv.h"

#include "codegen/activation.h"
#include "codegen/conv_strips.h"
#include "codegen/emitter.h"
#include "codegen/vector_elements.h"
#include "codegen/winograd_weights.h"
#include "ir/op_table.h"

#include <inttypes.h>
#include <math.h>

/* The packed panels that runtime/conv.h describes. `shape` of the source is [groups * out][in][height][width]. */
static float *pack_panels(Arena *arena, const ConvGeometry *g, const float *source, int64_t *count) {
    int panels = conv_padded_outputs(g) / BLOCK, taps = g->kernel_height * g->kernel_width;
    int64_t panel_floats = (int64_t)g->in_channels * taps * BLOCK;
    *count = panel_floats * panels * g->groups;
    float *packed = ARENA_ARRAY(arena, float, *count);
    for (int m = 0; m < g->groups * g->out_channels; m++) {
        int group = m / g->out_channels, within = m % g->out_channels;
        const float *from = source + (int64_t)m * g->weight_channels * taps;
        float *panel = packed + (group * panels + within / BLOCK) * panel_floats + within % BLOCK;
        for (int c = 0; c < g->in_channels; c++) {
            int first = c / BLOCK * BLOCK, width = g->in_channels - first < BLOCK ? g->in_channels - first : BLOCK;
            for (int tap = 0; tap < taps; tap++)
                panel[((int64_t)first * taps + (int64_t)tap * width + (c - first)) * BLOCK] = from[(int64_t)c * taps + tap];
        }
    }
    return packed;
}

/* [block][tap][channel of the group][16], for groups narrower than a block. */
static float *pack_grouped(Arena *arena, const ConvGeometry *g, const float *source, int64_t *count) {
    int taps = g->kernel_height * g->kernel_width, width = g->in_channels;
    *count = (int64_t)g->groups * width * taps * width;
    float *packed = ARENA_ARRAY(arena, float, *count);
    for (int m = 0; m < g->groups * width; m++)
        for (int c = 0; c < width; c++)
            for (int tap = 0; tap < taps; tap++)
                packed[(((int64_t)(m / BLOCK) * taps + tap) * width + c) * BLOCK + m % BLOCK] =
                    source[((int64_t)m * width + c) * taps + tap];
    return packed;
}

/* As runtime/conv.h says. */
static float *pack_input_scale(Arena *arena, const ConvGeometry *g, const float *scale, const float *shift) {
    int unit = g->blocked_in ? BLOCK : 1;
    float *packed = ARENA_ARRAY(arena, float, 2 * (int64_t)g->weight_channels);
    for (int c = 0; c < g->weight_channels; c++) {
        packed[c / unit * 2 * unit + c % unit] = scale[c];
        packed[(c / unit * 2 + 1) * unit + c % unit] = shift[c];
    }
    return packed;
}

/* One bias for each lane of each panel; zeros where the node has none. */
static float *pack_bias(Arena *arena, const ConvGeometry *g, const float *source, int64_t *count) {
    int padded = g->kernel == CONV_GROUPED ? g->out_channels : conv_padded_outputs(g);
    *count = (int64_t)g->groups * padded;
    float *packed = ARENA_ARRAY(arena, float, *count);
    for (int m = 0; source && m < g->groups * g->out_channels; m++)
        packed[m / g->out_channels * padded + m % g->out_channels] = source[m];
    return packed;
}

const char *conv_initialiser(Emitter *e, const Node *node, const ConvGeometry *g) {
    double low, high, in_low = attr_int(node, A_INPUT_RELU, 0) ? 0.0 : -INFINITY;
    epilogue_limits(node, &low, &high);
    Text fields = {.arena = e->graph->arena};
    text_printf(&fields, "{\n    .images = %d, .in_image = %" PRId64 ", .out_image = %" PRId64 ",\n", g->batch, g->in_image,
                g->out_image);
    text_printf(&fields, "    .groups = %d, .in_channels = %d, .out_channels = %d,\n", g->groups, g->in_channels,
                g->out_channels);
    text_printf(&fields, "    .in_height = %d, .in_width = %d, .out_height = %d, .out_width = %d,\n", g->in_height, g->in_width,
                g->out_height, g->out_width);
    text_printf(&fields, "    .kernel_height = %d, .kernel_width = %d, .stride_height = %d, .stride_width = %d,\n",
                g->kernel_height, g->kernel_width, g->stride_height, g->stride_width);
    text_printf(&fields, "    .dilation_height = %d, .dilation_width = %d, .pad_top = %d, .pad_left = %d,\n", g->dilation_height,
                g->dilation_width, g->pad_top, g->pad_left);
    text_printf(
        &fields,
        "    .sum_channels = %d, .strip_rows = %d, .strip_images = %d, .strips = %d, .padded_width = %d, .padded_rows = %d, "
        ".strip_step = %d,\n    "
        ".blocked_out = %d,\n",
        g->sum_channels, g->strip_rows, g->strip_images, g->strips, g->padded_width, g->padded_rows, g->strip_step,
        g->blocked_out);
    text_printf(&fields, "    .low = %s, .high = %s,\n", float_literal(e, low), float_literal(e, high));
    if (g->scaled) text_printf(&fields, "    .in_low = %s,\n", float_literal(e, in_low));
    text_printf(&fields, "}");
    return fields.data;
}

const char *conv_geometry_constant(Emitter *e, const Node *node, const ConvGeometry *g) {
    const char *fields = conv_initialiser(e, node, g);
    const char *stem =
        arena_printf(e->graph->arena, "conv_%dx%d_%d_to_%d", g->kernel_height, g->kernel_width, g->in_channels, g->out_channels);
    if (g->kernel != CONV_WINOGRAD) return define_constant(e, "struct conv", stem, fields);
    const char *tiles = arena_printf(e->graph->arena, "{\n    .conv = %s,\n    .tile_block = %d, .shares = %d,\n}",
                                     text_nested(e->graph->arena, fields), g->tile_block, g->shares);
    return define_constant(e, "struct winograd", stem, tiles);
}

/* Depthwise kernels up to this edge are unrolled as a whole; wider groups have enough to do in one tap. */
enum { MOST_UNROLLED = 5 };

int conv_unrolled_size(const ConvGeometry *g) {
    bool unrolled = g->in_channels == 1 && g->kernel_height == g->kernel_width && g->kernel_width <= MOST_UNROLLED;
    return unrolled ? g->kernel_width : 0;
}

const char *conv_kernel_stem(Emitter *e, const ConvGeometry *g) {
    return arena_printf(e->graph->arena, "conv_%s_stride_%d", g->blocked_in ? "blocked" : "planar", g->stride_width);
}

/* The kernel with its constants filled in, as a function of the generated file; returns its name. */
static const char *specialised_kernel(Emitter *e, const ConvGeometry *g) {
    Arena *arena = e->graph->arena;
    if (g->kernel == CONV_DIRECT) {
        use_kernel(e, "conv_direct");
        return "conv_direct";
    }
    const char *name, *kernel, *constants, *scale = g->kernel == CONV_GROUPED ? "" : ", const float *scale";
    if (g->kernel == CONV_GROUPED) {
        int size = conv_unrolled_size(g);
        kernel = "conv_grouped";
        name = size ? arena_printf(arena, "conv_%dx%d_groups_of_%d", size, size, g->in_channels)
                    : arena_printf(arena, "conv_groups_of_%d", g->in_channels);
        constants = arena_printf(arena, "%d, %d", g->in_channels, size);
    } else if (g->kernel == CONV_WINOGRAD) {
        kernel = "conv_winograd";
        name = arena_printf(arena, g->stride_width == 1 ? "conv_winograd_%d" : "conv_winograd_%d_stride_%d", g->output_size,
                            g->stride_width);
        constants = arena_printf(arena, "%d, %d", g->output_size, g->stride_width);
    } else {
        kernel = "conv_dense";
        name = conv_kernel_stem(e, g);
        constants = arena_printf(arena, "%d, %d", g->blocked_in ? BLOCK : 1, g->stride_width);
    }
    const char *parameters =
        arena_printf(arena,
                     "const struct %s *g, const float *in%s, const float *weights,\n                const float "
                     "*bias, const float *residual, float *out, float *scratch",
                     g->kernel == CONV_WINOGRAD ? "winograd" : "conv", scale);
    specialise_kernel(e, kernel, name, parameters,
                      *scale ? "g, in, scale, weights, bias, residual, out, scratch"
                             : "g, in, weights, bias, residual, out, scratch",
                      constants);
    return name;
}

const char *conv_weights(Emitter *e, const Node *node, const ConvGeometry *g) {
    if (g->kernel == CONV_DIRECT) return input_pointer(e, node->in[1]);
    int64_t count;
    if (g->kernel == CONV_WINOGRAD) {
        const float *transformed = winograd_weights(e->graph->arena, g, node->in[1]->data, &count);
        return packed_table(e, node->in[1]->name, transformed, count);
    }
    const float *packed = g->kernel == CONV_GROUPED ? pack_grouped(e->graph->arena, g, node->in[1]->data, &count)
                                                    : pack_panels(e->graph->arena, g, node->in[1]->data, &count);
    return packed_table(e, node->in[1]->name, packed, count);
}

const char *conv_bias(Emitter *e, const Node *node, const ConvGeometry *g) {
    const Value *bias = node->in_count > 2 ? node->in[2] : NULL;
    if (g->kernel == CONV_DIRECT) return bias ? input_pointer(e, bias) : "NULL";
    int64_t count;
    const float *packed = pack_bias(e->graph->arena, g, bias ? bias->data : NULL, &count);
    return packed_table(e, bias ? bias->name : "zero_bias", packed, count);
}

const char *conv_scale(Emitter *e, const Node *node, const ConvGeometry *g) {
    if (g->kernel == CONV_DIRECT || g->kernel == CONV_GROUPED) return "";
    if (!g->scaled) return "NULL, ";
    const float *packed = pack_input_scale(e->graph->arena, g, node->in[4]->data, node->in[5]->data);
    return arena_printf(e->graph->arena, "%s, ", packed_table(e, node->in[4]->name, packed, 2 * (int64_t)g->weight_channels));
}

bool lower_conv(Emitter *e, Node *node) {
    if (strips_reader(node)) return true;
    if (strips_producer(node)) return lower_conv_strips(e, node);
    ConvGeometry g;
    if (!require_f32(e, node, node->out[0]->type) || !conv_geometry(e->graph, node, &g)) return false;
    double low, high;
    bool limits = epilogue_limits(node, &low, &high);
    const char *kernel = specialised_kernel(e, &g), *geometry = conv_geometry_constant(e, node, &g);
    const Value *residual = node->in_count > 3 ? node->in[3] : NULL;
    const char *by = g.kernel == CONV_DIRECT ? "SINGLE " : "";
    step_by_team(e);
    emit(e, "const float *in = %s;", input_pointer(e, node->in[0]));
    if (residual) emit(e, "const float *residual = %s;", input_pointer(e, residual));
    emit(e, "float *out = %s;", output_pointer(e, node->out[0]));
    const char *scale = conv_scale(e, node, &g), *weights = conv_weights(e, node, &g), *bias = conv_bias(e, node, &g);
    const char *scratch = g.kernel == CONV_DIRECT ? ""
                          : g.scratch_bytes       ? arena_printf(e->graph->arena, ", (float *)%s", scratch_pointer(e, node))
                                                  : ", NULL";
    emit(e, "%s%s(&%s, in, %s%s, %s, %s, out%s);", by, kernel, geometry, scale, weights, bias, residual ? "residual" : "NULL",
         scratch);
    if (!limits) emit_activation_after(e, node, "out");
    return true;
}

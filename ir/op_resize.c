/* Resize (10, 11, 13, 18, 19) and what Upsample becomes. Where ONNX leaves something open (what "length_resized" is where a scale
 * leads to no whole number, in what precision a coordinate is computed), as ONNX Runtime 1.32 does: docs/conformance.md. */
#include "ir/op_functions.h"
#include "ir/op_support.h"
#include "ir/resize.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef enum {
    HALF_PIXEL,
    HALF_PIXEL_SYMMETRIC,
    PYTORCH_HALF_PIXEL,
    ALIGN_CORNERS,
    ASYMMETRIC,
    TF_HALF_PIXEL_FOR_NN,
    TF_CROP_AND_RESIZE,
    COORDINATES
} Coordinates;
static const char *const coordinate_names[COORDINATES] = {"half_pixel",        "half_pixel_symmetric", "pytorch_half_pixel",
                                                          "align_corners",     "asymmetric",           "tf_half_pixel_for_nn",
                                                          "tf_crop_and_resize"};
typedef enum { NEAREST, LINEAR, CUBIC, MODES } Mode;
static const char *const mode_names[MODES] = {"nearest", "linear", "cubic"};
/* Before opset 11 there was no nearest_mode: an axis that shrinks rounds up, one that grows down. */
typedef enum { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL, CEIL_WHERE_SHRINKING, ROUNDINGS } Rounding;
static const char *const rounding_names[ROUNDINGS] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
                                                      RESIZE_NEAREST_10};

static int named(const Node *node, AttrKey key, const char *otherwise, const char *const *names, int count) {
    const char *name = attr_string(node, key, otherwise);
    int i = 0;
    while (i < count && strcmp(names[i], name) != 0) i++;
    return i;
}

static Mode mode_of(const Node *node) {
    return (Mode)named(node, A_MODE, "nearest", mode_names, MODES);
}
static Coordinates coordinates_of(const Node *node) {
    return (Coordinates)named(node, A_COORDINATE_MODE, "half_pixel", coordinate_names, COORDINATES);
}
static Rounding rounding_of(const Node *node) {
    return (Rounding)named(node, A_NEAREST_MODE, "round_prefer_floor", rounding_names, ROUNDINGS);
}

void resize_set_scales(Graph *graph, Node *node, const double *scales, int count) {
    set_doubles(graph, node, A_SCALES, scales, count);
}
void resize_set_roi(Graph *graph, Node *node, const double *roi, int count) {
    set_doubles(graph, node, A_ROI, roi, count);
}

double resize_scale_of(int64_t in, int64_t out) {
    return (double)((float)out / (float)in);
}

double resize_scale(const Node *node, int axis) {
    int64_t in = node->in[0]->shape.dim[axis], out = attr_ints_at(node, A_SHAPE, axis, 0);
    return attr_double_at(node, A_SCALES, axis, in ? resize_scale_of(in, out) : 1);
}

void resize_roi(const Node *node, int axis, double *start, double *end) {
    *start = attr_double_at(node, A_ROI, axis, 0);
    *end = attr_double_at(node, A_ROI, node->in[0]->shape.rank + axis, 1);
}

/* A scale must agree with the size it led to: rounded down, or to nearest where an aspect ratio is kept, from a float's product.
 */
static bool check_axis(Graph *graph, const Node *node, int axis) {
    int64_t in = node->in[0]->shape.dim[axis], out = attr_ints_at(node, A_SHAPE, axis, 0);
    double scale = resize_scale(node, axis), start, end;
    resize_roi(node, axis, &start, &end);
    if (out < 0 || (!in && out) || out > INT32_MAX || in > INT32_MAX)
        return node_fail(graph, node, STATUS_INVALID, "can't resize %" PRId64 " elements to %" PRId64 " along axis %d", in, out,
                         axis);
    if (!in || !out) return true;
    double expected = (double)in * scale, difference = (double)out - expected, rounding = 1e-3 + expected * 0x1p-22;
    if (!isfinite(scale) || scale < 0x1p-31 || !isfinite(start) || !isfinite(end) ||
        !(difference > -1 - rounding && difference < 0.5 + rounding))
        return node_fail(graph, node, STATUS_INVALID,
                         "scale %g and region %g to %g don't fit a resize of %" PRId64 " elements to %" PRId64 " along axis %d",
                         scale, start, end, in, out, axis);
    return true;
}

bool infer_resize(Graph *graph, Node *node) {
    const Value *x = node->in[0];
    int count, scales, roi;
    const int64_t *dims = attr_ints(node, A_SHAPE, &count);
    attr_ints(node, A_SCALES, &scales);
    attr_ints(node, A_ROI, &roi);
    if (count != x->shape.rank || (scales && scales != x->shape.rank) || (roi && roi != 2 * x->shape.rank))
        return node_fail(graph, node, STATUS_INVALID, "has %d sizes, %d scales and %d region bounds for an input of %d axes",
                         count, scales, roi, x->shape.rank);
    if (x->type == BOOL) return node_fail(graph, node, STATUS_INVALID, "is not defined for elements of type bool");
    if (mode_of(node) == MODES) return node_fail(graph, node, STATUS_INVALID, "unknown mode '%s'", attr_string(node, A_MODE, ""));
    if (coordinates_of(node) == COORDINATES)
        return node_fail(graph, node, STATUS_INVALID, "unknown coordinate_transformation_mode '%s'",
                         attr_string(node, A_COORDINATE_MODE, ""));
    if (rounding_of(node) == ROUNDINGS)
        return node_fail(graph, node, STATUS_INVALID, "unknown nearest_mode '%s'", attr_string(node, A_NEAREST_MODE, ""));
    Shape out = {.rank = count};
    for (int i = 0; i < count; i++) {
        if (!check_axis(graph, node, i)) return false;
        out.dim[i] = dims[i];
    }
    return infer_output(graph, node, 0, x->type, out);
}

/* What one axis needs to know. */
typedef struct {
    Coordinates coordinates;
    Mode mode;
    Rounding rounding;
    int64_t in, out;
    double scale, start, end, cubic_a;
    bool antialias, exclude_outside;
} Axis;

static Axis axis_of(const Node *node, int axis) {
    Axis a = {.coordinates = coordinates_of(node),
              .mode = mode_of(node),
              .rounding = rounding_of(node),
              .in = node->in[0]->shape.dim[axis],
              .out = attr_ints_at(node, A_SHAPE, axis, 0),
              .scale = resize_scale(node, axis),
              .cubic_a = attr_float(node, A_CUBIC_COEFF_A, -0.75),
              .antialias = attr_int(node, A_ANTIALIAS, 0) != 0,
              .exclude_outside = attr_int(node, A_EXCLUDE_OUTSIDE, 0) != 0};
    resize_roi(node, axis, &a.start, &a.end);
    return a;
}

/* The coordinate in the input that output index `o` shows, in float: where a coordinate lies half-way between two pixels, its
 * rounding decides which one `nearest` takes. */
static float source_coordinate(const Axis *a, int64_t o) {
    const float x = (float)o, scale = (float)a->scale, in = (float)a->in, out = (float)a->out, start = (float)a->start,
                end = (float)a->end;
    switch (a->coordinates) {
    case ALIGN_CORNERS: return a->out == 1 ? 0 : x * (in - 1) / (out - 1);
    case ASYMMETRIC: return x / scale;
    case TF_HALF_PIXEL_FOR_NN: return (x + 0.5F) / scale; /* opset 10 and 11 only */
    case PYTORCH_HALF_PIXEL: return a->out == 1 ? 0 : (x + 0.5F) / scale - 0.5F;
    case HALF_PIXEL_SYMMETRIC: {
        const float offset = in / 2 * (1 - out / (scale * in));
        return (float)((double)offset + ((double)x + 0.5) / (double)scale - 0.5);
    }
    case TF_CROP_AND_RESIZE:
        if (a->out == 1) return (float)(0.5 * (double)(start + end) * (double)(in - 1));
        return start * (in - 1) + x * (end - start) * (in - 1) / (out - 1);
    default: return (x + 0.5F) / scale - 0.5F;
    }
}

static double linear_weight(double distance) {
    return fabs(distance) < 1 ? 1 - fabs(distance) : 0;
}

/* Keys' cubic convolution with parameter `a`. */
static double cubic_weight(double distance, double a) {
    double x = fabs(distance);
    if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    return 0;
}

/* Antialiasing widens the kernel when the axis shrinks. */
static double kernel_scale(const Axis *a) {
    return a->antialias && a->scale < 1 ? a->scale : 1;
}

static int64_t tap_count(const Axis *a) {
    if (a->mode == NEAREST) return 1;
    double reach = a->mode == LINEAR ? 1 : 2;
    return 2 - 2 * ((int64_t)floor(-reach / kernel_scale(a)) + 1);
}

static int64_t nearest_index(const Axis *a, double x) {
    const double half_way = 1e-6; /* so far from it, as ONNX Runtime 1.32 has it, a coordinate still lies half-way */
    double below = floor(x), ratio = x - below;
    bool up = false;
    switch (a->rounding) {
    case PREFER_FLOOR: up = ratio > 0.5 + half_way; break;
    case PREFER_CEIL: up = ratio >= 0.5 - half_way; break;
    case CEIL: up = ratio > 0; break;
    case CEIL_WHERE_SHRINKING: up = ratio > 0 && a->scale < 1; break;
    default: break;
    }
    return (int64_t)below + up;
}

static int32_t clamp_index(const Axis *a, int64_t index) {
    return (int32_t)(index < 0 ? 0 : index >= a->in ? a->in - 1 : index);
}

/* Taps stand around x: half of them up to floor(x), or up to x - 1 where x is whole (the reference prefers the left pixel). */
static void fill_taps(const Axis *a, double x, int taps, int32_t *index, double *weight) {
    if (a->mode == NEAREST) {
        index[0] = clamp_index(a, nearest_index(a, x));
        weight[0] = 1;
        return;
    }
    double below = ceil(x) - 1, scale = kernel_scale(a), sum = 0;
    int64_t first = (int64_t)below - taps / 2 + 1;
    for (int t = 0; t < taps; t++) {
        double distance = ((double)(first + t) - x) * scale;
        bool outside = first + t < 0 || first + t >= a->in;
        index[t] = clamp_index(a, first + t);
        weight[t] = a->mode == LINEAR ? linear_weight(distance) : cubic_weight(distance, a->cubic_a);
        if (a->exclude_outside && outside) weight[t] = 0;
        sum += weight[t];
    }
    if ((a->antialias || a->exclude_outside) && sum != 0)
        for (int t = 0; t < taps; t++) weight[t] /= sum;
}

/* An axis of scale 1 is not resampled, nor is anything where every axis keeps its size, whatever the scales (or the region) say:
 * ONNX Runtime and PyTorch then copy. */
static bool keeps_axis(const Node *node, const Axis *a) {
    return a->scale == 1 || shape_equal(&node->in[0]->shape, &node->out[0]->shape);
}

enum { MOST_ENTRIES = 1 << 28 }; /* of one axis' table: more than any image needs, little enough to compute */

bool resize_taps(const Node *node, int axis, Arena *arena, ResizeTaps *taps) {
    Axis a = axis_of(node, axis);
    /* With antialiasing ONNX Runtime copies along each axis that keeps its size; a region may still leave the input. */
    const bool copies = a.antialias && a.in == a.out;
    if (copies) a.antialias = false;
    *taps = (ResizeTaps){.out = a.out, .identity = keeps_axis(node, &a)};
    int64_t count = taps->identity ? 1 : tap_count(&a), entries;
    if (!checked_mul(count, a.out, &entries) || entries > MOST_ENTRIES || (!a.in && a.out)) return false;
    taps->taps = (int)count;
    taps->index = ARENA_ARRAY(arena, int32_t, entries);
    taps->weight = ARENA_ARRAY(arena, double, entries);
    for (int64_t o = 0; o < a.out; o++) {
        if (taps->identity) {
            taps->index[o] = (int32_t)o;
            taps->weight[o] = 1;
            continue;
        }
        double x = (double)source_coordinate(&a, o);
        if (a.coordinates == TF_CROP_AND_RESIZE && !(x >= 0 && x <= (double)(a.in - 1))) {
            if (!taps->outside) taps->outside = ARENA_ARRAY(arena, bool, a.out);
            taps->outside[o] = true;
        }
        x = x > 1e10     ? 1e10
            : x >= -1e10 ? x
                         : -1e10; /* far outside is outside, and no number, too; the cast to an index stays defined */
        fill_taps(&a, copies ? (double)o : x, (int)count, taps->index + o * count, taps->weight + o * count);
    }
    return true;
}

/* Resizes one axis of `x`; elements whose index is outside get `extrapolation`. */
static void resize_axis(const Tensor *x, Tensor *y, int axis, const ResizeTaps *taps, double extrapolation) {
    AxisSplit split = split_at(&x->shape, axis);
    for (int64_t row = 0; row < split.outer * taps->out; row++) {
        int64_t o = row % taps->out, image = row / taps->out * split.length, to = row * split.inner;
        const int32_t *index = taps->index + o * taps->taps;
        const double *weight = taps->weight + o * taps->taps;
        bool outside = taps->outside && taps->outside[o];
        if (!outside && taps->taps == 1) {
            copy_elements(y, to, x, (image + index[0]) * split.inner, split.inner);
            continue;
        }
        for (int64_t i = 0; i < split.inner; i++) {
            double sum = 0;
            for (int t = 0; t < taps->taps && !outside; t++)
                sum = held(y, sum + weight[t] * x->f[(image + index[t]) * split.inner + i]);
            if (outside) sum = extrapolation;
            if (y->f)
                y->f[to + i] = sum;
            else
                y->i[to + i] = integer_of_float(y->type, sum);
        }
    }
}

bool eval_resize(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    const Tensor *x = in[0];
    Tensor *y = out[0];
    if (!y->count) return true;
    /* Integers are interpolated as doubles, and cut off at the end; nearest keeps them as they are. */
    Dtype type = x->f || mode_of(node) == NEAREST ? x->type : F64;
    Tensor *now = tensor_new(scratch, type, x->shape);
    if (x->f || now->i)
        copy_elements(now, 0, x, 0, x->count);
    else
        for (int64_t i = 0; i < x->count; i++) now->f[i] = float_of_integer(x->type, x->i[i]);
    double extrapolation = attr_float(node, A_EXTRAPOLATION_VALUE, 0);
    for (int axis = 0; axis < x->shape.rank; axis++) {
        ResizeTaps taps;
        if (!resize_taps(node, axis, scratch, &taps))
            return fail_at(diag, STATUS_UNSUPPORTED, node->name, node->op_type, "its table along axis %d would be too large",
                           axis);
        if (taps.identity) continue;
        Shape shape = now->shape;
        shape.dim[axis] = taps.out;
        Tensor *next = tensor_new(scratch, type, shape);
        next->float_sums = y->float_sums;
        resize_axis(now, next, axis, &taps, extrapolation);
        now = next;
    }
    if (!now->f == !y->f)
        copy_elements(y, 0, now, 0, y->count);
    else
        for (int64_t i = 0; i < y->count; i++) y->i[i] = integer_of_float(y->type, now->f[i]);
    return true;
}

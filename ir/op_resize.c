/* Resize (10, 11, 13, 18, 19) and what Upsample becomes, as onnx's reference implementation defines them. */
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
typedef enum { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL, ROUNDINGS } Rounding;
static const char *const rounding_names[ROUNDINGS] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};

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

double resize_scale(const Node *node, int axis) {
    int64_t in = node->in[0]->shape.dim[axis], out = attr_ints_at(node, A_SHAPE, axis, 0);
    return attr_double_at(node, A_SCALES, axis, in ? (double)out / (double)in : 1);
}

void resize_roi(const Node *node, int axis, double *start, double *end) {
    *start = attr_double_at(node, A_ROI, axis, 0);
    *end = attr_double_at(node, A_ROI, node->in[0]->shape.rank + axis, 1);
}

/* A scale must agree with the size it led to: rounded down, or to nearest where an aspect ratio is kept. */
static bool check_axis(Graph *graph, const Node *node, int axis) {
    int64_t in = node->in[0]->shape.dim[axis], out = attr_ints_at(node, A_SHAPE, axis, 0);
    double scale = resize_scale(node, axis), start, end;
    resize_roi(node, axis, &start, &end);
    if (out < 0 || (!in && out) || out > INT32_MAX || in > INT32_MAX)
        return node_fail(graph, node, STATUS_INVALID, "can't resize %" PRId64 " elements to %" PRId64 " along axis %d", in, out,
                         axis);
    if (!in || !out) return true;
    /* With a region of interest the size is floor(in * (end - start) * scale). */
    bool cropped = coordinates_of(node) == TF_CROP_AND_RESIZE;
    double expected = (double)in * scale * (cropped ? end - start : 1), difference = (double)out - expected;
    if (!isfinite(scale) || scale < 0x1p-31 || !isfinite(start) || !isfinite(end) ||
        (!cropped && !(difference > -1.001 && difference < 0.501)))
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

/* The coordinate in the input that output index `o` shows. */
static double source_coordinate(const Axis *a, int64_t o) {
    double x = (double)o, in = (double)a->in, width = a->scale * in;
    switch (a->coordinates) {
    case ALIGN_CORNERS: return width == 1 ? 0 : x * (in - 1) / (width - 1);
    case ASYMMETRIC: return x / a->scale;
    case TF_HALF_PIXEL_FOR_NN: return (x + 0.5) / a->scale; /* opset 10 and 11 only */
    case PYTORCH_HALF_PIXEL: return width == 1 ? -0.5 : (x + 0.5) / a->scale - 0.5;
    case HALF_PIXEL_SYMMETRIC: return in / 2 * (1 - (double)a->out / width) + (x + 0.5) / a->scale - 0.5;
    case TF_CROP_AND_RESIZE:
        if (width == 1) return (a->end - a->start) * (in - 1) / 2 + a->start * (in - 1);
        return x * (a->end - a->start) * (in - 1) / (width - 1) + a->start * (in - 1);
    default: return (x + 0.5) / a->scale - 0.5;
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
    double below = floor(x), ratio = x - below;
    bool up = a->rounding == CEIL           ? ratio > 0
              : a->rounding == PREFER_FLOOR ? ratio > 0.5
                                            : a->rounding == PREFER_CEIL && ratio >= 0.5;
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

static bool keeps_axis(const Axis *a) {
    bool whole = a->coordinates != TF_CROP_AND_RESIZE || (a->start == 0 && a->end == 1);
    return a->in == a->out && fabs(a->scale - 1) <= 1e-9 && whole;
}

enum { MOST_ENTRIES = 1 << 28 }; /* of one axis' table: more than any image needs, little enough to compute */

static bool taps_of(const Node *node, int axis, bool float_coordinates, Arena *arena, ResizeTaps *taps) {
    Axis a = axis_of(node, axis);
    *taps = (ResizeTaps){.out = a.out, .identity = keeps_axis(&a)};
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
        double x = source_coordinate(&a, o);
        if (a.coordinates == TF_CROP_AND_RESIZE && (x < 0 || x > (double)(a.in - 1))) {
            if (!taps->outside) taps->outside = ARENA_ARRAY(arena, bool, a.out);
            taps->outside[o] = true;
        }
        if (float_coordinates && a.mode != NEAREST) x = (double)(float)x;
        x = x < -1e10 ? -1e10 : x > 1e10 ? 1e10 : x; /* far outside is outside; the cast to an index stays defined */
        fill_taps(&a, x, (int)count, taps->index + o * count, taps->weight + o * count);
    }
    return true;
}

bool resize_taps(const Node *node, int axis, Arena *arena, ResizeTaps *taps) {
    return taps_of(node, axis, false, arena, taps);
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
        if (!taps_of(node, axis, y->float_sums, scratch, &taps)) /* coordinates are sums, too */
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

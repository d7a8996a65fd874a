/* Resize (10, 11, 13, 18, 19) and Upsample (1, 7, 9): result shape and scales are computed here, for every axis. */
#include "frontend/importers.h"
#include "ir/resize.h"

#include <math.h>
#include <string.h>

typedef struct {
    double scales[MAX_RANK];
    double roi[2 * MAX_RANK]; /* starts, then ends */
    Shape shape;
    int axes[MAX_RANK]; /* those that the inputs are about; all before opset 18 */
    int axis_count;
} Plan;

static bool one_of(const OpImport *op, const char *name, const char *value, const char *const *known) {
    for (; *known; known++)
        if (strcmp(value, *known) == 0) return true;
    return op_fail(op, STATUS_INVALID, "%s '%s' is unknown", name, value);
}

static Plan plan_start(const OpImport *op) {
    Plan plan = {.shape = op->in[0]->shape, .axis_count = op->in[0]->shape.rank};
    for (int k = 0; k < plan.axis_count; k++) {
        plan.scales[k] = 1.0;
        plan.axes[k] = k;
        plan.roi[plan.axis_count + k] = 1.0;
    }
    return plan;
}

/* The product of size and scale is a float, as in ONNX Runtime and PyTorch: 10 times 0.7 is 7, which it is not in double. */
static bool set_scale(const OpImport *op, Plan *plan, int axis, float scale, float (*rounded)(float)) {
    const float dimension_max = 1e15F;
    if (!isfinite(scale) || scale <= 0)
        return op_fail(op, STATUS_INVALID, "scale %g of axis %d is not a positive number", (double)scale, axis);
    float size = rounded((float)plan->shape.dim[axis] * scale);
    if (size > dimension_max) return op_fail(op, STATUS_INVALID, "scale %g of axis %d overflows", (double)scale, axis);
    plan->scales[axis] = (double)scale;
    plan->shape.dim[axis] = (int64_t)size;
    return true;
}

static bool plan_from_scales(const OpImport *op, Plan *plan, const Value *scales) {
    if (!dtype_is_float(scales->type) || scales->shape.rank != 1 || scales->shape.dim[0] != plan->axis_count)
        return op_fail(op, STATUS_INVALID, "its scales must be %d floats", plan->axis_count);
    for (int k = 0; k < plan->axis_count; k++)
        if (!set_scale(op, plan, plan->axes[k], (float)constant_float_at(scales, k), floorf)) return false;
    return true;
}

/* keep_aspect_ratio_policy (18): one scale for all axes, the smallest or the largest of what each size asks for. */
static bool keep_aspect_ratio(const OpImport *op, Plan *plan, const char *policy) {
    bool smallest = strcmp(policy, "not_larger") == 0;
    double scale = plan->scales[plan->axes[0]];
    for (int k = 1; k < plan->axis_count; k++) {
        double other = plan->scales[plan->axes[k]];
        if (smallest ? other < scale : other > scale) scale = other;
    }
    for (int k = 0; k < plan->axis_count; k++) {
        if (!set_scale(op, plan, plan->axes[k], (float)scale, roundf)) return false;
    }
    return true;
}

static bool plan_from_sizes(const OpImport *op, Plan *plan) {
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller", NULL};
    const char *policy = op_string(op, "keep_aspect_ratio_policy", "stretch");
    const int64_t *sizes;
    int count;
    if (!one_of(op, "keep_aspect_ratio_policy", policy, policies) || !op_constant_ints(op, 3, "sizes", &sizes, &count))
        return false;
    if (count != plan->axis_count) return op_fail(op, STATUS_INVALID, "its sizes must be %d integers", plan->axis_count);
    for (int k = 0; k < count; k++) {
        int axis = plan->axes[k];
        int64_t size = plan->shape.dim[axis];
        if (sizes[k] < 1 || size < 1)
            return op_fail(op, STATUS_INVALID, "axis %d can't be resized to %lld", axis, (long long)sizes[k]);
        plan->scales[axis] = resize_scale_of(size, sizes[k]);
        plan->shape.dim[axis] = sizes[k];
    }
    if (count == 0 || strcmp(policy, "stretch") == 0) return true;
    plan->shape = op->in[0]->shape;
    return keep_aspect_ratio(op, plan, policy);
}

static bool is_given(const OpImport *op, int index) {
    const Value *value = op_in(op, index);
    return value && shape_count(&value->shape) > 0; /* opset 11 passes an empty tensor for "none" */
}

static bool plan_roi(const OpImport *op, Plan *plan) {
    Value *roi;
    int rank = plan->shape.rank;
    if (!is_given(op, 1)) return op_fail(op, STATUS_INVALID, "tf_crop_and_resize needs a roi");
    if (!op_constant(op, 1, "roi", &roi)) return false;
    if (!dtype_is_float(roi->type) || shape_count(&roi->shape) != 2 * (int64_t)plan->axis_count)
        return op_fail(op, STATUS_INVALID, "its roi must be %d floats", 2 * plan->axis_count);
    for (int k = 0; k < plan->axis_count; k++) {
        plan->roi[plan->axes[k]] = constant_float_at(roi, k);
        plan->roi[rank + plan->axes[k]] = constant_float_at(roi, plan->axis_count + k);
    }
    for (int k = 0; k < 2 * rank; k++)
        if (!isfinite(plan->roi[k])) return op_fail(op, STATUS_INVALID, "its roi holds %g", plan->roi[k]);
    return true;
}

static Node *resize_node(const OpImport *op, const Plan *plan, const char *mode, const char *coordinates, const char *nearest) {
    Node *node = op_node(op, OP_Resize, op->in, 1, 1);
    set_ints(op->graph, node, A_SHAPE, plan->shape.dim, plan->shape.rank);
    resize_set_scales(op->graph, node, plan->scales, plan->shape.rank);
    set_string(op->graph, node, A_MODE, mode);
    set_string(op->graph, node, A_COORDINATE_MODE, coordinates);
    set_string(op->graph, node, A_NEAREST_MODE, nearest);
    return node;
}

/* Upsample and Resize 10: asymmetric coordinates. */
static bool finish_old(OpImport *op, const Plan *plan) {
    static const char *const modes[] = {"nearest", "linear", "bilinear", NULL};
    const char *mode = op_string(op, "mode", "nearest");
    if (!one_of(op, "mode", mode, modes)) return false;
    if (strcmp(mode, "bilinear") == 0) mode = "linear";
    return op_finish(op, resize_node(op, plan, mode, "asymmetric", RESIZE_NEAREST_10));
}

static bool resize_10(OpImport *op) {
    Plan plan = plan_start(op);
    Value *scales;
    if (!op_in(op, 1)) return op_fail(op, STATUS_INVALID, "its scales are missing");
    return op_constant(op, 1, "scales", &scales) && plan_from_scales(op, &plan, scales) && finish_old(op, &plan);
}

static bool plan_axes(const OpImport *op, Plan *plan) {
    const int64_t *axes;
    int count;
    if (!op_ints(op, "axes", &axes, &count) || count == 0) return true;
    plan->axis_count = count;
    return op_axes(op, axes, count, plan->shape.rank, plan->axes);
}

static bool plan_shape(const OpImport *op, Plan *plan) {
    Value *scales;
    if (is_given(op, 2) == is_given(op, 3)) return op_fail(op, STATUS_INVALID, "it needs either scales or sizes");
    if (is_given(op, 3)) return plan_from_sizes(op, plan);
    return op_constant(op, 2, "scales", &scales) && plan_from_scales(op, plan, scales);
}

bool import_resize(OpImport *op) {
    static const char *const modes[] = {"nearest", "linear", "cubic", NULL};
    static const char *const coordinate_modes[] = {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",   "align_corners",
                                                   "asymmetric", "tf_crop_and_resize",   "tf_half_pixel_for_nn", NULL};
    static const char *const nearest_modes[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL};
    if (op->node->opset < 10) return op_fail(op, STATUS_INVALID, "Resize begins with opset 10");
    if (op->node->opset == 10) return resize_10(op);
    Plan plan = plan_start(op);
    const char *mode = op_string(op, "mode", "nearest");
    const char *coordinates = op_string(op, "coordinate_transformation_mode", "half_pixel");
    const char *nearest = op_string(op, "nearest_mode", "round_prefer_floor");
    bool crop = strcmp(coordinates, "tf_crop_and_resize") == 0;
    if (!one_of(op, "mode", mode, modes) || !one_of(op, "coordinate_transformation_mode", coordinates, coordinate_modes) ||
        !one_of(op, "nearest_mode", nearest, nearest_modes) || !plan_axes(op, &plan) || !plan_shape(op, &plan) ||
        (crop && !plan_roi(op, &plan)))
        return false;
    Node *node = resize_node(op, &plan, mode, coordinates, nearest);
    if (crop) resize_set_roi(op->graph, node, plan.roi, 2 * plan.shape.rank);
    set_float(op->graph, node, A_CUBIC_COEFF_A, op_float(op, "cubic_coeff_a", -0.75));
    set_int(op->graph, node, A_EXCLUDE_OUTSIDE, op_int(op, "exclude_outside", 0));
    set_float(op->graph, node, A_EXTRAPOLATION_VALUE, op_float(op, "extrapolation_value", 0.0));
    set_int(op->graph, node, A_ANTIALIAS, op_int(op, "antialias", 0));
    return op_finish(op, node);
}

/* Opset 7: scales is an attribute; opset 1 has two scales for NCHW images. */
static bool plan_from_attributes(const OpImport *op, Plan *plan) {
    const Onnx__AttributeProto *scales = op_attr(op, "scales");
    int rank = plan->shape.rank;
    if (!scales) {
        if (!op_attr(op, "height_scale") || !op_attr(op, "width_scale"))
            return op_fail(op, STATUS_INVALID, "its scales are missing");
        if (rank != 4) return op_fail(op, STATUS_INVALID, "its input has %d dimensions, 4 are needed", rank);
        return set_scale(op, plan, 2, (float)op_float(op, "height_scale", 1), floorf) &&
               set_scale(op, plan, 3, (float)op_float(op, "width_scale", 1), floorf);
    }
    if (scales->n_floats != (size_t)rank) return op_fail(op, STATUS_INVALID, "its scales must be %d floats", rank);
    for (int k = 0; k < rank; k++)
        if (!set_scale(op, plan, k, scales->floats[k], floorf)) return false;
    return true;
}

bool import_upsample(OpImport *op) {
    Plan plan = plan_start(op);
    if (op->node->opset >= 10) return op_fail(op, STATUS_INVALID, "Upsample ended with opset 9");
    if (op_in(op, 1)) return resize_10(op);
    return plan_from_attributes(op, &plan) && finish_old(op, &plan);
}

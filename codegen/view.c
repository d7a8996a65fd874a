#include "codegen/lower.h"

static View planar_view(const Shape *shape) {
    View view = {.rank = shape->rank};
    int64_t stride = 1;
    for (int k = shape->rank - 1; k >= 0; k--) {
        view.dim[k] = shape->dim[k];
        view.stride[k] = stride;
        stride *= shape->dim[k];
    }
    return view;
}

static View blocked_view(const Shape *shape) {
    int64_t pixels = shape->dim[2] * shape->dim[3];
    return (View){.rank = 5,
                  .dim = {shape->dim[0], shape->dim[1] / BLOCK, shape->dim[2], shape->dim[3], BLOCK},
                  .stride = {shape->dim[1] * pixels, pixels * BLOCK, shape->dim[3] * BLOCK, BLOCK, 1}};
}

View value_view_as(const Value *value, Layout layout) {
    return layout == LAYOUT_BLOCKED ? blocked_view(&value->shape) : planar_view(&value->shape);
}

View value_view(const Value *value) {
    return value_view_as(value, value->layout);
}

/* Strides of a planar value against the axes of `onto`'s shape: aligned at the last axis, 0 where it repeats. */
static View planar_onto(const Shape *shape, const Shape *onto) {
    View own = planar_view(shape), view = {.rank = onto->rank};
    int missing = onto->rank - shape->rank;
    for (int k = 0; k < onto->rank; k++) {
        view.dim[k] = onto->dim[k];
        view.stride[k] = k < missing || shape->dim[k - missing] == 1 ? 0 : own.stride[k - missing];
    }
    return view;
}

/* Axis 1 of a rank-4 view split into blocks of channels and the channel in its block. */
static View split_channels(const View *view) {
    return (View){.rank = 5,
                  .dim = {view->dim[0], view->dim[1] / BLOCK, view->dim[2], view->dim[3], BLOCK},
                  .stride = {view->stride[0], view->stride[1] * BLOCK, view->stride[2], view->stride[3], view->stride[1]}};
}

static View blocked_onto(const Shape *shape, const View *onto) {
    View view = blocked_view(shape);
    for (int k = 0; k < 5; k++) {
        if (view.dim[k] == 1) view.stride[k] = 0;
        view.dim[k] = onto->dim[k];
    }
    return view;
}

View broadcast_view(const Value *value, const Value *onto) {
    View axes = value_view(onto);
    if (onto->layout == LAYOUT_BLOCKED && value->layout == LAYOUT_BLOCKED) return blocked_onto(&value->shape, &axes);
    /* A blocked value over one pixel has its elements where a planar one has them. */
    View view = planar_onto(&value->shape, &onto->shape);
    return onto->layout == LAYOUT_BLOCKED ? split_channels(&view) : view;
}

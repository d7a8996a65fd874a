#ifndef RUNTIME_RECURRENT_WALK_H
#define RUNTIME_RECURRENT_WALK_H

#include <string.h>

#include "runtime/recurrent_copy.h"
#include "runtime/recurrent_input.h"

/* One sequence in one direction, step by step; each thread of a team has its own. */
struct recurrent_walk {
    float *sums;          /* of the input: [gate][block][step][16] */
    size_t gate_step;     /* floats from one gate's sums to the next one's */
    const float *weights; /* of the state: [block][hidden unit][gate][16] */
    float *h, *next_h;    /* the state before and after this step, whole blocks */
    float *rest;          /* the scratch memory behind them */
};

/* A state before the first step, whole blocks. */
static ALWAYS_INLINE void recurrent_first(const struct recurrent *g, float *state, const float *first) {
    SHARED_FOR
    for (int b = 0; b < g->blocks; b++) {
        memset(state + b * 16, 0, 16 * sizeof *state);
        recurrent_copy(g, b, state, first);
    }
}

/* A state after the last step, where anybody reads it. */
static ALWAYS_INLINE void recurrent_last(const struct recurrent *g, float *last, const float *state) {
    SHARED_FOR
    for (int b = 0; b < g->blocks; b++) recurrent_copy(g, b, last, state);
}

/* Weights are [gates * blocks][input][16], then those of the state; `scratch` holds (gates * steps + 2) * blocks * 16 floats and
 * the rest. `gates` and `in_step` are constants where this is called. */
static ALWAYS_INLINE struct recurrent_walk recurrent_start(const struct recurrent *g, const struct sequence *s,
                                                           const float *weights, const float *bias, float *scratch,
                                                           const size_t gates, const size_t in_step) {
    const size_t units = (size_t)g->blocks * 16, gate_step = units * (size_t)g->input.out_width;
    float *h = scratch + gates * gate_step;
    const struct recurrent_walk w = {scratch, gate_step, weights + gates * units * (size_t)g->input.in_channels,
                                     h,       h + units, h + 2 * units};
    recurrent_input(g, s->x, weights, bias, scratch, in_step);
    recurrent_first(g, h, s->first_h);
    return w;
}

/* The place in time of the step number `step`. */
static inline int recurrent_time(const struct recurrent *g, int step) {
    return g->reverse ? g->input.out_width - 1 - step : step;
}

/* A block's sums of the first gate at a time. */
static inline float *recurrent_sums_at(const struct recurrent *g, const struct recurrent_walk *w, int block, int time) {
    return w->sums + ((size_t)block * (size_t)g->input.out_width + (size_t)time) * 16;
}

/* What the step gave is what the next one starts from. */
static inline void recurrent_advance(struct recurrent_walk *w) {
    float *const h = w->h;
    w->h = w->next_h;
    w->next_h = h;
}

#endif

#ifndef RUNTIME_LSTM_H
#define RUNTIME_LSTM_H

#include "runtime/recurrent_sums.h"
#include "runtime/recurrent_walk.h"
#include "runtime/vec_gate.h"

/* One vector of hidden units for one time step (Hochreiter and Schmidhuber 1997, with forget gate and peepholes as in ONNX
 * LSTM-22). `sum` holds the input's part of the gates i, o, f, c, `gate_step` floats apart; `peephole` of i, o, f, or NULL. */
static ALWAYS_INLINE void lstm_units(const struct recurrent *g, const float *sums, size_t gate_step, const float *weights,
                                     const float *peephole, const float *h, float *c, float *next_h, const int f, const int act_g,
                                     const int act_h) {
    const size_t units = (size_t)g->blocks * 16; /* from one gate's peepholes to the next one's */
    vec sum[4];
    UNROLL_FOR (int k = 0; k < 4; k++) sum[k] = vec_load(sums + (size_t)k * gate_step);
    recurrent_sums(g, h, weights, sum, 4, 4);
    const vec before = vec_load(c);
    if (peephole) sum[0] = vec_fma_lanes(vec_load(peephole), before, sum[0]);
    if (peephole) sum[2] = vec_fma_lanes(vec_load(peephole + 2 * units), before, sum[2]);
    const vec input = vec_gate(vec_clamp(sum[0], -g->clip, g->clip), f, g->alpha[0], g->beta[0]);
    const vec forget =
        g->coupled ? vec_sub(vec_set(1.0f), input) : vec_gate(vec_clamp(sum[2], -g->clip, g->clip), f, g->alpha[0], g->beta[0]);
    const vec candidate = vec_gate(vec_clamp(sum[3], -g->clip, g->clip), act_g, g->alpha[1], g->beta[1]);
    const vec cell = vec_fma_lanes(forget, before, vec_mul(input, candidate));
    if (peephole) sum[1] = vec_fma_lanes(vec_load(peephole + units), cell, sum[1]);
    const vec output = vec_gate(vec_clamp(sum[1], -g->clip, g->clip), f, g->alpha[0], g->beta[0]);
    vec_store(c, cell);
    vec_store(next_h, vec_mul(output, vec_gate(cell, act_h, g->alpha[2], g->beta[2])));
}

/* One sequence in one direction. Weights are [4 gates * blocks][input][16], then [block][hidden unit][4 gates][16]; `peephole` is
 * [3][blocks * 16] or NULL. `scratch` holds (4 steps + 3) * blocks * 16 floats. The activations f, g and h and `in_step` are
 * constants where this is called. */
static ALWAYS_INLINE void lstm(const struct recurrent *g, const struct sequence *s, const float *weights, const float *bias,
                               const float *peephole, float *scratch, const size_t in_step, const int f, const int act_g,
                               const int act_h) {
    struct recurrent_walk w = recurrent_start(g, s, weights, bias, scratch, 4, in_step);
    float *c = w.rest;
    recurrent_first(g, c, s->first_c);
    for (int step = 0; step < g->input.out_width; step++) {
        const int t = recurrent_time(g, step);
        float *y = s->y ? s->y + (size_t)t * g->out_step : s->y;
        SHARED_FOR
        for (int b = 0; b < g->blocks; b++) {
            for (int l = 0; l < 16; l += LANES) {
                const size_t unit = (size_t)(b * 16 + l);
                lstm_units(g, recurrent_sums_at(g, &w, b, t) + l, w.gate_step, w.weights + (size_t)(b * g->hidden) * 64 + l,
                           peephole ? peephole + unit : peephole, w.h, c + unit, w.next_h + unit, f, act_g, act_h);
            }
            recurrent_copy(g, b, y, w.next_h);
        }
        recurrent_advance(&w);
    }
    recurrent_last(g, s->last_h, w.h);
    recurrent_last(g, s->last_c, c);
}

#endif

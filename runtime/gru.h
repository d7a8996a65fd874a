#ifndef RUNTIME_GRU_H
#define RUNTIME_GRU_H

#include "runtime/recurrent_sums.h"
#include "runtime/recurrent_walk.h"
#include "runtime/vec_gate.h"

/* The update and reset gates of one vector of hidden units, stored: z, and r times the state. With reset_after the candidate's
 * recurrent products wait for r, which scales them, and the new state is ready at once. Weights are
 * [unit][z, r, candidate][16]. */
static ALWAYS_INLINE void gru_gates(const struct recurrent *g, const float *sums, size_t gate_step, const float *weights,
                                    const float *bias, const float *h, size_t unit, float *z, float *reset, float *next_h,
                                    const int f, const int act_g) {
    vec sum[3] = {vec_load(sums), vec_load(sums + gate_step), vec_load(bias)};
    if (g->reset_after)
        recurrent_sums(g, h, weights, sum, 3, 3);
    else
        recurrent_sums(g, h, weights, sum, 2, 3);
    const vec update = vec_gate(vec_clamp(sum[0], -g->clip, g->clip), f, g->alpha[0], g->beta[0]);
    const vec r = vec_gate(vec_clamp(sum[1], -g->clip, g->clip), f, g->alpha[0], g->beta[0]);
    const vec before = vec_load(h + unit);
    if (g->reset_after) {
        const vec mixed = vec_fma_lanes(r, sum[2], vec_load(sums + 2 * gate_step));
        const vec candidate = vec_gate(vec_clamp(mixed, -g->clip, g->clip), act_g, g->alpha[1], g->beta[1]);
        vec_store(next_h, vec_fma_lanes(update, vec_sub(before, candidate), candidate));
    } else {
        vec_store(z, update);
        vec_store(reset, vec_mul(r, before));
    }
}

/* The candidate from the reset state, and (1 - z) candidate + z h = candidate + z (h - candidate). */
static ALWAYS_INLINE void gru_candidate(const struct recurrent *g, const float *sums, const float *weights, const float *reset,
                                        const float *z, const float *h, float *next_h, const int act_g) {
    vec sum[1] = {vec_load(sums)};
    recurrent_sums(g, reset, weights, sum, 1, 3);
    const vec candidate = vec_gate(vec_clamp(sum[0], -g->clip, g->clip), act_g, g->alpha[1], g->beta[1]);
    vec_store(next_h, vec_fma_lanes(vec_load(z), vec_sub(vec_load(h), candidate), candidate));
}

/* One sequence in one direction (Cho et al. 2014, arXiv:1406.1078; ONNX GRU-22). Weights are [3 gates * blocks][input][16], then
 * [block][hidden unit][3 gates][16]; `bias` is [3 * blocks * 16], then [blocks * 16] of the candidate's recurrent products.
 * `scratch` holds (3 steps + 4) * blocks * 16 floats. `in_step` and the activations f and g are constants where this
 * is called. */
static ALWAYS_INLINE void gru(const struct recurrent *g, const struct sequence *s, const float *weights, const float *bias,
                              float *scratch, const size_t in_step, const int f, const int act_g) {
    const size_t units = (size_t)g->blocks * 16;
    struct recurrent_walk w = recurrent_start(g, s, weights, bias, scratch, 3, in_step);
    float *z = w.rest, *reset = z + units;
    for (int step = 0; step < g->input.out_width; step++) {
        const int t = recurrent_time(g, step);
        float *y = s->y ? s->y + (size_t)t * g->out_step : s->y;
        SHARED_FOR
        for (int b = 0; b < g->blocks; b++) {
            for (int l = 0; l < 16; l += LANES) {
                const size_t unit = (size_t)(b * 16 + l);
                gru_gates(g, recurrent_sums_at(g, &w, b, t) + l, w.gate_step, w.weights + (size_t)(b * g->hidden) * 48 + l,
                          bias + 3 * units + unit, w.h, unit, z + unit, reset + unit, w.next_h + unit, f, act_g);
            }
            if (g->reset_after) recurrent_copy(g, b, y, w.next_h);
        }
        if (!g->reset_after) {
            SHARED_FOR
            for (int b = 0; b < g->blocks; b++) {
                for (int l = 0; l < 16; l += LANES) {
                    const size_t unit = (size_t)(b * 16 + l);
                    gru_candidate(g, recurrent_sums_at(g, &w, b, t) + 2 * w.gate_step + l,
                                  w.weights + (size_t)(b * g->hidden) * 48 + 32 + l, reset, z + unit, w.h + unit, w.next_h + unit,
                                  act_g);
                }
                recurrent_copy(g, b, y, w.next_h);
            }
        }
        recurrent_advance(&w);
    }
    recurrent_last(g, s->last_h, w.h);
}

#endif

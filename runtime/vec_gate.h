#ifndef RUNTIME_VEC_GATE_H
#define RUNTIME_VEC_GATE_H

#include "runtime/recurrent.h"
#include "runtime/vec_elu.h"
#include "runtime/vec_sigmoid.h"
#include "runtime/vec_tanh.h"

/* An activation of recurrent layers; `kind` is constant where this is called. */
static ALWAYS_INLINE vec vec_gate(vec x, const int kind, float alpha, float beta) {
    const vec zero = vec_zero();
    if (kind == GATE_SIGMOID) return vec_sigmoid(x);
    if (kind == GATE_TANH) return vec_tanh(x);
    if (kind == GATE_RELU) return vec_if_less(x, zero, zero, x);
    if (kind == GATE_LEAKY_RELU) return vec_if_less(x, zero, vec_mul(vec_set(alpha), x), x);
    if (kind == GATE_HARD_SIGMOID) return vec_clamp(vec_fma_lanes(vec_set(alpha), x, vec_set(beta)), 0.0f, 1.0f);
    return vec_elu(x, alpha);
}

#endif

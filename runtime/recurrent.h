#ifndef RUNTIME_RECURRENT_H
#define RUNTIME_RECURRENT_H

#include <stddef.h>

#include "runtime/conv.h"

/* What LSTM and GRU share. A layer's input products, of all time steps at once, are a pointwise convolution; `input` describes
 * it: one row of `steps` pixels, gates * blocks panels of 16 hidden units. What depends on the state before runs step by step.
 * Hidden units fill blocks of 16, the last one with units of zero weights that nobody reads. */
struct recurrent {
    struct conv input;
    int hidden, blocks;
    int sum_units;            /* hidden units in one partial sum, as sum_channels of a convolution */
    int reverse;              /* from the last step to the first */
    int coupled;              /* LSTM: the forget gate is 1 - the input gate */
    int reset_after;          /* GRU: the reset gate scales the recurrent products, not the state that is multiplied */
    size_t in_step, out_step; /* floats from one time step to the next */
    float clip;               /* gates' sums are limited to +-clip before their activation */
    float alpha[3], beta[3];  /* parameters of the activations */
};

/* One sequence. Initial states may be NULL for zeros, results NULL where nobody reads them. */
struct sequence {
    const float *x, *first_h, *first_c;
    float *y, *last_h, *last_c;
};

enum { GATE_SIGMOID, GATE_TANH, GATE_RELU, GATE_LEAKY_RELU, GATE_HARD_SIGMOID, GATE_ELU };

#endif

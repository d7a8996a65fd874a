/* LSTM and GRU as the evaluator and the code generator both read them. */
#ifndef SKIPC_IR_RECURRENT_H
#define SKIPC_IR_RECURRENT_H

#include "ir/op_support.h"

typedef struct {
    int gates; /* LSTM 4: i, o, f, c; GRU 3: z, r, h */
    int directions;
    int64_t steps, batch, inputs, hidden;
    bool coupled;     /* LSTM's input_forget: f = 1 - i */
    bool reset_after; /* GRU's linear_before_reset */
    double clip;      /* infinite where there is none */
} Recurrent;

/* Of a node that has been inferred. */
Recurrent recurrent_of(const Node *node);
/* Whether direction `d` runs from the last step to the first. */
bool recurrent_reverse(const Node *node, int d);
/* Steps of sequence `n`; the others give zeros. */
int64_t recurrent_steps(const Node *node, int64_t n);
/* Functions per direction: LSTM's f, g, h; GRU's f, g. */
int recurrent_functions(Op op);
Epilogue recurrent_function(const Node *node, int d, int k);

#endif

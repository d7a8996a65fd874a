#ifndef RUNTIME_VEC_SOFTSIGN_H
#define RUNTIME_VEC_SOFTSIGN_H

#include "runtime/vec_sign.h"

/* x / (1 + |x|) */
static ALWAYS_INLINE vec vec_softsign(vec x) {
    return vec_div(x, vec_add(vec_set(1.0f), vec_abs(x)));
}

#endif

#ifndef RUNTIME_REMAINDER_I64_H
#define RUNTIME_REMAINDER_I64_H

#include <stdint.h>

/* What dividing towards zero leaves, or, where `floored`, what dividing downwards does: it has the divisor's sign then. 0 where
 * the divisor is 0. */
static inline int64_t remainder_i64(int64_t a, int64_t b, int floored) {
    if (b == 0 || b == -1) return 0;
    const int64_t rest = a % b;
    return floored && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

#endif

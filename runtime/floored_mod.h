#ifndef RUNTIME_FLOORED_MOD_H
#define RUNTIME_FLOORED_MOD_H

#include <math.h>

/* a - floor(a / b) b: what is left has the sign of b, a zero included. */
static inline double floored_mod(double a, double b) {
    const double rest = fmod(a, b);
    if (rest == 0.0) return copysign(0.0, b);
    return (rest < 0.0) != (b < 0.0) ? rest + b : rest;
}

#endif

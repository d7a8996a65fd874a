#ifndef RUNTIME_MAXIMUM_H
#define RUNTIME_MAXIMUM_H

/* NaN where either is one. */
static inline float maximum(float a, float b) {
    return a > b || a != a ? a : b;
}

#endif

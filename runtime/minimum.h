#ifndef RUNTIME_MINIMUM_H
#define RUNTIME_MINIMUM_H

/* NaN where either is one. */
static inline float minimum(float a, float b) {
    return a < b || a != a ? a : b;
}

#endif

#ifndef RUNTIME_SATURATE_H
#define RUNTIME_SATURATE_H

/* x limited to what an integer type of at most 32 bits holds; 0 for a NaN. */
static inline double saturate(double x, double low, double high) {
    if (x != x) return 0.0;
    return x < low ? low : x > high ? high : x;
}

#endif

#ifndef RUNTIME_CLIP_F64_H
#define RUNTIME_CLIP_F64_H

/* `high` wins where the bounds cross; a NaN stays one. */
static inline double clip_f64(double x, double low, double high) {
    const double raised = x < low ? low : x;
    return raised > high ? high : raised;
}

#endif

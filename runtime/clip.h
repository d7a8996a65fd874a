#ifndef RUNTIME_CLIP_H
#define RUNTIME_CLIP_H

/* `high` wins where the bounds cross; a NaN stays one. */
static inline float clip(float x, float low, float high) {
    const float raised = x < low ? low : x;
    return raised > high ? high : raised;
}

#endif

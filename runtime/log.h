#ifndef RUNTIME_LOG_H
#define RUNTIME_LOG_H

#include "runtime/vec_log.h"

/* One element, with the bits that vec_log gives it. */
static inline float log_f32(float x) {
    float y;
    vec_store_part(&y, vec_log(vec_set(x)), 1);
    return y;
}

#endif

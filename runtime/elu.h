#ifndef RUNTIME_ELU_H
#define RUNTIME_ELU_H

#include "runtime/vec_elu.h"

/* One element, with the bits that vec_elu gives it. */
static inline float elu(float x, float alpha) {
    float y;
    vec_store_part(&y, vec_elu(vec_set(x), alpha), 1);
    return y;
}

#endif

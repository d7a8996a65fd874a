#ifndef RUNTIME_SOFTMAX_ROWS_H
#define RUNTIME_SOFTMAX_ROWS_H

#include "runtime/sum.h"
#include "runtime/threads.h"
#include "runtime/vec_exp.h"
#include "runtime/vec_log.h"

/* The largest of the row; a NaN is passed over, or found. */
static ALWAYS_INLINE float row_maximum(const float *x, size_t count) {
    const size_t whole = count / LANES * LANES;
    float lane[LANES], most;
    vec most_lanes = vec_set(x[0]);
    for (size_t k = 0; k < whole; k += LANES) most_lanes = vec_max(vec_load(x + k), most_lanes);
    vec_store(lane, most_lanes);
    most = lane[0];
    for (int l = 1; l < LANES; l++) most = lane[l] > most ? lane[l] : most;
    for (size_t k = whole; k < count; k++) most = x[k] > most ? x[k] : most;
    return most;
}

/* Softmax or LogSoftmax of each of the rows, which don't lie over their results: e^(x - most) over the sum of these, or x - most
 * - ln(sum), where `most` is the row's largest element. NaN or +infinity in a row makes all of it NaN. `logarithm` is a constant
 * where this is called. */
static ALWAYS_INLINE void softmax_rows(const float *x, float *y, size_t rows, size_t count, const int logarithm) {
    const size_t rest = count % LANES, whole = count - rest;
    SHARED_FOR
    for (size_t row = 0; row < rows; row++) {
        const float *in = x + row * count;
        float *out = y + row * count;
        const vec most = vec_set(row_maximum(in, count));
        for (size_t k = 0; k < whole; k += LANES) vec_store(out + k, vec_exp(vec_sub(vec_load(in + k), most)));
        if (rest) vec_store_part(out + whole, vec_exp(vec_sub(vec_load_part(in + whole, rest), most)), rest);
        const float total = sum(out, count);
        if (logarithm) {
            const vec log_total = vec_log(vec_set(total));
            for (size_t k = 0; k < whole; k += LANES) vec_store(out + k, vec_sub(vec_sub(vec_load(in + k), most), log_total));
            if (rest) vec_store_part(out + whole, vec_sub(vec_sub(vec_load_part(in + whole, rest), most), log_total), rest);
        } else {
            const vec divisor = vec_set(total);
            for (size_t k = 0; k < whole; k += LANES) vec_store(out + k, vec_div(vec_load(out + k), divisor));
            if (rest) vec_store_part(out + whole, vec_div(vec_load_part(out + whole, rest), divisor), rest);
        }
    }
}

#endif

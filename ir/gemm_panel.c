/* The one hot loop of the interpreter: a block of rows times a panel of columns, in double. */
#include "ir/op_support.h"

#include <string.h>

enum { LANES = 4, TILE = 6 };
typedef double Lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

/* `rows` is a constant at each call, so that the accumulators stay in registers. */
static inline __attribute__((always_inline)) void tile(int rows, int64_t k, const double *a, int64_t stride, const double *panel,
                                                       double *out) {
    Lanes low[TILE], high[TILE];
    for (int r = 0; r < rows; r++) low[r] = high[r] = (Lanes){0};
    for (int64_t i = 0; i < k; i++) {
        Lanes left = *(const Lanes *)(panel + i * PANEL), right = *(const Lanes *)(panel + i * PANEL + LANES);
        for (int r = 0; r < rows; r++) {
            double factor = a[r * stride + i];
            low[r] += left * factor;
            high[r] += right * factor;
        }
    }
    for (int r = 0; r < rows; r++) {
        *(Lanes *)(out + r * PANEL) = low[r];
        *(Lanes *)(out + r * PANEL + LANES) = high[r];
    }
}

static inline __attribute__((always_inline)) void rows_of(int64_t m, int64_t k, const double *a, int64_t stride,
                                                          const double *panel, double *out) {
    while (m >= TILE) {
        tile(TILE, k, a, stride, panel, out);
        a += TILE * stride;
        out += TILE * PANEL;
        m -= TILE;
    }
    switch (m) {
    case 5: tile(5, k, a, stride, panel, out); break;
    case 4: tile(4, k, a, stride, panel, out); break;
    case 3: tile(3, k, a, stride, panel, out); break;
    case 2: tile(2, k, a, stride, panel, out); break;
    case 1: tile(1, k, a, stride, panel, out); break;
    default: break;
    }
}

#ifdef __x86_64__
__attribute__((target("avx2,fma"))) static void rows_avx2(int64_t m, int64_t k, const double *a, int64_t stride,
                                                          const double *panel, double *out) {
    rows_of(m, k, a, stride, panel, out);
}
#endif

void gemm_panel(int64_t m, int64_t k, const double *a, int64_t stride, const double *panel, double *out) {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        rows_avx2(m, k, a, stride, panel, out);
        return;
    }
#endif
    rows_of(m, k, a, stride, panel, out);
}

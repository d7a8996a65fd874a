/* The one hot loop of the interpreter: a block of rows times a panel of columns, in double or in float. */
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

typedef float Floats __attribute__((vector_size(PANEL * sizeof(float))));
typedef double Doubles __attribute__((vector_size(PANEL * sizeof(double)), aligned(sizeof(double)), may_alias));

/* Products are rounded before they are added, as machines without fused multiply-adds do it: more rounding, not less. */
static inline __attribute__((always_inline)) void float_tile(int rows, int64_t k, const double *a, int64_t stride,
                                                             const double *panel, double *out) {
    Floats sum[TILE];
    for (int r = 0; r < rows; r++) sum[r] = (Floats){0};
    for (int64_t i = 0; i < k; i++) {
        Floats column = __builtin_convertvector(*(const Doubles *)(panel + i * PANEL), Floats);
        for (int r = 0; r < rows; r++) {
            Floats product = column * (float)a[r * stride + i];
            sum[r] = sum[r] + product;
        }
    }
    for (int r = 0; r < rows; r++) *(Doubles *)(out + r * PANEL) = __builtin_convertvector(sum[r], Doubles);
}

static inline __attribute__((always_inline)) void float_rows_of(int64_t m, int64_t k, const double *a, int64_t stride,
                                                                const double *panel, double *out) {
    for (; m >= TILE; m -= TILE, a += TILE * stride, out += TILE * PANEL) float_tile(TILE, k, a, stride, panel, out);
    for (; m > 0; m--, a += stride, out += PANEL) float_tile(1, k, a, stride, panel, out);
}

#ifdef __x86_64__
/* Without "fma", which would let the compiler fuse: the same bits on every x86-64. */
__attribute__((target("avx2"))) static void float_rows_avx2(int64_t m, int64_t k, const double *a, int64_t stride,
                                                            const double *panel, double *out) {
    float_rows_of(m, k, a, stride, panel, out);
}
#endif

void gemm_panel(int64_t m, int64_t k, const double *a, int64_t stride, const double *panel, double *out, bool float_sums) {
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        (float_sums ? float_rows_avx2 : rows_avx2)(m, k, a, stride, panel, out);
        return;
    }
#endif
    (float_sums ? float_rows_of : rows_of)(m, k, a, stride, panel, out);
}

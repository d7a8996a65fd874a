/* Pools in both layouts against plain loops: equal bits, over many windows, and prints a hash of all result bits. */
#include "runtime/pool_planes.h"
#include "tests/kernels/check.h"

#include <math.h>
#include <stdio.h>

enum { SEED = 13, PLANES = 3 };

struct axis {
    int in, kernel, stride, dilation, begin, end;
};

/* Outermost first. */
static const struct axis axes[][3] = {
    {{1, 1, 1, 1, 0, 0}, {23, 3, 2, 1, 1, 1}, {29, 3, 2, 1, 1, 1}}, {{1, 1, 1, 1, 0, 0}, {9, 3, 1, 1, 1, 1}, {17, 3, 1, 1, 1, 1}},
    {{1, 1, 1, 1, 0, 0}, {8, 2, 2, 1, 0, 0}, {13, 2, 2, 1, 0, 0}},  {{1, 1, 1, 1, 0, 0}, {9, 3, 1, 2, 2, 2}, {13, 3, 1, 2, 2, 2}},
    {{1, 1, 1, 1, 0, 0}, {2, 3, 1, 3, 4, 4}, {1, 3, 1, 3, 5, 6}},   {{1, 1, 1, 1, 0, 0}, {7, 7, 1, 1, 0, 0}, {7, 7, 1, 1, 0, 0}},
    {{5, 3, 2, 1, 1, 1}, {5, 2, 3, 1, 1, 0}, {31, 5, 3, 1, 0, 4}},  {{3, 2, 1, 2, 1, 1}, {4, 1, 2, 1, 0, 0}, {40, 4, 1, 1, 2, 1}},
    {{1, 1, 1, 1, 0, 0}, {1, 1, 1, 1, 0, 0}, {19, 3, 2, 1, 0, 0}},
};

/* Results as with ceil_mode: the last window may hang over the padding. */
static struct pool pool_of(const struct axis *axis) {
    struct pool p = {.planes = PLANES};
    for (int k = 0; k < 3; k++) {
        const struct axis *a = &axis[k];
        const int steps = (a->begin + a->in + a->end - (a->kernel - 1) * a->dilation - 1 + a->stride - 1) / a->stride;
        p.in[k] = a->in;
        p.out[k] = steps * a->stride < a->begin + a->in ? steps + 1 : steps;
        p.kernel[k] = a->kernel;
        p.stride[k] = a->stride;
        p.dilation[k] = a->dilation;
        p.begin[k] = a->begin;
        p.end[k] = a->end;
    }
    return p;
}

/* One result of a channel whose pixels are `unit` floats apart. */
static float plain(const struct pool *p, const float *in, int z, int y, int x, int unit, int kind) {
    float most = -INFINITY, total = 0.0f;
    int taps = 0;
    for (int kz = 0; kz < p->kernel[0]; kz++)
        for (int ky = 0; ky < p->kernel[1]; ky++) {
            float row = 0.0f;
            for (int kx = 0; kx < p->kernel[2]; kx++) {
                const int of[3] = {z, y, x}, tap[3] = {kz, ky, kx};
                int inside = 1, padded = 1, at = 0;
                for (int k = 0; k < 3; k++) {
                    const int c = of[k] * p->stride[k] - p->begin[k] + tap[k] * p->dilation[k];
                    inside = inside && c >= 0 && c < p->in[k];
                    padded = padded && c < p->in[k] + p->end[k];
                    at = at * p->in[k] + c;
                }
                taps += kind == POOL_AVERAGE_PADDED ? padded : inside;
                if (!inside) continue;
                most = in[at * unit] > most ? in[at * unit] : most;
                row += in[at * unit];
            }
            total += row;
        }
    return kind == POOL_MAX ? most : taps ? total / (float)taps : 0.0f;
}

static void run(const struct pool *p, const float *in, float *out, int unit, int kind) {
    PARALLEL {
        if (unit == 16 && kind == POOL_MAX)
            pool_planes(p, in, out, 16, POOL_MAX);
        else if (unit == 16 && kind == POOL_AVERAGE)
            pool_planes(p, in, out, 16, POOL_AVERAGE);
        else if (unit == 16)
            pool_planes(p, in, out, 16, POOL_AVERAGE_PADDED);
        else if (kind == POOL_MAX)
            pool_planes(p, in, out, 1, POOL_MAX);
        else if (kind == POOL_AVERAGE)
            pool_planes(p, in, out, 1, POOL_AVERAGE);
        else
            pool_planes(p, in, out, 1, POOL_AVERAGE_PADDED);
    }
}

static int agrees(const struct pool *p, const float *in, float *out, int unit, int kind) {
    for (int plane = 0; plane < p->planes; plane++, in += p->in[0] * p->in[1] * p->in[2] * unit)
        for (int z = 0; z < p->out[0]; z++)
            for (int y = 0; y < p->out[1]; y++)
                for (int x = 0; x < p->out[2]; x++)
                    for (int l = 0; l < unit; l++, out++) {
                        const float expected = plain(p, in + l, z, y, x, unit, kind);
                        if (isnan(*out)) *out = 0.0f; /* the mean of no taps: its sign differs between machines */
                        if (memcmp(&expected, out, sizeof expected) != 0) return 0;
                    }
    return 1;
}

static int check(const struct axis *axis, int unit, int kind, uint64_t *bits) {
    const struct pool p = pool_of(axis);
    const size_t pixels = (size_t)(p.in[0] * p.in[1] * p.in[2] * PLANES * unit);
    const size_t results = (size_t)(p.out[0] * p.out[1] * p.out[2] * PLANES * unit);
    float *in = filled(pixels), *out = unwritten(results);
    for (size_t k = 0; kind == POOL_MAX && k < pixels; k++) { /* what a maximum could take the wrong one of */
        if (in[k] > 0.5f) in[k] = k % 3 ? -0.0f : 0.0f;
        if (k % 7 == 0) in[k] = NAN;
    }
    run(&p, in, out, unit, kind);
    const int same = agrees(&p, in, out, unit, kind);
    *bits = hash(*bits, out, results);
    release();
    return same;
}

int main(int argc, char **argv) {
    check_fill(argc, argv);
    uint64_t bits = hash_start;
    check_state = SEED;
    int failed = 0;
    for (int k = 0; k < (int)(sizeof axes / sizeof *axes); k++)
        for (int unit = 1; unit <= 16; unit += 15)
            for (int kind = POOL_MAX; kind <= POOL_AVERAGE_PADDED; kind++)
                if (!check(axes[k], unit, kind, &bits)) {
                    printf("window %d, unit %d, kind %d: other bits than plain loops (seed %d)\n", k, unit, kind, SEED);
                    failed = 1;
                }
    printf("%016llx\n", (unsigned long long)bits);
    return failed;
}

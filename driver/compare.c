#include "driver/compare.h"

#include <math.h>

double relative_error(const Tensor *y, const Tensor *truth) {
    double largest = 0, difference = 0;
    for (int64_t k = 0; k < truth->count; k++) {
        if (!isfinite(truth->f[k])) continue;
        if (fabs(truth->f[k]) > largest) largest = fabs(truth->f[k]);
        if (isfinite(y->f[k]) && fabs(y->f[k] - truth->f[k]) > difference) difference = fabs(y->f[k] - truth->f[k]);
    }
    return largest > 0 ? difference / largest : difference;
}

int64_t special_differences(const Tensor *y, const Tensor *peer) {
    int64_t count = 0;
    for (int64_t k = 0; k < y->count; k++) {
        double a = y->f[k], b = peer->f[k];
        bool same = isnan(a) ? isnan(b) : isinf(a) || isinf(b) ? a == b : !isnan(b);
        count += !same;
    }
    return count;
}

int64_t integer_differences(const Tensor *y, const Tensor *peer) {
    int64_t count = 0;
    for (int64_t k = 0; k < y->count; k++) count += y->i[k] != peer->i[k];
    return count;
}

static int64_t argmax(const double *row, int64_t count) {
    int64_t best = 0;
    for (int64_t k = 1; k < count; k++) {
        if (row[k] > row[best]) best = k;
    }
    return best;
}

int64_t top1_agreement(const Tensor *y, const Tensor *peer, int64_t *rows) {
    *rows = 0;
    if (!y->f || y->shape.rank != 2 || y->shape.dim[1] < 2) return 0;
    *rows = y->shape.dim[0];
    int64_t columns = y->shape.dim[1], agree = 0;
    for (int64_t row = 0; row < *rows; row++)
        agree += argmax(y->f + row * columns, columns) == argmax(peer->f + row * columns, columns);
    return agree;
}

double error_bound(double peer_error, double summed_terms, bool winograd) {
    if (winograd) return 4 * peer_error * sqrt(summed_terms) + 1e-5;
    return 2 * peer_error * sqrt(summed_terms) + 1e-6;
}

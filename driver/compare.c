#include "driver/compare.h"

#include <float.h>
#include <math.h>

/* The largest number of a float type: a double beyond it is an infinity there. */
static double largest_of(Dtype type) {
    switch (type) {
    case F16: return 65504;
    case BF16: return 0x1.fep127;
    case F32: return (double)FLT_MAX;
    default: return DBL_MAX;
    }
}

/* What stands at a place of a tensor, as its type holds it: a NaN, an infinity of one sign or the other, or a number. */
typedef enum { NUMBER, NOT_A_NUMBER, PLUS_INFINITY, MINUS_INFINITY } Kind;

static Kind kind_of(const Tensor *tensor, int64_t index) {
    double x = tensor->f[index];
    if (isnan(x)) return NOT_A_NUMBER;
    if (fabs(x) <= largest_of(tensor->type)) return NUMBER;
    return x > 0 ? PLUS_INFINITY : MINUS_INFINITY;
}

double relative_error(const Tensor *y, const Tensor *truth) {
    double largest = 0, difference = 0;
    for (int64_t k = 0; k < truth->count; k++) {
        if (kind_of(truth, k) != NUMBER) continue;
        if (fabs(truth->f[k]) > largest) largest = fabs(truth->f[k]);
        if (kind_of(y, k) == NUMBER && fabs(y->f[k] - truth->f[k]) > difference) difference = fabs(y->f[k] - truth->f[k]);
    }
    return largest > 0 ? difference / largest : difference;
}

int64_t special_differences(const Tensor *y, const Tensor *peer) {
    int64_t count = 0;
    for (int64_t k = 0; k < y->count; k++) count += kind_of(y, k) != kind_of(peer, k);
    return count;
}

int64_t unexplained_specials(const Tensor *peer, const Tensor *truth, const Tensor *rounding) {
    int64_t count = 0;
    for (int64_t k = 0; k < peer->count; k++)
        count += kind_of(peer, k) != kind_of(truth, k) && kind_of(peer, k) != kind_of(rounding, k);
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

double error_bound(double peer_error, bool winograd) {
    return winograd ? 4 * peer_error + 1e-5 : 2 * peer_error + 1e-6;
}

double explained_error(double rounding_error) {
    double explained = ROUNDING_MULTIPLE * rounding_error;
    return explained > EXPLAINED_WITHOUT_ROUNDING ? explained : EXPLAINED_WITHOUT_ROUNDING;
}

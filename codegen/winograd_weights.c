#include "codegen/winograd_weights.h"

#include "ir/winograd.h"

enum { MOST_POINTS = 6 };

/* One dimension's transform: a row (1, x, x^2) / prod(x - other points) for each point x of runtime/winograd_transforms.h, then
 * infinity. With two taps a row has two elements. */
typedef double Transform[MOST_POINTS][3];

static void fill_transform(Transform G, const double *points, int finite, int taps) {
    for (int k = 0; k < finite; k++) {
        double product = 1, power = 1;
        for (int other = 0; other < finite; other++)
            if (other != k) product *= points[k] - points[other];
        for (int tap = 0; tap < taps; tap++, power *= points[k]) G[k][tap] = power / product;
    }
    for (int tap = 0; tap < taps; tap++) G[finite][tap] = tap == taps - 1;
}

static void choose_transform(Transform G, int m, int stride) {
    static const double two_of_two[] = {0, 1}, two_of_three[] = {0, 1, -1}, four_of_two[] = {0, .75, -.75, 2},
                        four_of_three[] = {0, .75, -.75, 1.5, -1.5};
    if (stride == 2)
        fill_transform(G, m == 2 ? two_of_two : four_of_two, m, 2);
    else
        fill_transform(G, m == 2 ? two_of_three : four_of_three, m + 1, 3);
    if (m == 2) G[0][0] = -G[0][0]; /* as the kernels' transform of the input has that position's sign */
}

/* Tap `tap` of the phase's filter in one direction, as one of three taps of the whole; -1 where an odd row has none. */
static int whole_tap(int odd, int tap, int stride) {
    int whole = odd + tap * stride;
    return whole < 3 ? whole : -1;
}

/* G g G^T at position (i, j) of one phase of one filter. */
static double transformed(const double row[3], const double column[3], const float *w, int odd_row, int odd_column, int stride) {
    int taps = stride == 1 ? 3 : 2;
    double sum = 0;
    for (int a = 0; a < taps; a++)
        for (int b = 0; b < taps; b++) {
            int y = whole_tap(odd_row, a, stride), x = whole_tap(odd_column, b, stride);
            if (y >= 0 && x >= 0) sum += row[a] * w[y * 3 + x] * column[b];
        }
    return sum;
}

/* All filters at position (i, j); returns where the next position begins. */
static float *fill_position(const ConvGeometry *g, const float *source, Transform G, int i, int j, float *packed) {
    int stride = g->stride_width, last = (int)winograd_points(g->output_size, stride) - 1;
    int rows = i == last ? 1 : stride, columns = j == last ? 1 : stride;
    int channels = stride == 1 ? g->in_channels : conv_copied_channels(g); /* of a phase */
    int64_t panel = (int64_t)rows * columns * channels * BLOCK;
    for (int out = 0; out < g->out_channels; out++)
        for (int phase = 0; phase < rows * columns; phase++) {
            float *to = packed + out / BLOCK * panel + (int64_t)phase * channels * BLOCK + out % BLOCK;
            for (int in = 0; in < g->in_channels; in++)
                to[(int64_t)in * BLOCK] = (float)transformed(G[i], G[j], source + ((int64_t)out * g->weight_channels + in) * 9,
                                                             phase / columns, phase % columns, stride);
        }
    return packed + conv_padded_outputs(g) / BLOCK * panel;
}

float *winograd_weights(Arena *arena, const ConvGeometry *g, const float *source, int64_t *count) {
    Transform G = {{0}};
    int stride = g->stride_width, points = (int)winograd_points(g->output_size, stride);
    int64_t channels = stride == 1 ? g->in_channels : conv_copied_channels(g);
    choose_transform(G, g->output_size, stride);
    *count = winograd_products(g->output_size, stride) * channels * conv_padded_outputs(g);
    float *packed = ARENA_ARRAY(arena, float, *count), *at = packed;
    for (int i = 0; i < points; i++)
        for (int j = 0; j < points; j++) at = fill_position(g, source, G, i, j, at);
    return packed;
}

#ifndef RUNTIME_CONV_WINOGRAD_H
#define RUNTIME_CONV_WINOGRAD_H

#include "runtime/conv_row_pointwise.h"
#include "runtime/thread_share.h"
#include "runtime/vec_fma_lanes.h"
#include "runtime/winograd_transforms.h"

static ALWAYS_INLINE int winograd_has_pixel(const struct conv *g, int row, int column) {
    return row >= 0 && row < g->in_height && column >= 0 && column < g->in_width;
}

/* A convolution of stride 2 is one of stride 1 and 2x2 taps over the four images of its input's even or odd rows and columns:
 * these phases are further channels. Odd ones have but one tap in a direction, whose value at infinity is zero: there they are
 * left out. */
static ALWAYS_INLINE int winograd_points(const int m, const int stride) {
    return stride == 1 ? m + 2 : m + 1;
}

/* Phases that take part in position (i, j). */
static ALWAYS_INLINE int winograd_phases(int i, int j, const int m, const int stride) {
    const int last = winograd_points(m, stride) - 1;
    return (i == last ? 1 : stride) * (j == last ? 1 : stride);
}

/* The sum of winograd_phases() over the positions before (i, j). */
static ALWAYS_INLINE int winograd_phases_before(int i, int j, const int m, const int stride) {
    const int last = winograd_points(m, stride) - 1, row = last * stride + 1;
    return i * stride * row + (i == last ? 1 : stride) * j * stride;
}

/* A convolution with dilations is one without on each lattice of every dilation_height-th row and dilation_width-th column. Tiles
 * are counted image by image and lattice by lattice. */
struct winograd_grid {
    int wide, high; /* tiles of one lattice */
    int tiles;      /* of one image */
};

static ALWAYS_INLINE struct winograd_grid winograd_grid(const struct conv *g, const int m) {
    const int columns = (g->out_width + g->dilation_width - 1) / g->dilation_width,
              rows = (g->out_height + g->dilation_height - 1) / g->dilation_height;
    struct winograd_grid grid = {(columns + m - 1) / m, (rows + m - 1) / m, 0};
    grid.tiles = grid.wide * grid.high * g->dilation_height * g->dilation_width;
    return grid;
}

struct winograd_pixel {
    int image, row, column;
};

/* The output pixel at which tile `tile` begins. */
static ALWAYS_INLINE struct winograd_pixel winograd_tile_start(const struct conv *g, const struct winograd_grid *grid, int tile,
                                                               const int m) {
    const int image = g->images == 1 ? 0 : tile / grid->tiles, of_image = tile - image * grid->tiles;
    const int lattices = g->dilation_height * g->dilation_width,
              lattice = lattices == 1 ? 0 : of_image / (grid->wide * grid->high);
    const int t = of_image - lattice * grid->wide * grid->high;
    const struct winograd_pixel start = {image, lattice / g->dilation_width + t / grid->wide * m * g->dilation_height,
                                         lattice % g->dilation_width + t % grid->wide * m * g->dilation_width};
    return start;
}

/* Where the values of one tile, phase and vector of channels go. */
struct winograd_place {
    float *out;
    size_t position, phase; /* from one to the next, in floats */
};

/* One tile, phase and vector of channels: reads it, zeros where it leaves the image, and writes the value of each position. The
 * tile's pixel (0, 0) is (row, column). `scale`: the input scale of these channels, or NULL. `down` and `right`: from one of its
 * rows and columns to the next. `inside`, constant where this is called: the tile is within the image. */
static ALWAYS_INLINE void winograd_input_tile(const struct conv *g, const float *in, const float *scale, int row, int column,
                                              int odd_row, int odd_column, const struct winograd_place *to, const int m,
                                              const int stride, const int down, const int right, const int inside) {
    static const float border[16] = {0};
    const int n = winograd_points(m, stride), taps = stride == 1 ? 3 : 2;
    vec d[WINOGRAD_POINTS][WINOGRAD_POINTS];
    UNROLL_FOR (int i = 0; i < n; i++) {
        UNROLL_FOR (int j = 0; j < n; j++) {
            const int y = row + odd_row + i * down, x = column + odd_column + j * right;
            const int is_there = inside || winograd_has_pixel(g, y, x);
            d[i][j] = vec_load(is_there ? in + ((ptrdiff_t)y * g->in_width + x) * 16 : border);
            if (scale && is_there)
                d[i][j] = vec_clamp(vec_fma_lanes(d[i][j], vec_load(scale), vec_load(scale + 16)), g->in_low, INFINITY);
        }
        winograd_input_1d(d[i], m, taps);
    }
    UNROLL_FOR (int j = 0; j < n; j++) {
        vec c[WINOGRAD_POINTS];
        UNROLL_FOR (int i = 0; i < n; i++) c[i] = d[i][j];
        winograd_input_1d(c, m, taps);
        UNROLL_FOR (int i = 0; i < n; i++) {
            if ((i == n - 1 && odd_row) || (j == n - 1 && odd_column)) continue;
            const int phase = (i == n - 1 ? 0 : odd_row * (j == n - 1 ? 1 : stride)) + (j == n - 1 ? 0 : odd_column);
            vec_store(to->out + (size_t)(i * n + j) * to->position + (size_t)phase * to->phase, c[i]);
        }
    }
}

/* All phases of a tile. `most` is the last row and column that any of them reads, from the tile's first. */
static ALWAYS_INLINE void winograd_input(const struct conv *g, const float *in, const float *scale, int row, int column,
                                         const struct winograd_place *to, const int m, const int stride) {
    const int most = stride * winograd_points(m, stride) - 1;
    const int inside = winograd_has_pixel(g, row, column) && winograd_has_pixel(g, row + most, column + most);
    if (stride == 1 && (g->dilation_height > 1 || g->dilation_width > 1)) {
        winograd_input_tile(g, in, scale, row, column, 0, 0, to, m, stride, g->dilation_height, g->dilation_width, 0);
        return;
    }
    for (int odd_row = 0; odd_row < stride; odd_row++)
        for (int odd_column = 0; odd_column < stride; odd_column++) {
            if (inside)
                winograd_input_tile(g, in, scale, row, column, odd_row, odd_column, to, m, stride, stride, stride, 1);
            else
                winograd_input_tile(g, in, scale, row, column, odd_row, odd_column, to, m, stride, stride, stride, 0);
        }
}

/* Transforms keep whole tiles on the stack: functions of their own, so that theirs and the micro-kernel's are not there at
 * once. */
static NEVER_INLINE void winograd_input_2(const struct conv *g, const float *in, const float *scale, int row, int column,
                                          const struct winograd_place *to) {
    winograd_input(g, in, scale, row, column, to, 2, 1);
}

static NEVER_INLINE void winograd_input_4(const struct conv *g, const float *in, const float *scale, int row, int column,
                                          const struct winograd_place *to) {
    winograd_input(g, in, scale, row, column, to, 4, 1);
}

static NEVER_INLINE void winograd_input_2_stride_2(const struct conv *g, const float *in, const float *scale, int row, int column,
                                                   const struct winograd_place *to) {
    winograd_input(g, in, scale, row, column, to, 2, 2);
}

static NEVER_INLINE void winograd_input_4_stride_2(const struct conv *g, const float *in, const float *scale, int row, int column,
                                                   const struct winograd_place *to) {
    winograd_input(g, in, scale, row, column, to, 4, 2);
}

/* One pixel and one vector of channels of the result. */
static ALWAYS_INLINE void winograd_store(const struct conv *g, vec v, const float *residual, float *out, size_t at) {
    if (residual) v = vec_add(v, vec_load(residual + at));
    vec_store(out + at, vec_clamp(v, g->low, g->high));
}

/* One tile of a planar result: `lanes` channels, a plane apart. */
static ALWAYS_INLINE void winograd_store_planar(const struct conv *g, vec result[4][4], const float *residual, float *out,
                                                int row, int column, int lanes, const int m) {
    const size_t width = (size_t)g->out_width, plane = (size_t)g->out_height * width;
    const size_t down = (size_t)g->dilation_height * width, right = (size_t)g->dilation_width;
    const size_t first = (size_t)row * width + (size_t)column;
    const int below = (g->out_height - row + g->dilation_height - 1) / g->dilation_height,
              beside = (g->out_width - column + g->dilation_width - 1) / g->dilation_width;
    const int rows = below < m ? below : m, columns = beside < m ? beside : m;
    float pixel[4][4][LANES];
    UNROLL_FOR (int i = 0; i < m; i++)
        UNROLL_FOR (int j = 0; j < m; j++) vec_store(pixel[i][j], result[i][j]);
    if (residual)
        for (int l = 0; l < LANES && l < lanes; l++)
            for (int i = 0; i < rows; i++)
                for (int j = 0; j < columns; j++)
                    pixel[i][j][l] += residual[(size_t)l * plane + first + (size_t)i * down + (size_t)j * right];
    UNROLL_FOR (int i = 0; i < m; i++)
        UNROLL_FOR (int j = 0; j < m; j++) vec_store(pixel[i][j], vec_clamp(vec_load(pixel[i][j]), g->low, g->high));
    for (int l = 0; l < LANES && l < lanes; l++)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                out[(size_t)l * plane + first + (size_t)i * down + (size_t)j * right] = pixel[i][j][l];
}

/* One tile and one vector of channels, of which `lanes` exist: its pixels from the values of the positions, then bias, residual
 * and limits. */
static ALWAYS_INLINE void winograd_output(const struct conv *g, const float *products, size_t position, const float *bias,
                                          const float *residual, float *out, int row, int column, int lanes, const int m,
                                          const int stride) {
    const int n = winograd_points(m, stride), taps = stride == 1 ? 3 : 2;
    vec half[WINOGRAD_POINTS][4], result[4][4];
    const vec b = vec_load(bias);
    UNROLL_FOR (int i = 0; i < n; i++) {
        vec p[WINOGRAD_POINTS];
        UNROLL_FOR (int j = 0; j < n; j++) p[j] = vec_load(products + (size_t)(i * n + j) * position);
        winograd_output_1d(p, half[i], m, taps);
    }
    UNROLL_FOR (int j = 0; j < m; j++) {
        vec p[WINOGRAD_POINTS], o[4];
        UNROLL_FOR (int i = 0; i < n; i++) p[i] = half[i][j];
        winograd_output_1d(p, o, m, taps);
        UNROLL_FOR (int i = 0; i < m; i++) result[i][j] = vec_add(o[i], b);
    }
    if (!g->blocked_out) {
        winograd_store_planar(g, result, residual, out, row, column, lanes, m);
        return;
    }
    const size_t first = ((size_t)row * (size_t)g->out_width + (size_t)column) * 16;
    const size_t down = (size_t)g->dilation_height * (size_t)g->out_width * 16, right = (size_t)g->dilation_width * 16;
    const int last_row = row + (m - 1) * g->dilation_height, last_column = column + (m - 1) * g->dilation_width;
    if (last_row < g->out_height && last_column < g->out_width) {
        UNROLL_FOR (int i = 0; i < m; i++)
            UNROLL_FOR (int j = 0; j < m; j++)
                winograd_store(g, result[i][j], residual, out, first + (size_t)i * down + (size_t)j * right);
    } else {
        UNROLL_FOR (int i = 0; i < m; i++)
            UNROLL_FOR (int j = 0; j < m; j++)
                if (row + i * g->dilation_height < g->out_height && column + j * g->dilation_width < g->out_width)
                    winograd_store(g, result[i][j], residual, out, first + (size_t)i * down + (size_t)j * right);
    }
}

static NEVER_INLINE void winograd_output_2(const struct conv *g, const float *products, size_t position, const float *bias,
                                           const float *residual, float *out, int row, int column, int lanes) {
    winograd_output(g, products, position, bias, residual, out, row, column, lanes, 2, 1);
}

static NEVER_INLINE void winograd_output_4(const struct conv *g, const float *products, size_t position, const float *bias,
                                           const float *residual, float *out, int row, int column, int lanes) {
    winograd_output(g, products, position, bias, residual, out, row, column, lanes, 4, 1);
}

static NEVER_INLINE void winograd_output_2_stride_2(const struct conv *g, const float *products, size_t position,
                                                    const float *bias, const float *residual, float *out, int row, int column,
                                                    int lanes) {
    winograd_output(g, products, position, bias, residual, out, row, column, lanes, 2, 2);
}

static NEVER_INLINE void winograd_output_4_stride_2(const struct conv *g, const float *products, size_t position,
                                                    const float *bias, const float *residual, float *out, int row, int column,
                                                    int lanes) {
    winograd_output(g, products, position, bias, residual, out, row, column, lanes, 4, 2);
}

/* Blocked in, blocked or planar out. Weights are transformed, [position][panel][phase][in channel][16], with phases of
 * whole blocks where there are several; `m` is 2 or 4 and `stride` 1 or 2, constant where this is called. `scratch` holds
 * positions * ((tile_block + shares - 1) * (in_channels * phases + out_channels, in whole blocks) + 32 * shares) floats.
 * `scale` is the input scale, or NULL. `residual` may be the output itself. */
static ALWAYS_INLINE void conv_winograd(const struct winograd *w, const float *in, const float *scale, const float *weights,
                                        const float *bias, const float *residual, float *out, float *scratch, const int m,
                                        const int stride) {
    static const float no_bias[32] = {0};
    const struct conv *g = &w->conv;
    const int n = winograd_points(m, stride), positions = n * n, phases = stride * stride;
    const int blocks = (g->in_channels + 15) / 16, panels = (g->out_channels + 15) / 16;
    const int channels = phases == 1 ? g->in_channels : blocks * 16; /* of one phase */
    const struct winograd_grid grid = winograd_grid(g, m);
    const size_t in_plane = (size_t)g->in_height * (size_t)g->in_width * 16,
                 out_plane = (size_t)g->out_height * (size_t)g->out_width * 16;
    /* Threads with tiles of their own need not wait for each other between the steps. */
    const int threads = thread_count(), alone = threads <= w->shares, part = alone ? threads : 1;
    const struct share mine = thread_share(g->images * grid.tiles, !alone);
    const int tile_block = (w->tile_block + part - 1) / part;
    if (alone) scratch += (size_t)(thread_number() * positions) * (size_t)(tile_block * (blocks * phases + panels) + 2) * 16;
    for (int first = mine.first; first < mine.end; first += tile_block) {
        const int count = mine.end - first < tile_block ? mine.end - first : tile_block;
        /* An odd number of cache lines from position to position: a tile's values fall in different sets of the cache. */
        const size_t in_position = (size_t)(count * blocks * phases | 1) * 16, out_position = (size_t)(count * panels | 1) * 16;
        float *products = scratch + (size_t)positions * in_position;
        const struct share inputs = thread_share(blocks * count, alone);
        for (int task = inputs.first; task < inputs.end; task++) {
            const struct winograd_pixel start = winograd_tile_start(g, &grid, first + task % count, m);
            const int row = start.row * stride - g->pad_top, column = start.column * stride - g->pad_left;
            for (int l = 0; l < 16; l += LANES) {
                const struct winograd_place to = {scratch + (size_t)task * 16 + l, in_position, (size_t)(blocks * count) * 16};
                const float *image = in + (size_t)start.image * g->in_image + (size_t)(task / count) * in_plane + l,
                            *s = scale ? scale + task / count * 32 + l : scale;
                if (stride == 1)
                    (m == 2 ? winograd_input_2 : winograd_input_4)(g, image, s, row, column, &to);
                else
                    (m == 2 ? winograd_input_2_stride_2 : winograd_input_4_stride_2)(g, image, s, row, column, &to);
            }
        }
        if (!alone) BARRIER;
        const int vectors = LANES * TILE_VECTORS, groups = (panels * 16 + vectors - 1) / vectors;
        const struct share sums = thread_share(positions * groups, alone);
        struct conv tile_row = {.out_channels = g->out_channels,
                                .out_height = 1,
                                .out_width = count,
                                .kernel_height = 1,
                                .kernel_width = 1,
                                .sum_channels = g->sum_channels,
                                .blocked_out = 1,
                                .low = -INFINITY,
                                .high = INFINITY};
        for (int task = sums.first; task < sums.end; task++) {
            const int channel = task % groups * vectors, p = task / groups, i = p / n, j = p % n;
            const int terms = channels * winograd_phases(i, j, m, stride);
            tile_row.in_channels = terms;
            const struct conv_input at = {(size_t)count * 16, 0, 0, (size_t)terms * 16, 0, 1};
            const float *a = scratch + (size_t)p * in_position,
                        *b = weights + (size_t)winograd_phases_before(i, j, m, stride) * (size_t)panels * (size_t)channels * 16 +
                             (size_t)(channel / 16) * at.panel + channel % 16;
            float *o = products + (size_t)p * out_position + (size_t)(channel / 16 * count) * 16 + channel % 16;
            conv_row_pointwise(&tile_row, &at, a, b, no_bias, NULL, o, (size_t)tile_row.out_width, panels * 16 - channel);
        }
        if (!alone) BARRIER;
        const struct share outputs = thread_share(panels * count, alone);
        for (int task = outputs.first; task < outputs.end; task++) {
            const struct winograd_pixel start = winograd_tile_start(g, &grid, first + task % count, m);
            const size_t plane = (size_t)start.image * g->out_image + (size_t)(task / count) * out_plane,
                         lane = g->blocked_out ? 1 : out_plane / 16;
            const int lanes = g->out_channels - task / count * 16;
            for (int l = 0; l < 16 && l < lanes; l += LANES) {
                const float *value = products + (size_t)task * 16 + l, *b = bias + task / count * 16 + l;
                const float *r = residual ? residual + plane + (size_t)l * lane : residual;
                float *to = out + plane + (size_t)l * lane;
                if (stride == 1)
                    (m == 2 ? winograd_output_2 : winograd_output_4)(g, value, out_position, b, r, to, start.row, start.column,
                                                                     lanes - l);
                else
                    (m == 2 ? winograd_output_2_stride_2 : winograd_output_4_stride_2)(g, value, out_position, b, r, to,
                                                                                       start.row, start.column, lanes - l);
            }
        }
    }
}

#endif

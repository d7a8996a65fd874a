#ifndef RUNTIME_CONV_DENSE_H
#define RUNTIME_CONV_DENSE_H

#include "runtime/conv_row_pointwise.h"
#include "runtime/conv_strip.h"
#include "runtime/window_taps.h"

/* The geometry for a team of threads: a pointwise convolution's rows, which may be of any length, are divided where a strip has
 * fewer than there are threads. Always inlined: as a function it would hide from the kernel that its geometry is constant. */
static ALWAYS_INLINE struct conv conv_for_threads(struct conv g, int threads) {
    const int pointwise = g.kernel_height * g.kernel_width == 1 && g.in_height == g.out_height && g.in_width == g.out_width;
    const int moved = g.pad_top || g.pad_left || g.stride_height * g.stride_width != 1; /* its rows aren't the input's */
    if (!pointwise || moved || g.strip_rows >= threads || g.out_width % threads != 0 || g.out_width / threads < TILE_PIXELS)
        return g;
    g.in_width = g.out_width /= threads;
    g.in_height = g.out_height *= threads;
    g.strip_rows *= threads;
    if (g.padded_width) {
        g.padded_width = g.in_width;
        g.padded_rows = g.strip_rows;
    }
    return g;
}

/* The end of the strip that begins with output row `first`, where rows are counted through all images. */
static inline int conv_strip_end(const struct conv *g, int first, int strip_rows, int strip_images) {
    const int image_end = (first / g->out_height + strip_images) * g->out_height;
    return strip_rows < g->out_height && first + strip_rows < image_end ? first + strip_rows : image_end;
}

/* The rows of [first, end) of a block that are the thread's, counted from `first`. */
static ALWAYS_INLINE struct share grid_rows_within(const struct grid_share *g, int block, int first, int end) {
    const struct share rows = grid_rows(g, block);
    const struct share within = {rows.first > first ? rows.first - first : 0, (rows.end < end ? rows.end : end) - first};
    return within;
}

/* Tiles' columns of output channels. */
static ALWAYS_INLINE int conv_panel_groups(const struct conv *g) {
    const int wide = LANES * TILE_VECTORS, lanes = (g->out_channels + 15) / 16 * 16;
    return (lanes + wide - 1) / wide;
}

/* What a convolution reads and writes; conv_dense says what each is. */
struct conv_operands {
    const float *in, *scale, *weights, *bias, *residual;
    float *out, *scratch;
};

/* What a thread computes: panel groups and rows, counted through all images, of each of its groups. Unless it works `alone`, that
 * is all of them, which the team shares strip by strip. */
struct conv_part {
    struct share groups;
    struct grid_share rows;
    int strip_rows, strip_images; /* as struct conv has them: strips of the thread's own may be shorter */
    int alone;
};

/* The input of output rows [first, end) of a group: as it lies in the image, or copied to the scratch. */
struct conv_strip_input {
    const float *in;     /* of the first row's image */
    size_t plane, image; /* pixels of a plane; floats from one image to the next */
    int width;
    int above; /* input rows of the image, the padding's among them, that are not in the strip */
};

static ALWAYS_INLINE struct conv_strip_input conv_strip_read(const struct conv *g, const struct conv_operands *o,
                                                             const struct conv_part *part, const int group, const int first,
                                                             const int end, const int unit) {
    const int copied = g->padded_width != 0, planes = unit == 16 ? (g->in_channels + 15) / 16 : g->in_channels;
    const int image = first / g->out_height, top = first % g->out_height;
    const float *in =
        o->in + (size_t)image * g->in_image + (size_t)group * (size_t)g->in_channels * (size_t)g->in_height * (size_t)g->in_width;
    if (!copied) {
        const struct conv_strip_input whole = {in, (size_t)g->in_height * (size_t)g->in_width, g->in_image, g->in_width,
                                               g->pad_top};
        return whole;
    }
    const int rows = end - first < g->out_height ? end - first : g->out_height; /* of one image */
    const int height = g->padded_rows - (g->strip_rows - rows) * g->stride_height;
    const size_t plane = (size_t)height * (size_t)g->padded_width, next_image = (size_t)planes * plane * (size_t)unit;
    if (!part->alone && (group || first)) BARRIER; /* until all have read the last strip */
    for (int n = 0; n * g->out_height < top + end - first; n++)
        conv_strip(g, in + (size_t)n * g->in_image, o->scale, o->scratch + (size_t)n * next_image, top, height, planes, unit,
                   part->rows.by_rows, part->alone);
    if (!part->alone) BARRIER;
    const struct conv_strip_input copy = {o->scratch, plane, next_image, g->padded_width, top * g->stride_height};
    return copy;
}

/* Output rows [first, end) of a group: of whole images, or of some rows in the middle of one. */
static ALWAYS_INLINE void conv_strip_rows(const struct conv *g, const struct conv_operands *o, const struct conv_part *part,
                                          const struct conv_strip_input *strip, const int group, const int first, const int end,
                                          const int unit, const int stride) {
    const int panels = (g->out_channels + 15) / 16, panel_groups = part->rows.blocks;
    const int image = first / g->out_height, top = first % g->out_height;
    const size_t out_plane = (size_t)g->out_height * (size_t)g->out_width;
    const size_t out_row = (size_t)g->out_width * (g->blocked_out ? 16 : 1);
    const size_t panel_floats = (size_t)g->in_channels * (size_t)(g->kernel_height * g->kernel_width) * 16;
    const int row_step = g->padded_width ? g->dilation_height / g->strip_step : g->dilation_height;
    const struct grid_share shared = thread_grid_share(panel_groups, end - first, part->rows.by_rows, part->alone);
    /* The rows of a pointwise convolution follow each other: they are one, in which fewer tiles end at a row's end. */
    const int pointwise = g->kernel_height * g->kernel_width == 1;
    const int joined = pointwise && !g->padded_width && stride == 1 && g->stride_height == 1;
    for (int k = 0; k < panel_groups; k++) {
        const struct share rows = part->alone ? grid_rows_within(&part->rows, k, first, end) : grid_rows(&shared, k);
        const int channels = k * LANES * TILE_VECTORS, lanes = g->out_channels - channels;
        const float *w = o->weights + (size_t)(group * panels + channels / 16) * panel_floats + channels % 16;
        const float *b = o->bias + group * panels * 16 + channels;
        const size_t block = (size_t)image * g->out_image + (size_t)(group * g->out_channels + channels / 16 * 16) * out_plane +
                             (size_t)(channels % 16) * (g->blocked_out ? 1 : out_plane);
        for (int task = top + rows.first, count = 1; task < top + rows.end; task += count) {
            const int n = task / g->out_height, y = task % g->out_height;
            const int left = top + rows.end - task;
            if (joined) count = left < g->out_height - y ? left : g->out_height - y;
            const struct window_taps taps =
                window_taps(y * g->stride_height - g->pad_top, g->dilation_height, g->kernel_height, g->in_height);
            const struct conv_input at = {strip->plane * 16,
                                          (size_t)(row_step * strip->width * unit),
                                          (size_t)(g->dilation_width * unit),
                                          panel_floats,
                                          taps.first,
                                          taps.first + taps.count};
            const float *a =
                strip->in + (size_t)n * strip->image + (size_t)((y * g->stride_height - strip->above) * strip->width * unit);
            const size_t to = block + (size_t)n * g->out_image + (size_t)y * out_row;
            const float *r = o->residual ? o->residual + to : o->residual;
            const size_t pixel = (size_t)(unit * stride), channel = unit == 16 ? 1 : strip->plane;
            const size_t pixels = (size_t)count * (size_t)g->out_width;
            if (unit == 16 && stride == 1) /* one tap that lies in the padding is none */
                (pointwise && taps.count ? conv_row_pointwise : conv_row_blocked)(g, &at, a, w, b, r, o->out + to, pixels, lanes);
            else
                conv_row(g, &at, a, w, b, r, o->out + to, pixels, lanes, 0, pixel, channel);
        }
    }
}

/* A part of the whole images, or of a window of rows, where pad_top is less by what lies above them. */
static ALWAYS_INLINE void conv_dense_part(const struct conv *g, const struct conv_operands *o, const struct conv_part *part,
                                          const int unit, const int stride) {
    const int panel_groups = part->rows.blocks, end_row = (part->rows.tasks.end + panel_groups - 1) / panel_groups;
    for (int group = part->groups.first; group < part->groups.end; group++)
        for (int first = part->rows.tasks.first / panel_groups, end; first < end_row; first = end) {
            end = conv_strip_end(g, first, part->strip_rows, part->strip_images);
            if (end > end_row) end = end_row;
            const struct conv_strip_input strip = conv_strip_read(g, o, part, group, first, end, unit);
            conv_strip_rows(g, o, part, &strip, group, first, end, unit, stride);
        }
}

/* The input is blocked by 16 channels where `unit` is 16 and planar where it is 1; `stride` is its stride_width: both are
 * constants where this is called. `scale` is the input scale of a convolution without groups, or NULL; its strips are copied.
 * `residual` (or NULL) has the output's layout and may be the output itself. */
static ALWAYS_INLINE void conv_dense(const struct conv *whole, const float *in, const float *scale, const float *weights,
                                     const float *bias, const float *residual, float *out, float *scratch, const int unit,
                                     const int stride) {
    const int threads = thread_count();
    const struct conv divided = conv_for_threads(*whole, threads), *g = &divided;
    const int copied = g->padded_width != 0, width = copied ? g->padded_width : g->in_width;
    const int planes = unit == 16 ? (g->in_channels + 15) / 16 : g->in_channels;
    const size_t pixels = (size_t)(g->images * g->out_height) * (size_t)g->out_width;
    /* Groups of its own, or, images or weights: of the larger, each thread reads a part of its own. */
    const int own_strip = !copied || g->strips >= threads, by_groups = own_strip && g->groups >= threads;
    const int by_rows = pixels >= (size_t)g->out_channels * (size_t)(g->kernel_height * g->kernel_width);
    const int alone = by_groups || (by_rows && (own_strip || (g->kernel_height == 1 && g->strip_rows >= threads)));
    const int divide = alone && !own_strip; /* the strip's memory, among the threads */
    const struct share all = {0, g->groups};
    const struct conv_part part = {
        by_groups ? thread_share(g->groups, 0) : all,
        thread_grid_share(conv_panel_groups(g), g->images * g->out_height, by_rows, by_groups || !alone),
        divide ? g->strip_rows / threads : g->strip_rows,
        copied && alone && !by_groups ? 1 : g->strip_images, /* a thread's rows may begin inside an image */
        alone,
    };
    const int most_rows = g->padded_rows - (g->strip_rows - part.strip_rows) * g->stride_height;
    if (copied && alone) scratch += (size_t)(thread_number() * most_rows * part.strip_images) * (size_t)(planes * width * unit);
    const struct conv_operands operands = {in, scale, weights, bias, residual, out, scratch};
    conv_dense_part(g, &operands, &part, unit, stride);
}

#endif

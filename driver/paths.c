#include "driver/paths.h"

#include "driver/text.h"

#include <inttypes.h>
#include <stdio.h>

enum { PLOT_ROWS = 25, PLOT_WIDTH = 60 };
static const double band_share = 0.95, least_shown = 0.0005;

double *path_shares(Arena *arena, int blocks) {
    double *share = ARENA_ARRAY(arena, double, blocks + 1);
    /* C(n, n/2) / 2^n as a product of factors near 1, from which its neighbours follow: 2^-n alone would underflow for large n.
     */
    int middle = blocks / 2;
    double at_middle = blocks % 2 ? 0.5 : 1;
    for (int i = 1; i <= middle; i++) at_middle *= blocks % 2 ? (2.0 * i + 1) / (2.0 * i + 2) : (2.0 * i - 1) / (2.0 * i);
    share[middle] = at_middle;
    for (int k = middle; k > 0; k--) share[k - 1] = share[k] * k / (blocks - k + 1);
    for (int k = middle; k < blocks; k++) share[k + 1] = share[k] * (blocks - k) / (k + 1);
    return share;
}

PathBand path_band(const double *share, int blocks, double least) {
    PathBand band = {blocks / 2, blocks - blocks / 2, 0};
    for (int k = band.from; k <= band.to; k++) band.share += share[k];
    while (band.share < least && band.from > 0) band.share += share[--band.from] + share[++band.to];
    return band;
}

void print_path_summary(const ResidualBlocks *blocks) {
    char number[32] = "";
    int count = blocks->count;
    if (count == 0)
        printf("%-15snot residual: there is one path\n", "structure");
    else
        printf("%-15s%d residual block%s: 2^%d%s%s paths\n", "structure", count, count == 1 ? "" : "s", count,
               count < 63 ? " = " : "", count < 63 ? grouped(INT64_C(1) << count, number) : "");
}

static void print_block(const ResidualBlock *block, int index) {
    char from[256], to[256];
    shape_text(&block->to, to, sizeof to);
    printf("%5d  %-10s  %-8s  %6d  ", index, block->projection ? "projection" : "identity", block->droppable ? "yes" : "no",
           block->layers);
    text_print(stdout, block->name);
    if (shape_equal(&block->from, &block->to))
        printf("  (%s)\n", to);
    else
        printf("  (%s -> %s)\n", shape_text(&block->from, from, sizeof from), to);
}

/* Lengths that hardly a path has are left out, and neighbours share a row where there are many. */
static void print_plot(const double *share, int blocks) {
    int first = 0, last = blocks;
    while (first < last && share[first] < least_shown) first++;
    while (last > first && share[last] < least_shown) last--;
    int step = (last - first) / PLOT_ROWS + 1;
    double most = 0;
    for (int row = first; row <= last; row += step) {
        double sum = 0;
        for (int k = row; k < row + step && k <= blocks; k++) sum += share[k];
        if (sum > most) most = sum;
    }
    for (int row = first; row <= last; row += step) {
        double sum = 0;
        int end = row + step - 1 < blocks ? row + step - 1 : blocks;
        for (int k = row; k <= end; k++) sum += share[k];
        char label[32];
        snprintf(label, sizeof label, step > 1 ? "%d-%d" : "%d", row, end);
        printf("%9s %6.2f%% ", label, 100 * sum);
        for (int bar = (int)(PLOT_WIDTH * sum / most + 0.5); bar > 0; bar--) putchar('#');
        putchar('\n');
    }
}

void print_paths(Arena *arena, const ResidualBlocks *blocks) {
    if (blocks->count == 0) return;
    printf("\nblock  shortcut    droppable layers  name (shape)\n");
    for (int k = 0; k < blocks->count; k++) print_block(&blocks->block[k], k);
    const double *share = path_shares(arena, blocks->count);
    PathBand band = path_band(share, blocks->count, band_share);
    printf("\n   length   paths (length: how many of the %d blocks a path passes through)\n", blocks->count);
    print_plot(share, blocks->count);
    printf("%.1f%% of the paths pass through %d to %d blocks\n", 100 * band.share, band.from, band.to);
}

static void json_block(const ResidualBlock *block, int index) {
    printf("{\"index\": %d, \"name\": ", index);
    json_string(stdout, block->name);
    printf(", \"shortcut\": \"%s\", \"droppable\": %s, \"layers\": %d, \"input_shape\": ",
           block->projection ? "projection" : "identity", block->droppable ? "true" : "false", block->layers);
    json_shape(stdout, &block->from);
    printf(", \"output_shape\": ");
    json_shape(stdout, &block->to);
    putchar('}');
}

void json_paths(Arena *arena, const ResidualBlocks *blocks) {
    const double *share = path_shares(arena, blocks->count);
    PathBand band = path_band(share, blocks->count, band_share);
    printf("\"blocks\": [");
    for (int k = 0; k < blocks->count; k++) {
        printf(k ? ",\n    " : "\n    ");
        json_block(&blocks->block[k], k);
    }
    printf("%s],\n  \"paths\": {\"count\": \"2^%d\", \"length_shares\": [", blocks->count ? "\n  " : "", blocks->count);
    for (int k = 0; k <= blocks->count; k++) {
        if (k) printf(", ");
        json_number(stdout, share[k]);
    }
    printf("], \"band\": {\"from\": %d, \"to\": %d", band.from, band.to);
    json_member(stdout, ", ", "share", band.share);
    printf("}}");
}

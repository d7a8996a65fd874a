/* A residual network as a collection of paths (Veit, Wilber and Belongie 2016): each of n blocks is passed through its branch or
 * around it, which makes 2^n paths, of which C(n, k) pass through k branches. */
#ifndef SKIPC_DRIVER_PATHS_H
#define SKIPC_DRIVER_PATHS_H

#include "passes/residual_blocks.h"

typedef struct {
    int from, to;
    double share;
} PathBand;

/* share[k] = C(n, k) / 2^n for k = 0 to n, arena memory. */
double *path_shares(Arena *arena, int blocks);
/* The narrowest band around n/2 that holds at least `least` of the paths. */
PathBand path_band(const double *share, int blocks, double least);

/* What `inspect` says of them. */
void print_path_summary(const ResidualBlocks *blocks);
void print_paths(Arena *arena, const ResidualBlocks *blocks);
/* "blocks": [...], "paths": {...} */
void json_paths(Arena *arena, const ResidualBlocks *blocks);

#endif

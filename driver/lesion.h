/* The lesion study of Veit, Wilber and Belongie 2016: what a network still knows when residual blocks are deleted. */
#ifndef SKIPC_DRIVER_LESION_H
#define SKIPC_DRIVER_LESION_H

#include "driver/driver.h"
#include "passes/residual_blocks.h"

/* Shares of the images; accuracy is NaN where there are no labels. */
typedef struct {
    double agreement, accuracy; /* top-1: with the whole network, with the labels */
} Score;

/* Over all sets of so many deleted blocks that were tried. */
typedef struct {
    int deleted, sets;
    Score mean, least, most;
} LesionStep;

typedef struct {
    const char *model;
    int64_t images;
    bool labelled;
    const ResidualBlocks *blocks;
    Score whole;
    const Score *alone; /* by block; of the droppable ones */
    const LesionStep *step;
    int steps; /* 1 to the number of droppable blocks */
} LesionReport;

void lesion_print(const LesionReport *report);
void lesion_print_json(const LesionReport *report);
/* An SVG of two plots: each block deleted alone, and more and more of them. */
bool lesion_plot(Driver *driver, const LesionReport *report, const char *path);

#endif

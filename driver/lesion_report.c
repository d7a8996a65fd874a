#include "driver/lesion.h"
#include "driver/text.h"

#include <inttypes.h>
#include <stdio.h>

static void print_share(double share, bool known) {
    if (known)
        printf(" %9.1f%%", 100 * share);
    else
        printf(" %10s", "-");
}

static void print_range(double mean, double least, double most) {
    printf("  %5.1f%% (%5.1f to %5.1f)", 100 * mean, 100 * least, 100 * most);
}

void lesion_print(const LesionReport *report) {
    const ResidualBlocks *blocks = report->blocks;
    text_print(stdout, file_name(report->model));
    printf(": %" PRId64 " images, %d residual blocks, of which %d can be deleted", report->images, blocks->count, report->steps);
    if (report->labelled) printf("; the whole network is right on %.1f%%", 100 * report->whole.accuracy);
    printf("\n\n%5s %10s %10s  %s\n", "block", "agreement", "accuracy", "name");
    for (int k = 0; k < blocks->count; k++) {
        const ResidualBlock *block = &blocks->block[k];
        printf("%5d", k);
        print_share(report->alone[k].agreement, block->droppable);
        print_share(report->alone[k].accuracy, block->droppable && report->labelled);
        printf("  ");
        text_print(stdout, block->name);
        puts(block->droppable ? "" : " (changes the shape)");
    }
    printf("\n%7s %5s  %-23s%s\n", "deleted", "sets", "agreement", report->labelled ? "  accuracy" : "");
    for (int k = 0; k < report->steps; k++) {
        const LesionStep *step = &report->step[k];
        printf("%7d %5d", step->deleted, step->sets);
        print_range(step->mean.agreement, step->least.agreement, step->most.agreement);
        if (report->labelled) print_range(step->mean.accuracy, step->least.accuracy, step->most.accuracy);
        putchar('\n');
    }
}

static void json_score(const char *before, Score score) {
    printf("%s", before);
    json_member(stdout, "{", "agreement", score.agreement);
    json_member(stdout, ", ", "accuracy", score.accuracy);
    putchar('}');
}

void lesion_print_json(const LesionReport *report) {
    printf("{\n  \"model\": ");
    json_string(stdout, file_name(report->model));
    printf(",\n  \"images\": %" PRId64, report->images);
    json_score(",\n  \"whole\": ", report->whole);
    printf(",\n  \"blocks\": [");
    for (int k = 0; k < report->blocks->count; k++) {
        const ResidualBlock *block = &report->blocks->block[k];
        printf("%s{\"index\": %d, \"name\": ", k ? ",\n    " : "\n    ", k);
        json_string(stdout, block->name);
        printf(", \"deleted\": ");
        if (block->droppable)
            json_score("", report->alone[k]);
        else
            printf("null");
        putchar('}');
    }
    printf("\n  ],\n  \"steps\": [");
    for (int k = 0; k < report->steps; k++) {
        const LesionStep *step = &report->step[k];
        printf("%s{\"deleted\": %d, \"sets\": %d", k ? ",\n    " : "\n    ", step->deleted, step->sets);
        json_score(", \"mean\": ", step->mean);
        json_score(", \"least\": ", step->least);
        json_score(", \"most\": ", step->most);
        putchar('}');
    }
    puts("\n  ]\n}");
}

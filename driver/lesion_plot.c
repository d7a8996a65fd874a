/* The lesion study as an SVG: on the left each block deleted alone, on the right more and more of them. */
#include "driver/lesion.h"
#include "driver/output.h"
#include "driver/text.h"

#include <inttypes.h>

enum {
    WIDTH = 960,
    HEIGHT = 400,
    TOP = 84,
    BOTTOM = 320, /* of the axes */
    LEFT_PLOT = 64,
    RIGHT_PLOT = 544,
    PLOT_WIDTH = 380,
    NAMED_BLOCKS = 12 /* at most, with their names; else with their numbers */
};

static const char agreement_colour[] = "#2b6cb0", accuracy_colour[] = "#dd6b20";

static double y_of(double share) {
    return BOTTOM - share * (BOTTOM - TOP);
}

static void put_text(FILE *file, double x, double y, const char *anchor, const char *text) {
    fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, text);
}

/* A name of the model inside a text element. */
static void put_escaped(FILE *file, const char *text) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '&' || c == '<' || c == '>')
            fprintf(file, "&#%d;", c);
        else
            fputc(c < 0x20 || c >= 0x7f ? '?' : c, file);
    }
}

/* Frame, gridlines and percentages. */
static void put_axes(FILE *file, double left, const char *title, const char *x_label) {
    for (int percent = 0; percent <= 100; percent += 20) {
        double y = y_of(percent / 100.0);
        fprintf(file, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", left, y, left + PLOT_WIDTH, y,
                percent ? "#e2e8f0" : "#4a5568");
        char label[8];
        snprintf(label, sizeof label, "%d%%", percent);
        put_text(file, left - 8, y + 4, "end", label);
    }
    fprintf(file, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#4a5568\"/>\n", left, TOP, left, BOTTOM);
    fprintf(file, "<g font-weight=\"bold\">");
    put_text(file, left + PLOT_WIDTH / 2.0, TOP - 14, "middle", title);
    fprintf(file, "</g>");
    put_text(file, left + PLOT_WIDTH / 2.0, HEIGHT - 14, "middle", x_label);
    fprintf(file, "<text transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"middle\">share of the images</text>\n",
            left - 46, (TOP + BOTTOM) / 2.0);
}

static void put_legend(FILE *file, double x, const char *colour, const char *text) {
    fprintf(file, "<rect x=\"%.1f\" y=\"39\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x, colour);
    put_text(file, x + 18, 49, "start", text);
}

static void put_bar(FILE *file, double x, double width, double share, const char *colour) {
    double y = y_of(share);
    fprintf(file, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\"/>\n", x, y, width, BOTTOM - y, colour);
}

static void put_block_label(FILE *file, double x, const ResidualBlock *block, int index, int count) {
    int every = (count + 2 * NAMED_BLOCKS - 1) / (2 * NAMED_BLOCKS);
    if (count > NAMED_BLOCKS && index % every != 0) return;
    char number[16];
    snprintf(number, sizeof number, "%d", index);
    if (count > NAMED_BLOCKS) {
        put_text(file, x, BOTTOM + 18, "middle", number);
        return;
    }
    fprintf(file, "<text transform=\"translate(%.1f %d) rotate(-30)\" text-anchor=\"end\">", x + 4, BOTTOM + 16);
    put_escaped(file, block->name);
    fprintf(file, "</text>\n");
}

/* A level that the whole network reaches. */
static void put_level(FILE *file, double left, double share, const char *colour) {
    fprintf(file, "<line x1=\"%.1f\" y1=\"%.2f\" x2=\"%.1f\" y2=\"%.2f\" stroke=\"%s\" stroke-dasharray=\"4 4\"/>\n", left,
            y_of(share), left + PLOT_WIDTH, y_of(share), colour);
}

static void put_alone(FILE *file, const LesionReport *report) {
    const ResidualBlocks *blocks = report->blocks;
    double slot = (double)PLOT_WIDTH / blocks->count, width = slot * 0.7 > 48 ? 48 : slot * 0.7;
    put_axes(file, LEFT_PLOT, "One block deleted", "block (x: changes the shape, can't be deleted)");
    for (int k = 0; k < blocks->count; k++) {
        double x = LEFT_PLOT + (k + 0.5) * slot;
        const Score *score = &report->alone[k];
        put_block_label(file, x, &blocks->block[k], k, blocks->count);
        if (!blocks->block[k].droppable) {
            fprintf(file, "<g fill=\"#718096\">");
            put_text(file, x, BOTTOM - 4, "middle", "x");
            fprintf(file, "</g>\n");
            continue;
        }
        put_bar(file, x - width / 2, report->labelled ? width / 2 : width, score->agreement, agreement_colour);
        if (report->labelled) put_bar(file, x, width / 2, score->accuracy, accuracy_colour);
    }
    if (report->labelled) put_level(file, LEFT_PLOT, report->whole.accuracy, accuracy_colour);
}

typedef double Pick(const Score *score);

static double agreement_of(const Score *score) {
    return score->agreement;
}

static double accuracy_of(const Score *score) {
    return score->accuracy;
}

static double x_of_step(const LesionReport *report, int deleted) {
    return RIGHT_PLOT + (double)deleted / report->steps * PLOT_WIDTH;
}

/* The mean as a line from the whole network on, the least to the most as a band around it. */
static void put_series(FILE *file, const LesionReport *report, Pick *pick, const char *colour) {
    double start = y_of(pick(&report->whole));
    fprintf(file, "<path fill=\"%s\" fill-opacity=\"0.18\" d=\"M%d %.2f", colour, RIGHT_PLOT, start);
    for (int k = 0; k < report->steps; k++)
        fprintf(file, "L%.2f %.2f", x_of_step(report, k + 1), y_of(pick(&report->step[k].most)));
    for (int k = report->steps - 1; k >= 0; k--)
        fprintf(file, "L%.2f %.2f", x_of_step(report, k + 1), y_of(pick(&report->step[k].least)));
    fprintf(file, "Z\"/>\n<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"M%d %.2f", colour, RIGHT_PLOT, start);
    for (int k = 0; k < report->steps; k++)
        fprintf(file, "L%.2f %.2f", x_of_step(report, k + 1), y_of(pick(&report->step[k].mean)));
    fprintf(file, "\"/>\n");
    for (int k = 0; k <= report->steps; k++)
        fprintf(file, "<circle cx=\"%.2f\" cy=\"%.2f\" r=\"2.5\" fill=\"%s\"/>\n", x_of_step(report, k),
                y_of(pick(k ? &report->step[k - 1].mean : &report->whole)), colour);
}

static void put_steps(FILE *file, const LesionReport *report) {
    enum { TICKS = 10 };
    put_axes(file, RIGHT_PLOT, "Several blocks deleted", "number of deleted blocks (line: mean of the sets; band: all of them)");
    int every = (report->steps + TICKS - 1) / TICKS;
    for (int k = 0; k <= report->steps; k += every) {
        char number[16];
        snprintf(number, sizeof number, "%d", k);
        put_text(file, x_of_step(report, k), BOTTOM + 18, "middle", number);
    }
    put_series(file, report, agreement_of, agreement_colour);
    if (report->labelled) put_series(file, report, accuracy_of, accuracy_colour);
}

static void put_plot(FILE *file, const LesionReport *report) {
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"12\" fill=\"#1a202c\">\n<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT);
    fprintf(file, "<text x=\"%d\" y=\"24\" font-size=\"16\" font-weight=\"bold\">Residual blocks deleted from ", LEFT_PLOT);
    put_escaped(file, file_name(report->model));
    fprintf(file, ", %" PRId64 " images</text>\n", report->images);
    put_legend(file, LEFT_PLOT, agreement_colour, "same class as the whole network (top-1 agreement)");
    if (report->labelled) put_legend(file, RIGHT_PLOT, accuracy_colour, "right class (accuracy; dashed: of the whole network)");
    put_alone(file, report);
    put_steps(file, report);
    fprintf(file, "</svg>\n");
}

bool lesion_plot(Driver *driver, const LesionReport *report, const char *path) {
    Output output;
    if (!output_open(driver, &output, path)) return false;
    put_plot(output.file, report);
    return output_finish(driver, &output) && output_commit(driver, &output);
}

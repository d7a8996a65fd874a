#include "driver/compare.h"
#include "driver/text.h"
#include "driver/verify.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const char *const verdict_names[VERDICT_COUNT] = {"ok", "form", "integers", "specials", "reading", "error"};

static void print_number(double number) {
    if (isnan(number))
        printf("%-12s  ", "-");
    else
        printf("%-12.3g  ", number);
}

static void print_output(const OutputResult *output) {
    char shape[256], top1[48] = "-";
    shape_text(&output->y->shape, shape, sizeof shape);
    if (output->top1_rows > 0) snprintf(top1, sizeof top1, "%" PRId64 "/%" PRId64, output->top1_agree, output->top1_rows);
    printf("%-8s  ", output->verdict == VERDICT_OK ? "ok" : "MISMATCH");
    if (output->y->f) {
        print_number(output->error);
        print_number(output->peer_error);
        print_number(output->bound);
    } else {
        char differences[32];
        snprintf(differences, sizeof differences, "%" PRId64 " differ", output->differences);
        printf("%-12s  %-12s  %-12s  ", output->verdict == VERDICT_FORM ? "-" : differences, "-", "0 differ");
    }
    printf("%-7s  %-8s  %-16s  ", top1, dtype_onnx_name(output->y->type), shape);
    text_print(stdout, output->name);
    if (output->special_differences > 0) printf(" (NaN or infinity differs: %" PRId64 ")", output->special_differences);
    if (output->verdict == VERDICT_FORM)
        printf(" (the other's: %s %s)", dtype_onnx_name(output->peer->type),
               shape_text(&output->peer->shape, shape, sizeof shape));
    if (output->reading && !isnan(output->rounding_error))
        printf(" (rounding explains e(other) up to %.3g)", explained_error(output->rounding_error));
    if (!isnan(output->optimised_peer_error)) printf(" (with its optimisations e(other) is %.3g)", output->optimised_peer_error);
    putchar('\n');
}

static void print_layers(const VerifyReport *report) {
    const Layers *layers = report->layers;
    char shape[256];
    printf("\n%-12s  %-12s  %-15s %-18s  %s\n", "e(skipc)", "e(other)", "operator", "output", "layer");
    for (int k = 0; k < layers->count; k++) {
        const LayerResult *layer = &layers->layers[k];
        print_number(layer->error);
        print_number(layer->peer_error);
        printf("%-15s %-18s  ", layer->op, shape_text(&layer->shape, shape, sizeof shape));
        text_print(stdout, layer->node);
        puts(layer->departs ? "  <- departs" : "");
    }
    const LayerResult *first = layers_first_departure(layers);
    printf("first layer that departs: ");
    text_print(stdout, first ? first->node : "none");
    putchar('\n');
}

void verify_print(const VerifyReport *report) {
    printf("%-8s  %-12s  %-12s  %-12s  %-7s  %-8s  %-16s  %s\n", "verdict", "e(skipc)", "e(other)", "allowed", "top-1", "type",
           "shape", "output");
    for (int k = 0; k < report->output_count; k++) print_output(&report->outputs[k]);
    if (report->layers) print_layers(report);
    if (report->reading) {
        printf("first node that %s reads differently: ", report->title);
        text_print(stdout, report->parting ? report->parting->name : "none stands out");
        putchar('\n');
    }
    printf("%s: ", report->pass ? "ok" : "MISMATCH");
    text_print(stdout, file_name(report->model));
    printf(" against %s\n", report->peer);
}

static void json_output(const OutputResult *output) {
    printf("{\"name\": ");
    json_string(stdout, output->name);
    printf(", \"type\": \"%s\", \"shape\": ", dtype_onnx_name(output->y->type));
    json_shape(stdout, &output->y->shape);
    printf(", \"peer_type\": \"%s\", \"peer_shape\": ", dtype_onnx_name(output->peer->type));
    json_shape(stdout, &output->peer->shape);
    json_member(stdout, ", ", "error", output->error);
    json_member(stdout, ", ", "peer_error", output->peer_error);
    json_member(stdout, ", ", "optimised_peer_error", output->optimised_peer_error);
    json_member(stdout, ", ", "rounding_error", output->rounding_error);
    json_member(stdout, ", ", "bound", output->bound);
    printf(", \"special_differences\": %" PRId64 ", \"differences\": %" PRId64 ", \"top1_agree\": %" PRId64
           ", \"top1_rows\": %" PRId64 ", \"verdict\": \"%s\", \"reads_differently\": %s, \"pass\": %s}",
           output->special_differences, output->differences, output->top1_agree, output->top1_rows,
           verdict_names[output->verdict], output->reading ? "true" : "false", output->verdict == VERDICT_OK ? "true" : "false");
}

static void json_layer(const LayerResult *layer) {
    printf("{\"name\": ");
    json_string(stdout, layer->node);
    printf(", \"op\": \"%s\", \"value\": ", layer->op);
    json_string(stdout, layer->value_name);
    printf(", \"shape\": ");
    json_shape(stdout, &layer->shape);
    json_member(stdout, ", ", "error", layer->error);
    json_member(stdout, ", ", "peer_error", layer->peer_error);
    printf(", \"departs\": %s}", layer->departs ? "true" : "false");
}

static void json_name(const char *member, const char *name) {
    printf(",\n  \"%s\": ", member);
    if (name)
        json_string(stdout, name);
    else
        printf("null");
}

static void json_layers(const Layers *layers) {
    printf(",\n  \"layers\": [");
    for (int k = 0; k < layers->count; k++) {
        printf(k ? ",\n    " : "\n    ");
        json_layer(&layers->layers[k]);
    }
    printf("%s]", layers->count ? "\n  " : "");
    const LayerResult *first = layers_first_departure(layers);
    json_name("first_departure", first ? first->node : NULL);
}

void verify_print_json(const VerifyReport *report) {
    printf("{\n  \"model\": ");
    json_string(stdout, file_name(report->model));
    printf(",\n  \"against\": \"%s\",\n  \"pass\": %s,\n  \"outputs\": [", report->peer, report->pass ? "true" : "false");
    for (int k = 0; k < report->output_count; k++) {
        if (k) printf(", ");
        json_output(&report->outputs[k]);
    }
    putchar(']');
    json_name("first_parting", report->parting ? report->parting->name : NULL);
    if (report->layers) json_layers(report->layers);
    puts("\n}");
}

/* "skipc and ONNX Runtime read this model differently, first at node 'up' (Resize)" */
static const char *reading_text(Driver *driver, const VerifyReport *report) {
    const Node *node = report->parting;
    return arena_printf(driver->arena, "skipc and %s read this model differently%s%s%s%s%s", report->title,
                        node ? ", first at node '" : "", node ? node->name : "", node ? "' (" : "", node ? node->op_type : "",
                        node ? ")" : "");
}

/* What is wrong with an output; `than` names the peer. */
static const char *difference_text(Driver *driver, const VerifyReport *report, const OutputResult *output) {
    char ours[256], theirs[256];
    switch (output->verdict) {
    case VERDICT_FORM:
        return arena_printf(driver->arena, "output '%s' is %s %s, %s's %s %s", output->name, dtype_name(output->y->type),
                            shape_text(&output->y->shape, ours, sizeof ours), report->title, dtype_name(output->peer->type),
                            shape_text(&output->peer->shape, theirs, sizeof theirs));
    case VERDICT_INTEGERS:
        return arena_printf(driver->arena, "output '%s' differs from %s's in %" PRId64 " elements", output->name, report->title,
                            output->differences);
    case VERDICT_SPECIALS:
        return arena_printf(driver->arena,
                            "output '%s' has NaN or infinity where %s's has not, or the other way, %" PRId64 " times",
                            output->name, report->title, output->special_differences);
    case VERDICT_READING:
        if (output->peer_error <= explained_error(output->rounding_error))
            return arena_printf(driver->arena, "output '%s' has NaN or infinity where the truth has not, or the other way",
                                output->name);
        return arena_printf(driver->arena, "e(%s) of output '%s' is %.3g, of which rounding explains %.3g", report->title,
                            output->name, output->peer_error, explained_error(output->rounding_error));
    default:
        return arena_printf(driver->arena, "output '%s' departs from the truth by %.3g, allowed are %.3g", output->name,
                            output->error, output->bound);
    }
}

bool verify_fail(Driver *driver, const VerifyReport *report) {
    const OutputResult *output = report->outputs;
    while (output->verdict == VERDICT_OK) output++;
    const char *what = difference_text(driver, report, output);
    if (output->reading)
        return fail(driver->diag, STATUS_MISMATCH, "%s: %s%s%s%s", reading_text(driver, report), what,
                    report->third ? " (--against " : "", report->third ? report->third : "",
                    report->third ? " asks a third reader)" : "");
    const LayerResult *layer = report->layers ? layers_first_departure(report->layers) : NULL;
    if (layer) return fail(driver->diag, STATUS_MISMATCH, "%s, first at node '%s' (%s)", what, layer->node, layer->op);
    return fail(driver->diag, STATUS_MISMATCH, "%s%s", what, report->layers ? "" : " (--layers shows where)");
}

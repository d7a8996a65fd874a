#include "driver/text.h"
#include "driver/verify.h"

#include <inttypes.h>
#include <stdio.h>

static void print_output(const OutputResult *output) {
    char shape[256], top1[48] = "-";
    shape_text(&output->value->shape, shape, sizeof shape);
    if (output->top1_rows > 0) snprintf(top1, sizeof top1, "%" PRId64 "/%" PRId64, output->top1_agree, output->top1_rows);
    const char *verdict = output->pass ? "ok" : "MISMATCH";
    if (dtype_is_float(output->value->type)) {
        printf("%-8s  %-12.3g  %-12.3g  %-12.3g  %-7s  %-8s  %-16s  ", verdict, output->error, output->peer_error, output->bound,
               top1, dtype_onnx_name(output->value->type), shape);
    } else {
        char differences[32];
        snprintf(differences, sizeof differences, "%" PRId64 " differ", output->differences);
        printf("%-8s  %-12s  %-12s  %-12s  %-7s  %-8s  %-16s  ", verdict, differences, "-", "0 differ", top1,
               dtype_onnx_name(output->value->type), shape);
    }
    text_print(stdout, output->name);
    if (output->special_differences > 0) printf(" (NaN or infinity differs: %" PRId64 ")", output->special_differences);
    putchar('\n');
}

static void print_layers(const Layers *layers) {
    char shape[256];
    printf("\n%-12s  %-15s %-18s  %s\n", "e(skipc)", "operator", "output", "layer");
    for (int k = 0; k < layers->count; k++) {
        const LayerResult *layer = &layers->layers[k];
        printf("%-12.3g  %-15s %-18s  ", layer->error, layer->op, shape_text(&layer->shape, shape, sizeof shape));
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
    if (report->layers) print_layers(report->layers);
    printf("%s: ", report->pass ? "ok" : "MISMATCH");
    text_print(stdout, file_name(report->model));
    printf(" against %s\n", report->peer);
}

static void json_output(const OutputResult *output) {
    printf("{\"name\": ");
    json_string(stdout, output->name);
    printf(", \"type\": \"%s\", \"shape\": ", dtype_onnx_name(output->value->type));
    json_shape(stdout, &output->value->shape);
    json_member(stdout, ", ", "error", output->error);
    json_member(stdout, ", ", "peer_error", output->peer_error);
    json_member(stdout, ", ", "bound", output->bound);
    printf(", \"special_differences\": %" PRId64 ", \"differences\": %" PRId64 ", \"top1_agree\": %" PRId64
           ", \"top1_rows\": %" PRId64 ", \"pass\": %s}",
           output->special_differences, output->differences, output->top1_agree, output->top1_rows,
           output->pass ? "true" : "false");
}

static void json_layer(const LayerResult *layer) {
    printf("{\"name\": ");
    json_string(stdout, layer->node);
    printf(", \"op\": \"%s\", \"value\": ", layer->op);
    json_string(stdout, layer->value_name);
    printf(", \"shape\": ");
    json_shape(stdout, &layer->shape);
    json_member(stdout, ", ", "error", layer->error);
    printf(", \"departs\": %s}", layer->departs ? "true" : "false");
}

static void json_layers(const Layers *layers) {
    printf(",\n  \"layers\": [");
    for (int k = 0; k < layers->count; k++) {
        printf(k ? ",\n    " : "\n    ");
        json_layer(&layers->layers[k]);
    }
    printf("%s],\n  \"first_departure\": ", layers->count ? "\n  " : "");
    const LayerResult *first = layers_first_departure(layers);
    if (first)
        json_string(stdout, first->node);
    else
        printf("null");
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
    if (report->layers) json_layers(report->layers);
    puts("\n}");
}

/* skipc inspect: what the compiled network costs, in total and layer by layer. */
#include "codegen/codegen.h"
#include "driver/driver.h"
#include "driver/model.h"
#include "driver/paths.h"
#include "driver/text.h"
#include "ir/op_table.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct {
    int64_t multiply_adds, parameter_bytes, activation_bytes;
} LayerCost;

static int64_t bytes_of(const Value *value) {
    return shape_count(&value->shape) * (int64_t)dtype_size(value->type);
}

static LayerCost layer_cost(const Node *node) {
    LayerCost cost = {.multiply_adds = node_multiply_adds(node)};
    for (int k = 0; k < node->in_count; k++) {
        if (node->in[k] && node->in[k]->data) cost.parameter_bytes += bytes_of(node->in[k]);
    }
    for (int k = 0; k < node->out_count; k++) {
        if (node->out[k]) cost.activation_bytes += bytes_of(node->out[k]);
    }
    return cost;
}

static int64_t total_multiply_adds(const Graph *graph) {
    int64_t sum = 0;
    for (const Node *node = graph->first; node; node = node->next) {
        if (!checked_add(sum, node_multiply_adds(node), &sum)) return INT64_MAX;
    }
    return sum;
}

static void print_value(const char *role, const char *name, const Value *value) {
    char shape[256];
    printf("%-15s", role);
    text_print(stdout, name);
    printf(" %s %s\n", dtype_onnx_name(value->type), shape_text(&value->shape, shape, sizeof shape));
}

static void print_amount(const char *what, int64_t amount, const char *unit) {
    char number[32];
    printf("%-15s%s%s\n", what, grouped(amount, number), unit);
}

static void print_table(const Graph *graph) {
    char text[256], numbers[3][32];
    printf("\n%-15s %-18s %15s %13s %13s  %s\n", "operator", "output", "multiply-adds", "parameters", "activations", "layer");
    for (const Node *node = graph->first; node; node = node->next) {
        LayerCost cost = layer_cost(node);
        printf("%-15s %-18s %15s %13s %13s  ", op_info(node->op)->name, shape_text(&node->out[0]->shape, text, sizeof text),
               grouped(cost.multiply_adds, numbers[0]), grouped(cost.parameter_bytes, numbers[1]),
               grouped(cost.activation_bytes, numbers[2]));
        text_print(stdout, node->name);
        putchar('\n');
    }
}

static void print_report(const Graph *graph, const CodegenSizes *sizes, const ResidualBlocks *blocks, const char *model) {
    printf("%-15s", "model");
    text_print(stdout, file_name(model));
    putchar('\n');
    for (int k = 0; k < graph->input_count; k++) print_value("input", graph->inputs[k]->name, graph->inputs[k]);
    for (int k = 0; k < graph->output_count; k++) print_value("output", graph->output_names[k], graph->outputs[k]);
    print_amount("layers", graph_node_count(graph), "");
    print_amount("multiply-adds", total_multiply_adds(graph), "");
    print_amount("weights", sizes->weight_bytes, " bytes");
    print_amount("arena", sizes->arena_bytes, " bytes");
    print_amount("arena at least", sizes->live_bytes, " bytes (the largest sum of values alive at once)");
    print_path_summary(blocks);
    print_table(graph);
    print_paths(graph->arena, blocks);
}

static void json_value(const char *name, const Value *value) {
    printf("{\"name\": ");
    json_string(stdout, name);
    printf(", \"type\": \"%s\", \"shape\": ", dtype_onnx_name(value->type));
    json_shape(stdout, &value->shape);
    putchar('}');
}

static void json_layer(const Node *node) {
    LayerCost cost = layer_cost(node);
    printf("{\"name\": ");
    json_string(stdout, node->name);
    printf(", \"op\": \"%s\", \"output_shape\": ", op_info(node->op)->name);
    json_shape(stdout, &node->out[0]->shape);
    printf(", \"multiply_adds\": %" PRId64 ", \"parameter_bytes\": %" PRId64 ", \"activation_bytes\": %" PRId64 "}",
           cost.multiply_adds, cost.parameter_bytes, cost.activation_bytes);
}

static void json_report(const Graph *graph, const CodegenSizes *sizes, const ResidualBlocks *blocks, const char *model) {
    printf("{\n  \"model\": ");
    json_string(stdout, file_name(model));
    printf(",\n  \"inputs\": [");
    for (int k = 0; k < graph->input_count; k++) {
        if (k) printf(", ");
        json_value(graph->inputs[k]->name, graph->inputs[k]);
    }
    printf("],\n  \"outputs\": [");
    for (int k = 0; k < graph->output_count; k++) {
        if (k) printf(", ");
        json_value(graph->output_names[k], graph->outputs[k]);
    }
    printf("],\n  \"multiply_adds\": %" PRId64 ",\n  \"weight_bytes\": %" PRId64 ",\n  \"arena_bytes\": %" PRId64
           ",\n  \"live_bytes\": %" PRId64 ",\n  \"layers\": [",
           total_multiply_adds(graph), sizes->weight_bytes, sizes->arena_bytes, sizes->live_bytes);
    for (const Node *node = graph->first; node; node = node->next) {
        printf(node->prev ? ",\n    " : "\n    ");
        json_layer(node);
    }
    printf("%s],\n  ", graph->first ? "\n  " : "");
    json_paths(graph->arena, blocks);
    puts("\n}");
}

bool command_inspect(Driver *driver, int argc, char **argv) {
    BlockOptions blocks = {.drop = NULL};
    ModelOptions model = {.blocks = &blocks};
    bool json = false;
    const Option list[] = {
        {.name = "json", .kind = OPTION_FLAG, .target = &json, .help = "the same as JSON"},
        MODEL_INPUT_OPTIONS(&model),
        MODEL_OPTIMIZE_OPTIONS(&model),
    };
    const OptionTable table = {
        "inspect", "MODEL.onnx [--json] [options]",
        "Shows what the compiled network costs: multiply-adds, weights and scratch memory, a table of its\n"
        "layers after optimisation, and its residual blocks with the lengths of the paths through them.",
        list, sizeof list / sizeof *list};
    const OptionsResult parsed = options_parse(driver->arena, driver->diag, &table, argc, argv, &model.path);
    if (parsed != OPTIONS_RUN) return parsed == OPTIONS_HELP;
    Graph *graph = model_optimise(driver, &model, NULL, NULL);
    CodegenSizes sizes;
    if (!graph || !codegen_sizes(graph, &sizes)) return false;
    progress_end(&driver->progress);
    if (json)
        json_report(graph, &sizes, &blocks.found, model.path);
    else
        print_report(graph, &sizes, &blocks.found, model.path);
    return true;
}

/* Operators that skipc doesn't know are named all at once: nobody wants to learn of them one by one. */
#include "frontend/importers.h"
#include "frontend/scope.h"
#include "frontend/words.h"

#include <string.h>

typedef struct {
    const char *name, *first; /* the operator, with its domain; its first node */
    int count;
    bool quantises;
} Missing;

typedef struct {
    const Model *model;
    NameTable index; /* operator -> its place in the list */
    Missing *list;
    int count, capacity;
    int nodes_left; /* of subgraphs and functions: these multiply */
} Survey;

enum { SURVEY_DEPTH = 64, SURVEY_NODES = 1 << 16 };

static bool is_quantisation(const char *op_type) {
    static const char *const names[] = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "ConvInteger",
                                        "MatMulInteger"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strcmp(op_type, names[k]) == 0) return true;
    return strncmp(op_type, "QLinear", strlen("QLinear")) == 0;
}

static Missing *missing_operator(Survey *survey, const char *name) {
    int index = names_find(&survey->index, name);
    if (index != NO_NAME) return &survey->list[index];
    Arena *arena = survey->model->arena;
    if (survey->count == survey->capacity) {
        int capacity = survey->capacity ? survey->capacity * 2 : 16;
        Missing *list = ARENA_ARRAY(arena, Missing, capacity);
        if (survey->count) memcpy(list, survey->list, sizeof *list * (size_t)survey->count);
        survey->list = list;
        survey->capacity = capacity;
    }
    names_set(&survey->index, name, survey->count);
    survey->list[survey->count] = (Missing){.name = name};
    return &survey->list[survey->count++];
}

static void count_node(Survey *survey, const char *domain, const char *op_type, const char *node) {
    if (find_importer(domain, op_type)) return;
    Arena *arena = survey->model->arena;
    Missing *missing =
        missing_operator(survey, is_default_domain(domain) ? op_type : arena_printf(arena, "%s.%s", domain, op_type));
    if (missing->count++ == 0) missing->first = node;
    missing->quantises = missing->quantises || is_quantisation(op_type);
}

static void survey_body(Survey *survey, Onnx__NodeProto *const *nodes, size_t count, int depth);

static void survey_graphs(Survey *survey, Onnx__AttributeProto *const *attrs, size_t count, int depth) {
    for (size_t i = 0; i < count; i++)
        if (attrs[i]->g) survey_body(survey, attrs[i]->g->node, attrs[i]->g->n_node, depth);
}

/* Subgraphs, and the functions that they call, which aren't inlined yet. */
static void survey_body(Survey *survey, Onnx__NodeProto *const *nodes, size_t count, int depth) {
    for (size_t i = 0; i < count && survey->nodes_left > 0 && depth < SURVEY_DEPTH; i++) {
        const Onnx__NodeProto *node = nodes[i];
        survey->nodes_left--;
        const Onnx__FunctionProto *function = find_function(survey->model, node);
        const char *name = text_of(node->name);
        if (!*name && node->n_output > 0) name = node->output[0];
        if (function)
            survey_body(survey, function->node, function->n_node, depth + 1);
        else
            count_node(survey, text_of(node->domain), text_of(node->op_type), name);
        survey_graphs(survey, node->attribute, node->n_attribute, depth + 1);
    }
}

static bool any_is_missing(const Model *model) {
    for (int i = 0; i < model->node_count; i++)
        if (model->nodes[i].want == WANTED && !find_importer(model->nodes[i].domain, model->nodes[i].op_type)) return true;
    return false;
}

/* Any branch may be the one that is taken, while no If has taken one. */
static void survey_model(Survey *survey) {
    const Model *model = survey->model;
    for (int i = 0; i < model->node_count; i++) {
        const OnnxNode *node = &model->nodes[i];
        if (node->want != WANTED) continue;
        count_node(survey, node->domain, node->op_type, node->name);
        if (node->state == NOT_IMPORTED)
            survey_graphs(survey, (Onnx__AttributeProto *const *)node->attrs, (size_t)node->attr_count, 0);
    }
}

static const char *quantisation_hint(const Survey *survey) {
    bool any = false, all = true;
    for (int k = 0; k < survey->count; k++) {
        any = any || survey->list[k].quantises;
        all = all && survey->list[k].quantises;
    }
    return !any  ? ""
           : all ? "; the model is quantised: int8 is next, until then its float original compiles"
                 : "; the model is quantised: int8 is next, until then compile its float original";
}

static bool fail_missing(const Survey *survey) {
    const Model *model = survey->model;
    const Missing *first = &survey->list[0];
    if (survey->count == 1 && first->count == 1)
        return fail_at(model->diag, STATUS_UNSUPPORTED, first->first, first->name, "operator %s is not supported%s", first->name,
                       quantisation_hint(survey));
    WordList words = {.separator = ", "};
    for (int k = 0; k < survey->count; k++) {
        const Missing *missing = &survey->list[k];
        words_add(model->arena, &words,
                  arena_printf(model->arena, "%s (%d, first '%s')", missing->name, missing->count, missing->first));
    }
    return fail(model->diag, STATUS_UNSUPPORTED, "operators that are not supported: %s%s", words_text(model->arena, &words),
                quantisation_hint(survey));
}

bool check_operators(Model *model) {
    if (!any_is_missing(model)) return true;
    Survey survey = {.model = model, .index = names_new(model->arena), .nodes_left = SURVEY_NODES};
    survey_model(&survey);
    return fail_missing(&survey);
}

/* Local functions (IR version 8 and up) are inlined: what is imported is operators only. */
#include "frontend/model.h"

#include <string.h>

enum {
    CALL_DEPTH_MAX = 64,
    INLINED_MAX = 1 << 20 /* nodes, their inputs, outputs and attributes: functions calling functions twice grow exponentially */
};

/* A body being copied: the main graph's or one call's. */
typedef struct Scope {
    Model *model;
    const struct Scope *outer;
    const Onnx__FunctionProto *function; /* NULL: the main graph */
    const OnnxNode *call;                /* the node that calls it */
    int64_t opset;
    NameTable *names;
    int depth;
    int *inlined; /* shared by all scopes */
} Scope;

static const Onnx__FunctionProto *find_function(const Model *model, const Onnx__NodeProto *node) {
    for (size_t i = 0; i < model->proto->n_functions; i++) {
        const Onnx__FunctionProto *function = model->proto->functions[i];
        bool same_domain = strcmp(text_of(function->domain), text_of(node->domain)) == 0 ||
                           (is_default_domain(function->domain) && is_default_domain(node->domain));
        if (same_domain && strcmp(text_of(function->name), text_of(node->op_type)) == 0 &&
            strcmp(text_of(function->overload), text_of(node->overload)) == 0)
            return function;
    }
    return NULL;
}

static const Onnx__AttributeProto *find_attr(Onnx__AttributeProto *const *attrs, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(text_of(attrs[i]->name), name) == 0) return attrs[i];
    return NULL;
}

/* What a reference to an attribute of the surrounding function stands for; NULL: nothing, the operator's default. */
static const Onnx__AttributeProto *resolve_reference(const Scope *scope, const Onnx__AttributeProto *reference) {
    const Onnx__AttributeProto *found = NULL;
    for (int i = 0; i < scope->call->attr_count && !found; i++)
        if (strcmp(text_of(scope->call->attrs[i]->name), reference->ref_attr_name) == 0) found = scope->call->attrs[i];
    if (!found) found = find_attr(scope->function->attribute_proto, scope->function->n_attribute_proto, reference->ref_attr_name);
    if (!found) return NULL;
    Onnx__AttributeProto *renamed = ARENA_NEW(scope->model->arena, Onnx__AttributeProto);
    *renamed = *found;
    renamed->name = reference->name;
    renamed->ref_attr_name = NULL;
    return renamed;
}

static bool copy_attributes(const Scope *scope, const Onnx__NodeProto *proto, OnnxNode *node) {
    node->attrs = ARENA_ARRAY(scope->model->arena, const Onnx__AttributeProto *, proto->n_attribute + 1);
    for (size_t i = 0; i < proto->n_attribute; i++) {
        const Onnx__AttributeProto *attr = proto->attribute[i];
        if (*text_of(attr->ref_attr_name)) {
            if (!scope->function)
                return fail_at(scope->model->diag, STATUS_INVALID, node->name, node->op_type,
                               "attribute '%s' refers to an attribute of a function, outside of any", text_of(attr->name));
            attr = resolve_reference(scope, attr);
        }
        if (attr) node->attrs[node->attr_count++] = attr;
    }
    return true;
}

static int *copy_slots(const Scope *scope, char *const *names, size_t count) {
    int *slots = ARENA_ARRAY(scope->model->arena, int, count + 1);
    for (size_t i = 0; i < count; i++) slots[i] = *names[i] ? slot_in(scope->model, scope->names, names[i]) : NO_SLOT;
    return slots;
}

static const char *node_name(const Scope *scope, const Onnx__NodeProto *proto) {
    const char *name = text_of(proto->name);
    for (size_t i = 0; i < proto->n_output && !*name; i++) name = proto->output[i];
    if (!*name) name = text_of(proto->op_type);
    if (!scope->call) return name;
    return arena_printf(scope->model->arena, "%s/%s", scope->call->name, name);
}

static bool count_inlined(const Scope *scope, const OnnxNode *node, size_t more) {
    if (more > INLINED_MAX || *scope->inlined > INLINED_MAX - (int)more)
        return fail_at(scope->model->diag, STATUS_UNSUPPORTED, node->name, node->op_type,
                       "the model has more than %d nodes, inputs and outputs once its functions are inlined", INLINED_MAX);
    *scope->inlined += (int)more;
    return true;
}

static bool copy_body(const Scope *scope, Onnx__NodeProto *const *nodes, size_t count);

/* Formal inputs are other names of the caller's slots; formal outputs too, unless the name has a slot already
 * (an output that is an input, or a second time the same output): then an Identity copies it. */
static bool bind_outputs(const Scope *scope) {
    const Onnx__FunctionProto *function = scope->function;
    const OnnxNode *call = scope->call;
    for (int k = 0; k < call->out_count; k++) {
        if (call->out[k] == NO_SLOT) continue;
        const char *formal = function->output[k];
        int known = names_find(scope->names, formal);
        if (known == NO_NAME) {
            names_set(scope->names, formal, call->out[k]);
            continue;
        }
        OnnxNode copy = {.name = call->name, .op_type = "Identity", .domain = "", .opset = scope->opset};
        copy.in = ARENA_NEW(scope->model->arena, int);
        copy.in[0] = known;
        copy.in_count = 1;
        copy.out = &call->out[k];
        copy.out_count = 1;
        if (!model_add_node(scope->model, &copy)) return false;
    }
    return true;
}

static bool bind_inputs(const Scope *scope) {
    const Onnx__FunctionProto *function = scope->function;
    const OnnxNode *call = scope->call;
    for (size_t k = 0; k < function->n_input; k++) {
        int actual = (int)k < call->in_count ? call->in[k] : NO_SLOT;
        if (names_find(scope->names, function->input[k]) != NO_NAME)
            return fail_at(scope->model->diag, STATUS_INVALID, call->name, call->op_type,
                           "the function names its input '%s' twice", function->input[k]);
        names_set(scope->names, function->input[k], actual);
    }
    return true;
}

static bool outputs_produced(const Scope *scope) {
    const OnnxNode *call = scope->call;
    for (int k = 0; k < call->out_count; k++)
        if (call->out[k] != NO_SLOT && scope->model->slots[call->out[k]].producer == NO_NODE)
            return fail_at(scope->model->diag, STATUS_INVALID, call->name, call->op_type,
                           "no node of the function produces its output '%s'", scope->function->output[k]);
    return true;
}

static bool inline_call(const Scope *outer, const Onnx__FunctionProto *function, const OnnxNode *call) {
    Diag *diag = outer->model->diag;
    for (const Scope *scope = outer; scope; scope = scope->outer)
        if (scope->function == function)
            return fail_at(diag, STATUS_INVALID, call->name, call->op_type, "the function calls itself");
    if (outer->depth == CALL_DEPTH_MAX)
        return fail_at(diag, STATUS_UNSUPPORTED, call->name, call->op_type, "functions are nested more than %d deep",
                       CALL_DEPTH_MAX);
    if (call->in_count > (int)function->n_input || call->out_count > (int)function->n_output)
        return fail_at(diag, STATUS_INVALID, call->name, call->op_type,
                       "%d inputs and %d outputs for a function of %zu inputs and %zu outputs", call->in_count, call->out_count,
                       function->n_input, function->n_output);
    if (!count_inlined(outer, call, 1 + function->n_input + function->n_output + function->n_node)) return false;
    NameTable names = names_new(outer->model->arena);
    Scope scope = {.model = outer->model, .outer = outer, .function = function, .call = call, .names = &names};
    scope.opset = default_opset(function->opset_import, function->n_opset_import, outer->opset);
    scope.depth = outer->depth + 1;
    scope.inlined = outer->inlined;
    return bind_inputs(&scope) && bind_outputs(&scope) && copy_body(&scope, function->node, function->n_node) &&
           outputs_produced(&scope);
}

static bool copy_node(const Scope *scope, const Onnx__NodeProto *proto) {
    OnnxNode node = {.name = node_name(scope, proto), .op_type = text_of(proto->op_type), .domain = text_of(proto->domain)};
    node.opset = scope->opset;
    if (!count_inlined(scope, &node, 1 + proto->n_input + proto->n_output + proto->n_attribute)) return false;
    node.in = copy_slots(scope, proto->input, proto->n_input);
    node.in_count = (int)proto->n_input;
    node.out = copy_slots(scope, proto->output, proto->n_output);
    node.out_count = (int)proto->n_output;
    if (!copy_attributes(scope, proto, &node)) return false;
    const Onnx__FunctionProto *function = find_function(scope->model, proto);
    return function ? inline_call(scope, function, &node) : model_add_node(scope->model, &node);
}

static bool copy_body(const Scope *scope, Onnx__NodeProto *const *nodes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!copy_node(scope, nodes[i])) return false;
    return true;
}

bool inline_functions(Model *model, int64_t opset) {
    int inlined = 0;
    Scope scope = {.model = model, .opset = opset, .names = &model->names, .inlined = &inlined};
    return copy_body(&scope, model->proto->graph->node, model->proto->graph->n_node);
}

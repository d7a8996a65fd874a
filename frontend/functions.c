/* Local functions (IR version 8 and up) are inlined: what is imported is operators only. */
#include "frontend/scope.h"

#include <string.h>

const Onnx__FunctionProto *find_function(const Model *model, const Onnx__NodeProto *node) {
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

/* Formal inputs are other names of the caller's slots. */
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

static bool check_call_of(const Scope *outer, const Onnx__FunctionProto *function, const OnnxNode *call) {
    Diag *diag = outer->model->diag;
    for (const Scope *scope = outer; scope; scope = scope->outer)
        if (scope->function == function)
            return fail_at(diag, STATUS_INVALID, call->name, call->op_type, "the function calls itself");
    if (call->in_count > (int)function->n_input || call->out_count > (int)function->n_output)
        return fail_at(diag, STATUS_INVALID, call->name, call->op_type,
                       "%d inputs and %d outputs for a function of %zu inputs and %zu outputs", call->in_count, call->out_count,
                       function->n_input, function->n_output);
    return scope_count(outer, call, 1 + function->n_input + function->n_output + function->n_node);
}

bool inline_call(const Scope *outer, const Onnx__FunctionProto *function, const OnnxNode *call) {
    if (!check_call_of(outer, function, call)) return false;
    Scope *scope = scope_new(outer, call);
    if (!scope) return false;
    OnnxNode *kept = ARENA_NEW(outer->model->arena, OnnxNode); /* branches inside are copied later */
    *kept = *call;
    scope->is_branch = false;
    scope->function = function;
    scope->call = kept;
    scope->opset = default_opset(function->opset_import, function->n_opset_import, outer->opset);
    const char *const *outputs = (const char *const *)function->output;
    return bind_inputs(scope) && scope_bind_outputs(scope, call, outputs, NULL) &&
           scope_copy_body(scope, function->node, function->n_node) && scope_outputs_produced(scope, call, outputs, "function");
}

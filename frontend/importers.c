#include "frontend/importers.h"

#include <string.h>

#define WINDOW "auto_pad:s kernel_shape:I pads:I strides:I "
#define LEGACY_BROADCAST "axis:i broadcast:b"
#define REDUCE "axes:I keepdims:b noop_with_empty_axes:b"
#define RECURRENT "activation_alpha:F activation_beta:F activations:S clip:f direction:s hidden_size:i layout:b "

/* Attributes of all versions from opset 6 on. */
static const Importer importers[] = {
    {"Abs", import_unary, 1, 1, 1, ""},
    {"Add", import_binary, 2, 2, 1, LEGACY_BROADCAST},
    {"And", import_logical, 2, 2, 1, LEGACY_BROADCAST},
    {"ArgMax", import_arg, 1, 1, 1, "axis:i keepdims:b select_last_index:b"},
    {"ArgMin", import_arg, 1, 1, 1, "axis:i keepdims:b select_last_index:b"},
    {"AveragePool", import_pool, 1, 1, 1, WINDOW "ceil_mode:b count_include_pad:b dilations:I"},
    {"BatchNormalization", import_batchnorm, 5, 5, 5, "epsilon:f momentum:f is_test:b spatial:b training_mode:b"},
    {"Cast", import_cast, 1, 1, 1, "to:i saturate:b round_mode:s"},
    {"CastLike", import_cast_like, 2, 2, 1, "saturate:b round_mode:s"},
    {"Ceil", import_unary, 1, 1, 1, ""},
    {"Celu", import_parametric, 1, 1, 1, "alpha:f"},
    {"Clip", import_clip, 1, 3, 1, "min:f max:f"},
    {"Concat", import_concat, 1, -1, 1, "axis:i"},
    {"Constant", import_constant, 0, 0, 1,
     "value:t value_float:f value_floats:F value_int:i value_ints:I value_string:s value_strings:S sparse_value:p"},
    {"ConstantOfShape", import_constant_of_shape, 1, 1, 1, "value:t"},
    {"Conv", import_conv, 2, 3, 1, WINDOW "dilations:I group:i"},
    {"Cos", import_unary, 1, 1, 1, ""},
    {"CumSum", import_cumsum, 2, 2, 1, "exclusive:b reverse:b"},
    {"DepthToSpace", import_depth_to_space, 1, 1, 1, "blocksize:i mode:s"},
    {"Div", import_binary, 2, 2, 1, LEGACY_BROADCAST},
    {"Dropout", import_dropout, 1, 3, 2, "is_test:b ratio:f seed:i"},
    {"Elu", import_parametric, 1, 1, 1, "alpha:f"},
    {"Equal", import_binary, 2, 2, 1, LEGACY_BROADCAST},
    {"Erf", import_unary, 1, 1, 1, ""},
    {"Exp", import_unary, 1, 1, 1, ""},
    {"Expand", import_expand, 2, 2, 1, ""},
    {"Flatten", import_flatten, 1, 1, 1, "axis:i"},
    {"Floor", import_unary, 1, 1, 1, ""},
    {"GRU", import_recurrent, 3, 6, 2, RECURRENT "linear_before_reset:b"},
    {"Gather", import_gather, 2, 2, 1, "axis:i"},
    {"Gelu", import_gelu, 1, 1, 1, "approximate:s"},
    {"Gemm", import_gemm, 2, 3, 1, "alpha:f beta:f transA:b transB:b broadcast:b"},
    {"GlobalAveragePool", import_global_pool, 1, 1, 1, ""},
    {"GlobalMaxPool", import_global_pool, 1, 1, 1, ""},
    {"Greater", import_binary, 2, 2, 1, LEGACY_BROADCAST},
    {"GreaterOrEqual", import_binary, 2, 2, 1, ""},
    {"HardSigmoid", import_parametric, 1, 1, 1, "alpha:f beta:f"},
    {"HardSwish", import_hard_swish, 1, 1, 1, ""},
    {"Identity", import_identity, 1, 1, 1, ""},
    {"If", import_if, 1, 1, -1, "else_branch:g then_branch:g"},
    {"IsInf", import_is_inf, 1, 1, 1, "detect_negative:b detect_positive:b"},
    {"IsNaN", import_is_nan, 1, 1, 1, ""},
    {"LRN", import_lrn, 1, 1, 1, "alpha:f beta:f bias:f size:i"},
    {"LSTM", import_recurrent, 3, 8, 3, RECURRENT "input_forget:b"},
    {"LeakyRelu", import_parametric, 1, 1, 1, "alpha:f"},
    {"Less", import_binary, 2, 2, 1, LEGACY_BROADCAST},
    {"LessOrEqual", import_binary, 2, 2, 1, ""},
    {"Log", import_unary, 1, 1, 1, ""},
    {"LogSoftmax", import_softmax, 1, 1, 1, "axis:i"},
    {"MatMul", import_matmul, 2, 2, 1, ""},
    {"Max", import_variadic, 1, -1, 1, ""},
    {"MaxPool", import_pool, 1, 1, 2, WINDOW "ceil_mode:b dilations:I storage_order:b"},
    {"Min", import_variadic, 1, -1, 1, ""},
    {"Mish", import_unary, 1, 1, 1, ""},
    {"Mod", import_mod, 2, 2, 1, "fmod:b"},
    {"Mul", import_binary, 2, 2, 1, LEGACY_BROADCAST},
    {"Neg", import_unary, 1, 1, 1, ""},
    {"Not", import_unary, 1, 1, 1, ""},
    {"OneHot", import_one_hot, 3, 3, 1, "axis:i"},
    {"Or", import_logical, 2, 2, 1, LEGACY_BROADCAST},
    {"PRelu", import_prelu, 2, 2, 1, ""},
    {"Pad", import_pad, 1, 4, 1, "mode:s pads:I value:f"},
    {"Pow", import_pow, 2, 2, 1, LEGACY_BROADCAST},
    {"Range", import_range, 3, 3, 1, ""},
    {"Reciprocal", import_reciprocal, 1, 1, 1, ""},
    {"ReduceL1", import_reduce, 1, 2, 1, REDUCE},
    {"ReduceL2", import_reduce, 1, 2, 1, REDUCE},
    {"ReduceLogSum", import_reduce, 1, 2, 1, REDUCE},
    {"ReduceMax", import_reduce, 1, 2, 1, REDUCE},
    {"ReduceMean", import_reduce, 1, 2, 1, REDUCE},
    {"ReduceMin", import_reduce, 1, 2, 1, REDUCE},
    {"ReduceProd", import_reduce, 1, 2, 1, REDUCE},
    {"ReduceSum", import_reduce, 1, 2, 1, REDUCE},
    {"ReduceSumSquare", import_reduce, 1, 2, 1, REDUCE},
    {"Relu", import_unary, 1, 1, 1, ""},
    {"Reshape", import_reshape, 2, 2, 1, "allowzero:b"},
    {"Resize", import_resize, 1, 4, 1,
     "mode:s coordinate_transformation_mode:s nearest_mode:s cubic_coeff_a:f exclude_outside:b extrapolation_value:f antialias:b "
     "axes:I keep_aspect_ratio_policy:s"},
    {"Round", import_unary, 1, 1, 1, ""},
    {"Selu", import_parametric, 1, 1, 1, "alpha:f gamma:f"},
    {"Shape", import_shape, 1, 1, 1, "start:i end:i"},
    {"Sigmoid", import_unary, 1, 1, 1, ""},
    {"Sign", import_unary, 1, 1, 1, ""},
    {"Sin", import_unary, 1, 1, 1, ""},
    {"Size", import_size, 1, 1, 1, ""},
    {"Slice", import_slice, 1, 5, 1, "axes:I ends:I starts:I"},
    {"Softmax", import_softmax, 1, 1, 1, "axis:i"},
    {"Softplus", import_unary, 1, 1, 1, ""},
    {"Softsign", import_unary, 1, 1, 1, ""},
    {"SpaceToDepth", import_space_to_depth, 1, 1, 1, "blocksize:i mode:s"},
    {"Split", import_split, 1, 2, -1, "axis:i split:I num_outputs:i"},
    {"Sqrt", import_unary, 1, 1, 1, ""},
    {"Squeeze", import_squeeze, 1, 2, 1, "axes:I"},
    {"Sub", import_binary, 2, 2, 1, LEGACY_BROADCAST},
    {"Sum", import_variadic, 1, -1, 1, ""},
    {"Swish", import_parametric, 1, 1, 1, "alpha:f"},
    {"Tanh", import_unary, 1, 1, 1, ""},
    {"ThresholdedRelu", import_parametric, 1, 1, 1, "alpha:f"},
    {"Tile", import_tile, 2, 2, 1, ""},
    {"Transpose", import_transpose, 1, 1, 1, "perm:I"},
    {"Unsqueeze", import_unsqueeze, 1, 2, 1, "axes:I"},
    {"Upsample", import_upsample, 1, 2, 1, "mode:s scales:F height_scale:f width_scale:f"},
    {"Where", import_where, 3, 3, 1, ""},
    {"Xor", import_logical, 2, 2, 1, LEGACY_BROADCAST},
};

static const struct {
    char kind;
    int type;
    const char *name;
} attribute_kinds[] = {
    {'i', ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT, "an integer"},
    {'b', ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT, "0 or 1"},
    {'f', ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT, "a float"},
    {'s', ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING, "a string"},
    {'g', ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH, "a graph"},
    {'t', ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR, "a tensor"},
    {'p', ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR, "a sparse tensor"},
    {'I', ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS, "a list of integers"},
    {'F', ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS, "a list of floats"},
    {'S', ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS, "a list of strings"},
};

const Importer *find_importer(const char *domain, const char *op_type) {
    if (!is_default_domain(domain)) return NULL;
    for (size_t i = 0; i < sizeof importers / sizeof *importers; i++)
        if (strcmp(importers[i].op_type, op_type) == 0) return &importers[i];
    return NULL;
}

/* The kind letter that `attributes` gives `name`, 0 where it has none. */
static char kind_of(const char *attributes, const char *name) {
    size_t length = strlen(name);
    for (const char *at = attributes; length && *at;) {
        size_t entry = strcspn(at, " ");
        if (entry == length + 2 && strncmp(at, name, length) == 0) return at[length + 1];
        at += entry;
        at += strspn(at, " ");
    }
    return 0;
}

/* The tensors and messages that a type promises must be there. Of a flag ONNX defines 0 and 1; what ONNX Runtime takes other
 * numbers for differs by operator. */
static bool holds_its_value(const Onnx__AttributeProto *attr, char kind) {
    if (kind == 'b' && attr->i != 0 && attr->i != 1) return false;
    switch (attr->type) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR: return attr->t;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR: return attr->sparse_tensor;
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH: return attr->g;
    default: return true;
    }
}

static bool check_attribute(const OpImport *op, const Importer *importer, const Onnx__AttributeProto *attr) {
    const char *name = text_of(attr->name);
    char kind = kind_of(importer->attributes, name);
    if (!kind) return op_fail(op, STATUS_INVALID, "%s has no attribute '%s'", importer->op_type, name);
    for (size_t i = 0; i < sizeof attribute_kinds / sizeof *attribute_kinds; i++)
        if (attribute_kinds[i].kind == kind && ((int)attr->type != attribute_kinds[i].type || !holds_its_value(attr, kind)))
            return op_fail(op, STATUS_INVALID, "attribute '%s' must be %s", name, attribute_kinds[i].name);
    if (op_attr(op, name) != attr) return op_fail(op, STATUS_INVALID, "attribute '%s' is given twice", name);
    return true;
}

bool check_call(const OpImport *op, const Importer *importer) {
    bool any = importer->most_inputs < 0;
    if (!any && op->in_count > importer->most_inputs)
        return op_fail(op, STATUS_INVALID, "%d inputs given, %s takes at most %d", op->in_count, importer->op_type,
                       importer->most_inputs);
    if (importer->most_outputs >= 0 && op->out_count > importer->most_outputs)
        return op_fail(op, STATUS_INVALID, "%d outputs given, %s has at most %d", op->out_count, importer->op_type,
                       importer->most_outputs);
    int required = any && op->in_count > importer->least_inputs ? op->in_count : importer->least_inputs;
    for (int k = 0; k < required; k++)
        if (!op_in(op, k)) return op_fail(op, STATUS_INVALID, "its input %d is missing", k);
    for (int k = 0; k < op->node->attr_count; k++)
        if (!check_attribute(op, importer, op->node->attrs[k])) return false;
    return true;
}

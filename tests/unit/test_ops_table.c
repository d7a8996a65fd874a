#include "test_ops.h"

static void every_row_is_complete(void **state) {
    (void)state;
    for (int op = 0; op < OP_COUNT; op++) {
        const OpInfo *info = op_info((Op)op);
        assert_non_null(info->name);
        assert_non_null(info->infer);
        assert_non_null(info->evaluate);
        assert_non_null(info->attributes);
        assert_true(info->least_inputs >= 1 && info->most_outputs >= 1 && info->most_outputs <= 4);
        assert_true(info->most_inputs == -1 || info->most_inputs >= info->least_inputs);
    }
}

/* The words of a row's attribute list are keys of attrs.def. */
static void every_attribute_is_known(void **state) {
    (void)state;
    for (int op = 0; op < OP_COUNT; op++) {
        char list[512];
        snprintf(list, sizeof list, "%s", op_info((Op)op)->attributes);
        for (char *rest = NULL, *word = strtok_r(list, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
            bool known = false;
            for (int key = 0; key < ATTR_COUNT && !known; key++) known = !strcmp(attr_name((AttrKey)key), word);
            if (!known) FAIL_TEST("%s: attribute '%s' is unknown", op_info((Op)op)->name, word);
        }
    }
}

static void arity_is_checked(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Relu, FLOATS(c, SCALAR, 1), FLOATS(c, SCALAR, 1));
    refused(c, "2 inputs given, Relu takes 1 to 1");
    c = case_new();
    apply(c, OP_Relu, (Value *[]){FLOATS(c, SCALAR, 1)}, 1, 2);
    refused(c, "2 outputs asked for");
    c = case_new();
    APPLY(c, OP_Add, FLOATS(c, SCALAR, 1), NULL);
    refused(c, "input 1 is missing");
}

static void activations_have_names(void **state) {
    (void)state;
    for (int i = 0; i < ACT_COUNT; i++) assert_non_null(activation_name((Activation)i));
}

/* Each first and last row of its group, and their neighbours. */
static void elementwise_operators_are_known(void **state) {
    (void)state;
    static const struct {
        Op op;
        bool unary, binary, elementwise;
    } cases[] = {{OP_Relu, true, false, true},        {OP_Cast, true, false, true},
                 {OP_Add, false, true, true},         {OP_GreaterOrEqual, false, true, true},
                 {OP_Mod, false, true, true},         {OP_Mish, true, false, true},
                 {OP_Floor, true, false, true},       {OP_ArgMax, false, false, false},
                 {OP_CumSum, false, false, false},    {OP_Where, false, false, true},
                 {OP_Expression, false, false, true}, {OP_AddShortcut, false, false, false},
                 {OP_LRN, false, false, false},       {OP_Conv, false, false, false},
                 {OP_Softmax, false, false, false},   {OP_ReduceMean, false, false, false},
                 {OP_Reshape, false, false, false},   {OP_BatchNormalization, false, false, false}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const Node node = {.op = cases[k].op};
        assert_int_equal(is_unary(&node), cases[k].unary);
        assert_int_equal(is_binary(&node), cases[k].binary);
        assert_int_equal(is_elementwise(&node), cases[k].elementwise);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(every_attribute_is_known),
        cmocka_unit_test(arity_is_checked),
        cmocka_unit_test(activations_have_names),
        cmocka_unit_test(elementwise_operators_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

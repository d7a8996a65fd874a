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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(every_attribute_is_known),
        cmocka_unit_test(arity_is_checked),
        cmocka_unit_test(activations_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

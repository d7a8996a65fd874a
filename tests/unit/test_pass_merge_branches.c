#include "tests/unit/branch_helpers.h"

/* Siblings of different width, one without bias: zeros stand for it. */
static void test_siblings_of_a_concat(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = relu(graph, layer(graph, x, 2, 4, 1, true)), *b = relu(graph, layer(graph, x, 1, 4, 1, false));
    graph_add_output(graph, CONCAT(graph, a, b), "y");
    expect_pass(graph, merge_branches,
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @1 f32 2x4x1x1 "
                "[-0.526313901,-0.0800511837,-0.6220994,0.483799219,0.434019685,-0.765541673,-0.588400126,-0.0553170443] "
                "; w\n"
                "const @2 f32 2 [-0.525538802,0.101356387] ; b\n"
                "const @5 f32 1x4x1x1 [-0.523213506,0.64557898,0.85556674,0.779930115] ; w\n"
                "%3 f32 1x2x5x5 = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x2x5x5 = Relu(%3) ; relu\n"
                "%6 f32 1x1x5x5 = Conv(%0, @5, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%7 f32 1x1x5x5 = Relu(%6) ; relu\n"
                "%8 f32 1x3x5x5 = Concat(%4, %7) axis=1 ; concat\n"
                "output %8 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @9 f32 3x4x1x1 ; w + 1 more\n"
                "const @10 f32 3 [-0.525538802,0.101356387,0] ; conv/merged bias\n"
                "%11 f32 1x3x5x5 = Conv(%0, @9, @10) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + 1 more\n"
                "%12 f32 1x3x5x5 = Relu(%11) ; relu + 1 more + concat\n"
                "output %12 ; y\n");
}

/* Figure 3(b): the 1x1 behind the Concat stays. */
static void test_concatenated_paths(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = path(graph, x), *b = path(graph, x);
    graph_add_output(graph, layer(graph, CONCAT(graph, a, b), 4, 4, 1, false), "y");
    expect_pass(graph, merge_branches,
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @1 f32 2x4x1x1 "
                "[-0.526313901,-0.0800511837,-0.6220994,0.483799219,0.434019685,-0.765541673,-0.588400126,-0.0553170443] "
                "; w\n"
                "const @2 f32 2 [-0.525538802,0.101356387] ; b\n"
                "const @5 f32 2x2x3x3 ; w\n"
                "const @6 f32 2 [-0.522438407,0.826986432] ; b\n"
                "const @9 f32 2x4x1x1 "
                "[-0.520113111,-0.628790975,0.33323288,-0.92393899,-0.90252018,-0.802167773,0.308192492,0.603130341] ; w\n"
                "const @10 f32 2 [-0.519338012,-0.447383404] ; b\n"
                "const @13 f32 2x2x3x3 ; w\n"
                "const @14 f32 2 [-0.516237497,0.27824676] ; b\n"
                "const @18 f32 4x4x1x1 ; w\n"
                "%3 f32 1x2x5x5 = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x2x5x5 = Relu(%3) ; relu\n"
                "%7 f32 1x2x5x5 = Conv(%4, @5, @6) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%8 f32 1x2x5x5 = Relu(%7) ; relu\n"
                "%11 f32 1x2x5x5 = Conv(%0, @9, @10) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%12 f32 1x2x5x5 = Relu(%11) ; relu\n"
                "%15 f32 1x2x5x5 = Conv(%12, @13, @14) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%16 f32 1x2x5x5 = Relu(%15) ; relu\n"
                "%17 f32 1x4x5x5 = Concat(%8, %16) axis=1 ; concat\n"
                "%19 f32 1x4x5x5 = Conv(%17, @18, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "output %19 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @20 f32 4x4x1x1 ; w + 1 more\n"
                "const @21 f32 4 [-0.525538802,0.101356387,-0.519338012,-0.447383404] ; conv/merged bias\n"
                "const @24 f32 4x2x3x3 ; w + 1 more\n"
                "const @25 f32 4 [-0.522438407,0.826986432,-0.516237497,0.27824676] ; conv/merged bias\n"
                "const @18 f32 4x4x1x1 ; w\n"
                "%22 f32 1x4x5x5 = Conv(%0, @20, @21) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + 1 more\n"
                "%23 f32 1x4x5x5 = Relu(%22) ; relu + 1 more\n"
                "%26 f32 1x4x5x5 = Conv(%23, @24, @25) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv + 1 more\n"
                "%27 f32 1x4x5x5 = Relu(%26) ; relu + 1 more + concat\n"
                "%19 f32 1x4x5x5 = Conv(%27, @18, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "output %19 ; y\n");
}

/* Figure 3(a), with the shortcut as one more operand of the sum. */
static void test_added_paths(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = layer(graph, path(graph, x), 4, 2, 1, true), *b = layer(graph, path(graph, x), 4, 2, 1, false);
    Value *sum = NODE(graph, OP_Add, "add", NODE(graph, OP_Add, "add", a, b), x);
    graph_add_output(graph, relu(graph, sum), "y");
    expect_pass(graph, merge_branches,
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @1 f32 2x4x1x1 "
                "[-0.526313901,-0.0800511837,-0.6220994,0.483799219,0.434019685,-0.765541673,-0.588400126,-0.0553170443] "
                "; w\n"
                "const @2 f32 2 [-0.525538802,0.101356387] ; b\n"
                "const @5 f32 2x2x3x3 ; w\n"
                "const @6 f32 2 [-0.522438407,0.826986432] ; b\n"
                "const @9 f32 4x2x1x1 "
                "[-0.520113111,-0.628790975,0.33323288,-0.92393899,-0.90252018,-0.802167773,0.308192492,0.603130341] ; w\n"
                "const @10 f32 4 [-0.519338012,-0.447383404,-0.297350526,-0.849906206] ; b\n"
                "const @12 f32 2x4x1x1 "
                "[-0.517787695,-0.0845683813,0.441482544,-0.701840758,-0.903722644,-0.315902591,0.894414663,0.100048184] "
                "; w\n"
                "const @13 f32 2 [-0.517012596,0.0968391895] ; b\n"
                "const @16 f32 2x2x3x3 ; w\n"
                "const @17 f32 2 [-0.513912201,0.822469354] ; b\n"
                "const @20 f32 4x2x1x1 "
                "[-0.511586905,-0.633308053,-0.603185058,-0.109578848,-0.240262508,-0.352528691,-0.208992839,0.758495569] "
                "; w\n"
                "%3 f32 1x2x5x5 = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x2x5x5 = Relu(%3) ; relu\n"
                "%7 f32 1x2x5x5 = Conv(%4, @5, @6) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%8 f32 1x2x5x5 = Relu(%7) ; relu\n"
                "%11 f32 1x4x5x5 = Conv(%8, @9, @10) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%14 f32 1x2x5x5 = Conv(%0, @12, @13) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%15 f32 1x2x5x5 = Relu(%14) ; relu\n"
                "%18 f32 1x2x5x5 = Conv(%15, @16, @17) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%19 f32 1x2x5x5 = Relu(%18) ; relu\n"
                "%21 f32 1x4x5x5 = Conv(%19, @20, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%22 f32 1x4x5x5 = Add(%11, %21) ; add\n"
                "%23 f32 1x4x5x5 = Add(%22, %0) ; add\n"
                "%24 f32 1x4x5x5 = Relu(%23) ; relu\n"
                "output %24 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @25 f32 4x4x1x1 ; w + 1 more\n"
                "const @26 f32 4 [-0.525538802,0.101356387,-0.517012596,0.0968391895] ; conv/merged bias\n"
                "const @29 f32 4x2x3x3 ; w + 1 more\n"
                "const @30 f32 4 [-0.522438407,0.826986432,-0.513912201,0.822469354] ; conv/merged bias\n"
                "const @33 f32 4x4x1x1 ; w + 1 more\n"
                "const @34 f32 4 [-0.519338012,-0.447383404,-0.297350526,-0.849906206] ; conv/merged bias\n"
                "%27 f32 1x4x5x5 = Conv(%0, @25, @26) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + 1 more\n"
                "%28 f32 1x4x5x5 = Relu(%27) ; relu + 1 more\n"
                "%31 f32 1x4x5x5 = Conv(%28, @29, @30) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv + 1 more\n"
                "%32 f32 1x4x5x5 = Relu(%31) ; relu + 1 more\n"
                "%35 f32 1x4x5x5 = Conv(%32, @33, @34) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + 1 more\n"
                "%36 f32 1x4x5x5 = Add(%35, %0) ; add\n"
                "%24 f32 1x4x5x5 = Relu(%36) ; relu\n"
                "output %24 ; y\n");
}

/* Without a shortcut the merged convolution is the sum, and carries its name. */
static void test_sum_alone(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = layer(graph, layer(graph, x, 1, 4, 3, false), 4, 1, 1, false);
    Value *b = layer(graph, layer(graph, x, 2, 4, 3, false), 4, 2, 1, false);
    graph_add_output(graph, NODE(graph, OP_Add, "add", a, b), "y");
    expect_pass(graph, merge_branches,
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @1 f32 1x4x3x3 ; w\n"
                "const @3 f32 4x1x1x1 [-0.524763703,0.282763839,0.11673367,0.631864667] ; w\n"
                "const @5 f32 2x4x3x3 ; w\n"
                "const @7 f32 4x2x1x1 "
                "[-0.521663308,-0.991605997,-0.40560019,0.927995563,0.431614757,0.206988811,0.584044337,0.938518524] ; w\n"
                "%2 f32 1x1x5x5 = Conv(%0, @1, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%4 f32 1x4x5x5 = Conv(%2, @3, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%6 f32 1x2x5x5 = Conv(%0, @5, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%8 f32 1x4x5x5 = Conv(%6, @7, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%9 f32 1x4x5x5 = Add(%4, %8) ; add\n"
                "output %9 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @10 f32 3x4x3x3 ; w + 1 more\n"
                "const @12 f32 4x3x1x1 ; w + 1 more\n"
                "%11 f32 1x3x5x5 = Conv(%0, @10) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv + 1 more\n"
                "%13 f32 1x4x5x5 = Conv(%11, @12) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + 1 more + add\n"
                "output %13 ; y\n");
}

/* A grouped convolution that an exporter wrote as Split, convolutions and Concat. */
static void test_split_input(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = layer(graph, channels(graph, x, 0, 2), 3, 2, 3, true), *b = layer(graph, channels(graph, x, 2, 2), 3, 2, 3, true);
    graph_add_output(graph, CONCAT(graph, a, b), "y");
    expect_pass(graph, merge_branches,
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @2 f32 3x2x3x3 ; w\n"
                "const @3 f32 3 [-0.524763703,0.282763839,0.11673367] ; b\n"
                "const @6 f32 3x2x3x3 ; w\n"
                "const @7 f32 3 [-0.521663308,-0.991605997,-0.40560019] ; b\n"
                "%1 f32 1x2x5x5 = Slice(%0) starts=[0,0,0,0] steps=[1,1,1,1] sizes=[1,2,5,5] ; slice\n"
                "%4 f32 1x3x5x5 = Conv(%1, @2, @3) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%5 f32 1x2x5x5 = Slice(%0) starts=[0,2,0,0] steps=[1,1,1,1] sizes=[1,2,5,5] ; slice\n"
                "%8 f32 1x3x5x5 = Conv(%5, @6, @7) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%9 f32 1x6x5x5 = Concat(%4, %8) axis=1 ; concat\n"
                "output %9 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @10 f32 6x2x3x3 ; w + 1 more\n"
                "const @11 f32 6 [-0.524763703,0.282763839,0.11673367,-0.521663308,-0.991605997,-0.40560019] ; "
                "conv/merged bias\n"
                "%12 f32 1x6x5x5 = Conv(%0, @10, @11) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv + 1 more + concat\n"
                "output %12 ; y\n");
}

/* Groups of a path's own become groups among all. */
static void test_grouped_paths(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = layer(graph, layer(graph, x, 2, 4, 1, false), 2, 1, 3, false);
    Value *b = layer(graph, layer(graph, x, 1, 4, 1, false), 1, 1, 3, false);
    graph_add_output(graph, CONCAT(graph, a, b), "y");
    expect_pass(graph, merge_branches,
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @1 f32 2x4x1x1 "
                "[-0.526313901,-0.0800511837,-0.6220994,0.483799219,0.434019685,-0.765541673,-0.588400126,-0.0553170443] "
                "; w\n"
                "const @3 f32 2x1x3x3 ; w\n"
                "const @5 f32 1x4x1x1 [-0.523213506,0.64557898,0.85556674,0.779930115] ; w\n"
                "const @7 f32 1x1x3x3 ; w\n"
                "%2 f32 1x2x5x5 = Conv(%0, @1, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x2x5x5 = Conv(%2, @3, none) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv\n"
                "%6 f32 1x1x5x5 = Conv(%0, @5, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%8 f32 1x1x5x5 = Conv(%6, @7, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%9 f32 1x3x5x5 = Concat(%4, %8) axis=1 ; concat\n"
                "output %9 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @10 f32 3x4x1x1 ; w + 1 more\n"
                "const @12 f32 3x1x3x3 ; w + 1 more\n"
                "%11 f32 1x3x5x5 = Conv(%0, @10) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + 1 more\n"
                "%13 f32 1x3x5x5 = Conv(%11, @12) kernel_shape=[3,3] pads=[1,1,1,1] group=3 ; conv + 1 more + concat\n"
                "output %13 ; y\n");
}

/* The Concat's order decides, whatever the order in which the paths run. */
static void test_permuted_concat(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = path(graph, x), *b = path(graph, x);
    graph_add_output(graph, CONCAT(graph, b, a), "y");
    expect_pass(graph, merge_branches,
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @1 f32 2x4x1x1 "
                "[-0.526313901,-0.0800511837,-0.6220994,0.483799219,0.434019685,-0.765541673,-0.588400126,-0.0553170443] "
                "; w\n"
                "const @2 f32 2 [-0.525538802,0.101356387] ; b\n"
                "const @5 f32 2x2x3x3 ; w\n"
                "const @6 f32 2 [-0.522438407,0.826986432] ; b\n"
                "const @9 f32 2x4x1x1 "
                "[-0.520113111,-0.628790975,0.33323288,-0.92393899,-0.90252018,-0.802167773,0.308192492,0.603130341] ; w\n"
                "const @10 f32 2 [-0.519338012,-0.447383404] ; b\n"
                "const @13 f32 2x2x3x3 ; w\n"
                "const @14 f32 2 [-0.516237497,0.27824676] ; b\n"
                "%3 f32 1x2x5x5 = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x2x5x5 = Relu(%3) ; relu\n"
                "%7 f32 1x2x5x5 = Conv(%4, @5, @6) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%8 f32 1x2x5x5 = Relu(%7) ; relu\n"
                "%11 f32 1x2x5x5 = Conv(%0, @9, @10) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%12 f32 1x2x5x5 = Relu(%11) ; relu\n"
                "%15 f32 1x2x5x5 = Conv(%12, @13, @14) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%16 f32 1x2x5x5 = Relu(%15) ; relu\n"
                "%17 f32 1x4x5x5 = Concat(%16, %8) axis=1 ; concat\n"
                "output %17 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @18 f32 4x4x1x1 ; w + 1 more\n"
                "const @19 f32 4 [-0.519338012,-0.447383404,-0.525538802,0.101356387] ; conv/merged bias\n"
                "const @22 f32 4x2x3x3 ; w + 1 more\n"
                "const @23 f32 4 [-0.516237497,0.27824676,-0.522438407,0.826986432] ; conv/merged bias\n"
                "%20 f32 1x4x5x5 = Conv(%0, @18, @19) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + 1 more\n"
                "%21 f32 1x4x5x5 = Relu(%20) ; relu + 1 more\n"
                "%24 f32 1x4x5x5 = Conv(%21, @22, @23) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv + 1 more\n"
                "%25 f32 1x4x5x5 = Relu(%24) ; relu + 1 more + concat\n"
                "output %25 ; y\n");
}

/* A path with a value that somebody else wants stays; the others merge. */
static void test_neighbours_of_a_shared_path(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = path(graph, x), *b = path(graph, x), *inner = relu(graph, layer(graph, x, 2, 4, 1, true));
    Value *c = relu(graph, layer(graph, inner, 2, 2, 3, true));
    graph_add_output(graph, CONCAT(graph, a, b, c), "y");
    graph_add_output(graph, inner, "inner");
    expect_pass(graph, merge_branches,
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @1 f32 2x4x1x1 "
                "[-0.526313901,-0.0800511837,-0.6220994,0.483799219,0.434019685,-0.765541673,-0.588400126,-0.0553170443] "
                "; w\n"
                "const @2 f32 2 [-0.525538802,0.101356387] ; b\n"
                "const @5 f32 2x2x3x3 ; w\n"
                "const @6 f32 2 [-0.522438407,0.826986432] ; b\n"
                "const @9 f32 2x4x1x1 "
                "[-0.520113111,-0.628790975,0.33323288,-0.92393899,-0.90252018,-0.802167773,0.308192492,0.603130341] ; w\n"
                "const @10 f32 2 [-0.519338012,-0.447383404] ; b\n"
                "const @13 f32 2x2x3x3 ; w\n"
                "const @14 f32 2 [-0.516237497,0.27824676] ; b\n"
                "const @17 f32 2x4x1x1 "
                "[-0.513912201,0.822469354,-0.711434722,-0.331677079,-0.239060044,-0.838793874,-0.795215011,-0.738422275] "
                "; w\n"
                "const @18 f32 2 [-0.513137102,-0.996123195] ; b\n"
                "const @21 f32 2x2x3x3 ; w\n"
                "const @22 f32 2 [-0.510036707,-0.270493031] ; b\n"
                "%3 f32 1x2x5x5 = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x2x5x5 = Relu(%3) ; relu\n"
                "%7 f32 1x2x5x5 = Conv(%4, @5, @6) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%8 f32 1x2x5x5 = Relu(%7) ; relu\n"
                "%11 f32 1x2x5x5 = Conv(%0, @9, @10) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%12 f32 1x2x5x5 = Relu(%11) ; relu\n"
                "%15 f32 1x2x5x5 = Conv(%12, @13, @14) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%16 f32 1x2x5x5 = Relu(%15) ; relu\n"
                "%19 f32 1x2x5x5 = Conv(%0, @17, @18) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%20 f32 1x2x5x5 = Relu(%19) ; relu\n"
                "%23 f32 1x2x5x5 = Conv(%20, @21, @22) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%24 f32 1x2x5x5 = Relu(%23) ; relu\n"
                "%25 f32 1x6x5x5 = Concat(%8, %16, %24) axis=1 ; concat\n"
                "output %25 ; y\n"
                "output %20 ; inner\n",
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @26 f32 4x4x1x1 ; w + 1 more\n"
                "const @27 f32 4 [-0.525538802,0.101356387,-0.519338012,-0.447383404] ; conv/merged bias\n"
                "const @30 f32 4x2x3x3 ; w + 1 more\n"
                "const @31 f32 4 [-0.522438407,0.826986432,-0.516237497,0.27824676] ; conv/merged bias\n"
                "const @17 f32 2x4x1x1 "
                "[-0.513912201,0.822469354,-0.711434722,-0.331677079,-0.239060044,-0.838793874,-0.795215011,-0.738422275] "
                "; w\n"
                "const @18 f32 2 [-0.513137102,-0.996123195] ; b\n"
                "const @21 f32 2x2x3x3 ; w\n"
                "const @22 f32 2 [-0.510036707,-0.270493031] ; b\n"
                "%28 f32 1x4x5x5 = Conv(%0, @26, @27) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + 1 more\n"
                "%29 f32 1x4x5x5 = Relu(%28) ; relu + 1 more\n"
                "%32 f32 1x4x5x5 = Conv(%29, @30, @31) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv + 1 more\n"
                "%33 f32 1x4x5x5 = Relu(%32) ; relu + 1 more\n"
                "%19 f32 1x2x5x5 = Conv(%0, @17, @18) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%20 f32 1x2x5x5 = Relu(%19) ; relu\n"
                "%23 f32 1x2x5x5 = Conv(%20, @21, @22) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%24 f32 1x2x5x5 = Relu(%23) ; relu\n"
                "%34 f32 1x6x5x5 = Concat(%33, %24) axis=1 ; concat\n"
                "output %34 ; y\n"
                "output %20 ; inner\n");
}

/* Paths of paths: the inner joins go first. */
static void test_nested_paths(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph), *outer[2];
    for (int i = 0; i < 2; i++) {
        Value *y = CONCAT(graph, path(graph, x), path(graph, x));
        outer[i] = relu(graph, layer(graph, y, 3, 4, 1, true));
    }
    graph_add_output(graph, concat(graph, outer, 2, 1), "y");
    graph_add_output(graph, NODE(graph, OP_Sigmoid, "reader", x), "z");
    expect_pass(graph, merge_branches,
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @1 f32 2x4x1x1 "
                "[-0.526313901,-0.0800511837,-0.6220994,0.483799219,0.434019685,-0.765541673,-0.588400126,-0.0553170443] "
                "; w\n"
                "const @2 f32 2 [-0.525538802,0.101356387] ; b\n"
                "const @5 f32 2x2x3x3 ; w\n"
                "const @6 f32 2 [-0.522438407,0.826986432] ; b\n"
                "const @9 f32 2x4x1x1 "
                "[-0.520113111,-0.628790975,0.33323288,-0.92393899,-0.90252018,-0.802167773,0.308192492,0.603130341] ; w\n"
                "const @10 f32 2 [-0.519338012,-0.447383404] ; b\n"
                "const @13 f32 2x2x3x3 ; w\n"
                "const @14 f32 2 [-0.516237497,0.27824676] ; b\n"
                "const @18 f32 3x4x1x1 ; w\n"
                "const @19 f32 3 [-0.512362003,-0.814715624,0.0273983479] ; b\n"
                "const @22 f32 2x4x1x1 "
                "[-0.510036707,-0.270493031,0.135648012,0.0384865999,0.425602555,0.638314843,-0.484844685,0.423107386] ; w\n"
                "const @23 f32 2 [-0.509261608,-0.0890854597] ; b\n"
                "const @26 f32 2x2x3x3 ; w\n"
                "const @27 f32 2 [-0.506161213,0.636544585] ; b\n"
                "const @30 f32 2x4x1x1 "
                "[-0.503835917,-0.819232821,-0.909019709,0.630748391,-0.910937309,0.601688623,0.411747813,-0.91844523] ; w\n"
                "const @31 f32 2 [-0.503060818,-0.637825251] ; b\n"
                "const @34 f32 2x2x3x3 ; w\n"
                "const @35 f32 2 [-0.499960303,0.0878047943] ; b\n"
                "const @39 f32 3x4x1x1 ; w\n"
                "const @40 f32 3 [-0.496084809,0.994842529,0.78514576] ; b\n"
                "%3 f32 1x2x5x5 = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x2x5x5 = Relu(%3) ; relu\n"
                "%7 f32 1x2x5x5 = Conv(%4, @5, @6) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%8 f32 1x2x5x5 = Relu(%7) ; relu\n"
                "%11 f32 1x2x5x5 = Conv(%0, @9, @10) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%12 f32 1x2x5x5 = Relu(%11) ; relu\n"
                "%15 f32 1x2x5x5 = Conv(%12, @13, @14) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%16 f32 1x2x5x5 = Relu(%15) ; relu\n"
                "%17 f32 1x4x5x5 = Concat(%8, %16) axis=1 ; concat\n"
                "%20 f32 1x3x5x5 = Conv(%17, @18, @19) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%21 f32 1x3x5x5 = Relu(%20) ; relu\n"
                "%24 f32 1x2x5x5 = Conv(%0, @22, @23) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%25 f32 1x2x5x5 = Relu(%24) ; relu\n"
                "%28 f32 1x2x5x5 = Conv(%25, @26, @27) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%29 f32 1x2x5x5 = Relu(%28) ; relu\n"
                "%32 f32 1x2x5x5 = Conv(%0, @30, @31) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%33 f32 1x2x5x5 = Relu(%32) ; relu\n"
                "%36 f32 1x2x5x5 = Conv(%33, @34, @35) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%37 f32 1x2x5x5 = Relu(%36) ; relu\n"
                "%38 f32 1x4x5x5 = Concat(%29, %37) axis=1 ; concat\n"
                "%41 f32 1x3x5x5 = Conv(%38, @39, @40) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%42 f32 1x3x5x5 = Relu(%41) ; relu\n"
                "%43 f32 1x6x5x5 = Concat(%21, %42) axis=1 ; concat\n"
                "%44 f32 1x4x5x5 = Sigmoid(%0) ; reader\n"
                "output %43 ; y\n"
                "output %44 ; z\n",
                "graph test\n"
                "input %0 f32 1x4x5x5 ; x\n"
                "const @61 f32 8x4x1x1 ; w + 1 more + 1 more\n"
                "const @62 f32 8 "
                "[-0.525538802,0.101356387,-0.519338012,-0.447383404,-0.509261608,-0.0890854597,-0.503060818,-0.637825251] ; "
                "conv + 1 more/merged bias\n"
                "const @65 f32 8x2x3x3 ; w + 1 more + 1 more\n"
                "const @66 f32 8 "
                "[-0.522438407,0.826986432,-0.516237497,0.27824676,-0.506161213,0.636544585,-0.499960303,0.0878047943] ; "
                "conv + 1 more/merged bias\n"
                "const @69 f32 6x4x1x1 ; w + 1 more\n"
                "const @70 f32 6 [-0.512362003,-0.814715624,0.0273983479,-0.496084809,0.994842529,0.78514576] ; "
                "conv/merged bias\n"
                "%63 f32 1x8x5x5 = Conv(%0, @61, @62) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + 1 more + 1 more\n"
                "%64 f32 1x8x5x5 = Relu(%63) ; relu + 1 more + 1 more\n"
                "%67 f32 1x8x5x5 = Conv(%64, @65, @66) kernel_shape=[3,3] pads=[1,1,1,1] group=4 ; conv + 1 more + 1 more\n"
                "%68 f32 1x8x5x5 = Relu(%67) ; relu + 1 more + concat + 1 more\n"
                "%71 f32 1x6x5x5 = Conv(%68, @69, @70) kernel_shape=[1,1] pads=[0,0,0,0] group=2 ; conv + 1 more\n"
                "%72 f32 1x6x5x5 = Relu(%71) ; relu + 1 more + concat\n"
                "%44 f32 1x4x5x5 = Sigmoid(%0) ; reader\n"
                "output %72 ; y\n"
                "output %44 ; z\n");
}

/* Time is linear in the number of paths. */
static void test_many_paths(void **state) {
    enum { PATHS = 4000 };
    Graph *graph = new_graph(state);
    Value *x = image(graph), *sum = x;
    for (int i = 0; i < PATHS; i++) sum = NODE(graph, OP_Add, "add", sum, layer(graph, path(graph, x), 4, 2, 1, true));
    graph_add_output(graph, sum, "y");
    run_pass(graph, merge_branches);
    int nodes = 0;
    for (Node *node = graph->first; node; node = node->next) nodes++;
    assert_int_equal(nodes, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_siblings_of_a_concat), PASS_TEST(test_concatenated_paths),
        PASS_TEST(test_added_paths),          PASS_TEST(test_sum_alone),
        PASS_TEST(test_split_input),          PASS_TEST(test_grouped_paths),
        PASS_TEST(test_permuted_concat),      PASS_TEST(test_neighbours_of_a_shared_path),
        PASS_TEST(test_nested_paths),         PASS_TEST(test_many_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The optimiser's table of contents. docs/passes.md shows each pass at work. */
#include "passes/passes.h"

static const Pass passes[] = {
    {"widen-half", "compute float16 and bfloat16 in float", widen_half},
    {"fold-constants", "compute nodes whose inputs are all constants", fold_constants},
    {"simplify", "drop nodes that change nothing, cancel Transposes and Reshapes", simplify},
    {"remove-dead-code", "drop nodes whose outputs nobody reads", remove_dead_code},
    {"recognise-activations", "rewrite spelled-out activations (HardSwish, Swish, Mish, Gelu) as one operator",
     recognise_activations},
    {"fold-batchnorm", "fold BatchNormalization and per-channel arithmetic into Conv and Gemm", fold_batchnorm},
    {"merge-pad", "merge Pad into the Conv or pool that reads it", merge_pad},
    {"trim-kernel", "drop rows and columns of kernels that only read padding", trim_kernel},
    {"merge-branches", "merge equal branches (ResNeXt's split forms) into grouped and wider Convs", merge_branches},
    {"fold-batchnorm", "again: what stood behind merged branches", fold_batchnorm},
    {"lower-batchnorm", "turn what BatchNormalization is left into Mul and Add", lower_batchnorm},
    {"gemm-to-conv", "turn Gemm and MatMul with constant weights into Conv", gemm_to_conv},
    {"simplify", "again: join the Reshapes around converted layers", simplify},
    {"fuse-activation", "fuse activations into the Conv or Add before them", fuse_activation},
    {"fuse-shortcut", "add strided and padded shortcuts (option A) without a copy of them", fuse_shortcut},
    {"fuse-residual", "fuse residual Adds into the Conv before them", fuse_residual},
    {"fuse-input-scale", "do a BatchNormalization and ReLU before a Conv while it reads its input", fuse_input_scale},
    {"remove-dead-code", "again: drop what the fusions left unread", remove_dead_code},
    {"pad-channels", "round channels up to whole blocks of 16 where nobody can tell", pad_channels},
    {"merge-siblings", "merge Convs of one input that go different ways (Inception's 1x1s) into wider ones", merge_siblings},
    {"choose-layout", "choose planar or channel-blocked memory for every value", choose_layout},
    {"image-loop", "run a batch image by image, up to where sharing the weights saves more", image_loop},
    {"choose-kernels", "choose Winograd or direct convolution by what each costs", choose_kernels},
    {"fuse-elementwise", "join elementwise operators, as of a gate, into one Expression", fuse_elementwise},
    {"depth-first", "compute a Conv strip by strip for the pool or depthwise Conv that reads it", depth_first},
};

const Pass *pipeline(int *count) {
    *count = (int)(sizeof passes / sizeof passes[0]);
    return passes;
}

bool pipeline_run(Graph *graph, void (*after)(void *context, const Pass *pass, Graph *graph), void *context) {
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++) {
        if (!passes[i].run(graph)) return false;
#ifndef NDEBUG
        if (!graph_verify(graph)) return false;
#endif
        if (after) after(context, &passes[i], graph);
    }
    return true;
}

/* Values for a graph's inputs: from .npy files, or random from a seed. */
#ifndef SKIPC_DRIVER_INPUTS_H
#define SKIPC_DRIVER_INPUTS_H

#include "driver/driver.h"
#include "driver/npy.h"
#include "driver/options.h"
#include "ir/tensor.h"

/* `files`: "X.npy" in graph order, or "NAME=X.npy". One array per input, of the input's type and shape; where
 * `widened`, float inputs may also come as f8. NULL on failure. */
NpyArray *inputs_read(Driver *driver, const Graph *graph, const TextList *files, bool widened);
/* Floats are standard normal, bytes 0 to 255, other integers 0 to 3. The same seed gives the same values everywhere. */
NpyArray *inputs_random(Driver *driver, const Graph *graph, uint64_t seed);
/* As the interpreter takes them. */
const Tensor *const *inputs_tensors(Driver *driver, const Graph *graph, const NpyArray *arrays);

#define INPUTS_OPTION(files, otherwise)                                                                                          \
    {                                                                                                                            \
        .name = "input", .letter = 'i', .kind = OPTION_LIST, .target = (files), .argument = "[NAME=]X.npy",                      \
        .help = "an input's values; once per input, in graph order unless named" otherwise                                       \
    }

#endif

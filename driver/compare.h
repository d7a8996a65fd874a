/* How far results lie from the truth, by the parity rule (docs/commands.md, verify). */
#ifndef SKIPC_DRIVER_COMPARE_H
#define SKIPC_DRIVER_COMPARE_H

#include "ir/tensor.h"

/* max |y - truth| / max |truth| over the elements that are finite in both; where truth is all 0, the largest |y|. */
double relative_error(const Tensor *y, const Tensor *truth);
/* Elements where one is NaN or infinite and the other isn't the same. */
int64_t special_differences(const Tensor *y, const Tensor *peer);
/* Unequal elements of two integer tensors. */
int64_t integer_differences(const Tensor *y, const Tensor *peer);
/* Rows of two matrices whose largest element stands at the same place; *rows is 0 where the tensors are no float matrices. */
int64_t top1_agreement(const Tensor *y, const Tensor *peer, int64_t *rows);
/* What e(skipc) may be: 2 `peer_error` + 1e-6. The interpreter, unlike ONNX Runtime, sums in double and rounds once a node;
 * a float sum of K terms rounds K times, and such errors add up as the square root. `summed_terms` is the largest K of the graph
 * where the peer is the interpreter, else 1. With Winograd kernels 4 `peer_error` + 1e-5. */
double error_bound(double peer_error, double summed_terms, bool winograd);

#endif

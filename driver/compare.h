/* How far results lie from the truth, by the parity rule (docs/commands.md, verify). */
#ifndef SKIPC_DRIVER_COMPARE_H
#define SKIPC_DRIVER_COMPARE_H

#include "ir/tensor.h"

/* max |y - truth| / max |truth| over the elements that are finite in both, as their types hold them; where truth is all 0, the
 * largest |y|. */
double relative_error(const Tensor *y, const Tensor *truth);
/* Elements where one is NaN or infinite and the other isn't the same. */
int64_t special_differences(const Tensor *y, const Tensor *peer);
/* Elements where the peer's is NaN or infinite, and neither the truth nor the interpreter in native precision has the same there,
 * or the other way. A float overflows where a double does not: that is rounding too. */
int64_t unexplained_specials(const Tensor *peer, const Tensor *truth, const Tensor *rounding);
/* Unequal elements of two integer tensors. */
int64_t integer_differences(const Tensor *y, const Tensor *peer);
/* Rows of two matrices whose largest element stands at the same place; *rows is 0 where the tensors are no float matrices. */
int64_t top1_agreement(const Tensor *y, const Tensor *peer, int64_t *rows);
/* What e(skipc) may be. */
double error_bound(double peer_error, bool winograd);

/* How far a peer that reads the model as skipc does may lie from the truth, `rounding_error` being that of the interpreter in
 * native precision. Measured of ONNX Runtime: on the networks of tests/models at most 1.9 times that, since it sums in parts and
 * the interpreter term by term; on single operators at most 7 times, where an elementary function is approximated. */
#define ROUNDING_MULTIPLE 16.0
#define EXPLAINED_WITHOUT_ROUNDING 1e-5 /* this much needs no explanation */
double explained_error(double rounding_error);

#endif

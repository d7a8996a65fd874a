/* How sums are added up, as runtime/sum_terms.h has it. */
#ifndef SKIPC_CODEGEN_SUM_TERMS_H
#define SKIPC_CODEGEN_SUM_TERMS_H

/* Longest partial sum, in products (of a convolution: where one block of channels is not longer). Short enough to round as little
 * as ONNX Runtime, long enough that adding the parts costs nothing. */
enum { SUM_TERMS = 256 };

#endif

#ifndef RUNTIME_VEC_TARGET_H
#define RUNTIME_VEC_TARGET_H

/* A vector of LANES floats, LANES dividing the channel block of 16, and the tile of the convolution kernels: TILE_PIXELS by
 * TILE_VECTORS accumulators fill the machine's registers. Lanes are output channels, never terms of one sum, so results
 * do not depend on LANES. */
#if !defined(__GNUC__) || defined(PLAIN_C) /* -DPLAIN_C forces strict C99 */
#define VEC_PLAIN
#define TILE_PIXELS 4
enum { LANES = 4, TILE_VECTORS = 1 };
#elif defined(__AVX512F__)
#define VEC_AVX512
#include <immintrin.h>
#define TILE_PIXELS 14
enum { LANES = 16, TILE_VECTORS = 2 };
#elif defined(__AVX2__) && defined(__FMA__)
#define VEC_AVX2
#include <immintrin.h>
#define TILE_PIXELS 6
enum { LANES = 8, TILE_VECTORS = 2 };
#elif defined(__aarch64__)
#define VEC_NEON
#include <arm_neon.h>
#define TILE_PIXELS 8
enum { LANES = 4, TILE_VECTORS = 2 };
#elif defined(__SSE2__)
#define VEC_SSE
#include <emmintrin.h>
#define TILE_PIXELS 6
enum { LANES = 4, TILE_VECTORS = 2 };
#else
#define VEC_PLAIN
#define TILE_PIXELS 4
enum { LANES = 4, TILE_VECTORS = 1 };
#endif

#endif

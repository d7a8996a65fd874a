#ifndef RUNTIME_STRIPS_H
#define RUNTIME_STRIPS_H

#include "runtime/conv.h"

/* Depth first: a convolution whose result exists only as a window of some channels and rows. From what lies in the window the
 * next layer's rows of these channels are computed at once, then the window moves on: down the image, then to the next channels.
 */
struct conv_strips {
    struct conv conv;                      /* blocked out; its out_height is the window's */
    int channels;                          /* of the window: a multiple of 32 */
    int height;                            /* rows of the convolution's result */
    int next_height;                       /* rows of the next layer's result */
    int next_rows;                         /* of these, how many are computed from one window */
    int next_reach, next_stride, next_pad; /* the next layer's window over rows */
    int shares;                            /* up to so many threads have a window each, for rows of their own */
    int share_floats;                      /* of the scratch, each */
};

#endif

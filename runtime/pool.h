#ifndef RUNTIME_POOL_H
#define RUNTIME_POOL_H

/* A window sliding over one to three spatial axes, outermost first; axes that are not there have one element. */
struct pool {
    int planes; /* images times channels, or times blocks of 16 channels */
    int in[3], out[3];
    int kernel[3], stride[3], dilation[3];
    int begin[3], end[3]; /* padding */
};

/* What a window becomes: its maximum, its mean, or the mean with the padding's zeros. */
enum { POOL_MAX, POOL_AVERAGE, POOL_AVERAGE_PADDED };

#endif

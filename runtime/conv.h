#ifndef RUNTIME_CONV_H
#define RUNTIME_CONV_H

#include <stddef.h>

/* Geometry of a two-dimensional convolution whose output channels are summed over all channels of their group. Weights are
 * packed in panels of 16 output channels, [panel][in channel / 16][kernel row][kernel column][in channel % 16][16]: the order of
 * the sum, the same on every target. It is done in parts of `sum_channels` channels, the first of which starts from the bias;
 * their results are then added in order, so that rounding errors grow with the length of a part and not of the whole. */
struct conv {
    int images;                 /* of a batch: they share the weights that are read for one */
    size_t in_image, out_image; /* floats from one image to the next */
    int groups;
    int in_channels, out_channels; /* of one group; a last block of a blocked input may hold more, which are not read */
    int in_height, in_width, out_height, out_width;
    int kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
    int pad_top, pad_left;
    int sum_channels;              /* of one partial sum: a multiple of 16 */
    int strip_rows;                /* output rows of an image computed from one strip of the input */
    int strip_images;              /* of which a strip has rows; more than one only where it has all rows */
    int strips;                    /* that the scratch has room for: so many threads can each copy their own */
    int padded_width, padded_rows; /* of a strip copied to scratch; 0 where the input is read in place */
    int strip_step;  /* input rows from one row of a copied strip to the next: the dilation, where a strip is one output row's */
    int blocked_out; /* the output is [channels / 16][rows][columns][16]; else planar */
    float low, high; /* the activation: the result is limited to these */
    float in_low;    /* with an input scale: lower limit of what it gives */
};

/* The input scale is a batch normalization, with or without ReLU, that precedes the convolution and is done while the input is
 * read: max(x * scale + shift, in_low) inside the image, then zeros around it. [in channel / 16][scale or shift][16], or for a
 * planar input [in channel][scale or shift]. */

/* A 3x3 convolution of stride 1 or 2 by minimal filtering, F(m x m, 3 x 3) (Winograd; Lavin and Gray, arXiv:1509.09308): m x m
 * output pixels from (m+2)^2 products per pair of channels instead of 9 m^2. Each of the (m+2)^2 positions is a pointwise
 * convolution over tiles, done by the micro-kernel of the direct convolutions. */
struct winograd {
    struct conv conv;
    int tile_block; /* tiles that are transformed and multiplied at a time */
    int shares;     /* up to so many threads do tiles of their own, each in its part of the scratch */
};

#endif

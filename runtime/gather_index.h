#ifndef RUNTIME_GATHER_INDEX_H
#define RUNTIME_GATHER_INDEX_H

#include <stddef.h>
#include <stdint.h>

/* Counted from the end where negative; an index outside the axis reads its nearest element. */
static inline size_t gather_index(int64_t index, int64_t length) {
    if (index < 0) index += length;
    return index < 0 ? 0 : (size_t)(index < length ? index : length - 1);
}

#endif

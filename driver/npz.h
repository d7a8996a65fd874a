/* Arrays from NumPy's .npz archives. */
#ifndef SKIPC_DRIVER_NPZ_H
#define SKIPC_DRIVER_NPZ_H

#include "driver/npy.h"

/* The array `name` of an archive. Unless it must be `named`, also its only one whatever its name, and that of an .npy file. As
 * with npy_read, any file may come. */
bool array_read(Arena *arena, Diag *diag, const char *path, const char *name, bool named, NpyArray *array);

#endif

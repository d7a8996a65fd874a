#include "codegen/targets.h"

#include <string.h>

static const Variant no_variants[] = {{0}};

static const Variant x86_variants[] = {
    {"_avx512", "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma",
     "__builtin_cpu_supports(\"avx512f\") && __builtin_cpu_supports(\"avx512vl\") && __builtin_cpu_supports(\"avx512dq\") && "
     "__builtin_cpu_supports(\"avx512bw\")",
     "VEC_AVX512"},
    {"_avx2", "avx2,fma", "__builtin_cpu_supports(\"avx2\") && __builtin_cpu_supports(\"fma\")", "VEC_AVX2"},
    {0},
};

static const Target all[] = {
    {"portable", "any C99 compiler; as wide as its flags say", NULL, no_variants},
    {"auto", "on x86-64 AVX-512 and AVX2 too, chosen at run time", NULL, x86_variants},
    {"x86-64-v2", "-march=x86-64-v2 or wider", "defined(__SSE4_2__)", no_variants},
    {"x86-64-v3", "-march=x86-64-v3 or wider", "defined(__AVX2__) && defined(__FMA__)", no_variants},
    {"x86-64-v4", "-march=x86-64-v4", "defined(__AVX512F__) && defined(__AVX512VL__)", no_variants},
    {"aarch64", "64-bit ARM", "defined(__aarch64__)", no_variants},
    {0},
};

const Target *targets(void) {
    return all;
}

const Target *target_find(const char *name) {
    for (const Target *target = all; target->name; target++)
        if (strcmp(target->name, name) == 0) return target;
    return NULL;
}

/* Text from models and command lines, made safe to print. */
#ifndef SKIPC_DRIVER_TEXT_H
#define SKIPC_DRIVER_TEXT_H

#include "ir/types.h"

#include <stdio.h>

/* Control characters become '?': a node's name can neither break a line nor steer the terminal. */
void text_print(FILE *file, const char *text);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void json_string(FILE *file, const char *text);
/* "[1, 3, 224, 224]" */
void json_shape(FILE *file, const Shape *shape);
/* A JSON number; null where it is none. */
void json_number(FILE *file, double number);
/* A member of an object, `"name": number`, after `before`: what separates it from the one before. */
void json_member(FILE *file, const char *before, const char *name, double number);
/* The part after the last '/'. */
const char *file_name(const char *path);
/* "1,814,073,344" into `buffer`. */
const char *grouped(int64_t number, char buffer[32]);

#endif

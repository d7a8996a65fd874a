#include "driver/text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Length of the UTF-8 sequence that starts here, or 0 where none does (overlong forms and surrogates included). */
static int utf8_length(const unsigned char *text) {
    if (text[0] < 0x80) return 1;
    int length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
    if (text[0] < 0xc2 || text[0] > 0xf4) return 0;
    for (int k = 1; k < length; k++) {
        if ((text[k] & 0xc0) != 0x80) return 0;
    }
    if (text[0] == 0xe0 && text[1] < 0xa0) return 0;
    if (text[0] == 0xed && text[1] > 0x9f) return 0;
    if (text[0] == 0xf0 && text[1] < 0x90) return 0;
    if (text[0] == 0xf4 && text[1] > 0x8f) return 0;
    return length;
}

void text_print(FILE *file, const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        int length = utf8_length(at);
        if (length == 0 || *at < 0x20 || *at == 0x7f) {
            fputc('?', file);
            length = 1;
        } else {
            fwrite(at, 1, (size_t)length, file);
        }
        at += length;
    }
}

void json_string(FILE *file, const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    fputc('"', file);
    while (*at) {
        int length = utf8_length(at);
        if (length == 0) {
            fputs("\\ufffd", file);
            length = 1;
        } else if (*at == '"' || *at == '\\') {
            fprintf(file, "\\%c", *at);
        } else if (*at < 0x20 || *at == 0x7f) {
            fprintf(file, "\\u%04x", *at);
        } else {
            fwrite(at, 1, (size_t)length, file);
        }
        at += length;
    }
    fputc('"', file);
}

void json_shape(FILE *file, const Shape *shape) {
    fputc('[', file);
    for (int axis = 0; axis < shape->rank; axis++) fprintf(file, "%s%" PRId64, axis ? ", " : "", shape->dim[axis]);
    fputc(']', file);
}

void json_number(FILE *file, double number) {
    if (isfinite(number))
        fprintf(file, "%.9g", number);
    else
        fputs("null", file);
}

void json_member(FILE *file, const char *before, const char *name, double number) {
    fprintf(file, "%s\"%s\": ", before, name);
    json_number(file, number);
}

const char *file_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *grouped(int64_t number, char buffer[32]) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, number), used = 0;
    for (int k = 0; k < length; k++) {
        if (k > 0 && (length - k) % 3 == 0 && digits[k - 1] != '-') buffer[used++] = ',';
        buffer[used++] = digits[k];
    }
    buffer[used] = 0;
    return buffer;
}

#include "frontend/wire.h"

#include <stdbool.h>

enum {
    DEPTH_MAX = 64,
    /* Each field costs protobuf-c up to some 400 bytes, whatever its size in the file. ResNet-152 has 15,000. */
    FIELDS_MAX = 1 << 22
};

typedef struct {
    const uint8_t *at, *end;
    const char *error;
} Reader;

static const char *const truncated = "it is something else, truncated or damaged";

static uint64_t read_varint(Reader *reader) {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
        if (reader->at == reader->end) break;
        uint8_t byte = *reader->at++;
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    reader->error = truncated;
    return 0;
}

static void skip(Reader *reader, uint64_t size) {
    if (size > (uint64_t)(reader->end - reader->at))
        reader->error = truncated;
    else
        reader->at += size;
}

/* protobuf-c merges a message field that occurs twice by copying all it has so far: quadratic, and of no use here. */
static bool seen_before(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field, uint64_t *seen) {
    ptrdiff_t index = field - type->fields;
    if (field->label == PROTOBUF_C_LABEL_REPEATED || index >= 64) return false;
    uint64_t bit = (uint64_t)1 << index;
    bool before = *seen & bit;
    *seen |= bit;
    return before;
}

static void check_message(Reader *reader, const ProtobufCMessageDescriptor *type, int depth, int *fields);

static void check_delimited(Reader *reader, const ProtobufCFieldDescriptor *field, int depth, int *fields) {
    uint64_t size = read_varint(reader);
    const uint8_t *start = reader->at;
    skip(reader, size);
    if (reader->error || !field || field->type != PROTOBUF_C_TYPE_MESSAGE) return;
    Reader inner = {.at = start, .end = start + size};
    check_message(&inner, field->descriptor, depth + 1, fields);
    reader->error = inner.error;
}

static void check_message(Reader *reader, const ProtobufCMessageDescriptor *type, int depth, int *fields) {
    enum { VARINT, FIXED64, DELIMITED, FIXED32 = 5 };
    uint64_t seen = 0;
    if (depth > DEPTH_MAX) reader->error = "its messages are nested more than 64 deep";
    while (!reader->error && reader->at < reader->end) {
        if (++*fields > FIELDS_MAX) {
            reader->error = "it has more than 4 million fields";
            return;
        }
        uint64_t tag = read_varint(reader);
        const ProtobufCFieldDescriptor *field = NULL;
        if (tag >> 3 <= UINT32_MAX) field = protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
        if (field && field->type == PROTOBUF_C_TYPE_MESSAGE && seen_before(type, field, &seen)) {
            reader->error = "a field that may occur once occurs twice";
            return;
        }
        switch (tag & 7) {
        case VARINT: read_varint(reader); break;
        case FIXED64: skip(reader, 8); break;
        case DELIMITED: check_delimited(reader, field, depth, fields); break;
        case FIXED32: skip(reader, 4); break;
        default: reader->error = truncated; break;
        }
    }
}

const char *wire_check(const uint8_t *bytes, size_t size, const ProtobufCMessageDescriptor *type) {
    Reader reader = {.at = bytes, .end = bytes + size};
    int fields = 0;
    check_message(&reader, type, 1, &fields);
    return reader.error;
}

/* A look over protobuf bytes before protobuf-c unpacks them, which trusts nesting and counts. */
#ifndef SKIPC_FRONTEND_WIRE_H
#define SKIPC_FRONTEND_WIRE_H

#include <protobuf-c/protobuf-c.h>

/* NULL when `bytes` are well formed, nested at most 64 deep, with a bounded number of fields; else what is wrong. */
const char *wire_check(const uint8_t *bytes, size_t size, const ProtobufCMessageDescriptor *type);

#endif

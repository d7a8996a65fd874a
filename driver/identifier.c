#include "driver/identifier.h"

#include <string.h>

/* C11's and C++20's. */
static const char *const keywords[] = {
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "union",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
};

static bool is_keyword(const char *name) {
    for (size_t k = 0; k < sizeof keywords / sizeof *keywords; k++) {
        if (strcmp(name, keywords[k]) == 0) return true;
    }
    return false;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

const char *identifier_problem(const char *name) {
    if (name[0] == '_') return "names that begin with an underscore are reserved in C";
    if (!is_letter(name[0])) return "it must begin with a letter";
    for (const char *c = name; *c; c++) {
        if (!is_letter(*c) && !is_digit(*c) && *c != '_') return "only letters, digits and underscores are allowed";
    }
    if (strstr(name, "__")) return "names with two underscores in a row are reserved in C++";
    if (strlen(name) > IDENTIFIER_LONGEST) return "it is longer than 63 characters";
    if (is_keyword(name)) return "it is a keyword";
    return NULL;
}

const char *identifier_from(Arena *arena, const char *text) {
    char name[IDENTIFIER_LONGEST + 1];
    size_t length = 0;
    for (; *text && length < IDENTIFIER_LONGEST - 4; text++) {
        if (is_letter(*text) || is_digit(*text))
            name[length++] = *text;
        else if (length > 0 && name[length - 1] != '_')
            name[length++] = '_';
    }
    while (length > 0 && name[length - 1] == '_') length--;
    name[length] = 0;
    if (length == 0) return "net";
    if (is_digit(name[0]) || is_keyword(name)) return arena_printf(arena, "net_%s", name);
    return arena_strdup(arena, name);
}

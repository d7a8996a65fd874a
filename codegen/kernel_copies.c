#include "codegen/kernel_copies.h"

#include "codegen/kernels.h"

#include <ctype.h>
#include <string.h>

static int find_kernel(const char *name, size_t length) {
    for (int k = 0; kernel_files[k].name; k++)
        if (strlen(kernel_files[k].name) == length && memcmp(kernel_files[k].name, name, length) == 0) return k;
    return -1;
}

static bool starts_with(const char *line, size_t length, const char *start) {
    return length >= strlen(start) && memcmp(line, start, strlen(start)) == 0;
}

/* The kernel file that an `#include "runtime/NAME.h"` line names, or -1 where the line is none. */
static int included_kernel(const char *line, size_t length) {
    static const char own[] = "#include \"runtime/";
    if (!starts_with(line, length, own)) return -1;
    const char *name = line + strlen(own), *end = strchr(name, '.');
    return find_kernel(name, (size_t)(end - name));
}

static size_t line_length(const char *line) {
    return strcspn(line, "\n");
}

static const char *next_line(const char *line) {
    size_t length = line_length(line);
    return line[length] ? line + length + 1 : line + length;
}

/* Does a file depend on the vector width: is it vec_target.h, or does it include what does? */
static bool depends_on_width(int kernel) {
    if (strcmp(kernel_files[kernel].name, "vec_target") == 0) return true;
    for (const char *line = kernel_files[kernel].text; *line; line = next_line(line)) {
        int included = included_kernel(line, line_length(line));
        if (included >= 0 && depends_on_width(included)) return true;
    }
    return false;
}

static void copy_kernel(Emitter *e, KernelCopies *to, int kernel);

static void add_system_include(Emitter *e, const char *line, size_t length) {
    const char *text = arena_printf(e->graph->arena, "%.*s\n", (int)length, line);
    if (!e->system_includes.data || !strstr(e->system_includes.data, text)) text_printf(&e->system_includes, "%s", text);
}

/* True where the line is consumed: an include, or part of the include guard. */
static bool handle_directive(Emitter *e, KernelCopies *to, const char *line, size_t length, int conditions) {
    int included = included_kernel(line, length);
    if (included >= 0) {
        copy_kernel(e, to, included);
        return true;
    }
    if (conditions == 1 && starts_with(line, length, "#include <")) {
        add_system_include(e, line, length);
        return true;
    }
    return starts_with(line, length, "#ifndef RUNTIME_") || starts_with(line, length, "#define RUNTIME_") ||
           (conditions == 0 && starts_with(line, length, "#endif"));
}

/* Nothing yet, or a blank line at the end. */
static bool ends_blank(const Text *text) {
    return text->length == 0 || (text->length > 1 && memcmp(text->data + text->length - 2, "\n\n", 2) == 0);
}

/* A kernel file without its include guard, after what it includes. */
static const char *kernel_body(Emitter *e, KernelCopies *to, int kernel) {
    int conditions = 0;
    Text body = {.arena = e->graph->arena};
    for (const char *line = kernel_files[kernel].text; *line; line = next_line(line)) {
        size_t length = line_length(line);
        conditions += starts_with(line, length, "#if");
        conditions -= starts_with(line, length, "#endif");
        if (handle_directive(e, to, line, length, conditions) || (length == 0 && ends_blank(&body))) continue;
        text_printf(&body, "%.*s\n", (int)length, line);
    }
    while (body.length > 1 && ends_blank(&body)) body.data[--body.length] = '\0';
    return body.data ? body.data : "";
}

/* The branch of vec_target.h that defines `width`: what the compiler would take for that width, without the header that is
 * included for all variants. */
static const char *width_branch(Emitter *e, int kernel, const char *width) {
    const char *line = kernel_files[kernel].text, *definition = arena_printf(e->graph->arena, "#define %s\n", width);
    Text branch = {.arena = e->graph->arena};
    while (*line && strncmp(line, definition, strlen(definition)) != 0) line = next_line(line);
    for (; *line && !starts_with(line, line_length(line), "#el"); line = next_line(line))
        if (!starts_with(line, line_length(line), "#include")) text_printf(&branch, "%.*s\n", (int)line_length(line), line);
    return branch.data ? branch.data : "";
}

/* Does a line of runtime/ define `word`, as a macro, a structure, an enumerator or a function? Definitions start their line
 * there. */
static bool defines(const char *line, size_t length, const char *word, size_t word_length) {
    static const char macro[] = "#define ", structure[] = "struct ", enumerator[] = "enum { ", function[] = "static ";
    size_t start = starts_with(line, length, macro)       ? strlen(macro)
                   : starts_with(line, length, structure) ? strlen(structure)
                                                          : 0;
    if (start)
        return start + word_length <= length && memcmp(line + start, word, word_length) == 0 &&
               !is_word(line[start + word_length]);
    bool enumerators = starts_with(line, length, enumerator);
    if (!enumerators && !starts_with(line, length, function)) return false;
    size_t end = enumerators ? length : strcspn(line, "(");
    if (word_length >= end || end > length) return false;
    for (size_t at = enumerators ? 1 : end - word_length; at + word_length <= end; at++) {
        if (memcmp(line + at, word, word_length) != 0 || is_word(line[at - 1]) || is_word(line[at + word_length])) continue;
        return !enumerators || starts_with(line + at + word_length, length - at - word_length, " = ");
    }
    return false;
}

static bool is_width_name(const char *word, size_t length) {
    static const char vector[] = "vec"; /* its definition ends a structure, or is behind an attribute */
    if (length == strlen(vector) && memcmp(word, vector, length) == 0) return true;
    for (int k = 0; kernel_files[k].name; k++) {
        if (!depends_on_width(k)) continue;
        for (const char *line = kernel_files[k].text; *line; line = next_line(line))
            if (defines(line, line_length(line), word, length)) return true;
    }
    return false;
}

/* `text` with the suffix behind every name that depends on the width. */
static void add_renamed(Text *to, const char *text, const char *suffix) {
    while (*text) {
        size_t length = 0;
        while (is_word(text[length])) length++;
        bool word = length > 0;
        if (!word) length = 1;
        text_add(to, text, length);
        if (word && !isdigit((unsigned char)*text) && is_width_name(text, length)) text_add(to, suffix, strlen(suffix));
        text += length;
    }
}

const char *renamed_for_variant(Emitter *e, const char *text, int variant) {
    Text renamed = {.arena = e->graph->arena};
    add_renamed(&renamed, text, e->variants[variant].variant->suffix);
    return renamed.data ? renamed.data : "";
}

/* To a variant, or with `to` NULL to the kernels that the compiler's flags choose. */
static void copy_kernel(Emitter *e, KernelCopies *to, int kernel) {
    if (to && !depends_on_width(kernel)) to = NULL;
    bool *used = to ? to->used : e->kernel_used;
    if (used[kernel]) return;
    used[kernel] = true;
    Text *text = to ? &to->kernels : &e->kernels;
    bool chosen = to && strcmp(kernel_files[kernel].name, "vec_target") == 0;
    const char *body = chosen ? width_branch(e, kernel, to->variant->width) : kernel_body(e, to, kernel);
    if (to)
        add_renamed(text, body, to->variant->suffix);
    else
        text_add(text, body, strlen(body));
    text_printf(text, "\n");
}

void use_kernel(Emitter *e, const char *kernel) {
    int index = find_kernel(kernel, strlen(kernel));
    if (e->step && !e->step->kernel) e->step->kernel = kernel;
    if (index >= 0)
        copy_kernel(e, NULL, index);
    else
        fail(e->graph->diag, STATUS_UNSUPPORTED, "skipc has no kernel '%s'", kernel);
}

void copy_vector_kernel(Emitter *e, const char *kernel) {
    use_kernel(e, kernel);
    int index = find_kernel(kernel, strlen(kernel));
    for (int v = 0; index >= 0 && v < e->variant_count; v++) copy_kernel(e, &e->variants[v], index);
}

void kernels_begin(Emitter *e) {
    Arena *arena = e->graph->arena;
    int kernels = 0;
    while (kernel_files[kernels].name) kernels++;
    e->kernel_used = ARENA_ARRAY(arena, bool, kernels + 1);
    const Variant *variants = e->options->target->variants;
    while (variants[e->variant_count].suffix) e->variant_count++;
    e->variants = ARENA_ARRAY(arena, KernelCopies, e->variant_count + 1);
    for (int v = 0; v < e->variant_count; v++) {
        e->variants[v] = (KernelCopies){.variant = &variants[v], .used = ARENA_ARRAY(arena, bool, kernels + 1)};
        e->variants[v].kernels.arena = e->variants[v].specialised.arena = arena;
    }
}

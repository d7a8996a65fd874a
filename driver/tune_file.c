/* The file of measured choices: a line that names the format, three that say what was measured with, and a line per geometry. */
#include "driver/build.h"
#include "driver/output.h"
#include "driver/text.h"
#include "driver/tune.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

static const char format_line[] = "skipc-tune 1";
enum { LINE_BYTES = 1024 };

static const char *tuning_path(Driver *driver, const ModelOptions *options) {
    if (*options->tune) return options->tune;
    size_t length = strlen(options->path), extension = strlen(".onnx");
    if (length > extension && strcmp(options->path + length - extension, ".onnx") == 0) length -= extension;
    return arena_printf(driver->arena, "%.*s.tune", (int)length, options->path);
}

/* The value behind "KEY   : ", or NULL where the line has another key. */
static const char *value_of(const char *line, const char *key) {
    size_t length = strlen(key);
    if (strncmp(line, key, length) != 0) return NULL;
    const char *colon = line + length + strspn(line + length, " \t");
    return *colon == ':' ? colon + 1 + strspn(colon + 1, " \t") : NULL;
}

/* Name and model numbers of the first processor, e.g. "x86_64, AMD EPYC, 25, 17"; the machine's kind alone where the system does
 * not say. */
static const char *cpu_name(Driver *driver) {
    static const char *const keys[] = {"model name", "cpu family", "model", "CPU implementer", "CPU part"};
    struct utsname system;
    const char *name = uname(&system) == 0 ? arena_strdup(driver->arena, system.machine) : "unknown";
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[LINE_BYTES];
    while (file && fgets(line, sizeof line, file) && line[0] != '\n') {
        line[strcspn(line, "\n")] = '\0';
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            const char *value = value_of(line, keys[k]);
            if (value) name = arena_printf(driver->arena, "%s, %s", name, value);
        }
    }
    if (file) fclose(file);
    return name;
}

/* What a measurement holds for. */
static const char *measured_with(Driver *driver) {
    return arena_printf(driver->arena, "version " SKIPC_VERSION "\ncpu %s\ncompiler %s\n", cpu_name(driver),
                        compiler_name(&(BuildOptions){.cc = NULL}));
}

static bool malformed(Driver *driver, const char *path, int line) {
    return fail(driver->diag, STATUS_FILE, "%s: line %d is not of a tuning file: name another, or remove it to measure again",
                path, line);
}

/* "layer GEOMETRY KERNEL ...", what follows is for the reader. */
static bool parse_choice(Driver *driver, const char *line, KernelChoice *choice) {
    char layer[LINE_BYTES], kernel[32];
    if (sscanf(line, "layer %1023s %31s", layer, kernel) != 2) return false;
    const KernelCandidate *candidate = kernel_candidate(kernel);
    if (!candidate) return false;
    *choice = (KernelChoice){arena_strdup(driver->arena, layer), candidate->winograd};
    return true;
}

static void add_choice(Driver *driver, Tuning *tuning, int *capacity, KernelChoice choice, const char *line) {
    list_add(driver->arena, &tuning->lines, arena_strdup(driver->arena, line));
    if (tuning->choice_count == *capacity) {
        *capacity = *capacity * 2 + 16;
        KernelChoice *choices = ARENA_ARRAY(driver->arena, KernelChoice, *capacity);
        if (tuning->choice_count) memcpy(choices, tuning->choices, (size_t)tuning->choice_count * sizeof *choices);
        tuning->choices = choices;
    }
    tuning->choices[tuning->choice_count++] = choice;
}

static bool read_lines(Driver *driver, const char *path, FILE *file, const char *wanted, Tuning *tuning) {
    char line[LINE_BYTES];
    const char *found = "";
    int number = 0, capacity = 0;
    while (fgets(line, sizeof line, file)) {
        size_t length = strcspn(line, "\n");
        if (!line[length]) return malformed(driver, path, number + 1); /* too long, cut off, or a zero byte */
        line[length] = '\0';
        KernelChoice choice;
        if (++number == 1) {
            if (strcmp(line, format_line) != 0) return malformed(driver, path, number);
        } else if (number <= 4) {
            found = arena_printf(driver->arena, "%s%s\n", found, line);
        } else if (parse_choice(driver, line, &choice)) {
            add_choice(driver, tuning, &capacity, choice, line);
        } else {
            return malformed(driver, path, number);
        }
    }
    if (number < 4) return malformed(driver, path, number + 1);
    if (wanted && strcmp(found, wanted) != 0) *tuning = (Tuning){.choice_count = 0};
    return true;
}

bool tuning_read(Driver *driver, const ModelOptions *options, Tuning *tuning) {
    const char *path = tuning_path(driver, options);
    *tuning = (Tuning){.choice_count = 0};
    FILE *file = fopen(path, "re");
    if (!file && errno == ENOENT && !*options->tune) return true;
    if (!file) return fail(driver->diag, STATUS_FILE, "%s: %s", path, strerror(errno));
    bool done = read_lines(driver, path, file, *options->tune ? NULL : measured_with(driver), tuning);
    fclose(file);
    return done;
}

static int fastest(const LayerMeasurement *layer) {
    int best = 0;
    for (int k = 1; k < KERNEL_CANDIDATES; k++)
        if (layer->milliseconds[k] < layer->milliseconds[best]) best = k;
    return best;
}

bool tuning_write(Driver *driver, const ModelOptions *options, const Tuning *known, const LayerMeasurement *layers, int count) {
    const char *path = tuning_path(driver, options);
    Output output;
    if (!output_open(driver, &output, path)) return false;
    fprintf(output.file, "%s\n%s", format_line, measured_with(driver));
    for (int k = 0; k < known->choice_count; k++) fprintf(output.file, "%s\n", known->lines.item[k]);
    for (int k = 0; k < count; k++) {
        fprintf(output.file, "layer %s %s", layers[k].layer, kernel_candidates[fastest(&layers[k])].name);
        for (int c = 0; c < KERNEL_CANDIDATES; c++)
            fprintf(output.file, " %s=%.3fms", kernel_candidates[c].name, layers[k].milliseconds[c]);
        fputc('\n', output.file);
    }
    bool written = output_finish(driver, &output) && output_commit(driver, &output);
    output_discard(&output);
    if (written) note(driver->diag, "measured the kernels of %d layer geometries: %s keeps the choice", count, file_name(path));
    return written;
}

/* What the load generator counts, and how it is printed. */
#ifndef TIERWISE_RIG_TALLY_H
#define TIERWISE_RIG_TALLY_H

#include "http.h"

/* Durations in microseconds. */
typedef struct {
    float *values;
    size_t count, capacity;
} Samples;

typedef struct {
    Samples latency, first, delay; /* whole answers; to the first chunk; from the mock's sending to our receiving */
    long errors, chunks, lost, misordered, connections, bytes;
    uint64_t begun, last;
    char first_error[400];
} Tally;

static inline void samples_add(Samples *samples, uint64_t nanoseconds) {
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity ? samples->capacity * 2 : 4096;
        samples->values = realloc(samples->values, samples->capacity * sizeof(float));
        if (!samples->values) die("realloc");
    }
    samples->values[samples->count++] = (float)nanoseconds / 1000.0f;
}

static inline int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Keep the first error with the start of its answer, made safe to stand inside a JSON string. */
static inline void tally_error(Tally *tally, const char *problem, int status, const char *text, size_t length) {
    if (tally->errors++) return;
    int at = snprintf(tally->first_error, sizeof tally->first_error, "%s (status %d) ", problem, status);
    for (size_t i = 0; i < length && at < (int)sizeof tally->first_error - 1; i++) {
        char c = text[i];
        tally->first_error[at++] = c < ' ' || c > '~' || c == '"' || c == '\\' ? '.' : c;
    }
    tally->first_error[at] = 0;
}

/* Print the percentiles of `samples`; null where there are none, which is not zero. */
static inline void print_samples(const char *name, Samples *samples) {
    static const struct { const char *label; double at; } points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1}};
    if (samples->count) qsort(samples->values, samples->count, sizeof(float), compare_floats);
    for (size_t i = 0; i < 4; i++) {
        size_t rank = (size_t)(points[i].at * (double)samples->count);
        if (rank >= samples->count) rank = samples->count - 1;
        if (samples->count) printf(", \"%s_%s_us\": %.1f", name, points[i].label, (double)samples->values[rank]);
        else printf(", \"%s_%s_us\": null", name, points[i].label);
    }
}

static inline void tally_print(Tally *tally) {
    double seconds = tally->last > tally->begun ? (double)(tally->last - tally->begun) / 1e9 : 0;
    printf("{\"answered\": %zu, \"errors\": %ld, \"seconds\": %.4f, \"connections\": %ld, \"bytes\": %ld", tally->latency.count,
           tally->errors, seconds, tally->connections, tally->bytes);
    printf(", \"chunks\": %ld, \"lost\": %ld, \"misordered\": %ld", tally->chunks, tally->lost, tally->misordered);
    print_samples("latency", &tally->latency);
    print_samples("first", &tally->first);
    print_samples("delay", &tally->delay);
    printf(", \"first_error\": \"%s\"}\n", tally->first_error);
}

#endif

/* What the mock upstream and the load generator share: a clock, a growing buffer, HTTP/1.1 heads and chunked bodies. */
#ifndef TIERWISE_RIG_HTTP_H
#define TIERWISE_RIG_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

typedef struct {
    char *data;
    size_t length, capacity;
} Buffer;

/* Nanoseconds of the monotonic clock, which both programs read, so that one can date what the other sent. */
static inline uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

static inline void die(const char *what) {
    perror(what);
    exit(1);
}

/* Make room for `more` bytes behind the content and return where they go. */
static inline char *buffer_room(Buffer *buffer, size_t more) {
    if (buffer->length + more > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity : 1024;
        while (capacity < buffer->length + more) capacity *= 2;
        buffer->data = realloc(buffer->data, capacity);
        if (!buffer->data) die("realloc");
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->length;
}

static inline void buffer_add(Buffer *buffer, const char *bytes, size_t count) {
    memcpy(buffer_room(buffer, count), bytes, count);
    buffer->length += count;
}

/* Forget the first `count` bytes. */
static inline void buffer_drop(Buffer *buffer, size_t count) {
    buffer->length -= count;
    if (buffer->length && count) memmove(buffer->data, buffer->data + count, buffer->length);
}

static inline void buffer_free(Buffer *buffer) {
    free(buffer->data);
    *buffer = (Buffer){0};
}

/* Return the length of the head including its empty line, or 0 while it is incomplete. */
static inline size_t head_length(const char *data, size_t length) {
    const char *end = length < 4 ? NULL : memmem(data, length, "\r\n\r\n", 4);
    return end ? (size_t)(end - data) + 4 : 0;
}

/* Return where the value of header `name` begins in a complete head, or NULL. The value ends at '\r'. */
static inline const char *header_value(const char *head, size_t length, const char *name) {
    size_t name_length = strlen(name);
    const char *line = memchr(head, '\n', length), *end = head + length;
    while (line && ++line + name_length < end) {
        if (strncasecmp(line, name, name_length) == 0 && line[name_length] == ':') {
            const char *value = line + name_length + 1;
            while (*value == ' ') value++;
            return value;
        }
        line = memchr(line, '\n', (size_t)(end - line));
    }
    return NULL;
}

static inline bool header_is(const char *head, size_t length, const char *name, const char *wanted) {
    const char *value = header_value(head, length, name);
    return value && strncasecmp(value, wanted, strlen(wanted)) == 0;
}

/* Is `"name": true` in the text? A quoted name inside a JSON string would be escaped, so that it cannot be meant. */
static inline bool text_says_true(const char *text, size_t length, const char *name) {
    const char *found = length ? memmem(text, length, name, strlen(name)) : NULL, *end = text + length;
    if (!found) return false;
    found += strlen(name);
    while (found < end && (*found == ' ' || *found == ':')) found++;
    return end - found >= 4 && memcmp(found, "true", 4) == 0;
}

/* The same for a body: only its first and last 4 KiB are searched, as reading 300 KB would cost more than serving them. */
static inline bool says_true(const char *body, size_t length, const char *name) {
    enum { EDGE = 4096 };
    if (length <= 2 * EDGE) return text_says_true(body, length, name);
    return text_says_true(body, EDGE, name) || text_says_true(body + length - EDGE, EDGE, name);
}

/* A chunked body that arrives in pieces. */
typedef enum { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER, CHUNK_DONE, CHUNK_BAD } ChunkState;

typedef struct {
    ChunkState state;
    size_t left, line;
} Chunked;

static inline int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline void chunk_line_end(Chunked *chunked) {
    chunked->state = chunked->left ? CHUNK_DATA : CHUNK_TRAILER;
    chunked->line = 0;
}

/* Take one byte outside of chunk data. */
static inline void chunk_step(Chunked *chunked, char c) {
    switch (chunked->state) {
    case CHUNK_SIZE:
        if (hex_digit(c) >= 0) {
            chunked->left = chunked->left * 16 + (size_t)hex_digit(c);
        } else if (c == '\n') {
            chunk_line_end(chunked);
        } else {
            chunked->state = c == ';' || c == '\r' || c == ' ' ? CHUNK_EXTENSION : CHUNK_BAD;
        }
        break;
    case CHUNK_EXTENSION:
        if (c == '\n') chunk_line_end(chunked);
        break;
    case CHUNK_DATA_END:
        if (c == '\n') *chunked = (Chunked){0};
        break;
    case CHUNK_TRAILER:
        if (c == '\n') {
            if (chunked->line == 0) chunked->state = CHUNK_DONE;
            chunked->line = 0;
        } else if (c != '\r') {
            chunked->line++;
        }
        break;
    default:
        chunked->state = CHUNK_BAD;
    }
}

/* Decode up to `count` bytes into `body`; return how many were used. Stops behind the last chunk. */
static inline size_t chunked_feed(Chunked *chunked, const char *bytes, size_t count, Buffer *body) {
    size_t used = 0;
    while (used < count && chunked->state != CHUNK_DONE && chunked->state != CHUNK_BAD) {
        if (chunked->state != CHUNK_DATA) {
            chunk_step(chunked, bytes[used++]);
            continue;
        }
        size_t take = count - used < chunked->left ? count - used : chunked->left;
        buffer_add(body, bytes + used, take);
        used += take;
        chunked->left -= take;
        if (chunked->left == 0) chunked->state = CHUNK_DATA_END;
    }
    return used;
}

/* Append one HTTP chunk that holds `text`. */
static inline void chunk_add(Buffer *out, const char *text, size_t length) {
    char size[32];
    int size_length = snprintf(size, sizeof size, "%zx\r\n", length);
    buffer_add(out, size, (size_t)size_length);
    buffer_add(out, text, length);
    buffer_add(out, "\r\n", 2);
}

#endif

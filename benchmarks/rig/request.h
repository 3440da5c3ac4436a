/* The one request that the load generator sends again and again. */
#ifndef TIERWISE_RIG_REQUEST_H
#define TIERWISE_RIG_REQUEST_H

#include "http.h"

/* Fill `request` with a POST of the file at `path` to `target`; `headers` are complete lines. */
static inline void request_build(Buffer *request, const char *path, const char *target, int port, const Buffer *headers) {
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    Buffer body = {0};
    size_t count;
    while ((count = fread(buffer_room(&body, 65536), 1, 65536, file)) > 0) body.length += count;
    fclose(file);
    char head[1024];
    int length = snprintf(head, sizeof head,
                          "POST %s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\naccept: */*\r\n"
                          "content-length: %zu\r\n",
                          target, port, body.length);
    buffer_add(request, head, (size_t)length);
    if (headers->length) buffer_add(request, headers->data, headers->length);
    buffer_add(request, "\r\n", 2);
    buffer_add(request, body.data, body.length);
    buffer_free(&body);
}

#endif

/* The one chat completion with which the mock answers what is no stream. */
#ifndef TIERWISE_RIG_ANSWER_H
#define TIERWISE_RIG_ANSWER_H

#include <stdio.h>
#include <string.h>

enum { ANSWER_SIZE = 680 };

/* Write the head and the ANSWER_SIZE bytes of the body into `answer`; return the length of both. */
static inline size_t answer_prepare(char *answer, size_t capacity) {
    char body[ANSWER_SIZE + 1];
    static const char start[] =
        "{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion\",\"created\":1760000000,\"model\":\"mock-1\",\"choices\":[{\"index\":0,"
        "\"message\":{\"role\":\"assistant\",\"content\":\"";
    static const char end[] =
        "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":64,"
        "\"total_tokens\":184,\"prompt_tokens_details\":{\"cached_tokens\":0}},\"system_fingerprint\":\"fp_mock\"}";
    static const char words[] = "The quick answer is forty-two, and here is why it holds. ";
    memcpy(body, start, sizeof start - 1);
    for (size_t at = sizeof start - 1, i = 0; at < ANSWER_SIZE - (sizeof end - 1); at++, i++) body[at] = words[i % (sizeof words - 1)];
    memcpy(body + ANSWER_SIZE - (sizeof end - 1), end, sizeof end);
    return (size_t)snprintf(answer, capacity,
                            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s",
                            ANSWER_SIZE, body);
}

#endif

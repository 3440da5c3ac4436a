/*
 * A mock upstream: POST anything answers with a chat completion of 680 bytes, or, when the body says "stream": true,
 * with a stream of chunks at a fixed pace, each of which carries its number and the time it was sent. GET /stats
 * counts what came in. One thread, epoll, keep-alive; prints its port and serves until SIGTERM or its lifetime ends.
 *
 * usage: mock [--port 0] [--chunks 50] [--interval-ms 20] [--lifetime 1200]
 * The request headers x-mock-chunks and x-mock-interval-ms override the pace for one request.
 */
#define _GNU_SOURCE
#include "answer.h"
#include "http.h"
#include "socket.h"

#include <errno.h>
#include <getopt.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

/* Chunks leave on a grid of 20 us: a coarse one would send them in bursts, which nginx profits from most. */
enum { SLOTS = 65536, TICKS_A_MS = 50, TICK_NS = 1000000 / TICKS_A_MS, READ_SIZE = 262144, EVENTS = 512 };

typedef struct Connection {
    int fd;
    bool chunked, streaming, wants_usage, waits_for_write;
    size_t head, body, used, written;
    int sent, chunks, interval_ms;
    uint64_t due;
    Chunked decoder;
    Buffer in, decoded, out;
    struct Connection *next, **link;
} Connection;

static Connection *connections[MAX_FD];
static Connection *wheel[SLOTS]; /* streams by the tick in which their next chunk is due */
static uint64_t wheel_tick;
static int epoll_fd, timer_fd, active_streams, default_chunks = 50, default_interval_ms = 20;
static unsigned long requests, streams, accepted, left_early;
static char answer[2048];
static size_t answer_length;

static void schedule(Connection *c, uint64_t due) {
    if (due <= wheel_tick) due = wheel_tick + 1;
    Connection **slot = &wheel[due % SLOTS];
    c->due = due;
    c->next = *slot;
    c->link = slot;
    if (c->next) c->next->link = &c->next;
    *slot = c;
}

static void unschedule(Connection *c) {
    if (!c->link) return;
    *c->link = c->next;
    if (c->next) c->next->link = c->link;
    c->link = NULL;
}

static void hang_up(Connection *c) {
    if (c->streaming) {
        left_early++;
        active_streams--;
    }
    unschedule(c);
    connections[c->fd] = NULL;
    close(c->fd);
    buffer_free(&c->in);
    buffer_free(&c->decoded);
    buffer_free(&c->out);
    free(c);
}

/* Write what is pending. False when the connection is gone. */
static bool flush(Connection *c) {
    while (c->written < c->out.length) {
        ssize_t count = send(c->fd, c->out.data + c->written, c->out.length - c->written, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN) {
            hang_up(c);
            return false;
        }
        if (count < 0) break;
        c->written += (size_t)count;
    }
    bool pending = c->written < c->out.length;
    if (!pending) c->out.length = c->written = 0;
    if (pending != c->waits_for_write) {
        struct epoll_event event = {.events = EPOLLIN | (pending ? EPOLLOUT : 0), .data.fd = c->fd};
        epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
        c->waits_for_write = pending;
    }
    return true;
}

#define EVENT_START "data: {\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"mock-1\",\"choices\":["

static void add_end(Connection *c) {
    static const char finish[] = EVENT_START "{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    char usage[512];
    chunk_add(&c->out, finish, sizeof finish - 1);
    if (c->wants_usage) {
        int length = snprintf(usage, sizeof usage,
                              EVENT_START "],\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":%d,\"total_tokens\":%d}}\n\n",
                              c->chunks, c->chunks + 120);
        chunk_add(&c->out, usage, (size_t)length);
    }
    chunk_add(&c->out, "data: [DONE]\n\n", 14);
    buffer_add(&c->out, "0\r\n\r\n", 5);
}

static void take_requests(Connection *c);

/* Append the next chunk, which names its number and the time of sending; behind the last one the end. */
static void add_content(Connection *c) {
    char event[512];
    int length = snprintf(event, sizeof event,
                          EVENT_START "{\"index\":0,\"delta\":{%s\"content\":\"#%d@%llu \"},\"finish_reason\":null}]}\n\n",
                          c->sent ? "" : "\"role\":\"assistant\",", c->sent, (unsigned long long)now_ns());
    chunk_add(&c->out, event, (size_t)length);
    if (++c->sent < c->chunks) return schedule(c, c->due + (uint64_t)c->interval_ms * TICKS_A_MS);
    add_end(c);
    c->streaming = false;
    active_streams--;
}

static void send_chunk(Connection *c) {
    add_content(c);
    if (flush(c) && !c->streaming) take_requests(c);
}

static int header_number(const Connection *c, const char *name, int otherwise) {
    const char *value = header_value(c->in.data, c->head, name);
    return value ? atoi(value) : otherwise;
}

static void start_stream(Connection *c, bool wants_usage) {
    static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    streams++;
    active_streams++;
    c->streaming = true;
    c->sent = 0;
    c->chunks = header_number(c, "x-mock-chunks", default_chunks);
    c->interval_ms = header_number(c, "x-mock-interval-ms", default_interval_ms);
    c->wants_usage = wants_usage;
    buffer_add(&c->out, head, sizeof head - 1);
    c->due = now_ns() / TICK_NS;
    add_content(c); /* the first chunk leaves at once, so that the time to it is the time of the proxy */
}

static void serve(Connection *c, const char *body, size_t length) {
    if (memcmp(c->in.data, "POST", 4) != 0) {
        char reply[512], json[256];
        int size = snprintf(json, sizeof json, "{\"requests\":%lu,\"streams\":%lu,\"connections\":%lu,\"left_early\":%lu}",
                            requests, streams, accepted, left_early);
        int total = snprintf(reply, sizeof reply,
                             "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", size, json);
        buffer_add(&c->out, reply, (size_t)total);
        return;
    }
    requests++;
    if (says_true(body, length, "\"stream\"")) {
        start_stream(c, says_true(body, length, "\"include_usage\""));
    } else {
        buffer_add(&c->out, answer, answer_length);
    }
}

/* Read one head, if complete, and note how its body is delimited. */
static bool read_head(Connection *c) {
    c->head = head_length(c->in.data, c->in.length);
    if (!c->head) return false;
    c->chunked = header_is(c->in.data, c->head, "transfer-encoding", "chunked");
    const char *length = header_value(c->in.data, c->head, "content-length");
    c->body = length && !c->chunked ? strtoull(length, NULL, 10) : 0;
    c->used = c->head;
    c->decoder = (Chunked){0};
    c->decoded.length = 0;
    if (header_is(c->in.data, c->head, "expect", "100-continue")) buffer_add(&c->out, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    return true;
}

/* Serve every complete request in the buffer; one at a time while a stream is under way. */
static void take_requests(Connection *c) {
    while (!c->streaming && c->in.length) {
        if (!c->head && !read_head(c)) break;
        const char *body = c->in.data + c->head;
        size_t length = c->body, end = c->head + c->body;
        if (c->chunked) {
            c->used += chunked_feed(&c->decoder, c->in.data + c->used, c->in.length - c->used, &c->decoded);
            if (c->decoder.state == CHUNK_BAD) return hang_up(c);
            if (c->decoder.state != CHUNK_DONE) break;
            body = c->decoded.data;
            length = c->decoded.length;
            end = c->used;
        }
        if (c->in.length < end) break;
        serve(c, body, length);
        buffer_drop(&c->in, end);
        c->head = 0;
    }
    flush(c);
}

static void read_ready(Connection *c) {
    for (;;) {
        ssize_t count = recv(c->fd, buffer_room(&c->in, READ_SIZE), READ_SIZE, 0);
        if (count == 0 || (count < 0 && errno != EAGAIN)) return hang_up(c);
        if (count < 0) break;
        c->in.length += (size_t)count;
        if (count < READ_SIZE) break;
    }
    take_requests(c);
}

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        if (fd >= MAX_FD) {
            close(fd);
            continue;
        }
        send_at_once(fd);
        connections[fd] = calloc(1, sizeof(Connection));
        if (!connections[fd]) die("calloc");
        connections[fd]->fd = fd;
        accepted++;
        watch(fd);
    }
}

/* Set the timer to the next tick that has a stream; there is one. */
static void set_timer(void) {
    uint64_t tick = wheel_tick + 1;
    while (!wheel[tick % SLOTS] && tick < wheel_tick + SLOTS) tick++;
    uint64_t at = tick * TICK_NS;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at / 1000000000u), .tv_nsec = (long)(at % 1000000000u)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Send every chunk that is due by now. */
static void run_wheel(void) {
    uint64_t now = now_ns() / TICK_NS;
    if (now - wheel_tick > SLOTS) wheel_tick = now - SLOTS;
    while (wheel_tick < now) {
        wheel_tick++;
        Connection *c = wheel[wheel_tick % SLOTS];
        while (c) {
            Connection *next = c->next;
            if (c->due <= wheel_tick) {
                unschedule(c);
                send_chunk(c);
            }
            c = next;
        }
    }
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"port", 1, 0, 'p'}, {"chunks", 1, 0, 'c'}, {"interval-ms", 1, 0, 'i'}, {"lifetime", 1, 0, 'l'}, {0, 0, 0, 0}};
    int port = 0, lifetime = 1200, option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'p') port = atoi(optarg);
        else if (option == 'c') default_chunks = atoi(optarg);
        else if (option == 'i') default_interval_ms = atoi(optarg);
        else if (option == 'l') lifetime = atoi(optarg);
        else return 2;
    }
    bound_process(lifetime);
    answer_length = answer_prepare(answer, sizeof answer);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event events[EVENTS];
    int listener = listen_on(port);
    watch(listener);
    watch(timer_fd);
    wheel_tick = now_ns() / TICK_NS;
    for (;;) {
        uint64_t ticks;
        int count = epoll_wait(epoll_fd, events, EVENTS, 1000);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) accept_all(listener);
            else if (fd == timer_fd && read(timer_fd, &ticks, sizeof ticks) < 0 && errno != EAGAIN) die("timerfd");
            else if (connections[fd] && events[i].events & EPOLLOUT && !flush(connections[fd])) continue;
            else if (connections[fd] && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_ready(connections[fd]);
        }
        run_wheel();
        if (active_streams) set_timer();
    }
}

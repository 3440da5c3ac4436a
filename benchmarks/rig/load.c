/*
 * A load generator: POSTs one body to http://127.0.0.1:PORT/PATH and prints what came back as one JSON object.
 *
 *   closed   --connections C keep one request each under way for --seconds S
 *   open     --rate R requests a second for --seconds S, whatever the answers take; latency counts from the moment at
 *            which a request was to be sent, so that a stalled target cannot hide its stall
 *   streams  --connections C streams start spread over --ramp-ms, each --repeat times in a row; every chunk carries
 *            its number and the time at which the mock sent it; --chunks are expected
 *
 * usage: load MODE --port P --path /v1/chat/completions --body FILE [--header "name: value"]... [--timeout S]
 */
#define _GNU_SOURCE
#include "http.h"
#include "request.h"
#include "socket.h"
#include "tally.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

typedef enum { CLOSED, OPEN, STREAMS } Mode;

typedef struct {
    int fd, runs, status;
    bool busy, head_seen, chunked, waits_for_write, hangs_up, done_seen;
    size_t request_at, left;
    long chunks;
    uint64_t intended;
    Chunked decoder;
    Buffer in, text;
} Connection;

static const size_t READ_SIZE = 65536;
static Mode mode;
static int port, connection_count = 32, repeat = 1, expected_chunks = 50, timeout_seconds = 60;
static int ramp_ms = 907; /* a prime number: streams do not fall into step */
static double rate = 100, seconds = 4;
static Buffer request;
static Connection *connections;
static int epoll_fd, timer_fd, busy_count;
static uint64_t started, deadline;
static long started_count;
static Tally tally;

static void watch(Connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(epoll_fd, operation, c->fd, &event);
}

static void hang_up(Connection *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    c->waits_for_write = false;
    c->in.length = 0;
}

static bool open_connection(Connection *c) {
    c->fd = connect_to(port);
    if (c->fd < 0) return false;
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
    tally.connections++;
    return true;
}

static void start_next(Connection *c);

/* Count the request as over, then go on with the next one. `problem` NULL means that it was answered in full. */
static void finish(Connection *c, const char *problem) {
    uint64_t now = now_ns();
    if (problem) tally_error(&tally, problem, c->status, c->text.data, c->text.length);
    else samples_add(&tally.latency, now - c->intended);
    if (mode == STREAMS && c->chunks < expected_chunks) tally.lost += expected_chunks - c->chunks;
    tally.last = now;
    c->busy = false;
    busy_count--;
    if (problem || c->hangs_up) hang_up(c);
    start_next(c);
}

static void write_request(Connection *c) {
    while (c->request_at < request.length) {
        ssize_t count = send(c->fd, request.data + c->request_at, request.length - c->request_at, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN) return finish(c, "connection broken while sending");
        if (count < 0) break;
        c->request_at += (size_t)count;
    }
    bool pending = c->request_at < request.length;
    if (pending != c->waits_for_write) watch(c, EPOLL_CTL_MOD, EPOLLIN | (pending ? EPOLLOUT : 0));
    c->waits_for_write = pending;
}

static void start(Connection *c, uint64_t intended) {
    c->busy = true;
    c->head_seen = c->hangs_up = c->done_seen = false;
    c->status = 0;
    c->chunks = 0;
    c->request_at = c->in.length = c->text.length = 0;
    c->intended = intended;
    c->runs++;
    busy_count++;
    started_count++;
    if (c->fd < 0 && !open_connection(c)) return finish(c, "connection refused");
    write_request(c);
}

/* When request number `n` of the open loop is to be sent. */
static uint64_t intended_at(long n) { return started + (uint64_t)((double)n * 1e9 / rate); }

static void start_due(void) {
    uint64_t now = now_ns();
    for (int i = 0; i < connection_count && intended_at(started_count) <= now && intended_at(started_count) < deadline; i++)
        if (!connections[i].busy) start(&connections[i], intended_at(started_count));
}

static void start_next(Connection *c) {
    uint64_t now = now_ns();
    if (mode == STREAMS) {
        if (c->runs < repeat) start(c, now);
    } else if (mode == OPEN) {
        /* A request that waits for a free connection takes this one; its latency already runs. */
        if (intended_at(started_count) <= now && intended_at(started_count) < deadline) start(c, intended_at(started_count));
    } else if (now < deadline && !(c->fd < 0 && tally.errors > 1000)) {
        start(c, now);
    }
}

/* Read one line of a stream: a chunk, or its end. */
static void take_line(Connection *c, const char *line, size_t length, uint64_t now) {
    const char *mark = memmem(line, length, "\"#", 2);
    if (mark) {
        char *at;
        long number = strtol(mark + 2, &at, 10);
        if (number == c->chunks && *at == '@') {
            if (number == 0) samples_add(&tally.first, now - c->intended);
            samples_add(&tally.delay, now - strtoull(at + 1, NULL, 10));
            c->chunks++;
            tally.chunks++;
        } else {
            tally.misordered++;
        }
    } else if (memmem(line, length, "[DONE]", 6)) {
        c->done_seen = true;
    }
}

static void take_lines(Connection *c) {
    uint64_t now = now_ns();
    size_t at = 0;
    const char *end;
    while (at < c->text.length && (end = memchr(c->text.data + at, '\n', c->text.length - at))) {
        size_t length = (size_t)(end - c->text.data) - at;
        take_line(c, c->text.data + at, length, now);
        at += length + 1;
    }
    buffer_drop(&c->text, at);
}

static bool read_head(Connection *c) {
    size_t head = head_length(c->in.data, c->in.length);
    if (!head) return false;
    c->status = c->in.length > 12 ? atoi(c->in.data + 9) : 0;
    c->chunked = header_is(c->in.data, head, "transfer-encoding", "chunked");
    c->hangs_up = header_is(c->in.data, head, "connection", "close");
    const char *length = header_value(c->in.data, head, "content-length");
    c->left = length ? strtoull(length, NULL, 10) : 0;
    c->decoder = (Chunked){0};
    c->head_seen = c->status != 100;
    buffer_drop(&c->in, head);
    return c->head_seen;
}

/* Take the body bytes that are there; true when the answer is complete. */
static bool take_body(Connection *c) {
    if (c->chunked) {
        size_t used = chunked_feed(&c->decoder, c->in.data, c->in.length, &c->text);
        buffer_drop(&c->in, used);
        if (mode == STREAMS && c->status == 200) take_lines(c);
        return c->decoder.state == CHUNK_DONE || c->decoder.state == CHUNK_BAD;
    }
    size_t take = c->in.length < c->left ? c->in.length : c->left;
    buffer_add(&c->text, c->in.data, take);
    buffer_drop(&c->in, take);
    c->left -= take;
    return c->left == 0;
}

static const char *problem_of(const Connection *c) {
    if (c->status != 200) return "status";
    if (c->chunked && c->decoder.state == CHUNK_BAD) return "malformed chunk";
    if (mode == STREAMS && !c->done_seen) return "stream without [DONE]";
    if (mode != STREAMS && c->text.length == 0) return "empty answer";
    return NULL;
}

static void read_ready(Connection *c) {
    ssize_t count = recv(c->fd, buffer_room(&c->in, READ_SIZE), READ_SIZE, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        if (!c->busy) return hang_up(c);
        return finish(c, "connection closed before the end of the answer");
    }
    c->in.length += (size_t)count;
    if (!c->busy) return;
    tally.bytes += count;
    if (!c->head_seen && !read_head(c)) return;
    if (take_body(c)) finish(c, problem_of(c));
}

static void arm_timer(uint64_t at) {
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at / 1000000000ull), .tv_nsec = (long)(at % 1000000000ull)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Start what the clock says: the next request of an open loop, or the streams of the ramp. */
static void tick(void) {
    uint64_t passed, now = now_ns();
    if (read(timer_fd, &passed, sizeof passed) < 0 && errno != EAGAIN) die("timerfd");
    if (mode == OPEN) {
        start_due();
        if (intended_at(started_count) < deadline) arm_timer(intended_at(started_count) > now ? intended_at(started_count) : now + 500000);
        return;
    }
    static int begun = 0;
    uint64_t step = (uint64_t)ramp_ms * 1000000ull / (uint64_t)connection_count;
    while (begun < connection_count && started + (uint64_t)begun * step <= now) start(&connections[begun++], now_ns());
    if (begun < connection_count) arm_timer(started + (uint64_t)begun * step);
}

static bool finished(uint64_t now) {
    if (now > deadline + (uint64_t)timeout_seconds * 1000000000ull) return true;
    if (busy_count) return false;
    if (mode == STREAMS) return started_count >= (long)connection_count * repeat;
    return now >= deadline;
}

static void run(void) {
    struct epoll_event events[512], event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &event);
    for (int i = 0; i < connection_count; i++) connections[i] = (Connection){.fd = -1};
    started = tally.begun = now_ns();
    deadline = started + (mode == STREAMS ? (uint64_t)ramp_ms * 1000000ull : (uint64_t)(seconds * 1e9));
    if (mode == CLOSED) for (int i = 0; i < connection_count; i++) start(&connections[i], now_ns());
    else arm_timer(started + 1);
    while (!finished(now_ns())) {
        int count = epoll_wait(epoll_fd, events, 512, 100);
        for (int i = 0; i < count; i++) {
            Connection *c = events[i].data.ptr;
            if (!c) tick();
            else if (c->fd >= 0 && events[i].events & EPOLLOUT) write_request(c);
            if (c && c->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_ready(c);
        }
    }
    for (int i = 0; i < connection_count; i++)
        if (connections[i].busy) {
            tally_error(&tally, "unfinished at the time-out", connections[i].status, NULL, 0);
            if (mode == STREAMS) tally.lost += expected_chunks - connections[i].chunks;
        }
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"port", 1, 0, 'p'}, {"path", 1, 0, 'u'}, {"body", 1, 0, 'b'}, {"header", 1, 0, 'h'}, {"connections", 1, 0, 'c'},
        {"seconds", 1, 0, 's'}, {"rate", 1, 0, 'r'}, {"repeat", 1, 0, 'n'}, {"chunks", 1, 0, 'k'}, {"ramp-ms", 1, 0, 'm'},
        {"timeout", 1, 0, 't'}, {0, 0, 0, 0}};
    const char *target = "/v1/chat/completions", *body = NULL;
    Buffer headers = {0};
    int option;
    if (argc < 2) return fprintf(stderr, "usage: load closed|open|streams --port P --body FILE\n"), 2;
    mode = strcmp(argv[1], "closed") == 0 ? CLOSED : strcmp(argv[1], "open") == 0 ? OPEN : STREAMS;
    while ((option = getopt_long(argc - 1, argv + 1, "", options, NULL)) != -1) {
        switch (option) {
        case 'p': port = atoi(optarg); break;
        case 'u': target = optarg; break;
        case 'b': body = optarg; break;
        case 'h': buffer_add(&headers, optarg, strlen(optarg)); buffer_add(&headers, "\r\n", 2); break;
        case 'c': connection_count = atoi(optarg); break;
        case 's': seconds = atof(optarg); break;
        case 'r': rate = atof(optarg); break;
        case 'n': repeat = atoi(optarg); break;
        case 'k': expected_chunks = atoi(optarg); break;
        case 'm': ramp_ms = atoi(optarg); break;
        case 't': timeout_seconds = atoi(optarg); break;
        default: return 2;
        }
    }
    if (!port || !body || connection_count < 1) return fprintf(stderr, "load: --port, --body and a connection are needed\n"), 2;
    bound_process((int)seconds + timeout_seconds + ramp_ms / 1000 + 10);
    request_build(&request, body, target, port, &headers);
    connections = calloc((size_t)connection_count, sizeof *connections);
    if (!connections) die("calloc");
    run();
    tally_print(&tally);
    return 0;
}

// Many proxies in one process: each speaks delta discovery (gRPC over HTTP/2, without TLS) on a connection of its own, takes
// everything and acknowledges it.
//
//   proxies PORT TOKENS
//
// TOKENS has a line for each: its token, a space, the name of its node. All connect at once to 127.0.0.1. Prints a line for each
// response, `R NANOSECONDS PROXY TYPE RESOURCES REMOVED BYTES`, by the monotonic clock, once its answer is on its way. At
// SIGUSR1 all connect anew and say what they hold: `C NANOSECONDS` is when. Ends when its standard input does.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <nghttp2/nghttp2.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *const types[] = {
    "type.googleapis.com/istio.security.Authorization", "type.googleapis.com/istio.workload.Address"};
enum { typeCount = 2, window = 1 << 24 };

typedef struct {
    unsigned char *bytes;
    size_t count, capacity;
} Buffer;

typedef struct {
    int number, descriptor;
    int32_t stream;
    const char *token, *node;
    nghttp2_session *session;
    Buffer received, waiting;
    int isDeferred, wantsWriting;
} Proxy;

// What a proxy holds of each type, as `initial_resource_versions`: all hold the same.
static Buffer held[typeCount];
static int epollDescriptor, port;

static void fail(const char *what) {
    fprintf(stderr, "proxies: %s: %s\n", what, strerror(errno));
    exit(1);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void append(Buffer *buffer, const void *bytes, size_t count) {
    if (buffer->count + count > buffer->capacity) {
        buffer->capacity = (buffer->count + count) * 2;
        if (!(buffer->bytes = realloc(buffer->bytes, buffer->capacity))) fail("memory");
    }
    memcpy(buffer->bytes + buffer->count, bytes, count);
    buffer->count += count;
}

// MARK: Protocol Buffers

static void appendVarint(Buffer *buffer, uint64_t value) {
    do {
        unsigned char byte = (value & 127) | (value > 127 ? 128 : 0);
        append(buffer, &byte, 1);
    } while (value >>= 7);
}

static void appendField(Buffer *buffer, int number, const void *bytes, size_t count) {
    appendVarint(buffer, (uint64_t)number << 3 | 2);
    appendVarint(buffer, count);
    append(buffer, bytes, count);
}

static void appendText(Buffer *buffer, int number, const char *text) {
    appendField(buffer, number, text, strlen(text));
}

typedef struct {
    const unsigned char *next, *end;
    int number;
    const unsigned char *value;
    size_t count;
} Fields;

static uint64_t readVarint(Fields *fields) {
    uint64_t value = 0;
    for (int shift = 0; fields->next < fields->end && shift < 64; shift += 7) {
        unsigned char byte = *fields->next++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) break;
    }
    return value;
}

// The next field that has a length; others are passed over.
static int readField(Fields *fields) {
    while (fields->next < fields->end) {
        uint64_t key = readVarint(fields);
        if ((key & 7) == 0) {
            readVarint(fields);
            continue;
        }
        if ((key & 7) != 2) exit(1);
        fields->count = readVarint(fields);
        fields->number = (int)(key >> 3);
        fields->value = fields->next;
        fields->next += fields->count;
        return 1;
    }
    return 0;
}

// MARK: Messages

static void metadata(Buffer *fields, const char *key, const char *text) {
    Buffer value = {0}, entry = {0};
    appendText(&value, 3, text);
    appendText(&entry, 1, key);
    appendField(&entry, 2, value.bytes, value.count);
    appendField(fields, 1, entry.bytes, entry.count);
    free(value.bytes);
    free(entry.bytes);
}

static void send_(Proxy *proxy, const Buffer *message) {
    unsigned char header[5] = {
        0, (unsigned char)(message->count >> 24), (unsigned char)(message->count >> 16),
        (unsigned char)(message->count >> 8), (unsigned char)message->count};
    append(&proxy->waiting, header, sizeof header);
    append(&proxy->waiting, message->bytes, message->count);
    if (proxy->isDeferred) nghttp2_session_resume_data(proxy->session, proxy->stream);
    proxy->isDeferred = 0;
}

static void ask(Proxy *proxy, int type) {
    Buffer message = {0}, node = {0}, fields = {0};
    char id[128];
    snprintf(id, sizeof id, "ztunnel~10.0.0.1~ztunnel-%d.slipstream-system~cluster.local", proxy->number);
    metadata(&fields, "NODE_NAME", proxy->node);
    metadata(&fields, "SLIPSTREAM_VERSION", "bench");
    appendText(&node, 1, id);
    appendField(&node, 3, fields.bytes, fields.count);
    appendField(&message, 1, node.bytes, node.count);
    appendText(&message, 2, types[type]);
    append(&message, held[type].bytes, held[type].count);
    send_(proxy, &message);
    free(message.bytes);
    free(node.bytes);
    free(fields.bytes);
}

static void acknowledge(Proxy *proxy, int type, const Fields *nonce) {
    Buffer message = {0};
    appendText(&message, 2, types[type]);
    appendField(&message, 6, nonce->value, nonce->count);
    send_(proxy, &message);
    free(message.bytes);
}

static void hold(int type, Fields resource) {
    Fields inner = {.next = resource.value, .end = resource.value + resource.count};
    Fields name = {0}, version = {0};
    while (readField(&inner)) {
        if (inner.number == 3) name = inner;
        if (inner.number == 1) version = inner;
    }
    Buffer entry = {0};
    appendField(&entry, 1, name.value, name.count);
    appendField(&entry, 2, version.value, version.count);
    appendField(&held[type], 5, entry.bytes, entry.count);
    free(entry.bytes);
}

static void take(Proxy *proxy, const unsigned char *bytes, size_t count) {
    Fields fields = {.next = bytes, .end = bytes + count}, nonce = {0};
    int type = -1, resources = 0, removed = 0;
    while (readField(&fields)) {
        if (fields.number == 2) resources++;
        if (fields.number == 6) removed++;
        if (fields.number == 5) nonce = fields;
        if (fields.number == 4) type = memmem(fields.value, fields.count, "security", 8) ? 0 : 1;
    }
    if (type < 0) exit(1);
    acknowledge(proxy, type, &nonce);
    if (held[type].count == 0) {
        Fields all = {.next = bytes, .end = bytes + count};
        while (readField(&all))
            if (all.number == 2) hold(type, all);
    }
    printf("R %lld %d %c %d %d %zu\n", now(), proxy->number, "PA"[type], resources, removed, count);
}

// MARK: HTTP/2

static ssize_t supply(
    nghttp2_session *session, int32_t stream, uint8_t *into, size_t room, uint32_t *flags, nghttp2_data_source *source,
    void *context) {
    (void)session, (void)stream, (void)flags, (void)context;
    Proxy *proxy = source->ptr;
    size_t count = proxy->waiting.count < room ? proxy->waiting.count : room;
    if (count == 0) {
        proxy->isDeferred = 1;
        return NGHTTP2_ERR_DEFERRED;
    }
    memcpy(into, proxy->waiting.bytes, count);
    memmove(proxy->waiting.bytes, proxy->waiting.bytes + count, proxy->waiting.count -= count);
    return (ssize_t)count;
}

static int received(
    nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t count, void *context) {
    (void)session, (void)flags, (void)stream;
    Proxy *proxy = context;
    append(&proxy->received, bytes, count);
    size_t start = 0;
    while (proxy->received.count - start >= 5) {
        const unsigned char *head = proxy->received.bytes + start;
        size_t length = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
        if (proxy->received.count - start < 5 + length) break;
        take(proxy, head + 5, length);
        start += 5 + length;
    }
    if (start == 0) return 0;
    proxy->received.count -= start;
    memmove(proxy->received.bytes, proxy->received.bytes + start, proxy->received.count);
    if (proxy->received.count == 0) {
        free(proxy->received.bytes);
        proxy->received = (Buffer){0};
    }
    return 0;
}

static int closed(nghttp2_session *session, int32_t stream, uint32_t code, void *context) {
    (void)session, (void)stream;
    fprintf(stderr, "proxies: %d was cut off: %u\n", ((Proxy *)context)->number, code);
    exit(1);
}

static ssize_t written(nghttp2_session *session, const uint8_t *bytes, size_t count, int flags, void *context) {
    (void)session, (void)flags;
    ssize_t sent = send(((Proxy *)context)->descriptor, bytes, count, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    return errno == EAGAIN ? NGHTTP2_ERR_WOULDBLOCK : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static void flush(Proxy *proxy) {
    if (nghttp2_session_send(proxy->session) != 0) fail("send");
    int wantsWriting = nghttp2_session_want_write(proxy->session) != 0;
    if (wantsWriting == proxy->wantsWriting) return;
    proxy->wantsWriting = wantsWriting;
    struct epoll_event event = {.events = EPOLLIN | (wantsWriting ? EPOLLOUT : 0), .data.ptr = proxy};
    epoll_ctl(epollDescriptor, EPOLL_CTL_MOD, proxy->descriptor, &event);
}

static nghttp2_nv header(const char *name, const char *value) {
    return (nghttp2_nv){(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

static void dial(Proxy *proxy) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    proxy->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(proxy->descriptor, (struct sockaddr *)&server, sizeof server) < 0) fail("connect");
    fcntl(proxy->descriptor, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = proxy};
    if (epoll_ctl(epollDescriptor, EPOLL_CTL_ADD, proxy->descriptor, &event) < 0) fail("epoll");
}

static void open_(Proxy *proxy, nghttp2_session_callbacks *callbacks) {
    proxy->wantsWriting = proxy->isDeferred = 0;
    proxy->received.count = proxy->waiting.count = 0;
    nghttp2_session_client_new(&proxy->session, callbacks, proxy);
    nghttp2_settings_entry setting = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_submit_settings(proxy->session, NGHTTP2_FLAG_NONE, &setting, 1);
    nghttp2_session_set_local_window_size(proxy->session, NGHTTP2_FLAG_NONE, 0, window);
    char bearer[4096];
    snprintf(bearer, sizeof bearer, "Bearer %s", proxy->token);
    nghttp2_nv headers[] = {
        header(":method", "POST"), header(":scheme", "http"), header(":authority", "localhost"),
        header(":path", "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"),
        header("content-type", "application/grpc"), header("te", "trailers"), header("authorization", bearer)};
    nghttp2_data_provider body = {.source.ptr = proxy, .read_callback = supply};
    proxy->stream = nghttp2_submit_request(proxy->session, NULL, headers, 7, &body, NULL);
    for (int type = 0; type < typeCount; type++) ask(proxy, type);
    flush(proxy);
}

static void pump(Proxy *proxy) {
    static unsigned char bytes[1 << 18];
    ssize_t count;
    while ((count = recv(proxy->descriptor, bytes, sizeof bytes, 0)) > 0)
        if (nghttp2_session_mem_recv(proxy->session, bytes, (size_t)count) < 0) fail("receive");
    if (count == 0) {
        fprintf(stderr, "proxies: %d lost its connection\n", proxy->number);
        exit(1);
    }
    flush(proxy);
}

static void openAll(Proxy *proxies, int count, nghttp2_session_callbacks *callbacks) {
    printf("C %lld\n", now());
    for (int index = 0; index < count; index++) dial(&proxies[index]);
    for (int index = 0; index < count; index++) open_(&proxies[index], callbacks);
}

static void closeAll(Proxy *proxies, int count) {
    for (int index = 0; index < count; index++) {
        nghttp2_session_del(proxies[index].session);
        close(proxies[index].descriptor);
    }
}

static int readTokens(const char *path, Proxy **proxies) {
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    int count = 0;
    char token[4096], node[256];
    while (fscanf(file, "%4095s %255s", token, node) == 2) {
        *proxies = realloc(*proxies, sizeof(Proxy) * (size_t)(count + 1));
        (*proxies)[count] = (Proxy){.number = count, .token = strdup(token), .node = strdup(node)};
        count++;
    }
    fclose(file);
    return count;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: proxies PORT TOKENS\n");
        return 2;
    }
    port = atoi(arguments[1]);
    Proxy *proxies = NULL;
    int proxyCount = readTokens(arguments[2], &proxies);
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    epollDescriptor = epoll_create1(EPOLL_CLOEXEC);

    sigset_t again;
    sigemptyset(&again);
    sigaddset(&again, SIGUSR1);
    sigprocmask(SIG_BLOCK, &again, NULL);
    int signals = signalfd(-1, &again, SFD_CLOEXEC | SFD_NONBLOCK), input = STDIN_FILENO;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &signals};
    epoll_ctl(epollDescriptor, EPOLL_CTL_ADD, signals, &event);
    event.data.ptr = &input;
    epoll_ctl(epollDescriptor, EPOLL_CTL_ADD, input, &event);

    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, written);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, received);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, closed);
    openAll(proxies, proxyCount, callbacks);

    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(epollDescriptor, events, 64, -1);
        for (int index = 0; index < ready; index++) {
            if (events[index].data.ptr == &input) return 0;
            if (events[index].data.ptr != &signals) {
                pump(events[index].data.ptr);
                continue;
            }
            struct signalfd_siginfo information;
            if (read(signals, &information, sizeof information) < 0) fail("signal");
            closeAll(proxies, proxyCount);
            openAll(proxies, proxyCount, callbacks);
            break;
        }
    }
}

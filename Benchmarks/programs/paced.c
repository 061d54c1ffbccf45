// An open-loop client: sends requests at a fixed rate, whatever the answers do, and prints how long they took.
//
//   paced ADDRESS PORT RATE SECONDS CONNECTIONS
//
// A request's time starts when it was due, not when it could be sent, so a proxy that stalls is charged for all that
// waited meanwhile. Prints one JSON object: {"requests": n, "p50_us": x, "p99_us": y, "max_us": z}.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { connectionsLimit = 64, outstandingLimit = 1 << 16, responseBytesLimit = 64 * 1024 };

static const char request[] = "GET / HTTP/1.1\r\nHost: slipstream\r\n\r\n";
// What every response ends with, and contains nowhere else.
static const char responseEnd[] = "slipstream\r\n";

// Requests on one connection are answered in order: a ring of the times at which they were due.
typedef struct {
    int socket;
    int64_t due[1024];
    unsigned sent, answered, matched;
} Connection;

static Connection connections[connectionsLimit];
static uint32_t *times;
static size_t timesCount, timesLimit;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *what) {
    fprintf(stderr, "paced: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int dial(const char *address, uint16_t port) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &server.sin_addr);
    int dialled = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (connect(dialled, (struct sockaddr *)&server, sizeof server) < 0) fail("connect");
    setsockopt(dialled, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return dialled;
}

static void sendRequest(Connection *connection, int64_t due) {
    if (connection->sent - connection->answered == 1024) fail("1,024 requests are unanswered on one connection");
    connection->due[connection->sent++ % 1024] = due;
    if (send(connection->socket, request, sizeof request - 1, MSG_NOSIGNAL) < 0) fail("send");
}

static void receive(Connection *connection) {
    static char bytes[responseBytesLimit];
    ssize_t count = recv(connection->socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) fail("the connection ended");
    int64_t at = now();
    for (ssize_t index = 0; index < count; index++) {
        char expected = responseEnd[connection->matched];
        connection->matched = bytes[index] == expected ? connection->matched + 1 : bytes[index] == responseEnd[0];
        if (connection->matched < sizeof responseEnd - 1) continue;
        connection->matched = 0;
        int64_t due = connection->due[connection->answered++ % 1024];
        if (timesCount < timesLimit) times[timesCount++] = (uint32_t)((at - due) / 1000);
    }
}

static int compare(const void *left, const void *right) {
    uint32_t one = *(const uint32_t *)left, other = *(const uint32_t *)right;
    return one < other ? -1 : one > other;
}

static uint32_t percentile(double part) {
    return times[(size_t)((double)(timesCount - 1) * part)];
}

static void report(void) {
    if (timesCount == 0) fail("no answer came");
    qsort(times, timesCount, sizeof *times, compare);
    printf("{\"requests\": %zu, \"p50_us\": %u, \"p99_us\": %u, \"max_us\": %u}\n", timesCount, percentile(0.5),
           percentile(0.99), times[timesCount - 1]);
}

int main(int count, char **arguments) {
    if (count != 6) {
        fprintf(stderr, "usage: paced ADDRESS PORT RATE SECONDS CONNECTIONS\n");
        return 2;
    }
    int64_t interval = 1000000000LL / atoi(arguments[3]);
    int open = atoi(arguments[5]) < connectionsLimit ? atoi(arguments[5]) : connectionsLimit;
    timesLimit = (size_t)atoi(arguments[3]) * (size_t)atoi(arguments[4]);
    times = calloc(timesLimit, sizeof *times);
    int epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
    for (int index = 0; index < open; index++) {
        connections[index].socket = dial(arguments[1], (uint16_t)atoi(arguments[2]));
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[index]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, connections[index].socket, &event);
    }
    struct epoll_event ticking = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &ticking);
    int64_t due = now() + interval, end = due + atoi(arguments[4]) * 1000000000LL;
    struct itimerspec first = {.it_value = {due / 1000000000LL, due % 1000000000LL}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &first, NULL);
    unsigned next = 0;
    while (due < end) {
        struct epoll_event events[connectionsLimit];
        int ready = epoll_wait(epoll, events, connectionsLimit, 1000);
        for (int index = 0; index < ready; index++)
            if (events[index].data.ptr) receive(events[index].data.ptr);
        int64_t time = now();
        for (; due <= time && due < end; due += interval) sendRequest(&connections[next++ % (unsigned)open], due);
        struct itimerspec following = {.it_value = {due / 1000000000LL, due % 1000000000LL}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &following, NULL);
    }
    report();
}

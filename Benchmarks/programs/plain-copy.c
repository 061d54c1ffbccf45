// The floor under every proxy: accept a captured connection, dial where it was going, copy bytes both ways.
//
//   plain-copy PORT MARK
//
// One thread, edge-triggered epoll, one copy through user space, like the proxies it is compared with, but no TLS, no
// HTTP/2, no policy and no log. MARK is set on the sockets it dials, so that the pod's capture rules let them through.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    bufferBytes = 128 * 1024,
    // How often one end is read before the other connections get their turn.
    readsPerTurn = 16,
    eventsPerTurn = 256,
};

typedef struct End {
    int socket;
    // `finishing`: the kernel has told that the peer sends no more, and will not tell it again.
    bool finishing, ended, closed;
    struct End *peer;
    // What this end has not taken yet; while there is any, the peer is not read.
    char *pending;
    size_t pendingOffset, pendingBytes;
    struct End *nextClosed;
} End;

static int epoll;
static End *closedEnds;
static char buffer[bufferBytes];

static void watch(End *end, int operation) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = end};
    epoll_ctl(epoll, operation, end->socket, &event);
}

// An event of the same batch may still name an end that is closed, so it is freed after the batch.
static void closeEnd(End *end) {
    if (end->closed) return;
    end->closed = true;
    close(end->socket);
    end->nextClosed = closedEnds;
    closedEnds = end;
}

static void closePair(End *end) {
    closeEnd(end->peer);
    closeEnd(end);
}

static void freeClosed(void) {
    while (closedEnds) {
        End *end = closedEnds;
        closedEnds = end->nextClosed;
        free(end->pending);
        free(end);
    }
}

static void keepPending(End *end, const char *bytes, size_t count) {
    end->pending = malloc(count);
    memcpy(end->pending, bytes, count);
    end->pendingOffset = 0;
    end->pendingBytes = count;
}

// Whether all that was pending has been written.
static bool writePending(End *end) {
    if (end->pendingBytes == 0) return true;
    ssize_t written = send(end->socket, end->pending + end->pendingOffset, end->pendingBytes, MSG_NOSIGNAL);
    if (written < 0) return false;
    end->pendingOffset += (size_t)written;
    end->pendingBytes -= (size_t)written;
    if (end->pendingBytes > 0) return false;
    free(end->pending);
    end->pending = NULL;
    return true;
}

static void sourceEnded(End *source) {
    source->ended = true;
    shutdown(source->peer->socket, SHUT_WR);
    if (source->peer->ended) closePair(source);
}

static void copy(End *source) {
    End *target = source->peer;
    for (int turn = 0; turn < readsPerTurn; turn++) {
        if (source->closed || source->ended || target->pendingBytes > 0) return;
        ssize_t count = recv(source->socket, buffer, sizeof buffer, 0);
        if (count == 0) return sourceEnded(source);
        if (count < 0 && errno == EAGAIN) return;
        if (count < 0) return closePair(source);
        ssize_t written = send(target->socket, buffer, (size_t)count, MSG_NOSIGNAL);
        if (written < 0 && errno != EAGAIN && errno != ENOTCONN) return closePair(source);
        if (written < 0) written = 0;
        if (written < count) return keepPending(target, buffer + written, (size_t)(count - written));
        // A short read has drained the socket: its next byte brings an event. Its end does not, if that came with the bytes.
        if (count < (ssize_t)sizeof buffer && !source->finishing) return;
    }
    watch(source, EPOLL_CTL_MOD);
}

static End *newEnd(int socket) {
    End *end = calloc(1, sizeof *end);
    int one = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    end->socket = socket;
    return end;
}

static int dialOriginalDestination(int accepted, int mark) {
    struct sockaddr_in destination;
    socklen_t length = sizeof destination;
    if (getsockopt(accepted, SOL_IP, SO_ORIGINAL_DST, &destination, &length) < 0) return -1;
    int dialled = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (dialled < 0) return -1;
    setsockopt(dialled, SOL_SOCKET, SO_MARK, &mark, sizeof mark);
    int outcome = connect(dialled, (struct sockaddr *)&destination, sizeof destination);
    if (outcome == 0 || errno == EINPROGRESS) return dialled;
    close(dialled);
    return -1;
}

static void acceptAll(int listener, int mark) {
    for (;;) {
        int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (accepted < 0) return;
        int dialled = dialOriginalDestination(accepted, mark);
        if (dialled < 0) {
            close(accepted);
            continue;
        }
        End *client = newEnd(accepted), *server = newEnd(dialled);
        client->peer = server;
        server->peer = client;
        watch(client, EPOLL_CTL_ADD);
        watch(server, EPOLL_CTL_ADD);
    }
}

static void handle(End *end, uint32_t events) {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) end->finishing = true;
    if (!end->closed && (events & EPOLLOUT) && writePending(end)) copy(end->peer);
    if (!end->closed && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) copy(end);
}

static int listenOn(uint16_t port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (bind(listener, (struct sockaddr *)&any, sizeof any) < 0 || listen(listener, 4096) < 0) {
        perror("plain-copy: listen");
        exit(1);
    }
    return listener;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: plain-copy PORT MARK\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int mark = atoi(arguments[2]);
    int listener = listenOn((uint16_t)atoi(arguments[1]));
    epoll = epoll_create1(0);
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening);
    struct epoll_event events[eventsPerTurn];
    for (;;) {
        int ready = epoll_wait(epoll, events, eventsPerTurn, -1);
        for (int index = 0; index < ready; index++) {
            End *end = events[index].data.ptr;
            if (end) handle(end, events[index].events);
            else acceptAll(listener, mark);
        }
        freeClosed();
    }
}

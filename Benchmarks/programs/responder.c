// The application behind the tunnel: answers each HTTP/1.1 request with the same small response.
//
//   responder ADDRESS PORT
//
// It is written to cost little, so that two cores are left to the proxies under measurement. It keeps connections alive,
// and closes after the response when the request says `Connection: close`. A connection that sends nothing is kept.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { requestBytesLimit = 16 * 1024, eventsPerTurn = 256 };

static const char keptAlive[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nslipstream\r\n";
static const char closing[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 12\r\n\r\nslipstream\r\n";

static int epoll;

static void acceptAll(int listener) {
    for (;;) {
        int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (accepted < 0) return;
        int one = 1;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = accepted};
        epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
    }
}

// Load generators send one small request and wait: a read holds whole requests, one or more.
static void answer(int connection) {
    char request[requestBytesLimit + 1];
    ssize_t count = recv(connection, request, requestBytesLimit, 0);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
        close(connection);
        return;
    }
    request[count] = 0;
    bool last = strcasestr(request, "\r\nconnection: close\r\n") != NULL;
    for (char *end = strstr(request, "\r\n\r\n"); end; end = strstr(end + 4, "\r\n\r\n")) {
        const char *response = last ? closing : keptAlive;
        if (send(connection, response, strlen(response), MSG_NOSIGNAL) < 0) break;
    }
    if (last) close(connection);
}

static int listenOn(const char *address, uint16_t port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &local.sin_addr);
    if (bind(listener, (struct sockaddr *)&local, sizeof local) < 0 || listen(listener, 4096) < 0) {
        perror("responder: listen");
        exit(1);
    }
    return listener;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: responder ADDRESS PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listenOn(arguments[1], (uint16_t)atoi(arguments[2]));
    epoll = epoll_create1(0);
    struct epoll_event listening = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening);
    struct epoll_event events[eventsPerTurn];
    for (;;) {
        int ready = epoll_wait(epoll, events, eventsPerTurn, -1);
        for (int index = 0; index < ready; index++) {
            if (events[index].data.fd == listener) acceptAll(listener);
            else answer(events[index].data.fd);
        }
    }
}

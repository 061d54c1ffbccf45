// Opens connections that have proved themselves with one request each, then says so and keeps them, silent.
//
//   idle ADDRESS PORT CONNECTIONS
//
// Prints `open N` once all are up. Ends, closing them all, when its standard input does.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] = "GET / HTTP/1.1\r\nHost: slipstream\r\n\r\n";

static void fail(const char *what, int index) {
    fprintf(stderr, "idle: connection %d: %s: %s\n", index, what, strerror(errno));
    exit(1);
}

static void openOne(const struct sockaddr_in *server, int index) {
    char response[4096];
    int dialled = socket(AF_INET, SOCK_STREAM, 0);
    if (dialled < 0) fail("socket", index);
    if (connect(dialled, (const struct sockaddr *)server, sizeof *server) < 0) fail("connect", index);
    if (send(dialled, request, sizeof request - 1, MSG_NOSIGNAL) < 0) fail("send", index);
    if (recv(dialled, response, sizeof response, 0) <= 0) fail("no answer", index);
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: idle ADDRESS PORT CONNECTIONS\n");
        return 2;
    }
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[2]))};
    inet_pton(AF_INET, arguments[1], &server.sin_addr);
    int wanted = atoi(arguments[3]);
    for (int index = 0; index < wanted; index++) openOne(&server, index);
    printf("open %d\n", wanted);
    fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0) {}
    return 0;
}

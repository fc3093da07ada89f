/*
 * The limit: the least that an echo server on Linux can do. One thread, one edge-triggered epoll
 * set, one buffer; a recv and a send for each piece, and a share of an epoll_wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 65536, BACKLOG = 4096, EVENTS = 1024 };

/* A client, and what of its bytes the kernel would not take yet. */
struct connection {
    int fd;
    char *rest;
    size_t length;
    size_t sent;
};

static char piece[PIECE];
static int selector;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(int fd, void *whose) {
    struct epoll_event event = {
        .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
        .data.ptr = whose,
    };
    if (epoll_ctl(selector, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

static void close_connection(struct connection *client) {
    close(client->fd);
    free(client->rest);
    free(client);
}

/* How many bytes the kernel took, 0 if none; -1: the connection is broken. */
static ssize_t try_send(int fd, const char *data, size_t length) {
    ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
    return sent < 0 && errno == EAGAIN ? 0 : sent;
}

static void keep(struct connection *client, const char *data, size_t length) {
    client->rest = malloc(length);
    if (client->rest == NULL) fail("malloc");
    memcpy(client->rest, data, length);
    client->length = length;
    client->sent = 0;
}

/* Sends what was kept: 1 when nothing is left, 0 when the kernel is full, -1: broken. */
static int send_rest(struct connection *client) {
    if (client->rest == NULL) return 1;
    size_t left = client->length - client->sent;
    ssize_t sent = try_send(client->fd, client->rest + client->sent, left);
    if (sent < 0) return -1;
    client->sent += (size_t)sent;
    if ((size_t)sent < left) return 0;
    free(client->rest);
    client->rest = NULL;
    return 1;
}

/*
 * Sends back what there is. A piece that came short emptied the socket: what comes later is an
 * edge of its own. After the end of file it has to be asked for, though: that edge may be this one.
 */
static void serve(struct connection *client, unsigned events) {
    int open = send_rest(client);
    while (open > 0) {
        ssize_t received = recv(client->fd, piece, PIECE, 0);
        if (received < 0 && errno == EAGAIN) return;
        if (received <= 0) break;
        ssize_t sent = try_send(client->fd, piece, (size_t)received);
        if (sent < 0) break;
        if (sent < received) {
            keep(client, piece + sent, (size_t)(received - sent));
            return;
        }
        if (received < PIECE && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
    }
    if (open != 0) close_connection(client);
}

static void accept_all(int listener) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED)) return;
        if (fd < 0) fail("accept");
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *client = calloc(1, sizeof *client);
        if (client == NULL) fail("malloc");
        client->fd = fd;
        watch(fd, client);
    }
}

static int listen_anywhere(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0) fail("socket");
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
    if (listen(listener, BACKLOG) < 0) fail("listen");
    if (getsockname(listener, (struct sockaddr *)&address, &length) < 0) fail("getsockname");
    printf("listening on ('127.0.0.1', %d)\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(void) {
    static struct epoll_event events[EVENTS];
    selector = epoll_create1(EPOLL_CLOEXEC);
    if (selector < 0) fail("epoll_create1");
    int listener = listen_anywhere();
    watch(listener, NULL);
    for (;;) {
        int count = epoll_wait(selector, events, EVENTS, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        for (int index = 0; index < count; index += 1) {
            struct connection *client = events[index].data.ptr;
            if (client == NULL) accept_all(listener);
            else serve(client, events[index].events);
        }
    }
}

// Makes full mutual TLS 1.3 handshakes with an HBONE server, one after the other, each on a new connection.
//
//   handshakes ADDRESS PORT SECONDS MARK ROOT CERTIFICATE KEY [AUTHORITY_KEY]
//
// A TLS 1.3 client is done before the server has looked at its certificate, so a handshake counts once the server's
// HTTP/2 SETTINGS have come. No session is resumed. With AUTHORITY_KEY each connection shows another certificate: CERTIFICATE
// issued again under a serial number that was never seen, so every peer is new instead of known. MARK keeps the connections
// out of the pod's capture. Prints {"handshakes": n, "cipher": …, "group": …}.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// RFC 9113 §3.4: the client's preface, with an empty SETTINGS frame.
static const unsigned char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0";
enum { prefaceBytes = 24 + 9, settingsType = 4 };

static char negotiated[256];

static void fail(const char *what) {
    fprintf(stderr, "handshakes: %s: %s\n", what, errno ? strerror(errno) : "");
    ERR_print_errors_fp(stderr);
    exit(1);
}

static SSL_CTX *newContext(const char *root, const char *certificate, const char *key) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    // As proxies do: only the chain that was loaded, not also the root, which its server has.
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x02h2", 3);
    if (SSL_CTX_set1_groups_list(context, "X25519:P-256") != 1) fail("groups");
    if (SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256") != 1) fail("ciphers");
    if (SSL_CTX_load_verify_locations(context, root, NULL) != 1) fail(root);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) fail(certificate);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) fail(key);
    return context;
}

static int dial(const struct sockaddr_in *server, int mark) {
    int dialled = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct linger reset = {1, 0};
    setsockopt(dialled, SOL_SOCKET, SO_MARK, &mark, sizeof mark);
    setsockopt(dialled, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    // Thousands of connections in TIME_WAIT would use up the ports.
    setsockopt(dialled, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (connect(dialled, (const struct sockaddr *)server, sizeof *server) < 0) fail("connect");
    return dialled;
}

static EVP_PKEY *readKey(const char *path) {
    FILE *file = fopen(path, "r");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (!key) fail(path);
    fclose(file);
    return key;
}

// The context's certificate once more, under a serial number of 126 random bits.
static void becomeNewPeer(SSL *session, EVP_PKEY *authority) {
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) fail("random bytes");
    bytes[0] = (bytes[0] & 0x3f) | 0x40;
    X509 *certificate = X509_dup(SSL_get_certificate(session));
    BIGNUM *serial = BN_bin2bn(bytes, sizeof bytes, NULL);
    if (!BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate))) fail("serial number");
    if (!X509_sign(certificate, authority, EVP_sha256())) fail("sign");
    if (SSL_use_certificate(session, certificate) != 1) fail("the reissued certificate");
    BN_free(serial);
    X509_free(certificate);
}

static void shakeHands(SSL_CTX *context, EVP_PKEY *authority, const struct sockaddr_in *server, int mark) {
    unsigned char frame[9];
    int dialled = dial(server, mark), received = 0;
    SSL *session = SSL_new(context);
    SSL_set_fd(session, dialled);
    if (authority) becomeNewPeer(session, authority);
    if (SSL_connect(session) != 1) fail("the handshake failed");
    if (SSL_write(session, preface, prefaceBytes) != prefaceBytes) fail("write");
    while (received < 9) {
        int count = SSL_read(session, frame + received, 9 - received);
        if (count <= 0) fail("the server closed before its SETTINGS");
        received += count;
    }
    if (frame[3] != settingsType) fail("the server's first frame is not SETTINGS");
    if (!negotiated[0])
        snprintf(negotiated, sizeof negotiated, "\"cipher\": \"%s\", \"group\": \"%s\"", SSL_get_cipher_name(session),
                 SSL_group_to_name(session, SSL_get_negotiated_group(session)));
    SSL_free(session);
    close(dialled);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    if (count != 8 && count != 9) {
        fprintf(stderr, "usage: handshakes ADDRESS PORT SECONDS MARK ROOT CERTIFICATE KEY [AUTHORITY_KEY]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[2]))};
    inet_pton(AF_INET, arguments[1], &server.sin_addr);
    SSL_CTX *context = newContext(arguments[5], arguments[6], arguments[7]);
    EVP_PKEY *authority = count == 9 ? readKey(arguments[8]) : NULL;
    double end = now() + atof(arguments[3]);
    long made = 0;
    for (; now() < end; made++) shakeHands(context, authority, &server, atoi(arguments[4]));
    printf("{\"handshakes\": %ld, %s}\n", made, negotiated);
}

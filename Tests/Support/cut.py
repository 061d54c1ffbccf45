#!/usr/bin/python3
"""Connections that end in the middle of the first HBONE exchange, at each of its bytes.

    cut.py client ADDRESS --authority NAME:PORT --certificate FILE --key FILE [--stride N]
    cut.py server ADDRESS --certificate FILE --key FILE --report FILE [--stride N]
    cut.py callers ADDRESS PORT --until FILE

`client` plays an HBONE client of a pod's 15008: handshake, SETTINGS, a CONNECT, a line of DATA and the end. `server` plays the 15008
of a pod: it takes whatever it is asked for and answers 200. Each lets the exchange come to its end once, to see how many bytes
it says itself, and then again and again says one byte more before it breaks off: by turns with FIN and with RST. `callers` connects
to where `server` is, one connection after another.

Prints JSON: {"bytes": of the whole exchange, "cuts": [{"after": bytes, "by": "fin" or "rst", "port": of the client's end}]}, callers
{"calls": [{"port": its own, "outcome": reset, eof, timeout, or another error}]}.
"""

import argparse
import errno
import json
import os
import socket
import ssl
import struct
import sys
from concurrent.futures import ThreadPoolExecutor

import h2.config
import h2.connection
import h2.events

PORT = 15008
PATIENCE_SECONDS = 10


class CutShort(Exception):
    """As many bytes have been said as were to be said."""


class Exchange:
    """TLS and HTTP/2 over a socket, of which this side says at most so many bytes."""

    def __init__(self, connection, context, is_client, limit=None):
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=not is_client)
        # It wants a path even of a CONNECT.
        configuration = h2.config.H2Configuration(
            client_side=is_client, header_encoding="utf-8", validate_inbound_headers=False, validate_outbound_headers=False
        )
        self._http = h2.connection.H2Connection(configuration)
        self._limit = limit
        self.said = 0

    def shake_hands(self):
        while True:
            try:
                self._tls.do_handshake()
                return self._flush()
            except ssl.SSLWantReadError:
                self._flush()
                self._receive()

    def begin(self):
        self._http.initiate_connection()
        self._send()

    def ask(self, authority):
        stream = self._http.get_next_available_stream_id()
        self._http.send_headers(stream, [(":method", "CONNECT"), (":authority", authority)])
        self._send()
        for event in self._events():
            if isinstance(event, h2.events.ResponseReceived):
                break
        self._http.send_data(stream, b'{"do": "reply", "text": "cut"}\n', end_stream=True)
        self._send()
        for event in self._events():
            if isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                return

    def answer(self):
        """Takes one request, says a word, and ends when the client does."""
        for event in self._events():
            if isinstance(event, h2.events.RequestReceived):
                self._http.send_headers(event.stream_id, [(":status", "200")])
                self._http.send_data(event.stream_id, b"a word\n")
                self._send()
            if isinstance(event, h2.events.StreamEnded):
                self._http.end_stream(event.stream_id)
                return self._send()
            if isinstance(event, h2.events.StreamReset):
                return

    def _events(self):
        while True:
            try:
                plain = self._tls.read(65536)
            except ssl.SSLWantReadError:
                self._receive()
                continue
            if not plain:
                raise EOFError
            events = self._http.receive_data(plain)
            self._send()
            yield from events

    def _send(self):
        pending = self._http.data_to_send()
        if pending:
            self._tls.write(pending)
        self._flush()

    def _flush(self):
        """Says what TLS has to say, or the part of it that may still be said."""
        said = self._outgoing.read()
        allowed = len(said) if self._limit is None else min(len(said), self._limit - self.said)
        self._connection.sendall(said[:allowed])
        self.said += allowed
        if self.said == self._limit:
            raise CutShort

    def _receive(self):
        received = self._connection.recv(65536)
        if not received:
            raise EOFError
        self._incoming.write(received)


def end(connection, by):
    if by == "rst":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def endings(size, stride):
    """After each byte in turn, FIN and RST by turns, and both before the first. Signatures differ in length by a few bytes, so
    that the very last are left out: an exchange may be over by then."""
    yield from ((0, "fin"), (0, "rst"))
    yield from ((count, ("fin", "rst")[count // stride % 2]) for count in range(1, size - 4, stride))


def client(options):
    context = _context(ssl.PROTOCOL_TLS_CLIENT, options)

    def attempt(limit, by="fin"):
        connection = socket.create_connection((options.address, PORT), timeout=PATIENCE_SECONDS)
        port = connection.getsockname()[1]
        exchange = Exchange(connection, context, is_client=True, limit=limit)
        try:
            if limit != 0:
                exchange.shake_hands()
                exchange.begin()
                exchange.ask(options.authority)
        except CutShort:
            pass
        finally:
            end(connection, by)
        return exchange.said, {"after": limit, "by": by, "port": port}

    size, _ = attempt(None)
    with ThreadPoolExecutor(4) as pool:
        cuts = list(pool.map(lambda cut: attempt(*cut)[1], endings(size, options.stride)))
    return {"bytes": size, "cuts": cuts}


def server(options):
    context = _context(ssl.PROTOCOL_TLS_SERVER, options)
    listener = socket.create_server((options.address, PORT), backlog=64)
    print("listening", file=sys.stderr, flush=True)

    def serve(limit, by):
        while True:
            connection, peer = listener.accept()
            connection.settimeout(PATIENCE_SECONDS)
            exchange = Exchange(connection, context, is_client=False, limit=limit)
            try:
                if limit != 0:
                    exchange.shake_hands()
                    exchange.begin()
                    exchange.answer()
            except CutShort:
                pass
            except (EOFError, OSError):
                # A client that changed its mind is no attempt.
                connection.close()
                continue
            finally:
                end(connection, by)
            return exchange.said, {"after": limit, "by": by, "port": peer[1]}

    size, _ = serve(None, "fin")
    cuts = [serve(*cut)[1] for cut in endings(size, options.stride)]
    report = {"bytes": size, "cuts": cuts}
    with open(options.report + ".new", "w") as file:
        json.dump(report, file)
    os.rename(file.name, options.report)
    return report


def callers(options):
    calls = []
    while not os.path.exists(options.until):
        calls.append(_call(options))
    return {"calls": calls}


def _call(options):
    with socket.socket() as connection:
        connection.settimeout(PATIENCE_SECONDS)
        # Bound now, so that the port is known whatever comes.
        connection.bind(("", 0))
        found = {"port": connection.getsockname()[1]}
        try:
            connection.connect((options.address, options.port))
            connection.sendall(b"hello\n")
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
            return found | {"outcome": "eof"}
        except TimeoutError:
            return found | {"outcome": "timeout"}
        except OSError as failure:
            # Whichever call came first upon the reset.
            is_reset = failure.errno in (errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN)
            return found | {"outcome": "reset" if is_reset else os.strerror(failure.errno or 0)}


def _context(protocol, options):
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if protocol == ssl.PROTOCOL_TLS_SERVER:
        # They would be said after the handshake, at a time of OpenSSL's choosing.
        context.num_tickets = 0
    context.load_cert_chain(options.certificate, options.key)
    context.set_alpn_protocols(["h2"])
    return context


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(required=True)
    for part in (client, server):
        arguments = parts.add_parser(part.__name__)
        arguments.add_argument("address")
        arguments.add_argument("--certificate", required=True)
        arguments.add_argument("--key", required=True)
        arguments.add_argument("--stride", type=int, default=1, help="bytes between one end and the next")
        if part is client:
            arguments.add_argument("--authority", required=True)
        else:
            arguments.add_argument("--report", required=True, metavar="FILE", help="where what it prints goes as well")
        arguments.set_defaults(part=part)
    arguments = parts.add_parser("callers")
    arguments.add_argument("address")
    arguments.add_argument("port", type=int)
    arguments.add_argument("--until", required=True, metavar="FILE", help="go on until there is this file")
    arguments.set_defaults(part=callers)
    options = parser.parse_args()
    print(json.dumps(options.part(options)), flush=True)


if __name__ == "__main__":
    main()

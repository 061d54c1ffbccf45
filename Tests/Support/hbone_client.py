#!/usr/bin/python3
"""One HBONE connection made by another stack (Python's ssl and h2), well-behaved or not, and what came of it.

Prints one JSON object:
    stage      how far it came: tcp, tls, http
    tls        {version, cipher, alpn, names} of the server, when the handshake was done on this side
    alert      the alert that the server ended TLS with, as OpenSSL names it
    status     of the response
    ended      whether the response's HEADERS, or later DATA, carried END_STREAM
    headers    of the response
    reset      the code of RST_STREAM
    goaway     the code of GOAWAY
    closed     how TCP ended: eof or reset
    received   the bytes of DATA, as text
Exits 0 whatever came; 2 when it could not even try.
"""

import argparse
import json
import os
import socket
import ssl
import sys
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions


def main():
    options = _options()
    outcome = {"stage": "tcp"}
    try:
        connection = socket.create_connection((options.address, options.port), timeout=options.timeout)
    except OSError as failure:
        outcome["closed"] = _ending(failure)
        return outcome
    try:
        stream = _handshake(connection, options, outcome)
        Exchange(stream, options, outcome).run()
    except ssl.SSLEOFError:
        outcome["closed"] = "eof"
    except ssl.SSLError as failure:
        # Python has no name for some alerts.
        outcome["alert"] = failure.reason or str(failure)
    except OSError as failure:
        outcome["closed"] = _ending(failure)
    return outcome


def _handshake(connection, options, outcome):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(options.root)
    context.minimum_version = context.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[
        options.tls
    ]
    if options.certificate:
        context.load_cert_chain(options.certificate, options.key)
    if options.alpn:
        context.set_alpn_protocols(options.alpn.split(","))
    stream = context.wrap_socket(connection)
    outcome["stage"] = "tls"
    outcome["tls"] = {
        "version": stream.version(),
        "cipher": stream.cipher()[0],
        "alpn": stream.selected_alpn_protocol(),
        "names": [value for kind, value in stream.getpeercert().get("subjectAltName", ()) if kind == "URI"],
    }
    return stream


class Exchange:
    """One request and what the server does with it, until its end, its silence, or the time limit."""

    def __init__(self, stream, options, outcome):
        self._stream = stream
        self._options = options
        self._outcome = outcome
        self._finished = False
        # Bad requests are the point: nothing is validated on the way out.
        configuration = h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self._http = h2.connection.H2Connection(configuration)

    def run(self):
        self._http.initiate_connection()
        number = self._http.get_next_available_stream_id()
        self._http.send_headers(number, self._request(), end_stream=False)
        self._flush()
        deadline = time.monotonic() + self._options.timeout
        while not self._finished and time.monotonic() < deadline:
            received = self._stream.recv(65536)
            if not received:
                self._outcome["closed"] = "eof"
                return
            self._outcome["stage"] = "http"
            for event in self._http.receive_data(received):
                self._handle(event, number)
            self._flush()

    def _request(self):
        fields = [(":method", self._options.method)]
        if self._options.authority is not None:
            fields.append((":authority", self._options.authority))
        if self._options.method != "CONNECT":
            fields += [(":scheme", "https"), (":path", "/")]
        return fields + [tuple(field.split("=", 1)) for field in self._options.header]

    def _handle(self, event, number):
        if isinstance(event, h2.events.ResponseReceived):
            self._responded(dict(event.headers), number)
        elif isinstance(event, h2.events.DataReceived):
            self._outcome["received"] = self._outcome.get("received", "") + event.data.decode(errors="replace")
            self._http.acknowledge_received_data(event.flow_controlled_length, number)
        elif isinstance(event, h2.events.StreamEnded):
            self._outcome["ended"] = True
            self._finished = True
        elif isinstance(event, h2.events.StreamReset):
            self._outcome["reset"] = int(event.error_code)
            self._finished = True
        elif isinstance(event, h2.events.ConnectionTerminated):
            self._outcome["goaway"] = int(event.error_code)
            self._finished = event.error_code != 0

    def _responded(self, headers, number):
        self._outcome["status"] = int(headers[":status"])
        self._outcome["headers"] = headers
        if self._outcome["status"] != 200:
            return
        if self._options.send is not None:
            self._http.send_data(number, self._options.send.encode(), end_stream=not self._options.reset)
        if self._options.reset:
            self._http.reset_stream(number, error_code=8)
            self._finished = True

    def _flush(self):
        pending = self._http.data_to_send()
        if not pending:
            return
        try:
            self._stream.sendall(pending)
        except (BrokenPipeError, ConnectionResetError):
            # The server has ended the connection; why, is still there to be read.
            pass


def _ending(failure):
    if isinstance(failure, ConnectionResetError):
        return "reset"
    if isinstance(failure, ConnectionRefusedError):
        return "refused"
    return "timeout" if isinstance(failure, TimeoutError) else os.strerror(failure.errno or 0)


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--port", type=int, default=15008)
    parser.add_argument("--root", required=True, help="the authority that the server's certificate must come from")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--tls", choices=["1.2", "1.3"], default="1.3")
    parser.add_argument("--alpn", default="h2", help="comma-separated; empty for none")
    parser.add_argument("--method", default="CONNECT")
    parser.add_argument("--authority")
    parser.add_argument("--header", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--send", help="text to send once the answer is 200, with END_STREAM")
    parser.add_argument("--reset", action="store_true", help="end with RST_STREAM CANCEL instead of END_STREAM")
    parser.add_argument("--timeout", type=float, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    print(json.dumps(main()))
    sys.exit(0)

#!/usr/bin/python3
"""An HBONE client of another stack, that does what HTTP/2 allows and few clients do.

    hbone_odd_client.py ADDRESS --root FILE --certificate FILE --key FILE --authority HOST:PORT [--manner MANNER] [--streams N]

Opens its streams, asks the `transfer.py` server behind each for an answer, and prints one JSON object: how many `answers` were right, and
the code of a `reset` or `goaway`, if there was one. MANNER is one of MANNERS, below. All is sent before anything is read.
"""

import argparse
import json
import socket
import ssl

from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    ExtensionFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Client:
    """The first flight as a client should send it: preface, SETTINGS, and each request with its first bytes. Manners are its
    subclasses."""

    def __init__(self, authority):
        self._authority = authority
        self._encoder = Encoder()

    def flight(self, streams):
        frames = [SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: 1 << 20})]
        for stream in streams:
            frames += self.request(stream, self._encoder.encode(self.fields()))
            frames += self.question(stream, json.dumps({"do": "reply", "text": f"stream {stream}"}).encode() + b"\n")
        return PREFACE + b"".join(frame.serialize() for frame in frames)

    def fields(self):
        return [(":method", "CONNECT"), (":authority", self._authority)]

    def request(self, stream, block):
        return [HeadersFrame(stream, block, flags=["END_HEADERS"])]

    def question(self, stream, text):
        return [DataFrame(stream, text, flags=["END_STREAM"])]

    def write(self, connection, flight):
        connection.sendall(flight)


class Padded(Client):
    def request(self, stream, block):
        return [HeadersFrame(stream, block, flags=["END_HEADERS", "PADDED"], pad_length=255)]

    def question(self, stream, text):
        return [DataFrame(stream, text, flags=["END_STREAM", "PADDED"], pad_length=200)]


class Split(Client):
    """Headers in five pieces, bytes one by one, and an end on a frame of its own."""

    def request(self, stream, block):
        size = len(block) // 5 + 1
        pieces = [block[start : start + size] for start in range(0, len(block), size)]
        last = ContinuationFrame(stream, pieces[-1], flags=["END_HEADERS"])
        return [HeadersFrame(stream, pieces[0]), *(ContinuationFrame(stream, piece) for piece in pieces[1:-1]), last]

    def question(self, stream, text):
        return [*(DataFrame(stream, bytes([byte])) for byte in text), DataFrame(stream, flags=["END_STREAM"])]


class Trailers(Client):
    """Ends each stream by trailers."""

    def question(self, stream, text):
        trailers = self._encoder.encode([("x-checksum", "none")])
        return [DataFrame(stream, text), HeadersFrame(stream, trailers, flags=["END_HEADERS", "END_STREAM"])]


class Talkative(Client):
    """Headers that a proxy may add, pings, and frames that mean nothing here."""

    def fields(self):
        return super().fields() + [
            ("x-request-id", "5f0e1f2a"), ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https"),
            ("x-forwarded-client-cert", "By=spiffe://cluster.local/ns/shop/sa/nobody"), ("cookie", "a=b"), ("cookie", "c=d"),
            ("user-agent", "elsewhere/1"), ("baggage", "=,;"), ("forwarded", "for="), ("traceparent", "00-0-0-00"),
        ]  # fmt: skip

    def request(self, stream, block):
        future = ExtensionFrame(0xBE, stream, body=b"something of tomorrow")
        # The library does not count what it did not parse.
        future.body_len = len(future.body)
        return [PingFrame(opaque_data=b"are you?"), PriorityFrame(stream), *super().request(stream, block), future]


class Dribbling(Client):
    """Each byte in a TLS record of its own."""

    def write(self, connection, flight):
        for byte in flight:
            connection.send(bytes([byte]))


MANNERS = {manner.__name__: manner for manner in (Client, Padded, Split, Trailers, Talkative, Dribbling)}


def collect(connection, streams):
    """What comes until each stream has ended: the bytes of each, and the code of the last reset and GOAWAY."""
    texts, outcome, left = {stream: b"" for stream in streams}, {}, set(streams)
    source = connection.makefile("rb")
    while left and (head := source.read(9)):
        frame, length = Frame.parse_frame_header(memoryview(head))
        frame.parse_body(memoryview(source.read(length)))
        if isinstance(frame, DataFrame):
            texts[frame.stream_id] += frame.data
        if isinstance(frame, RstStreamFrame):
            outcome["reset"] = frame.error_code
        if isinstance(frame, GoAwayFrame):
            outcome["goaway"] = frame.error_code
        if isinstance(frame, RstStreamFrame) or "END_STREAM" in frame.flags:
            left.discard(frame.stream_id)
    return texts, outcome


def main():
    options = _options()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(options.root)
    context.load_cert_chain(options.certificate, options.key)
    context.set_alpn_protocols(["h2"])
    streams = range(1, 2 * options.streams, 2)
    client = MANNERS[options.manner](options.authority)
    with context.wrap_socket(socket.create_connection((options.address, 15008), timeout=10)) as connection:
        client.write(connection, client.flight(streams))
        texts, outcome = collect(connection, streams)
    right = [stream for stream, text in texts.items() if text and json.loads(text)["text"] == f"stream {stream}"]
    print(json.dumps({"answers": len(right), **outcome}))


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--root", required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--authority", required=True)
    parser.add_argument("--manner", choices=MANNERS, default="Client")
    parser.add_argument("--streams", type=int, default=20)
    return parser.parse_args()


if __name__ == "__main__":
    main()

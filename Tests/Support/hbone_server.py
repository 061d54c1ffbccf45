#!/usr/bin/python3
"""An HBONE server of another stack, that does what HTTP/2 allows and few servers do, or what it forbids.

    hbone_server.py ADDRESS --root FILE --certificate FILE --key FILE [--manner MANNER]

Ends mutual TLS on port 15008 and joins each CONNECT stream with a connection to its `:authority`. MANNER is one of MANNERS, below.
Frames are made one by one (hyperframe), so that no library keeps them from being odd. Prints a line of JSON for each tunnel,
request, reset and GOAWAY that comes; `listening` first.
"""

import argparse
import asyncio
import json
import ssl

from hpack import Decoder, Encoder
from hyperframe.frame import (
    AltSvcFrame,
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
    WindowUpdateFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_BYTES = 16_384
EXTRA_HEADERS = [("server", "elsewhere"), ("date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("baggage", "k8s.pod.name=who")] + [
    (f"x-extra-{number}", "v" * number) for number in range(40)
]


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


class Windows:
    """What the peer lets us send (RFC 9113 §5.2)."""

    def __init__(self):
        self.connection = self.initial = 65_535
        self.streams = {}
        self.changed = asyncio.Condition()

    async def take(self, stream, wanted):
        async with self.changed:
            await self.changed.wait_for(lambda: min(self.connection, self.streams.get(stream, 0)) > 0)
            granted = min(wanted, self.connection, self.streams[stream])
            self.connection -= granted
            self.streams[stream] -= granted
            return granted

    async def add(self, stream, increment):
        async with self.changed:
            if stream == 0:
                self.connection += increment
            elif stream in self.streams:
                self.streams[stream] += increment
            self.changed.notify_all()

    async def start_with(self, initial):
        async with self.changed:
            for stream in self.streams:
                self.streams[stream] += initial - self.initial
            self.initial = initial
            self.changed.notify_all()


class Tunnel:
    """One connection from a proxy, served as a server should. Manners are its subclasses."""

    count = 0

    def __init__(self, reader, writer):
        Tunnel.count += 1
        self.number = Tunnel.count
        self.reader, self.writer = reader, writer
        self.windows = Windows()
        self.encoder, self.decoder = Encoder(), Decoder()
        self.applications = {}
        self.tasks = set()

    async def run(self):
        say("tunnel", number=self.number)
        assert await self.reader.readexactly(len(PREFACE)) == PREFACE
        self.send(SettingsFrame(settings=self.settings()))
        block = b""
        while True:
            head = await self.reader.readexactly(9)
            frame, length = Frame.parse_frame_header(memoryview(head))
            frame.parse_body(memoryview(await self.reader.readexactly(length)))
            if isinstance(frame, (HeadersFrame, ContinuationFrame)):
                block += frame.data
                if "END_HEADERS" in frame.flags:
                    await self.requested(frame.stream_id, dict(self.decoder.decode(block)))
                    block = b""
            else:
                await self.take(frame, length)

    async def take(self, frame, length):
        if isinstance(frame, DataFrame):
            await self.received_data(frame)
            if length:
                self.send(WindowUpdateFrame(0, window_increment=length))
                self.send(WindowUpdateFrame(frame.stream_id, window_increment=length))
        elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            if SettingsFrame.INITIAL_WINDOW_SIZE in frame.settings:
                await self.windows.start_with(frame.settings[SettingsFrame.INITIAL_WINDOW_SIZE])
            self.send(SettingsFrame(flags=["ACK"]))
        elif isinstance(frame, WindowUpdateFrame):
            await self.windows.add(frame.stream_id, frame.window_increment)
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            self.send(PingFrame(flags=["ACK"], opaque_data=frame.opaque_data))
        elif isinstance(frame, RstStreamFrame):
            say("reset", tunnel=self.number, stream=frame.stream_id, code=frame.error_code)
            if application := self.applications.pop(frame.stream_id, None):
                application.transport.abort()
        elif isinstance(frame, GoAwayFrame):
            say("goaway", tunnel=self.number, code=frame.error_code)

    async def requested(self, stream, headers):
        say("request", tunnel=self.number, stream=stream, authority=headers.get(":authority"))
        self.windows.streams[stream] = self.windows.initial
        self.begin(self.serve(stream, headers))

    def begin(self, work):
        self.tasks.add(asyncio.ensure_future(work))

    def close(self):
        for task in self.tasks:
            task.cancel()
        for application in self.applications.values():
            application.transport.abort()
        self.writer.close()

    async def serve(self, stream, headers):
        host, port = headers[":authority"].rsplit(":", 1)
        reader, self.applications[stream] = await asyncio.open_connection(host, int(port))
        await self.answer(stream)
        while received := await reader.read(FRAME_BYTES):
            while received:
                granted = await self.windows.take(stream, len(received))
                self.send_data(stream, received[:granted])
                await self.writer.drain()
                received = received[granted:]
        self.end(stream)

    async def received_data(self, frame):
        application = self.applications.get(frame.stream_id)
        if application is None:
            return
        application.write(frame.data)
        await application.drain()
        if "END_STREAM" in frame.flags:
            application.write_eof()

    def send(self, frame):
        self.writer.write(frame.serialize())

    def send_headers(self, stream, fields, flags=()):
        self.send(HeadersFrame(stream, self.encoder.encode(fields), flags=["END_HEADERS", *flags]))

    def reset(self, stream, code):
        self.windows.streams.pop(stream, None)
        self.send(RstStreamFrame(stream, error_code=code))

    # What manners differ in.

    def settings(self):
        return {SettingsFrame.MAX_CONCURRENT_STREAMS: 100}

    async def answer(self, stream):
        self.send_headers(stream, [(":status", "200")])

    def send_data(self, stream, data):
        self.send(DataFrame(stream, data))

    def end(self, stream):
        self.send(DataFrame(stream, flags=["END_STREAM"]))


class Late(Tunnel):
    async def answer(self, stream):
        await asyncio.sleep(1.5)
        await super().answer(stream)


class Interim(Tunnel):
    async def answer(self, stream):
        self.send_headers(stream, [(":status", "100")])
        self.send_headers(stream, [(":status", "103"), ("link", "</style.css>; rel=preload")])
        await asyncio.sleep(0.05)
        await super().answer(stream)


class Trailers(Tunnel):
    """Many headers in the answer, and an end that is told by headers."""

    async def answer(self, stream):
        self.send_headers(stream, [(":status", "200"), *EXTRA_HEADERS])

    def end(self, stream):
        self.send_headers(stream, [("grpc-status", "0"), ("x-checksum", "none")], ["END_STREAM"])


class DataFirst(Tunnel):
    """Bytes before the answer: only on the first stream of all."""

    async def answer(self, stream):
        if self.number == 1 and stream == 1:
            self.send_data(stream, b"{}\n")
        await super().answer(stream)


class Padded(Tunnel):
    def send_headers(self, stream, fields, flags=()):
        block = self.encoder.encode(fields)
        self.send(HeadersFrame(stream, block, flags=["END_HEADERS", "PADDED", *flags], pad_length=77))

    def send_data(self, stream, data):
        # Padding counts against the window; what was taken for bytes is spent on it.
        self.windows.connection -= 101
        self.windows.streams[stream] -= 101
        self.send(DataFrame(stream, data[:FRAME_BYTES], flags=["PADDED"], pad_length=100))

    def end(self, stream):
        self.send(DataFrame(stream, flags=["END_STREAM", "PADDED"], pad_length=0))


class Split(Tunnel):
    """Headers in six pieces, bytes in frames of a hundred, empty frames among them."""

    async def answer(self, stream):
        block = self.encoder.encode([(":status", "200"), *EXTRA_HEADERS[:5]])
        size = len(block) // 6 + 1
        pieces = [block[start : start + size] for start in range(0, len(block), size)]
        self.send(HeadersFrame(stream, pieces[0]))
        for piece in pieces[1:-1]:
            self.send(ContinuationFrame(stream, piece))
        self.send(ContinuationFrame(stream, pieces[-1], flags=["END_HEADERS"]))

    def send_data(self, stream, data):
        self.send(DataFrame(stream))
        for start in range(0, len(data), 100):
            self.send(DataFrame(stream, data[start : start + 100]))


class Chatty(Tunnel):
    """Pings and frames that mean nothing to us, some with every tenth DATA."""

    turn = 0

    def send_data(self, stream, data):
        self.turn += 1
        if self.turn % 10 == 0:
            self.chat(stream)
        super().send_data(stream, data)

    def chat(self, stream):
        self.send(PingFrame(opaque_data=b"are you?"))
        future = ExtensionFrame(0xBE, 0, body=b"something of tomorrow")
        # The library does not count what it did not parse.
        future.body_len = len(future.body)
        self.send(future)
        self.send(PriorityFrame(stream, depends_on=0, stream_weight=16))
        self.send(AltSvcFrame(0, origin=b"elsewhere.example", field=b'h2=":443"'))


class Resettling(Tunnel):
    """Windows that grow, shrink and close while bytes flow, and one stream at a time."""

    SIZES = [1_000, 1 << 20, 0, 70_000, 10, 2 << 20]

    def settings(self):
        return {SettingsFrame.MAX_CONCURRENT_STREAMS: 1}

    async def answer(self, stream):
        await super().answer(stream)
        self.begin(self.resettle())

    async def resettle(self):
        for size in self.SIZES * 2:
            self.send(SettingsFrame(settings={SettingsFrame.INITIAL_WINDOW_SIZE: size}))
            await asyncio.sleep(0.05)


class GoingAway(Tunnel):
    """The first tunnel goes away with its second stream untaken; the first stream goes on."""

    async def requested(self, stream, headers):
        if self.number == 1 and stream > 1:
            say("request", tunnel=self.number, stream=stream)
            return self.send(GoAwayFrame(0, last_stream_id=1))
        await super().requested(stream, headers)


class Refusing(Tunnel):
    """The first tunnel's first stream is not taken: REFUSED_STREAM."""

    async def requested(self, stream, headers):
        if self.number == 1 and stream == 1:
            say("request", tunnel=self.number, stream=stream)
            return self.reset(stream, 7)
        await super().requested(stream, headers)


class Vanishing(Tunnel):
    """The first tunnel is closed at its first request."""

    async def requested(self, stream, headers):
        if self.number == 1:
            say("request", tunnel=self.number, stream=stream)
            return self.writer.transport.abort()
        await super().requested(stream, headers)


class Resetting(Tunnel):
    """Every stream is reset once bytes have come, each with the next code of RFC 9113 §7 and one that it does not have."""

    next_code = 0

    async def received_data(self, frame):
        if frame.stream_id in self.windows.streams:
            self.reset(frame.stream_id, Resetting.next_code)
            say("sent", code=Resetting.next_code)
            Resetting.next_code = (Resetting.next_code + 1) % 15


MANNERS = {
    manner.__name__: manner
    for manner in (
        Tunnel, Late, Interim, Trailers, DataFirst, Padded, Split, Chatty, Resettling, GoingAway, Refusing, Vanishing,
        Resetting,
    )
}  # fmt: skip


async def main():
    options = _options()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(options.root)
    context.load_cert_chain(options.certificate, options.key)
    context.set_alpn_protocols(["h2"])

    async def accept(reader, writer):
        tunnel = MANNERS[options.manner](reader, writer)
        try:
            await tunnel.run()
        except (asyncio.IncompleteReadError, OSError):
            say("closed", tunnel=tunnel.number)
        finally:
            tunnel.close()

    server = await asyncio.start_server(accept, options.address, 15008, ssl=context)
    print("listening", flush=True)
    await server.serve_forever()


def _options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--root", required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--manner", choices=MANNERS, default="Tunnel")
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())

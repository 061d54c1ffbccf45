#!/usr/bin/python3
"""A gRPC server on python3-h2 whose calls do what their names say.

    grpc_server.py [--certificate FILE --key FILE]

Listens on a port of loopback that it prints. The method's last word is the manner (see `Calls`); an `Echo` sends each message back and
ends with the client.
"""

import argparse
import asyncio
import ssl

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset, WindowUpdated

HEADERS = [(":status", "200"), ("content-type", "application/grpc")]


def message(body, flag=0):
    return bytes([flag]) + len(body).to_bytes(4, "big") + body


class Calls:
    """One connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.manners, self.outgoing, self.received = {}, {}, {}

    async def run(self):
        self.h2.initiate_connection()
        self.flush()
        while data := await self.reader.read(65_536):
            for event in self.h2.receive_data(data):
                if isinstance(event, RequestReceived):
                    self.begin(event.stream_id, dict(event.headers))
                elif isinstance(event, DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    self.take(event.stream_id, event.data)
                elif isinstance(event, StreamEnded):
                    self.ended(event.stream_id)
                elif isinstance(event, StreamReset):
                    self.manners.pop(event.stream_id, None)
                elif isinstance(event, WindowUpdated):
                    for stream in list(self.outgoing):
                        self.pump(stream)
            self.flush()
        self.writer.close()

    def flush(self):
        self.writer.write(self.h2.data_to_send())

    def begin(self, stream, headers):
        manner = headers[":path"].rsplit("/", 1)[1]
        self.manners[stream] = manner
        self.received[stream] = b""
        if manner == "Unauthenticated":
            status = [("grpc-status", "16"), ("grpc-message", "no%20token%0Ahere")]
            self.h2.send_headers(stream, HEADERS + status, end_stream=True)
        elif manner == "Down":
            self.h2.send_headers(stream, [(":status", "503")], end_stream=True)
        elif manner == "Reset":
            self.h2.reset_stream(stream, ErrorCodes.REFUSED_STREAM)
        elif manner == "GoAway":
            self.h2.close_connection()
        elif manner == "Vanish":
            self.writer.transport.abort()
        elif manner == "Silent":
            pass
        elif manner == "Web":
            self.h2.send_headers(stream, [(":status", "200"), ("content-type", "text/html")])
            self.send(stream, b"<html>")
        else:
            self.h2.send_headers(stream, HEADERS)
            if manner == "Huge":
                self.send(stream, b"\0\xff\xff\xff\xff" + bytes(1000))
            elif manner == "Compressed":
                self.send(stream, message(b"?", flag=1))
            elif manner == "Cut":
                self.send(stream, message(b"whole") + b"\0\0\0\0\x05ab")
                self.end(stream)
            elif manner == "NoStatus":
                self.send(stream, message(b"whole"))
                self.h2.end_stream(stream)
            elif manner == "Token":
                self.send(stream, message(headers.get("authorization", "none").encode()))
                self.end(stream)

    def take(self, stream, data):
        if self.manners.get(stream) != "Echo":
            return
        self.received[stream] += data
        while len(self.received[stream]) >= 5:
            size = int.from_bytes(self.received[stream][1:5], "big") + 5
            if len(self.received[stream]) < size:
                return
            self.send(stream, self.received[stream][:size])
            self.received[stream] = self.received[stream][size:]

    def ended(self, stream):
        if self.manners.get(stream) == "Echo":
            self.end(stream)

    def send(self, stream, data):
        self.outgoing[stream] = self.outgoing.get(stream, b"") + data
        self.pump(stream)

    def end(self, stream):
        self.manners[stream] = "Ending"
        self.pump(stream)

    def pump(self, stream):
        while data := self.outgoing.get(stream, b""):
            size = min(len(data), self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if size <= 0:
                return
            self.h2.send_data(stream, data[:size])
            self.outgoing[stream] = data[size:]
        if self.manners.get(stream) == "Ending":
            self.outgoing.pop(stream, None)
            self.manners.pop(stream)
            self.h2.send_headers(stream, [("grpc-status", "0")], end_stream=True)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    options = parser.parse_args()
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)
        context.set_alpn_protocols(["h2"])

    async def serve(reader, writer):
        try:
            await Calls(reader, writer).run()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())

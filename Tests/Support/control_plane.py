#!/usr/bin/python3
"""A control plane of another stack (python3-h2): delta discovery and a certificate authority over gRPC.

    control_plane.py RESOURCES --authority DIRECTORY --token FILE [--port N] [--plain]

RESOURCES holds `address/` and `authorization/`, a file for each resource: its first line is the name, the rest the body. They are read
again when a file appears or changes; what has changed is sent. `manner` in it, if it is there, is one of MANNERS.
Prints a line of JSON for each stream, request, acknowledgement and certificate.
"""

import argparse
import asyncio
import hashlib
import json
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset, WindowUpdated

sys.path.insert(0, str(Path(__file__).parent))
from certificates import Authority  # noqa: E402

HEADERS = [(":status", "200"), ("content-type", "application/grpc")]
TYPES = {
    "authorization": "type.googleapis.com/istio.security.Authorization",
    "address": "type.googleapis.com/istio.workload.Address",
}
MANNERS = ["good", "broken", "resets", "garbage", "huge", "floods", "goaways", "nonces"]


def say(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def field(number, value):
    """A length-delimited field (protobuf encoding, wire type 2)."""
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data):
    """Number and value of each field of a message."""
    place = 0

    def number():
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(data):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
        else:
            length = number()
            yield key >> 3, data[place : place + length]
            place += length


def message(body):
    return b"\0" + len(body).to_bytes(4, "big") + body


class World:
    """What there is to tell."""

    def __init__(self, directory):
        self.directory = Path(directory)

    def resources(self, kind):
        found = {}
        for path in sorted((self.directory / kind).glob("*.resource")):
            name, _, body = path.read_bytes().partition(b"\n")
            found[name.decode()] = body
        return found

    @property
    def manner(self):
        path = self.directory / "manner"
        return path.read_text().strip() if path.exists() else "good"


class Signer:
    """The certificate authority."""

    def __init__(self, directory):
        self.directory = Path(directory)

    def sign(self, request):
        facts = dict(fields(request))
        identity = facts[4].decode().rsplit("spiffe://", 1)[1]
        identity = "spiffe://" + "".join(c for c in identity if c.isprintable())
        with tempfile.TemporaryDirectory() as folder:
            csr, extensions, leaf = (Path(folder) / name for name in ("csr", "ext", "leaf"))
            csr.write_bytes(facts[1])
            extensions.write_text(
                f"subjectAltName=critical,URI:{identity}\nextendedKeyUsage=serverAuth,clientAuth\n"
                "keyUsage=critical,digitalSignature\n"
            )
            subprocess.run(
                ["openssl", "x509", "-req", "-in", csr, "-CA", self.directory / "ca-cert.pem",
                 "-CAkey", self.directory / "ca-key.pem", "-CAcreateserial", "-days", "1",
                 "-extfile", extensions, "-out", leaf],
                check=True, capture_output=True,
            )  # fmt: skip
            say("certificate", identity=identity)
            return field(1, leaf.read_bytes()) + field(1, (self.directory / "root-cert.pem").read_bytes())


class Connection:
    """One proxy's."""

    def __init__(self, reader, writer, world, signer, token):
        self.reader, self.writer, self.world, self.signer, self.token = reader, writer, world, signer, token
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.paths, self.received, self.outgoing, self.endings = {}, {}, {}, {}
        self.sent, self.nonce, self.stream = {}, 0, None

    async def run(self):
        self.h2.initiate_connection()
        watch = asyncio.ensure_future(self.watch())
        try:
            while data := await self.reader.read(65_536):
                for event in self.h2.receive_data(data):
                    self.take(event)
                self.writer.write(self.h2.data_to_send())
        finally:
            watch.cancel()
            self.writer.close()

    def take(self, event):
        if isinstance(event, RequestReceived):
            headers = dict(event.headers)
            self.paths[event.stream_id] = headers[":path"]
            self.received[event.stream_id] = b""
            if headers.get("authorization") != "Bearer " + self.token.read_text().strip():
                say("refused", path=headers[":path"])
                status = [("grpc-status", "16"), ("grpc-message", "token")]
                self.h2.send_headers(event.stream_id, HEADERS + status, end_stream=True)
                self.paths.pop(event.stream_id)
                return
            self.h2.send_headers(event.stream_id, HEADERS)
            if "Discovery" in headers[":path"]:
                self.stream = event.stream_id
                say("stream", manner=self.world.manner)
        elif isinstance(event, DataReceived):
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if event.stream_id in self.paths:
                self.received[event.stream_id] += event.data
                self.messages(event.stream_id)
        elif isinstance(event, StreamReset):
            self.paths.pop(event.stream_id, None)
            self.stream = None if event.stream_id == self.stream else self.stream
        elif isinstance(event, WindowUpdated):
            for stream in list(self.outgoing):
                self.pump(stream)

    def messages(self, stream):
        while len(self.received[stream]) >= 5:
            size = 5 + int.from_bytes(self.received[stream][1:5], "big")
            if len(self.received[stream]) < size:
                return
            body, self.received[stream] = self.received[stream][5:size], self.received[stream][size:]
            if stream == self.stream:
                self.request(body)
            else:
                self.send(stream, message(self.signer.sign(body)))
                self.endings[stream] = True
                self.pump(stream)

    def request(self, body):
        url, nonce, error, versions = "", "", None, {}
        for number, value in fields(body):
            if number == 2:
                url = value.decode()
            elif number == 5:
                entry = dict(fields(value))
                versions[entry[1].decode()] = entry.get(2, b"").decode()
            elif number == 6:
                nonce = value.decode()
            elif number == 7:
                error = dict(fields(value)).get(2, b"").decode()
        if nonce:
            say("answer", type=url, nonce=nonce, error=error)
            return
        say("request", type=url, versions=len(versions))
        kind = next(kind for kind, known in TYPES.items() if known == url)
        self.sent[kind] = versions
        if self.manner():
            self.push(kind, isFirst=True)

    def manner(self):
        """Misbehaves as told; false when nothing good is to follow."""
        manner = self.world.manner
        if manner == "resets":
            self.h2.reset_stream(self.stream, 2)
        elif manner == "garbage":
            self.send(self.stream, message(b"\xff" * 100))
        elif manner == "huge":
            self.send(self.stream, b"\0\xff\xff\xff\xff" + bytes(10_000))
        elif manner == "goaways":
            self.h2.close_connection()
        elif manner == "floods":
            for _ in range(20_000):
                self.h2.ping(b"12345678")
        elif manner == "broken":
            self.raw("authorization", [("shop/broken", "1", b"\xff\xff")], [])
            return True
        elif manner == "nonces":
            for _ in range(50):
                self.raw("authorization", [], [], nonce="same")
            return True
        return manner == "good"

    async def watch(self):
        while True:
            await asyncio.sleep(0.05)
            if self.stream and self.world.manner == "good":
                for kind in list(self.sent):
                    self.push(kind)
                self.writer.write(self.h2.data_to_send())

    def push(self, kind, isFirst=False):
        resources = self.world.resources(kind)
        versions = {name: hashlib.sha256(body).hexdigest()[:16] for name, body in resources.items()}
        changed = [name for name in resources if self.sent[kind].get(name) != versions[name]]
        removed = [name for name in self.sent[kind] if name not in resources]
        self.sent[kind] = versions
        if changed or removed or isFirst:
            self.raw(kind, [(name, versions[name], resources[name]) for name in changed], removed)

    def raw(self, kind, resources, removed, nonce=None):
        self.nonce += 1
        body = b"".join(
            field(2, field(1, version) + field(2, field(1, TYPES[kind]) + field(2, content)) + field(3, name))
            for name, version, content in resources
        )
        body += field(4, TYPES[kind]) + field(5, nonce or f"{kind}-{self.nonce}")
        body += b"".join(field(6, name) for name in removed)
        say("push", type=kind, resources=[name for name, _, _ in resources], removed=removed)
        self.send(self.stream, message(body))

    def send(self, stream, data):
        self.outgoing[stream] = self.outgoing.get(stream, b"") + data
        self.pump(stream)

    def pump(self, stream):
        while data := self.outgoing.get(stream, b""):
            size = min(len(data), self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if size <= 0:
                return
            self.h2.send_data(stream, data[:size])
            self.outgoing[stream] = data[size:]
        if self.endings.pop(stream, False):
            self.h2.send_headers(stream, [("grpc-status", "0")], end_stream=True)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("resources")
    parser.add_argument("--authority", required=True)
    parser.add_argument("--token", type=Path, required=True)
    parser.add_argument("--port", type=int, default=15012)
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    context = None
    if not options.plain:
        own = Authority(tempfile.mkdtemp(prefix="server-", dir=options.resources))
        # The mesh's own authority signs the server, as a controller's does.
        own.certificate, own.key = Path(options.authority) / "ca-cert.pem", Path(options.authority) / "ca-key.pem"
        leaf = own.leaf("control-plane", [], dns=["localhost"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.certificate, leaf.key)
        context.set_alpn_protocols(["h2"])
    world, signer = World(options.resources), Signer(options.authority)

    async def serve(reader, writer):
        try:
            await Connection(reader, writer, world, signer, options.token).run()
        except Exception as failure:  # A proxy that leaves, or that has been provoked to.
            say("lost", reason=repr(failure))
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", options.port, ssl=context)
    say("listening")
    await server.serve_forever()


asyncio.run(main())

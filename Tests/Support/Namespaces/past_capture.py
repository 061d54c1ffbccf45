"""Tries to reach a port of a pod past its redirection: first an ACK, so that the pod's conntrack knows these addresses as
a connection that nobody redirects, then a SYN under the same addresses. Prints what answers the SYN, or that it was not
let out.

An ordinary ACK is answered by a reset, which conntrack sees too. One that claims to be signed (RFC 2385) is dropped in
silence by a socket that expects no signature.

past_capture.py OWN-ADDRESS POD-ADDRESS PORT plain|signed"""
import socket
import struct
import sys
import time

own, pod, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
OWN_PORT = 43210
SYN, RST, ACK = 0x02, 0x04, 0x10
SIGNATURE = bytes([19, 18]) + bytes(16) + bytes([1, 1])


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(flags, sequence, acknowledged, options=b""):
    length = 20 + len(options)

    def form(value):
        return struct.pack(
            "!HHIIBBHHH", OWN_PORT, port, sequence, acknowledged, length << 2, flags, 65535, value, 0) + options

    pseudo = socket.inet_aton(own) + socket.inet_aton(pod) + struct.pack("!BBH", 0, 6, length)
    return form(checksum(pseudo + form(0)))


def answer(raw):
    deadline = time.monotonic() + 1
    while (left := deadline - time.monotonic()) > 0:
        raw.settimeout(left)
        try:
            packet = raw.recv(65536)
        except TimeoutError:
            break
        tcp = packet[(packet[0] & 15) * 4 :]
        if struct.unpack("!HH", tcp[:4]) == (port, OWN_PORT):
            return tcp[13]
    return None


raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.connect((pod, 0))
raw.send(segment(ACK, 1000, 5000, SIGNATURE if sys.argv[4] == "signed" else b""))
answer(raw)
try:
    raw.send(segment(SYN, 2000, 0))
except PermissionError:
    sys.exit(print("kept in"))
flags = answer(raw)
if flags is None:
    print("nothing")
elif flags & RST:
    print("reset")
else:
    print("accepted" if flags & SYN else f"flags {flags:#x}")

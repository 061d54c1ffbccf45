"""The least that a node proxy does in a pod: takes what is redirected to 15001 and 15006, and carries it to where it
was meant to go, marked; inbound under the caller's address. Prints a line for each connection. Ends with its input."""
import os
import socket
import struct
import sys
import threading

MARK = 0x539
SO_ORIGINAL_DST = 80
IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75


def original_destination(connection):
    try:
        form = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
        return socket.inet_ntop(socket.AF_INET, form[4:8]), struct.unpack("!H", form[2:4])[0]
    except OSError:
        form = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
        return socket.inet_ntop(socket.AF_INET6, form[8:24]), struct.unpack("!H", form[2:4])[0]


def carry(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in source, target:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(connection, caller, is_inbound):
    try:
        address, port = original_destination(connection)
    except OSError as error:
        print(f"not redirected: {error!r}", flush=True)
        connection.close()
        return
    print(f"{'inbound' if is_inbound else 'outbound'} {address} {port}", flush=True)
    is_v6 = ":" in address
    onward = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET)
    onward.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
    if is_inbound:
        if is_v6:
            onward.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
        else:
            onward.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
        onward.bind((caller.removeprefix("::ffff:"), 0))
    try:
        onward.connect((address, port))
    except OSError as error:
        print(f"cannot connect: {error!r}", flush=True)
        connection.close()
        return
    threading.Thread(target=carry, args=(connection, onward), daemon=True).start()
    carry(onward, connection)


def listener(port):
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
    listener.bind(("::", port))
    listener.listen(128)
    return listener


def accept(listener, is_inbound):
    while True:
        connection, caller = listener.accept()
        threading.Thread(target=serve, args=(connection, caller[0], is_inbound), daemon=True).start()


for port, is_inbound in (15001, False), (15006, True):
    threading.Thread(target=accept, args=(listener(port), is_inbound), daemon=True).start()
print("listening", flush=True)
sys.stdin.read()
os._exit(0)

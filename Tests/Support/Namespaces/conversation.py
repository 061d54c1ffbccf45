"""Two ends of a TCP connection that talk for as long as they are let.

Both end with their input.

listen PORT            answers each numbered line with the line it expects next and the address it sees the caller at
call ADDRESS PORT      sends a number every few milliseconds and checks the answers; prints what it was told last when
                       its input says `report`, and ends in order when its input ends
"""
import os
import select
import socket
import socketserver
import sys
import threading


class Answers(socketserver.StreamRequestHandler):
    def handle(self):
        expected = 0
        for line in self.rfile:
            if int(line) != expected:
                print(f"expected {expected}, got {line!r}", flush=True)
                return
            expected += 1
            self.wfile.write(f"{expected} {self.client_address[0]}\n".encode())


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def end_with_input():
    sys.stdin.read()
    os._exit(0)


def listen(port):
    threading.Thread(target=end_with_input, daemon=True).start()
    with Server(("::", port), Answers) as server:
        print("listening", flush=True)
        server.serve_forever()


def call(address, port):
    try:
        connection = socket.create_connection((address, port), timeout=5)
        answers = connection.makefile("r")
        number, caller = 0, ""
        while True:
            connection.sendall(f"{number}\n".encode())
            told, caller = answers.readline().split()
            number += 1
            if int(told) != number:
                sys.exit(f"failed: {told} instead of {number}")
            if number == 1:
                print(f"talking {caller.removeprefix('::ffff:')}", flush=True)
            if select.select([sys.stdin], [], [], 0.005)[0]:
                if not sys.stdin.readline():
                    break
                print(f"{number}", flush=True)
        connection.shutdown(socket.SHUT_WR)
        if connection.recv(1):
            sys.exit("failed: more after the end")
        print("ended", flush=True)
    except (OSError, ValueError) as error:
        sys.exit(f"failed: {error!r}")


if sys.argv[1] == "listen":
    listen(int(sys.argv[2]))
else:
    call(sys.argv[2], int(sys.argv[3]))

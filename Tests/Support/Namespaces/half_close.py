"""A question whose end is told by half-closing, and an answer that takes its time.

listen PORT SECONDS      answers each question once it has ended and so much time has passed
call ADDRESS PORT        asks, ends, waits for the answer and prints it"""
import os
import socket
import sys
import threading
import time


def answer(connection, seconds):
    question = b""
    while more := connection.recv(4096):
        question += more
    time.sleep(seconds)
    connection.sendall(b"answer to " + question)
    connection.close()


def end_with_input():
    sys.stdin.read()
    os._exit(0)


if sys.argv[1] == "listen":
    listener = socket.create_server(("::", int(sys.argv[2])), family=socket.AF_INET6, dualstack_ipv6=True)
    threading.Thread(target=end_with_input, daemon=True).start()
    print("listening", flush=True)
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0], float(sys.argv[3])), daemon=True).start()
else:
    connection = socket.create_connection((sys.argv[2], int(sys.argv[3])))
    connection.sendall(b"question")
    connection.shutdown(socket.SHUT_WR)
    try:
        print(connection.makefile().read(), flush=True)
    except OSError as error:
        print(f"failed: {error!r}", flush=True)

"""The server of `transfer.py`: does what the first line of a connection asks for, and remembers what it received."""

import json
import socket
import threading

from streams import CHUNK_BYTES, read_line, receive_all, reset, send_all

SILENCE_LIMIT_SECONDS = 30


class Server:
    """Answers the plans that clients send as their first line."""

    def __init__(self, address, port, name):
        self._listener = socket.create_server((address, port), backlog=4096)
        self._name = name
        self._outcomes = {}
        self._changed = threading.Condition()

    def run(self):
        print("listening", flush=True)
        while True:
            connection, client = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection, client), daemon=True).start()

    def _serve(self, connection, client):
        with connection:
            connection.settimeout(SILENCE_LIMIT_SECONDS)
            try:
                plan = json.loads(read_line(connection))
                getattr(self, "_" + plan["do"])(connection, plan, client)
            except (OSError, ValueError, KeyError, AttributeError) as failure:
                print(f"{client}: {failure!r}", flush=True)

    def _exchange(self, connection, plan, client):
        ending = plan["ending"]
        if ending == "server-first":
            send_all(connection, plan["down_seed"], plan["down"])
            connection.shutdown(socket.SHUT_WR)
            self._remember(plan, receive_all(connection, plan["up_seed"]))
        elif ending == "server-closes":
            send_all(connection, plan["down_seed"], plan["down"])
            connection.shutdown(socket.SHUT_WR)
            count, wrong_at, _ = receive_all(connection, plan["up_seed"])
            self._remember(plan, (count, wrong_at, None))
        elif ending == "server-resets":
            count, wrong_at, _ = receive_all(connection, plan["up_seed"], plan["up"])
            send_all(connection, plan["down_seed"], plan["down"])
            reset(connection)
            self._remember(plan, (count, wrong_at, None))
        else:
            self._exchange_at_once(connection, plan, ends_last=ending in ("server-last", "client-resets-before-any-end"))

    def _exchange_at_once(self, connection, plan, ends_last):
        sender = threading.Thread(target=self._send, args=(connection, plan, not ends_last))
        sender.start()
        received = receive_all(connection, plan["up_seed"])
        sender.join()
        self._remember(plan, received)

    def _send(self, connection, plan, then_ends):
        try:
            send_all(connection, plan["down_seed"], plan["down"])
            if then_ends:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            # The client has broken off, as planned; what matters is what the reading side sees of it.
            pass

    def _remember(self, plan, received):
        with self._changed:
            self._outcomes[plan["id"]] = dict(zip(("count", "wrong_at", "end"), received))
            self._changed.notify_all()

    def _recall(self, connection, plan, client):
        """What one connection gave, once it is known, and never again; null when it is not within ten seconds."""
        with self._changed:
            self._changed.wait_for(lambda: plan["id"] in self._outcomes, timeout=10)
            outcome = self._outcomes.pop(plan["id"], None)
        connection.sendall(json.dumps(outcome).encode() + b"\n")

    def _echo(self, connection, plan, client):
        while received := connection.recv(CHUNK_BYTES):
            connection.sendall(received)

    def _reply(self, connection, plan, client):
        answer = {"text": plan["text"], "client": client[0], "name": self._name}
        connection.sendall(json.dumps(answer).encode() + b"\n")

    def _talk(self, connection, plan, client):
        """Says its name, then answers lines. One that is meant for another server has gone astray, and is logged."""
        connection.sendall(self._name.encode() + b"\n")
        while True:
            line = read_line(connection)
            if line.split()[0] != self._name:
                print(f"astray: {line.strip()}", flush=True)
            connection.sendall(f"{self._name}: {line}".encode())

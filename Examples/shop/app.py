#!/usr/bin/env python3
"""A small shop: plain HTTP servers that call each other by name. They know nothing of any mesh.

    app.py frontend|cart|catalog     serves on PORT (8080)
    app.py loadgen                   visits the frontend, by its service's name and by its pod's address

Every answer tells who answered (app, version, pod, ip) and which address the caller had, as the server saw it.
"""

import json
import os
import random
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROLE = sys.argv[1] if len(sys.argv) > 1 else ""
PORT = int(os.environ.get("PORT", "8080"))
VERSION = os.environ.get("VERSION", "v1")
PERIOD_SECONDS = float(os.environ.get("PERIOD_SECONDS", "1"))
TIMEOUT_SECONDS = 5
ECHO_LIMIT = 4096

CART = os.environ.get("CART", "http://cart")
CATALOG = os.environ.get("CATALOG", "http://catalog")
FRONTEND = os.environ.get("FRONTEND", "http://frontend")
# Where a loadgen also tries its luck.
TRY = os.environ.get("TRY", "")

PRODUCTS = {
    "v1": ["kettle", "lamp", "chair"],
    "v2": ["kettle", "lamp", "chair", "hammock"],
}


def own_address():
    """The address that this pod's packets come from. Connecting a UDP socket sends nothing."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        probe.connect(("10.96.0.1", 9))
        return probe.getsockname()[0]
    except OSError:
        return "127.0.0.1"
    finally:
        probe.close()


def fetch(url):
    """The JSON at an address, or what went wrong."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:
            return json.load(response)
    except (OSError, ValueError, urllib.error.URLError) as error:
        return {"error": str(getattr(error, "reason", error))}


def content():
    """What this role has to say."""
    if ROLE == "catalog":
        return {"products": PRODUCTS.get(VERSION, PRODUCTS["v1"])}
    if ROLE == "cart":
        return {"items": [{"product": "lamp", "count": random.randint(1, 3)}]}
    return {"cart": fetch(CART + "/"), "catalog": fetch(CATALOG + "/")}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        answer = {
            "app": ROLE,
            "version": VERSION,
            "pod": os.environ.get("HOSTNAME", ""),
            "ip": own_address(),
            "caller": self.client_address[0],
        }
        if url.path == "/echo":
            answer["echo"] = urllib.parse.parse_qs(url.query).get("text", [""])[0][:ECHO_LIMIT]
        elif url.path == "/":
            answer.update(content())
        elif url.path != "/healthz":
            return self.send_error(404)
        body = (json.dumps(answer) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def repeat(visit):
    """Does something again and again, and says when its outcome changes."""
    last = None
    while True:
        outcome = visit()
        if outcome != last:
            print(outcome, flush=True)
            last = outcome
        time.sleep(PERIOD_SECONDS)


def shop_around():
    """What a frontend does of its own accord."""
    failures = [name for name, answer in content().items() if "error" in answer]
    return "failed: " + ", ".join(failures) if failures else "cart and catalog answer"


def visit_frontend():
    """By name, and then the pod that answered, by its address."""
    if TRY:
        fetch(TRY)
    answer = fetch(FRONTEND + "/")
    if "error" in answer:
        return "frontend by name: " + answer["error"]
    direct = fetch("http://{}:{}/".format(answer["ip"], PORT))
    return "frontend by address: " + direct["error"] if "error" in direct else "frontend answers"


def main():
    if ROLE == "loadgen":
        return repeat(visit_frontend)
    if ROLE not in ("frontend", "cart", "catalog"):
        sys.exit("usage: app.py frontend|cart|catalog|loadgen")
    if ROLE == "frontend":
        threading.Thread(target=repeat, args=(shop_around,), daemon=True).start()
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("", PORT), Handler).serve_forever()


if __name__ == "__main__":
    main()

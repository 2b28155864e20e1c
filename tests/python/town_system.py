#!/usr/bin/env python3
"""A system of a municipality as somebody else would write it: it subscribes by the Notificaties API, is woken, and fetches what it was
told of. Tokens are made by PyJWT.

    town_system.py ROOT CLIENT SECRET

Says `{"subscription": ...}`, then for each notification `{"told": ..., "fetched": ...}`; at the end of its input `{"all": ...}`, everything
that it gets by fetching from the beginning, and ends.
"""

import json
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import jwt

ROOT, CLIENT, SECRET = sys.argv[1:]
CALLBACK_AUTH = "Bearer of-the-callback"


def ask(url, body=None):
    """The answer's JSON. No proxy: everything is on this machine."""
    claims = {"iss": CLIENT, "iat": int(time.time()), "client_id": CLIENT, "user_id": CLIENT, "user_representation": CLIENT}
    headers = {"Authorization": "Bearer " + jwt.encode(claims, SECRET, algorithm="HS256"), "Content-Type": "application/json"}
    request = urllib.request.Request(url, data=body and json.dumps(body).encode(), headers=headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
        return json.load(answer)


def say(**what):
    print(json.dumps(what), flush=True)


class Callback(BaseHTTPRequestHandler):
    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers["authorization"] != CALLBACK_AUTH:
            self.send_response(401)
            self.end_headers()
            return
        self.send_response(204)
        self.end_headers()
        if told["kanaal"] != "test":
            say(told=told, fetched=ask(told["resourceUrl"]))

    def log_message(self, *_):
        """Standard error is for what goes wrong."""


server = HTTPServer(("127.0.0.1", 0), Callback)
threading.Thread(target=server.serve_forever, daemon=True).start()
api = ROOT + "notificaties/api/v1/"
channels = [{"naam": channel["naam"], "filters": {"event": "detention-started"}} for channel in ask(api + "kanaal")]
wanted = {"callbackUrl": f"http://127.0.0.1:{server.server_port}/", "auth": CALLBACK_AUTH, "kanalen": channels}
say(subscription=ask(api + "abonnement", wanted))
sys.stdin.read()
say(all=ask(ROOT + "v1/events"))

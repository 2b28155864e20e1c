#!/usr/bin/env python3
"""A system of a probation organisation that lets in who has a certificate of its authority, and nobody else. Certificates by `trustme`.

    tls_system.py FOLDER

Writes `authority.pem`, `client.pem` and `stranger.pem` (certificate and key; the stranger's is of another authority) to the folder, says
`{"port": N}`, then for each POST that got in `{"who": ..., "key": ..., "body": ...}`.
"""

import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import trustme

FOLDER = Path(sys.argv[1])
authority, other = trustme.CA(), trustme.CA()
authority.cert_pem.write_to_path(FOLDER / "authority.pem")
for name, issuer in [("client", authority), ("stranger", other)]:
    issuer.issue_cert(f"{name}@probation.example").private_key_and_cert_chain_pem.write_to_path(FOLDER / f"{name}.pem")


class System(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        names = [value for kind, value in self.connection.getpeercert()["subjectAltName"] if kind == "email"]
        print(json.dumps({"who": names, "key": self.headers["idempotency-key"], "body": json.loads(body)}), flush=True)
        self.send_response(201)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Standard error is for what goes wrong."""


class Server(HTTPServer):
    def handle_error(self, request, client_address):
        """A handshake that fails is no news: the client says why."""


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.verify_mode = ssl.CERT_REQUIRED
authority.configure_trust(context)
authority.issue_cert("127.0.0.1").configure_cert(context)
server = Server(("127.0.0.1", 0), System)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()

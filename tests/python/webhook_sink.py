#!/usr/bin/env python3
"""A municipality's webhook as somebody else would write it: `cloudevents` reads the event, `standardwebhooks` the signature.

    webhook_sink.py SECRET...

Says `{"port": N}`, then for each POST one line: the event as it was understood, with its time in seconds, and for each
secret whether the signature holds.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SECRETS = sys.argv[1:]


def holds(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


class Sink(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        event = from_http_event(HTTPMessage(headers=headers, body=body))
        attributes = dict(event.get_attributes())
        attributes["time"] = int(attributes["time"].timestamp())
        verified = [holds(secret, body, headers) for secret in SECRETS]
        print(json.dumps({"event": attributes | {"data": event.get_data()}, "verified": verified}), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Standard error is for what goes wrong."""


server = HTTPServer(("127.0.0.1", 0), Sink)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()

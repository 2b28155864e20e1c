#!/usr/bin/env python3
"""Every attempt of three participants at the broker, as a foreign client makes them: what the broker allows, and what it refuses.

Usage: rights.py PARTICIPANT PARTICIPANT PARTICIPANT. Connection: see `wire.py`; the management interface is AMQP_API.
One line per attempt: `ok <who> <what>` or `FAIL <who> <what>: <why>`; exit 1 on any failure, and if the count is not what it should be.
"""

from __future__ import annotations

import base64
import os
import sys
import urllib.error
import urllib.request

import pika
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, ConnectionClosedByBroker

from wire import EXCHANGE, connect, password

REFUSED = (403,)
BODY = b"{}"
OWN = ["schakelpunt.dead", "schakelpunt.unrouted", "schakelpunt.not-collected", "schakelpunt.stop", "schakelpunt.intake.0"]
EXCHANGES = ["schakelpunt.out", "schakelpunt.intake", "schakelpunt.dead", "schakelpunt.unrouted", "schakelpunt.not-collected"]


class Attempts:
    def __init__(self, who: str):
        self.who = who
        self.connection = connect(who)
        self.made = 0
        self.failed = 0

    def attempt(self, what: str, allowed: bool, action) -> None:
        """Runs it on a channel of its own, since the broker closes one over what it refuses."""
        self.made += 1
        channel = self.connection.channel()
        code = None
        try:
            action(channel)
            channel.close()
        except ChannelClosedByBroker as closed:
            code = closed.reply_code
        except (ConnectionClosedByBroker, AMQPConnectionError) as closed:
            code = getattr(closed, "reply_code", -1)
            self.connection = connect(self.who)
        holds = code is None if allowed else code in REFUSED
        if holds:
            print(f"ok {self.who} {what}: {'allowed' if allowed else 'refused'}")
        else:
            self.failed += 1
            print(f"FAIL {self.who} {what}: {'refused with ' + str(code) if code else 'allowed'}")

    def publish(self, exchange: str, key: str):
        def run(channel):
            channel.confirm_delivery()
            channel.basic_publish(exchange, key, BODY, pika.BasicProperties(headers={"partitionkey": "d"}), mandatory=False)

        return run


def consumed(queue: str):
    def run(channel):
        tag = channel.basic_consume(queue, lambda *_: None)
        channel.basic_cancel(tag)

    return run


def attempts_of(who: str, everybody: list[str]) -> tuple[int, int]:
    run = Attempts(who)
    for other in everybody:
        own = other == who
        inbox = f"inbox.{other}"
        # the matrix: as whom it publishes, whose inbox it reads
        run.attempt(f"publishes as {other}", own, run.publish(EXCHANGE, f"{other}.deceased"))
        run.attempt(f"consumes {inbox}", own, consumed(inbox))
        run.attempt(f"gets one of {inbox}", own, lambda c, q=inbox: c.basic_get(q))
        # who may read its inbox may empty it: that is reading everything
        run.attempt(f"purges {inbox}", own, lambda c, q=inbox: c.queue_purge(q))
        run.attempt(f"declares {inbox}", False, lambda c, q=inbox: c.queue_declare(q, durable=True))
        run.attempt(f"deletes {inbox}", False, lambda c, q=inbox: c.queue_delete(q))
        run.attempt(f"binds {inbox} to what comes in", False, lambda c, q=inbox: c.queue_bind(q, EXCHANGE, "#"))
        run.attempt(f"binds {inbox} to what goes out", False, lambda c, q=inbox, o=other: c.queue_bind(q, "schakelpunt.out", o))
        run.attempt(f"unbinds {inbox}", False, lambda c, q=inbox, o=other: c.queue_unbind(q, "schakelpunt.out", o))
        run.attempt(f"publishes to {other} by schakelpunt.out", False, run.publish("schakelpunt.out", other))
        run.attempt(f"publishes to {inbox} by the default exchange", False, run.publish("", inbox))
    for queue in OWN:
        run.attempt(f"consumes {queue}", False, consumed(queue))
        run.attempt(f"purges {queue}", False, lambda c, q=queue: c.queue_purge(q))
        run.attempt(f"deletes {queue}", False, lambda c, q=queue: c.queue_delete(q))
    for exchange in EXCHANGES:
        run.attempt(f"publishes to {exchange}", False, run.publish(exchange, "x"))
        run.attempt(f"deletes {exchange}", False, lambda c, e=exchange: c.exchange_delete(e))
    for exchange in ["amq.topic", "amq.direct", "amq.fanout", "amq.headers"]:
        run.attempt(f"publishes to {exchange}", False, run.publish(exchange, "x"))
    run.attempt("deletes the exchange it publishes to", False, lambda c: c.exchange_delete(EXCHANGE))
    run.attempt("declares a queue of its own", False, lambda c: c.queue_declare("spy", durable=True))
    run.attempt("declares a queue without a name", False, lambda c: c.queue_declare("", exclusive=True))
    run.attempt("declares an exchange", False, lambda c: c.exchange_declare("spy", "topic"))
    run.attempt("binds exchanges", False, lambda c: c.exchange_bind("schakelpunt.out", EXCHANGE, "#"))
    for key in ["", "#", "*", f"x{who}.deceased", f"{who}x.deceased", who, f"{who.upper()}.deceased"]:
        run.attempt(f"publishes with the key '{key}'", False, run.publish(EXCHANGE, key))
    for vhost in ["/", os.environ["AMQP_VHOST"] + "-rehearsal"]:
        run.made += 1
        try:
            parameters = pika.ConnectionParameters(
                os.environ["AMQP_HOST"], int(os.environ["AMQP_PORT"]), vhost, pika.PlainCredentials(who, password(who))
            )
            pika.BlockingConnection(parameters)
            run.failed += 1
            print(f"FAIL {who} connects to the virtual host {vhost}: allowed")
        except AMQPConnectionError:
            print(f"ok {who} connects to the virtual host {vhost}: refused")
    run.made += 1
    request = urllib.request.Request(os.environ["AMQP_API"] + "/api/queues")
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{who}:{password(who)}".encode()).decode())
    try:
        urllib.request.urlopen(request, timeout=30)
        run.failed += 1
        print(f"FAIL {who} asks the management interface: allowed")
    except urllib.error.HTTPError as refused:
        print(f"ok {who} asks the management interface: refused with {refused.code}")
    run.connection.close()
    return run.made, run.failed


def main() -> int:
    everybody = sys.argv[1:]
    made = failed = 0
    for who in everybody:
        of_one, wrong = attempts_of(who, everybody)
        made += of_one
        failed += wrong
    print(f"{made} attempts of {len(everybody)} participants, {failed} of them not as they should be")
    return 1 if failed or len(everybody) != 3 else 0


if __name__ == "__main__":
    sys.exit(main())

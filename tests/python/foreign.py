#!/usr/bin/env python3
"""A foreign client as prison and as municipality: what it sends, what comes out, and what does not.

Cases by name on the command line, or all. One line per check: `ok <name>` or `FAIL <name>: <why>`; exit 1 on any
failure. Connection: see `wire.py`. Every bad message carries FOREIGN_CANARY as surname (default below), so that
whoever runs this can look for that word in stores, logs and queues afterwards: it must be nowhere.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid

import pika

from expectation import leaves_of
from wire import Inboxes, Producer, Received, connect, envelope, participants

CANARY = os.environ.get("FOREIGN_CANARY", "Kanariegeelkuif")
GOOD_NAME = "Zilvermeeuw"
PRISON, OTHER_PRISON, TOWN, UNIT = "pi-zwolle", "pi-lelystad", "gemeente-zwolle", "rn-zwolle"
BSN = "999900006"
WAIT = float(os.environ.get("FOREIGN_SECONDS", "30"))

TO_TOWN = {"/person/identity/surname", "/person/identity/birthDate", "/person/identity/bsn", "/detention/start"}
TO_UNIT = TO_TOWN | {"/person/identity/skn"}


class CheckFailed(Exception):
    """What was to be shown does not hold."""


def check(holds: bool, why: str) -> None:
    if not holds:
        raise CheckFailed(why)


def notice(surname: str = GOOD_NAME) -> dict:
    return {
        "person": {"identity": {"surname": surname, "birthDate": "1984-05-17", "bsn": BSN, "skn": "10000001"}},
        "detention": {"start": time.strftime("%Y-%m-%d"), "title": "SENTENCE"},
        "residence": {"candidates": [{"source": "BRP_AT_START", "municipality": "0193", "kind": "HOME"}]},
    }


class Client:
    """Two prisons that send, and every inbox of the country to see who gets what."""

    def __init__(self):
        register = participants()
        self.sources = {p["id"]: p["sources"][0] for p in register["participant"]}
        self.inboxes = Inboxes(sorted(self.sources))
        self.prison = Producer(PRISON)
        self.other = Producer(OTHER_PRISON)
        self.inboxes.connections += [self.prison.connection, self.other.connection]

    def event(self, event="detention-started", data=None, ref=None, sequence=1, sender=PRISON) -> dict:
        return envelope(event, self.sources[sender], ref or str(uuid.uuid4()), str(uuid.uuid4()), sequence, data or notice())

    def reopen(self) -> None:
        """The broker closes a channel or a connection over what it refuses."""
        for producer in (self.prison, self.other):
            producer.reopen()
            if producer.connection not in self.inboxes.connections:
                self.inboxes.connections.append(producer.connection)
        self.inboxes.connections = [c for c in self.inboxes.connections if c.is_open]

    # -- what came ---------------------------------------------------------------------------------------

    def about(self, ref: str) -> list[Received]:
        return [r for r in self.inboxes.received if not r.is_receipt and r.event.get("subject") == ref]

    def receipts(self, owner: str = PRISON) -> list[Received]:
        return [r for r in self.inboxes.received if r.is_receipt and r.owner == owner]

    def receipt_of(self, message_id: str, owner: str = PRISON) -> Received | None:
        for receipt in self.receipts(owner):
            data = receipt.event.get("data", {})
            keys = data.get("messages", []) + [data.get("message", {})]
            if any(k.get("id") == message_id for k in keys):
                return receipt
        return None

    def flows(self, mark: int = 0) -> None:
        """The next good message arrives where it should: nothing is stuck, and all before it is settled."""
        event = self.event()
        self.prison.send(event)
        arrived = self.inboxes.until(
            lambda: {r.owner for r in self.about(event["subject"])} >= {TOWN, UNIT} and self.receipt_of(event["id"]), WAIT
        )
        check(arrived, "the next good message does not arrive")
        echo = [r.owner for r in self.inboxes.received[mark:] if CANARY.encode() in r.body]
        check(not echo, f"the content of a bad message is in the inbox of {echo}")

    def rejected(self, body: bytes, event: str, key: str, code: str, pointer: str | None, message_id: str | None, **how) -> None:
        """Send what is bad, get its code and a pointer, and see the next good message flow."""
        mark = len(self.inboxes.received)
        producer, owner = how.pop("producer", self.prison), how.pop("owner", PRISON)
        before = len(self.receipts(owner))
        producer.publish(event, body, key, **how)

        def answer() -> Received | None:
            new = [r for r in self.receipts(owner)[before:] if r.name == "message-rejected"]
            return new[0] if new else None

        check(self.inboxes.until(lambda: answer() is not None, WAIT), f"no rejection within {WAIT:.0f} s")
        data = answer().event["data"]
        check(data["code"] == code, f"code {data['code']}, not {code}")
        check(pointer is None or data["pointer"] == pointer, f"pointer {data['pointer']!r}, not {pointer!r}")
        check(data["pointer"] == "" or data["pointer"].startswith("/"), f"{data['pointer']!r} is no JSON pointer")
        check(bool(data["sentence"]["nl"] and data["sentence"]["en"]), "no sentence for a clerk")
        told = data.get("message", {}).get("id")
        check(message_id is None or told in (None, message_id), f"speaks of the message {told!r}")
        self.flows(mark)

    def close(self) -> None:
        self.inboxes.close()
        for producer in (self.prison, self.other):
            if producer.connection.is_open:
                producer.connection.close()


def as_bytes(event: dict) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode()


def delivered_once(client: Client, event: dict) -> None:
    """The notice is at the municipality and at probation, cut to size, and with nobody else."""
    ref = event["subject"]
    done = lambda: {r.owner for r in client.about(ref)} >= {TOWN, UNIT} and client.receipt_of(event["id"])
    check(client.inboxes.until(done, WAIT), f"arrived only at {sorted({r.owner for r in client.about(ref)})}")
    client.flows()
    owners = sorted(r.owner for r in client.about(ref))
    check(owners == sorted([TOWN, UNIT]), f"arrived at {owners}")
    for received in client.about(ref):
        wanted = TO_TOWN if received.owner == TOWN else TO_UNIT
        got = leaves_of(received.event["data"])
        check(got == wanted, f"{received.owner} got {sorted(got)}")
        basis = "pm-20d-2" if received.owner == TOWN else "rr95-11-1"
        check(received.event.get("legalbasis") == basis, f"{received.owner}: legalbasis {received.event.get('legalbasis')!r}")
        check(received.event.get("causationid") == event["id"], f"{received.owner}: no causationid of the original")
        check(received.event.get("source") != event["source"], f"{received.owner}: the source is not the hub")
        check(received.event.get("type") == event["type"], f"{received.owner}: another type")


# -- the cases ---------------------------------------------------------------------------------------------


def structured(client: Client) -> None:
    event = client.event()
    client.prison.send(event)
    delivered_once(client, event)
    receipt = client.receipt_of(event["id"])
    check(receipt.name == "message-accepted", f"the receipt is {receipt.name}")
    check(GOOD_NAME.encode() not in receipt.body, "the receipt repeats the content")


def binary(client: Client) -> None:
    """The prefixes that AMQP clients use: attributes as headers, the payload alone as body."""
    for prefix in ("ce-", "cloudEvents:", "cloudEvents_"):
        event = client.event()
        headers = {prefix + k: v for k, v in event.items() if k not in ("data", "datacontenttype")}
        body = as_bytes(event["data"])
        client.prison.publish("detention-started", body, event["subject"], headers=headers, content_type="application/json")
        delivered_once(client, event)


def same_bytes(client: Client) -> None:
    event = client.event()
    body = client.prison.send(event)
    delivered_once(client, event)
    first = {r.owner: r.body for r in client.about(event["subject"])}
    client.prison.publish("detention-started", body, event["subject"])
    client.flows()
    client.flows()
    check(len(client.about(event["subject"])) == 2, "the same bytes gave a second delivery")
    check({r.owner: r.body for r in client.about(event["subject"])} == first, "other bytes than the first time")


def id_reused(client: Client) -> None:
    event = client.event()
    client.prison.send(event)
    delivered_once(client, event)
    other = event | {"data": notice(CANARY)}
    client.rejected(as_bytes(other), "detention-started", event["subject"], "ID_REUSED", None, event["id"])
    check(len(client.about(event["subject"])) == 2, "something was delivered")


def sender_mismatch(client: Client) -> None:
    event = client.event(data=notice(CANARY), sender=OTHER_PRISON)
    client.rejected(as_bytes(event), "detention-started", event["subject"], "SENDER_MISMATCH", "/source", event["id"])
    check(not client.about(event["subject"]), "something was delivered")
    check(client.receipt_of(event["id"], OTHER_PRISON) is None, "the other prison was told of it")


def cc_header(client: Client) -> None:
    """Old brokers route a copy past the topic permission, new ones refuse it: either way nothing changes."""
    event = client.event()
    try:
        client.prison.send(event, headers={"CC": [f"{OTHER_PRISON}.detention-started"]})
    except (pika.exceptions.ChannelClosedByBroker, pika.exceptions.ConnectionClosedByBroker) as refused:
        check(refused.reply_code == 403, f"the broker says {refused.reply_code}")
        client.reopen()
        client.prison.send(event)
    delivered_once(client, event)
    check(client.receipt_of(event["id"], OTHER_PRISON) is None, "the other prison has a receipt")
    check(client.receipt_of(event["id"]).name == "message-accepted", "not accepted from its real sender")


def foreign_prefix(client: Client) -> None:
    event = client.event(sender=OTHER_PRISON)
    try:
        client.prison.send(event, prefix=OTHER_PRISON)
    except (pika.exceptions.ChannelClosedByBroker, pika.exceptions.ConnectionClosedByBroker) as refused:
        check(refused.reply_code == 403, f"the broker says {refused.reply_code}")
    else:
        check(False, "the broker let it through")
    finally:
        client.reopen()
    client.flows()
    check(not client.about(event["subject"]), "something was delivered")


def foreign_inbox(_client: Client) -> None:
    connection = connect(PRISON)
    try:
        connection.channel().basic_get(f"inbox.{TOWN}")
    except pika.exceptions.ChannelClosedByBroker as refused:
        check(refused.reply_code == 403, f"the broker says {refused.reply_code}")
    else:
        check(False, "a prison can read the inbox of a municipality")
    finally:
        connection.close()


def user_id(client: Client) -> None:
    event = client.event()
    try:
        client.prison.send(event, user_id=OTHER_PRISON)
    except (pika.exceptions.ChannelClosedByBroker, pika.exceptions.ConnectionClosedByBroker) as refused:
        check(refused.reply_code == 406, f"the broker says {refused.reply_code}")
    else:
        check(False, "the broker let it through")
    finally:
        client.reopen()
    # One's own name is fine.
    client.prison.send(event, user_id=PRISON)
    delivered_once(client, event)


def malformed_json(client: Client) -> None:
    ref = str(uuid.uuid4())
    body = b'{"specversion": "1.0", "subject": "' + ref.encode() + b'", "data": {"surname": "' + CANARY.encode()
    client.rejected(body, "detention-started", ref, "MALFORMED", None, None)


def equal_keys(client: Client) -> None:
    event = client.event(data=notice(CANARY))
    body = as_bytes(event).replace(b'"skn"', b'"surname"')
    client.rejected(body, "detention-started", event["subject"], "MALFORMED", None, event["id"])


def unknown_type(client: Client) -> None:
    event = client.event(data=notice(CANARY)) | {"type": "nl.schakelpunt.detentions.visit-announced.v1"}
    client.rejected(as_bytes(event), "visit-announced", event["subject"], "UNKNOWN_TYPE", "/type", event["id"])


def bsn_in_subject(client: Client) -> None:
    event = client.event(data=notice(CANARY), ref="999900018")
    client.rejected(as_bytes(event), "detention-started", "999900018", "PERSONAL_DATA_IN_ATTRIBUTES", "/subject", event["id"])
    check(not any(b"999900018" in r.body for r in client.inboxes.received), "the number came back")


def too_large(client: Client) -> None:
    """65 KiB: one more than an intermediary has to forward."""
    event = client.event(data=notice(CANARY))
    body = as_bytes(event)
    body = body[:-1] + b" " * (65 * 1024 - len(body)) + b"}"
    client.rejected(body, "detention-started", event["subject"], "TOO_LARGE", None, None)


def missing_field(client: Client) -> None:
    data = notice(CANARY)
    del data["detention"]["start"]
    event = client.event(data=data)
    mark = len(client.inboxes.received)
    client.rejected(as_bytes(event), "detention-started", event["subject"], "SCHEMA_INVALID", None, event["id"])
    said = next(r for r in client.inboxes.received[mark:] if r.name == "message-rejected").event["data"]["pointer"]
    check(said.startswith("/data/detention"), f"pointer {said!r} does not lead to the place")
    check(not client.about(event["subject"]), "something was delivered")


def unknown_detention(client: Client) -> None:
    event = client.event("screening-completed", {"conditions": {"DEBT": {"status": "MISSING", "detail": CANARY}}})
    client.rejected(as_bytes(event), "screening-completed", event["subject"], "UNKNOWN_DETENTION", None, event["id"])


def town_answers(client: Client) -> None:
    """A municipality as a foreign client too: it gets the notice and plans the meeting."""
    event = client.event()
    client.prison.send(event)
    delivered_once(client, event)
    tbo = {"tbo": {"at": f"{time.strftime('%Y-%m-%d')}T10:00:00Z", "place": "INSIDE"}}
    answer = client.event("tbo-scheduled", tbo, event["subject"], sender=TOWN)
    town = Producer(TOWN)
    client.inboxes.connections.append(town.connection)
    town.send(answer)
    planned = lambda: {r.owner for r in client.about(event["subject"]) if r.name == "tbo-scheduled"}
    check(client.inboxes.until(lambda: planned() == {PRISON, UNIT}, WAIT), f"the meeting arrived at {sorted(planned())}")
    client.inboxes.connections.remove(town.connection)
    town.connection.close()
    client.flows()
    check(planned() == {PRISON, UNIT}, f"the meeting arrived at {sorted(planned())}")


CASES = {
    "structured": structured, "binary": binary, "same-bytes": same_bytes, "id-reused": id_reused,
    "sender-mismatch": sender_mismatch, "cc-header": cc_header, "foreign-prefix": foreign_prefix,
    "foreign-inbox": foreign_inbox, "user-id": user_id, "malformed-json": malformed_json, "equal-keys": equal_keys,
    "unknown-type": unknown_type, "bsn-in-subject": bsn_in_subject, "too-large": too_large,
    "missing-field": missing_field, "unknown-detention": unknown_detention, "town-answers": town_answers,
}


def main() -> int:
    names = sys.argv[1:] or list(CASES)
    if unknown := [n for n in names if n not in CASES]:
        print(f"unknown: {' '.join(unknown)}; there are: {' '.join(CASES)}", file=sys.stderr)
        return 2
    client = Client()
    failed = 0
    try:
        for name in names:
            try:
                CASES[name](client)
                print(f"ok {name}", flush=True)
            except (CheckFailed, pika.exceptions.AMQPError) as why:
                failed += 1
                print(f"FAIL {name}: {why or type(why).__name__}", flush=True)
                client.reopen()
    finally:
        client.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

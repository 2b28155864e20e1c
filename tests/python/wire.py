"""What a foreign organisation needs to talk to the hub: AMQP 0.9.1 and CloudEvents, nothing of ours.

Where and as whom: AMQP_HOST, AMQP_PORT, AMQP_VHOST; the user is the participant's id, its password is
AMQP_PASSWORD_<ID> (upper case, dashes as underscores) or else AMQP_PASSWORD.
"""

from __future__ import annotations

import json
import os
import time
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pika

ROOT = Path(__file__).resolve().parents[2]
EXCHANGE = "schakelpunt.in"
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
RECEIPTS = ("message-accepted", "message-refused", "message-rejected")
# What the hub says of running numbers: no delivery, and nothing about a message.
OF_NUMBERS = ("heartbeat", "delivery-void")
DOMAINS = {
    "detention-started": "detentions", "detention-start-corrected": "detentions", "release-date-set": "detentions",
    "release-date-changed": "detentions", "transferred": "detentions", "detention-ended": "detentions",
}


def domain_of(event: str) -> str:
    """The domain of an event, as its own schema says it; the common ones need no file."""
    if event in DOMAINS:
        return DOMAINS[event]
    schema = json.loads((ROOT / "schemas" / "events" / f"{event}.json").read_text(encoding="utf-8"))
    return schema["x-event"]["domain"]


def type_of(event: str) -> str:
    return f"nl.schakelpunt.{domain_of(event)}.{event}.v1"


def short_name(event_type: str) -> str:
    """`release-date-set` of `nl.schakelpunt.detentions.release-date-set.v1`."""
    return event_type.rsplit(".", 2)[-2]


def participants(path: str | None = None) -> dict:
    """The register files of the demo, as they are."""
    where = Path(path or os.environ.get("SCHAKELPUNT_PARTICIPANTS") or ROOT / "config/demo/participants.toml")
    return tomllib.loads(where.read_text(encoding="utf-8"))


def password(user: str) -> str:
    own = "AMQP_PASSWORD_" + user.upper().replace("-", "_")
    return os.environ.get(own) or os.environ.get("AMQP_PASSWORD_" + user) or os.environ["AMQP_PASSWORD"]


def connect(user: str) -> pika.BlockingConnection:
    return pika.BlockingConnection(
        pika.ConnectionParameters(
            host=os.environ.get("AMQP_HOST", "127.0.0.1"),
            port=int(os.environ.get("AMQP_PORT", "5672")),
            virtual_host=os.environ.get("AMQP_VHOST", "schakelpunt"),
            credentials=pika.PlainCredentials(user, password(user)),
            blocked_connection_timeout=60,
        )
    )


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def envelope(event: str, source: str, ref: str, message_id: str, sequence: int, data: dict) -> dict:
    """A structured CloudEvent with every attribute that the contract asks for."""
    return {
        "specversion": "1.0",
        "type": type_of(event),
        "source": source,
        "id": message_id,
        "time": now(),
        "subject": ref,
        "partitionkey": ref,
        "sequence": f"{sequence:020d}",
        "datacontenttype": "application/json",
        "dataschema": f"https://schakelpunt.example/schemas/events/{event}.v1.json",
        "data": data,
    }


@dataclass(frozen=True)
class Received:
    """What lay in an inbox."""

    owner: str
    body: bytes
    event: dict

    @property
    def name(self) -> str:
        return short_name(self.event.get("type", "..."))

    @property
    def is_receipt(self) -> bool:
        return self.name in RECEIPTS

    @property
    def is_of_numbers(self) -> bool:
        return self.name in OF_NUMBERS


class Producer:
    """Publishes as one participant. A message that the broker cannot route or confirm is an error."""

    def __init__(self, user: str):
        self.user = user
        self.connection = connect(user)
        self.channel = self._open()

    def _open(self):
        channel = self.connection.channel()
        channel.confirm_delivery()
        return channel

    def reopen(self) -> None:
        """After the broker refused something it has closed the channel, or the whole connection."""
        if not self.connection.is_open:
            self.connection = connect(self.user)
        self.channel = self._open()

    def publish(self, event: str, body: bytes, partition_key: str, *, prefix: str | None = None, headers=None, **properties):
        self.channel.basic_publish(
            exchange=EXCHANGE,
            routing_key=f"{prefix or self.user}.{event}",
            body=body,
            properties=pika.BasicProperties(
                content_type=properties.pop("content_type", CONTENT_TYPE),
                delivery_mode=2,
                headers={"partitionkey": partition_key} | (headers or {}),
                **properties,
            ),
            mandatory=True,
        )

    def send(self, message: dict, **more) -> bytes:
        """Publish an envelope; gives the bytes, for who wants to offer the same ones again."""
        body = json.dumps(message, ensure_ascii=False).encode()
        self.publish(short_name(message["type"]), body, message["partitionkey"], **more)
        return body


class Inboxes:
    """Consumes the inboxes of many participants, each with its own login, and acknowledges."""

    def __init__(self, owners: list[str]):
        self.received: list[Received] = []
        self.connections = []
        self.channels = {}
        for owner in owners:
            connection = connect(owner)
            channel = connection.channel()
            channel.basic_qos(prefetch_count=200)
            channel.basic_consume(f"inbox.{owner}", self._keep(owner))
            self.connections.append(connection)
            self.channels[owner] = channel

    def _keep(self, owner: str):
        def on_message(channel, method, _properties, body):
            try:
                event = json.loads(body)
            except ValueError:
                event = {"type": "not.json.at-all.v1"}
            # Kept first, acknowledged then: a consumer that dies between the two gets it again.
            self.received.append(Received(owner, bytes(body), event))
            channel.basic_ack(method.delivery_tag)

        return on_message

    def pump(self) -> None:
        """Take what is there, without waiting."""
        for connection in self.connections:
            connection.process_data_events(time_limit=0)

    def until(self, condition, seconds: float = 60.0) -> bool:
        """Pump until the condition holds; False if it does not within the bound."""
        deadline = time.monotonic() + seconds
        while True:
            self.pump()
            if condition():
                return True
            if time.monotonic() > deadline:
                return False
            # A pause between two looks, so that one core is left for the hub.
            time.sleep(0.005)

    def close(self) -> None:
        for connection in self.connections:
            if connection.is_open:
                connection.close()


def messages_ready(connection: pika.BlockingConnection, queue: str) -> int | None:
    """How many messages wait in a queue, by passive declaration; None where there is no such queue."""
    channel = connection.channel()
    try:
        count = channel.queue_declare(queue, passive=True).method.message_count
        channel.close()
        return count
    except pika.exceptions.ChannelClosedByBroker:
        return None


def intake_ready(connection: pika.BlockingConnection) -> int:
    """Messages that wait in all intake queues together; they are numbered from 0 without a gap."""
    total, number = 0, 0
    while (count := messages_ready(connection, f"schakelpunt.intake.{number}")) is not None:
        total += count
        number += 1
    if number == 0:
        raise RuntimeError("there is no queue schakelpunt.intake.0")
    return total

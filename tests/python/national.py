#!/usr/bin/env python3
"""Hundreds of detentions through a running hub, every delivery checked.

Publishes as each prison with its own login, collects the inboxes of all participants, and compares what came
with `expectation.py`. Prints a table; exit 1 on any difference. Connection: see `wire.py`.
"""

from __future__ import annotations

import argparse
import csv
import sys
import uuid
from collections import Counter, defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

import people
from expectation import Delivery, Law, leaves_of
from people import Case, Message, Places
from wire import ROOT, Inboxes, Producer, Received, envelope, intake_ready, participants

REFERENCE = ROOT / "config" / "reference"
STAGES = ("detention-started", "release-date-set", "transferred", "detention-ended")
NAMESPACE = uuid.UUID("b0d7a0c2-8c0e-5e0b-9d6c-5d0f6a1c7e11")


def rows(name: str) -> list[dict]:
    with open(REFERENCE / name, encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def places_of(law: Law) -> Places:
    codes = [r["code"] for r in rows("municipalities.csv")]
    prisons = sorted(p["id"] for p in law.participants.values() if p["kind"] == "prison")
    towns = [None, *law.towns.values()]

    def same_unit(old: str, new: str) -> bool:
        # A transfer that also changes the probation unit is another story, told by a scenario.
        return old != new and all(law.probation_unit(t, old) == law.probation_unit(t, new) for t in towns)

    return Places(
        connected=sorted(law.towns),
        elsewhere=[c for c in codes if c not in law.towns],
        merged=[r["old_code"] for r in law.reorganisations if ";" not in r["new_codes"]],
        split=[r["old_code"] for r in law.reorganisations if ";" in r["new_codes"]],
        prisons=prisons,
        moves={old: [new for new in prisons if same_unit(old, new)] for old in prisons},
    )


def pruned(value):
    """Without empty objects and lists: whether those are kept is nobody's business."""
    if isinstance(value, dict):
        small = {k: pruned(v) for k, v in value.items()}
        return {k: v for k, v in small.items() if v not in ({}, [])}
    if isinstance(value, list):
        return [pruned(v) for v in value]
    return value


def cut(value, leaves: frozenset[str], path: str = ""):
    """The original with these leaves only."""
    if isinstance(value, dict):
        return {k: cut(v, leaves, f"{path}/{k}") for k, v in value.items() if within(leaves, f"{path}/{k}")}
    if isinstance(value, list) and any(isinstance(v, dict) for v in value):
        return [cut(v, leaves, f"{path}/*") for v in value]
    return value


def within(leaves: frozenset[str], path: str) -> bool:
    return any(leaf == path or leaf.startswith(path + "/") for leaf in leaves)


class Run:
    """One run: what was sent, what must come, what came."""

    def __init__(self, law: Law, cases: list[Case], markers: list[Case], seconds: float):
        self.law, self.cases, self.markers, self.seconds = law, cases, markers, seconds
        self.sent: dict[tuple[str, str], dict] = {}  # (source, id) -> envelope
        self.expected: dict[tuple[str, str, str], tuple[Delivery, dict]] = {}
        self.refusals: set[tuple[str, str]] = set()  # messages that nobody may have
        self.differences: list[str] = []
        self.sequence = Counter()
        prisons = [p["id"] for p in law.participants.values() if p["kind"] == "prison"]
        self.producers = {p: Producer(p) for p in prisons}
        self.inboxes = Inboxes(sorted(law.participants))
        # Pumped along with the others: a connection that is never served misses its heartbeats.
        self.inboxes.connections += [producer.connection for producer in self.producers.values()]

    def source(self, participant: str) -> str:
        return self.law.participants[participant]["sources"][0]

    def publish(self, case: Case, message: Message) -> None:
        source = self.source(message.sender)
        self.sequence[source, case.ref] += 1
        message_id = str(uuid.uuid5(NAMESPACE, f"{case.ref}/{message.event}"))
        event = envelope(message.event, source, case.ref, message_id, self.sequence[source, case.ref], message.data)
        outcome = self.law.expected(case, message)
        if outcome.refused_entirely:
            self.refusals.add((source, message_id))
        for delivery in outcome.deliveries:
            self.expected[delivery.recipient, case.ref, message.event] = (delivery, event)
        self.sent[source, message_id] = event
        self.producers[message.sender].send(event)

    # -- what came ---------------------------------------------------------------------------------------

    def deliveries(self) -> dict[tuple[str, str, str], list[Received]]:
        found = defaultdict(list)
        for received in self.inboxes.received:
            if not received.is_receipt and not received.is_of_numbers:
                found[received.owner, received.event.get("subject"), received.name].append(received)
        return found

    def receipts(self) -> dict[tuple[str, str], str]:
        """(source, id) -> accepted, refused or rejected with its code."""
        said = {}
        for received in (r for r in self.inboxes.received if r.is_receipt):
            data = received.event.get("data", {})
            if received.name == "message-accepted":
                said |= {(m["source"], m["id"]): "accepted" for m in data["messages"]}
            elif received.name == "message-refused":
                codes = ",".join(sorted({r["code"] for r in data["refusals"]}))
                said[data["message"]["source"], data["message"]["id"]] = f"refused {codes}"
            else:
                key = (self.source(received.owner), data.get("message", {}).get("id", "?"))
                said[key] = f"rejected {data['code']} {data['pointer']}"
        return said

    def settled(self) -> bool:
        """Every message has its receipt and every expected delivery is there."""
        return self.expected.keys() <= self.deliveries().keys() and self.sent.keys() <= self.receipts().keys()

    def stage(self, name: str, batch: list[tuple[Case, Message]]) -> bool:
        # The next stage begins when this one is done: a recipient of today may have left the case tomorrow.
        for case, message in batch:
            self.publish(case, message)
            self.inboxes.pump()
        settled = self.inboxes.until(self.settled, self.seconds)
        if not settled:
            self.differences.append(f"{name}: not settled within {self.seconds:.0f} s, the rest was not played")
        print(f"{name}: {len(batch)} messages", file=sys.stderr)
        return settled

    def play(self) -> None:
        for number, name in enumerate(STAGES):
            if not self.stage(name, [(c, m) for c in self.cases for m in c.messages if m.stage == number]):
                return
        # The fence: nothing waits in the intake; then one marker per prison goes the whole way, so that
        # whatever was decided before it and should not have been sent has had its chance to arrive.
        probe = self.producers[self.markers[0].prison].connection
        if not self.inboxes.until(lambda: intake_ready(probe) == 0, self.seconds):
            self.differences.append("the intake queues do not run empty")
        self.stage("markers", [(c, c.messages[0]) for c in self.markers])

    # -- the comparison ----------------------------------------------------------------------------------

    def compare(self) -> Counter:
        counts = Counter()
        found = self.deliveries()
        for key, (delivery, original) in self.expected.items():
            counts["expected", key[2]] += 1
            if key not in found:
                self.differences.append(f"{key}: did not arrive")
                continue
            first, *more = found[key]
            counts["arrived", key[2]] += 1
            self.same(key, first, delivery, original)
            for other in more:
                counts["repeated", key[2]] += 1
                if other.body != first.body:
                    self.differences.append(f"{key}: came again with other bytes")
        cases = {case.ref: case for case in [*self.cases, *self.markers]}
        for key in found.keys() - self.expected.keys():
            self.of_a_term(key, found[key], cases.get(key[1]))
            counts["of terms"] += 1
        for key, said in self.receipts().items():
            wanted = "refused OUT_OF_SCOPE_TITLE" if key in self.refusals else "accepted"
            if said != wanted:
                self.differences.append(f"receipt of {key}: {said}, not {wanted}")
        for key in self.sent.keys() - self.receipts().keys():
            self.differences.append(f"receipt of {key}: none")
        return counts

    def of_a_term(self, key, received: list[Received], case: Case | None) -> None:
        """What nobody sent is the hub's own word of a term: to whom it may say so, and no more than that."""
        heard, leaves = self.law.of_terms(case, key[2]) if case else ({}, frozenset())
        if key[0] not in heard:
            self.differences.append(f"{key}: arrived, and nobody was to get it")
        for one in received:
            if extra := sorted(leaves_of(one.event.get("data", {})) - leaves):
                self.differences.append(f"{key}: too much: {extra}")
            if key[0] in heard and one.event.get("onbehalfof") != heard[key[0]]:
                self.differences.append(f"{key}: onbehalfof is {one.event.get('onbehalfof')!r}, not {heard[key[0]]!r}")

    def same(self, key, received: Received, delivery: Delivery, original: dict) -> None:
        event = received.event
        leaves = leaves_of(event.get("data", {}))
        # Names of leaves only: a difference report is no place for somebody's data.
        if extra := sorted(leaves - delivery.leaves):
            self.differences.append(f"{key}: too much: {extra}")
        if missing := sorted(delivery.leaves - leaves):
            self.differences.append(f"{key}: missing: {missing}")
        if not extra and not missing and pruned(event["data"]) != pruned(cut(original["data"], delivery.leaves)):
            self.differences.append(f"{key}: other values than were sent")
        attributes = {
            "legalbasis": ",".join(delivery.bases),
            "causationid": original["id"],
            "producer": original["source"],
            "producertime": original["time"],
            "type": original["type"],
            "subject": original["subject"],
            "environment": "test",
            "purpose": "administration" if delivery.recipient == "triage" else "reintegration",
            "onbehalfof": delivery.on_behalf_of,
        }
        for name, wanted in attributes.items():
            if event.get(name) != wanted and not (name == "producertime" and same_instant(event.get(name), wanted)):
                self.differences.append(f"{key}: {name} is {event.get(name)!r}, not {wanted!r}")
        if event.get("source") == original["source"] or event.get("id") == original["id"]:
            self.differences.append(f"{key}: is the producer's own event, not a new one")

    def close(self) -> None:
        self.inboxes.close()
        for producer in self.producers.values():
            if producer.connection.is_open:
                producer.connection.close()


def same_instant(left, right) -> bool:
    try:
        return datetime.fromisoformat(left) == datetime.fromisoformat(right)
    except (TypeError, ValueError):
        return False


def table(run: Run, counts: Counter) -> None:
    print(f"{'event':<22}{'messages':>9}{'expected':>9}{'arrived':>9}{'repeated':>9}")
    sent = Counter(e["type"].rsplit(".", 2)[-2] for e in run.sent.values())
    for event in STAGES:
        line = [sent[event], counts["expected", event], counts["arrived", event], counts["repeated", event]]
        print(f"{event:<22}" + "".join(f"{n:>9}" for n in line))
    kinds = Counter((run.law.participants[d.recipient]["kind"], ",".join(d.bases)) for d, _ in run.expected.values())
    for (kind, bases), number in sorted(kinds.items()):
        print(f"  to {kind:<14}{bases:<26}{number:>6}")
    print(f"  lawful to nobody        {len(run.refusals):>22}")
    on_behalf = sum(1 for d, _ in run.expected.values() if d.on_behalf_of)
    print(f"  under a mandate         {on_behalf:>22}")
    print(f"  by the hub, of terms    {counts['of terms']:>22}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="number of detentions")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=120.0, help="bound of every wait")
    parser.add_argument("--dry-run", action="store_true", help="no broker: print what would be expected")
    parser.add_argument("--participants", help="register file; default config/demo/participants.toml")
    options = parser.parse_args()

    today = datetime.now(ZoneInfo("Europe/Amsterdam")).date()
    law = Law(participants(options.participants), REFERENCE, today)
    places = places_of(law)
    cases = people.generate(options.seed, options.count, places, today)
    markers = people.markers(options.seed, options.count, places, today)
    if options.dry_run:
        return dry_run(law, cases)
    run = Run(law, cases, markers, options.seconds)
    try:
        run.play()
        counts = run.compare()
    finally:
        run.close()
    table(run, counts)
    for difference in run.differences[:50]:
        print(f"difference: {difference}")
    if len(run.differences) > 50:
        print(f"... and {len(run.differences) - 50} more")
    print("no differences" if not run.differences else f"{len(run.differences)} differences")
    return 1 if run.differences else 0


def dry_run(law: Law, cases: list[Case]) -> int:
    counts = Counter()
    for case in cases:
        for message in case.messages:
            outcome = law.expected(case, message)
            counts[message.event, "messages"] += 1
            for delivery in outcome.deliveries:
                kind = law.participants[delivery.recipient]["kind"]
                counts[message.event, f"{kind} {','.join(delivery.bases)}"] += 1
    for (event, what), number in sorted(counts.items()):
        print(f"{event:<20}{what:<40}{number:>6}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

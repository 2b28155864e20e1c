"""A fictitious year: makes it, and judges what a hub did with it. Standard library only, none of our crates.

    year.py make  --seed N --part P --reference config/reference FOLDER     registers.toml, sent.jsonl
    year.py judge --reference config/reference FOLDER                       reads happened.jsonl beside them

`judge` prints a table and ends with 1 on any difference, the first ones by name.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

from year_judge import Judge
from year_made import make
from year_registers import Reference, Registers

HUB = "urn:nld:oin:00000099000000000000:systeem:schakelpunt"
# What the hub says by itself and nobody predicts here: deadlines, reminders, what follows from the calendar and from many changes.
# They are counted and named in the table, so that nobody takes them for checked. Everything else that is not predicted is a difference.
NOT_PREDICTED = {
    "release-imminent", "tbo-deadline-missed", "plan-deadline-missed", "screening-deadline-missed", "first-visit-deadline-missed",
    "deadline-near", "tbo-deadline-near", "plan-deadline-near", "screening-deadline-near", "first-visit-deadline-near",
    "tbo-collision-flagged", "consent-expired", "case-passed-on", "release-dates-digest", "dependent-decisions-flagged", "heartbeat",
    "tbo-outside-proposed", "capacity-granted", "capacity-revoked", "access-refused",
    "deletion-deadline-missed", "inbox-unread", "triage-asked", "triage-deadline-missed",
    # by the name that `happened` gives it
    "message-withdrawn again",
}
SHOWN = 10


def canonical(line: dict) -> str:
    return json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=12).digest()


def happened(file: Path):
    """Lines of a hub in the words of the judge. A delivery's `subject` is checked for the hub's own messages only.

    One of these is told apart by what came before it: a reminder of a withdrawal goes to who got that withdrawal and to nobody else.
    """
    withdrawn: set[tuple] = set()
    with open(file, encoding="utf-8") as lines:
        for text in lines:
            line = json.loads(text)
            if line["what"] == "delivery":
                subject, own = line.pop("subject"), line["source"] == HUB
                event = line["event"]
                about = (json.dumps(line["data"]["correction"]["of"], sort_keys=True), line["to"]) if event == "message-withdrawn" else None
                if about and not own:
                    withdrawn.add(about)
                elif about in withdrawn:
                    event = "message-withdrawn again"
                if own:
                    line = {"what": "own", "event": event, "subject": subject, "to": line["to"], "bases": line["bases"]}
            elif line["what"] == "refusal" and line["source"] == HUB:
                line = {"what": "own", "event": line["event"], "subject": None, "to": line["to"], "bases": [line["code"]]}
            yield line


def asked_for_passed(surplus: Counter[bytes], file: Path) -> int:
    """For whom a case passed to by the registers, the hub has a prison tell the present state, once: takes these out of what nobody
    predicted, and counts them."""
    passed: Counter[str] = Counter()
    asked: dict[bytes, str] = {}
    for line in happened(file):
        if line["what"] == "own" and line["event"] == "case-passed-on":
            passed[line["subject"]] += 1
        elif line["what"] == "own" and line["event"] == "current-set-requested":
            asked[digest(canonical(line))] = line["subject"]
    found = 0
    for key in [key for key in surplus if key in asked]:
        taken = min(surplus[key], passed[asked[key]])
        passed[asked[key]] -= taken
        surplus[key] -= taken
        found += taken
    return found


class Tally:
    """Lines as digests: a year has millions. Refusals count once, however often somebody was asked."""

    def __init__(self):
        self.lines: Counter[bytes] = Counter()
        self.kinds: Counter[tuple] = Counter()
        self.apart: Counter[str] = Counter()

    def add(self, line: dict):
        if line["what"] == "own" and line["event"] in NOT_PREDICTED:
            self.apart[line["event"]] += 1
            return
        key = digest(canonical(line))
        if line["what"] == "refusal" and key in self.lines:
            return
        self.lines[key] += 1
        self.kinds[self.kind(line)] += 1

    @staticmethod
    def kind(line: dict) -> tuple:
        if line["what"] == "outcome":
            return ("outcome", line["code"] or line["outcome"])
        if line["what"] == "refusal":
            return ("refusal", line["code"])
        return (line["what"], "+".join(line["bases"]))


def expected(folder: Path, registers: Registers, tell):
    judge = Judge(registers, tell)
    last = ""
    with open(folder / "sent.jsonl", encoding="utf-8") as lines:
        for text in lines:
            sent = json.loads(text)
            last = sent["at"]
            judge.offer(sent["at"], sent["from"], sent["event"])
    return last


def judge(folder: Path, reference: Reference) -> int:
    registers = Registers(folder / "registers.toml", reference)
    must, did = Tally(), Tally()
    expected(folder, registers, must.add)
    for line in happened(folder / "happened.jsonl"):
        did.add(line)
    missing, surplus = must.lines - did.lines, did.lines - must.lines
    passed = asked_for_passed(surplus, folder / "happened.jsonl")
    print(f"{'':<58}{'had to':>10}{'happened':>10}")
    for kind in sorted(set(must.kinds) | set(did.kinds)):
        mark = "" if must.kinds[kind] == did.kinds[kind] else "  <"
        print(f"{kind[0]:<10}{kind[1]:<48}{must.kinds[kind]:>10}{did.kinds[kind]:>10}{mark}")
    for event, count in sorted(did.apart.items()):
        print(f"not predicted: {event:<43}{'':>10}{count:>10}")
    if passed:
        print(f"not predicted: {'current-set-requested for who a case passed to':<43}{'':>10}{passed:>10}")
    for what in ("outcome", "delivery", "refusal", "own"):
        count = sum(number for kind, number in must.kinds.items() if kind[0] == what)
        print(f"{'messages' if what == 'outcome' else what}: {count}", end="; ")
    differences = sum(missing.values()) + sum(surplus.values())
    print(f"differences: {differences}")
    if differences:
        show("had to happen and did not", missing, lambda tell: expected(folder, registers, tell))
        show("happened and had not to", surplus, lambda tell: [tell(line) for line in happened(folder / "happened.jsonl")])
    return 1 if differences else 0


def show(title: str, wanted: Counter, run):
    """The first of them by name: a second pass, for the first kept digests only."""
    left, found = Counter(wanted), []

    def tell(line):
        key = digest(canonical(line))
        if len(found) < SHOWN and left[key] > 0:
            left[key] -= 1
            found.append(line)

    run(tell)
    for line in found:
        print(f"{title}: {canonical(line)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["make", "judge"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reference", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", type=float, default=0.001)
    told = parser.parse_args()
    reference = Reference(told.reference)
    if told.what == "make":
        make(told.folder, reference, told.seed, told.part)
        return 0
    return judge(told.folder, reference)


if __name__ == "__main__":
    sys.exit(main())

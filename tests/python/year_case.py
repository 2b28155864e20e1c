"""One message, and what is known of one detention at a moment."""

from __future__ import annotations

import hashlib
import json

from year_law import get, leaves_of
from year_registers import ends


class Message:
    """One event as it came in. Its payload goes once nothing waits for it."""

    def __init__(self, at: str, sender: str, event: dict):
        self.key = (event["source"], event["id"])
        self.name = event["type"].split(".")[3]
        self.detention = event.get("subject")
        self.sequence = int(event.get("sequence", 0))
        self.sender = sender
        self.data = event["data"]
        self.digest = hashlib.sha256(json.dumps(event, sort_keys=True).encode()).digest()
        self.leaves = leaves_of(self.data)
        self.stale: set[str] = set()
        self.relations: list[str] = []
        self.outcome = ""
        of = get(self.data, "/correction/of")
        self.of = (of["source"], of["id"]) if of else None

    def forget(self):
        self.data = self.leaves = None


def slot(leaf: str) -> str:
    """What one newer message replaces as a whole: a condition, a date, else the part."""
    parts = leaf.split("/")[1:]
    return "/".join(parts[:2]) if parts[0] in ("conditions", "detention") else parts[0]


def overlay(target: dict, correction: dict):
    """Corrected values take the place of what the original had; nothing is added to it."""
    for key, value in correction.items():
        if key in target:
            if isinstance(target[key], dict) and isinstance(value, dict):
                overlay(target[key], value)
            else:
                target[key] = value


class Case:
    """What is known of one detention."""

    def __init__(self, detention: str):
        self.detention = detention
        self.opened: tuple[str, tuple] | None = None
        self.prisons: list[tuple[str, str]] = []
        self.assigned: str | None = None
        self.determined: str | None = None
        self.settlements: list[str] = []
        self.residence: list[dict] | None = None
        self.start: str | None = None
        self.title: str | None = None
        self.legal_end: str | None = None
        self.ended: str | None = None
        self.died = False
        self.left = False
        self.consents: dict[str, dict] = {}
        self.had: dict[tuple, dict[str, frozenset]] = {}
        self.partners_had: set[str] = set()
        self.partners_closed: set[str] = set()
        self.slots: dict[str, dict] = {}
        self.parked: list[Message] = []
        self.pending: list[Message] = []
        self.withdrawn: set[tuple] = set()
        self.corrections: dict[tuple, list[dict]] = {}

    def prison(self, at: str) -> str | None:
        best = None
        for since, prison in self.prisons:
            if since <= at and (best is None or since >= best[0]):
                best = (since, prison)
        return best and best[1]

    def receiving(self, at: str) -> str | None:
        ahead = [prison for since, prison in self.prisons if since > at]
        return ahead[-1] if ahead else None

    def former(self, at: str) -> set[str]:
        return {prison for since, prison in self.prisons if since <= at} - {self.prison(at)}

    def plan_ends(self) -> str | None:
        """Last moment of the legal end date or the arrival of the notice, whichever is later (decision 14)."""
        if self.ended is None:
            return None
        return max(self.ended, ends(self.legal_end)) if self.legal_end else self.ended

    def over(self, at: str) -> bool:
        end = self.plan_ends()
        return end is not None and end <= at

    def home(self) -> str | None:
        """The municipality before detention (chapter 2.5, decisions 20 and 31); an institution is no home."""
        candidates = self.residence or []
        lived = [c for c in candidates if c["kind"] not in ("INSTITUTION", "NONE")]
        stated = [c for c in candidates if c["kind"] != "INSTITUTION"]
        of = lambda source, among: next((c for c in among if c["source"] == source), None)  # noqa: E731
        last = of("BRP_LAST", lived)
        two_years_before = f"{int(self.start[:4]) - 2}{self.start[4:]}" if self.start else ""
        recent = last if last and self.start and last.get("asOf", "") >= two_years_before else None
        found = of("BRP_AT_START", lived) or recent or of("STAYED", stated) or last or of("SETTLE", stated)
        return found and found["municipality"]

"""Who is who on a day: participants, agreements, mandates, reorganisations, and the legal day itself.

Instants are UTC strings of one length ("2021-06-30T22:00:00Z"), so that they compare as text.
"""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def instant(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime(FORMAT)


def moment(text: str) -> datetime:
    return datetime.strptime(text, FORMAT).replace(tzinfo=timezone.utc)


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=timezone.utc)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def _offset(utc: datetime) -> timedelta:
    """Europe/Amsterdam: summer time from the last Sunday of March to that of October, 01:00 UTC."""
    summer = _last_sunday(utc.year, 3) <= utc < _last_sunday(utc.year, 10)
    return timedelta(hours=2 if summer else 1)


@lru_cache(maxsize=100_000)
def legal_day(at: str) -> str:
    utc = moment(at)
    return (utc + _offset(utc)).date().isoformat()


@lru_cache(maxsize=10_000)
def begins(day: str) -> str:
    """00:00 in Amsterdam; the clock never changes at midnight."""
    midnight = datetime.fromisoformat(day).replace(tzinfo=timezone.utc)
    return instant(midnight - _offset(midnight - timedelta(hours=1)))


def ends(day: str) -> str:
    return begins((date.fromisoformat(day) + timedelta(days=1)).isoformat())


def elfproef(number: str) -> bool:
    digits = [int(c) for c in number] if number.isdigit() else []
    return len(digits) == 9 and (sum(d * w for d, w in zip(digits, range(9, 1, -1))) - digits[8]) % 11 == 0


class Reference:
    """Municipalities and what became of them (config/reference)."""

    def __init__(self, folder: Path):
        with open(folder / "municipalities.csv", newline="", encoding="utf-8") as file:
            self.names = {row["code"]: row["name"] for row in csv.DictReader(file)}
        with open(folder / "reorganisations.csv", newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["status"] == "confirmed"]
        self.ended = {row["old_code"]: (row["effective_date"], row["new_codes"].split(";")) for row in rows}
        with open(folder / "prisons.csv", newline="", encoding="utf-8") as file:
            self.prisons = [row for row in csv.DictReader(file) if row["scope"] == "reintegration"]

    def known(self, code: str) -> bool:
        return code in self.names or code in self.ended

    def current(self, code: str, day: str) -> str | None:
        """The municipality that a code stands for on a day; None if it was split."""
        while code in self.ended and self.ended[code][0] <= day:
            successors = self.ended[code][1]
            if len(successors) > 1:
                return None
            code = successors[0]
        return code


def _holds(entry: dict, day: str) -> bool:
    return entry.get("from", "") <= day and day < entry.get("until", "9999")


class Registers:
    """What a register file says."""

    def __init__(self, file: Path, reference: Reference):
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        self.reference = reference
        self.participants = {entry["id"]: entry for entry in tables["participant"]}
        self.by_code = defaultdict(list)
        for entry in tables["participant"]:
            for territory in entry.get("municipalities", []):
                self.by_code[territory["code"]].append((territory, entry["id"]))
        self.agreements = {(a["municipality"], a["prison"]): a for a in tables.get("agreement", [])}
        self.mandates = defaultdict(list)
        for mandate in tables.get("mandate", []):
            self.mandates[mandate["mandator"]].append(mandate)
        self.desk = next(p["id"] for p in tables["participant"] if p["kind"] == "triage")
        self.units = [p for p in tables["participant"] if p["kind"] == "probation"]

    def kind(self, participant: str) -> str:
        return self.participants[participant]["kind"]

    def municipality(self, code: str, day: str) -> str | None:
        """Who stands for a code on a day, if it is connected."""
        now = self.reference.current(code, day)
        found = [who for territory, who in self.by_code.get(now, []) if _holds(territory, day)]
        return found[0] if found else None

    def acting(self, mandator: str, event: str, day: str) -> tuple[str, str | None]:
        """Who receives and answers for a municipality: itself, or who has its mandate (decision 23)."""
        covers = {
            "all": True,
            "tbo": event.startswith("tbo-"),
            "visit": event.startswith("first-visit-") or event == "condition-status-updated",
            "aftercare": event.startswith("aftercare-"),
        }
        for mandate in reversed(self.mandates.get(mandator, [])):
            if _holds(mandate, day) and covers[mandate["scope"]]:
                return mandate["mandatary"], mandator
        return mandator, None

    def unit(self, municipality: str | None, prison: str | None, day: str) -> str | None:
        """The probation unit while none is assigned (decision 2)."""
        agreement = self.agreements.get((municipality, prison))
        if agreement and _holds(agreement, day) and agreement.get("probation"):
            return agreement["probation"]
        intake = [unit["id"] for unit in self.units if prison in unit.get("intake-for", [])]
        if len(intake) == 1:
            return intake[0]
        return self.units[0]["id"] if len(self.units) == 1 else None

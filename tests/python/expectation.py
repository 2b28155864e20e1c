"""Who gets what, worked out from the law, the contract and the decisions alone.

Nothing here knows how the hub works: no rule file and no code of ours is read, only the registers (who is
connected, who has which agreement) and the reference data. Valid for the law since 1 July 2021.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from people import Case, Message

# Penitentiaire maatregel art. 20d(2)(a): the numbers of the criminal chain stay inside it.
IDENTITY = ("surname", "givenNames", "address", "birthDate", "birthPlace", "nationality", "bsn")
CHAIN_NUMBERS = ("skn", "vNumber")
# What the triage desk needs to look somebody up in the population register.
TRIAGE_IDENTITY = ("surname", "givenNames", "address", "birthDate", "birthPlace", "bsn")

PLAN = "pm-20d-2"  # between director, probation and college while the plan runs
ENTRY_TO_PROBATION = "rr95-11-1"
RELEASE_TO_PROBATION = "rr95-11-2"
WJSG = "wjsg-51c-2-c"
OWN_TASK = "own-task"
ADMINISTRATIVE = "administrative"

OUT_OF_SCOPE = ("ALIENS", "JJI")

# What the hub says of terms by itself: who has to act is reminded, and all three hear of a term that was missed (decision 7).
# Their instants hang on the day of the run: here stands only who may hear them, and what.
PRISON, MUNICIPALITY, PROBATION = "prison", "municipality", "probation"
TERMS = {
    "screening-deadline-near": {PRISON},
    "plan-deadline-near": {PRISON},
    "first-visit-deadline-near": {MUNICIPALITY},
    "tbo-deadline-near": {MUNICIPALITY},
    "tbo-outside-proposed": {MUNICIPALITY},
    "release-imminent": {MUNICIPALITY, PROBATION},
    **{f"{term}-deadline-missed": {PRISON, MUNICIPALITY, PROBATION} for term in ("first-visit", "tbo", "screening", "plan")},
}
TERM_LEAVES = frozenset(f"/deadline/{leaf}" for leaf in ("kind", "due", "daysLate", "certainty"))
RELEASE_LEAVES = frozenset({"/release/date", "/release/certainty"})


@dataclass(frozen=True)
class Delivery:
    """One recipient of one message: exactly these leaves, on exactly these bases."""

    recipient: str
    leaves: frozenset[str]
    bases: tuple[str, ...]
    on_behalf_of: str | None = None


@dataclass(frozen=True)
class Outcome:
    deliveries: tuple[Delivery, ...]
    refused_entirely: bool = False


def leaves_of(value, path: str = "") -> set[str]:
    """Every scalar in a payload as a pointer, with `*` for a place in a list."""
    if isinstance(value, dict):
        return set().union(*(leaves_of(v, f"{path}/{k}") for k, v in value.items()), set())
    if isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value):
        return set().union(*(leaves_of(v, f"{path}/*") for v in value))
    if isinstance(value, list) and not value:
        return set()
    return {path}


class Law:
    """The registers of one day, and the answers that follow from them."""

    def __init__(self, registers: dict, reference: Path, today: date):
        self.today = today
        self.participants = {p["id"]: p for p in registers["participant"]}
        self.agreements = [a for a in registers.get("agreement", []) if self._valid(a)]
        self.mandates = [m for m in registers.get("mandate", []) if self._valid(m) and m["scope"] == "all"]
        self.towns = {}
        for p in registers["participant"]:
            for territory in p.get("municipalities", []):
                if self._valid(territory):
                    self.towns[territory["code"]] = p["id"]
        with open(reference / "reorganisations.csv", encoding="utf-8") as rows:
            self.reorganisations = [
                r for r in csv.DictReader(rows)
                if r["status"] == "confirmed" and date.fromisoformat(r["effective_date"]) <= today
            ]

    def _valid(self, entry: dict) -> bool:
        begin, end = str(entry.get("from", "0001-01-01")), str(entry.get("until", "9999-12-31"))
        return begin <= self.today.isoformat() < end

    # -- who ---------------------------------------------------------------------------------------------

    def successor(self, code: str) -> str | None:
        """The code of today; None where a municipality was split and the address does not say into which."""
        for row in self.reorganisations:
            if row["old_code"] == code:
                new = row["new_codes"].split(";")
                return self.successor(new[0]) if len(new) == 1 else None
        return code

    def town_of(self, case: Case) -> str | None:
        """Which municipality counts: residence at the start, last residence, stay, wish to settle.

        An institution is no residence. A last residence of more than two years ago gives way to a stated stay.
        """
        by_source = {c["source"]: c for c in case.residence if c["kind"] != "INSTITUTION"}
        order = ["BRP_AT_START", "BRP_LAST", "STAYED", "SETTLE"]
        last = by_source.get("BRP_LAST")
        if last and "STAYED" in by_source:
            two_years_before = date.fromisoformat(case.start) - timedelta(days=731)
            if date.fromisoformat(last["asOf"]) < two_years_before:
                order.remove("BRP_LAST")
        for source in order:
            if source in by_source:
                return self.successor(by_source[source]["municipality"])
        return None

    def municipality_of(self, case: Case) -> str | None:
        """The participant; None means that the triage desk has to decide, also where a town is not connected."""
        code = self.town_of(case)
        return self.towns.get(code) if code else None

    def acts_for(self, municipality: str) -> str:
        for mandate in self.mandates:
            if mandate["mandator"] == municipality:
                return mandate["mandatary"]
        return municipality

    def probation_unit(self, municipality: str | None, prison: str) -> str:
        """The unit of the agreement, else the unit that does the intake for the prison."""
        for agreement in self.agreements:
            if agreement["municipality"] == municipality and agreement["prison"] == prison and "probation" in agreement:
                return agreement["probation"]
        for participant in self.participants.values():
            if prison in participant.get("intake-for", []):
                return participant["id"]
        return "triage"

    # -- what --------------------------------------------------------------------------------------------

    def of_terms(self, case: Case, event: str) -> tuple[dict[str, str | None], frozenset[str]]:
        """Who may hear of a term from the hub, each with whom it acts for, and which leaves; nobody where no plan is made."""
        heard: dict[str, str | None] = {}
        if case.title in (*OUT_OF_SCOPE, "VRIS"):
            return heard, frozenset()
        kinds = TERMS.get(event, set())
        municipality = self.municipality_of(case)
        if MUNICIPALITY in kinds and municipality is not None:
            desk = self.acts_for(municipality)
            heard[desk] = municipality if desk != municipality else None
        if PROBATION in kinds:
            heard[self._unit(case)] = None
        if PRISON in kinds:
            heard |= {prison: None for prison in (case.prison, case.new_prison) if prison}
        return heard, TERM_LEAVES | RELEASE_LEAVES if event == "release-imminent" else TERM_LEAVES

    def expected(self, case: Case, message: Message) -> Outcome:
        if case.title in OUT_OF_SCOPE:
            return Outcome((), refused_entirely=True)
        answers = {
            "detention-started": self._started,
            "release-date-set": self._release_date,
            "transferred": self._transferred,
            "detention-ended": self._ended,
        }
        return Outcome(tuple(answers[message.event](case, message)))

    def _to_municipality(self, case: Case, leaves: set[str], bases: tuple[str, ...]) -> list[Delivery]:
        """To the college or who has its mandate; with VRIS and without a known municipality to nobody."""
        municipality = self.municipality_of(case)
        if case.title == "VRIS" or municipality is None:
            return []
        desk = self.acts_for(municipality)
        return [Delivery(desk, frozenset(leaves), bases, municipality if desk != municipality else None)]

    def _unit(self, case: Case) -> str:
        return self.probation_unit(self.municipality_of(case), case.prison)

    def _started(self, case: Case, message: Message) -> list[Delivery]:
        present = leaves_of(message.data)
        dates = {"/detention/start", "/detention/piEntry"} & present

        def named(fields: tuple[str, ...]) -> set[str]:
            return {f"/person/identity/{f}" for f in fields} & present

        found = self._to_municipality(case, named(IDENTITY) | dates, (PLAN,))
        found.append(Delivery(self._unit(case), frozenset(named(IDENTITY + CHAIN_NUMBERS) | dates), (ENTRY_TO_PROBATION,)))
        if self.municipality_of(case) is None and case.title != "VRIS":
            residence = {p for p in present if p.startswith("/residence/")}
            found.append(Delivery("triage", frozenset(named(TRIAGE_IDENTITY) | residence), (ADMINISTRATIVE,)))
        return found

    def _release_date(self, case: Case, message: Message) -> list[Delivery]:
        present = leaves_of(message.data)
        found = self._to_municipality(case, present, (PLAN,))
        # The date is for probation since 1995; why it is what it is belongs to the plan.
        bases = (RELEASE_TO_PROBATION, PLAN) if "/release/reason" in present else (RELEASE_TO_PROBATION,)
        found.append(Delivery(self._unit(case), frozenset(present), bases))
        return found

    def _transferred(self, case: Case, message: Message) -> list[Delivery]:
        leaves = {"/transfer/to", "/transfer/at"}
        found = self._to_municipality(case, leaves, (PLAN,))
        found.append(Delivery(self._unit(case), frozenset(leaves), (PLAN,)))
        # The file goes to the new director at the same time (Penitentiaire maatregel art. 38(2)).
        found.append(Delivery(case.new_prison, frozenset(leaves), (OWN_TASK,)))
        return found

    def _ended(self, case: Case, message: Message) -> list[Delivery]:
        leaves = {"/detention/legalEnd", "/release/kind"}
        # The plan ends with the last moment of the legal end date; after that only Wjsg 51c, and then the bare date.
        running = date.fromisoformat(message.data["detention"]["legalEnd"]) >= self.today
        if running:
            found = self._to_municipality(case, leaves, (PLAN,))
        else:
            found = self._to_municipality(case, {"/detention/legalEnd"}, (WJSG,))
        found.append(Delivery(self._unit(case), frozenset(leaves), (RELEASE_TO_PROBATION,)))
        return found

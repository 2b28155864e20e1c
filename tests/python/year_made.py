"""Makes a fictitious year of detentions from a seed: who comes in, what the organisations say, and what goes wrong.

Each detention is a story of 15 to 40 messages. Whoever tells it asks the judge who is responsible at that moment, so that most messages
come from whom they should; the judge's verdicts are thrown away here and worked out again from what was sent alone.
Nobody exists: BSNs are never issued (9999xxxxx), names and streets are invented. Municipality codes and prisons are true for 2021.
"""

from __future__ import annotations

import copy
import json
import random
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from people import RESIDENCES, TITLES, Places, fictitious_bsns, identity_of, residence_of
from year_judge import Judge
from year_law import CODES
from year_more import MORE, domain, payload
from year_organisations import registers
from year_registers import Reference, Registers, instant, legal_day

DETENTIONS = 30_000
TICK = timedelta(minutes=15)
FIRST, LAST = datetime(2021, 1, 1, 6, tzinfo=timezone.utc), datetime(2021, 12, 31, 20, tzinfo=timezone.utc)
SWITCH = "2021-06-30T22:00:00Z"  # 1 July 2021, 00:00 in Amsterdam
DOMAIN = {
    "screening-completed": "plans", "condition-status-updated": "plans", "plan-ready": "plans", "plan-adapted": "plans",
    "plan-not-made": "plans", "consent-given": "consents", "consent-withdrawn": "consents", "care-partner-invited": "care",
    "supervision-started": "supervision", "probation-unit-assigned": "supervision", "message-corrected": "housekeeping",
    "message-withdrawn": "housekeeping", "settlement-municipality-set": "residences", "responsible-municipality-determined": "residences",
}
STATUSES = ["UNKNOWN", "IN_ORDER", "MISSING", "ACTION_RUNNING", "ARRANGED", "REFUSED", "NOT_APPLICABLE"]
KINDS = ["END_OF_SENTENCE", "CONDITIONAL_RELEASE", "LIFTED", "SUSPENSION", "END_LEAVE", "PAYMENT"]
CATEGORIES = [
    ["HOUSING"], ["HOUSING", "DEBT"], ["condition:DEBT", "class:ID"], ["class:HEALTH"], ["class:FIN", "class:SOC"],
    [*CODES, "class:HEALTH"], ["class:ID"], ["CARE", "condition:ID"],
]


class Story:
    """One detention, told message by message."""

    def __init__(self, rng, registers: Registers, places: Places, ref: str, prison: str, title: str, kind: str, person: dict, start, days: int):
        self.rng, self.registers, self.places, self.ref, self.title = rng, registers, places, ref, title
        self.judge = Judge(registers, lambda line: None)
        self.prison, self.person, self.kind, self.days = prison, person, kind, days
        self.start = start
        self.now = start - timedelta(days=3)
        self.sequences: dict[str, int] = {}
        self.sent: list[tuple[str, str, dict]] = []
        self.made: list[tuple[str, str, dict, str]] = []  # name, sender, event, outcome
        self.number = 0
        self.consents: list[tuple[str, str, str]] = []
        self.plan_version = 0
        self.release: str | None = None
        self.over = False

    @property
    def at(self) -> str:
        return instant(self.now)

    @property
    def case(self):
        return self.judge.cases.get(self.ref)

    def municipality(self, event: str) -> str | None:
        who = self.case and self.case.opened and self.judge.responsible(self.at, self.case)
        return self.registers.acting(who, event, legal_day(self.at))[0] if who else None

    def unit(self) -> str | None:
        return self.judge.unit(self.at, self.case)

    def held_by(self) -> str:
        return (self.case and self.case.prison(self.at)) or self.prison

    def event(self, sender: str, name: str, data: dict, ref: str | None = None) -> dict:
        source = self.registers.participants[sender]["sources"][0]
        self.sequences[source] = self.sequences.get(source, 0) + 1
        self.number += 1
        ref = ref or self.ref
        return {
            "specversion": "1.0", "id": f"{ref}-{self.number}", "source": source, "time": self.at,
            "type": f"nl.schakelpunt.{domain_of(name)}.{name}.v1",
            "subject": ref, "partitionkey": ref, "sequence": f"{self.sequences[source]:020d}", "data": data,
        }

    def offer(self, sender: str, event: dict) -> str:
        """Sends, and lets at least a tick pass: two messages of one case never come at the same moment."""
        outcome = self.judge.offer(self.at, sender, copy.deepcopy(event))
        self.sent.append((self.at, sender, event))
        self.now += TICK
        return outcome

    def say(self, sender: str | None, name: str, data: dict) -> str | None:
        if sender is None:
            return None
        event = self.event(sender, name, data)
        outcome = self.offer(sender, event)
        self.made.append((name, sender, event, outcome))
        return outcome

    # -- payloads

    def conditions(self, low: int, high: int) -> dict:
        found = {}
        for code in self.rng.sample(CODES, self.rng.randint(low, high)):
            found[code] = {"status": self.rng.choice(STATUSES)}
            if self.rng.random() < 0.5:
                found[code]["asOf"] = legal_day(self.at)
            if self.rng.random() < 0.2:
                found[code]["detail"] = "Verzonnen toelichting."
        return found

    def care(self) -> dict:
        if self.rng.random() < 0.5:
            return {"needed": False}
        trajectory = {"act": self.rng.choice(["WMO", "WVGGZ", "WFZ"]), "provider": "Zorgvoorbeeld", "period": "2019-03/2020-08"}
        if self.rng.random() < 0.5:
            trajectory["municipality"] = self.rng.choice(self.places.connected)
        return {"needed": True, "trajectories": [trajectory]} if self.rng.random() < 0.8 else {"needed": True}

    def day(self, low: int, high: int) -> str:
        return (self.now + timedelta(days=self.rng.randint(low, high))).date().isoformat()

    def meeting(self) -> dict:
        found = {"at": instant(self.now + timedelta(days=self.rng.randint(1, 9))), "place": self.rng.choice(["INSIDE", "OUTSIDE"])}
        if self.rng.random() < 0.5:
            found["location"] = "Spreekkamer 2"
        if self.rng.random() < 0.5:
            found["participants"] = sorted({self.held_by(), self.municipality("tbo-scheduled") or self.held_by()})
        return found

    # -- what organisations do

    def admitted(self):
        detention = {"start": self.start.date().isoformat(), "title": self.title}
        if self.rng.random() < 0.8:
            detention["piEntry"] = self.start.date().isoformat()
        data = {"person": {"identity": self.person}, "detention": detention}
        data["residence"] = {"candidates": residence_of(self.rng, self.kind, self.places, self.start.date())}
        self.say(self.prison, "detention-started", data)

    def found_by_desk(self):
        if self.case and self.case.opened and not self.judge.responsible(self.at, self.case):
            code = self.rng.choice(self.places.connected)
            candidate = {"source": "STAYED", "municipality": code, "kind": "NONE"}
            self.say(self.registers.desk, "responsible-municipality-determined", {"residence": {"candidates": [candidate]}})

    def release_date(self):
        name = "release-date-changed" if self.release else "release-date-set"
        data = {"kind": self.rng.choice(KINDS), "certainty": self.rng.choice(["FIRM", "EXPECTED"]), "date": self.day(20, 300)}
        if self.release:
            data["previousDate"] = self.release
            if self.rng.random() < 0.6:
                data["reason"] = self.rng.choice(["RECALCULATED", "APPEAL", "STACKED", "MEASURE", "OTHER"])
            if self.rng.random() < 0.08:
                data["certainty"] = "UNKNOWN"
                del data["date"]
        self.release = data.get("date", self.release)
        return name, {"release": data}

    def dated(self):
        self.say(self.held_by(), *self.release_date())

    def dated_late(self):
        """Two changes, of which the newer comes first."""
        sender = self.held_by()
        older, newer = [(name, self.event(sender, name, data)) for name, data in (self.release_date(), self.release_date())]
        for name, event in (newer, older):
            self.made.append((name, sender, event, self.offer(sender, event)))

    def identified(self):
        identity = {"surname": self.person["surname"]} if self.rng.random() < 0.5 else {}
        identity["address"] = "Verzonnenlaan 7, Zwolle"
        if "bsn" in self.person and self.rng.random() < 0.5:
            identity["bsn"] = self.person["bsn"]
        data = {"person": {"identity": identity}}
        first = next((event for name, _, event, _ in self.made if name == "detention-started"), None)
        if first and self.rng.random() < 0.6:
            data["correction"] = {"of": {"source": first["source"], "id": first["id"]}, "reason": "WRONG_DATA"}
        self.say(self.held_by(), "identity-corrected", data)

    def start_corrected(self):
        detention = {"start": (self.start - timedelta(days=1)).date().isoformat()}
        self.say(self.held_by(), "detention-start-corrected", {"detention": detention})

    def screened(self):
        data = {"conditions": self.conditions(3, 6)}
        if self.rng.random() < 0.8:
            data["care"] = self.care()
        self.say(self.held_by(), "screening-completed", data)

    def updated(self):
        name = "condition-status-updated"
        sender = self.rng.choice([self.held_by(), self.municipality(name), self.unit()]) or self.held_by()
        self.say(sender, name, {"conditions": self.conditions(1, 3)})

    def other(self):
        """Any other event of the chain, from somebody who may tell it."""
        name = self.rng.choice(sorted(MORE))
        if name == "pretrial-suspended" and self.title != "PRE_TRIAL" or name == "left-scope" and self.rng.random() < 0.7:
            return
        role = self.rng.choice(self.rng.choice(MORE[name])["from"])
        sender = {"P": self.held_by, "R": self.unit, "M": lambda: self.municipality(name)}[role]()
        self.say(sender, name, payload(self, name))

    def met(self):
        self.say(self.municipality("tbo-scheduled"), "tbo-scheduled", {"tbo": self.meeting()})

    def met_again(self):
        name = self.rng.choice(["tbo-rescheduled", "tbo-cancelled", "tbo-moved-outside"])
        tbo = self.meeting() | {"reason": self.rng.choice(["SHORT_STAY", "TRANSFERRED", "REFUSED", "OTHER"])}
        if name == "tbo-cancelled":
            tbo = {"at": tbo["at"], "reason": tbo["reason"]}
        self.say(self.municipality(name), name, {"tbo": tbo})

    def held(self):
        data = {"tbo": self.meeting()}
        if self.rng.random() < 0.7:
            data["conditions"] = self.conditions(1, 4)
        self.say(self.municipality("tbo-held") if self.rng.random() < 0.6 else self.held_by(), "tbo-held", data)

    def planned(self):
        self.plan_version += 1
        data = {"version": self.plan_version, "adoptedOn": legal_day(self.at), "conditions": self.conditions(2, 6)}
        if self.rng.random() < 0.7:
            data["care"] = self.care()
        self.say(self.held_by(), "plan-ready" if self.plan_version == 1 else "plan-adapted", {"plan": data})

    def not_planned(self):
        self.say(self.held_by(), "plan-not-made", {"plan": {"reason": self.rng.choice(["SHORT_STAY", "REFUSED", "TRANSFERRED"])}})

    def moved(self):
        if self.case.receiving(self.at):
            return
        old = self.held_by()
        new = self.rng.choice([prison for prison in self.places.prisons if prison != old])
        ahead, by_new = self.rng.random() < 0.7, self.rng.random() < 0.3
        when = self.now + timedelta(hours=self.rng.randint(2, 40)) if ahead else self.now - timedelta(minutes=45)
        self.say(new if by_new else old, "transferred", {"transfer": {"to": new, "at": instant(when)}})
        if not by_new and not ahead and self.rng.random() < 0.5:
            self.say(old, "condition-status-updated", {"conditions": self.conditions(1, 1)})

    def consented(self, who: str | None = None):
        partner = f"{self.rng.choice(['zorg', 'wonen'])}-{self.rng.randrange(6)}"
        recipient = who or partner
        sender = self.rng.choice([self.held_by(), self.municipality("consent-given") or self.held_by(), self.unit() or self.held_by()])
        identity = f"{self.ref}-c{len(self.consents) + 1}"
        data = {
            "id": identity, "recipient": recipient, "categories": self.rng.choice(CATEGORIES), "purpose": "reintegration",
            "givenAt": self.at, "channel": "WRITTEN",
        }
        if self.rng.random() < 0.5:
            data["until"] = self.day(10, 200)
        if self.say(sender, "consent-given", {"consent": data}) == "accepted":
            self.consents.append((identity, recipient, sender))

    def consented_triad(self):
        who = [self.municipality("consent-given"), self.unit(), self.held_by()]
        for recipient in who[: 2 if self.rng.random() < 0.7 else 3]:
            if recipient and self.at < SWITCH:
                self.consented(recipient)

    def withdrawn_consent(self):
        if self.consents:
            identity, recipient, sender = self.rng.choice(self.consents)
            data = {"id": identity, "withdrawnAt": self.at} | ({"recipient": recipient} if self.rng.random() < 0.5 else {})
            self.say(self.rng.choice([sender, self.held_by()]), "consent-withdrawn", {"consent": data})

    def invited(self):
        partners = [recipient for _, recipient, _ in self.consents if recipient.startswith(("zorg", "wonen"))] or ["zorg-0"]
        data = {"partner": self.rng.choice(partners + ["wonen-5"]), "tbo": {"at": instant(self.now + timedelta(days=2)), "place": "INSIDE"}}
        data["person"] = {"identity": {"surname": self.person["surname"], "givenNames": self.person["givenNames"]}}
        self.say(self.municipality("care-partner-invited"), "care-partner-invited", data)

    def assigned(self):
        unit = self.rng.choice(self.registers.units)["id"]
        old = self.unit()
        self.say(old, "probation-unit-assigned", {"supervision": {"unit": unit}})
        if old and unit != old and self.rng.random() < 0.5:
            # the old unit has nothing to do with the case any more
            self.say(old, "condition-status-updated", {"conditions": self.conditions(1, 1)})

    def supervised(self):
        unit = self.unit()
        data = {"from": legal_day(self.at), "to": self.day(100, 700)} | ({"unit": unit} if unit else {})
        self.say(unit, "supervision-started", {"supervision": data})

    def settled(self):
        """Another municipality: the prison is asked for the current set and offers the same ids again."""
        if self.at < SWITCH or not self.municipality("settlement-municipality-set"):
            return
        name = "settlement-municipality-set"
        candidate = {"source": "SETTLE", "municipality": self.rng.choice(self.places.connected), "kind": "NONE", "asOf": legal_day(self.at)}
        sender = self.rng.choice([self.held_by(), self.municipality(name), self.unit() or self.held_by()])
        self.say(sender, name, {"residence": {"candidates": [candidate]}})
        for wanted in ("detention-started", "release-date-set", "release-date-changed", "screening-completed", "plan-ready"):
            for name, sender, event, _ in [made for made in self.made if made[0] == wanted][-1:]:
                self.offer(sender, event)

    def offered_again(self):
        if self.made:
            _, sender, event, _ = self.rng.choice(self.made)
            self.offer(sender, event)

    def offered_again_in_july(self):
        refused = [made for made in self.made if made[3] == "refused" and made[0] in ("screening-completed", "plan-ready", "physically-departed")]
        if self.at >= SWITCH and refused:
            _, sender, event, _ = self.rng.choice(refused)
            self.offer(sender, event)

    def corrected(self, withdraw=False):
        fit = ("screening-completed", "condition-status-updated", "release-date-set", "release-date-changed")
        own = [made for made in self.made if made[0] in fit and made[3] in ("accepted", "refused")]
        if not own:
            return
        _, sender, event, _ = self.rng.choice(own)
        sender = self.held_by() if self.registers.kind(sender) == "prison" else sender
        data = {"correction": {"of": {"source": event["source"], "id": event["id"]}, "reason": "WRONG_DATA"}}
        if withdraw:
            data["correction"]["reason"] = self.rng.choice(["WRONG_PERSON", "NO_BASIS"])
            self.say(sender, "message-withdrawn", data)
            return
        if "release" in event["data"]:
            data["release"] = {"date": self.day(5, 200)}
        else:
            code = self.rng.choice(list(event["data"]["conditions"]))
            data["conditions"] = {code: {"status": self.rng.choice(STATUSES)}}
        self.say(sender, "message-corrected", data)

    def mistaken(self):
        """Something that the door or the case turns away."""
        what = self.rng.randrange(8)
        prison, other = self.held_by(), self.rng.choice([p for p in self.places.prisons if p != self.held_by()])
        data = {"conditions": self.conditions(1, 2)}
        if what == 0:
            self.offer(other, self.event(prison, "condition-status-updated", data))
        elif what == 1:
            data["conditions"][self.rng.choice(list(data["conditions"]))]["diagnosis"] = "verzonnen"
            self.offer(prison, self.event(prison, "condition-status-updated", data))
        elif what == 2:
            stranger = f"gemeente-{self.rng.choice(self.places.connected)}"
            self.offer(stranger, self.event(stranger, "condition-status-updated", data))
        elif what == 3:
            sender = self.municipality("plan-ready") or self.unit()
            self.say(sender, "plan-ready", {"plan": {"version": 9, "conditions": data["conditions"]}})
        elif what == 4:
            first = {"person": {"identity": self.person}, "detention": {"start": self.start.date().isoformat(), "title": self.title}}
            self.offer(other, self.event(other, "detention-started", first))
        elif what == 5 and self.made:
            _, sender, event, outcome = self.rng.choice(self.made)
            if outcome in ("accepted", "refused"):
                self.offer(sender, copy.deepcopy(event) | {"time": self.at})
        elif what == 6:
            wrong = {"person": {"identity": {"surname": "Verzonnen", "bsn": "999999999"}}}
            self.offer(prison, self.event(prison, "identity-corrected", wrong))
        else:
            event = self.event(prison, "condition-status-updated", data)
            self.offer(prison, event | {"id": f"nr.{self.person.get('bsn', '999993653')}"})

    def left(self):
        data = {"detention": {"departure": legal_day(self.at)}, "release": {"kind": self.rng.choice(KINDS)}}
        self.say(self.held_by(), "physically-departed", data)

    def ended(self):
        if self.rng.random() < 0.02:
            self.say(self.held_by(), "deceased", {"status": {"since": legal_day(self.at)}})
        else:
            data = {"detention": {"legalEnd": self.day(-2, 1)}, "release": {"kind": self.rng.choice(KINDS)}}
            self.say(self.held_by(), "detention-ended", data)
        self.over = True

    # -- the order of things

    def scenes(self) -> list[tuple[datetime, object]]:
        rng, start, found = self.rng, self.start, []
        span = timedelta(days=self.days)

        def add(share, spread, scene, chance=1.0):
            if rng.random() < chance:
                found.append((start + span * (share + spread * rng.random()) + timedelta(minutes=20), scene))

        served = self.title not in ("ALIENS", "JJI", "VRIS")
        add(0.0, 0.1, self.identified, 0.12)
        add(0.02, 0.1, self.start_corrected, 0.06)
        add(0.02, 0.1, self.found_by_desk, 0.9 if served else 0)
        add(0.05, 0.2, self.dated, 0.8)
        for _ in range(rng.randrange(3)):
            add(0.2, 0.7, self.dated)
        add(0.3, 0.6, self.dated_late, 0.08)
        add(0.1, 0.15, self.screened, 0.85)
        add(0.1, 0.8, self.moved, 0.2)
        if served:
            add(0.03, 0.1, self.consented_triad, 0.5)
            for _ in range(rng.randrange(3)):
                add(0.05, 0.5, self.consented)
            add(0.3, 0.6, self.withdrawn_consent, 0.25)
            add(0.05, 0.1, self.met, 0.85)
            add(0.16, 0.1, self.met_again, 0.4)
            add(0.25, 0.1, self.held, 0.7)
            add(0.3, 0.4, self.invited, 0.35)
            add(0.05, 0.5, self.assigned, 0.25)
            add(0.4, 0.4, self.settled, 0.15)
            add(0.9, 0.09, self.supervised, 0.3)
            add(0.35, 0.1, self.planned if rng.random() < 0.7 else self.not_planned)
            for _ in range(rng.randrange(3)):
                add(0.5, 0.4, lambda: self.planned() if self.plan_version else None)
        add(0.4, 0.5, self.corrected, 0.2)
        add(0.4, 0.5, lambda: self.corrected(withdraw=True), 0.1)
        add(0.1, 0.8, self.offered_again, 0.2)
        add(0.3, 0.69, self.offered_again_in_july, 0.5)
        add(0.1, 0.8, self.mistaken, 0.3)
        add(0.97, 0.02, self.left, 0.6)
        wanted = rng.randint(17, 36)
        while len(found) < wanted:
            add(0.1, 0.86, self.other if served and rng.random() < 0.6 else self.updated)
        found.append((start + span, self.ended))
        for _ in range(2):
            add(1.0, 0.2, self.other if served else self.updated, 0.2)
        return sorted(found, key=lambda scene: scene[0])

    def before(self):
        """Notices of the prison that come before the one that opens the case; some wait in vain."""
        for hours, chance in ((rng_hours(self.rng, 26, 40), 0.02), (rng_hours(self.rng, 1, 20), 0.05)):
            if self.rng.random() < chance:
                self.now = self.start - hours
                self.dated()

    def tell(self) -> list[tuple[str, str, dict]]:
        self.before()
        self.now = self.start
        self.admitted()
        for when, scene in self.scenes():
            self.now = max(self.now, tick(when))
            if self.now >= LAST or len(self.sent) >= 40:
                break
            scene()
        return [sent for sent in self.sent if FIRST <= datetime.strptime(sent[0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc) < LAST]


def domain_of(name: str) -> str:
    if name in MORE:
        return domain(name)
    return DOMAIN.get(name) or ("meetings" if name.startswith("tbo-") else "detentions")


def rng_hours(rng: random.Random, low: int, high: int) -> timedelta:
    return TICK * rng.randint(low * 4, high * 4)


def tick(when: datetime) -> datetime:
    """The next full quarter of an hour."""
    rest = timedelta(minutes=when.minute % 15, seconds=when.second, microseconds=when.microsecond)
    return when if not rest else when - rest + TICK


def length(rng: random.Random) -> int:
    """Days inside: half of all stays last less than a month (chapter 4)."""
    low, high = rng.choices([(1, 10), (10, 30), (30, 120), (120, 300), (300, 700)], [25, 28, 25, 14, 8])[0]
    return rng.randint(low, high)


class People:
    """Who comes in; every fourth detention is of somebody who was inside before."""

    def __init__(self, rng: random.Random):
        self.rng, self.bsns, self.free, self.names, self.number = rng, fictitious_bsns(), [], set(), 0
        rng.shuffle(self.bsns)

    def next(self, start: datetime) -> dict:
        back = [known for known in self.free[:50] if known[0] < start]
        if back and self.rng.random() < 0.25:
            known = self.rng.choice(back)
            self.free.remove(known)
            return known[1]
        while True:
            self.number += 1
            bsn = self.bsns.pop() if self.bsns and self.number % 3 else None
            person = identity_of(self.rng, bsn, self.number)
            if (person["surname"], person["birthDate"]) not in self.names:
                self.names.add((person["surname"], person["birthDate"]))
                return person

    def leaves(self, end: datetime, person: dict):
        self.free.append((end + timedelta(days=10), person))
        self.free.sort(key=lambda known: known[0])


def make(folder: Path, reference: Reference, seed: int, part: float):
    rng = random.Random(f"year {seed}")
    folder.mkdir(parents=True, exist_ok=True)
    text, connected, apart = registers(reference, rng)
    (folder / "registers.toml").write_text(text, encoding="utf-8")
    known = Registers(folder / "registers.toml", reference)
    merged = [old for old, (on, new) in reference.ended.items() if on <= "2021-01-01" and len(new) == 1]
    split = [old for old, (_, new) in reference.ended.items() if len(new) > 1]
    prisons = [row["id"] for row in reference.prisons]
    places = Places(connected, apart, merged, split, prisons, {})
    count = max(1, round(DETENTIONS * part))
    starts = sorted(FIRST + timedelta(days=3) + TICK * rng.randrange(345 * 24 * 4) for _ in range(count))
    people, lines = People(rng), []
    for number, start in enumerate(starts):
        # the first round takes every kind once, so that a small part shows them all
        kind = RESIDENCES[(number * 7) % len(RESIDENCES)] if number < len(RESIDENCES) else rng.choice(RESIDENCES)
        title, prison, person, days = rng.choice(TITLES), rng.choice(prisons), people.next(start), length(rng)
        story = Story(rng, known, places, f"{prison}.{seed}-{number:05d}", prison, title, kind, person, start, days)
        sent = story.tell()
        if story.over and not (story.case and story.case.died):
            people.leaves(story.now, person)
        lines.extend((at, number, json.dumps({"at": at, "from": sender, "event": event}, ensure_ascii=False)) for at, sender, event in sent)
    lines.sort(key=lambda line: line[:2])
    with open(folder / "sent.jsonl", "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for _, _, line in lines)

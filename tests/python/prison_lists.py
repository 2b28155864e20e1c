"""Thirty days of three prisons: their registration systems' lists, and which notices they should become.

    prison_lists.py FOLDER --seed N --today YYYY-MM-DD

What happened to each person is made first, day by day. From it come the lists, as each system writes them, and, on another way, the
notices: the lists are never compared with each other here. Two lists are broken and one is empty; one comes twice and one too late.

FOLDER/lists/ has the files, FOLDER/delivered.jsonl the order in which they are dropped, FOLDER/expected.jsonl the notices of each
detention in order, FOLDER/alarms.json how often a person must be asked, and why.
"""

from __future__ import annotations

import argparse
import json
import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

DAYS = 30
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
PRISONS = ["pi-zwolle", "pi-lelystad", "pi-almere"]
TOWNS = ["0193", "0772", "0796", "0794", "0546", "1916"]
# what Windows-1252 can write, and XML has to escape
SURNAMES = ["Fictiva", "Proefstra", "Verzónnen", "Van der Test", "Voorbeeld & Zn", "D'Oefening", "Proef; de"]


@dataclass
class Release:
    date: date
    kind: str
    certainty: str

    def part(self, before: "Release | None" = None) -> dict:
        part = {"date": self.date.isoformat(), "kind": self.kind, "certainty": self.certainty}
        if before and before.date != self.date:
            part["previousDate"] = before.date.isoformat()
        return part


@dataclass
class Person:
    reference: str
    surname: str
    given: str
    born: date
    bsn: str | None
    town: str
    start: date
    title: str
    # day -> (prison, day of entry there)
    stays: dict[int, tuple[str, date]] = field(default_factory=dict)
    # day -> surname, release, start from that day on
    names: dict[int, str] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    starts: dict[int, date] = field(default_factory=dict)
    # the first day on which the lists do not have the person, and how that is known: by the date, or by a departure in the list
    gone: int = DAYS
    departure: str | None = None
    notices: list[tuple[str, str, dict]] = field(default_factory=list)

    def at(self, what: dict, day: int):
        """The value that counts on a day."""
        days = [one for one in what if one <= day]
        return what[max(days)] if days else None


def day_of(today: date, day: int) -> date:
    return today - timedelta(days=DAYS - day)


def elfproef(number: int) -> bool:
    digits = f"{number:09}"
    return sum(int(d) * w for d, w in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1))) % 11 == 0


class World:
    def __init__(self, seed: int, today: date):
        self.random = random.Random(seed)
        self.today = today
        self.people: list[Person] = []
        # nothing happens in a prison on the days of its broken lists
        self.broken = {("pi-zwolle", 9): "TRUNCATED", ("pi-lelystad", 14): "GARBLED", ("pi-almere", 20): "EMPTY_LIST"}
        self.bsns = iter([n for n in range(999900000, 999999999) if elfproef(n)])
        self.moves: dict[tuple[str, int], int] = {}

    def day(self, day: int) -> date:
        return day_of(self.today, day)

    def quiet(self, prison: str, day: int) -> bool:
        return (prison, day) in self.broken

    def enter(self, prison: str, day: int) -> None:
        r = self.random
        reference = str(uuid.UUID(int=r.getrandbits(128), version=4))
        entry = self.day(day) - timedelta(days=r.randint(0, 1))
        start = entry - timedelta(days=r.randint(0, 3))
        surname = r.choice(SURNAMES) + f" {len(self.people)}"
        born = date(1960 + r.randrange(40), 1 + r.randrange(12), 1 + r.randrange(28))
        bsn = str(next(self.bsns)) if r.random() < 0.8 else None
        person = Person(reference, surname, r.choice(["Tess", "Zoë", "Jan Piet"]), born, bsn, r.choice(TOWNS), start, r.choice(["SENTENCE", "PRE_TRIAL"]))
        self.people.append(person)
        person.stays[day] = (prison, entry)
        person.names[day] = surname
        person.starts[day] = start
        identity = {"surname": surname, "givenNames": person.given, "birthDate": born.isoformat()}
        if bsn:
            identity["bsn"] = bsn
        started = {
            "person": {"identity": identity},
            "detention": {"start": start.isoformat(), "piEntry": entry.isoformat(), "title": person.title},
            "residence": {"candidates": [{"source": "BRP_AT_START", "municipality": person.town, "kind": "HOME"}]},
        }
        person.notices.append((prison, "detention-started", started))
        if r.random() < 0.7:
            self.date(person, day, prison)
        self.live(person, day)

    def date(self, person: Person, day: int, prison: str) -> None:
        r = self.random
        before = person.at(person.releases, day)
        moved = before.date + timedelta(days=r.choice([-20, -3, 5, 30])) if before else self.day(day) + timedelta(days=r.randint(4, 60))
        release = Release(max(moved, self.day(day) + timedelta(days=2)), r.choice(["END_OF_SENTENCE", "CONDITIONAL_RELEASE"]), r.choice(["FIRM", "EXPECTED"]))
        if before == release:
            return
        person.releases[day] = release
        person.notices.append((prison, "release-date-changed" if before else "release-date-set", {"release": release.part(before)}))

    def live(self, person: Person, entered: int) -> None:
        """The days after the entry."""
        r = self.random
        for day in range(entered + 1, DAYS):
            prison, _ = person.at(person.stays, day)
            release = person.at(person.releases, day)
            if release and release.date <= self.day(day):
                # released on that date: the list of this day, or the next that can be read, does not have the person
                person.gone = day
                seen = next((one for one in range(day, DAYS) if not self.quiet(prison, one)), None)
                if seen is not None:
                    person.notices.append((prison, "detention-ended", {"detention": {"legalEnd": release.date.isoformat()}, "release": {"kind": release.kind}}))
                return
            if self.quiet(prison, day):
                continue
            dice = r.random()
            if dice < 0.04:
                self.date(person, day, prison)
            elif dice < 0.06:
                self.transfer(person, day, prison)
            elif dice < 0.075:
                self.depart(person, day, prison)
                return

    def transfer(self, person: Person, day: int, prison: str) -> None:
        to = self.random.choice([other for other in PRISONS if other != prison])
        # both lists of the day must be readable, and few enough may be missing that nobody is asked
        if self.quiet(to, day) or self.moves.get((prison, day), 0) >= 2:
            return
        self.moves[prison, day] = self.moves.get((prison, day), 0) + 1
        entry = self.day(day)
        person.stays[day] = (to, entry)
        midnight = datetime.combine(entry, time(0), AMSTERDAM)
        person.notices.append((to, "transferred", {"transfer": {"to": to, "at": f"{midnight.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}}))

    def depart(self, person: Person, day: int, prison: str) -> None:
        on = self.day(day)
        kind = self.random.choice(["LIFTED", "DEATH", "ENTERED_IN_ERROR"])
        person.gone, person.departure = day, kind
        if kind == "LIFTED":
            data = {"detention": {"legalEnd": on.isoformat()}, "release": {"kind": kind}}
            person.notices.append((prison, "detention-ended", data))
        elif kind == "DEATH":
            person.notices.append((prison, "deceased", {"status": {"since": on.isoformat()}}))
        else:
            person.notices.append((prison, "message-withdrawn", {"correction": {"reason": "WRONG_PERSON"}}))

    def correct(self) -> None:
        """One name and one start were wrong."""
        inside = [p for p in self.people if p.gone == DAYS and min(p.stays) <= 5 and len(p.stays) == 1]
        for person, what in zip(inside, ("name", "start")):
            prison = person.at(person.stays, DAYS - 1)[0]
            changed = set(person.releases)
            day = next(d for d in range(DAYS - 6, DAYS) if d not in changed and not self.quiet(prison, d))
            later = [index for index, _ in enumerate(person.notices)]
            # the notices are in order of days: a change after that day comes after the correction
            after = len([d for d in person.releases if d > day])
            place = len(later) - after
            if what == "name":
                person.names[day] = "Verbeterd-" + person.surname
                identity = dict(person.notices[0][2]["person"]["identity"], surname=person.names[day])
                person.notices.insert(place, (prison, "identity-corrected", {"person": {"identity": identity}}))
            else:
                person.starts[day] = person.start - timedelta(days=1)
                detention = dict(person.notices[0][2]["detention"], start=person.starts[day].isoformat())
                person.notices.insert(place, (prison, "detention-start-corrected", {"detention": detention}))

    def rows(self, prison: str, day: int) -> list[dict]:
        rows = []
        for person in self.people:
            stay = person.at(person.stays, day)
            if not stay or stay[0] != prison:
                continue
            # a departure stays on the list for three days
            departed = person.departure and person.gone <= day < person.gone + 3
            if day >= person.gone and not departed:
                continue
            release = person.at(person.releases, day)
            rows.append({
                "nr": person.reference, "surname": person.at(person.names, day), "given": person.given, "born": person.born, "bsn": person.bsn or "",
                "town": person.town, "start": person.at(person.starts, day), "entry": stay[1], "title": person.title, "release": release,
                "left": self.day(person.gone) if departed else None, "how": person.departure if departed else None,
            })
        self.random.shuffle(rows)
        return rows


def dutch(day: date | None) -> str:
    return day.strftime("%d-%m-%Y") if day else ""


def iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def as_csv(rows: list[dict]) -> bytes:
    """Windows-1252, dates as Dutch people write them, codes of the system's own."""
    kinds = {"END_OF_SENTENCE": "ES", "CONDITIONAL_RELEASE": "VI"}
    lines = ["DETNR;ACHTERNAAM;VOORNAMEN;GEBDAT;BSN;GEM;INSLUITING;BINNENKOMST;TITEL;EINDE;EINDSOORT;ZEKER;VERTREK;VERTREKSOORT"]
    for row in rows:
        release = row["release"]
        values = [
            row["nr"], row["surname"], row["given"], dutch(row["born"]), row["bsn"], str(int(row["town"])), dutch(row["start"]), dutch(row["entry"]),
            row["title"], dutch(release and release.date), kinds[release.kind] if release else "", "J" if release and release.certainty == "FIRM" else "N",
            dutch(row["left"]), row["how"] or "",
        ]
        lines.append(";".join('"' + value.replace('"', '""') + '"' if set(value) & set(';"') else value for value in values))
    lines.append(f"EINDE;{len(rows)}")
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


def as_xml(rows: list[dict]) -> bytes:
    out = [f'<?xml version="1.0" encoding="UTF-8"?>\n<bevolking xmlns="urn:example:bevolking" aantal="{len(rows)}">']
    for row in rows:
        release = row["release"]
        out.append(f'  <persoon detentie={quoteattr(row["nr"])}>')
        out.append(f'    <naam><achter>{escape(row["surname"])}</achter><voor>{escape(row["given"])}</voor></naam>')
        bsn = f"<bsn>{row['bsn']}</bsn>" if row["bsn"] else ""
        out.append(f'    <geboren>{iso(row["born"])}</geboren>{bsn}<gemeente>{row["town"]}</gemeente>')
        out.append(f'    <vanaf>{iso(row["start"])}</vanaf><binnen>{iso(row["entry"])}</binnen><titel>{row["title"]}</titel>')
        if release:
            out.append(f'    <einde soort="{release.kind}" zekerheid="{release.certainty}">{iso(release.date)}</einde>')
        if row["left"]:
            out.append(f'    <vertrek soort="{row["how"]}">{iso(row["left"])}</vertrek>')
        out.append("  </persoon>")
    out.append("</bevolking>\n")
    return "\n".join(out).encode()


def as_json(rows: list[dict]) -> bytes:
    records = []
    for row in rows:
        release = row["release"]
        record = {
            "reference": row["nr"], "name": {"last": row["surname"], "first": row["given"]}, "born": iso(row["born"]), "bsn": row["bsn"], "municipality": row["town"],
            "since": iso(row["start"]), "entered": iso(row["entry"]), "title": row["title"],
        }
        if release:
            record["release"] = {"on": iso(release.date), "kind": release.kind, "certainty": release.certainty}
        if row["left"]:
            record["left"] = {"on": iso(row["left"]), "kind": row["how"]}
        records.append(record)
    return json.dumps({"count": len(records), "records": records}, ensure_ascii=False, indent=1).encode()


WRITERS = {"pi-zwolle": (as_csv, "csv"), "pi-lelystad": (as_xml, "xml"), "pi-almere": (as_json, "json")}


def name(prison: str, day: date, suffix: str) -> str:
    return f"{prison}-{day:%Y%m%d}-0600.{suffix}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--today", type=date.fromisoformat, required=True)
    chosen = parser.parse_args()
    world = World(chosen.seed, chosen.today)
    for day in range(DAYS):
        for prison in PRISONS:
            if world.quiet(prison, day):
                continue
            for _ in range(12 if day == 0 else world.random.choice([0, 1, 1, 2])):
                world.enter(prison, day)
    world.correct()

    lists = chosen.folder / "lists"
    lists.mkdir(parents=True)
    delivered: list[str] = []
    alarms: dict[str, int] = {}
    for day in range(DAYS):
        for prison in world.random.sample(PRISONS, len(PRISONS)):
            write, suffix = WRITERS[prison]
            broken = world.broken.get((prison, day))
            content = write([] if broken == "EMPTY_LIST" else world.rows(prison, day))
            if broken == "TRUNCATED":
                content = content[: len(content) // 2]
            elif broken == "GARBLED":
                content = content.replace(b"</naam>", b"</nam>", 1)
            file = name(prison, world.day(day), suffix)
            (lists / file).write_bytes(content)
            delivered.append(file)
            if broken:
                alarms[broken] = alarms.get(broken, 0) + 1
    # once more under another name, a day later than the last; and one from before everything
    last = name("pi-zwolle", world.day(DAYS - 1), "csv")
    again = name("pi-zwolle", world.day(DAYS), "csv")
    (lists / again).write_bytes((lists / last).read_bytes())
    early = name("pi-almere", world.day(-3), "json")
    (lists / early).write_bytes(as_json([]))
    delivered += [again, early]
    alarms |= {"DUPLICATE_FILE": 1, "OUT_OF_ORDER": 1}

    with (chosen.folder / "delivered.jsonl").open("w") as file:
        file.writelines(json.dumps(one) + "\n" for one in delivered)
    with (chosen.folder / "expected.jsonl").open("w") as file:
        for person in world.people:
            notices = [{"prison": prison, "event": event, "data": data} for prison, event, data in person.notices]
            file.write(json.dumps({"detention": person.reference, "notices": notices}) + "\n")
    (chosen.folder / "alarms.json").write_text(json.dumps(alarms))


if __name__ == "__main__":
    main()

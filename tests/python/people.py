"""Fictitious people and their detentions, the same for the same seed.

Nobody here exists: BSNs lie in 9999xxxxx (never issued) and pass the elfproef, a third of the people
has none. The kinds of residence and the titles are spread so that every way of finding a municipality
occurs, among them the ways that find none.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

SURNAMES = [
    "Adelaar", "Berkhout", "Castelein", "Dommelen", "Everdinck", "Franssen", "Groenveld", "Hazelaar", "IJzerman",
    "Jonkbloed", "Kastanje", "Lindeboom", "Meerkoet", "Nachtegaal", "Olmenhof", "Populier", "Quakernaat", "Roodborst",
    "Spreeuwen", "Treurwilg", "Uilenspiegel", "Vlinderstruik", "Wielewaal", "van der Zwaluw", "Çelikkaya", "Ożóg",
]
GIVEN_NAMES = [
    "Abel", "Bram", "Casper", "Daan", "Emre", "Floor", "Gijs", "Hanna", "Ilse", "Jip", "Karel", "Lotte", "Marek",
    "Noor", "Otto", "Pim", "Quinten", "Roos", "Sem", "Tess", "Umut", "Veerle", "Wout", "Xander", "Yara", "Zoë",
]
TOWNS = ["Breda", "Zwolle", "Tilburg", "Leiden", "Voorburg", "Kampen", "Helmond", "Epe", "Groningen", "Goes"]

# How often a title occurs, roughly as in life; the last three are in or out of scope in their own way.
TITLES = (
    ["PRE_TRIAL"] * 8 + ["SENTENCE"] * 14 + ["DETENTION_PENALTY"] * 5 + ["CIVIL_COERCION"] * 3 + ["ISD"] * 2
    + ["TBS_PASSER"] + ["MILITARY"] + ["VRIS"] * 2 + ["ALIENS"] * 2 + ["JJI"] * 2
)

# Which candidates a case names, in words; `residence_of` turns them into data.
RESIDENCES = (
    ["home"] * 10 + ["letter"] * 3 + ["institution-then-last"] * 2 + ["institution-then-stay"] * 2
    + ["institution-only"] * 2 + ["fresh-last-and-stay"] * 2 + ["old-last-and-stay"] * 2 + ["old-last-only"]
    + ["stay-only"] * 2 + ["settle-only"] + ["institution-then-settle"] + ["merged-away"] + ["split"] + ["unknown"] * 2
)


def passes_elfproef(number: str) -> bool:
    """The check on a BSN: weights 9..2 and -1, the sum divisible by eleven."""
    digits = [int(c) for c in number]
    if len(digits) != 9:
        return False
    return (sum(d * w for d, w in zip(digits, range(9, 1, -1))) - digits[8]) % 11 == 0


def fictitious_bsns() -> list[str]:
    """Every number 9999xxxxx that passes: 9,091 of them."""
    return [str(n) for n in range(999900000, 1000000000) if passes_elfproef(str(n))]


@dataclass(frozen=True)
class Message:
    """One event as its producer means it; the envelope comes later."""

    stage: int
    event: str
    sender: str
    data: dict


@dataclass
class Case:
    """One detention: who, where, and the messages that its prison sends about it."""

    ref: str
    prison: str
    title: str
    residence_kind: str
    residence: list[dict]
    start: str
    new_prison: str | None = None
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True)
class Places:
    """Where people come from and go to."""

    connected: list[str]  # municipality codes with a participant
    elsewhere: list[str]  # codes without one
    merged: list[str]  # codes that no longer exist and have one successor
    split: list[str]  # codes that no longer exist and have several
    prisons: list[str]
    moves: dict[str, list[str]]  # from a prison to those that change nothing but the prison


def identity_of(rng: random.Random, bsn: str | None, number: int) -> dict:
    born = date(1955, 1, 1) + timedelta(days=rng.randrange(18_000))
    town = rng.choice(TOWNS)
    person = {
        "surname": rng.choice(SURNAMES),
        "givenNames": rng.choice(GIVEN_NAMES),
        "birthDate": born.isoformat(),
        "birthPlace": rng.choice(TOWNS),
        "nationality": "Nederlandse" if bsn else rng.choice(["Poolse", "Roemeense", "Marokkaanse", "onbekend"]),
    }
    if rng.random() < 0.8:
        person["address"] = f"Verzonnenstraat {rng.randrange(1, 200)}, {town}"
    if bsn:
        person["bsn"] = bsn
    # The number of the criminal chain: the prison has it, a municipality must never see it.
    if rng.random() < 0.9:
        person["skn"] = f"{10_000_000 + number:08d}"
    if not bsn and rng.random() < 0.5:
        person["vNumber"] = f"{2_000_000_000 + number:010d}"
    return person


def residence_of(rng: random.Random, kind: str, places: Places, start: date) -> list[dict]:
    """Candidates of residence, in an order that must not matter."""
    town = rng.choice(places.connected) if rng.random() < 0.9 else rng.choice(places.elsewhere)
    other = rng.choice([c for c in places.connected if c != town])
    fresh = (start - timedelta(days=rng.randrange(30, 500))).isoformat()
    old = (start - timedelta(days=rng.randrange(1_200, 6_000))).isoformat()
    before_mergers = f"{rng.randrange(2010, 2021)}-06-15"

    def at(source: str, municipality: str, how: str = "HOME", as_of: str | None = None) -> dict:
        candidate = {"source": source, "municipality": municipality, "kind": how}
        return candidate | ({"asOf": as_of} if as_of else {})

    institution = at("BRP_AT_START", other, "INSTITUTION", start.isoformat())
    stay = at("STAYED", other, "NONE", fresh)
    candidates = {
        "home": [at("BRP_AT_START", town, "HOME", start.isoformat())],
        "letter": [at("BRP_AT_START", town, "LETTER", start.isoformat())],
        "institution-then-last": [institution, at("BRP_LAST", town, "HOME", fresh)],
        "institution-then-stay": [institution, at("STAYED", town, "NONE", fresh)],
        "institution-only": [institution],
        "fresh-last-and-stay": [at("BRP_LAST", town, "HOME", fresh), stay],
        "old-last-and-stay": [at("BRP_LAST", town, "HOME", old), stay],
        "old-last-only": [at("BRP_LAST", town, "HOME", old)],
        "stay-only": [at("STAYED", town, "NONE", fresh)],
        "settle-only": [at("SETTLE", town, "NONE")],
        "institution-then-settle": [institution, at("SETTLE", town, "NONE")],
        "merged-away": [at("BRP_LAST", rng.choice(places.merged), "HOME", before_mergers)],
        "split": [at("BRP_LAST", rng.choice(places.split), "HOME", before_mergers)],
        "unknown": [],
    }[kind]
    rng.shuffle(candidates)
    return candidates


def add_messages(rng: random.Random, case: Case, identity: dict, start: date, today: date, places: Places) -> None:
    detention = {"start": case.start, "title": case.title}
    if rng.random() < 0.8:
        detention["piEntry"] = (start + timedelta(days=rng.randrange(2))).isoformat()
    first = {"person": {"identity": identity}, "detention": detention, "residence": {"candidates": case.residence}}
    case.messages.append(Message(0, "detention-started", case.prison, first))
    if case.title in ("ALIENS", "JJI"):
        return
    # Decision 16 gives probation the start and the end of a VRIS detention; about what lies between it is silent.
    if case.title != "VRIS" and rng.random() < 0.5:
        # Far enough ahead that no notice of an imminent release is due.
        release = {
            "date": (today + timedelta(days=rng.randrange(60, 600))).isoformat(),
            "kind": rng.choice(["END_OF_SENTENCE", "CONDITIONAL_RELEASE"]),
            "certainty": rng.choice(["FIRM", "EXPECTED"]),
        }
        if rng.random() < 0.3:
            release["reason"] = rng.choice(["MEASURE", "OTHER"])
        case.messages.append(Message(1, "release-date-set", case.prison, {"release": release}))
    if case.title != "VRIS" and rng.random() < 0.2 and places.moves.get(case.prison):
        case.new_prison = rng.choice(places.moves[case.prison])
        moved = today - timedelta(days=1)
        transfer = {"to": case.new_prison, "at": f"{moved.isoformat()}T12:00:00Z"}
        case.messages.append(Message(2, "transferred", case.prison, {"transfer": transfer}))
    if rng.random() < 0.2:
        data = {"detention": {"legalEnd": today.isoformat()}, "release": {"kind": rng.choice(["END_OF_SENTENCE", "LIFTED"])}}
        case.messages.append(Message(3, "detention-ended", case.new_prison or case.prison, data))


def generate(seed: int, count: int, places: Places, today: date) -> list[Case]:
    """`count` detentions of `count` different people."""
    rng = random.Random(seed)
    bsns = fictitious_bsns()
    rng.shuffle(bsns)
    cases = []
    for number in range(count):
        # Every third person has no BSN, exactly: a share that only comes out on average hides mistakes.
        bsn = None if number % 3 == 2 else bsns.pop()
        # Long enough ago for a transfer in between, short enough that no term of the process is near.
        start = today - timedelta(days=rng.randrange(3, 7))
        # The first round takes every kind once, so that a small count still shows them all.
        kind = RESIDENCES[number] if number < len(RESIDENCES) else rng.choice(RESIDENCES)
        prison = rng.choice(places.prisons)
        case = Case(
            ref=f"{prison}.{seed}-{number:05d}",
            prison=prison,
            title="SENTENCE" if number < len(RESIDENCES) else rng.choice(TITLES),
            residence_kind=kind,
            residence=residence_of(rng, kind, places, start),
            start=start.isoformat(),
        )
        add_messages(rng, case, identity_of(rng, bsn, number), start, today, places)
        cases.append(case)
    return cases


def markers(seed: int, first: int, places: Places, today: date) -> list[Case]:
    """One plain case per prison, to follow everything else through the hub."""
    rng = random.Random(f"markers {seed}")
    found = []
    for number, prison in enumerate(places.prisons, first):
        start = today - timedelta(days=3)
        case = Case(f"{prison}.{seed}-{number:05d}", prison, "SENTENCE", "home", [], start.isoformat())
        case.residence = residence_of(rng, "home", places, start)
        add_messages(rng, case, identity_of(rng, None, number), start, today, places)
        case.messages = case.messages[:1]
        found.append(case)
    return found

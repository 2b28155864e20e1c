"""What the law lets each participant know in 2021, read from the domain's chapters 1.12, 2 and 5 and the decisions.

No rule file is read here and no code of the hub is used: this is the second reading against which the hub is held.
A further event is one entry in LAW (or in year_more, where it changes nothing in the case) and one in FIELDS.

Relations: P prison that holds the person, Pn the one that a transfer leads to, Po a former one, M responsible municipality,
Ms municipality of settlement, R responsible probation unit, Z care partner, Zi care partner that had something,
E earlier recipient of what is corrected, T triage desk. The order is that in which they are asked.
"""

from __future__ import annotations

from year_more import MORE, classes
from year_rights import ADM, C, CARE, CZ, D2, D3, D4, R1, R2, RECT, TASK, W51, both, care, give, missing, rule

RELATIONS = ["P", "Pn", "Po", "M", "Ms", "R", "Z", "Zi", "E", "T"]

ID = "/person/identity/"
NAME = [ID + n for n in ("surname", "givenNames", "birthDate")]  # Wjsg 51c (decision 13)
A1_6 = NAME + [ID + n for n in ("address", "birthPlace", "nationality", "bsn")]  # Pm 20d(2)(a)
JUSTICE = A1_6 + [ID + "skn", ID + "vNumber"]  # inside the criminal chain (decision 5)
DESK = [ID + n for n in ("surname", "givenNames", "address", "birthDate", "birthPlace", "bsn")]  # decision 20
START, ENTRY, END = "/detention/start", "/detention/piEntry", "/detention/legalEnd"
CANDIDATE = "/residence/candidates/*/"
RESIDENCE = [CANDIDATE + n for n in ("source", "municipality", "kind", "asOf", "postalCode")]
GROUND = [CANDIDATE + "source", CANDIDATE + "municipality"]
RELEASE = ["/release/" + n for n in ("date", "previousDate", "kind", "certainty")]
REASON = "/release/reason"
MOVE = ["/transfer/to", "/transfer/at"]
MEETING = ["/tbo/" + n for n in ("at", "place", "location", "participants")]
RECORD = ["/consent/" + n for n in ("id", "recipient", "categories", "purpose", "givenAt", "until")]
STOP = ["/consent/" + n for n in ("id", "recipient", "withdrawnAt")]
SUPERVISION = ["/supervision/" + n for n in ("from", "to", "unit", "contact")]
REFERENCE = ["/correction/of/source", "/correction/of/id", "/correction/reason"]
CODES = ["ID", "HOUSING", "INCOME", "DEBT", "CARE", "NETWORK"]
ENTRY_FIELDS = ["status", "asOf", "detail"]


def triad(grants, needs=()):
    """Between prison, municipality and probation, whoever of them speaks."""
    return [rule("P", "M R", grants, needs), rule("M", "P R", grants, needs), rule("R", "P M", grants, needs)]


ENTRIES = [missing(D2, "/conditions"), missing(C, "/conditions")]
PLAN_EXTRACT = [
    give(D2, ["/plan/version", "/plan/adoptedOn"]), missing(D2, "/plan/conditions"), care(D3, "/plan/care"),
    give(C, ["/plan/version", "/plan/adoptedOn"]), missing(C, "/plan/conditions"), care(C, "/plan/care"),
]
TO_M_DATE = rule("P", "M", [give(D2, [*RELEASE, REASON]), give(W51, ["/release/date"])])
TO_R_DATE = rule("P", "R", [give(R2, RELEASE), give(D2, [*RELEASE, REASON])])
TBO = [rule("M", "P R", both([*MEETING, "/tbo/reason"]))]
SETTLE = both([*GROUND, CANDIDATE + "asOf"])
AS_HAD = {"basis": RECT, "as-delivered": True}

LAW = {
    "detention-started": [
        rule("P", "M", [give(D2, [*A1_6, START, ENTRY]), give(W51, [*NAME, START])], [ID + "surname", START]),
        rule("P", "R", [give(R1, [*JUSTICE, START, ENTRY])], [ID + "surname", START]),
        rule("P", "T", [give(ADM, [*DESK, *RESIDENCE])]),
    ],
    "detention-start-corrected": [
        rule("P", "M", [give(D2, [*A1_6, START, ENTRY]), give(W51, [*NAME, START])], [START]),
        rule("P", "R", [give(R1, [*JUSTICE, START, ENTRY])], [START]),
        rule("P", "T", [give(ADM, [*DESK, *RESIDENCE])]),
        rule("P", "E", [AS_HAD]),
    ],
    "identity-corrected": [
        rule("P", "M", [give(D2, A1_6), give(W51, NAME)]),
        rule("P", "R", [give(R1, JUSTICE)]),
        rule("P", "E", [AS_HAD]),
        rule("M", "P R", both(A1_6)),  # the population register speaks through the municipality
    ],
    "release-date-set": [TO_M_DATE, TO_R_DATE],
    "release-date-changed": [TO_M_DATE, TO_R_DATE],
    "transferred": [
        rule("P Pn", "M", [give(D2, MOVE)]),
        rule("P Pn", "R", [give(D2, MOVE), give(TASK, MOVE)]),
        rule("P", "Pn P", [give(TASK, MOVE)]),
        rule("Pn", "P Po", [give(TASK, MOVE)]),
    ],
    "physically-departed": [rule("P", "M R", [give(D2, ["/detention/departure", "/release/kind"])], ["/detention/departure"])],
    "detention-ended": [
        rule("P", "M", [give(D2, [END, "/release/kind"]), give(W51, [END])], [END]),
        rule("P", "R", [give(R2, [END, "/release/kind"])], [END]),
        rule("P", "Zi", [give(CZ, [END])]),
    ],
    "deceased": [
        rule("P", "M R", [give(TASK, ["/status/since"])]),
        rule("P", "Zi", [give(CZ, ["/status/since"])]),
    ],
    "responsible-municipality-determined": [rule("T", "M P R", [give(ADM, GROUND)])],
    "settlement-municipality-set": [
        rule("P", "M Ms R", SETTLE), rule("R", "M Ms P", SETTLE),
        rule("M", "P R", SETTLE),  # no basis from college to college
    ],
    "probation-unit-assigned": [rule("R", "P M", [give(TASK, ["/supervision/unit"])])],
    "screening-completed": [
        rule("P", "M R", [ENTRIES[0], care(D3, "/care"), ENTRIES[1], care(C, "/care")]),
        rule("P", "Z", [missing(CZ, "/conditions")]),
    ],
    "condition-status-updated": [*triad(ENTRIES), rule("P M R", "Z", [missing(CZ, "/conditions")])],
    "tbo-scheduled": TBO,
    "tbo-rescheduled": TBO,
    "tbo-cancelled": TBO,
    "tbo-moved-outside": TBO,
    "tbo-held": [
        rule(giver, others, [give(D2, MEETING), ENTRIES[0], give(C, MEETING), ENTRIES[1]], ["/tbo/at"])
        for giver, others in (("M", "P R"), ("P", "M R"))
    ],
    "plan-ready": [rule("P", "M R", PLAN_EXTRACT, ["/plan/version"])],
    "plan-adapted": [rule("P", "M R", PLAN_EXTRACT, ["/plan/version"])],
    "plan-not-made": [rule("P", "M R", [give(D2, ["/plan/reason"])], ["/plan/reason"])],
    "consent-given": triad([give(TASK, RECORD)]),
    "consent-withdrawn": [*triad([give(TASK, STOP)]), rule("P M R", "Zi", [give(RECT, STOP)])],
    "care-partner-invited": [
        rule("M", "Z", [give(CZ, [ID + "surname", ID + "givenNames", "/tbo/at", "/tbo/place", "/tbo/location", "/partner"])],
             [ID + "surname", "/tbo/at"]),
    ],
    "supervision-started": [rule("R", "M P", [give(D4, SUPERVISION), give(C, SUPERVISION)], ["/supervision/from"])],
    "message-corrected": [rule("P Pn M R T", "E", [AS_HAD])],
    "message-withdrawn": [rule("P Pn M R T", "E", [give(RECT, REFERENCE)])],
    **MORE,
}

_PERSON = JUSTICE
_CONDITIONS = [f"/conditions/{code}/{field}" for code in CODES for field in ENTRY_FIELDS]
_RELEASE = [*RELEASE, REASON]
_CARE = [f"/care/{n}" for n in CARE]
_PLAN = ["/plan/version", "/plan/adoptedOn"] + [f"/plan{leaf}" for leaf in [*_CONDITIONS, *_CARE]]
_DETENTION = [START, ENTRY, "/detention/departure", END, "/detention/title"]
_CORRECTED = [*REFERENCE, *_PERSON, *_DETENTION, *RESIDENCE, *_RELEASE, *MOVE, *_CONDITIONS, *_CARE, *MEETING, "/tbo/reason", *_PLAN]

# The part of each event that its schema lets in, and what it asks for (contract 1, decision 4). Without an entry nothing is checked.
FIELDS = {
    "detention-started": ([*_PERSON, *_DETENTION, *RESIDENCE, "/residence/candidates"], [ID + "surname", START]),
    "detention-start-corrected": ([*REFERENCE, *_PERSON, *_DETENTION, *RESIDENCE], []),
    "identity-corrected": ([*REFERENCE, *_PERSON], []),
    "release-date-set": ([*_RELEASE, "/detention/title"], ["/release/date", "/release/kind", "/release/certainty"]),
    "release-date-changed": ([*_RELEASE, "/detention/title"], ["/release/kind", "/release/certainty"]),
    "transferred": (MOVE, MOVE),
    "physically-departed": (["/detention/departure", "/release/kind"],) * 2,
    "detention-ended": ([END, "/release/kind"],) * 2,
    "deceased": (["/status/since"],) * 2,
    "responsible-municipality-determined": (RESIDENCE, GROUND),
    "settlement-municipality-set": (RESIDENCE, GROUND),
    "probation-unit-assigned": (["/supervision/unit"],) * 2,
    "screening-completed": ([*_CONDITIONS, *_CARE], []),
    "condition-status-updated": (_CONDITIONS, []),
    "tbo-scheduled": (MEETING, ["/tbo/at", "/tbo/place"]),
    "tbo-rescheduled": ([*MEETING, "/tbo/reason"], ["/tbo/at"]),
    "tbo-cancelled": (["/tbo/at", "/tbo/reason"], ["/tbo/at"]),
    "tbo-moved-outside": ([*MEETING, "/tbo/reason"], ["/tbo/reason"]),
    "tbo-held": ([*MEETING, *_CONDITIONS], ["/tbo/at"]),
    "plan-ready": (_PLAN, ["/plan/version"]),
    "plan-adapted": (_PLAN, ["/plan/version"]),
    "plan-not-made": (["/plan/reason"],) * 2,
    "consent-given": ([*RECORD, "/consent/channel"], ["/consent/id", "/consent/recipient", "/consent/categories", "/consent/purpose"]),
    "consent-withdrawn": (STOP, ["/consent/id"]),
    "care-partner-invited": (
        ["/partner", "/tbo/at", "/tbo/place", "/tbo/location", ID + "surname", ID + "givenNames"],
        ["/partner", "/tbo/at", ID + "surname"],
    ),
    "supervision-started": (SUPERVISION, ["/supervision/from", "/supervision/unit"]),
    "message-corrected": (_CORRECTED, REFERENCE),
    "message-withdrawn": (REFERENCE, REFERENCE),
}

# Notices of a prison that may come before the one that opens the case; they wait a day (decision 19).
MAY_COME_FIRST = {"release-date-set", "release-date-changed", "transferred", "detention-ended"}
# Of these a detention can have several, each a matter of its own: a late one is never stale.
SEVERAL = {"action", "status"}
# Recorded whether or not anybody may hear of them.
ALWAYS_RECORDED = {"consent-given", "consent-withdrawn", "message-withdrawn"}
# The end of a case: a partner that had something hears one bare fact (decision 11).
CLOSING = {"detention-ended", "deceased"}
# Decision 16; corrections, ends of consent and the hub's own questions go whatever the title.
OUT_OF_SCOPE = {"ALIENS", "JJI"}
WHATEVER_TITLE = {"message-corrected", "message-withdrawn", "consent-withdrawn"}
VRIS_TO_PROBATION = {"detention-started", "detention-start-corrected", "detention-ended"}

CLASS_OF_CONDITION = {"ID": "ID", "HOUSING": "SOC", "INCOME": "FIN", "DEBT": "FIN", "CARE": "FIN", "NETWORK": "THIRD"}


def class_of(leaf: str) -> str:
    """Class of a leaf that is no condition (chapter 5): what is on record about a consent, health, else identity."""
    if leaf.startswith("/correction/") or leaf in {"/consent/id", "/consent/purpose", "/consent/givenAt", "/consent/until"}:
        return "ADM"
    return "HEALTH" if leaf.startswith(("/care/", "/plan/care/")) else classes(leaf) or "ID"


def condition_of(leaf: str) -> str | None:
    parts = leaf.split("/")
    for start in (["", "conditions"], ["", "plan", "conditions"]):
        if parts[: len(start)] == start and len(parts) == len(start) + 2:
            return parts[len(start)]
    return None


def leaves_of(data, path="") -> list[str]:
    """Scalars and lists of scalars, each place once; `*` stands for any element."""
    if isinstance(data, dict):
        return list(dict.fromkeys(leaf for key, item in data.items() for leaf in leaves_of(item, f"{path}/{key}")))
    if isinstance(data, list) and any(isinstance(item, dict) for item in data):
        return list(dict.fromkeys(leaf for item in data for leaf in leaves_of(item, f"{path}/*")))
    return [path]


def cut(data, keep, containers, path=""):
    """The part of the data that `keep` names; objects in `containers` stay even if nothing is left in them."""
    if isinstance(data, dict):
        kept = {key: part for key, item in data.items() if (part := cut(item, keep, containers, f"{path}/{key}")) is not None}
        return kept if kept or path in containers else None
    if isinstance(data, list) and any(isinstance(item, dict) for item in data):
        kept = [part for item in data if (part := cut(item, keep, containers, f"{path}/*")) is not None]
        return kept or None
    return data if path in keep else None


def get(data, pointer):
    for part in pointer.split("/")[1:]:
        if not isinstance(data, dict) or part not in data:
            return None
        data = data[part]
    return data

"""Bases with their validity, and the words in which year_law and year_more say who may tell whom what."""

from __future__ import annotations

# Bases with their validity (chapter 1.1); R11 and own task are older than any message here.
SWITCH = "2021-07-01"
IN_FORCE = {
    "rr95-11-1": ("", "9999"),
    "rr95-11-2": ("", "9999"),
    "wjsg-51c-2-c": ("2019-01-01", "9999"),
    "pm-20d-2": (SWITCH, "9999"),
    "pm-20d-3": (SWITCH, "9999"),
    "pm-20d-4": (SWITCH, "9999"),
    "consent-triad": ("2018-05-25", SWITCH),
    "consent-partner": ("2018-05-25", "9999"),
    "rr95-8": ("", SWITCH),  # what prison and probation told each other before 20d(4)
    "pm-44g": ("", "9999"),
    "pm-40-2": ("", "9999"),
    "pm-7": ("", "9999"),
    "rtvi-3": ("", "9999"),
    "application": ("", "9999"),
    "aftercare-task": ("", "9999"),
    "aftercare-task-inside": ("", "9999"),
    "own-task": ("2018-05-25", "9999"),
    "administrative": ("2018-05-25", "9999"),
    "rectification": ("2018-05-25", "9999"),
}
# Only while the plan runs (decision 14); advice, applications and aftercare inside end with the detention, too.
PLAN = {"pm-20d-2", "pm-20d-3", "pm-20d-4", "pm-40-2", "pm-7", "rtvi-3", "application", "aftercare-task-inside"}
CONSENT = {"consent-triad", "consent-partner"}
R1, R2, W51, D2, D3, D4 = "rr95-11-1", "rr95-11-2", "wjsg-51c-2-c", "pm-20d-2", "pm-20d-3", "pm-20d-4"
C, CZ, TASK, ADM, RECT = "consent-triad", "consent-partner", "own-task", "administrative", "rectification"

# Refusals of grants, from far to near (contract 1).
NEARNESS = [
    "NO_BASIS", "BASIS_NOT_YET_IN_FORCE", "CONSENT_MISSING", "CONSENT_EXPIRED", "CONSENT_WITHDRAWN", "FIELD_NOT_ALLOWED",
]

CARE = ["needed", "trajectories/*/act", "trajectories/*/provider", "trajectories/*/municipality", "trajectories/*/period"]


def give(basis, fields):
    return {"basis": basis, "fields": frozenset(fields)}


def missing(basis, container):
    """Conditions as far as missing (Pbw 18a(2)(d), decision 15); that all is in order is told as the empty object."""
    return {"basis": basis, "each": container}


def care(basis, at):
    """Trajectories, only if care is needed (Pm 20d(3))."""
    return {"basis": basis, "fields": frozenset(f"{at}/{n}" for n in CARE), "care": f"{at}/needed"}


def rule(senders, recipients, grants, needs=()):
    return {"from": senders.split(), "to": recipients.split(), "grants": grants, "needs": frozenset(needs)}


def both(fields):
    """By consent until July 2021, under the plan since."""
    return [give(D2, fields), give(C, fields)]

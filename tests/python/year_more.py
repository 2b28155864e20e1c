"""The further events of the domain's chapter 5: one entry each with what the law says of them and how the year words them.

They change nothing in a case but its scope, so a line here is all that they need.
"""

from __future__ import annotations

from year_rights import ADM, C, CARE, D2, D3, D4, R1, R2, TASK, W51, both, care, give, missing, rule

R8, G44, PM40, PM7, RTVI, APPLIED = "rr95-8", "pm-44g", "pm-40-2", "pm-7", "rtvi-3", "application"
AFTER, AFTER_INSIDE = "aftercare-task", "aftercare-task-inside"


def under(part, names):
    return [f"/{part}/{name}" for name in names.split()]


def when(grant, pointer, values):
    return grant | {"when": (pointer, values)}


CONSULTED = ("/consultation/about", {"SUPERVISION", "ADVICE", "INTERVENTIONS"})  # Pm 20d(4)
VISIT = under("visit", "at on place")
ACTION = under("action", "id condition owner due doneOn")
ENTRIES = [missing(D2, "/conditions"), missing(C, "/conditions")]
TRAJECTORIES = [care(D3, "/care"), care(C, "/care")]
LEAVE = under("leave", "from to legalEnd")
PAUSE, PAUSED_UNTIL = under("interruption", "from to"), under("release", "date kind certainty")
SINCE = ["/status/since"]
GOAL = under("reintegrationLeave", "from to goals address")
PHASING = under("reintegrationLeave", "kind otherGoals")
PROGRAMME = under("programme", "from to")
VI = under("conditionalRelease", "decidedOn terms")
APPLICATION = [
    *under("rent", "appliedOn landlord arrears months"), *under("benefit", "appliedOn ground from"),
    *under("costSharing", "appliedOn hostHousehold from"),
]
APPLIED_ON = ["/rent/appliedOn", "/benefit/appliedOn", "/costSharing/appliedOn"]
RESULT = [
    *under("rent", "appliedOn decision months from until"), *under("benefit", "appliedOn decision from"),
    *under("costSharing", "appliedOn decision from"),
]
LIMITED = ["/consultation/about", *under("information", "contacts/*/kind contacts/*/from contacts/*/to phase phaseSince")]
FULL = [*LIMITED, *under("information", "motivation motivationDetail behaviour")]
ABOUT = ["/consultation/about"]
ADVICE = under("leaveAdvice", "kind from to due outcome detail givenOn")
PP_ADVICE = under("programmeAdvice", "from to due outcome addressAcceptable detail givenOn")
HOME = under("home", "address postalCode municipality kind from")


def several(names, rules):
    return {name: rules for name in names.split()}


def of_triad(basis_leaves, senders="P M R"):
    others = {"P": "M R", "M": "P R", "R": "P M"}
    return [rule(sender, others[sender], both(basis_leaves)) for sender in senders.split()]


_VI = [
    rule("P", "M", [give(D2, ["/release/date"]), give(W51, ["/release/date"])], ["/release/date"]),
    rule("P", "R", [give(R2, ["/release/date", "/release/previousDate"]), give(D4, VI), give(TASK, VI)]),
]
_LEAVE_FOR_GOAL = [
    rule("P", "M", both(GOAL), ["/reintegrationLeave/from", "/reintegrationLeave/goals"]),
    rule("P", "R", [give(D2, GOAL), give(D4, PHASING), give(C, [*GOAL, *PHASING])], ["/reintegrationLeave/from"]),
]
_APPLY = [
    rule("P", "M", [give(D2, APPLICATION), give(APPLIED, APPLICATION)]),
    rule("R", "M", [give(D2, APPLICATION), give(APPLIED, APPLICATION)]),
    rule("M", "P R", [give(D2, APPLIED_ON), give(APPLIED, APPLIED_ON)]),
]
_AFTERCARE = [
    rule("M", "P", [give(D2, ["/aftercare/on"]), give(AFTER_INSIDE, ["/aftercare/on"])]),
    rule("M", "R", [give(D2, ["/aftercare/on"]), give(AFTER, ["/aftercare/on"])]),
]
_STATUS = [
    rule("P", "M", [give(D2, SINCE), give(W51, SINCE)]),
    rule("P", "R", [give(D2, SINCE), give(TASK, SINCE)]),
]

MORE = {
    "casemanager-assigned": [rule("P", "M R", [give(ADM, under("casemanager", "name contact"))])],
    "pretrial-suspended": [
        rule("P", "M", [give(D2, ["/suspension/at"]), give(W51, ["/suspension/at"])]),
        rule("P", "R", [give(R2, under("suspension", "at conditions"))]),
    ],
    **several("end-leave-granted end-leave-changed end-leave-refused-by-person", [rule("P", "M R", [give(D2, LEAVE)])]),
    "detention-interrupted": [
        rule("P", "M", [give(D2, [*PAUSE, *PAUSED_UNTIL]), give(W51, [*PAUSE, "/release/date"])]),
        rule("P", "R", [give(R2, [*PAUSE, *PAUSED_UNTIL])], ["/interruption/from"]),
    ],
    "detention-resumed": [
        rule("P", "M", [give(D2, [*PAUSE, *PAUSED_UNTIL]), give(W51, [*PAUSE, "/release/date"])]),
        rule("P", "R", [give(R1, PAUSE), give(R2, PAUSED_UNTIL)], ["/interruption/to"]),
    ],
    **several("escaped recaptured", _STATUS),
    "left-scope": [
        rule("P", "M", [give(TASK, SINCE)]),
        rule("P", "R", [give(TASK, [*SINCE, "/status/regime"])]),
    ],
    "contact-restricted": [
        rule("P", "M", [give(D2, under("status", "since until"))]),
        rule("P", "R", [give(D2, under("status", "since until")), give(TASK, under("status", "since until"))]),
    ],
    "residence-changed": [rule("M", "P R", both(HOME), ["/home/from"])],
    "municipal-information-provided": [
        rule("M", "P R", [ENTRIES[0], give(D2, ["/support/kinds"]), ENTRIES[1], give(C, ["/support/kinds"])]),
    ],
    "care-history-provided": [
        rule(giver, others, TRAJECTORIES, ["/care/needed"]) for giver, others in (("P", "M R"), ("M", "P R"), ("R", "P M"))
    ],
    "care-partner-involved": [rule("M", "P R", TRAJECTORIES), rule("R", "P M", TRAJECTORIES)],
    "supervision-information-provided": [
        rule("R", "P", [when(give(D4, FULL), *CONSULTED), when(give(R8, FULL), *CONSULTED)], ABOUT),
        rule("P", "R", [when(give(D4, FULL), *CONSULTED), when(give(R8, FULL), *CONSULTED)], ABOUT),
        rule("R P", "M", [when(give(D4, LIMITED), *CONSULTED), when(give(C, LIMITED), *CONSULTED)], ABOUT),
    ],
    **several("first-visit-planned first-visit-held first-visit-refused", [rule("M", "P R", both(VISIT))]),
    "review-held": [
        rule("P", "M R", [
            give(D2, under("review", "on nextOn")), ENTRIES[0],
            when(give(D4, [*ABOUT, *under("information", "phase phaseSince")]), *CONSULTED),
            give(C, under("review", "on nextOn")), ENTRIES[1],
            when(give(C, [*ABOUT, *under("information", "phase phaseSince")]), *CONSULTED),
        ], ["/review/on"]),
    ],
    **several("action-assigned action-done action-overdue", [
        rule(giver, others, both(ACTION), ["/action/condition", "/action/owner"])
        for giver, others in (("P", "M R"), ("M", "P R"), ("R", "P M"))
    ]),
    "isd-external-phase-agreed": [
        rule("P M", "R", [give(G44, under("isd", "from housing work dayActivity")) | {"title": "ISD"}], ["/isd/from"]),
    ],
    "leave-advice-requested": [rule("P", "R", [give(PM40, [*ADVICE, *PP_ADVICE])])],
    "leave-advice-given": [rule("R", "P", [give(RTVI, ADVICE), give(PM7, PP_ADVICE)])],
    **several(" ".join(f"reintegration-leave-{n}" for n in ("granted", "changed", "withdrawn", "started", "returned")), _LEAVE_FOR_GOAL),
    "programme-started": [
        rule("P", "M", [give(D2, PROGRAMME), give(W51, ["/programme/from"])], ["/programme/from"]),
        rule("P", "R", [give(D2, PROGRAMME), give(TASK, PROGRAMME)]),
    ],
    **several("programme-ended programme-terminated", [
        rule("P", "M", [give(D2, PROGRAMME), give(W51, ["/programme/to"])], ["/programme/to"]),
        rule("P", "R", [give(D2, PROGRAMME), give(TASK, PROGRAMME)]),
    ]),
    **several(" ".join(f"conditional-release-{n}" for n in ("decided", "postponed", "refused", "revoked")), _VI),
    **several("id-document-requested id-document-issued", [
        rule(giver, other, both(under("idDocument", "status on validUntil"))) for giver, other in (("P", "M"), ("M", "P"))
    ]),
    **several("rent-continuation-requested benefit-revival-requested cost-sharing-exemption-requested", _APPLY),
    **several("rent-continuation-decided rent-continuation-ended benefit-revival-decided cost-sharing-exemption-decided", [
        rule("M", "P R", [give(D2, RESULT), give(APPLIED, RESULT)]),
    ]),
    "advance-or-living-money-decided": [rule("M", "P R", both(["/advance/on"]))],
    **several("debt-help-requested debt-help-accepted debt-help-refused", of_triad(under("debtHelp", "on status threat"), "P M")),
    **several("insurance-suspended insurance-restarted", of_triad(under("insurance", "insurer on"), "P M")),
    **several("housing-arranged housing-failed", of_triad(under("housing", "kind from asOf"), "M")),
    "family-support-requested": [
        rule("P", "M", both(under("familySupport", "kinds on")), ["/familySupport/kinds"]),
        rule("R", "M", both(under("familySupport", "kinds on")), ["/familySupport/kinds"]),
    ],
    "supervision-ended": [rule("R", "M", [give(D4, ["/supervision/to"]), give(C, ["/supervision/to"])])],
    "supervision-transferred": [
        rule("R", "M", [give(D4, under("supervision", "from unit contact")), give(C, under("supervision", "from unit contact"))]),
    ],
    **several("aftercare-offered aftercare-accepted aftercare-refused", _AFTERCARE),
    "aftercare-home-visit": [
        rule("M", "R", [give(AFTER, under("aftercare", "on reached supervised"))], ["/aftercare/on", "/aftercare/supervised"]),
    ],
    "aftercare-closed": [
        rule("M", "R", [give(AFTER, under("aftercare", "on result supervised"))], ["/aftercare/on", "/aftercare/supervised"]),
    ],
}

DOMAINS = {
    "detentions": "casemanager-assigned pretrial-suspended end-leave- detention- escaped recaptured left-scope contact-restricted",
    "residences": "residence-changed",
    "plans": "municipal-information-provided review-held action- isd-external-phase-agreed",
    "care": "care-",
    "supervision": "supervision-",
    "meetings": "first-visit-",
    "aftercare": "aftercare-",
}


def domain(name: str) -> str:
    return next((d for d, starts in DOMAINS.items() if name.startswith(tuple(starts.split()))), "measures")


def classes(leaf: str) -> str | None:
    """Classes of chapter 5 for the leaves of these events, where it is not ID."""
    starts = {
        "ADM": ("/action/id", "/casemanager/", "/leaveAdvice/givenOn", "/leaveAdvice/due"),
        "THIRD": ("/familySupport/kinds", "/costSharing/hostHousehold", "/reintegrationLeave/address"),
        "JUST": ("/consultation/", "/information/", "/suspension/conditions", "/status/regime", "/leaveAdvice/", "/programmeAdvice/",
                 "/conditionalRelease/", "/reintegrationLeave/kind", "/reintegrationLeave/otherGoals"),
        "SOC": ("/action/", "/aftercare/", "/familySupport/", "/visit/", "/housing/", "/support/", "/isd/", "/reintegrationLeave/goals"),
        "FIN": ("/advance/", "/benefit/", "/costSharing/", "/debtHelp/", "/insurance/", "/rent/"),
    }
    return next((name for name, found in starts.items() if leaf.startswith(found)), None)


def payload(story, name: str) -> dict:
    """What such an event says, made up; dates around the moment at which it is told."""
    rng, day = story.rng, story.day
    pick, chance = rng.choice, rng.random
    part = name.split("-")[0]
    if name in ("casemanager-assigned",):
        return {"casemanager": {"name": "M. Voorbeeld"} | ({"contact": "038-0000000"} if chance() < 0.5 else {})}
    if name == "pretrial-suspended":
        return {"suspension": {"at": story.at} | ({"conditions": ["REPORTING", "LOCATION_BAN"]} if chance() < 0.7 else {})}
    if name.startswith("end-leave"):
        return {"leave": {"from": day(2, 5), "to": day(6, 12), "legalEnd": day(13, 14)}}
    if name.startswith("detention-"):
        return {"interruption": {"from": day(-3, 1), "to": day(2, 30)}, "release": {"date": day(40, 90), "certainty": pick(["FIRM", "EXPECTED"])}}
    if name == "left-scope":
        return {"status": {"since": day(0, 0)} | ({"regime": "TBS"} if chance() < 0.7 else {})}
    if name == "contact-restricted":
        return {"status": {"since": day(0, 0)} | ({"until": day(10, 14)} if chance() < 0.7 else {})}
    if name in ("escaped", "recaptured"):
        return {"status": {"since": day(-1, 0)}}
    if name == "residence-changed":
        return {"home": {"kind": "NONE", "from": day(-5, 0)} if chance() < 0.3 else {
            "address": "Voorbeeldstraat 1", "postalCode": "8011AA", "municipality": pick(story.places.connected), "kind": "LETTER", "from": day(-5, 0),
        }}
    if name == "municipal-information-provided":
        known = {code: entry for code, entry in story.conditions(2, 3).items() if code != "ID"}  # of the ID document the prison knows
        return {"conditions": known} | ({"support": {"kinds": ["DEBT_COUNSELLING"]}} if chance() < 0.6 else {})
    if name in ("care-history-provided", "care-partner-involved"):
        trajectory = {"act": pick(["WMO", "WVGGZ", "WFZ"]), "provider": "Zorg Voorbeeld", "municipality": pick(story.places.connected), "period": "2019/2021-03"}
        return {"care": {"needed": chance() < 0.75, "trajectories": [trajectory]}}
    if name == "supervision-information-provided":
        about, contact = pick(["SUPERVISION", "ADVICE", "INTERVENTIONS", "PLAN"]), {"kind": "SUPERVISION", "from": "2019-01-01", "to": "2020-06-30"}
        told = {"contacts": [contact], "phase": "PLUS", "phaseSince": day(-30, -1)}
        return {"consultation": {"about": about}, "information": told | ({"motivation": "HESITANT", "behaviour": "DESIRED"} if chance() < 0.6 else {})}
    if name == "first-visit-planned":
        return {"visit": {"at": story.at, "place": "INSIDE"}}
    if name.startswith("first-visit"):
        return {"visit": {"on": day(-2, 0), "place": "INSIDE"}}
    if name == "review-held":
        told = {"review": {"on": day(0, 0), "nextOn": day(40, 42)}, "conditions": story.conditions(1, 3)}
        return told | ({"consultation": {"about": pick(["SUPERVISION", "PLAN"])}, "information": {"phase": "PLUS"}} if chance() < 0.5 else {})
    if part == "action":
        return {"action": {"id": f"a-{story.number}", "condition": pick(["DEBT", "HOUSING"]), "owner": story.held_by(), "due": day(5, 40)}}
    if name == "isd-external-phase-agreed":
        return {"isd": {"from": day(5, 40), "housing": "SUPERVISED", "work": "SHELTERED", "dayActivity": "EDUCATION"}}
    if name.startswith("leave-advice"):
        found = {"leaveAdvice": {"kind": "SHORT", "from": day(20, 30), "to": day(31, 32)}, "programmeAdvice": {"from": day(60, 70)}}
        if name.endswith("requested"):
            found["leaveAdvice"]["due"] = day(10, 12)
        else:
            found["leaveAdvice"] |= {"outcome": "POSITIVE_WITH_CONDITIONS", "givenOn": day(0, 0)}
            found["programmeAdvice"] |= {"outcome": "POSITIVE", "addressAcceptable": True, "givenOn": day(0, 0)}
        if chance() < 0.5:
            del found[pick(["leaveAdvice", "programmeAdvice"])]
        return found
    if part == "reintegration":
        leave = {"from": day(3, 20), "to": day(21, 22), "kind": "SHORT", "otherGoals": ["NETWORK"]}
        return {"reintegrationLeave": leave | ({"goals": ["ID", "HOUSING"], "address": "Voorbeeldstraat 1, Zwolle"} if chance() < 0.6 else {})}
    if part == "programme":
        return {"programme": {"from": day(-5, 5), "to": day(30, 60)}}
    if part == "conditional":
        told = {"release": {"date": day(20, 200)}}
        if chance() < 0.6:
            told["release"]["previousDate"] = day(10, 19)
            told["conditionalRelease"] = {"decidedOn": day(-5, 0), "terms": ["REPORTING", "LOCATION_BAN"]}
        return told
    if part == "id":
        issued = {"status": "ISSUED", "on": day(-2, 0), "validUntil": "2031-10-10"}
        return {"idDocument": issued if name.endswith("issued") else {"status": "REQUESTED", "on": day(-2, 0)}}
    if part == "rent":
        rent = {"requested": {"landlord": "HOUSING_ASSOCIATION", "arrears": False, "months": 4}, "ended": {"until": day(10, 90)}}
        return {"rent": {"appliedOn": day(-9, -1)} | rent.get(name.split("-")[-1], {"decision": "GRANTED", "months": 4, "from": day(1, 2), "until": day(80, 90)})}
    if part == "benefit":
        return {"benefit": {"appliedOn": day(-9, -1), "from": day(5, 9)} | ({"ground": "LEGAL_END"} if name.endswith("requested") else {"decision": "GRANTED"})}
    if part == "cost":
        return {"costSharing": {"appliedOn": day(-9, -1), "from": day(5, 9)} | ({"hostHousehold": True} if name.endswith("requested") else {"decision": "GRANTED"})}
    if part == "advance":
        return {"advance": {"on": day(0, 9)}}
    if part == "debt":
        status = {"requested": "REQUESTED", "accepted": "ACCEPTED", "refused": "REFUSED_BY_PERSON"}[name.split("-")[-1]]
        return {"debtHelp": {"on": day(-2, 0), "status": status, "threat": chance() < 0.2}}
    if part == "insurance":
        return {"insurance": {"insurer": "Verzekeraar Voorbeeld", "on": day(-2, 0)}}
    if part == "housing":
        return {"housing": {"kind": "SHELTER", "from": day(5, 30)} if name.endswith("arranged") else {"kind": "RENTED", "asOf": day(-2, 0)}}
    if part == "family":
        return {"familySupport": {"kinds": ["CHILDREN"], "on": day(-2, 0)}}
    if name == "supervision-ended":
        return {"supervision": {"to": day(100, 600)}}
    if name == "supervision-transferred":
        return {"supervision": {"from": day(1, 30), "unit": pick(story.registers.units)["id"], "contact": "Bureaudienst"}}
    # aftercare
    told = {"on": day(-1, 1)}
    if name == "aftercare-home-visit":
        told |= {"reached": chance() < 0.6}
    if name == "aftercare-closed":
        told |= {"result": pick(["ON_OWN_FEET", "NOT_REACHED"])}
    if name in ("aftercare-home-visit", "aftercare-closed") and chance() < 0.6:
        told["supervised"] = True
    return {"aftercare": told}

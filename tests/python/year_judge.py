"""Works out, message by message, what each participant must get and what must be refused, with the code.

It sees what was sent and the registers, and nothing that the hub did. `tell` takes one line for each outcome, refusal and delivery.
"""

from __future__ import annotations

import heapq
import re
from datetime import timedelta

from year_case import Case, Message, overlay, slot
from year_law import (
    ALWAYS_RECORDED, CLASS_OF_CONDITION, CLOSING, FIELDS, LAW, MAY_COME_FIRST, OUT_OF_SCOPE, REFERENCE, RELATIONS, SEVERAL,
    VRIS_TO_PROBATION, WHATEVER_TITLE, class_of, condition_of, cut, get, leaves_of,
)
from year_registers import Registers, begins, elfproef, ends, instant, legal_day, moment
from year_rights import CONSENT, IN_FORCE, NEARNESS, PLAN

STATES = ["CONSENT_MISSING", "CONSENT_EXPIRED", "CONSENT_WITHDRAWN", "VALID"]
CORRECTING = {"message-corrected", "detention-start-corrected", "identity-corrected"}
NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9]{9}(?![0-9A-Za-z])")


class Rejected(Exception):
    """The whole message is turned away, with a code."""


class Judge:
    """Reads messages in the order in which they came in."""

    def __init__(self, registers: Registers, tell):
        self.registers = registers
        self.tell = tell
        self.cases: dict[str, Case] = {}
        self.seen: dict[tuple, Message] = {}
        self.due: list[tuple[str, int, Message]] = []
        self.owner = {source: entry["id"] for entry in registers.participants.values() for source in entry["sources"]}

    # -- the door

    def offer(self, at: str, sender: str, event: dict) -> str:
        """Takes one message; gives its outcome."""
        self.pass_time(at)
        code = None
        try:
            outcome = self.take(at, sender, event)
        except Rejected as why:
            outcome, code = "rejected", str(why)
        self.tell({"what": "outcome", "at": at, "from": sender, "source": event["source"], "id": event["id"], "outcome": outcome, "code": code})
        return outcome

    def pass_time(self, at: str):
        """What waited a day for its detention is given up, and the sender is asked for the current set (decision 19)."""
        while self.due and self.due[0][0] <= at:
            _, _, message = heapq.heappop(self.due)
            case = self.cases[message.detention]
            if message in case.parked:
                case.parked.remove(message)
                self.lapse(message)

    def lapse(self, message: Message):
        message.outcome = "lapsed"
        message.forget()
        self.ask(message.detention, message.sender)

    def ask(self, detention: str, prison: str):
        self.tell({"what": "own", "event": "current-set-requested", "subject": detention, "to": prison, "bases": ["administrative"]})

    def take(self, at: str, sender: str, event: dict) -> str:
        if self.owner.get(event["source"]) != sender:
            raise Rejected("SENDER_MISMATCH")
        if any(elfproef(number) for name in ("id", "subject") for number in NUMBER.findall(event.get(name, ""))):
            raise Rejected("PERSONAL_DATA_IN_ATTRIBUTES")
        name = event["type"].split(".")[3]
        if name not in LAW:
            raise Rejected("UNKNOWN_TYPE")
        self.check(name, event["data"])
        message = Message(at, sender, event)
        seen = self.seen.get(message.key)
        if seen and seen.digest != message.digest:
            raise Rejected("ID_REUSED")
        if seen and seen.outcome == "parked":
            return "parked"
        again = seen if seen and seen.outcome != "lapsed" else None
        return self.admit(at, message, again)

    def check(self, name: str, data: dict):
        """The schema, as far as the contract tells it: closed parts, what is asked for, numbers and codes that exist."""
        leaves = leaves_of(data)
        allowed, needed = FIELDS.get(name, (leaves, []))
        unknown = [leaf for leaf in leaves if leaf not in allowed]
        absent = [leaf for leaf in needed if leaf not in leaves]
        bsn = get(data, "/person/identity/bsn")
        candidates = get(data, "/residence/candidates") or []
        codes = [c["municipality"] for c in candidates]
        if unknown or absent or (bsn and not elfproef(bsn)) or not all(self.registers.reference.known(code) for code in codes):
            raise Rejected("SCHEMA_INVALID")

    def admit(self, at: str, message: Message, again: Message | None) -> str:
        case = self.cases.get(message.detention)
        kind = self.registers.kind(message.sender)
        opens = message.name == "detention-started"
        if case is None or case.opened is None:
            if opens and kind != "prison":
                raise Rejected("NOT_ALLOWED_TO_PRODUCE")
            if not opens and message.name in MAY_COME_FIRST and kind == "prison":
                return self.park(at, message)
            if not opens:
                raise Rejected("UNKNOWN_DETENTION")
            case = self.cases.setdefault(message.detention, Case(message.detention))
            case.opened = (message.sender, self.person(message.data))
            case.prisons.append((min(begins(get(message.data, "/detention/start")), at), message.sender))
            fresh = True
        else:
            fresh = False
            if opens and case.opened != (message.sender, self.person(message.data)):
                raise Rejected("DETENTION_CONFLICT")
        message.relations = self.relations(at, message, case)
        if not message.relations:
            raise Rejected("UNKNOWN_DETENTION")
        if not any(set(rule["from"]) & set(message.relations) for rule in LAW[message.name]):
            raise Rejected("NOT_ALLOWED_TO_PRODUCE")
        if message.of and self.registers.kind(self.owner[message.of[0]]) != kind:
            raise Rejected("NOT_ALLOWED_TO_PRODUCE")
        self.seen[message.key] = message
        if again is not None and again.outcome == "accepted":
            for correction in case.corrections.get(message.key, []):
                overlay(message.data, correction)
        outcome = self.consider(at, message, case, again)
        if fresh:
            self.unpark(at, case)
        return outcome

    def person(self, data: dict) -> tuple:
        identity = data["person"]["identity"]
        return ("bsn", identity["bsn"]) if "bsn" in identity else (identity["surname"], identity.get("birthDate"))

    def park(self, at: str, message: Message) -> str:
        case = self.cases.setdefault(message.detention, Case(message.detention))
        message.outcome = "parked"
        case.parked.append(message)
        self.seen[message.key] = message
        heapq.heappush(self.due, (instant(moment(at) + timedelta(days=1)), len(self.seen), message))
        return "parked"

    def unpark(self, at: str, case: Case):
        waiting, case.parked = case.parked, []
        for message in sorted(waiting, key=lambda m: (m.key[0], m.sequence)):
            message.relations = self.relations(at, message, case)
            if any(set(rule["from"]) & set(message.relations) for rule in LAW[message.name]):
                self.consider(at, message, case, None)
            else:
                self.lapse(message)

    # -- who is who to a case

    def responsible(self, at: str, case: Case, settled=True) -> str | None:
        settlements = case.settlements if settled else case.settlements[:-1]
        code = (settlements and settlements[-1]) or case.determined or case.home()
        return self.registers.municipality(code, legal_day(at)) if code else None

    def unit(self, at: str, case: Case) -> str | None:
        return case.assigned or self.registers.unit(self.responsible(at, case), case.prison(at), legal_day(at))

    def relations(self, at: str, message: Message, case: Case) -> list[str]:
        sender, found = message.sender, []
        kind = self.registers.kind(sender)
        if kind == "prison":
            if case.prison(at) == sender:
                found.append("P")
            if case.receiving(at) == sender or (message.name == "transferred" and get(message.data, "/transfer/to") == sender):
                found.append("Pn")
            if sender in case.former(at):
                found.append("Po")
        elif kind == "municipality":
            responsible = self.responsible(at, case)
            if responsible and self.registers.acting(responsible, message.name, legal_day(at))[0] == sender:
                found.append("M")
        elif kind == "probation" and self.unit(at, case) == sender:
            found.append("R")
        elif kind == "triage":
            found.append("T")
        elif kind == "care-partner" and any(c["recipient"] == sender for c in case.consents.values()):
            found.append("Z")
        return found

    def candidates(self, at: str, message: Message, case: Case, informed=(), earlier=None) -> dict[str, dict]:
        """Everybody with a relation to the case, and nobody else."""
        day, found = legal_day(at), {}

        def add(who, relation, mandator=None):
            if who is not None and who != message.sender:
                entry = found.setdefault(who, {"relations": [], "for": None, "had": None})
                if relation not in entry["relations"]:
                    entry["relations"].append(relation)
                entry["for"] = mandator or entry["for"]

        responsible = self.responsible(at, case)
        if responsible:
            add(*self.spread(responsible, message.name, day, "M"))
        else:
            add(self.registers.desk, "T")
        if message.name == "settlement-municipality-set":
            if responsible:
                add(self.registers.acting(responsible, message.name, day)[0], "Ms")
            left = self.responsible(at, case, settled=False)
            if left:
                add(*self.spread(left, message.name, day, "M"))
        add(case.prison(at), "P")
        add(self.unit(at, case), "R")
        if message.name == "transferred":
            add(case.receiving(at), "Pn")
            for prison in case.former(at):
                add(prison, "Po")
        named = get(message.data, "/partner")
        for partner in [named] if named else [c["recipient"] for c in case.consents.values()]:
            if self.registers.kind(partner) == "care-partner":
                add(partner, "Z")
        for partner in informed:
            add(partner, "Zi")
        for who, leaves in (earlier or {}).items():
            add(who, "E")
            if who in found:
                found[who]["had"] = leaves
        return found

    def spread(self, municipality, event, day, relation):
        acting, mandator = self.registers.acting(municipality, event, day)
        return acting, relation, mandator

    # -- one message

    def consider(self, at: str, message: Message, case: Case, again: Message | None) -> str:
        before_unit, before_settlement, settled = self.unit(at, case), case.settlements[-1:], len(case.settlements)
        refused_before = again is not None and again.outcome == "refused"
        had = again is not None and again.outcome == "accepted"
        message.stale = {
            s for leaf in message.leaves
            if (s := slot(leaf)) in case.slots and s not in SEVERAL and case.slots[s]["source"] == message.key[0] and case.slots[s]["newest"] > message.sequence
        }
        informed = self.informed(message, case)
        if again is None or refused_before:
            self.state(at, message, case)
        earlier = case.had.get(message.of) if message.of else None
        earlier = dict(earlier) if earlier else None
        self.effects(at, message, case, had)
        given, superseded = self.decide(at, message, case, informed, earlier)
        held = self.hold(at, message, case)
        kept = bool(given) or held or superseded or message.name in ALWAYS_RECORDED
        if not kept:
            # what nobody may be told moves no case
            del case.settlements[settled:]
        if again is not None and not given and (had or not kept):
            message.outcome = again.outcome
            message.forget()
            return "seen-before" if had else "refused"
        message.outcome = "accepted" if kept else "refused"
        if kept:
            self.fill(message, case, given)
        if message.name in ("responsible-municipality-determined", "settlement-municipality-set"):
            self.answer(at, case)
        news = (message.name == "settlement-municipality-set" and case.settlements[-1:] != before_settlement) or (
            message.name == "probation-unit-assigned" and self.unit(at, case) != before_unit
        )
        prison = case.prison(at)
        if news and prison:
            self.ask(case.detention, prison)
        if not held:
            message.forget()
        return message.outcome

    def state(self, at: str, message: Message, case: Case):
        """What the message says of the case, unless something newer of the same system is known."""
        data, name = message.data, message.name
        fresh = lambda leaf: slot(leaf) not in message.stale  # noqa: E731
        for leaf, attribute in (("/detention/start", "start"), ("/detention/title", "title"), ("/detention/legalEnd", "legal_end")):
            value = get(data, leaf)
            if value is not None and fresh(leaf):
                setattr(case, attribute, value)
        if name == "detention-ended" and fresh("/detention/legalEnd"):
            case.ended = at
        candidates = get(data, "/residence/candidates")
        if candidates is not None and fresh("/residence/candidates"):
            if name == "responsible-municipality-determined":
                case.determined = candidates[0]["municipality"]
            elif name == "settlement-municipality-set":
                case.settlements.append(candidates[0]["municipality"])
            else:
                case.residence = candidates
        transfer = get(data, "/transfer")
        if transfer and fresh("/transfer/to"):
            case.prisons.append((transfer["at"], transfer["to"]))
        if name == "probation-unit-assigned" and fresh("/supervision/unit"):
            case.assigned = data["supervision"]["unit"]
        if name == "deceased":
            case.died = True
        if name == "left-scope":
            case.left = True

    def informed(self, message: Message, case: Case) -> list[str]:
        if message.name in CLOSING:
            recipients = {c["recipient"] for c in case.consents.values()}
            return sorted((recipients & case.partners_had) - case.partners_closed)
        if message.name == "consent-withdrawn":
            consent = case.consents.get(message.data["consent"]["id"])
            if consent and not consent["withdrawn"] and consent["recipient"] in case.partners_had:
                return [consent["recipient"]]
        return []

    def effects(self, at: str, message: Message, case: Case, done: bool):
        consent = get(message.data, "/consent")
        if message.name == "consent-given" and not done:
            given = consent.get("givenAt", at)
            known = case.consents.get(consent["id"])
            if not (known and known["withdrawn"]):
                case.consents[consent["id"]] = {
                    "recipient": consent["recipient"], "categories": consent["categories"], "given": given,
                    "until": consent.get("until"), "withdrawn": None,
                }
        if message.name == "consent-withdrawn" and consent["id"] in case.consents:
            known = case.consents[consent["id"]]
            known["withdrawn"] = known["withdrawn"] or min(consent.get("withdrawnAt", at), at)
        original = self.seen.get(message.of) if message.of else None
        if message.name in CORRECTING and not done and original and original.outcome == "accepted":
            # what waits, or is offered again, goes out as corrected
            case.corrections.setdefault(message.of, []).append(message.data)
            for waiting in case.pending:
                if waiting.key == message.of:
                    overlay(waiting.data, message.data)
        if message.name == "message-withdrawn" and not done:
            case.withdrawn.add(message.of)
            if original:
                self.take_back(original, case)

    def take_back(self, original: Message, case: Case):
        """What was taken back is nobody's newest value any more."""
        for name, head in list(case.slots.items()):
            if head["source"] != original.key[0]:
                continue
            head["holders"] = {who: held for who, held in head["holders"].items() if held != original.sequence}
            if head["newest"] == original.sequence:
                if not head["holders"]:
                    del case.slots[name]
                    continue
                head["newest"] = max(head["holders"].values())

    def fill(self, message: Message, case: Case, given: dict[str, frozenset]):
        for name in {slot(leaf) for leaf in message.leaves}:
            holders = [who for who, leaves in given.items() if any(slot(leaf) == name for leaf in leaves)]
            head = case.slots.get(name)
            if head is None or head["source"] != message.key[0]:
                head = case.slots[name] = {"source": message.key[0], "newest": message.sequence, "holders": {}}
            elif name not in message.stale:
                head["newest"] = message.sequence
            for who in holders:
                head["holders"][who] = max(head["holders"].get(who, 0), message.sequence)

    def decide(self, at, message, case, informed=(), earlier=None):
        has, given, superseded = case.had.get(message.key, {}), {}, False
        for who, candidate in self.candidates(at, message, case, informed, earlier).items():
            if who in has:
                continue
            answer = self.answer_for(at, message, case, who, candidate)
            if isinstance(answer, str):
                superseded |= answer == "SUPERSEDED"
                self.tell({
                    "what": "refusal", "source": message.key[0], "id": message.key[1], "event": message.name, "to": who, "code": answer,
                })
                continue
            bases, leaves, containers = answer
            self.tell({
                "what": "delivery", "source": message.key[0], "id": message.key[1], "event": message.name, "to": who, "bases": bases,
                "for": candidate["for"], "data": cut(message.data, leaves, containers) or {},
            })
            given[who] = leaves
            case.had.setdefault(message.key, {})[who] = leaves
            if self.registers.kind(who) == "care-partner":
                case.partners_had.add(who)
                if message.name in CLOSING:
                    case.partners_closed.add(who)
        return given, superseded

    def hold(self, at: str, message: Message, case: Case) -> bool:
        """While nobody knows who is responsible, what the municipality would get waits (decision 20)."""
        meant = any("M" in rule["to"] and set(rule["from"]) & set(message.relations) for rule in LAW[message.name])
        served = message.name in WHATEVER_TITLE or not (case.title in OUT_OF_SCOPE | {"VRIS"} or self.has_left(message, case))
        if message.sender == self.registers.desk or message.key in case.withdrawn or self.responsible(at, case) or not (meant and served):
            return False
        if message.key not in [m.key for m in case.pending]:
            case.pending.append(message)
        return True

    def answer(self, at: str, case: Case):
        """The desk has answered: what waited is decided at this moment."""
        if not self.responsible(at, case):
            return
        waiting, case.pending = case.pending, []
        for message in waiting:
            given, _ = self.decide(at, message, case)
            for who, leaves in given.items():
                for name in {slot(leaf) for leaf in leaves}:
                    head = case.slots.get(name)
                    if head and head["source"] == message.key[0]:
                        head["holders"][who] = max(head["holders"].get(who, 0), message.sequence)
            message.forget()

    def has_left(self, message: Message, case: Case) -> bool:
        """Who waits in a prison for a place under another regime is in scope until then (decision 16)."""
        return case.title == "TBS_PASSER" and case.left and message.name != "left-scope"

    # -- one recipient

    def answer_for(self, at, message, case, who, candidate):
        """A refusal's code, or bases, leaves and objects that stay."""
        if message.key in case.withdrawn:
            return "STOPPED"
        newer = lambda leaf: (  # noqa: E731
            (s := slot(leaf)) in message.stale and case.slots[s]["holders"].get(who, -1) > message.sequence
        )
        present = [leaf for leaf in message.leaves if not newer(leaf)]
        answer = self.ask_law(at, message, case, who, candidate, present)
        return "SUPERSEDED" if answer == "FIELD_NOT_ALLOWED" and len(present) < len(message.leaves) else answer

    def ask_law(self, at, message, case, who, candidate, present):
        kind = self.registers.kind(who)
        if message.name not in WHATEVER_TITLE:
            if case.title in OUT_OF_SCOPE or self.has_left(message, case):
                return "OUT_OF_SCOPE_TITLE"
            if case.title == "VRIS" and kind != "prison" and not (kind == "probation" and message.name in VRIS_TO_PROBATION):
                return "OUT_OF_SCOPE_TITLE"
        nearest = None
        for relation in sorted(candidate["relations"], key=RELATIONS.index):
            for rule in LAW[message.name]:
                if relation in rule["to"] and set(rule["from"]) & set(message.relations):
                    answer = self.apply(at, message, case, who, kind, candidate, rule, present)
                    if not isinstance(answer, str):
                        return answer
                    if nearest is None or NEARNESS.index(answer) > NEARNESS.index(nearest):
                        nearest = answer
        return nearest or "NO_BASIS"

    def apply(self, at, message, case, who, kind, candidate, rule, present):
        nearest, bases, taken, containers = "NO_BASIS", [], set(), set()
        for grant in rule["grants"]:
            basis = grant["basis"]
            if basis == "wjsg-51c-2-c" and "pm-20d-2" in bases:
                continue
            consents = self.carries(at, message, case, who, kind, grant)
            if isinstance(consents, str):
                nearest = max(nearest, consents, key=NEARNESS.index)
                continue
            nearest = "FIELD_NOT_ALLOWED"
            free = [
                leaf for leaf in present
                if leaf not in taken and (basis not in CONSENT or any(self.covers(c, leaf, who, kind, message.name) for c in consents))
            ]
            if "each" in grant:
                free = [leaf for leaf in free if leaf.startswith(grant["each"] + "/")]
                if free:
                    containers.add(grant["each"])
                    stays = True
                else:
                    stays = False
                free = [
                    leaf for leaf in free
                    if get(message.data, leaf.rsplit("/", 1)[0])["status"] not in ("IN_ORDER", "NOT_APPLICABLE")
                ]
            else:
                stays = False
                wanted = (candidate["had"] or frozenset()) | set(REFERENCE) if "as-delivered" in grant else grant["fields"]
                free = [leaf for leaf in free if leaf in wanted]
            if free or stays:
                taken.update(free)
                if basis not in bases:
                    bases.append(basis)
        if not bases:
            return nearest
        if not rule["needs"] <= taken:
            return "FIELD_NOT_ALLOWED"
        return bases, frozenset(taken), frozenset(containers)

    def carries(self, at, message, case, who, kind, grant):
        """The code of what is lacking, else the consents that count."""
        basis, day = grant["basis"], legal_day(at)
        first, last = IN_FORCE[basis]
        if day < first:
            return "BASIS_NOT_YET_IN_FORCE"
        if day >= last:
            return "NO_BASIS"
        if basis in PLAN and case.over(at):
            return "NO_BASIS"
        if "care" in grant and get(message.data, grant["care"]) is not True:
            return "NO_BASIS"
        if "when" in grant and get(message.data, grant["when"][0]) not in grant["when"][1]:
            return "NO_BASIS"
        if "title" in grant and case.title != grant["title"]:
            return "NO_BASIS"
        if "as-delivered" in grant and kind == "care-partner" and self.consent(at, case, who, True)[0] != "VALID":
            return "NO_BASIS"
        if basis not in CONSENT:
            return []
        state, consents = self.consent(at, case, who, message.name not in CLOSING)
        return consents if state == "VALID" else state

    def consent(self, at, case, who, lapses):
        best, valid = "CONSENT_MISSING", []
        for consent in case.consents.values():
            if consent["recipient"] != who:
                continue
            if consent["withdrawn"] and consent["withdrawn"] <= at:
                state = "CONSENT_WITHDRAWN"
            elif consent["given"] > at:
                state = "CONSENT_MISSING"
            elif (consent["until"] and ends(consent["until"]) <= at) or (lapses and case.over(at)):
                state = "CONSENT_EXPIRED"
            else:
                state = "VALID"
                valid.append(consent)
            best = max(best, state, key=STATES.index)
        if best == "VALID" and lapses and case.died:
            return "CONSENT_EXPIRED", []
        return best, valid

    def covers(self, consent, leaf, who, kind, event) -> bool:
        """Decision 9: categories are conditions or classes; a care provider's name tells more than a name."""
        categories = set(consent["categories"])
        code = condition_of(leaf)
        if code:
            return bool(categories & {code, f"condition:{code}", f"class:{CLASS_OF_CONDITION[code]}"})
        klass = class_of(leaf)
        if klass == "ADM":
            return True
        if klass == "ID":
            if kind != "care-partner" or event in CLOSING or "class:HEALTH" in categories:
                return True
            return "class:ID" in categories and not self.registers.participants[who].get("tells-health", False)
        return f"class:{klass}" in categories

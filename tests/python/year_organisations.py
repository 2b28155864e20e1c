"""Makes a register file for 2021: true municipality codes and prisons, the rest made up."""

from __future__ import annotations

import json
import random

from year_registers import Reference


def oin(letters: str, number: int) -> str:
    return f"00000099{letters}{number:04d}001000"


def entry(table: str, **fields) -> str:
    lines = [f"[[{table}]]"]
    for name, value in fields.items():
        if value is not None:
            lines.append(f"{name.replace('_', '-')} = {value if name == 'municipalities' else json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def participant(who: str, kind: str, number: str, name: str, **more) -> str:
    return entry("participant", id=who, kind=kind, oin=number, organisation=name, sources=[f"urn:nld:oin:{number}:systeem:registratie"], **more)


def codes_of_2021(reference: Reference) -> list[str]:
    """Today's codes without those that came later, and the ones that ended later."""
    later = [(old, new) for old, (on, new) in reference.ended.items() if on > "2021-01-01"]
    gone = {old for old, _ in later}
    came = {code for _, new in later for code in new if code in {"1980", "1982", "1991", "1992"}}
    return sorted((set(reference.names) - came) | gone)


def registers(reference: Reference, rng: random.Random) -> tuple[str, list[str], list[str]]:
    """A register file, and the codes that are and are not connected. Who has which agreement is made up."""
    codes = codes_of_2021(reference)
    apart = set(rng.sample(codes, len(codes) // 12))
    connected = [code for code in codes if code not in apart]
    prisons = [row["id"] for row in reference.prisons]
    text = [participant("triage", "triage", oin("TR", 1), "Triagedesk")]
    for code in connected:
        name = "Gemeente " + reference.names.get(code, code)
        text.append(participant(f"gemeente-{code}", "municipality", oin("GM", int(code)), name, municipalities=f'[{{ code = "{code}" }}]'))
    for number, row in enumerate(reference.prisons):
        text.append(participant(row["id"], "prison", oin("PI", number), row["name"]))
    units = []
    for number in range(0, len(prisons), 2):
        units.append(f"reclassering-{number // 2:02d}")
        text.append(participant(units[-1], "probation", oin("RC", number), f"Reclasseringsunit {number // 2}", intake_for=prisons[number : number + 2]))
    for number in range(6):
        text.append(participant(f"zorg-{number}", "care-partner", oin("ZP", number), f"Zorgaanbieder {number} (fictief)", tells_health=True))
        text.append(participant(f"wonen-{number}", "care-partner", oin("WS", number), f"Woonstichting {number} (fictief)"))
    for code in rng.sample(connected, 120):
        prison = rng.choice(prisons)
        text.append(entry("agreement", municipality=f"gemeente-{code}", prison=prison, probation=rng.choice(units)))
    pairs = rng.sample(connected, 40)
    spans = [("2019-01-01", None), ("2020-06-01", "2021-05-01"), ("2021-09-15", None), ("2021-03-01", "2021-10-01")]
    for number, (mandator, mandatary) in enumerate(zip(pairs[:20], pairs[20:])):
        since, until = spans[number % 4]
        scope = ["all", "tbo", "visit"][number % 3]
        mandate = {"mandator": f"gemeente-{mandator}", "mandatary": f"gemeente-{mandatary}", "scope": scope, "from": since, "until": until}
        text.append(entry("mandate", **mandate))
    return "\n".join(text), connected, sorted(apart)

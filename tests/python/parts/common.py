"""What all parts share: processes by id, ports, waiting."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
STORE = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target").resolve() / "parts"
REQUIREMENTS = REPOSITORY / "tests" / "python" / "requirements.txt"
# Each folder here with a lock file is a set of programs for Node.js.
NODE = REPOSITORY / "tests" / "node"
RABBIT4 = STORE / "rabbitmq4"
SCRIPTS = Path("/usr/lib/rabbitmq/bin")
PLUGINS = "[rabbitmq_management,rabbitmq_consistent_hash_exchange,rabbitmq_shovel]."
# In the environment of everything started here: finds the child whose parent is already dead.
MARK = "SCHAKELPUNT_PART_DIR"
# In the environment of everything that a test run starts (see tests/run).
RUN_MARK = "SCHAKELPUNT_TEST_DIR"
ROOT = os.geteuid() == 0


class Failed(Exception):
    """Said on stderr; exit 1."""


class Ended(Failed):
    """A part ended while it was being waited for."""


def say(text):
    print(f"tests/parts: {text}", file=sys.stderr, flush=True)


def wait_for(what, seconds, question):
    """Asks until the answer is true-ish; the bound only turns a hang into an error."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds} seconds")
        time.sleep(0.05)
    return answer


# Processes, by id and start time: an id alone may have been given to a stranger since.

def process(pid):
    """Its parent and start time, or nothing if it has ended (a zombie has)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else (int(fields[1]), int(fields[19]))


def processes():
    """Every living process: id -> (parent, start time)."""
    found = {int(entry.name): process(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    return {pid: seen for pid, seen in found.items() if seen}


def marked(name, value):
    """The processes that were started with this in their environment."""
    found = set()
    for pid in processes():
        with contextlib.suppress(OSError):
            if f"{name}={value}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.add(pid)
    return found


def alive(member):
    seen = process(member[0])
    return seen is not None and seen[1] == member[1]


def read_json(path):
    return json.loads(path.read_text()) if path.exists() else {}


def write_json(path, value):
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(value) + "\n")
    beside.replace(path)


def record(folder, what, pid):
    """Notes a started process, at once: whoever is interrupted next can still be cleaned up after."""
    if not (seen := process(pid)):
        raise Ended(f"{what} ended at once, see {folder}/output.log")
    path = folder / "processes.json"
    write_json(path, read_json(path) | {what: [pid, seen[1]]})


def recorded(folder, what):
    """The recorded process if it still lives."""
    member = read_json(folder / "processes.json").get(what)
    return tuple(member) if member and alive(member) else None


def family(folder, without=None):
    """The processes of a part: the recorded ones, their descendants, and who carries its mark."""
    now = processes()
    apart = recorded(folder, without)
    notes = read_json(folder / "processes.json").values()
    found = {pid for pid, start in notes if alive((pid, start))} | marked(MARK, folder)
    while more := {pid for pid, (parent, _) in now.items() if parent in found} - found:
        found |= more
    return {(pid, now[pid][1]) for pid in found if pid in now} - {apart}


def end(members, which, patience):
    """Tells processes to end, waits, and ends by force who does not."""
    for which, seconds in ((which, patience), (signal.SIGKILL, 10)):
        for pid, _ in (member for member in members if which and alive(member)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, which)
        limit = time.monotonic() + seconds
        while (members := {member for member in members if alive(member)}) and time.monotonic() < limit:
            time.sleep(0.05)
    if members:
        raise Failed(f"still running after kill -9: {sorted(pid for pid, _ in members)}")


def run(command, stdin=subprocess.DEVNULL, **more):
    """Its output; what it said, if it failed."""
    done = subprocess.run(command, check=False, stdin=stdin, capture_output=True, text=True, **more)
    if done.returncode:
        raise Failed(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()[-800:]}")
    return done.stdout


# Ports and folders.

def mounted(folder):
    """Whether the folder is a disk of its own."""
    return os.path.ismount(folder)


def free_ports(count):
    """Below the range for outgoing connections, so that nobody takes a port while its part is down for a moment."""
    ports = []
    with contextlib.ExitStack() as held:
        while len(ports) < count:
            port = random.randint(15000, 31999)
            with contextlib.suppress(OSError):
                held.enter_context(socket.socket()).bind(("0.0.0.0", port))
                ports.append(port)
    return ports


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start_part(folder, names, fixed, start):
    """Starts on the ports of last time; a part that never ran may try others if somebody was faster."""
    folder.mkdir(parents=True, exist_ok=True)
    known = read_json(folder / "ports.json")
    for attempt in range(3):
        ports = known or dict(zip(names, free_ports(len(names)))) | {k: v for k, v in fixed.items() if v}
        write_json(folder / "ports.json", ports)
        try:
            return start(folder, ports)
        except Failed as failure:
            end(family(folder), signal.SIGKILL, 10)
            if known or any(fixed.values()) or attempt == 2 or not isinstance(failure, Ended):
                raise
            say(f"{failure}; once more, on other ports")

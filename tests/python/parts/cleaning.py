"""Ends what was started, and nothing else."""

import os
import signal
import subprocess
from pathlib import Path

from .common import RUN_MARK, Failed, say, process, processes, marked, read_json, family, end, mounted
from .postgres import forget_server

def ancestors():
    now, pid, found = processes(), os.getpid(), set()
    while pid in now:
        found.add(pid)
        pid = now[pid][0]
    return found


def cleanup(options):
    """Ends every part under a folder, fast; then says what else a test started and left, ends that too, and fails."""
    folders = [Path(found) for found, _, files in os.walk(options.dir) if "part.json" in files]
    for folder in folders:
        end(family(folder), signal.SIGKILL, 10)
        if read_json(folder / "part.json")["kind"] == "postgres":
            forget_server(folder)
        if mounted(folder):
            subprocess.run(["umount", str(folder)], check=False)
    left = {(pid, process(pid)) for pid in marked(RUN_MARK, options.dir) - ancestors()}
    left = {(pid, seen[1]) for pid, seen in left if seen}
    for pid, _ in sorted(left):
        say(f"left behind by a test, ended now: {pid} {Path(f'/proc/{pid}/comm').read_text().strip()}")
    end(left, signal.SIGKILL, 10)
    if left:
        raise Failed(f"{len(left)} processes were left behind")

"""Private PostgreSQL clusters."""

import errno
import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

from .common import (
    MARK,
    ROOT,
    Failed,
    Ended,
    say,
    mounted,
    wait_for,
    write_json,
    record,
    recorded,
    family,
    end,
    run,
    start_part,
)

def postgres_program(name):
    """The newest on the machine."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    path = str(found[-1]) if found else shutil.which(name)
    if not path:
        raise Failed(f"no {name} here: run tests/parts install")
    return path


def as_postgres(name, arguments, folder):
    """PostgreSQL refuses root."""
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if ROOT else {}
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", MARK: str(folder)}
    run([postgres_program(name), *arguments], env=environment, cwd="/", **user)


def postmaster(folder):
    """The lines of the server's pid file: process id first, shared memory key and id seventh."""
    path = folder / "data" / "postmaster.pid"
    return path.read_text().splitlines() if path.exists() else []


def make_cluster(folder, fsync):
    if ROOT:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(0o755)
    data = folder / "data"
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    as_postgres("initdb", ["-D", str(data), *options], folder)
    with open(data / "postgresql.conf", "a", encoding="utf-8") as conf:
        # Shared memory as files under the folder: after a kill -9 nothing is left in /dev/shm.
        conf.write("listen_addresses = '127.0.0.1'\nmax_connections = 200\ndynamic_shared_memory_type = mmap\n")
        if mounted(folder):
            # What is not needed any more must leave room.
            conf.write("max_wal_size = 64MB\nmin_wal_size = 32MB\n")
        if not fsync:
            # Safe against a killed server, not against a power cut. Commits stay synchronous, or a kill would lose some.
            conf.write("fsync = off\nfull_page_writes = off\n")


def small_disk(folder, megabytes):
    """A disk that can be filled. Not everybody may mount one: then what would fill it does nothing."""
    try:
        if not mounted(folder):
            run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "schakelpunt-test", str(folder)])
    except Failed as failure:
        say(f"NO SMALL DISK on this machine, it will not be filled: {failure}")


def answers(port):
    return subprocess.run([postgres_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode == 0


def launch_postgres(fsync, disk):
    def launch(folder, ports):
        data = folder / "data"
        if disk and not (folder / "cluster-made").exists():
            small_disk(folder, disk)
            write_json(folder / "ports.json", ports)
        write_json(folder / "part.json", {"kind": "postgres"})
        if not (folder / "cluster-made").exists():
            shutil.rmtree(data, ignore_errors=True)
            make_cluster(folder, fsync)
            (folder / "cluster-made").touch()
        if not recorded(folder, "server"):
            end(family(folder), signal.SIGKILL, 10)
            forget_server(folder)
            # A socket's path may have 107 characters.
            sockets = folder if len(str(folder)) < 80 else ""
            server = f"-p {ports['sql']} -c unix_socket_directories='{sockets}'"
            log = str(folder / "postgres.log")
            try:
                as_postgres("pg_ctl", ["start", "-w", "-t", "120", "-D", str(data), "-l", log, "-o", server], folder)
            except Failed as failure:
                raise Ended(f"{failure}, see {log}") from failure
            record(folder, "server", int(postmaster(folder)[0]))
        # One that lives may be recovering from what its disk did to it.
        wait_for("PostgreSQL", 120, lambda: answers(ports["sql"]))
        return {
            "url": f"postgres://postgres@127.0.0.1:{ports['sql']}/postgres",
            "port": ports["sql"],
            "pid": recorded(folder, "server")[0],
            "dir": str(folder),
        }

    return launch


def postgres_start(options):
    return start_part(options.dir, ["sql"], {"sql": options.port}, launch_postgres(not options.no_fsync, options.disk))


def postgres_stop(options):
    if recorded(options.dir, "server"):
        data = str(options.dir / "data")
        as_postgres("pg_ctl", ["stop", "-w", "-t", "60", "-m", options.mode, "-D", data], options.dir)
    end(family(options.dir), signal.SIGTERM, 15)


def postgres_kill(options):
    """The whole server at once: a backend that outlives its postmaster would keep the next one from starting."""
    end(family(options.dir), signal.SIGKILL, 10)
    forget_server(options.dir)


def postgres_fill(options):
    """Until nothing more goes in."""
    if not mounted(options.dir):
        say("no disk of its own: nothing is filled")
        return
    with open(options.dir / "filler", "wb", buffering=0) as filler:
        try:
            while filler.write(bytes(1 << 16)):
                pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def postgres_free(options):
    (options.dir / "filler").unlink(missing_ok=True)


def forget_server(folder):
    """Takes away what a killed server leaves: its System V segment, and lock files that a zombie would keep valid."""
    lines = postmaster(folder)
    segment = lines[6].split() if len(lines) > 6 else []
    segments = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()]
    if any(fields[:2] == segment and fields[6] == "0" for fields in segments):
        subprocess.run(["ipcrm", "-m", segment[1]], check=False, stderr=subprocess.DEVNULL)
    for path in (folder / "data" / "postmaster.pid", *folder.glob(".s.PGSQL.*")):
        path.unlink(missing_ok=True)

"""Installs what the parts need, or says what to install."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .common import STORE, REQUIREMENTS, NODE, RABBIT4, ROOT, Failed, say, run
from .postgres import postgres_program
from .rabbitmq import system_rabbit, unpacked_rabbit, inside

def mirror():
    """Where this machine's own packages come from: the next release is there too."""
    sources = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    texts = [source.read_text() for source in sources if source.is_file()]
    found = re.findall(r"^[^#\n]*?(https?://\S+/debian)/?(?:\s|$)", "\n".join(texts), re.MULTILINE)
    if not found:
        raise Failed("no source of Debian packages is set on this machine")
    return found[0]


def missing_packages():
    wanted = {
        "rabbitmq-server": system_rabbit(),
        "postgresql": list(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or shutil.which("initdb"),
        "python3-venv": all(importlib.util.find_spec(name) for name in ("ensurepip", "venv")),
        "util-linux": shutil.which("unshare") and shutil.which("ipcrm"),
        # What reads our descriptions and messages as others do.
        "nodejs": shutil.which("node"),
        "npm": shutil.which("npm"),
        # SQLite and the TLS provider are built from C.
        "build-essential": shutil.which("cc"),
    }
    return [name for name, present in wanted.items() if not present]


def install_packages(names):
    options = ["-y", "-q", "-o", "Dpkg::Use-Pty=0", "--no-install-recommends"]
    if not ROOT or not shutil.which("apt-get"):
        raise Failed(f"missing: {' '.join(names)}. As root on Debian: apt-get install --no-install-recommends {' '.join(names)}")
    say(f"installing {' '.join(names)}")
    # The packages would start their services; this file is Debian's way to say no.
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        run(["apt-get", "-q", "update"])
        run(["apt-get", "install", *options, *names], env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    finally:
        if ours:
            policy.unlink()


def install_python():
    """A Python with the foreign client, at target/parts/venv/bin/python either way."""
    venv, stamp = STORE / "venv", STORE / "venv" / "requirements.txt"
    if stamp.exists() and stamp.read_text() == REQUIREMENTS.read_text():
        return
    shutil.rmtree(venv, ignore_errors=True)
    STORE.mkdir(parents=True, exist_ok=True)
    wanted = ["install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    python = venv / "bin" / "python"
    try:
        run([sys.executable, "-m", "venv", str(venv)])
        run([str(python), "-m", "pip", *wanted])
    except Failed as failure:
        say(f"no virtual environment ({failure}), so a folder with packages")
        shutil.rmtree(venv, ignore_errors=True)
        run([sys.executable, "-m", "pip", *wanted, "--target", str(venv / "packages")])
        python.parent.mkdir(parents=True)
        python.write_text(f'#!/bin/sh\nPYTHONPATH="{venv}/packages" exec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
    shutil.copyfile(REQUIREMENTS, stamp)


def install_node():
    """The sets of programs for Node.js, each at target/parts/npm/<folder>, as its lock file says. Their scripts are not run."""
    for lock in sorted(NODE.rglob("package-lock.json")):
        folder = STORE / "npm" / lock.parent.name
        stamp, wanted = folder / "installed", hashlib.sha256(lock.read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(lock.parent, folder, ignore=lambda _, names: [name for name in names if name == "node_modules"])
        run(["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder)
        stamp.write_text(wanted)


def fetch_rabbit4(work):
    """Downloads RabbitMQ 4 and all that it needs, with lists, cache and status apart from the machine's own."""
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    for name in ("lists/partial", "cache/archives/partial"):
        (work / name).mkdir(parents=True)
    (work / "status").touch()
    (work / "sources.list").write_text(f"deb [signed-by={keyring}] {mirror()} trixie main\n")
    settings = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": work,
        "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "30",
    }
    apt = ["apt-get", "-q", "-y"] + [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    run([*apt, "update", "--error-on=any"])
    # The last four are what the server's scripts call.
    wanted = ["rabbitmq-server", "dash", "coreutils", "sed", "grep"]
    run([*apt, "install", "--download-only", "--no-install-recommends", *wanted])
    return sorted((work / "cache" / "archives").glob("*.deb"))


def unpack(packages, root):
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for package in packages:
        content = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE)
        run(["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(root)], stdin=content.stdout)
        if content.wait():
            raise Failed(f"cannot unpack {package.name}")
    for name in ("proc", "dev", "data", "tmp", "etc"):
        (root / name).mkdir(exist_ok=True)
    shell = root / "usr" / "bin" / "sh"
    if not shell.exists():
        shell.symlink_to("dash")
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/data:/bin/sh\n")
    (root / "etc" / "group").write_text("root:x:0:\n")


def install_rabbit4():
    """The second version, beside the system. Stamped only when its Erlang has run here."""
    own = system_rabbit() or ""
    if unpacked_rabbit() or own.startswith("4."):
        return
    STORE.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(RABBIT4, ignore_errors=True)
    try:
        # Asked first: where this is not allowed (many containers), the download would be for nothing.
        run(["unshare", "--mount", *([] if ROOT else ["--map-root-user"]), "true"])
        with tempfile.TemporaryDirectory(dir=STORE) as work:
            packages = fetch_rabbit4(Path(work))
            unpack(packages, RABBIT4)
        found = sorted((RABBIT4 / "usr/lib/rabbitmq/lib").glob("rabbitmq_server-4.*"))
        if not found:
            raise Failed("the packages hold no RabbitMQ 4")
        hello = ["erl", "-noshell", "-eval", 'io:format("ok"), halt().']
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/data"}
        with tempfile.TemporaryDirectory() as folder:
            if run(inside(RABBIT4, folder, hello), env=environment, cwd="/") != "ok":
                raise Failed("Erlang does not run in the unpacked system")
        (RABBIT4 / "version").write_text(found[-1].name.split("-", 1)[1] + "\n")
    except (Failed, OSError) as failure:
        shutil.rmtree(RABBIT4, ignore_errors=True)
        say(f"NO RABBITMQ 4 on this machine: {failure}")
        say(f"going on with RabbitMQ {own} only")


def install(options):
    if missing := missing_packages():
        install_packages(missing)
    install_python()
    install_node()
    install_rabbit4()
    if not options.quiet:
        say(f"RabbitMQ {system_rabbit()} and {unpacked_rabbit() or 'no other'}, {postgres_program('postgres')}")

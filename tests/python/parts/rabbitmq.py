"""Private RabbitMQ nodes."""

import base64
import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from .common import (
    RABBIT4,
    SCRIPTS,
    PLUGINS,
    MARK,
    ROOT,
    Failed,
    Ended,
    wait_for,
    read_json,
    write_json,
    record,
    recorded,
    family,
    end,
    accepts,
    start_part,
)

def system_rabbit():
    """The version of the machine's own package, or nothing."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*"))
    return found[-1].name.split("-", 1)[1] if found and (SCRIPTS / "rabbitmq-server").exists() else None


def unpacked_rabbit():
    """The version of the unpacked 4.x that install has tried, or nothing."""
    stamp = RABBIT4 / "version"
    return stamp.read_text().strip() if stamp.exists() else None


def choose_rabbit(version):
    """The folder to change root into (or nothing: the machine's own)."""
    own, unpacked = system_rabbit(), unpacked_rabbit()
    if own and version in (None, own.split(".")[0]):
        return None
    if unpacked and version == unpacked.split(".")[0]:
        return RABBIT4
    raise Failed(f"no RabbitMQ {version or ''} here (own {own}, unpacked {unpacked}): run tests/parts install")


def inside(root, folder, command):
    """A command that sees its folder as /data and, in a mount namespace of its own, the unpacked system as everything else."""
    if root is None:
        return command
    script = (
        'mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --bind "$2" "$1/data" '
        '&& root="$1" && shift 2 && exec chroot "$root" "$@"'
    )
    users = [] if ROOT else ["--map-root-user"]
    return ["unshare", "--mount", *users, "sh", "-c", script, "sh", str(root), str(folder), *command]


def rabbit_environment(folder, ports, root):
    data = Path("/data") if root else folder
    loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
    return {
        MARK: str(folder),
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(data / "home"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_CRASH_DUMP": "/dev/null",
        "RABBITMQ_NODENAME": f"schakelpunt-{ports['amqp']}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(ports["amqp"]),
        "RABBITMQ_DIST_PORT": str(ports["dist"]),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": loopback,
        "RABBITMQ_CTL_ERL_ARGS": loopback,
        "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
        "RABBITMQ_LOG_BASE": str(data / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(data / "rabbitmq.pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
        # All of these also keep out what the machine's own service has under /etc/rabbitmq.
        "RABBITMQ_CONF_ENV_FILE": str(data / "none.env"),
        "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq"),
        "RABBITMQ_CONFIG_FILES": str(data / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(data / "advanced.config"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(data / "generated"),
    }


def spawn(folder, what, command, environment):
    with open(folder / "output.log", "ab") as log:
        child = subprocess.Popen(
            command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    record(folder, what, child.pid)
    return child


def overview(ports):
    """What the management interface says, once the node also accepts messages."""
    request = urllib.request.Request(f"http://127.0.0.1:{ports['api']}/api/overview")
    request.add_header("Authorization", "Basic " + base64.b64encode(b"guest:guest").decode())
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
            found = json.load(answer)
    except (OSError, ValueError):
        return None
    mine = found.get("node") == f"schakelpunt-{ports['amqp']}@localhost"
    return found if mine and accepts(ports["amqp"]) else None


def rabbit_files(folder, ports):
    for name in ("home", "mnesia", "log", "conf.d", "generated"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "none.env").touch()
    (folder / "enabled_plugins").write_text(PLUGINS + "\n")
    (folder / "rabbitmq.conf").write_text(
        f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {ports['api']}\nloopback_users.guest = true\n"
        "log.console.level = info\n"
    )
    (folder / "rabbitmq.pid").unlink(missing_ok=True)


def launch_rabbit(version):
    def launch(folder, ports):
        chosen = read_json(folder / "part.json").get("version", version)
        root = choose_rabbit(chosen)
        write_json(folder / "part.json", {"kind": "rabbitmq", "version": chosen})
        environment = rabbit_environment(folder, ports, root)
        if not recorded(folder, "epmd"):
            # As a child of its own: a node would start one as a daemon, on all interfaces.
            epmd = ["epmd", "-address", "127.0.0.1", "-port", str(ports["epmd"])]
            spawn(folder, "epmd", inside(root, folder, epmd), environment)
            wait_for("epmd", 10, lambda: accepts(ports["epmd"]))
        if not recorded(folder, "beam"):
            # The script around a node that was killed a moment ago.
            end(family(folder, without="epmd"), signal.SIGKILL, 10)
            rabbit_files(folder, ports)
            command = inside(root, folder, [str(SCRIPTS / "rabbitmq-server")])
            server = spawn(folder, "server", command, environment)

            def ready():
                if server.poll() is not None:
                    raise Ended(f"the node ended, see {folder}/output.log")
                return overview(ports)

            wait_for("RabbitMQ", 300, ready)
            record(folder, "beam", int((folder / "rabbitmq.pid").read_text()))
        return {
            "amqp": f"amqp://guest:guest@127.0.0.1:{ports['amqp']}",
            "api": f"http://127.0.0.1:{ports['api']}",
            "pid": recorded(folder, "beam")[0],
            "epmd_pid": recorded(folder, "epmd")[0],
            "version": wait_for("RabbitMQ", 60, lambda: overview(ports))["rabbitmq_version"],
            "dir": str(folder),
        }

    return launch


def rabbit_start(options):
    fixed = {"amqp": options.port, "api": options.api_port}
    return start_part(options.dir, ["amqp", "api", "dist", "epmd"], fixed, launch_rabbit(options.version))


def rabbit_stop(options):
    """In good order: the virtual machine turns SIGTERM into an orderly stop."""
    if beam := recorded(options.dir, "beam"):
        end({beam}, signal.SIGTERM, 60)
    end(family(options.dir), signal.SIGTERM, 15)


def rabbit_kill(options):
    """As a power failure would: only the virtual machine is hit, its epmd stays for the next start.

    A quorum queue is only fit to survive this about a second after its declaration: until then the broker has not
    written the name down (3.10 and 4.0), and afterwards it has a queue without a leader.
    """
    others = family(options.dir, without="epmd")
    if beam := recorded(options.dir, "beam"):
        end({beam}, signal.SIGKILL, 10)
    end(others, None, 5)


def rabbit_ctl(options):
    """rabbitmqctl on this node, for what the management interface cannot do (a memory alarm)."""
    root = choose_rabbit(read_json(options.dir / "part.json").get("version"))
    environment = rabbit_environment(options.dir, read_json(options.dir / "ports.json"), root)
    environment.pop(MARK)
    command = inside(root, options.dir, [str(SCRIPTS / "rabbitmqctl"), *options.arguments])
    sys.exit(subprocess.run(command, env=environment, cwd="/", check=False).returncode)

"""The sandbox's network: `world` and one namespace for each region, each kept by a small process of its own.

Namespaces have no names in /run/netns: their holders bear the sandbox's marker, and with them all is gone. An
ordinary user gets the same inside of one user namespace (https://man7.org/linux/man-pages/man7/user_namespaces.7.html).
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import psutil

from sandbox.errors import SandboxError
from sandbox.host import Command, Machine
from sandbox.network import names, routes
from sandbox.network.namespace import Namespace, rootless
from sandbox.network.plan import CLIENT, RESOLVER, WORLD, NetworkPlan
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes

_PROGRAMS = {"ip": "iproute2", "unshare": "util-linux", "nsenter": "util-linux", "mount": "mount"}
_HOLD = ("sleep", "infinity")
_HOLDER_SECONDS = 5.0
ROUND_TRIP_MS = 75
"""Between two regions: us-east-1 and eu-west-1 are 70 to 75 ms apart (https://www.cloudping.co/)."""
# A strict reverse-path filter would drop what a lost zone's neighbours still send.
_SYSCTLS = {"all/rp_filter": "0", "default/rp_filter": "0"}


class Namespaces:
    """All namespaces of one sandbox. Every method can be called again."""

    def __init__(self, paths: SandboxPaths, plan: NetworkPlan) -> None:
        self._paths = paths
        self._plan = plan
        self._processes = Processes(paths)
        self._machine = Machine(paths)
        self._folder = names.folder(paths)
        self._members = {
            WORLD: Namespace(paths, WORLD, CLIENT),
            **{name: Namespace(paths, name, own.address) for name, own in plan.regions.items()},
        }

    @property
    def names(self) -> tuple[str, ...]:
        """`world` and the regions."""
        return tuple(self._members)

    def __getitem__(self, name: str) -> Namespace:
        try:
            return self._members[name]
        except KeyError:
            known = ", ".join(self._members)
            raise SandboxError(
                f"there is no network namespace {name!r}", remedy=f"there are: {known}"
            ) from None

    def up(self) -> bool:
        """Make what is not there; whether anything was made, and so everything inside has to start anew."""
        if self.whole():
            return False
        self.down()
        demand_programs()
        self._folder.mkdir(parents=True, exist_ok=True)
        if rootless():
            self._hold(names.USER_HOLDER, ["unshare", "--user", "--map-root-user", "--"])
        for name in self._members:
            self._hold(names.holder(name), [*self._user(), "unshare", "--net", "--mount", "--"])
        self._configure()
        self._set_apart()
        write_atomic(self._marker(), json.dumps(self._holders()))
        return True

    def down(self) -> None:
        """End the holders. What still runs inside keeps its namespace until it ends."""
        self._marker().unlink(missing_ok=True)
        for name in (*map(names.holder, self._members), names.USER_HOLDER):
            self._processes.stop(name)

    def whole(self) -> bool:
        """Whether all holders run, and the namespaces they hold were configured to the end."""
        try:
            configured = json.loads(self._marker().read_bytes())
        except (FileNotFoundError, ValueError):
            return False
        return configured == self._holders()

    def distance(self) -> tuple[float, str]:
        """The round trip between two regions in ms that the kernel adds, and why it is 0 where it is."""
        try:
            saved = json.loads((self._folder / "distance.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return 0.0, "the network is not attached"
        return float(saved["round_trip_ms"]), str(saved["why"])

    def _set_apart(self) -> None:
        """Delay what leaves on either end of each link, where the kernel can (tc-netem(8))."""
        # From region to region a packet leaves on two ends, and its answer on two more.
        delay = f"netem delay {ROUND_TRIP_MS / 4:g}ms limit 10000"
        ends = [(WORLD, routes.link(self._plan, name)) for name in self._plan.regions]
        ends += [(name, routes.UPLINK) for name in self._plan.regions]
        round_trip, why = ROUND_TRIP_MS, ""
        try:
            for namespace, end in ends:
                self[namespace].run(["tc", "qdisc", "replace", "dev", end, "root", *delay.split()])
        except SandboxError as error:
            round_trip, why = 0, f"this kernel delays nothing ({error.what})"
        write_atomic(self._folder / "distance.json", json.dumps({"round_trip_ms": round_trip, "why": why}))

    def _holders(self) -> dict[str, int | None]:
        found = {name: self._processes.find(names.holder(name)) for name in self._members}
        return {name: process.pid if process is not None else None for name, process in found.items()}

    def _marker(self) -> Path:
        return self._folder / "namespaces.json"

    def _user(self) -> list[str]:
        if not rootless():
            return []
        process = self._processes.find(names.USER_HOLDER)
        target = str(process.pid) if process is not None else ""
        return ["nsenter", "--target", target, "--user", "--preserve-credentials", "--"]

    def _hold(self, name: str, entering: list[str]) -> None:
        """Start a holder, and wait until it is in its namespaces: then it has become `sleep`."""
        record = self._machine.start(Command(name=name, argv=[*entering, *_HOLD]))
        deadline = time.monotonic() + _HOLDER_SECONDS
        # Not by its marker: while a process changes its user namespace, its environment cannot be read.
        while (program := _program(record.pid)) != _HOLD[0]:
            if not program or time.monotonic() > deadline:
                said = record.log.read_text(errors="replace").strip().splitlines()
                raise SandboxError(
                    f"this machine allows no network namespace: {said[-1] if said else 'no reason given'}",
                    where=str(record.log),
                    remedy=_remedy(),
                )
            time.sleep(0.005)

    def _configure(self) -> None:
        for name, namespace in self._members.items():
            namespace.run(["sh", "-ec", _script(self._files(name), forward=name == WORLD)])
            namespace.ip(routes.void())
        world = self[WORLD]
        world.ip([routes.cable(self._plan, name, self[name].holder) for name in self._plan.regions])
        world.ip(routes.world(self._plan))
        for name, own in self._plan.regions.items():
            blocks = [routes.alive(block) for block in own.pods.values()]
            up = [*routes.region(self._plan, name), *routes.uplink(self._plan, name)]
            self[name].ip([*up, *routes.void_routes(self._plan, name), *blocks])

    def _files(self, name: str) -> dict[str, Path]:
        """What a namespace sees in place of the machine's own files: path → the file that lies over it."""
        folder = self._folder / "etc" / name
        hosts = ["127.0.0.1 localhost"]
        if name != WORLD:
            hosts.append(
                f"{self[name].address} istiod.istio-system.svc istiod.istio-system.svc.cluster.local"
            )
        resolver = RESOLVER if name == WORLD else "127.0.0.1"
        texts = {"/etc/hosts": "\n".join([*hosts, ""]), "/etc/resolv.conf": f"nameserver {resolver}\n"}
        for path, text in texts.items():
            write_atomic(folder / Path(path).name, text, mode=0o644)
        return {path: folder / Path(path).name for path in texts}


def demand_programs() -> None:
    """SandboxError that names what to install when a program is missing."""
    missing = {program: package for program, package in _PROGRAMS.items() if shutil.which(program) is None}
    packages = sorted(set(missing.values()))
    if missing:
        raise SandboxError(
            f"the sandbox's network needs {', '.join(missing)}",
            remedy=f"install {', '.join(packages)}",
        )


def _remedy() -> str:
    if not rootless():
        return "give this container CAP_SYS_ADMIN and CAP_NET_ADMIN, or run the sandbox as an ordinary user"
    return (
        "allow user namespaces (user.max_user_namespaces above 0, and where they exist "
        "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0), or run as root"
    )


def _program(pid: int) -> str:
    """The name of the program that a process is now, "" when it has ended."""
    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else process.name()
    except psutil.Error:
        return ""


def _script(files: dict[str, Path], *, forward: bool) -> str:
    """Mounts and kernel settings of a namespace, as a shell's script: its arguments are paths of ours."""
    settings = {**_SYSCTLS, "all/forwarding": "1"} if forward else _SYSCTLS
    lines = [f"echo {value} > /proc/sys/net/ipv4/conf/{name}" for name, value in settings.items()]
    lines += [f"mount --bind '{file}' '{path}'" for path, file in files.items()]
    return "\n".join(lines)

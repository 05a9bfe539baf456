"""One region's Kubernetes control plane: etcd, API server, scheduler and controller-manager, all real.

Flags are Kubernetes' defaults except where EKS differs or one machine asks for it: what a drill measures
(node-monitor-grace-period, eviction rates, toleration seconds) is what a cluster has.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from sandbox.certs import ClusterCerts, ensure_certs
from sandbox.errors import SandboxError
from sandbox.host import Command, Host
from sandbox.kube import Api, ApiError
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes
from sandbox.tools import Tools

# EKS gives services 172.20.0.0/16 where the VPC does not use it:
# https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
SERVICE_RANGE = "172.20.0.0/16"
SERVICE_IP = "172.20.0.1"
READY_SECONDS = 90.0
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


@dataclass(frozen=True)
class ClusterAccess:
    """How a region's API server is reached. `ca` is PEM text, `token` the sandbox's admin token."""

    region: str
    endpoint: str
    ca: str
    token: str
    kubeconfig: Path

    @classmethod
    def from_base64(cls, region: str, endpoint: str, ca: str, token: str, kubeconfig: Path) -> ClusterAccess:
        return cls(region, endpoint, base64.b64decode(ca).decode(), token, kubeconfig)

    @property
    def ca_base64(self) -> str:
        return base64.b64encode(self.ca.encode()).decode()

    def api(self) -> Api:
        return Api(self.endpoint, self.ca, self.token)


@dataclass(frozen=True)
class Ports:
    """The two ports of one control plane; the scheduler and the controller-manager listen on none."""

    etcd: int
    api_server: int


class ControlPlane:
    """Starts what does not run of a region's control plane. Every method can be called again."""

    def __init__(self, region: str, paths: SandboxPaths, host: Host, tools: Tools, *, ports: Ports) -> None:
        self.region = region
        self._paths = paths
        self._host = host
        self._tools = tools
        self._ports = ports
        self._processes = Processes(paths)
        self._folder = paths.region(region)

    def start(self, token: str) -> ClusterAccess:
        """Start everything and wait until pods can be made."""
        access = self.begin(token)
        self.settle(access)
        return access

    def begin(self, token: str) -> ClusterAccess:
        """Start everything and wait until the API server is ready. To be followed by `settle`."""
        certs = ensure_certs(self._folder / "pki", address=self._host.address, service_ip=SERVICE_IP)
        identities = self._identities(token)
        access = self._access(certs, token)
        self._ensure("etcd", self._etcd(certs), self._ports.etcd)
        self._ensure("kube-apiserver", self._api_server(certs, identities), self._ports.api_server)
        self._wait("kube-apiserver", "the API server is not ready", lambda: _ready(access.api()))
        self._ensure("kube-controller-manager", self._controller_manager(certs), None)
        self._ensure("kube-scheduler", self._scheduler(), None)
        return access

    def settle(self, access: ClusterAccess) -> None:
        """Wait until root CA and service accounts are published, without which no pod is admitted."""
        self._wait(
            "kube-controller-manager",
            "the controller-manager does not publish service accounts",
            lambda: _published(access.api()),
        )

    def _name(self, program: str) -> str:
        return f"{program}-{self.region}"

    def _ensure(self, program: str, argv: list[str], port: int | None) -> None:
        name = self._name(program)
        if self._processes.find(name) is None:
            command = [str(self._tools.program(program)), *argv]
            self._host.start(Command(name=name, argv=command, cwd=self._folder, port=port))

    def _wait(self, program: str, what: str, ready: Callable[[], bool]) -> None:
        wait_until(ready, what, self._processes, self._name(program), self._paths)

    def _identities(self, token: str) -> Path:
        """Tokens of the admin and of the two system users, whose rights the default RBAC roles give."""
        file = self._folder / "tokens.csv"
        lines = [f'{token},sandbox-admin,sandbox-admin,"system:masters"']
        for program in ("kube-controller-manager", "kube-scheduler"):
            kubeconfig = self._folder / f"{program}.kubeconfig"
            saved = _saved_token(kubeconfig) or secrets.token_urlsafe(32)
            lines.append(f"{saved},system:{program},system:{program}")
            write_atomic(kubeconfig, self._kubeconfig(f"system:{program}", saved))
        write_atomic(file, "\n".join(lines) + "\n")
        return file

    def _access(self, certs: ClusterCerts, token: str) -> ClusterAccess:
        kubeconfig = self._paths.kubeconfig(self.region)
        write_atomic(kubeconfig, self._kubeconfig("sandbox-admin", token))
        ca = certs.ca.certificate.read_text()
        return ClusterAccess(self.region, self._endpoint(), ca, token, kubeconfig)

    def _endpoint(self) -> str:
        return f"https://{self._host.address}:{self._ports.api_server}"

    def _kubeconfig(self, user: str, token: str) -> str:
        ca = base64.b64encode((self._folder / "pki" / "ca.crt").read_bytes()).decode()
        cluster = {"server": self._endpoint(), "certificate-authority-data": ca}
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": self.region, "cluster": cluster}],
                "users": [{"name": user, "user": {"token": token}}],
                "contexts": [{"name": self.region, "context": {"cluster": self.region, "user": user}}],
                "current-context": self.region,
            },
            sort_keys=False,
        )

    def _etcd(self, certs: ClusterCerts) -> list[str]:
        url = f"https://{self._host.address}:{self._ports.etcd}"
        peer = f"http://{self._host.address}:0"
        return [
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            f"--cert-file={certs.etcd_server.certificate}",
            f"--key-file={certs.etcd_server.key}",
            "--client-cert-auth",
            f"--trusted-ca-file={certs.ca.certificate}",
            # The data lives as long as the sandbox: a lost write at power loss is no loss.
            "--unsafe-no-fsync",
            "--enable-grpc-gateway=false",
            "--log-level=warn",
        ]

    def _api_server(self, certs: ClusterCerts, tokens: Path) -> list[str]:
        return [
            f"--etcd-servers=https://{self._host.address}:{self._ports.etcd}",
            f"--etcd-cafile={certs.ca.certificate}",
            f"--etcd-certfile={certs.etcd_client.certificate}",
            f"--etcd-keyfile={certs.etcd_client.key}",
            f"--bind-address={self._host.address}",
            f"--secure-port={self._ports.api_server}",
            # An endpoint on loopback is refused for the `kubernetes` Service, so none is published.
            "--endpoint-reconciler-type=none",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            f"--tls-cert-file={certs.api_server.certificate}",
            f"--tls-private-key-file={certs.api_server.key}",
            f"--client-ca-file={certs.ca.certificate}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=Node,RBAC",
            # Beside the default ones (PodSecurity, DefaultTolerationSeconds, Priority, …), as EKS has it.
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={certs.service_account}",
            f"--service-account-signing-key-file={certs.service_account}",
            f"--audit-policy-file={self._audit_policy()}",
            f"--audit-log-path={audit_log(self._paths, self.region)}",
            "--profiling=false",
        ]

    def _audit_policy(self) -> Path:
        """Only what workloads ask is written down, not the cluster's own controllers, by day and night.

        https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
        """
        file = self._folder / "audit-policy.yaml"
        rules = [
            {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
            {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
            {"level": "None"},
        ]
        policy = {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": rules,
        }
        write_atomic(file, yaml.safe_dump(policy, sort_keys=False))
        return file

    def _controller_manager(self, certs: ClusterCerts) -> list[str]:
        return [
            f"--kubeconfig={self._folder / 'kube-controller-manager.kubeconfig'}",
            f"--service-account-private-key-file={certs.service_account}",
            f"--root-ca-file={certs.ca.certificate}",
            "--use-service-account-credentials",
            # Its default is a folder of the machine's.
            f"--flex-volume-plugin-dir={self._folder / 'flexvolume'}",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
        ]

    def _scheduler(self) -> list[str]:
        kubeconfig = self._folder / "kube-scheduler.kubeconfig"
        return [
            f"--kubeconfig={kubeconfig}",
            "--leader-elect=false",
            "--secure-port=0",
            "--profiling=false",
        ]


def audit_log(paths: SandboxPaths, region: str) -> Path:
    """JSON lines of what workloads asked of a region's API server."""
    return paths.logs / f"kube-apiserver-{region}-audit.jsonl"


def wait_until(
    ready: Callable[[], bool],
    what: str,
    processes: Processes,
    name: str,
    paths: SandboxPaths,
    *,
    seconds: float = READY_SECONDS,
) -> None:
    """Ask ten times a second. A SandboxError names the log when `name` ends first, or the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if ready():
                return
        except (OSError, ApiError):
            pass
        if processes.find(name) is None:
            raise SandboxError(
                f"{what}: {name} has ended", where=str(paths.log(name)), remedy=_last(paths, name)
            )
        if time.monotonic() > deadline:
            raise SandboxError(
                f"{what} after {seconds:.0f} s",
                where=str(paths.log(name)),
                remedy="run the command again, which goes on where it stopped",
            )
        time.sleep(0.1)


def _last(paths: SandboxPaths, name: str) -> str:
    try:
        lines = [line for line in paths.log(name).read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return f"its last words: {lines[-1][-300:]}" if lines else "it said nothing"


def _ready(api: Api) -> bool:
    return api.get("/readyz") == "ok"


def _published(api: Api) -> bool:
    """Pods are admitted once their namespace has its default service account and the root CA."""
    account = api.find("/api/v1/namespaces/default/serviceaccounts/default")
    root = api.find("/api/v1/namespaces/default/configmaps/kube-root-ca.crt")
    return account is not None and root is not None


def _saved_token(kubeconfig: Path) -> str | None:
    try:
        document = yaml.safe_load(kubeconfig.read_text())
        return str(document["users"][0]["user"]["token"])
    except (FileNotFoundError, KeyError, IndexError, TypeError, yaml.YAMLError):
        return None

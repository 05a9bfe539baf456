"""Mistakes in what runs, and how it is served."""

from __future__ import annotations

import base64

from tests.policy.changes import Change, append, both, drop, gone, new, put

D = "Deployment/inference-service"
PODS = "spec template spec"
SPREAD = f"{PODS} topologySpreadConstraints"
BOX = f"{PODS} containers 0"
JOB = "CronJob/model-registry-backup"
JOB_BOX = "spec jobTemplate spec template spec containers 0"
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "aws-backup-creds", "namespace": "ml-serving"},
}
LIFTED = "AKIA" + "IOSFODNN7EXAMPLE"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


BAD = [
    Change("no spread over zones", "zone-spread", drop(D, SPREAD)),
    Change(
        "the spread is the lesson's: taints ignored", "zone-spread", drop(D, f"{SPREAD} 0 nodeTaintsPolicy")
    ),
    Change(
        "the spread may be given up", "zone-spread", put(D, f"{SPREAD} 0 whenUnsatisfiable", "ScheduleAnyway")
    ),
    Change(
        "the spread is over hosts only",
        "zone-spread",
        put(D, f"{SPREAD} 0 topologyKey", "kubernetes.io/hostname"),
    ),
    Change("the spread may be three out of balance", "zone-spread", put(D, f"{SPREAD} 0 maxSkew", 3)),
    Change(
        "the spread counts other pods",
        "zone-spread",
        put(D, f"{SPREAD} 0 labelSelector", {"matchLabels": {"app": "training"}}),
    ),
    Change("no disruption budget", "disruption-budget-present", gone("PodDisruptionBudget/inference-pdb")),
    Change(
        "the budget selects nothing",
        "disruption-budget-present",
        put("PodDisruptionBudget/inference-pdb", "spec selector matchLabels app", "inferenze"),
    ),
    Change(
        "the budget is in another namespace",
        "disruption-budget-present",
        put("PodDisruptionBudget/inference-pdb", "metadata namespace", "default"),
    ),
    Change(
        "the budget is as large as the replicas",
        "disruption-budget-satisfiable",
        put("PodDisruptionBudget/inference-pdb", "spec minAvailable", 6),
    ),
    Change(
        "the budget is more than two zones hold",
        "disruption-budget-satisfiable",
        put("PodDisruptionBudget/inference-pdb", "spec minAvailable", 5),
    ),
    Change(
        "the budget is all of them, in percent",
        "disruption-budget-satisfiable",
        put("PodDisruptionBudget/inference-pdb", "spec minAvailable", "100%"),
    ),
    Change("fewer replicas than the budget", "disruption-budget-satisfiable", put(D, "spec replicas", 4)),
    Change(
        "the autoscaler may go below the budget",
        "disruption-budget-satisfiable",
        put("HorizontalPodAutoscaler/inference-service", "spec minReplicas", 2),
    ),
    Change(
        "one warm node a zone",
        "zone-headroom",
        both(
            *(
                put(f"gpu-node-pools-inference-{{location}}{zone}", "scalingConfig minSize", 1)
                for zone in "abc"
            )
        ),
    ),
    Change("a zone without GPUs", "zone-headroom", gone("gpu-node-pools-inference-{location}b")),
    Change("twice the replicas on the same GPUs", "zone-headroom", put(D, "spec replicas", 12)),
    Change("no readiness probe", "model-readiness-probes", drop(D, f"{BOX} readinessProbe")),
    Change("no liveness probe", "model-readiness-probes", drop(D, f"{BOX} livenessProbe")),
    Change(
        "ready when the port answers",
        "model-readiness-probes",
        put(D, f"{BOX} readinessProbe", {"tcpSocket": {"port": 8080}}),
    ),
    Change(
        "ready when alive",
        "model-readiness-probes",
        put(D, f"{BOX} readinessProbe httpGet path", "/v2/health/live"),
    ),
    Change(
        "killed while it loads",
        "model-readiness-probes",
        put(D, f"{BOX} livenessProbe httpGet path", "/v2/health/ready"),
    ),
    Change("the lesson's image", "images-pinned", put(D, f"{BOX} image", "inference:v1")),
    Change(
        "the latest image",
        "images-pinned",
        put(D, f"{BOX} image", "registry.example.com:5000/inference:latest"),
    ),
    Change(
        "an image without tag", "images-pinned", put(D, f"{BOX} image", "registry.example.com:5000/inference")
    ),
    Change("the lesson's command line", "images-pinned", put(JOB, f"{JOB_BOX} image", "amazon/aws-cli:2.15")),
    Change("a chart of any version", "images-pinned", drop("addons-istiod", "version")),
    Change("a chart of a range", "images-pinned", put("addons-velero", "version", "~12.0")),
    Change("a chart's image that moves", "images-pinned", put("addons-velero", "values image tag", "main")),
    Change(
        "the lesson's AWS keys",
        "no-static-cloud-keys",
        put(
            JOB,
            f"{JOB_BOX} env",
            [
                {
                    "name": "AWS_ACCESS_KEY_ID",
                    "valueFrom": {"secretKeyRef": {"name": "aws-backup-creds", "key": "access-key"}},
                }
            ],
        ),
    ),
    Change(
        "a Secret with a key under its name",
        "no-static-cloud-keys",
        new("kubernetes:core/v1:Secret", "creds", {**SECRET, "stringData": {"secret-key": "x"}}),
    ),
    Change(
        "a Secret with a credentials file",
        "no-static-cloud-keys",
        new("kubernetes:core/v1:Secret", "creds", {**SECRET, "data": {"cloud": _encoded(f"id={LIFTED}")}}),
    ),
    Change(
        "a key in a ConfigMap",
        "no-static-cloud-keys",
        put("ConfigMap/dr-runbook", "data recovery-steps.md", f"export KEY={LIFTED}"),
    ),
    Change(
        "Velero reads a Secret",
        "no-static-cloud-keys",
        put("addons-velero", "values credentials", {"useSecret": True}),
    ),
    Change(
        "a service account's key on GCP",
        "no-static-cloud-keys",
        append(D, f"{BOX} env", {"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": "/key.json"}),
    ),
    Change(
        "an access key as a resource",
        "no-static-cloud-keys",
        new("aws:iam/accessKey:AccessKey", "backup-key", {"user": "backup"}),
    ),
    Change("may run as root", "pods-restricted", put(D, f"{PODS} securityContext runAsNonRoot", False)),
    Change("no seccomp profile", "pods-restricted", drop(D, f"{PODS} securityContext seccompProfile")),
    Change("a privileged container", "pods-restricted", put(D, f"{BOX} securityContext privileged", True)),
    Change("capabilities kept", "pods-restricted", drop(D, f"{BOX} securityContext capabilities")),
    Change(
        "a writable root",
        "pods-restricted",
        put(JOB, f"{JOB_BOX} securityContext readOnlyRootFilesystem", False),
    ),
    Change("the host's network", "pods-restricted", put(D, f"{PODS} hostNetwork", True)),
    Change(
        "a host path",
        "pods-restricted",
        append(D, f"{PODS} volumes", {"name": "cache", "hostPath": {"path": "/var/cache"}}),
    ),
    Change(
        "a Sensor that may gain privileges",
        "pods-restricted",
        put(
            "Sensor/failover-trigger",
            "spec template container securityContext allowPrivilegeEscalation",
            True,
        ),
    ),
    Change(
        "an init container without limits to its rights",
        "pods-restricted",
        put(D, f"{PODS} initContainers", [{"name": "fetch", "image": "fetch:1.0.0"}]),
    ),
    Change(
        "serving enforces baseline",
        "namespaces-restricted",
        put("Namespace/ml-serving", "metadata labels pod-security.kubernetes.io/enforce", "baseline"),
    ),
    Change(
        "a namespace that enforces nothing",
        "namespaces-restricted",
        drop("Namespace/mlflow", "metadata labels pod-security.kubernetes.io/enforce"),
    ),
    Change(
        "the mesh's namespace is privileged",
        "namespaces-restricted",
        put("Namespace/istio-system", "metadata labels pod-security.kubernetes.io/enforce", "privileged"),
    ),
    Change(
        "the lesson's load balancer past the mesh",
        "mesh-entry-only",
        put("Service/inference-service", "spec type", "LoadBalancer"),
    ),
    Change(
        "traffic policy Local",
        "mesh-entry-only",
        put("Service/istio-ingressgateway", "spec externalTrafficPolicy", "Local"),
    ),
    Change(
        "the entry without a certificate",
        "mesh-entry-only",
        drop(
            "Service/istio-ingressgateway",
            "metadata annotations service.beta.kubernetes.io/aws-load-balancer-ssl-cert",
        ),
    ),
    Change(
        "the entry speaks old TLS",
        "mesh-entry-only",
        put(
            "Service/istio-ingressgateway",
            "metadata annotations service.beta.kubernetes.io/aws-load-balancer-ssl-negotiation-policy",
            "ELBSecurityPolicy-2016-08",
        ),
    ),
    Change(
        "the east-west gateway is open to the world",
        "mesh-entry-only",
        drop("Service/istio-eastwestgateway", "spec loadBalancerSourceRanges"),
    ),
    Change(
        "targets of the same zone only",
        "mesh-entry-only",
        put(
            "Service/istio-ingressgateway",
            "metadata annotations service.beta.kubernetes.io/aws-load-balancer-attributes",
            "load_balancing.cross_zone.enabled=false",
        ),
    ),
    Change("no default deny", "serving-default-deny", gone("NetworkPolicy/default-deny")),
    Change(
        "egress is free",
        "serving-default-deny",
        put("NetworkPolicy/default-deny", "spec policyTypes", ["Ingress"]),
    ),
    Change(
        "ingress from anywhere",
        "serving-default-deny",
        drop("NetworkPolicy/inference-service", "spec ingress 0 from"),
    ),
]

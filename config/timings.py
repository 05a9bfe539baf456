"""How long things take: the numbers that a component deploys and that a budget adds up, each in one place.

A number under "deployed" is set by a component; one under "planned" is what the platform beneath it promises
or is known to take, and a budget counts with it.
"""

from __future__ import annotations

from datetime import timedelta

# Finding a lost region, deployed by global_dns.

PROBE_INTERVAL = timedelta(seconds=10)
"""Route 53 asks every 10 s or every 30 s, and nothing else.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html"""

PROBE_FAILURES = 3
"""Answers in a row that must be missing; the page above."""

DNS_TTL = timedelta(seconds=30)
"""How long a resolver may keep an answer, counted from the last one that it got.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/best-practices-dns.html"""

# Finding a lost zone, deployed by mesh.

OUTLIER_ERRORS = 3
"""Errors in a row after which Envoy takes an endpoint out.
https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection"""

OUTLIER_INTERVAL = timedelta(seconds=1)
"""How often Envoy judges its endpoints; the page above."""

ATTEMPT_TIMEOUT = timedelta(seconds=1)
"""How long one attempt at a prediction may take, unless a platform says otherwise: what one error of a pod
costs that takes requests and does not answer.

Half of what the drills' clients wait. Clients who give up before an attempt has timed out leave no error
behind: with attempts of 5 s and clients that wait 2 s a zone of slow pods was never taken out.
https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier#detection-types"""

CONNECT_TIMEOUT = timedelta(seconds=1)
"""How long a connection to an address that answers nothing is waited for: what one error costs.
https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-TCPSettings"""

# Moving the pods of a lost zone: tolerations deployed by inference, the rest planned.

NODE_GRACE = timedelta(seconds=50)
"""``node-monitor-grace-period`` of the node controller, after the last heartbeat that it saw.
https://kubernetes.io/docs/reference/node/node-status/#heartbeats and
https://kubernetes.io/docs/concepts/architecture/nodes/#node-heartbeats"""

TOLERATION = timedelta(seconds=5)
"""How long a pod stays on a node that stopped answering.

The node lifecycle controller has already waited its grace period before it taints the node, and the pod is
out of the endpoints from that moment: longer waiting keeps nothing alive, it only delays the replacement
beside a warm GPU. Zero would replace pods on a taint that is gone a moment later.
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
"""

NODE_EVICTION = timedelta(seconds=10)
"""``node-eviction-rate`` is 0.1: one node every 10 s, also in a zone that is lost as a whole.
https://kubernetes.io/docs/concepts/architecture/nodes/#rate-limits-on-eviction"""

EJECTION = NODE_GRACE + timedelta(seconds=10)
"""How long Envoy keeps an endpoint out, the first time: until the node controller has found its node.

One that is let in earlier, while Kubernetes still takes a lost node for ready, costs a request for each try.
https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection"""

# Raising a region's floor when its peer is lost, deployed by alerting and failover.

PEER_PROBE = timedelta(seconds=10)
"""How often the blackbox exporter asks a peer's gateway: as often as Route 53 does.
https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Probe"""

PEER_WINDOW = PROBE_INTERVAL * PROBE_FAILURES
"""How long one answer counts: a peer is taken for lost when Route 53 takes it for lost.
https://prometheus.io/docs/prometheus/latest/querying/functions/#aggregation_over_time"""

PEER_RECORD = timedelta(seconds=10)
"""How often the recording rules run over which the alert is written.
https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/"""

PEER_DOWN_FOR = timedelta(seconds=30)
"""How long a peer must not answer before ``PeerRegionDown`` fires, beyond that window.
https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/"""

ALERT_EVALUATION = timedelta(seconds=15)
"""How often the alerts are looked at; the page above."""

PEER_GROUP_WAIT = timedelta(seconds=1)
"""How long Alertmanager waits for more of the group before it tells the event source.
https://prometheus.io/docs/alerting/latest/configuration/#route"""

HPA_SYNC = timedelta(seconds=15)
"""Planned: ``horizontal-pod-autoscaler-sync-period``, after which a raised floor is acted on.
https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#how-does-a-horizontalpodautoscaler-work"""

# One more replica: probes deployed by inference, disks by gpu_node_pools, the rest planned.

READINESS_DELAY = timedelta(seconds=30)
"""``initialDelaySeconds`` of the readiness probe, the lesson's.
https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/"""

READINESS_PERIOD = timedelta(seconds=10)
"""``periodSeconds`` of the readiness probe, the lesson's; the page above."""

AUTOSCALER_SCAN = timedelta(seconds=10)
"""Planned: ``scan-interval`` of the cluster autoscaler.
https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md"""

NODE_START = timedelta(minutes=5)
"""Planned: from the request for a GPU instance to a node that is Ready with its devices registered.

AWS promises no time; instances boot in two to four minutes, drivers and device plugin come on top.
https://docs.aws.amazon.com/eks/latest/best-practices/aiml-performance.html and
https://awslabs.github.io/ai-on-eks/docs/guidance/container-startup-time
"""

IMAGE_PULL = timedelta(minutes=5)
"""Planned: the server's image, some 10 GB, onto a node that never ran it: "several minutes".
https://aws.amazon.com/blogs/containers/start-pods-faster-by-prefetching-images/"""

DISK_MIB_PER_SECOND = 1000
"""What the disk of a GPU node is given, which is the most that gp3 has.
https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html#gp3-ebs-volume-type"""

INSTANCE_BITS_PER_SECOND = 3_500_000_000
"""Planned: the way to EBS of the smallest usual GPU instance (g5.2xlarge), for half an hour of every day.
https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html and
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ebs-optimized.html"""

LOAD_BYTES_PER_SECOND = min(DISK_MIB_PER_SECOND * 2**20, INSTANCE_BITS_PER_SECOND // 8)
"""How fast models come from the region's bucket into a node's cache: as fast as the slower of both."""

PATIENT_LOAD_BYTES_PER_SECOND = 100 * 2**20
"""The rate below which a load has hung and the startup probe gives up: what such an instance has left
when its half hour is spent, 850 Mbps; the first page above."""

# Copies in another region, deployed by model_buckets and backup.

REPLICATION_MINUTES = 15
"""S3 Replication Time Control: 99.99 % of new objects within 15 minutes, 99.9 % by its service level
agreement; S3 accepts no other number.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html"""

REPLICATION = timedelta(minutes=REPLICATION_MINUTES)
"""The same, as a length of time."""

REPLICATION_BITS_PER_SECOND = 1_000_000_000
"""The transfer rate up to which the promise holds, unless the account's quota is raised: 1 Gbps.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html#rtc-best-practices"""

# The copy in another cloud, deployed by model_buckets.

COPY_BITS_PER_SECOND = 1_000_000_000
"""Planned: what Storage Transfer moves between clouds. Google promises no rate; this is the one that
replication within AWS is counted with, and the job's metric ``copied_bytes_count`` tells the true one.
https://docs.cloud.google.com/storage-transfer/docs/monitor-transfer-jobs"""

TURBO_REPLICATION = timedelta(minutes=15)
"""Turbo replication of a dual-region: all new objects are in both places within 15 minutes.
https://docs.cloud.google.com/storage/docs/availability-durability#turbo-replication"""

DEFAULT_REPLICATION = timedelta(hours=12)
"""Without it 99.9 % of them within an hour, and the rest within 12 hours; the page above."""

BACKUP_START = timedelta(minutes=1)
"""Velero looks at its schedules once a minute; the registry's copy may be as late (startingDeadlineSeconds).
https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"""

BACKUP_DURATION = timedelta(minutes=4)
"""The least time that a backup of the cluster's state, or of the registry, must be left to run in.
https://velero.io/docs/main/api-types/schedule/ (itemOperationTimeout)"""


def seconds(duration: timedelta) -> int:
    """Whole seconds, as manifests count."""
    return int(duration.total_seconds())

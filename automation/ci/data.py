"""What holds data: the one list of it, with what is lost when such a resource is replaced or deleted.

The policy pack's `data-protected` refuses a program in which buckets and their keys are not protected; this
list is wider, since a reviewer is to see each loss first, also of what can be made again from a copy.
"""

from __future__ import annotations

from collections.abc import Mapping

HOLDERS: Mapping[str, str] = {
    # Object stores and databases: the data itself.
    "aws:s3/bucket:Bucket": "the objects in it, with all their versions: models, backups",
    "aws:s3/bucketV2:BucketV2": "the objects in it, with all their versions: models, backups",
    "gcp:storage/bucket:Bucket": "the objects in it: the copy of the models",
    "aws:dynamodb/table:Table": "the items in it",
    "aws:rds/cluster:Cluster": "the databases in it",
    "aws:rds/instance:Instance": "the databases in it",
    "aws:efs/fileSystem:FileSystem": "the files in it",
    # Disks. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-deleting-volume.html
    "aws:ebs/volume:Volume": "what is on the disk",
    "aws:ebs/snapshot:Snapshot": "the copy of a disk",
    "gcp:compute/disk:Disk": "what is on the disk",
    # Without its key, data is there and cannot be read.
    # https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
    "aws:kms/key:Key": "everything that was encrypted with it",
    "aws:kms/replicaKey:ReplicaKey": "everything that was encrypted with it in its location",
    "gcp:kms/cryptoKey:CryptoKey": "everything that was encrypted with it",
    # A new zone has other name servers, and the registrar still names the old ones.
    # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DeleteHostedZone.html
    "aws:route53/zone:Zone": "its records, and the delegation to its name servers",
    "gcp:dns/managedZone:ManagedZone": "its records, and the delegation to its name servers",
    # The cluster's state is in its etcd, which goes with it.
    # https://docs.aws.amazon.com/eks/latest/userguide/delete-cluster.html
    "aws:eks/cluster:Cluster": "every Kubernetes object that this program did not make",
    "gcp:container/cluster:Cluster": "every Kubernetes object that this program did not make",
    "aws:cloudwatch/logGroup:LogGroup": "the logs in it, audit logs among them",
    # https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming
    "kubernetes:core/v1:PersistentVolumeClaim": "what pods wrote on the volume, unless that is retained",
    "kubernetes:core/v1:PersistentVolume": "what pods wrote on the volume, unless that is retained",
    "kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshot": "the copy of a volume",
    # Deletion cascades. https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/
    "kubernetes:core/v1:Namespace": "every object in it, claims of volumes and secrets included",
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": "every object of its kind",
    # Velero removes the Backups of a location that is gone. https://velero.io/docs/main/locations/
    "kubernetes:velero.io/v1:BackupStorageLocation": "the cluster's knowledge of the backups in it",
}
"""By type token, what is lost."""

SECRETS: Mapping[str, str] = {
    "cacerts": "the region's mesh authority: workloads that still hold its certificates are refused",
}
"""By the name of a Kubernetes Secret, what is lost: secrets that are no copy of anything."""

_SECRET = "kubernetes:core/v1:Secret"  # noqa: S105 - a type token


def held(type_: str, name: str) -> str:
    """What is lost with a resource of this type token, of this `name` in Kubernetes; empty for nothing."""
    if type_ == _SECRET:
        return SECRETS.get(name, "")
    return HOLDERS.get(type_, "")

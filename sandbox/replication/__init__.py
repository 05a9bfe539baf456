"""Stands in for S3 Replication between the buckets of moto, which keeps rules and copies nothing.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html and
…/replication-what-is-isnot-replicated.html. What is put after a rule is copied with its metadata and tags,
delete markers where the rule says so; replicas are not copied on, and the deletion of one version stays
where it was made. Two things differ, because moto gives no way to them: a replica has a version id and a
date of its own instead of its source's, and the status of a version (PENDING, COMPLETED, FAILED, REPLICA)
is in this twin's journal instead of in the version's answers. A replica names its source in its metadata
(`copying.MARK`).
"""

"""Stands in for the Storage Transfer Service: carries out the deployed jobs, from moto to fake-gcs-server.

As https://docs.cloud.google.com/storage-transfer/docs/overview, …/event-driven-aws, …/metadata-preservation
and …/reference/rest/v1/TransferSpec say: a job copies what is current in its source (no older versions, no
delete markers), what differs from its sink or as its options say, with its checksum compared and its metadata
kept; it deletes nowhere unless it is told to. A job with a schedule runs at its times, and once for those
that were missed; a job with an event stream takes the messages of its SQS queue, which moto's S3 really
fills, and removes each when its object is copied. A role of AWS that the project's agent may not take, one
whose policies do not let it read, and a sink that it may not write to fail the job as they would.

What differs: objects come one after the other, there are no bandwidth and no start-up times (a run begins at
once, where the service takes minutes), metrics and logs are a status file here, and conditions by time of
modification are refused, since no job of ours has them.
"""

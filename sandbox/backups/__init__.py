"""Stands in for the Velero server of a region: takes the backups of its deployed Schedules.

https://velero.io/docs/main/how-velero-works/, …/api-types/schedule/, …/api-types/backup/,
…/api-types/backupstoragelocation/, …/resource-filtering/ and …/output-file-format/. Schedules are looked at
once a minute; a due one writes a Backup, and a tarball of the real objects that its template chooses, below
the prefix of its storage location. What has expired is removed from a location that may be written to, at
each look, where Velero looks once an hour. A schedule with a field that is not modelled here fails its
backups, which name the field.

What Velero does beside this is left out: volumes' data is not moved (KWOK's pods have none; claims and their
volumes are in the tarball as objects), Backups of peers' locations are not synced into the API server, no
restore is run, and logs, results and lists of resources are not written beside the tarball. One thing is
added: a schedule that has no backup yet when this begins is due at once, so that a sandbox that was just made
is as a platform that has been up for an interval.
"""

"""What runs the script: never by itself, with the least that it needs."""

from __future__ import annotations

import ast
import sys

from components.model_restore.args import JOB, NAMESPACE, ModelRestoreArgs
from components.model_restore.desired import config_map, cron_job, network_policy
from components.model_restore.policies_aws import write_statements
from components.shared import google

ARGS = ModelRestoreArgs(
    location="us-east-1",
    account="123456789012",
    cluster_name="standfast-us-east",
    copy_bucket="standfast-model-registry-standfast-models",
    audience="//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/aws-us-east",
    bucket="standfast-model-registry-us-east-123456789012",
    bucket_arn="arn:aws:s3:::standfast-model-registry-us-east-123456789012",
    kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/models",
)


def test_it_waits_for_a_person():
    spec = cron_job(ARGS, "{}")["spec"]
    assert spec["suspend"] is True
    assert spec["concurrencyPolicy"] == "Forbid"


def test_the_pod_runs_the_mounted_script_with_a_token_for_google_alone():
    pod = cron_job(ARGS, "{}")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert container["command"][1] == f"{mounts['script']}/restore.py"
    (token,) = [volume for volume in pod["volumes"] if volume["name"] == google.TOKEN_VOLUME]
    (source,) = token["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == ARGS.audience
    assert mounts[google.TOKEN_VOLUME] == google.TOKEN_PATH
    assert pod["automountServiceAccountToken"] is False


def test_the_script_needs_nothing_but_what_the_image_has():
    tree = ast.parse(config_map()["data"]["restore.py"])
    used = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert used - set(sys.stdlib_module_names) == {"boto3", "botocore"}


def test_it_may_put_and_never_delete():
    actions = [s["Action"] for s in write_statements(ARGS)]
    flat = [action for each in actions for action in ([each] if isinstance(each, str) else each)]
    assert not [action for action in flat if "Delete" in action or action.endswith("*")]
    assert "s3:PutObject" in flat


def test_nobody_comes_in_and_the_node_s_metadata_stays_shut():
    spec = network_policy()["spec"]
    assert spec["ingress"] == []
    assert spec["egress"][0]["to"][0]["ipBlock"]["except"] == ["169.254.0.0/16"]
    metadata = cron_job(ARGS, "{}")["metadata"]
    assert (metadata["name"], metadata["namespace"]) == (JOB, NAMESPACE)

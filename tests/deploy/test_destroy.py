"""The applied stack after it has run: what an edit of its secret survives, and what is left in the end."""

import copy
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.terraform


def test_no_apply_undoes_an_edit_of_the_secret(applied):
    by_hand = {**applied.secret(), "isactive": "False", "appsecret": "rotated", "include": "*.pdf"}
    applied.client("secretsmanager").put_secret_value(
        SecretId=applied.outputs["SecretArn"], SecretString=json.dumps(by_hand)
    )
    # All of an apply that the secrets depend on; moto is slow to look at again.
    kind = "aws_secretsmanager_secret_version"
    alone = [f"-target={kind}.copy", f"-target={kind}.login", "-refresh=false"]
    applied.apply(*alone)
    assert applied.secret() == by_hand
    applied.apply(*alone, "-var=BlobToS3SyncStartDate=20260101", "-var=AzureSecretKey=another")
    assert applied.secret() == by_hand
    assert applied.secret(applied.login_arn()) == {"appsecret": "another"}


def planned(module, *options):
    """Address -> actions, of what a plan would change."""
    module.run("plan", "-refresh=false", "-out=plan", *options)
    changes = json.loads(module.run("show", "-json", "plan").stdout)["resource_changes"]
    return {change["address"]: change["change"]["actions"] for change in changes}


def test_other_names_keep_the_bucket_and_its_key(applied):
    changes = planned(applied.copy, "-var=PrefixCode=acme", "-var=EnvironmentCode=pd")
    assert "delete" in changes["aws_sqs_queue.work[\"L1L2\"]"]
    assert changes["aws_s3_bucket.copy[0]"] == changes["aws_kms_key.copy"] == ["update"]


def test_the_documented_command_keeps_the_bucket_and_its_key(applied, tmp_path):
    (command,) = re.findall(r"^ *(terraform state list \| .*)$", (ROOT / "docs/deploy.md").read_text(), re.M)
    ours = copy.copy(applied.copy)
    ours.folder = tmp_path / "copy"
    shutil.copytree(applied.copy.folder, ours.folder, ignore=shutil.ignore_patterns(".terraform"))
    before = set(planned(ours, "-destroy"))
    subprocess.run(command, shell=True, check=True, cwd=ours.folder, env=ours.environment, timeout=120)
    kept = before - set(planned(ours, "-destroy"))
    parts = {"versioning", "policy", "public_access_block", "ownership_controls", "lifecycle_configuration",
             "server_side_encryption_configuration"}
    settings = {f"aws_s3_bucket_{part}.copy[0]" for part in parts}
    assert kept == {"aws_s3_bucket.copy[0]", "aws_kms_key.copy"} | settings


def empty(s3, bucket):
    """With all versions."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for row in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"])


def test_destroy_stops_at_objects_and_then_leaves_nothing(applied):
    s3, bucket = applied.client("s3"), applied.outputs["BucketName"]
    key = applied.client("kms")
    applied.open_bucket()
    s3.put_object(Bucket=bucket, Key="copied", Body=b"1")
    stopped = applied.destroy(check=False)
    assert stopped.returncode != 0 and "BucketNotEmpty" in stopped.stderr
    assert s3.get_object(Bucket=bucket, Key="copied")["Body"].read() == b"1"
    # Or what was copied could not be read any more.
    assert key.describe_key(KeyId=applied.outputs["KeyArn"])["KeyMetadata"]["KeyState"] == "Enabled"

    empty(s3, bucket)
    applied.destroy()
    cloudwatch = applied.client("cloudwatch")
    left = {
        "functions": applied.functions(),
        "mappings": applied.mappings(),
        "topics": applied.client("sns").list_topics()["Topics"],
        "subscriptions": applied.client("sns").list_subscriptions()["Subscriptions"],
        "queues": applied.client("sqs").list_queues().get("QueueUrls", []),
        "roles": applied.client("iam").list_roles()["Roles"],
        "secrets": applied.client("secretsmanager").list_secrets()["SecretList"],
        "logs": applied.client("logs").describe_log_groups()["logGroups"],
        "alarms": cloudwatch.describe_alarms()["MetricAlarms"],
        "dashboards": cloudwatch.list_dashboards()["DashboardEntries"],
        "rules": applied.client("events").list_rules()["Rules"],
        "groups": applied.client("resource-groups").list_groups()["GroupIdentifiers"],
        "aliases": [alias for alias in key.list_aliases()["Aliases"] if "azs3copy" in alias["AliasName"]],
    }
    assert not {kind: things for kind, things in left.items() if things}
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == [applied.parameters["SourceBucket"]]
    # A key can only be left to be deleted.
    assert key.describe_key(KeyId=applied.outputs["KeyArn"])["KeyMetadata"]["KeyState"] == "PendingDeletion"

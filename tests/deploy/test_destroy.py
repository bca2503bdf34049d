"""The applied stack after it has run: what an edit of its secret survives, and what is left in the end."""

import json

import pytest

pytestmark = pytest.mark.terraform


def test_a_secret_edited_by_hand_stays_until_a_parameter_changes(applied):
    def apply(**variables):
        options = [f"-var={name}={value}" for name, value in variables.items()]
        # All of an apply that the secret depends on; moto is slow to look at again.
        alone = ["-target=aws_secretsmanager_secret_version.copy", "-refresh=false"]
        applied.apply(*alone, *options)
        return applied.secret()

    by_hand = {**applied.secret(), "isactive": "False", "include": "*.pdf"}
    applied.client("secretsmanager").put_secret_value(
        SecretId=applied.outputs["SecretArn"], SecretString=json.dumps(by_hand)
    )
    assert apply() == by_hand
    changed = apply(BlobToS3SyncStartDate="20260101")
    assert (changed["begindate"], changed["isactive"]) == ("20260101", "true") and "include" not in changed


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

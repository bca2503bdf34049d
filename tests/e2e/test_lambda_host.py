"""The host that stands for Lambda keeps Lambda's rules: else the chain tests would prove nothing.

The functions here are standin_bootstrap.py, which does what its messages say.
"""

import json
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from aws import REGION
from call_recorder import CallRecorder
from conftest import new_name
from lambda_host import Faults, LambdaHost, sns_event
from lambda_stack import LambdaStack, allow
from waiting import wait_until

STANDIN = Path(__file__).with_name("standin_bootstrap.py")


@pytest.fixture
def make_stack(aws):
    """Quick time-outs, and few deliveries."""

    def make(**options):
        quick = {"function_seconds": 1, "visibility_seconds": 1, "receives_max": 2}
        return LambdaStack(aws, f"{new_name()}-", {"bucket_name": "none"}, **(quick | options))

    return make


def host_of(stack, **options):
    return LambdaHost(stack.aws, stack.prefix, bootstrap=STANDIN, **options)


def publish(stack, *messages):
    for number, message in enumerate(messages, 1):
        stack.publish("download", json.dumps({"n": number, **message}))


def dead(stack):
    return sorted(json.loads(body)["n"] for body in stack.dead["download"].bodies())


def seen(host, handler="download"):
    """How often each message was seen, in the order of the first time."""
    counts = {}
    for line in host[handler].logged("message"):
        counts[line["n"]] = counts.get(line["n"], 0) + 1
    return counts


def process_state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_the_event_is_that_of_an_sqs_queue(make_stack):
    stack = make_stack()
    host = host_of(stack)
    publish(stack, {"do": "ok"})
    with host:
        host.wait_until_quiet()

    invocation, = host.invocations
    record, = invocation.event["Records"]
    assert set(record) == {"messageId", "receiptHandle", "body", "attributes", "messageAttributes",
                           "md5OfBody", "eventSource", "eventSourceARN", "awsRegion"}
    assert record["eventSource"] == "aws:sqs" and record["eventSourceARN"] == stack.queues["download"].arn
    assert {"ApproximateReceiveCount", "SentTimestamp"} <= set(record["attributes"])
    assert json.loads(record["body"]) == {"n": 1, "do": "ok"}
    assert seen(host) == {1: 1} and invocation.ended == "answered"


def test_what_a_batch_reports_comes_again_alone_and_is_dead_after_the_last_receive(make_stack):
    stack = make_stack(receives_max=3)
    host = host_of(stack)
    publish(stack, {"do": "ok"}, {"do": "fail"}, {"do": "count", "times": 2}, {"do": "ok"})
    with host:
        host.wait_until_quiet()

    assert seen(host) == {1: 1, 2: 3, 3: 2, 4: 1}
    assert [len(one.messages) for one in host.invocations][0] == 4
    assert dead(stack) == [2]


@pytest.mark.parametrize("message, ended", [
    ({"do": "raise"}, "error"),
    ({"do": "exit"}, "exit"),
    ({"do": "ok", "seconds": 60}, "timeout"),
    ({"do": "garbage"}, "answered"),
    ({"do": "id", "id": "unknown"}, "answered"),
    ({"do": "id", "id": ""}, "answered"),
    ({"do": "id", "id": None}, "answered"),
])
def test_a_batch_stays_whole_where_the_function_or_its_report_fails(make_stack, message, ended):
    stack = make_stack(receives_max=1)
    host = host_of(stack)
    publish(stack, {"do": "ok"}, message)
    with host:
        host.wait_until_quiet()

    assert [one.ended for one in host.invocations] == [ended]
    assert dead(stack) == [1, 2]


def test_without_report_batch_item_failures_the_answer_does_not_matter(make_stack):
    stack = make_stack()
    with host_of(stack) as host:
        for source in host.sources:
            source.reports_failures = False
        publish(stack, {"do": "fail"}, {"do": "garbage"})
        host.wait_until_quiet()
    assert dead(stack) == [] and seen(host) == {1: 1, 2: 1}


def test_a_process_is_used_again_until_its_time_is_up(make_stack):
    stack = make_stack(batch_size=1, concurrency=2)
    host = host_of(stack)
    publish(stack, *[{"do": "ok"}] * 4)
    with host:
        host.wait_until_quiet()
        warm = {line["pid"] for line in host["download"].logged("message")}
        assert len(warm) <= 2

        publish(stack, {"do": "ok", "seconds": 60, "n": "hung"})
        wait_until(lambda: "timeout" in [one.ended for one in host.invocations], "a time-out")
        hung = next(line["pid"] for line in host["download"].logged("message") if line["n"] == "hung")
        assert not Path(f"/proc/{hung}").exists()
        host.wait_until_quiet()
        timed_out = next(one for one in host.invocations if one.ended == "timeout")
        assert 1 <= timed_out.seconds < 2
    assert not any(Path(f"/proc/{line['pid']}").exists() for line in host["download"].logged("init"))


def test_no_more_invocations_at_a_time_than_the_mapping_allows(make_stack):
    stack = make_stack(batch_size=1, concurrency=2)
    host = host_of(stack, concurrency_max=5)
    publish(stack, *[{"do": "ok", "seconds": 0.2}] * 8)
    with host:
        host.wait_until_quiet()

    begins = [line["t"] for line in host["download"].logged("message")]
    together = max(sum(begin <= other < begin + 0.2 for other in begins) for begin in begins)
    assert together == 2


def test_messages_come_twice_late_and_in_another_order(make_stack):
    stack = make_stack(batch_size=5, receives_max=5)
    with host_of(stack, concurrency_max=1) as host:
        host["download"].faults = Faults(duplicate_every=4)
        publish(stack, *[{"do": "ok"}] * 12)
        host.wait_until_quiet()
        assert len(seen(host)) == 12 and sorted(seen(host).values()) == [1] * 9 + [2] * 3

        host["download"].faults = Faults(late_every=1, late_seconds=1.5)  # beyond the visibility time-out
        publish(stack, {"do": "ok", "n": "late"})
        wait_until(lambda: seen(host).get("late", 0) >= 2, "both deliveries")
        host["download"].faults = Faults()
        host.wait_until_quiet()

        host["download"].faults = Faults(shuffle=True)
        publish(stack, *[{"do": "ok", "n": f"shuffled {number}"} for number in range(30)])
        host.wait_until_quiet()
        order = [name for name in seen(host) if str(name).startswith("shuffled")]
        assert len(order) == 30 and order != sorted(order, key=lambda name: int(name.split()[1]))
    assert dead(stack) == []


def test_a_process_that_is_killed_at_work_leaves_its_batch_to_the_next(make_stack):
    stack = make_stack(function_seconds=30)
    with host_of(stack) as host:
        host["download"].faults = Faults(kill_after_seconds=[0.1])
        publish(stack, {"do": "ok", "seconds": 0.3})
        host.wait_until_quiet()
    assert [one.ended for one in host.invocations] == ["exit", "answered"]
    assert seen(host) == {1: 2} and dead(stack) == []


def test_a_process_without_an_event_stands_still(make_stack):
    stack = make_stack()
    with host_of(stack) as host:
        host["download"].faults = Faults(freeze=True)
        publish(stack, {"do": "ok"})
        host.wait_until_quiet()
        pid = host["download"].logged("message")[0]["pid"]
        wait_until(lambda: process_state(pid) == "T", "a halt")
        publish(stack, {"do": "ok", "n": 2})
        host.wait_until_quiet()
        assert host["download"].logged("message")[1]["pid"] == pid
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("how", ["error", "exit"])
def test_an_init_that_fails_is_seen_and_fails_the_batch(make_stack, how):
    stack = make_stack(receives_max=1)
    host = host_of(stack, environment=lambda handler: {"STANDIN_INIT": how})
    publish(stack, {"do": "ok"})
    with host:
        host.wait_until_quiet()
    assert [one.ended for one in host.invocations] == ["init"]
    assert ("no secret" if how == "error" else "exited with code 3") in host["download"].init_errors[0]
    assert dead(stack) == [1]


def test_the_schedule_and_the_test_button_reach_the_first_function(make_stack):
    stack = make_stack()
    with host_of(stack) as host:
        scheduled, = host.fire_schedule()
        pressed = host.invoke("launch-qualification", {"any": ["event"]})

    assert scheduled.json["event"]["detail-type"] == "Scheduled Event"
    assert pressed.json["event"] == {"any": ["event"]}
    environment = pressed.json["environment"]
    assert environment["_HANDLER"] == "launch-qualification"
    assert environment["AZS3COPY_SECRET"] == stack.secret_arn
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert "HOME" not in environment and not any(name.startswith("AZS3COPY_TEST") for name in environment)


def test_an_sns_event_is_tried_three_times(make_stack):
    stack = make_stack()
    event = sns_event("text", stack.topics["download"])
    broken = {"STANDIN_INIT": "exit"}
    with host_of(stack, environment=lambda handler: broken if handler == "find-blobs" else {}) as host:
        assert host.invoke_async("download", event).json["event"]["Records"][0]["Sns"]["Message"] == "text"
        host.invoke_async("find-blobs", event)
    assert [one.ended for one in host.invocations] == ["init"] * 3 + ["answered"]


def test_a_function_has_the_rights_of_its_role_and_no_more(strict_aws):
    """Published through the recorder too: signatures hold, and the calls are noted."""
    prefix = f"{new_name()}-"

    def policy(function):
        topic = "L1L2" if function == "launch-qualification" else "none"
        return [allow("sns:Publish", f"arn:aws:sns:{REGION}:*:{prefix}*{topic}")]

    stack = LambdaStack(strict_aws, prefix, {}, policy=policy)
    with CallRecorder() as recorder, host_of(stack) as host:
        variables = host.invoke("launch-qualification", {}).json["environment"] | strict_aws.environment
        front = recorder.environment("launch-qualification", variables)["AWS_ENDPOINT_URL_SNS"]
        sns = boto3.client("sns", endpoint_url=front, region_name=REGION,
                           aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
                           aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
                           aws_session_token=variables["AWS_SESSION_TOKEN"])
        sns.publish(TopicArn=stack.topics["find-blobs"], Message="{}")
        with pytest.raises(ClientError, match="not authorized"):
            sns.publish(TopicArn=stack.topics["download"], Message="{}")
    assert recorder.by_function() == {
        "launch-qualification": {"sns:Publish": ["topic/L1L2", "topic/L2L3"]}}


def test_the_recorder_names_calls_as_iam_does_and_lends_a_login(store, aws, tmp_path):
    """versitygw checks the signatures that the recorder made of those of a login that it does not know."""
    bucket = new_name()
    with CallRecorder() as recorder:
        variables = {"AWS_ACCESS_KEY_ID": "AKIDOTHER", "SSL_CERT_FILE": store.ca,
                     "AWS_ENDPOINT_URL_S3": store.url, "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws.url}
        fronts = recorder.environment("download", variables, (store.access_key, store.secret_key))
        other = boto3.client("s3", endpoint_url=fronts["AWS_ENDPOINT_URL_S3"], region_name=REGION,
                             aws_access_key_id="AKIDOTHER", aws_secret_access_key="other",
                             aws_session_token="a-token")
        other.create_bucket(Bucket=bucket)
        key = "a b/\u00fc+&"
        other.put_object(Bucket=bucket, Key=key, Body=b"x" * 700_000)
        assert other.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x" * 700_000
        other.put_object(Bucket=bucket, Key=".azs3copy/current.json", Body=b"{}")
        upload = other.create_multipart_upload(Bucket=bucket, Key="large")["UploadId"]
        about = {"Bucket": bucket, "Key": "large", "UploadId": upload}
        other.upload_part(**about, PartNumber=1, Body=b"x")
        assert len(other.list_parts(**about)["Parts"]) == 1
        other.abort_multipart_upload(**about)
        assert other.list_objects_v2(Bucket=bucket)["KeyCount"] == 2
        other.list_multipart_uploads(Bucket=bucket)
        other.delete_object(Bucket=bucket, Key=key)
        secrets = boto3.client("secretsmanager", endpoint_url=fronts["AWS_ENDPOINT_URL_SECRETS_MANAGER"],
                               region_name=REGION, aws_access_key_id="AKIDOTHER", aws_secret_access_key="b")
        with pytest.raises(ClientError):
            secrets.get_secret_value(SecretId="not-there")
        recorder.add_to(tmp_path / "calls.json")

    assert json.loads((tmp_path / "calls.json").read_text()) == {"download": {
        "s3:?PUT": ["bucket"], "s3:AbortMultipartUpload": ["bucket/objects"],
        "s3:DeleteObject": ["bucket/objects"], "s3:GetObject": ["bucket/objects"],
        "s3:ListBucket": ["bucket"], "s3:ListBucketMultipartUploads": ["bucket"],
        "s3:ListMultipartUploadParts": ["bucket/objects"], "s3:PutObject": ["bucket/objects", "bucket/state"],
        "secretsmanager:GetSecretValue": ["secret"]}}

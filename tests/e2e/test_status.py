"""status and redrive: runs of the Lambda functions, from their state in the bucket and their dead letters."""

import json
import re
import signal

import boto3
import pytest

from conftest import new_name
from run_state import RunState, batch, digest, listing, record


@pytest.fixture
def state(bucket):
    return RunState(bucket)


def status(program, target, *flags, expect=0):
    words = ["status", target.url, *target.flags, *(["--ca-bundle", target.ca] if target.ca else []), *flags]
    return program.run(*words, expect=expect, **target.environment)


def start_status(program, target, *flags):
    words = ["status", target.url, *target.flags, "--ca-bundle", target.ca, *flags]
    return program.start(*words, **target.environment)


def looks(finished):
    return [event for event in finished.events if event["event"] == "status"]


# ---- status ----


def test_a_run_under_way(program, bucket, state):
    state.begin(works=("w1", "w2"))
    state.plan("w1", to_copy=5, unchanged=2, ended=1)
    state.records("w1-0", [record("cold", "skipped", reason="archived: rehydrate first")])
    state.records("b1", [record("a"), record("b")])
    state.end(record("b"))  # delivered twice
    state.failing(record("c", "failed", kind="throttled"))

    look = looks(status(program, bucket, "--json"))[0]

    assert look["run"] == state.run and look["state"] == "copying" and look["exit_code"] == 0
    assert (look["listings"], look["listings_done"]) == (2, 1)
    assert look["copied"] == {"blobs": 2, "bytes": 20} and look["unchanged"]["blobs"] == 2
    assert look["waiting"] == {"blobs": 3, "bytes": 30} and look["retrying"] == 1
    assert look["skipped"]["blobs"] == 1 and look["failed"]["blobs"] == 0
    assert (look["verified_crc64"], look["verified_md5"], look["unverified"]) == (2, 0, 0)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", look["last_record"])
    finished = status(program, bucket)
    assert f"Run {state.run}   copying for " in finished.out
    assert re.search(r"waiting +3 +30 B +1 to be tried again", finished.out)
    assert re.search(r"skipped +cold +archived: rehydrate first", finished.out)
    assert finished.err == ""


def test_a_run_that_is_over_says_so_in_its_exit_code(program, bucket, state):
    state.begin()
    state.plan(to_copy=2, unchanged=1)
    state.records("b1", [record("a"), record("b")])
    assert "   over, it took " in status(program, bucket).out

    skips = RunState(bucket, "20261124T030000Z-1111")
    skips.begin()
    skips.plan(to_copy=1, ended=1)
    skips.records("w1-0", [record("cold", "skipped", reason="archived: rehydrate first")])
    skips.end(record("a"))
    status(program, bucket, expect=9)
    status(program, bucket, state.run)  # the one before it

    failures = RunState(bucket, "20261125T030000Z-2222")
    failures.begin()
    failures.plan(to_copy=1)
    failures.end(record("a", "failed", kind="changed", status=412, code="ConditionNotMet"))
    finished = status(program, bucket, expect=1)
    assert re.search(r"failed +a +412 ConditionNotMet: refused", finished.out)
    assert looks(status(program, bucket, "--json", expect=1))[0]["not_copied"][0]["first_names"] == ["a"]

    cut = RunState(bucket, "20261126T030000Z-3333")
    cut.begin()
    cut.plan(error="azure.list_blobs photos: 403 AuthorizationFailure")
    assert "A listing was given up" in status(program, bucket, expect=1).out


def test_without_a_run_it_says_how_runs_begin(program, bucket, state):
    finished = status(program, bucket, expect=3)
    assert "no run of the Lambda functions" in finished.err and "launch-qualification" in finished.err
    state.begin()
    state.plan()
    finished = status(program, bucket, "20260101T000000Z-0000", expect=3)
    assert f"The latest runs: {state.run}" in finished.err
    status(program, type(bucket)(bucket.store, "not-there"), expect=3)


def test_silence_points_to_the_dead_letters(program, exact_bucket):
    """Objects are as old as the test: only a run that has written nothing can be silent here."""
    state = RunState(exact_bucket)
    state.begin()
    state.plan(to_copy=1, done=False)
    assert "Nothing has happened" not in status(program, exact_bucket).out
    exact_bucket.delete(f".azs3copy/runs/{state.run}/plan/w1.json")
    state.begin(begun="2020-01-01T00:00:00Z")
    finished = status(program, exact_bucket)
    assert "Nothing has happened for" in finished.out and "dead letters" in finished.out
    assert looks(status(program, exact_bucket, "--json"))[0]["silent_seconds"] > 900


def test_another_state_prefix(program, bucket):
    state = RunState(bucket, prefix="state/of/etl/")
    state.begin()
    state.plan()
    status(program, bucket, "--state-prefix", "state/of/etl")
    status(program, bucket, expect=3)


def test_a_watch_ends_with_the_run(program, bucket, state):
    state.begin()
    state.plan(to_copy=2)
    state.end(record("a"))
    running = start_status(program, bucket, "--watch", "--json")
    first = json.loads(running.process.stdout.readline())
    assert first["state"] == "copying" and first["waiting"]["blobs"] == 1
    state.end(record("b"))
    finished = running.wait(expect=0)
    last = looks(finished)[-1]
    assert last["state"] == "over" and last["copied"]["blobs"] == 2


def test_a_watch_that_is_stopped_is_no_run_that_is_over(program, bucket, state):
    state.begin()
    state.plan(to_copy=1)
    running = start_status(program, bucket, "--watch")
    assert "copying: copied 0 of 1" in running.process.stdout.readline()
    running.kill(signal.SIGINT)
    finished = running.wait(expect=130)
    assert f"Run {state.run}   copying" in finished.out and finished.err == ""


def test_more_records_than_a_page_of_the_listing(program, clouds):
    bucket = clouds.bucket()
    state = RunState(bucket)
    state.begin()
    state.plan(to_copy=1100)
    for i in range(1100):
        state.end(record(f"{i}"))
    look = looks(status(program, bucket, "--json"))[0]
    assert look["state"] == "over" and look["copied"] == {"blobs": 1100, "bytes": 11000}


# ---- redrive ----


class Queues:
    """A queue of a function and its dead letters, at moto."""

    def __init__(self, store):
        self.client = boto3.client("sqs", endpoint_url=store.url, region_name=store.region,
                                   aws_access_key_id=store.access_key, aws_secret_access_key=store.secret_key)
        self.environment = {"AWS_ENDPOINT_URL_SQS": store.url}
        self.dead_name = f"{new_name()}-dlq"
        self.dead = self.client.create_queue(QueueName=self.dead_name)["QueueUrl"]
        attributes = self.client.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["QueueArn"])
        self.dead_arn = attributes["Attributes"]["QueueArn"]
        self.work = self.source(new_name())

    def source(self, name):
        policy = json.dumps({"deadLetterTargetArn": self.dead_arn, "maxReceiveCount": 5})
        return self.client.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]

    def put(self, *bodies):
        for body in bodies:
            self.client.send_message(QueueUrl=self.dead, MessageBody=body)

    def bodies(self, url):
        """Of all that can be received; they become visible again."""
        found = []
        while messages := self.client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += messages
        for message in found:
            self.client.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"],
                                                  VisibilityTimeout=0)
        return sorted(message["Body"] for message in found)


@pytest.fixture
def queues(exact_store):
    return Queues(exact_store)


def redrive(program, queues, target, *words, expect=0):
    return program.run("redrive", *words, target.url, *target.flags, expect=expect,
                       **(target.environment | queues.environment))


def test_dead_letters_go_back_by_why_they_failed(program, exact_bucket, queues):
    state = RunState(exact_bucket)
    state.end(record("busy", "failed", kind="throttled"))
    state.end(record("stale", "failed", kind="changed", status=412))
    passing, lasting, unknown = (batch(state.run, name) for name in ("busy", "stale", "lost"))
    queues.put(passing, lasting, unknown, "{}")

    dry = redrive(program, queues, exact_bucket, "-n", queues.dead_name)
    assert "Would send back 2 messages (1 throttled, 1 unknown). Left 2 (1 changed, 1 malformed)" in dry.out
    assert queues.bodies(queues.work) == [] and len(queues.bodies(queues.dead)) == 4

    finished = redrive(program, queues, exact_bucket, queues.dead_name)
    assert re.search(r"sent back +throttled +download +photos/busy", finished.out)
    assert re.search(r"left: changed +changed +download +photos/stale", finished.out)
    assert "Sent back 2 messages (1 throttled, 1 unknown)." in finished.out
    assert queues.bodies(queues.work) == sorted([passing, unknown])
    assert queues.bodies(queues.dead) == sorted([lasting, "{}"])  # visible at once

    events = redrive(program, queues, exact_bucket, "--json", "--class", "changed", queues.dead).events
    rows = {event["what"]: event["outcome"] for event in events if event["event"] == "row"}
    assert rows["photos/stale"] == "sent back"
    assert events[-1]["sent_back"] == {"changed": 1} and events[-1]["left"] == {"malformed": 1}
    assert queues.bodies(queues.dead) == ["{}"]


def test_a_batch_goes_back_for_any_of_its_blobs(program, exact_bucket, queues):
    state = RunState(exact_bucket)
    body = batch(state.run, "a", "b")
    state.records(digest(body), [record("a", "failed", kind="timed_out", status=0, code=""), record("b")])
    queues.put(body)
    finished = redrive(program, queues, exact_bucket, queues.dead_arn)
    assert re.search(r"sent back +timed_out +download +photos/a and 1 more", finished.out)


def test_a_listing_that_was_given_up_works_again(program, exact_bucket, queues):
    state = RunState(exact_bucket)
    body = listing(state.run, "2024/")
    state.plan(digest(body), to_copy=3, marker="m", error="403", error_kind="permission")
    queues.put(body)
    finished = redrive(program, queues, exact_bucket, queues.dead_name)
    assert re.search(r"sent back +permission +find-blobs +photos/2024/", finished.out)
    plan = state.read_plan(digest(body))
    assert plan["done"] is False and plan["marker"] == "m" and "error" not in plan
    assert plan["to_copy"]["blobs"] == 3


def test_many_dead_letters(program, exact_bucket, queues):
    state = RunState(exact_bucket)
    bodies = sorted(batch(state.run, f"{i}") for i in range(35))
    queues.put(*bodies)
    queues.put(*["no work"] * 25)
    finished = redrive(program, queues, exact_bucket, queues.dead_name)
    assert "Sent back 35 messages (35 unknown). Left 25 (25 malformed)" in finished.out
    assert queues.bodies(queues.work) == bodies and len(queues.bodies(queues.dead)) == 25


def test_where_they_came_from_must_be_clear(program, exact_bucket, queues):
    queues.put("no work")
    finished = redrive(program, queues, exact_bucket, queues.work.rsplit("/", 1)[1], expect=2)
    assert "no queue has it for its dead-letter queue" in finished.err and "--to QUEUE" in finished.err
    second = queues.source(new_name())
    finished = redrive(program, queues, exact_bucket, queues.dead_name, expect=2)
    assert "the dead-letter queue of 2 queues" in finished.err and second.rsplit("/", 1)[1] in finished.err
    redrive(program, queues, exact_bucket, queues.dead_name, "--to", second, "--class", "all")
    assert queues.bodies(second) == ["no work"] and queues.bodies(queues.work) == []
    redrive(program, queues, exact_bucket, "not-there", expect=3)


def test_what_ends_well_after_all_counts_as_copied(program, exact_bucket):
    """The record of the second try takes the first one's place: the run is whole again."""
    state = RunState(exact_bucket)
    state.begin()
    state.plan(to_copy=1)
    state.end(record("a", "failed", kind="unavailable"))
    status(program, exact_bucket, expect=1)
    state.end(record("a"))
    assert looks(status(program, exact_bucket, "--json"))[0]["copied"]["blobs"] == 1

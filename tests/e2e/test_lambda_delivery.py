"""The six functions where messages come twice, late and in any order, and where things fail."""

import json

import pytest
from azure.storage.blob import ContentSettings

from conftest import noise
from fakes import FakeContainer
from lambda_chain import STATE_PREFIX
from lambda_fixtures import IN_PARTS, WORKERS, assert_over, objects_of
from lambda_host import Faults, sns_event
from waiting import wait_until

MIB = 1 << 20


# ---- delivery: twice, late, in any order, cut off


def disturb(chain):
    for handler in WORKERS:
        chain.host[handler].faults = Faults(duplicate_every=2, late_every=5, late_seconds=2.5, shuffle=True)


def test_messages_that_come_twice_late_and_in_any_order_do_no_harm(make_chain, program, container, bucket):
    """No word about open uploads: versitygw keeps one whose part comes again while it is completed."""
    contents = {f"small/{number}": noise(1000, seed=number) for number in range(60)}
    contents |= {f"large/{number}": noise(11 * MIB, seed=number) for number in range(3)}
    container.put_many(contents)
    chain = make_chain(container, bucket, parameters=IN_PARTS, receives_max=10, visibility_seconds=2)
    disturb(chain)

    run = chain.run()

    assert chain.objects() == contents and not chain.dead()
    assert_over(chain.status(program, run), copied=63)


def test_nor_do_they_leave_an_upload_open(make_fake_chain, clouds):
    """Under a key of KMS a part that comes again has another ETag."""
    source, target = clouds.container(), clouds.bucket()
    source.put("large/{}", size=11 * MIB, count=6)
    chain = make_fake_chain(source, target, parameters=IN_PARTS | {"sse": "aws:kms", "kms_key_id": "key"},
                            receives_max=10, visibility_seconds=2)
    disturb(chain)

    run = chain.run()

    assert clouds.s3.get("uploads") == [] and not chain.dead()
    assert not [key for key in chain.ledger() if key.startswith("uploads/")]
    assert [record["outcome"] for record in chain.records(run)] == 6 * ["copied"]
    assert len(objects_of(clouds, target)) == 6


@pytest.mark.parametrize("times", [2, 7])
def test_a_part_that_is_replaced_while_its_upload_is_completed_fails_nothing(make_fake_chain, clouds, times):
    """As a second delivery does: the ETag that was listed is no longer the part's.

    Five times in a row, and the message comes again.
    """
    source, target = clouds.container(), clouds.bucket()
    source.put("large", size=11 * MIB)
    clouds.s3.fault("CompleteMultipartUpload", status=400, code="InvalidPart", times=times)
    chain = make_fake_chain(source, target, parameters=IN_PARTS, visibility_seconds=10)

    run = chain.run()

    assert [record["outcome"] for record in chain.records(run)] == ["copied"]
    assert clouds.s3.faults_fired == times
    assert objects_of(clouds, target) == source.checksums()
    assert clouds.s3.get("uploads") == [] and not chain.dead()


def test_a_part_that_comes_again_is_read_once(make_fake_chain, clouds):
    """Its upload was heard, and what came after it failed."""
    source, target = clouds.container(), clouds.bucket()
    source.put("large", size=11 * MIB)
    clouds.s3.fault("ListParts", times=3, status=403, code="AccessDenied")
    chain = make_fake_chain(source, target, parameters=IN_PARTS, visibility_seconds=2)

    run = chain.run()

    reads = [request for request in clouds.azure.log["requests"] if request["operation"] == "GetBlob"]
    assert len(reads) == 3
    assert chain.host["largefile-parter"].logged("part_found")
    assert [record["outcome"] for record in chain.records(run)] == ["copied"]
    assert objects_of(clouds, target) == source.checksums() and not chain.dead()


def test_what_comes_again_after_its_end_is_not_copied_again(make_chain, container, bucket):
    """As SNS may send it: the same message under another id, received for the first time."""
    contents = {"large": noise(11 * MIB), "small": b"x"}
    container.put_many(contents)
    chain = make_chain(container, bucket, parameters=IN_PARTS)
    chain.run()
    parts = len(chain.messages("largefile-parter"))
    recombined = len(chain.host["largefile-recombinator"].logged("recombined"))  # two parts may come last

    for handler in WORKERS[2:]:
        for message in chain.messages(handler):
            chain.stack.publish(handler, message)
    chain.host.wait_until_quiet()

    assert len(chain.host["largefile-initializer"].logged("done_before")) == 1
    assert len(chain.messages("largefile-parter")) == 2 * parts
    assert len(chain.host["largefile-parter"].logged("part_copied")) == parts
    assert len(chain.host["largefile-recombinator"].logged("recombined")) == recombined
    assert chain.objects() == contents and not bucket.uploads() and not chain.dead()


def test_parts_that_come_again_after_their_blob_has_failed_begin_no_new_copy(make_fake_chain, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("large", size=11 * MIB)
    clouds.s3.fault("UploadPart", target_contains="partNumber=1", times=0, status=400, code="InvalidRequest")
    chain = make_fake_chain(source, target, parameters=IN_PARTS)
    run = chain.run()
    parter = chain.host["largefile-parter"]

    for invocation in list(parter.invocations):
        for record in invocation.event["Records"]:
            record["attributes"]["ApproximateReceiveCount"] = "2"
        assert parter.invoke(invocation.event).json == {"batchItemFailures": []}
    chain.host.wait_until_quiet()

    assert [record["outcome"] for record in chain.records(run)] == ["failed"]
    assert len(chain.messages("largefile-initializer")) == 1 and clouds.s3.get("uploads") == []


@pytest.mark.parametrize("handler", WORKERS)
def test_a_function_that_dies_at_work_loses_nothing(make_chain, program, container, bucket, handler):
    """Killed at several moments: as it begins, in mid-batch, in mid-part."""
    contents = {f"small/{number}": noise(20_000, seed=number) for number in range(100)}
    contents |= {"large": noise(16 * MIB)}
    container.put_many(contents)
    chain = make_chain(container, bucket, parameters=IN_PARTS, receives_max=10, visibility_seconds=5)
    chain.host[handler].faults = Faults(kill_after_seconds=[0.0, 0.03, 0.15])

    run = chain.run()

    assert chain.objects() == contents
    assert not bucket.uploads() and not chain.dead()
    assert "exit" in [one.ended for one in chain.host[handler].invocations]
    assert_over(chain.status(program, run), copied=101)


def test_a_batch_that_runs_out_of_time_hands_its_rest_on(make_fake_chain, clouds):
    """300 blobs, a hundred a message, that take 100 ms each, two at a time, and functions of four seconds."""
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=10, count=300)
    clouds.azure.fault("GetBlob", times=0, delay=100)
    chain = make_fake_chain(source, target, parameters={"transfers": 2}, function_seconds=4,
                            visibility_seconds=8, batch_size=1)

    chain.run()

    assert objects_of(clouds, target) == source.checksums() and not chain.dead()
    assert "timeout" not in [one.ended for one in chain.host.invocations]
    assert len(chain.messages("download")) > 3, "no batch handed its rest on"


@pytest.mark.parametrize("levels", [0, 1])
def test_a_listing_that_runs_out_of_time_hands_its_rest_on(make_fake_chain, program, clouds, levels):
    """60 pages that take 200 ms each: in one row, or folder by folder side by side."""
    source, target = clouds.container(), clouds.bucket()
    for folder in "abcd":
        source.put(folder + "/{}", size=10, count=150)
    clouds.azure.post("options", list_rows_max=10)
    clouds.azure.fault("ListBlobs", times=0, delay=200)
    chain = make_fake_chain(source, target, parameters={"folder_levels": levels}, function_seconds=4,
                            visibility_seconds=8)

    run = chain.run()

    assert objects_of(clouds, target) == source.checksums() and not chain.dead()
    assert "timeout" not in [one.ended for one in chain.host.invocations]
    assert len(chain.messages("find-blobs")) > 1 + 4 * levels, "no listing handed its rest on"
    assert_over(chain.status(program, run), copied=600)


def test_a_listing_that_has_no_time_for_a_page_hands_it_on(make_fake_chain, program, clouds):
    """What it has decided is kept, so that is no failed attempt, however many pages take too long."""
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=10, count=30)
    clouds.azure.post("options", list_rows_max=10)
    clouds.azure.fault("ListBlobs", skip=1, delay=9000)
    chain = make_fake_chain(source, target, function_seconds=8, visibility_seconds=16, receives_max=1)

    run = chain.run()

    assert objects_of(clouds, target) == source.checksums() and not chain.dead()
    assert len(chain.messages("find-blobs")) == 2 and clouds.azure.faults_fired == 1
    assert_over(chain.status(program, run), copied=30)


def test_a_listing_without_time_for_a_page_comes_again(make_fake_chain, program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=10, count=5)
    clouds.azure.fault("ListBlobs", delay=2500)
    chain = make_fake_chain(source, target, function_seconds=4, visibility_seconds=4)

    run = chain.run()

    assert "there was no time to decide one page" in chain.host["find-blobs"].text
    assert objects_of(clouds, target) == source.checksums() and not chain.dead()
    assert_over(chain.status(program, run), copied=5)


def test_what_a_listing_had_sent_before_it_died_counts(make_fake_chain, program, clouds):
    """As where a function is killed in the midst of its page, and what it had sent is copied meanwhile."""
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=10, count=10)
    chain = make_fake_chain(source, target)
    chain.run()
    batch, = [json.loads(body) for body in chain.messages("download")]
    chain.host.pause("find-blobs")
    run = chain.launch()["run"]
    work, = json.loads(chain.ledger()[f"runs/{run}/run.json"])["works"]
    nothing = {"blobs": 0, "bytes": 0}
    plan = {"version": 1, "done": False, "marker": "", "found": nothing, "unchanged": nothing,
            "to_copy": nothing, "sending": {"blobs": 10, "bytes": 100}, "ended": 0, "chunks": 0, "next": []}
    target.put(f"{STATE_PREFIX}runs/{run}/plan/{work}.json", json.dumps(plan))
    chain.host.pause("find-blobs", False)
    chain.host.wait_until_quiet()

    status = chain.status(program, run)
    assert (status["planned"], status["unchanged"], status["over"]) == (10, 0, False)
    chain.stack.publish("download", json.dumps(batch | {"run": run}))
    chain.host.wait_until_quiet()
    assert_over(chain.status(program, run), copied=10)


def test_a_manifest_that_nobody_can_read_is_in_the_records(make_chain, program, container, bucket):
    container.put("large", noise(11 * MIB))
    chain = make_chain(container, bucket, parameters=IN_PARTS, receives_max=2, visibility_seconds=2)
    chain.host.pause("largefile-parter")
    run = chain.launch()["run"]
    wait_until(lambda: chain.host["largefile-initializer"].logged("parts_sent"), "the parts")
    manifest, = [key for key in chain.ledger() if key.startswith("uploads/")]
    bucket.put(STATE_PREFIX + manifest, b"{")
    chain.host.pause("largefile-parter", False)
    chain.host.wait_until_quiet()
    assert_over(chain.status(program, run), copied=0, failed=1)
    assert {record["error"]["kind"] for record in chain.records(run)} == {"corrupt"}
    assert list(chain.dead()) == ["largefile-parter"]


# ---- blobs that change meanwhile


def test_two_versions_are_never_stitched_into_one_object(make_fake_chain, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("large", size=26 * MIB, seed=1, change_after_reads=2, changed={"size": 26 * MIB, "seed": 2})
    chain = make_fake_chain(source, target, parameters=IN_PARTS)

    run = chain.run()

    assert objects_of(clouds, target) == source.checksums()
    assert clouds.s3.get("uploads") == [] and not chain.dead()
    assert [record["outcome"] for record in chain.records(run)] == ["copied"]


def test_a_large_blob_that_vanishes_leaves_no_upload_behind(make_fake_chain, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("large", size=21 * MIB, change_after_reads=2)
    chain = make_fake_chain(source, target, parameters=IN_PARTS)

    run = chain.run()

    assert objects_of(clouds, target) == {} and clouds.s3.get("uploads") == []
    record, = chain.records(run)
    assert "vanished" in record["error"]["message"] and not chain.dead()


# ---- what fails


def test_what_fails_for_good_fails_alone_and_once(make_fake_chain, program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("sound/{}", size=100, count=99)
    source.put("refused", "x")
    clouds.s3.fault("PutObject", target_contains="/refused", times=0, status=400, code="InvalidRequest")
    chain = make_fake_chain(source, target)

    run = chain.run()

    assert len(chain.objects()) == 99 and "refused" not in chain.objects()
    assert clouds.s3.faults_fired == 1 and not chain.dead()
    assert len(chain.messages("download")) == 1
    failed, = [record for record in chain.records(run) if record["outcome"] == "failed"]
    assert failed["source"] == "refused"
    assert_over(chain.status(program, run), copied=99, failed=1)


def test_a_container_that_is_not_there_is_told_at_once(make_fake_chain, program, clouds):
    chain = make_fake_chain(FakeContainer(clouds, "nowhere"), clouds.bucket())

    run = chain.run()

    status = chain.status(program, run)
    assert (status["over"], status["exit_code"]) == (True, 1)
    assert "ContainerNotFound" in status["listing_errors"][0]
    assert len(chain.host["find-blobs"].invocations) == 1 and not chain.dead()


def test_a_poisoned_blob_fails_alone(make_chain, program, container, bucket):
    """Its MD5 is wrong in Azure already. Nobody can know that at once: bytes go wrong on the way too."""
    container.put_many({f"sound/{number}": noise(100) for number in range(99)})
    container.put("rotten", b"x")
    container.blob("rotten").set_http_headers(ContentSettings(content_md5=bytearray(16)))
    chain = make_chain(container, bucket, visibility_seconds=8)

    run = chain.run()

    assert len(chain.objects()) == 99 and "rotten" not in chain.objects()
    failed, = [record for record in chain.records(run) if record["outcome"] == "failed"]
    assert (failed["source"], failed["error"]["kind"]) == ("rotten", "corrupt")
    assert_over(chain.status(program, run), copied=99, failed=1)


def test_blob_whose_login_is_refused_fails_alone(make_fake_chain, program, clouds):
    """One of a batch: the others are copied at the first delivery."""
    source, target = clouds.container(), clouds.bucket()
    source.put("sound/{}", size=100, count=60)
    source.put("refused", "x")
    clouds.azure.fault("GetBlob", target_contains="/refused", times=0, status=403,
                       code="AuthenticationFailed")
    chain = make_fake_chain(source, target, visibility_seconds=10, function_seconds=10)

    run = chain.run(seconds=300)

    assert all("sound" not in body for body in chain.dead()["download"])
    assert len(chain.objects()) == 60
    assert_over(chain.status(program, run), copied=60, failed=1)


def test_what_fails_for_a_passing_reason_is_tried_alone_then_dead_and_can_be_sent_back(
        make_fake_chain, program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("sound/{}", size=100, count=20)
    source.put("unlucky", "x")
    clouds.s3.fault("PutObject", target_contains="/unlucky", times=0, status=503, code="SlowDown")
    chain = make_fake_chain(source, target, visibility_seconds=10, function_seconds=10)

    run = chain.run(seconds=300)
    bodies = chain.dead()["download"]
    assert all("unlucky" in body and "sound" not in body for body in bodies)
    assert len(chain.objects()) == 20
    assert_over(chain.status(program, run), copied=20, failed=1)

    clouds.s3.heal()
    chain.redrive(program, "download", flags=["--class", "corrupt"])
    assert chain.dead()["download"] == bodies, "it is of another class"
    chain.redrive(program, "download", flags=["-n"])
    assert chain.dead()["download"] == bodies, "a dry run"
    chain.redrive(program, "download")
    chain.host.wait_until_quiet()
    assert chain.objects()["unlucky"] == b"x" and not chain.dead()
    assert_over(chain.status(program, run), copied=21)


def test_transient_failure_comes_again_before_its_time(make_fake_chain, clouds):
    """The queue would hide the message for ten minutes, as long as Lambda needs for work in flight."""
    source, target = clouds.container(), clouds.bucket()
    source.put("unlucky", "x")
    clouds.s3.fault("PutObject", target_contains="/unlucky", times=0, status=503, code="SlowDown")
    chain = make_fake_chain(source, target, function_seconds=6, visibility_seconds=600)
    chain.launch()
    download = chain.host["download"]
    wait_until(lambda: download.logged("comes_again_after"), "the function asks for the message again")
    clouds.s3.heal()

    chain.host.wait_until_quiet(60)

    assert chain.objects() == {"unlucky": b"x"} and not chain.dead()
    attributes = download.invocations[-1].event["Records"][0]["attributes"]
    assert attributes["ApproximateReceiveCount"] != "1"


def test_permanent_failure_keeps_its_time(make_fake_chain, clouds):
    """An operator has to grant the right first: five deliveries within minutes would be over before that."""
    source, target = clouds.container(), clouds.bucket()
    source.put("a", "x")
    clouds.azure.fault("ListBlobs", times=0, status=403, code="AuthorizationPermissionMismatch")
    chain = make_fake_chain(source, target, visibility_seconds=2)

    chain.run()

    find_blobs = chain.host["find-blobs"]
    assert list(chain.dead()) == ["find-blobs"] and len(find_blobs.logged("message_failed")) == 3
    assert not find_blobs.logged("comes_again_after")


@pytest.mark.parametrize("handler", WORKERS)
def test_messages_that_nobody_understands_are_named_and_dead(make_chain, container, bucket, handler):
    chain = make_chain(container, bucket, receives_max=1, visibility_seconds=2)
    bodies = ["no JSON", '{"v":1,"type":"unheard_of"}', '{"v":99,"type":"copy_batch"}']
    for body in bodies:
        chain.stack.publish(handler, body)
    chain.host.wait_until_quiet()
    assert sorted(chain.dead()[handler]) == sorted(bodies)
    assert {one.ended for one in chain.host[handler].invocations} == {"answered"}
    assert len(chain.host[handler].logged("message_failed")) == len(bodies)


def test_an_sns_event_does_the_work_too(make_chain, container, bucket):
    container.put("a", b"x")
    chain = make_chain(container, bucket)
    chain.run()
    work, = chain.messages("download")
    bucket.delete("a")

    invocation = chain.host.invoke_async("download", sns_event(work, chain.stack.topics["download"]))

    assert invocation.ended == "answered" and chain.objects() == {"a": b"x"}
    broken = chain.host.invoke_async("download", sns_event("no JSON", chain.stack.topics["download"]))
    assert broken.ended == "error"


def test_each_line_of_the_log_says_who_and_in_which_invocation(make_chain, container, bucket):
    container.put("a", b"x")
    chain = make_chain(container, bucket)
    run = chain.run()
    for handler in ("launch-qualification", "find-blobs", "download"):
        function = chain.host[handler]
        lines = [line for line in function.lines if "_aws" not in line]
        assert lines and all({"ts", "level", "event", "function"} <= set(line) for line in lines)
        ids = {one.request_id for one in function.invocations}
        assert {line["request_id"] for line in lines if line.get("request_id")} <= ids
        assert run in {line.get("run") for line in lines}
    metrics = [line for line in chain.host["download"].lines if "_aws" in line]
    assert sum(line.get("Copied", 0) for line in metrics) == 1
    assert json.dumps(metrics).count(run) == 0, "a run is no dimension"

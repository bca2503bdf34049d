"""Stop and go on: a stopped or killed copy is finished by the same command, part by part, without debris."""

import json
import signal
import time

import pytest

from conftest import noise
from fakes import objects
from waiting import wait_until

MIB = 1 << 20
IN_PARTS = ["--part-threshold", "5MiB", "--part-size", "5MiB"]
SLOWLY = [*IN_PARTS, "--threads", "1", "--transfers", "2", "--bwlimit", "20M"]
LONG_AGO = "2024-05-06T07:08:09Z"


def received(clouds):
    """(key, part) -> how often it came whole."""
    return {(row["key"], row["part"]): row["received"] for row in clouds.s3.get("parts")}


def stopped_after_parts(program, source, target, number, parts=3, flags=()):
    """Starts a copy, and ends it by a signal once so many parts have arrived."""
    running = program.start_copy(source, target, *SLOWLY, *flags)
    before = len(received(target.clouds))
    wait_until(lambda: len(received(target.clouds)) >= before + parts, f"{parts} parts")
    running.kill(number)
    return running.wait()


@pytest.fixture
def large(clouds):
    """A blob of twelve parts and a bit, and where it shall go."""
    source, target = clouds.container(), clouds.bucket()
    target.clouds = clouds
    source.put("large", size=12 * 5 * MIB + 7, seed=3, last_modified=LONG_AGO)
    return source, target


def assert_whole(program, clouds, source, target):
    assert objects(clouds, target) == source.checksums()
    assert clouds.s3.get("uploads") == []
    assert not program.manifests()


def test_a_killed_copy_is_gone_on_with_part_by_part(program, clouds, large):
    """rclone begins again: 1.8 times the data after 15 kills, and an open upload for each."""
    source, target = large
    assert stopped_after_parts(program, source, target, signal.SIGKILL).code == -signal.SIGKILL
    before = received(clouds)
    assert len(clouds.s3.get("uploads")) == 1 and len(program.manifests()) == 1

    finished = program.copy(source, target, *IN_PARTS)

    assert finished.record("large")["parts"] == 13
    assert_whole(program, clouds, source, target)
    assert all(received(clouds)[part] == 1 for part in before), "a part that had arrived was sent again"
    assert clouds.s3.count("CreateMultipartUpload") == 1
    assert finished.totals["azure_bytes_read"] < (13 - len(before)) * 5 * MIB + MIB


@pytest.mark.parametrize("parts, more_bytes", [(1_000, 0), (1_000, 1), (10_000, 0)])
def test_a_thousand_and_ten_thousand_parts(program, clouds, parts, more_bytes):
    """The sample reads one page of ListParts: blobs above 104.86 GB never end, parts are copied again."""
    source, target = clouds.container(), clouds.bucket()
    target.clouds = clouds
    clouds.s3.post("options", keep_bodies=False)
    size = parts * 5 * MIB + more_bytes
    source.put("many", size=size, seed=3, last_modified=LONG_AGO)
    stopped_after_parts(program, source, target, signal.SIGKILL, parts=1)
    all_parts = parts + (more_bytes > 0)
    missing = [parts // 2, all_parts]
    clouds.s3.post("parts", key="many", size=size, seed=3, part_bytes=5 * MIB, missing=missing)
    before = received(clouds)

    finished = program.copy(source, target, *IN_PARTS)

    assert finished.record("many")["parts"] == all_parts
    again = {part for (_, part), times in received(clouds).items() if times > before.get(("many", part), 0)}
    assert again <= set(missing)
    assert clouds.s3.count("ListParts") == -(-(all_parts - 2) // 1_000)
    assert_whole(program, clouds, source, target)


def test_above_ten_thousand_parts_the_parts_grow(program, clouds):
    """The sample's parts shrink to 2 bytes there."""
    source, target = clouds.container(), clouds.bucket()
    target.clouds = clouds
    clouds.s3.post("options", keep_bodies=False)
    size = 10_000 * 5 * MIB + 1
    source.put("many", size=size, seed=3, last_modified=LONG_AGO)
    stopped_after_parts(program, source, target, signal.SIGKILL, parts=1)
    part_bytes = json.loads(program.manifests()[0].read_text())["part_bytes"]
    assert part_bytes > 5 * MIB
    clouds.s3.post("parts", key="many", size=size, seed=3, part_bytes=part_bytes, missing=[2])

    finished = program.copy(source, target, *IN_PARTS)

    assert finished.record("many")["parts"] == -(-size // part_bytes) <= 10_000
    assert_whole(program, clouds, source, target)


def test_a_killed_copy_is_gone_on_with_at_versitygw(program, container, bucket):
    content = noise(40 * MIB)
    container.put("large", content)
    running = program.start_copy(container, bucket, *SLOWLY)
    wait_until(lambda: len(bucket.parts("large")) >= 3, "three parts")
    running.kill()
    running.wait()
    before = len(bucket.parts("large"))

    finished = program.copy(container, bucket, *IN_PARTS)

    assert bucket.read("large") == content
    assert bucket.uploads() == [] and not program.manifests()
    assert finished.totals["azure_bytes_read"] < 40 * MIB - before * 5 * MIB + MIB


def test_an_interrupt_finishes_cleanly_and_the_rest_follows(program, clouds, large):
    source, target = large
    source.put("small/{}", size=1000, count=50, last_modified=LONG_AGO)

    first = stopped_after_parts(program, source, target, signal.SIGINT)

    assert first.code == 130 and first.report["state"] == "interrupted"
    assert "again to go on" in first.out
    # What is under way at the signal is finished and counts: no part is lost.
    arrived = received(clouds)
    second = program.copy(source, target, *IN_PARTS)
    assert_whole(program, clouds, source, target)
    assert max(received(clouds).values()) == 1 and len(received(clouds)) == 13 > len(arrived)
    assert first.count("copied") + second.count("copied") == 51


def test_sigterm_is_an_interrupt_too(program, clouds, large):
    source, target = large
    assert stopped_after_parts(program, source, target, signal.SIGTERM).code == 130
    program.copy(source, target, *IN_PARTS)
    assert_whole(program, clouds, source, target)


def test_a_second_interrupt_ends_at_once(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("slow", size=MIB)
    clouds.azure.fault("GetBlob", hang=True)
    running = program.start_copy(source, target)
    wait_until(lambda: clouds.azure.faults_fired, "the read")
    running.kill(signal.SIGINT)
    time.sleep(0.5)
    assert running.is_running  # for what is under way
    started = time.monotonic()

    running.kill(signal.SIGINT)

    running.wait(expect=130)
    assert time.monotonic() - started < 2
    program.copy(source, target)
    assert_whole(program, clouds, source, target)


def test_an_interrupt_ends_the_waiting_for_a_busy_service(program, clouds):
    """A minute of Retry-After is no reason to ignore Ctrl-C for a minute."""
    source, target = clouds.container(), clouds.bucket()
    source.put("a", "x")
    clouds.s3.fault("PutObject", times=0, status=503, code="SlowDown", retry_after="30")
    running = program.start_copy(source, target)
    wait_until(lambda: clouds.s3.faults_fired, "a refusal")
    started = time.monotonic()

    running.kill(signal.SIGINT)

    running.wait(expect=130)
    assert time.monotonic() - started < 10


def test_an_interrupt_while_the_ends_are_reached(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    clouds.azure.fault("ListBlobs", hang=True)
    running = program.start_copy(source, target)
    wait_until(lambda: clouds.azure.faults_fired, "a request")
    running.kill(signal.SIGINT)
    running.wait(expect=130, timeout=10)


def test_a_blob_that_changed_since_the_kill_is_begun_anew(program, clouds, large):
    """Parts of the old version must not end up in the new object."""
    source, target = large
    stopped_after_parts(program, source, target, signal.SIGKILL)
    source.put("large", size=12 * 5 * MIB + 7, seed=4)

    program.copy(source, target, *IN_PARTS)

    assert_whole(program, clouds, source, target)


def test_another_part_size_begins_anew(program, clouds, large):
    source, target = large
    stopped_after_parts(program, source, target, signal.SIGKILL)

    program.copy(source, target, "--part-threshold", "5MiB", "--part-size", "8MiB")

    assert_whole(program, clouds, source, target)


@pytest.mark.parametrize("first, then", [(True, False), (False, True)])
def test_parts_that_nobody_proved_stay_unproved_after_a_kill(program, clouds, large, first, then):
    source, target = large
    clouds.azure.post("options", structured_bodies=first)
    stopped_after_parts(program, source, target, signal.SIGKILL)
    clouds.azure.post("options", structured_bodies=then)

    finished = program.copy(source, target, *IN_PARTS)

    assert finished.record("large")["verified"] == "none"
    assert_whole(program, clouds, source, target)


def test_an_upload_that_somebody_aborted_is_begun_anew(program, clouds, large):
    """A lifecycle rule does so after some days."""
    source, target = large
    stopped_after_parts(program, source, target, signal.SIGKILL)
    for upload in clouds.s3.get("uploads"):
        target.client.abort_multipart_upload(Bucket=target.name, Key=upload["key"], UploadId=upload["id"])

    program.copy(source, target, *IN_PARTS)

    assert_whole(program, clouds, source, target)


def test_the_upload_of_a_blob_that_is_gone_is_aborted_by_the_next_run(program, clouds, large):
    source, target = large
    stopped_after_parts(program, source, target, signal.SIGKILL)
    source.delete("large")

    program.copy(source, target, *IN_PARTS)

    assert_whole(program, clouds, source, target)


def test_a_run_of_another_container_leaves_the_upload_to_be_gone_on_with(program, clouds, large):
    """Both go to one bucket; the second knows nothing of the first one's blobs."""
    source, target = large
    stopped_after_parts(program, source, target, signal.SIGKILL)
    other = clouds.container("other")
    other.put("another", "x")

    program.copy(other, target, *IN_PARTS)

    assert len(clouds.s3.get("uploads")) == 1
    program.copy(source, target, *IN_PARTS)
    assert clouds.s3.count("CreateMultipartUpload") == 1 and max(received(clouds).values()) == 1


def test_parts_survive_a_second_run_that_fails_too(program, clouds, large):
    """Resumed and then cut off by a busy service, the upload must not be given up."""
    source, target = large
    stopped_after_parts(program, source, target, signal.SIGKILL)
    clouds.s3.fault("UploadPart", skip=2, times=0, status=503, code="SlowDown")
    program.copy(source, target, *SLOWLY, "--retries", "0", expect=1)
    clouds.s3.heal()
    before = received(clouds)

    program.copy(source, target, *IN_PARTS)

    assert_whole(program, clouds, source, target)
    assert clouds.s3.count("CreateMultipartUpload") == 1
    assert all(received(clouds)[part] == 1 for part in before)


def test_the_same_command_twice_at_a_time_harms_nothing(program, clouds, large):
    """A schedule starts the next run while the last is working: it must keep off its upload, and say so."""
    source, target = large
    source.put("small/{}", size=1000, count=50, last_modified=LONG_AGO)
    first = program.start_copy(source, target, *SLOWLY)
    wait_until(lambda: received(clouds), "a part")

    second = program.copy(source, target, *IN_PARTS, expect=1)

    assert second.records and second.record("large")["outcome"] == "failed"
    assert "is copying it at this moment" in second.record("large")["error"]["message"]
    first.wait(expect=0)  # whole, and nothing failed
    assert_whole(program, clouds, source, target)
    assert max(received(clouds).values()) == 1


# ---- cleanup


def test_cleanup_aborts_ours_and_nobody_elses(program, container, bucket):
    content = noise(30 * MIB)
    container.put("large", content)
    bucket.client.create_multipart_upload(Bucket=bucket.name, Key="somebody-elses")
    running = program.start_copy(container, bucket, *SLOWLY)
    wait_until(lambda: bucket.parts("large"), "a part")
    running.kill()
    running.wait()

    tried = program.cleanup(bucket, "--dry-run")
    assert "large" in tried.out and sorted(bucket.uploads()) == ["large", "somebody-elses"]
    program.cleanup(bucket)

    assert bucket.uploads() == ["somebody-elses"] and not program.manifests()
    assert "No open upload" in program.cleanup(bucket).out


def test_cleanup_of_a_prefix_leaves_others_alone(program, clouds, large):
    source, target = large
    for prefix in ("2024", "2024-old"):
        below = target.below(prefix)
        below.clouds = clouds
        stopped_after_parts(program, source, below, signal.SIGKILL)

    program.cleanup(target.below("2024"))

    assert [upload["key"] for upload in clouds.s3.get("uploads")] == ["2024-old/large"]


def test_cleanup_leaves_young_uploads_alone(program, clouds, large):
    source, target = large
    stopped_after_parts(program, source, target, signal.SIGKILL)

    program.cleanup(target, "--older-than", "1h")

    assert len(clouds.s3.get("uploads")) == 1 and len(program.manifests()) == 1


def test_cleanup_leaves_an_upload_alone_that_a_run_went_on_with(program, clouds, large):
    source, target = large
    stopped_after_parts(program, source, target, signal.SIGKILL)
    before = len(received(clouds))
    running = program.start_copy(source, target, *SLOWLY)
    wait_until(lambda: len(received(clouds)) > before, "a part of the second run")

    program.cleanup(target)

    assert running.wait(expect=0).record("large")["outcome"] == "copied"
    assert_whole(program, clouds, source, target)


def test_an_upload_whose_id_never_arrived_is_left(program, clouds, large):
    """Nothing tells it from another program's upload of that key; without a part it costs nothing."""
    source, target = large
    clouds.s3.fault("CreateMultipartUpload", hang=True, effect_happens=True)
    running = program.start_copy(source, target, *IN_PARTS)
    wait_until(lambda: clouds.s3.get("uploads"), "the upload")
    running.kill()
    running.wait()

    program.copy(source, target, *IN_PARTS)

    assert objects(clouds, target) == source.checksums() and not program.manifests()
    assert [upload["parts"] for upload in clouds.s3.get("uploads")] == [0]


def test_cleanup_forgets_an_upload_without_id(program, clouds, large):
    source, target = large
    clouds.s3.fault("CreateMultipartUpload", hang=True, effect_happens=True)
    running = program.start_copy(source, target, *IN_PARTS)
    wait_until(lambda: clouds.s3.get("uploads"), "the upload")
    running.kill()
    running.wait()

    tried = program.cleanup(target, "--dry-run")
    assert "its upload id never arrived" in tried.out and program.manifests()
    program.cleanup(target)

    assert not program.manifests() and len(clouds.s3.get("uploads")) == 1


@pytest.mark.parametrize("fault", [{"reset": True, "effect_happens": True},
                                   {"status": 500, "code": "InternalError"}])
def test_a_lost_reply_aborts_no_other_programs_upload(program, clouds, large, fault):
    source, target = large
    foreign = target.client.create_multipart_upload(Bucket=target.name, Key="large")["UploadId"]
    clouds.s3.fault("CreateMultipartUpload", **fault)

    program.copy(source, target, *IN_PARTS)

    assert objects(clouds, target) == source.checksums() and not program.manifests()
    assert foreign in [upload["id"] for upload in clouds.s3.get("uploads")]

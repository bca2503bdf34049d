"""One refusal is not the end: what is refused fails alone.

A run ends on evidence that nothing else can succeed.

The rules are in src/stages/breaker.hpp.
"""

import time

import pytest

from fakes import objects
from waiting import wait_until

DENIED = {"status": 403, "code": "AuthorizationPermissionMismatch", "times": 0}


@pytest.fixture
def job(clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("f{}", size=1000, count=100)
    return source, target


@pytest.mark.parametrize("side, operation, code", [
    ("azure", "GetBlob", "AuthenticationFailed"),
    ("azure", "ListBlobs", "AuthenticationFailed"),
    ("s3", "PutObject", "RequestTimeTooSkewed"),
    ("s3", "PutObject", "SignatureDoesNotMatch"),
    ("s3", "ListObjectsV2", "SignatureDoesNotMatch"),
])
def test_stray_refusal_is_signed_anew(program, clouds, job, side, operation, code):
    source, target = job
    getattr(clouds, side).fault(operation, status=403, code=code)
    program.copy(source, target)
    assert objects(clouds, target) == source.checksums()


@pytest.mark.parametrize("side, operation, code", [
    ("azure", "GetBlob", "AuthenticationFailed"),
    ("s3", "PutObject", "SignatureDoesNotMatch"),
    ("s3", "PutObject", "MalformedXML"),
])
def test_refused_blob_fails_alone(program, clouds, job, side, operation, code):
    source, target = job
    getattr(clouds, side).fault(operation, target_contains="f50", times=0, status=403, code=code)
    finished = program.copy(source, target, expect=1)
    assert finished.count("failed") == 1 and finished.record("f50")["error"]["code"] == code
    assert len(objects(clouds, target)) == 99


@pytest.mark.parametrize("status, code", [
    (403, "AuthorizationPermissionMismatch"),
    (404, "ContainerNotFound"),
    (409, "ContainerBeingDeleted"),
])
def test_refused_container_fails_alone(program, clouds, status, code):
    for name in ("a-fine", "b-refused", "c-fine"):
        clouds.container(name).put("f{}", size=1000, count=30)
    target = clouds.bucket()
    clouds.azure.fault("ListBlobs", target_contains="b-refused", status=status, code=code, times=0)

    finished = program.copy(clouds.whole_account, target, expect=1)

    assert len(objects(clouds, target)) == 60
    assert finished.report["not_listed"][0]["container"] == "b-refused"
    assert "b-refused" in finished.out and code in finished.out
    checked = program.check(clouds.whole_account, target, expect=1)
    assert "b-refused/" in checked.out


def test_account_without_readable_containers_ends_with_error(program, clouds):
    for name in ("a", "b"):
        clouds.container(name).put("f", size=10)
    clouds.azure.fault("ListBlobs", **DENIED)
    program.copy(clouds.whole_account, clouds.bucket(), expect=4)


def test_unreadable_folder_hides_nothing(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("a-private/f{}", size=1000, count=60)
    source.put("b-public/f{}", size=1000, count=40)
    clouds.azure.fault("GetBlob", target_contains="a-private", delay=30, **DENIED)
    finished = program.copy(source, target, "--transfers", "4", expect=1)
    assert finished.count("failed") == 60 and len(objects(clouds, target)) == 40


def test_run_without_any_success_ends_with_its_reason(program, clouds, job):
    source, target = job
    clouds.azure.fault("GetBlob", **DENIED)
    finished = program.copy(source, target, expect=4)
    assert "no blob could be read" in finished.err and "Storage Blob Data Reader" in finished.err


@pytest.mark.parametrize("status, code", [(403, "QuotaExceeded"), (507, "XMinioStorageFull")])
def test_full_bucket_stops_reading_the_source(program, clouds, status, code):
    source, target = clouds.container(), clouds.bucket()
    source.put("f{}", size=1000, count=1000)
    clouds.s3.fault("PutObject", skip=100, times=0, status=status, code=code)
    finished = program.copy(source, target, expect=5)
    assert clouds.azure.count("GetBlob") < 400
    assert "no more can be stored" in finished.err


@pytest.mark.parametrize("side, operation, fault", [
    ("s3", "PutObject", {"status": 503, "code": "SlowDown"}),
    ("azure", "GetBlob", {"reset": True}),
    ("azure", "ListBlobs", {"status": 503, "code": "ServerBusy"}),
])
def test_outage_of_seconds_loses_nothing(program, clouds, job, side, operation, fault):
    """Longer than eight attempts with pauses of tenths of a second last."""
    source, target = job
    cloud = getattr(clouds, side)
    skip = 1 if operation == "ListBlobs" else 10  # the first look at the source succeeds
    cloud.fault(operation, skip=skip, times=0, **fault)
    running = program.start_copy(source, target)
    wait_until(lambda: cloud.faults_fired, "the outage")
    ends = time.monotonic() + 10
    wait_until(lambda: time.monotonic() > ends, "its end")
    cloud.heal()
    running.wait(expect=0)
    assert objects(clouds, target) == source.checksums()


def test_failing_put_does_not_read_again(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("x", size=200_000)
    clouds.s3.fault("PutObject", times=5, status=500, code="InternalError")
    program.copy(source, target)
    assert clouds.azure.count("GetBlob") == 1 and clouds.s3.count("PutObject") == 6


def test_newer_version_is_copied_after_a_failed_put(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("x", "old text")
    clouds.s3.fault("PutObject", times=0, status=503, code="SlowDown")
    running = program.start_copy(source, target)
    wait_until(lambda: clouds.s3.count("PutObject") > 0, "a failed PUT")
    source.put("x", "new text")
    clouds.s3.heal()
    running.wait(expect=0)
    assert objects(clouds, target) == source.checksums()


def test_retries_flag_is_a_ceiling(program, clouds, job):
    source, target = job
    clouds.s3.fault("PutObject", target_contains="f50", times=0, status=503, code="SlowDown")
    finished = program.copy(source, target, "--retries", "2", expect=1)
    assert finished.record("f50")["attempts"] == 3


def test_interrupt_ends_the_wait_for_a_service(program, clouds, job):
    source, target = job
    clouds.s3.fault("PutObject", times=0, status=503, code="SlowDown")
    running = program.start_copy(source, target)
    wait_until(lambda: clouds.s3.count("PutObject") > 8, "an outage")
    running.kill(2)
    running.wait(expect=130, timeout=10)

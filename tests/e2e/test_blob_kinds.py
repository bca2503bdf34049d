"""Blobs that are not simply there: each has its own outcome, and the run goes on."""

import pytest
from azure.storage.blob import BlobLeaseClient, StandardBlobTier

from conftest import noise
from fakes import objects
from waiting import wait_until

IN_PARTS = ["--part-threshold", "5MiB", "--part-size", "5MiB"]


def test_an_archived_blob_is_skipped_and_the_exit_code_says_so(program, container, bucket):
    container.put_many({"archived": b"offline", "online": b"here"})
    container.blob("archived").set_standard_blob_tier(StandardBlobTier.ARCHIVE)

    finished = program.copy(container, bucket, expect=9)

    assert bucket.read_all() == {"online": b"here"}
    record = finished.record("archived")
    assert record["outcome"] == "skipped" and "rehydrate" in record["reason"]
    assert "archived" in finished.out


def test_a_blob_that_is_being_rehydrated_is_skipped(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("on-its-way", "x", tier="Archive", archive_status="rehydrate-pending-to-hot")

    finished = program.copy(source, target, expect=9)

    assert "rehydrating" in finished.record("on-its-way")["reason"]


def test_a_blob_that_is_archived_after_it_was_listed_is_skipped(program, clouds):
    """Its reply is 409 BlobArchived: neither a failure of ours nor worth a retry."""
    source, target = clouds.container(), clouds.bucket()
    source.put("a", "x")
    clouds.azure.fault("GetBlob", times=0, status=409, code="BlobArchived")

    finished = program.copy(source, target, expect=9)

    assert finished.record("a")["outcome"] == "skipped"
    assert clouds.azure.count("GetBlob") == 1


def test_a_leased_blob_is_copied(program, container, bucket):
    """A lease forbids writing, not reading: running machines lease their disks."""
    container.put("disk", noise(1000))
    BlobLeaseClient(container.blob("disk")).acquire(-1)

    program.copy(container, bucket)

    assert bucket.read_all() == {"disk": noise(1000)}


def check_folders(program, source, bucket, folders):
    """They count apart: no record, no skip, exit code 0, and check finds both sides equal."""
    finished = program.copy(source, bucket)
    assert finished.totals["folders"] == folders
    assert finished.totals["found"]["blobs"] == len(finished.records) == 1
    assert finished.count("skipped") == finished.count("failed") == 0
    program.check(source, bucket)
    assert program.copy(source, bucket).totals["folders"] == folders


def test_folders_of_a_hierarchical_account_count_apart(program, clouds):
    """With a hierarchical namespace folders are rows too; as objects they would stand in a path's way."""
    source, target = clouds.container(), clouds.bucket()
    source.put("folder", "", directory=True, metadata={"hdi_isfolder": "true"})
    source.put("folder/file", "bytes")

    check_folders(program, source, target, 1)

    assert target.read_all() == {"folder/file": b"bytes"}


def test_folder_stubs_of_older_tools_are_known_by_metadata(program, container, exact_bucket):
    container.put("folder", b"", metadata={"hdi_isfolder": "true"})
    container.put("folder/file", b"bytes")

    check_folders(program, container, exact_bucket, 1)

    assert exact_bucket.read_all() == {"folder/file": b"bytes"}


@pytest.mark.parametrize("prefix", ["photos", "photos/"])
def test_marker_of_the_copied_folder_counts_apart(program, clouds, prefix):
    """An empty blob "photos/", as consoles and tools make for a folder; at the destination as well."""
    source, target = clouds.container(), clouds.bucket()
    source.put("photos/", "")
    source.put("photos/a.jpg", "1")
    target.put("2024/", b"")

    check_folders(program, source.below(prefix), target.below("2024"), 1)

    assert target.read_all() == {"2024/": b"", "2024/a.jpg": b"1"}


def test_copied_prefix_that_is_a_folder_row_counts_apart(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("a/dir", "", directory=True)
    source.put("a/dir/file", "bytes")

    check_folders(program, source.below("a/dir"), target, 1)

    assert target.read_all() == {"file": b"bytes"}


def test_empty_blob_with_a_slash_at_its_end_is_copied(program, clouds):
    """Without a folder's mark, and below the copied prefix, it is data."""
    source, target = clouds.container(), clouds.bucket()
    source.put("photos/", "")

    finished = program.copy(source, target)

    assert finished.totals["folders"] == 0 and target.keys() == ["photos/"]


def test_a_small_blob_that_changes_after_it_was_listed_arrives_in_its_new_version(program, clouds):
    """The read is pinned to the listed ETag, and is refused: the blob is looked at again."""
    source, target = clouds.container(), clouds.bucket()
    source.put("a", "old version")
    clouds.azure.fault("GetBlob", status=503, code="ServerBusy", retry_after="1")
    running = program.start_copy(source, target)
    wait_until(lambda: clouds.azure.faults_fired, "the first read")
    source.put("a", "the new version")

    finished = running.wait(expect=0)

    assert target.read("a") == b"the new version"
    assert finished.record("a")["etag"] == source.rows()[0]["etag"]
    reads = [request for request in clouds.azure.log["requests"] if request["operation"] == "GetBlob"]
    assert [request["status"] for request in reads] == [503, 412, 200]


def test_two_versions_are_never_stitched_into_one_object(program, clouds):
    """The sample reads ranges without If-Match: a blob that is overwritten half-way becomes a mix."""
    source, target = clouds.container(), clouds.bucket()
    source.put("large", size=26 << 20, seed=1, change_after_reads=2, changed={"size": 26 << 20, "seed": 2})

    finished = program.copy(source, target, *IN_PARTS, "--transfers", "2")

    assert finished.record("large")["outcome"] == "copied"
    assert objects(clouds, target) == source.checksums()
    assert clouds.s3.get("uploads") == [] and not program.manifests()


def test_a_blob_that_changes_again_and_again_is_reported(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("busy", "x")
    source.put("calm", "x")
    clouds.azure.fault("GetBlob", target_contains="busy", times=0, status=412, code="ConditionNotMet")

    finished = program.copy(source, target, expect=1)

    assert finished.record("busy")["error"]["kind"] == "changed"
    assert set(objects(clouds, target)) == {"calm"}


def test_a_blob_that_vanishes_in_mid_run_is_reported_and_the_run_goes_on(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=10, count=20)
    source.put("ghost", "x")
    clouds.azure.fault("GetBlob", target_contains="ghost", times=0, status=404, code="BlobNotFound")

    finished = program.copy(source, target, expect=1)

    assert finished.count("copied") == 20
    assert "vanished" in finished.record("ghost")["error"]["message"]


def test_an_unreadable_blob_does_not_stop_the_others(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=10, count=20)
    for status, code in ((403, "AuthorizationPermissionMismatch"), (409, "SnapshotsPresent"),
                         (416, "InvalidRange"), (400, "InvalidInput")):
        source.put(f"bad-{status}", "x")
        clouds.azure.fault("GetBlob", target_contains=f"bad-{status}", times=0, status=status, code=code)

    finished = program.copy(source, target, expect=1)

    assert (finished.count("copied"), finished.count("failed")) == (20, 4)
    kinds = {record["source"]: record["error"]["kind"] for record in finished.records if "error" in record}
    assert kinds == {"bad-403": "permission", "bad-409": "conflict", "bad-416": "changed",
                     "bad-400": "unsupported"}


def test_a_large_blob_that_vanishes_leaves_no_upload_behind(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("large", size=21 << 20, change_after_reads=2)

    finished = program.copy(source, target, *IN_PARTS, "--transfers", "1", expect=1)

    assert "vanished" in finished.record("large")["error"]["message"]
    assert clouds.s3.get("uploads") == [] and not program.manifests()
    assert objects(clouds, target) == {}

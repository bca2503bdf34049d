"""What a second run finds unchanged, and what it must copy again."""

from conftest import noise
from fakes import objects

LONG_AGO = "2024-05-06T07:08:09Z"
LONGER_AGO = "2023-05-06T07:08:09Z"


def outcomes(finished):
    return {record["source"]: record["outcome"] for record in finished.records}


def test_an_unchanged_container_costs_listings_only(program, clouds):
    """A request per object makes a second run as slow as the first."""
    source, target = clouds.container(), clouds.bucket()
    source.put("small/{}", size=100, count=300, last_modified=LONG_AGO)
    source.put("large", size=12 << 20, last_modified=LONG_AGO)
    program.copy(source, target, "--part-threshold", "5MiB", "--part-size", "5MiB")
    clouds.azure.forget()
    clouds.s3.forget()

    second = program.copy(source, target)

    assert second.count("unchanged") == 301
    assert set(clouds.azure.log["operations"]) == {"ListBlobs"}
    assert set(clouds.s3.log["operations"]) == {"ListObjectsV2"}


def test_an_overwritten_blob_is_copied_again_though_its_size_is_the_same(program, container, bucket):
    """The sample compares times with > at steps of a second, and loses what the same second wrote."""
    container.put_many({"changed": b"version 1", "same": b"version 1"})
    program.copy(container, bucket)
    container.put("changed", b"version 2")

    second = program.copy(container, bucket)

    assert bucket.read_all() == {"changed": b"version 2", "same": b"version 1"}
    assert outcomes(second) == {"changed": "copied", "same": "unchanged"}


def test_a_changed_destination_is_mended(program, container, bucket):
    contents = {name: name.encode() * 10 for name in ("deleted", "resized", "replaced", "kept")}
    container.put_many(contents)
    program.copy(container, bucket)
    bucket.delete("deleted")
    bucket.put("resized", b"short")
    bucket.put("replaced", b"x" * len(contents["replaced"]))

    second = program.copy(container, bucket)

    assert bucket.read_all() == contents
    assert outcomes(second) == {"deleted": "copied", "resized": "copied", "replaced": "copied",
                                "kept": "unchanged"}


def test_checksum_finds_a_blob_that_was_replaced_by_an_older_one(program, clouds):
    """A restored backup has the same size and an old time: only its ETag tells."""
    source, target = clouds.container(), clouds.bucket()
    source.put("a", "version 2", last_modified=LONG_AGO)
    source.put("b", "unchanged", last_modified=LONG_AGO)
    program.copy(source, target)
    source.put("a", "version 1", last_modified=LONGER_AGO)

    second = program.copy(source, target)
    assert outcomes(second) == {"a": "unchanged", "b": "unchanged"}
    assert "--checksum" in second.out
    assert "--checksum" in program.check(source, target, expect=1).out
    assert outcomes(program.copy(source, target, "--checksum")) == {"a": "copied", "b": "unchanged"}
    assert target.read("a") == b"version 1"


def test_size_only_trusts_the_size(program, container, bucket):
    container.put_many({"same-size": b"old", "other-size": b"old"})
    program.copy(container, bucket)
    container.put_many({"same-size": b"new", "other-size": b"newer"})

    program.copy(container, bucket, "--size-only")

    assert bucket.read_all() == {"same-size": b"old", "other-size": b"newer"}


def test_ignore_existing_leaves_every_object_as_it_is(program, container, bucket):
    container.put_many({"there": b"from Azure", "new": b"from Azure"})
    bucket.put("there", b"somebody's own")

    program.copy(container, bucket, "--ignore-existing")

    assert bucket.read_all() == {"there": b"somebody's own", "new": b"from Azure"}


def test_a_dry_run_writes_nothing_anywhere(program, container, bucket):
    container.put_many({"a": b"1", "b": b"22", "large": noise(6 << 20)})

    finished = program.copy(container, bucket, "--dry-run", "--part-threshold", "5MiB", "--part-size", "5MiB")

    assert bucket.keys() == [] and bucket.uploads() == []
    assert not program.run_folders() and not program.manifests()
    assert "Would copy 3 blobs" in finished.out and "large" in finished.out


def test_a_failed_blob_is_copied_by_the_next_run(program, clouds):
    """The sample moves begindate before the copies are done: what failed is skipped for ever."""
    source, target = clouds.container(), clouds.bucket()
    source.put("unlucky", "bytes", last_modified=LONG_AGO)
    source.put("lucky", "bytes", last_modified=LONG_AGO)
    clouds.s3.fault("PutObject", target_contains="unlucky", times=0, status=403, code="AccessDenied")
    first = program.copy(source, target, expect=1)
    assert outcomes(first) == {"unlucky": "failed", "lucky": "copied"}
    clouds.s3.heal()

    second = program.copy(source, target)

    assert outcomes(second) == {"unlucky": "copied", "lucky": "unchanged"}
    assert objects(clouds, target) == source.checksums()

"""check says truly what is equal, and what is not. Nothing is written."""

import pytest

from conftest import noise

PART = 5 << 20


@pytest.fixture
def both(program, container, bucket):
    """Three blobs, copied; one of them in parts."""
    container.put_many({"a": b"same", "b": b"will differ", "large": noise(PART + 1)})
    program.copy(container, bucket, "--part-threshold", "5MiB", "--part-size", "5MiB")
    return container, bucket


def rows(finished):
    """Of --combined: name -> mark."""
    return {line[2:]: line[0] for line in finished.out.splitlines()}


def test_combined_marks_every_name(program, both):
    container, bucket = both
    container.put("b", b"was changed")  # the size stays
    container.put_many({"longer": b"12345", "new": b"not copied yet"})
    bucket.put("longer", b"123")
    bucket.put("only-there", b"x")

    finished = program.check(container, bucket, "--combined", expect=1)

    assert rows(finished) == {"a": "=", "b": "*", "large": "=", "longer": "*", "new": "+", "only-there": "-"}


def test_equal_sides_give_exit_code_0_and_counts(program, both):
    finished = program.check(*both)
    assert finished.out.startswith("3 equal")
    assert "0 missing at the destination, 0 different, 0 only at the destination" in finished.out


def test_one_way_passes_over_what_is_only_at_the_destination(program, both):
    container, bucket = both
    bucket.put("only-there", b"x")
    program.check(container, bucket, expect=1)
    finished = program.check(container, bucket, "--one-way", "--combined")
    assert rows(finished) == {"a": "=", "b": "=", "large": "="}


def test_deep_finds_a_corrupted_object_of_equal_size(program, both):
    """Size, time and recorded ETag are right; only the bytes are not."""
    container, bucket = both
    rotten = bytearray(noise(PART + 1))
    rotten[PART // 2] ^= 1
    bucket.put("large", bytes(rotten), Metadata=bucket.head("large")["Metadata"])

    finished = program.check(container, bucket, "--deep", "--combined", expect=1)

    assert rows(finished) == {"a": "=", "b": "=", "large": "*"}


def test_deep_on_equal_sides(program, both):
    assert "3 by reading both sides" in program.check(*both, "--deep").out


def test_objects_of_another_tool_are_compared_by_size_and_time(program, container, bucket):
    container.put("a", b"1234")
    bucket.put("a", b"1234")
    assert "1 by size and time" in program.check(container, bucket).out


def test_filters_hold_for_both_sides(program, both):
    """What --exclude leaves out of the job is no difference."""
    container, bucket = both
    bucket.put("cache/of-somebody", b"x")
    container.put("new.tmp", b"x")
    finished = program.check(container, bucket, "--combined", "--exclude", "cache/**", "--exclude", "*.tmp")
    assert rows(finished) == {"a": "=", "b": "=", "large": "="}


def test_a_side_that_is_not_there_is_no_difference_but_an_error(program, both):
    container, bucket = both
    program.check(container, type(bucket)(bucket.store, "not-there"), expect=3)


def test_an_unreadable_listing_is_never_called_equal(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=3, count=30)
    program.copy(source, target)
    clouds.s3.fault("ListObjectsV2", skip=1, times=0, status=500, code="InternalError")
    finished = program.check(source, target, "--retries", "0", expect=5)
    assert "equal" not in finished.out


def test_nothing_is_written(program, both):
    container, bucket = both
    container.put("new", b"x")
    before = bucket.rows(), program.run_folders()
    program.check(container, bucket, "--deep", expect=1)
    assert (bucket.rows(), program.run_folders()) == before

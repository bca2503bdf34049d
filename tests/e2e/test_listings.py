"""More rows than a page holds, on both sides; pages that are short, empty, or not what they should be."""

import concurrent.futures

from azure.storage.blob import StandardBlobTier

from conftest import noise
from fakes import objects
from waiting import wait_until

LONG_AGO = "2024-05-06T07:08:09Z"


def test_more_rows_than_a_page_on_both_sides(program, clouds):
    """Above 1,000 (S3) and 5,000 (Azure) rows the first page alone would call the rest missing or new."""
    source, target = clouds.container(), clouds.bucket()
    source.put("blob-{}", size=10, count=11_111, last_modified=LONG_AGO)

    first = program.copy(source, target)
    assert first.count("copied") == 11_111
    assert objects(clouds, target) == source.checksums()

    second = program.copy(source, target)
    assert (second.count("copied"), second.count("unchanged")) == (0, 11_111)
    assert program.check(source, target).out.startswith("11,111 equal")


def test_more_rows_than_a_page_on_the_real_servers(program, container, bucket):
    names = [f"{i % 7}/{i:05}" for i in range(1_100)]
    container.put_many({name: name.encode() for name in names})

    assert program.copy(container, bucket).count("copied") == 1_100
    assert sorted(bucket.keys()) == sorted(names)
    assert program.copy(container, bucket).count("unchanged") == 1_100


def test_objects_that_are_only_at_the_destination_hide_nothing(program, clouds):
    """Keys before, between and behind those of the source, more than a page of them."""
    source, target = clouds.container(), clouds.bucket()
    for name in ("a", "m", "z"):
        source.put(name, name, last_modified=LONG_AGO)
    program.copy(source, target)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        others = [f"{letter}{i:04}" for letter in "Abn~" for i in range(600)]
        list(pool.map(lambda key: target.put(key, b"not ours"), others))
    clouds.s3.post("options", list_rows_max=100)
    clouds.s3.forget()

    assert program.copy(source, target).count("unchanged") == 3
    assert clouds.s3.count("ListObjectsV2") <= 4
    finished = program.check(source, target, expect=1)
    assert finished.out.startswith("3 equal") and "2,400 only at the destination" in finished.out


def test_copying_starts_with_the_first_page(program, clouds):
    """Listing a hundred million blobs takes hours: nobody should wait for its end."""
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=10, count=50)
    clouds.azure.post("options", list_rows_max=10)
    clouds.azure.fault("ListBlobs", skip=3, hang=True)  # one look at the source, and two pages

    running = program.start_copy(source, target, "--timeout", "5s")
    wait_until(lambda: clouds.s3.count("PutObject") >= 10, "copies of the first page")

    assert clouds.azure.count("ListBlobs") <= 4, "the listing went on before anything was copied"
    assert running.wait(expect=0).count("copied") == 50


def test_short_and_empty_pages_lose_nothing(program, clouds):
    """A page may be empty and still have a marker; taken for the end, the rest is never copied."""
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=5, count=100)
    clouds.azure.post("options", list_page_pattern=[0, 1, 0, 0, 7, 30])
    clouds.s3.post("options", list_rows_max=9)

    assert program.copy(source, target).count("copied") == 100
    assert objects(clouds, target) == source.checksums()
    assert program.copy(source, target).count("unchanged") == 100


def test_a_truncated_listing_of_the_source_is_not_taken_for_its_end(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=5, count=50)
    # The first is the look at both ends before the run.
    clouds.azure.fault("ListBlobs", skip=1, times=0, shorten_to=3000)

    finished = program.copy(source, target, "--retries", "1", expect=None)

    assert finished.code not in (0, 9)
    assert finished.report["state"] == "failed"


def test_a_listing_that_was_truncated_once_is_asked_for_again(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=5, count=50)
    clouds.azure.fault("ListBlobs", skip=1, shorten_to=3000)
    clouds.s3.fault("ListObjectsV2", skip=1, shorten_to=100)

    assert program.copy(source, target).count("copied") == 50


def test_a_failing_listing_of_the_destination_copies_nothing(program, clouds):
    """Taken for empty, everything would be copied again; with deletions, everything would go."""
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", size=5, count=50, last_modified=LONG_AGO)
    program.copy(source, target)
    clouds.s3.forget()
    clouds.s3.fault("ListObjectsV2", skip=1, times=0, status=500, code="InternalError")

    program.copy(source, target, "--retries", "1", expect=5)

    assert clouds.s3.count("PutObject") == 0


def test_memory_does_not_grow_with_the_number_of_blobs(program, clouds):
    """A hundred thousand names would take some 20 MB if they were kept."""
    source, target = clouds.container(), clouds.bucket()
    source.put("a-name-that-is-neither-short-nor-very-long-but-common/blob-{}", size=0, count=100_000)

    few = program.peak_memory_kib(source, target, "--dry-run", "--include", "blob-??")
    many = program.peak_memory_kib(source, target, "--dry-run")

    assert many - few < 8 * 1024


def test_contents_of_a_listing_with_every_attribute(program, container, bucket):
    """Rows with metadata, tiers and snapshots beside plain ones."""
    container.put("hot", noise(10), standard_blob_tier=StandardBlobTier.HOT, metadata={"a": "b"})
    container.put("cool", noise(10), standard_blob_tier=StandardBlobTier.COOL)
    container.blob("hot").create_snapshot()
    container.put("hot", noise(11), metadata={"a": "c"})

    assert program.copy(container, bucket).count("copied") == 2
    assert bucket.read_all() == {"hot": noise(11), "cool": noise(10)}

"""Bytes, headers, metadata and checksums arrive as they are, at every size."""

import gzip

from azure.storage.blob import BlobType, ContentSettings

from conftest import noise
from crc64nvme import crc64nvme

KIB, MIB = 1024, 1024 * 1024
# Around: nothing, what the sample lost (up to 4,096), a ring, a body that is read whole.
SMALL_SIZES = [0, 1, 4095, 4096, 4097, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 256 * KIB - 1, 256 * KIB,
               256 * KIB + 1]
IN_PARTS = ["--part-threshold", "5MiB", "--part-size", "5MiB"]


def test_small_blobs_of_every_size_arrive_byte_for_byte(program, container, bucket):
    """The sample uploads before it flushes: blobs up to 4,096 bytes arrive as empty objects."""
    contents = {f"{size}.bin": noise(size, seed=size) for size in SMALL_SIZES}
    container.put_many(contents)

    finished = program.copy(container, bucket)

    assert bucket.read_all() == contents
    for name, content in contents.items():
        record = finished.record(name)
        assert (record["outcome"], record["bytes"]) == ("copied", len(content))
        assert record["crc64nvme"] == crc64nvme(content) == bucket.head(name)["ChecksumCRC64NVME"]


def test_blobs_around_the_part_threshold_take_the_right_way(program, container, bucket):
    contents = {f"{size}.bin": noise(size, seed=size)
                for size in (5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 10 * MIB + 1)}
    container.put_many(contents)

    finished = program.copy(container, bucket, *IN_PARTS)

    assert bucket.read_all() == contents
    parts = {record["source"]: record.get("parts", 0) for record in finished.records}
    assert list(parts[name] for name in contents) == [0, 0, 2, 2, 3]
    assert not bucket.uploads() and not program.manifests()


def test_a_large_blob_arrives_in_parts_with_the_checksum_of_the_whole(program, container, bucket):
    """Parts out of order, or one twice, would show in bytes and in the combined checksum."""
    content = noise(33 * MIB + 7)
    container.put("large.bin", content)

    finished = program.copy(container, bucket, *IN_PARTS)

    assert bucket.read("large.bin") == content
    head = bucket.head("large.bin")
    assert head["ChecksumType"] == "FULL_OBJECT"
    assert head["ChecksumCRC64NVME"] == finished.record("large.bin")["crc64nvme"] == crc64nvme(content)


def test_headers_and_metadata_arrive_with_small_and_with_large_blobs(program, container, bucket):
    """The sample reads and drops them: objects arrive as binary/octet-stream."""
    settings = ContentSettings(content_type="text/csv; charset=utf-8", content_encoding="br",
                               content_language="de-CH, en",
                               content_disposition='attachment; filename="a b.csv"',
                               cache_control="public, max-age=31536000")
    metadata = {"owner": "somebody", "Case_Kept": "a value, with = and spaces"}
    contents = {"small.csv": noise(100), "large.csv": noise(6 * MIB)}
    for name, content in contents.items():
        container.put(name, content, content_settings=settings, metadata=metadata)

    program.copy(container, bucket, *IN_PARTS)

    for name in contents:
        head = bucket.head(name)
        assert head["ContentType"] == settings.content_type
        assert head["ContentEncoding"] == settings.content_encoding
        assert head["ContentLanguage"] == settings.content_language
        assert head["ContentDisposition"] == settings.content_disposition
        assert head["CacheControl"] == settings.cache_control
        arrived = {key.lower(): value for key, value in head["Metadata"].items()}
        assert arrived.items() >= {key.lower(): value for key, value in metadata.items()}.items()


def test_the_source_version_is_recorded_on_the_object(program, container, bucket):
    """Without it a later run could not tell an overwritten blob from an unchanged one."""
    for name, size in (("small", 10), ("large", 6 * MIB)):
        container.put(name, noise(size))
        program.copy(container, bucket, *IN_PARTS)
        properties = container.blob(name).get_blob_properties()
        recorded = bucket.head(name)["Metadata"]
        assert recorded["azs3copy-etag"].strip('"') == properties.etag.strip('"')
        assert recorded["azs3copy-mtime"].startswith(properties.last_modified.strftime("%Y-%m-%dT%H:%M:%S"))


def test_an_encoded_blob_is_not_decoded(program, container, bucket):
    """A client that decodes on the way stores other bytes under the same headers."""
    packed = gzip.compress(noise(3000) * 3)
    container.put("page.html.gz", packed,
                  content_settings=ContentSettings(content_type="text/html", content_encoding="gzip"))

    program.copy(container, bucket)

    assert bucket.read("page.html.gz") == packed
    assert bucket.head("page.html.gz")["ContentEncoding"] == "gzip"


def test_append_and_page_blobs_are_copied_like_others(program, container, bucket):
    container.put("log.txt", noise(5000), blob_type=BlobType.APPENDBLOB)
    container.put("disk.vhd", noise(512 * 9), blob_type=BlobType.PAGEBLOB)
    container.blob("empty.log").create_append_blob()

    finished = program.copy(container, bucket)

    assert bucket.read_all() == {"log.txt": noise(5000), "disk.vhd": noise(512 * 9), "empty.log": b""}
    assert finished.count("copied") == 3


def test_what_nobody_proved_is_not_called_verified(program, container, bucket):
    """Azurite sends an MD5 with whole blobs, and nothing with the range of a part."""
    container.put("whole", noise(1000))
    container.put("in-parts", noise(6 * MIB))

    finished = program.copy(container, bucket, *IN_PARTS)

    assert finished.record("whole")["verified"] == "content_md5"
    assert finished.record("in-parts")["verified"] == "none"
    assert (finished.totals["verified_md5"], finished.totals["unverified"]) == (1, 1)
    assert "1 unverified" in finished.out


def test_a_blob_whose_content_md5_is_wrong_is_not_copied(program, container, bucket):
    """What Azure sends is not what was stored once: no good copy can be made of it."""
    settings = ContentSettings(content_md5=bytearray(16))
    container.put("rotten", noise(1000))
    container.blob("rotten").set_http_headers(settings)
    container.put("sound", noise(1000))

    finished = program.copy(container, bucket, "--retries", "1", expect=1)

    assert bucket.keys() == ["sound"]
    assert finished.record("rotten")["error"]["kind"] == "corrupt"


def test_verify_source_always_proves_what_has_no_content_md5(program, container, bucket):
    """Small and in parts: Azurite has no range CRC64, but a range MD5."""
    contents = {"small": noise(512 * 3), "large": noise(6 * MIB)}
    for name, content in contents.items():
        container.put(name, content, blob_type=BlobType.PAGEBLOB)

    finished = program.copy(container, bucket, "--verify-source", "always", *IN_PARTS)

    assert bucket.read_all() == contents
    assert {record["verified"] for record in finished.records} == {"content_md5"}
    assert finished.totals["unverified"] == 0


def test_a_single_blob_as_source(program, container, bucket):
    container.put_many({"a/b.jpg": b"this", "a/b.jpg.bak": b"not this", "a/b": b"nor this"})

    program.copy(container.below("a/b.jpg"), bucket.below("2024"))

    assert bucket.read_all() == {"2024/b.jpg": b"this"}


def test_a_prefix_as_source_is_taken_as_a_folder(program, container, bucket):
    container.put_many({"a/x": b"1", "a/y/z": b"2", "ab/c": b"other", "b": b"other"})

    program.copy(container.below("a"), bucket.below("to/"))

    assert bucket.read_all() == {"to/x": b"1", "to/y/z": b"2"}

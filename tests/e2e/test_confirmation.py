"""What the destination confirms of each write: at AWS its CRC64NVME, elsewhere an MD5, or nothing.

The strict fakes stand for the servers that know no checksums, refuse them, or store what they should decode.
"""

import pytest

from conftest import new_name, noise
from fakes import objects

MIB = 1 << 20
IN_PARTS = ["--part-threshold", "5MiB", "--part-size", "5MiB"]


@pytest.fixture
def job(clouds):
    """A small blob, one that is streamed, and one in two parts."""
    source, target = clouds.container(), clouds.bucket()
    source.put("small", size=3000)
    source.put("streamed", size=MIB)
    source.put("in-parts", size=9 * MIB)
    return source, target


def confirmations(finished):
    """Source -> how S3 confirmed it."""
    return {record["source"]: record["confirmed"] for record in finished.records}


def everywhere(value):
    return {name: value for name in ("small", "streamed", "in-parts")}


def assert_all_copied(clouds, job, finished):
    source, target = job
    assert finished.count("copied") == 3 and finished.count("failed") == 0, finished
    assert objects(clouds, target) == source.checksums()
    assert clouds.s3.get("uploads") == []


def counts(finished):
    totals = finished.totals
    return totals["verified_crc64"], totals["confirmed_md5"], totals["unconfirmed"]


def warnings(finished):
    return [line for line in finished.err.splitlines() if "warning" in line]


def test_crc_confirms_every_write(program, clouds, job):
    finished = program.copy(*job, *IN_PARTS)
    assert_all_copied(clouds, job, finished)
    assert confirmations(finished) == everywhere("crc64nvme")
    assert counts(finished) == (3, 0, 0) and warnings(finished) == []
    assert "Verified end to end: 3 by CRC64 from Azure" in finished.out


def test_md5_confirms_where_no_crc_is_known(program, clouds, job):
    clouds.s3.post("options", checksums=False)
    finished = program.copy(*job, *IN_PARTS)
    assert_all_copied(clouds, job, finished)
    assert confirmations(finished) == everywhere("md5")
    assert counts(finished) == (3, 3, 0) and warnings(finished) == []
    assert "Verified end to end (3 at S3 by MD5): 3 by CRC64 from Azure" in finished.out


def test_checksum_none_is_confirmed_by_md5(program, clouds, job):
    for flags, variables in ((["--s3-checksum", "none"], {}),
                             ([], {"AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_REQUIRED"})):
        finished = program.copy(*job, *IN_PARTS, *flags, **variables)
        assert_all_copied(clouds, job, finished)
        assert confirmations(finished) == everywhere("md5")
        for key in objects(clouds, job[1]):
            clouds.s3.send("DELETE", "objects", bucket=job[1].name, key=key)


def test_unconfirmed_writes_are_counted_apart(program, clouds, job):
    """ETags that are no MD5 say nothing of a stream; a body held whole is accepted with its Content-MD5."""
    clouds.s3.post("options", checksums=False, md5_etags=False)
    source, target = job
    for number in range(4):
        source.put(f"streamed-{number}", size=MIB)
    finished = program.copy(source, target, "--transfers", "1", *IN_PARTS)
    assert objects(clouds, target) == source.checksums()
    _, _, unconfirmed = counts(finished)
    assert unconfirmed >= 3
    assert list(confirmations(finished).values()).count("none") == unconfirmed
    assert f"{unconfirmed} not confirmed by S3" in finished.out
    assert len(warnings(finished)) == 1 and "counted as unconfirmed" in warnings(finished)[0]


@pytest.mark.parametrize("checksums", [True, False], ids=["crc", "md5"])
@pytest.mark.parametrize("name", ["small", "streamed", "in-parts"])
def test_damaged_bodies_never_become_objects(program, clouds, checksums, name):
    source, target = clouds.container(), clouds.bucket()
    source.put(name, size={"small": 3000, "streamed": MIB, "in-parts": 9 * MIB}[name])
    clouds.s3.post("options", checksums=checksums, damages_bodies=True)
    finished = program.copy(source, target, "--retries", "3", *IN_PARTS, expect=1)
    assert finished.count("failed") == 1 and objects(clouds, target) == {}
    assert finished.records[0]["error"]["kind"] == "corrupt"
    clouds.s3.post("options", damages_bodies=False)
    assert program.copy(source, target, *IN_PARTS).count("copied") == 1
    assert objects(clouds, target) == source.checksums()


def test_stored_framing_is_found_and_replaced(program, clouds, job):
    clouds.s3.post("options", checksums=False, stores_framing=True)
    finished = program.copy(*job, *IN_PARTS)
    assert_all_copied(clouds, job, finished)
    assert confirmations(finished) == everywhere("md5")


@pytest.mark.parametrize("refusal", ["NotImplemented", "MissingContentLength", "InvalidArgument", "empty",
                                     "XAmzContentSHA256Mismatch"])
def test_refused_trailers_are_left_out(program, clouds, job, refusal):
    clouds.s3.post("options", checksums=False, trailer_refusal=refusal)
    finished = program.copy(*job, *IN_PARTS)
    assert_all_copied(clouds, job, finished)
    assert len(warnings(finished)) == 1 and "--s3-checksum none" in warnings(finished)[0]


def test_refused_checksum_headers_are_left_out(program, clouds, job):
    clouds.s3.post("options", checksums=False, refuses_checksum_headers=True)
    finished = program.copy(*job, *IN_PARTS)
    assert_all_copied(clouds, job, finished)
    assert confirmations(finished) == everywhere("md5")
    assert "--s3-checksum none" in finished.err


def test_refused_upload_size_is_left_out(program, clouds, job):
    clouds.s3.post("options", refuses_upload_size=True)
    finished = program.copy(*job, *IN_PARTS)
    assert_all_copied(clouds, job, finished)
    assert confirmations(finished) == everywhere("crc64nvme")
    assert len(warnings(finished)) == 1 and "x-amz-mp-object-size" in warnings(finished)[0]


def test_ignored_bucket_owner_is_warned_of(program, clouds, job):
    owner = ["--expected-bucket-owner", "111122223333"]
    assert warnings(program.copy(*job, *IN_PARTS, *owner)) == []
    clouds.s3.post("options", checks_owner=False)
    found = warnings(program.copy(*job, *IN_PARTS, *owner))
    assert len(found) == 1 and "ignores x-amz-expected-bucket-owner" in found[0]


def test_events_carry_the_counts(program, clouds, job):
    clouds.s3.post("options", checksums=False)
    finished = program.copy(*job, *IN_PARTS, "--json")
    summary = finished.events[-1]
    assert summary["event"] == "summary"
    assert (summary["verified_crc64"], summary["confirmed_md5"], summary["unconfirmed"]) == (3, 3, 0)


def test_rclones_server_confirms_by_md5(program, container, md5_store):
    target = md5_store.bucket(new_name())
    contents = {"small": noise(3000), "streamed": noise(MIB), "in-parts": noise(9 * MIB)}
    for name, content in contents.items():
        container.put(name, content)
    finished = program.copy(container, target, *IN_PARTS)
    assert confirmations(finished) == everywhere("md5")
    assert target.read_all() == contents
    assert program.copy(container, target, *IN_PARTS).count("unchanged") == 3

"""Content headers and metadata at the edge of what S3 can sign and hold."""

import pytest

ACUTE = 'attachment; filename="r\u00e9sum\u00e9.pdf"'
SENT = "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf"
IN_PARTS = ["--part-threshold", "5MiB", "--part-size", "5MiB"]
MIB = 1 << 20
LONG_AGO = "2024-05-06T07:08:09Z"


def stored(clouds, bucket):
    return {row["key"]: row for row in clouds.s3.get("objects", bucket=bucket.name)}


@pytest.fixture
def ends(clouds):
    return clouds.container(), clouds.bucket()


def test_a_disposition_outside_ascii_arrives_encoded(program, clouds, ends):
    source, target = ends
    source.put("small", "1", content_disposition=ACUTE)
    source.put("large", size=6 * MIB, content_disposition=ACUTE)

    program.copy(source, target, *IN_PARTS)

    assert [stored(clouds, target)[key]["content_disposition"] for key in ("small", "large")] == [SENT, SENT]


@pytest.mark.parametrize("header", ["content_type", "content_language", "cache_control", "content_encoding"])
def test_a_header_that_s3_cannot_sign_fails_alone(program, clouds, ends, header):
    source, target = ends
    source.put("before", "1")
    source.put("poison", "1", **{header: "caf\u00e9"})
    source.put("poison-large", size=6 * MIB, **{header: "caf\u00e9"})
    source.put("with", "1")

    finished = program.copy(source, target, *IN_PARTS, expect=1)

    assert sorted(stored(clouds, target)) == ["before", "with"]
    for name in ("poison", "poison-large"):
        assert header.replace("_", "-") in finished.record(name)["error"]["message"]
    assert clouds.s3.get("uploads") == [] and not program.manifests()


@pytest.mark.parametrize("size", [1, 6 * MIB])
def test_metadata_up_to_2048_bytes_arrives(program, clouds, ends, size):
    """The program's own entries give way: the time first, then the ETag."""
    source, target = ends
    for count in (1900, 1985, 1990, 2010, 2047, 2048):
        source.put(f"m{count}", size=size, metadata={"k" * 8: "v" * (count - 8)},
                   last_modified=LONG_AGO)

    program.copy(source, target, *IN_PARTS)

    rows = stored(clouds, target)
    assert all(rows[f"m{count}"]["metadata"]["k" * 8] == "v" * (count - 8) for count in (1900, 2048))
    assert sorted(rows["m1900"]["metadata"]) == ["azs3copy-etag", "azs3copy-mtime", "k" * 8]
    assert sorted(rows["m1990"]["metadata"]) == ["azs3copy-etag", "k" * 8]
    assert list(rows["m2048"]["metadata"]) == ["k" * 8]
    assert program.copy(source, target).count("copied") == 0


@pytest.mark.parametrize("size", [1, 6 * MIB])
def test_too_much_metadata_fails_or_is_dropped(program, clouds, ends, size):
    source, target = ends
    source.put("big", size=size, metadata={f"k{i}": "v" * 100 for i in range(30)})
    source.put("small", "1", metadata={"k": "v"})

    refused = program.copy(source, target, *IN_PARTS, expect=1)
    assert list(stored(clouds, target)) == ["small"]
    assert "--metadata-too-large drop" in refused.out
    dropped = program.copy(source, target, "--metadata-too-large", "drop", *IN_PARTS, "-v")

    assert sorted(stored(clouds, target)["big"]["metadata"]) == ["azs3copy-etag", "azs3copy-mtime"]
    assert "warning: big: 3080 bytes of metadata are left out" in dropped.err
    assert dropped.report["options"]["metadata_too_large"] == "drop"


def test_odd_metadata_values_arrive(program, clouds, ends):
    source, target = ends
    odd = {"empty": "", "tab": "a\tb", "acute": "\u00e9", "looks_encoded": "=?UTF-8?B?w6Q=?=", "two": "a  b"}
    source.put("odd", "1", metadata=odd)

    program.copy(source, target)

    kept = stored(clouds, target)["odd"]["metadata"]
    assert kept["empty"] == "" and kept["two"] == "a  b"
    assert kept["acute"] == "=?UTF-8?B?w6k=?=" and kept["tab"] == "=?UTF-8?B?YQli?="
    assert target.head("odd")["Metadata"]["looks_encoded"].startswith("=?UTF-8?B?")

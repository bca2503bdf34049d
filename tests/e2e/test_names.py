"""Keys are bytes: every name arrives as it is, or is reported. Nothing is normalised, nothing overwritten."""

import pytest

from fakes import objects

# What the SDKs can name too. NFC and NFD of one letter are two blobs.
SPEAKABLE = ["a//b", "a///", "plus+and=equals&and.txt", "question?.txt", "hash#.txt", "with spaces .txt", " ",
             "trailing.dot.", "back\\slash", "emoji-\U0001F680-\U0001F469\u200D\U0001F4BB",
             "percent%2Fslash", "100%", "%41", "A", "it's \"quoted\"", "semi;colon,comma@at$!()[]{}|^`",
             "\u00fc", "u\u0308", "~tilde", ".hidden",
             "*", "UPPER", "upper", "\u65e5\u672c\u8a9e/\u30d5\u30a1\u30a4\u30eb"]
# What clients tidy up on the way: the program must not.
TIDIED_UP = ["../up", "a/../b", "./here", "a/./b", "a/..", "/leading", "//", "..", ".", "a/b/../../c"]
LONGEST = "l" * 512 + "/" + "\u00fc" * 255 + "x"  # 1,024 bytes


def test_the_longest_name_has_1024_bytes():
    assert len(LONGEST.encode()) == 1024


def test_odd_names_arrive_exactly_at_moto(program, container, exact_bucket):
    """A collision or a normalised name loses a blob without a word."""
    # Azurite makes a slash of a backslash.
    names = [name for name in SPEAKABLE if name not in ("a///", " ", "back\\slash")] + [LONGEST]
    contents = {name: name.encode() for name in names}
    container.put_many(contents)

    program.copy(container, exact_bucket)

    assert exact_bucket.read_all() == contents
    second = program.copy(container, exact_bucket)
    assert second.count("unchanged") == len(contents)


@pytest.mark.parametrize("prefix", ["", "2024", "with space/%2F+"])
def test_odd_names_arrive_exactly(program, clouds, prefix):
    source, target = clouds.container(), clouds.bucket().below(prefix)
    for name in SPEAKABLE + TIDIED_UP:
        source.put(name, f"content of {name}")
    before = f"{prefix}/" if prefix else ""

    finished = program.copy(source, target)

    wanted = {before + name: value for name, value in source.checksums().items()}
    assert objects(clouds, target) == wanted
    assert {record["key"] for record in finished.records} == set(wanted)
    assert program.copy(source, target).count("unchanged") == len(wanted)
    assert program.check(source, target).out.startswith(f"{len(wanted)} equal")


def test_a_key_above_1024_bytes_is_reported_and_the_rest_is_copied(program, clouds):
    source, target = clouds.container(), clouds.bucket().below("p")
    source.put("x" * 1022, "fits")
    source.put("y" * 1023, "does not")
    source.put("\u00fc" * 512, "does not: two bytes each")
    source.put("short", "fits")

    finished = program.copy(source, target, expect=1)

    assert set(objects(clouds, target)) == {"p/" + "x" * 1022, "p/short"}
    failed = [record for record in finished.records if record["outcome"] == "failed"]
    assert sorted(record["source"] for record in failed) == ["y" * 1023, "\u00fc" * 512]
    assert all("1,024" in record["error"]["message"] or "1024" in record["error"]["message"]
               for record in failed)


def test_containers_are_the_first_part_of_the_key(program, clouds):
    """Without them blobs of one name in two containers overwrite each other."""
    for name in ("photos", "videos", "empty"):
        clouds.container(name)
    for name in ("photos", "videos"):
        clouds.azure.post("blobs", container=name, name="a/b", text=f"of {name}")
    target = clouds.bucket()

    finished = program.copy(clouds.whole_account, target.below("all"))

    assert target.read_all() == {"all/photos/a/b": b"of photos", "all/videos/a/b": b"of videos"}
    assert {record["container"] for record in finished.records} == {"photos", "videos"}
    assert program.check(clouds.whole_account, target.below("all")).out.startswith("2 equal")


def test_flatten_reports_collisions_and_overwrites_nothing(program, container, bucket):
    """UseFullFilePath=false of the sample lets the last blob win."""
    container.put_many({"a/same.txt": b"first", "b/same.txt": b"second", "c/d/other.txt": b"other"})

    finished = program.copy(container, bucket, "--flatten", expect=1)

    assert bucket.read_all() == {"same.txt": b"first", "other.txt": b"other"}
    failed = [record for record in finished.records if record["outcome"] == "failed"]
    assert [record["source"] for record in failed] == ["b/same.txt"]
    assert "a/same.txt" in failed[0]["error"]["message"]


def test_flatten_stays_the_same_at_a_second_run(program, container, bucket):
    container.put_many({"a/same.txt": b"first", "b/same.txt": b"secnd"})
    program.copy(container, bucket, "--flatten", expect=1)

    program.copy(container, bucket, "--flatten", expect=1)

    assert bucket.read_all() == {"same.txt": b"first"}


def test_a_blob_that_is_also_a_folder(program, clouds):
    """az://account/c/a: the blob "a" and "a/a" below it would meet on one key."""
    source, target = clouds.container(), clouds.bucket()
    for name in ("a", "a/a", "a/b"):
        source.put(name, f"content of {name}")

    finished = program.copy(source.below("a"), target, expect=1)

    assert target.read_all() == {"a": b"content of a", "b": b"content of a/b"}
    assert finished.record("a/a")["outcome"] == "failed"


def test_a_prefix_with_odd_characters_in_the_address(program, clouds):
    """An az:// address is taken as typed, a URL is percent-encoded."""
    source, target = clouds.container(), clouds.bucket()
    source.put("50%25 off+more/a", "right")
    source.put("50%25/b", "wrong")

    program.copy(source.below("50%2525%20off+more"), target)

    assert target.read_all() == {"a": b"right"}

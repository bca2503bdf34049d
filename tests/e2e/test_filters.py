"""Which blobs a filter selects, judged by what arrives."""

import pytest

NAMES = {"a.txt": 1, "b.log": 20, "docs/a.txt": 300, "docs/deep/c.TXT": 4000, "docs.old/d.txt": 50000,
         "empty": 0}


@pytest.fixture(scope="module")
def source(account):
    container = account.container("filters")
    container.put_many({name: b"x" * size for name, size in NAMES.items()})
    return container


@pytest.mark.parametrize("flags, selected", [
    (["--include", "*.txt"], ["a.txt", "docs/a.txt", "docs.old/d.txt"]),
    (["--include", "/*.txt"], ["a.txt"]),
    (["--include", "docs/**"], ["docs/a.txt", "docs/deep/c.TXT"]),
    (["--exclude", "docs/**"], ["a.txt", "b.log", "docs.old/d.txt", "empty"]),
    (["--exclude", "deep/**", "--include", "docs/**"], ["docs/a.txt"]),
    (["--include", "*.{txt,log}", "--exclude", "*"], ["a.txt", "b.log", "docs/a.txt", "docs.old/d.txt"]),
    (["--min-size", "300"], ["docs/a.txt", "docs/deep/c.TXT", "docs.old/d.txt"]),
    (["--min-size", "20", "--max-size", "300"], ["b.log", "docs/a.txt"]),
    (["--max-size", "0"], ["empty"]),
    (["--min-age", "1h"], []),
    (["--max-age", "1h"], list(NAMES)),
    (["--begindate", "20220820"], list(NAMES)),
])
def test_filters(program, source, bucket, flags, selected):
    finished = program.copy(source, bucket, *flags)

    assert sorted(bucket.keys()) == sorted(selected)
    assert finished.totals["found"]["blobs"] == len(selected)
    assert len(finished.records) == len(selected)  # what is filtered out was not asked for: no record


@pytest.mark.parametrize("date", ["06-May-24", "05/06/2024", "2024-05-06 00:00:00", "20240506", "2024-05-06",
                                  "2024-05-06T00:00:00Z"])
def test_begindate_in_every_form_that_the_sample_knows(program, clouds, date):
    """A blob of the same second as begindate belongs to the job: the sample's > loses it."""
    source, target = clouds.container(), clouds.bucket()
    source.put("before", "x", last_modified="2024-05-05T23:59:59Z")
    source.put("at", "x", last_modified="2024-05-06T00:00:00Z")
    source.put("after", "x", last_modified="2024-05-06T00:00:01Z")

    program.copy(source, target, "--begindate", date)

    assert target.keys() == ["after", "at"]


def test_files_from_copies_exactly_the_named(program, source, bucket, tmp_path):
    names = tmp_path / "names"
    names.write_text("# what we want\ndocs/a.txt\n\n/empty\nnot-there\ndocs\n")

    finished = program.copy(source, bucket, "--files-from", names, expect=1)

    assert {record["source"] for record in finished.records if "error" in record} == {"not-there", "docs"}
    assert bucket.read_all() == {"docs/a.txt": b"x" * 300, "empty": b""}


def test_an_unreadable_filter_stops_before_anything_is_copied(program, source, bucket):
    for flags in (["--include", "[a"], ["--files-from", "/not/there"], ["--min-size", "3", "--max-size", "2"],
                  ["--begindate", "yesterday-ish"], ["--begindate", "2099-01-01"]):
        program.copy(source, bucket, *flags, expect=2)
    assert bucket.keys() == []

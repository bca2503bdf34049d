"""What a run says of itself: names that are not there, sources that match nothing, runs that were cut off."""

import json
import signal

import pytest

from waiting import wait_until

LISTS = {
    "backslashes": "a\\x.txt\na\\y.txt\n".encode(),
    "dot-slash": b"./a/x.txt\n./a/y.txt\n",
    "nul": b"a/x.txt\0a/y.txt\0",
    "utf-16": "a/x.txt\r\na/y.txt\r\n".encode("utf-16"),
    "utf-16-be": "a/x.txt\na/y.txt\n".encode("utf-16-be"),
}


@pytest.fixture()
def source(clouds):
    container = clouds.container()
    for name in ("a/x.txt", "a/y.txt", "b.bin"):
        container.put(name, name)
    return container


@pytest.fixture()
def write_list(tmp_path):
    def write(content):
        path = tmp_path / "list"
        path.write_bytes(content)
        return path
    return write


@pytest.mark.parametrize("content", LISTS.values(), ids=LISTS)
def test_lists_of_names_are_read_as_tools_write_them(program, clouds, source, write_list, content):
    target = clouds.bucket()

    program.copy(source, target, "--files-from", write_list(content))

    assert target.keys() == ["a/x.txt", "a/y.txt"]


def test_list_in_another_encoding_is_refused(program, clouds, source, write_list):
    names = write_list(b"a/x.txt\nm\xfcller\n")

    finished = program.copy(source, clouds.bucket(), "--files-from", names, expect=2)

    assert "line 2 is not valid UTF-8" in finished.err


@pytest.mark.parametrize("names", [1, 1001], ids=["asked", "listed"])
@pytest.mark.parametrize("flags", [[], ["--dry-run"]], ids=["copy", "dry-run"])
def test_names_that_are_not_there_have_failed(program, clouds, source, write_list, names, flags):
    """Whether they are asked for one by one or looked for in a listing."""
    missing = [f"missing-{number}" for number in range(names)]
    names_file = write_list("\n".join(["a/x.txt", "source/b.bin", *missing]).encode())

    finished = program.copy(source, clouds.bucket(), "--files-from", names_file, *flags, expect=1)

    assert "not found" in finished.out and 'leave out "source/"' in finished.out
    if not flags:
        record = finished.record("missing-0")
        assert record["outcome"] == "failed" and record["error"]["kind"] == "not_found"
        assert (finished.count("copied"), finished.count("failed")) == (1, names + 1)


def test_missing_names_show_in_check(program, clouds, source, write_list):
    target = clouds.bucket()
    names = write_list(b"a/x.txt\nmissing\n")
    program.copy(source, target, "--files-from", names, expect=1)

    finished = program.check(source, target, "--files-from", names, expect=1)

    assert "1 equal" in finished.out and "not found" in finished.out


def test_few_names_cost_no_listing(program, clouds, source, write_list):
    source.put("many/{}", size=1, count=6000)
    clouds.azure.forget()
    target = clouds.bucket()

    program.copy(source, target, "--files-from", write_list(b"a/x.txt\nmany/7\n"))
    program.check(source, target, "--files-from", write_list(b"a/x.txt\nmany/7\n"), "--one-way")

    assert target.keys() == ["a/x.txt", "many/7"]
    assert clouds.azure.count("ListBlobs") == 2, "each command looks at the source once"


def test_named_blob_that_cannot_be_looked_up_fails_alone(program, clouds, source, write_list):
    target = clouds.bucket()
    clouds.azure.fault("GetBlobProperties", target_contains="b.bin", times=0, status=403,
                       code="AuthorizationPermissionMismatch")

    finished = program.copy(source, target, "--files-from", write_list(b"a/x.txt\nb.bin\n"), expect=1)

    assert target.keys() == ["a/x.txt"]
    assert finished.record("b.bin")["error"]["kind"] == "permission"


@pytest.mark.parametrize("flags, keys, pages", [
    (["--include", "/many/7"], ["many/7"], 2),
    (["--include", "/many/777*", "--include", "/a/"], ["a/x.txt", "a/y.txt", "many/777"], 3),
])
def test_anchored_include_begins_the_listing(program, clouds, source, flags, keys, pages):
    source.put("many/{}", size=1, count=6000)
    clouds.azure.forget()
    target = clouds.bucket()

    program.copy(source, target, *flags)

    assert target.keys() == keys
    assert clouds.azure.count("ListBlobs") == pages


@pytest.mark.parametrize("command", ["copy", "check", "ls"])
@pytest.mark.parametrize("prefix", ["typo", "typo/", "A", "a/x"])
def test_source_that_matches_nothing_is_not_found(program, clouds, source, command, prefix):
    """"a/x" only shares letters with a/x.txt; ls completes names as a shell does."""
    if (command, prefix) == ("ls", "a/x"):
        pytest.skip("ls lists what begins with the prefix")
    place = source.below(prefix)
    flags = [place] if command == "ls" else [place, clouds.bucket()]

    finished = getattr(program, command)(*flags, expect=3)

    assert "no blob or folder of this name" in finished.err and "azs3copy ls" in finished.err


def test_empty_container_is_copied_without_complaint(program, clouds):
    finished = program.copy(clouds.container(), clouds.bucket())

    assert "the source has no blobs" in finished.out


def test_fatal_error_is_never_called_nothing_to_copy(program, clouds, source):
    clouds.s3.fault("ListObjectsV2", skip=1, times=0, status=403, code="AccessDenied")

    finished = program.copy(source, clouds.bucket(), expect=4)

    assert "Nothing to copy" not in finished.out and "AccessDenied" in finished.err


@pytest.mark.parametrize("flags", [[], ["--files-from"]], ids=["listed", "asked"])
def test_dry_run_reports_what_would_fail(program, clouds, source, write_list, flags):
    """Keys that are too long, metadata and headers that S3 does not take, blobs that are offline."""
    would_fail = {"k" * 1020: {}, "meta": {"metadata": {"large": "x" * 2100}},
                  "type": {"content_type": "a/\u00e9"}}
    for name, attributes in would_fail.items():
        source.put(name, "x", **attributes)
    source.put("archived", "x", tier="Archive")
    target = clouds.bucket().below("prefix")
    flags = flags and [*flags, write_list("\n".join([*would_fail, "archived", "b.bin"]).encode())]

    dry = program.copy(source, target, "--dry-run", *flags, expect=1)
    assert clouds.azure.count("GetBlob") == clouds.s3.count("PutObject") == 0
    finished = program.copy(source, target, *flags, expect=1)

    assert "3 would fail" in dry.out and "1 skipped" in dry.out
    assert {record["source"] for record in finished.records if "error" in record} == set(would_fail)
    assert "meta" in dry.out and "type" in dry.out and "1,024" in dry.out.replace("1024", "1,024")


def test_killed_run_is_called_interrupted_by_the_next(program, clouds, source):
    clouds.s3.fault("PutObject", delay=60_000, times=0, status=0)
    target = clouds.bucket()
    running = program.start_copy(source, target)
    wait_until(lambda: clouds.s3.faults_fired, "the first write")
    running.kill(signal.SIGKILL)
    running.wait(expect=None)
    report, = (json.loads((folder / "run.json").read_text()) for folder in program.run_folders())
    assert report["state"] == "running"
    clouds.s3.heal()

    program.copy(source, target)

    states = {json.loads((folder / "run.json").read_text())["state"] for folder in program.run_folders()}
    assert states == {"interrupted", "finished"}

"""What is written for people, for scripts, and for the record."""

import json
import re
import subprocess

import pytest

from conftest import noise

IN_PARTS = ["--part-threshold", "5MiB", "--part-size", "5MiB"]


@pytest.fixture
def mixed(container):
    """Small, large, empty, and one that cannot be copied."""
    from azure.storage.blob import StandardBlobTier

    container.put_many({"small": b"bytes", "empty": b"", "large": noise(6 << 20), "offline": b"cold"})
    container.blob("offline").set_standard_blob_tier(StandardBlobTier.ARCHIVE)
    return container


def test_the_report_of_a_run(program, mixed, bucket):
    finished = program.copy(mixed, bucket, *IN_PARTS, expect=9)

    report = finished.report
    assert report["state"] == "finished" and report["program"].startswith("azs3copy ")
    assert report["totals"]["copied"] == {"blobs": 3, "bytes": 5 + (6 << 20)}
    assert report["totals"]["skipped"]["blobs"] == 1
    assert report["options"]["destination"] == bucket.url
    assert len(finished.records) == 4
    large = finished.record("large")
    assert large["s3_etag"] == bucket.head("large")["ETag"].strip('"') and large["parts"] == 2
    assert large["container"] == mixed.name and large["key"] == "large" and large["bytes"] == 6 << 20
    assert large["etag"].strip('"') == mixed.blob("large").get_blob_properties().etag.strip('"')
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", large["mtime"])
    assert str(finished.folder).endswith(report["run"])


def test_the_end_of_a_copy_for_people(program, mixed, bucket):
    finished = program.copy(mixed, bucket, *IN_PARTS, expect=9)
    assert re.search(r"Copied 3 blobs, 6(\.\d+)? MiB in .*1 skipped", finished.out)
    assert "Verified end to end" in finished.out and "Report: " in finished.out
    assert re.search(r"skipped +offline +archived: rehydrate first", finished.out)


def test_json_events_parse_and_are_never_mixed_with_text(program, mixed, bucket):
    finished = program.copy(mixed, bucket, *IN_PARTS, "--json", "-v", "--stats", "100ms", expect=9)

    events = finished.events  # every line parses
    assert finished.err == ""
    kinds = [event["event"] for event in events]
    assert kinds[0] == "start" and kinds[-1] == "summary"
    assert {"start", "progress", "record", "summary"} <= set(kinds)
    assert events[-1]["exit_code"] == 9 and events[-1]["copied"]["blobs"] == 3
    sources = {event["record"]["source"] for event in events if event["event"] == "record"}
    assert sources == {"small", "empty", "large", "offline"}


def test_json_of_errors_and_of_the_other_commands(program, mixed, bucket):
    missing = type(bucket)(bucket.store, "not-there")
    error = program.copy(mixed, missing, "--json", expect=3).events[-1]
    assert error["event"] in ("error", "summary") and error["exit_code"] == 3
    assert program.run("copy", "--json", expect=2).events[-1]["exit_code"] == 2

    listed = program.ls(mixed, "--json").events
    names = [event["name"] for event in listed if event["event"] == "row"]
    assert names == ["empty", "large", "offline", "small"]
    checked = program.check(mixed, bucket, "--json", expect=1).events
    assert checked[-1]["missing"] == 4
    assert program.cleanup(bucket, "--json").events[-1]["aborted"] == 0


def test_quiet_says_nothing_of_success_and_all_of_failure(program, mixed, bucket):
    finished = program.copy(mixed, bucket, "-q", expect=9)
    assert finished.out == ""
    finished = program.copy(mixed, type(bucket)(bucket.store, "not-there"), "-q", expect=3)
    assert finished.out == "" and "not-there" in finished.err


def test_the_log_file_holds_the_events(program, mixed, bucket):
    log = program.home / "log"
    program.copy(mixed, bucket, "--log-file", log, "-vv", expect=9)
    program.copy(mixed, bucket, "--log-file", log, expect=9)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert sum(event["event"] == "start" for event in events) == 2


def test_progress_without_a_terminal_is_lines(program, mixed, bucket):
    finished = program.copy(mixed, bucket, "--stats", "100ms", "--bwlimit", "6M", *IN_PARTS, expect=9)
    assert "\r" not in finished.err + finished.out and "\x1b" not in finished.err + finished.out
    assert "%" in finished.err


def test_ls(program, container):
    container.put_many({"a": b"1", "folder/b": b"22", "folder/deep/c": b"333", "z": b""})

    assert [line.split()[-1] for line in program.ls(container).out.splitlines()] == [
        "folder/",
        "a",
        "z",
    ] or [line.split()[-1] for line in program.ls(container).out.splitlines()] == ["a", "folder/", "z"]
    recursive = program.ls(container, "-R").out.splitlines()
    assert [line.split()[-1] for line in recursive] == ["a", "folder/b", "folder/deep/c", "z"]
    assert recursive[2].split()[0] == "3"
    below = program.ls(container.below("folder/")).out
    assert sorted(line.split()[-1] for line in below.splitlines()) == ["b", "deep/"]


def test_ls_of_the_account_lists_containers(program, clouds):
    for name in ("first", "second"):
        clouds.container(name)
    assert program.ls(clouds.whole_account).out.split() == ["-", "first/", "-", "second/"]


def test_ls_of_what_is_not_there(program, container):
    missing = container.below("x")
    missing.url = f"{container.account.url}/not-there"
    program.ls(missing, expect=3)


def test_names_cannot_play_tricks_on_the_terminal(program, clouds):
    """A blob's name may hold escape sequences and line ends."""
    source, target = clouds.container(), clouds.bucket()
    source.put("evil\x1b[2Jname", "x")
    listed = program.ls(source).out
    finished = program.copy(source, target, "-v")
    assert "\x1b" not in listed + finished.out + finished.err
    assert target.read("evil\x1b[2Jname") == b"x"


def test_a_closed_pipe_ends_quietly(program, container):
    container.put_many({f"{i}": b"" for i in range(300)})
    words = [str(program.path), "ls", container.url, "-R", "--ca-bundle", container.ca]
    environment = program.environment | container.environment
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 141)


def test_version_and_help(program):
    assert re.match(r"azs3copy \d+\.\d+\.\d+", program.run("--version").out)
    assert len(program.run(expect=None).out.splitlines()) == 6
    for command in ("copy", "check", "ls", "cleanup", "status", "redrive"):
        text = program.run(command, "--help").out
        assert f"azs3copy {command}" in text.splitlines()[0]
        assert max(map(len, text.splitlines())) <= 110
    assert "sync" not in program.run("--help").out  # a command that does not exist yet


def test_completion_scripts_parse(program):
    for shell in ("bash", "zsh"):
        script = program.run("completion", shell).out
        assert "--part-size" in script
        if shell == "bash":
            subprocess.run(["bash", "-n"], input=script, text=True, check=True)
            completed = subprocess.run(
                [
                    "bash",
                    "-c",
                    script + '\nCOMP_WORDS=(azs3copy copy --part-t); COMP_CWORD=2\n'
                    '"$(complete -p azs3copy | sed -n "s/.*-F \\([^ ]*\\).*/\\1/p")"; echo "${COMPREPLY[@]}"',
                ],
                capture_output=True,
                text=True,
                check=True,
            )
            assert completed.stdout.strip() == "--part-threshold"


def test_settings_come_from_flags_before_variables_before_the_file(program, container, bucket):
    container.put_many({"a.txt": b"1", "b.log": b"2", "c.csv": b"3"})
    config = program.home / "config.toml"
    config.write_text('include = ["*.log"]\n')

    program.copy(container, bucket.below("file"), "--config", config)
    program.copy(container, bucket.below("variable"), "--config", config, AZS3COPY_INCLUDE="*.csv")
    program.copy(
        container, bucket.below("flag"), "--config", config, "--include", "*.txt", AZS3COPY_INCLUDE="*.csv"
    )

    assert sorted(bucket.keys()) == ["file/b.log", "flag/a.txt", "variable/c.csv"]
    config.write_text('inclood = ["*.log"]\n')
    program.copy(container, bucket, "--config", config, expect=2)


def test_nothing_is_left_running_or_open(program, mixed, bucket):
    program.copy(mixed, bucket, *IN_PARTS, expect=9)
    assert bucket.uploads() == [] and not program.manifests()
    assert sorted(path.name for path in program.state.iterdir()) == ["runs", "uploads", "uploads.lock"]


def test_storage_class_and_encryption_are_asked_for(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("small", "x")
    source.put("large", size=6 << 20)
    program.copy(
        source,
        target,
        *IN_PARTS,
        "--storage-class",
        "STANDARD_IA",
        "--sse",
        "aws:kms",
        "--sse-kms-key-id",
        "alias/key",
    )
    for row in clouds.s3.get("objects", bucket=target.name):
        assert (row["storage_class"], row["sse"]) == ("STANDARD_IA", "aws:kms")

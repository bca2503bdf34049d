"""Accounts with a hierarchical namespace: depth-first listings, and renames that keep Last-Modified."""

import pytest

from fakes import objects

LONG_AGO = "2024-05-06T07:08:09Z"
LONGER_AGO = "2023-05-06T07:08:09Z"
DEPTH_FIRST = ["table/part-0", "table/part-1", "table-v2/part-0", "table.old/part-0", "tables"]


@pytest.fixture
def source(clouds):
    return clouds.container(hierarchical=True)


def outcomes(finished):
    return {record["source"]: record["outcome"] for record in finished.records}


def marks(finished):
    """Of --combined: name -> mark."""
    return {line[2:]: line[0] for line in finished.out.splitlines()}


def test_a_renamed_file_is_copied_though_older(program, clouds, source):
    """Spark and the like publish by renaming: same size, an older time, other bytes."""
    target = clouds.bucket()
    source.put("table/current", "version 1", last_modified=LONG_AGO)
    source.put("table/kept", "version 1", last_modified=LONG_AGO)
    program.copy(source, target)
    source.put("table/current", "version 2", last_modified=LONGER_AGO)

    second = program.copy(source, target)

    assert outcomes(second) == {"table/current": "copied", "table/kept": "unchanged"}
    assert target.read("table/current") == b"version 2"
    program.check(source, target)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_check_compares_both_ways_in_depth_first_order(program, clouds, source, rows):
    target = clouds.bucket()
    for name in DEPTH_FIRST:
        source.put(name, name)
    program.copy(source, target)
    clouds.azure.post("options", list_page_pattern=[rows])

    program.check(source, target)
    target.delete("table-v2/part-0")
    target.put("table-v2/only-there", b"x")
    finished = program.check(source, target, "--combined", expect=1)

    assert marks(finished) == {**dict.fromkeys(DEPTH_FIRST, "="), "table-v2/part-0": "+",
                               "table-v2/only-there": "-"}


def test_copies_work_in_depth_first_order(program, clouds, source):
    target = clouds.bucket()
    for name in DEPTH_FIRST:
        source.put(name, name, last_modified=LONG_AGO)
    clouds.azure.post("options", list_page_pattern=[2])

    program.copy(source, target)
    assert objects(clouds, target) == source.checksums()
    assert program.copy(source, target).count("unchanged") == len(DEPTH_FIRST)


def test_advance_begindate_is_refused(make_fake_chain, clouds, source):
    """Later runs would never see what a rename put in place."""
    source.put("table/part-0", "x", last_modified=LONG_AGO)
    chain = make_fake_chain(source, clouds.bucket(), parameters={"advance_begindate": "yes"})

    invocation = chain.host.invoke("launch-qualification", {})

    assert invocation.ended == "error"
    assert "hierarchical namespace" in invocation.body.decode()
    assert chain.ledger() == {}

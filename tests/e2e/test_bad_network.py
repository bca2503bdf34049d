"""The real servers behind a bad network: late, slow, torn, cut off. What arrives is whole, or is reported."""

import pytest

from clouds import Bucket, Place, Store
from conftest import noise
from toxics import Proxy
from waiting import wait_until

MIB = 1 << 20
IN_PARTS = ["--part-threshold", "5MiB", "--part-size", "5MiB"]
CONTENTS = {f"small/{i}": noise(2000, seed=i) for i in range(20)} | {"large": noise(11 * MIB)}


@pytest.fixture(scope="module")
def filled(account):
    container = account.container("bad-network")
    container.put_many(CONTENTS)
    return container


@pytest.fixture
def proxied(filled, bucket):
    """(proxy before Azure, proxy before S3, source, target), both over TLS through the proxies."""
    azure, s3 = Proxy(filled.account.url), Proxy(bucket.store.url)
    source = Place(f"{azure.url}/{filled.name}", filled.environment, filled.ca)
    store = bucket.store
    target = Bucket(Store(s3.url, store.access_key, store.secret_key, store.region, store.ca), bucket.name)
    yield azure, s3, source, target
    azure.close()
    s3.close()


def test_latency_is_hidden_by_streams_side_by_side(program, proxied, bucket):
    """100 ms each way at each end: one after another the small blobs alone would take ten seconds."""
    azure, s3, source, target = proxied
    for proxy in (azure, s3):
        proxy.add("latency", latency=100, jitter=20)
    finished = program.copy(source, target, *IN_PARTS)
    assert bucket.read_all() == CONTENTS
    assert finished.totals["ms"] < 8000


@pytest.mark.parametrize("end", ["azure", "s3"])
@pytest.mark.parametrize("stream", ["downstream", "upstream"])
def test_connections_that_are_torn_after_some_bytes(program, proxied, bucket, end, stream):
    """Each connection dies after 3 MB: bodies end in the middle, kept connections are stale."""
    azure, s3, source, target = proxied
    proxy = azure if end == "azure" else s3
    toxic = proxy.add("limit_data", stream=stream, bytes=3_000_000, toxicity=0.5)
    running = program.start_copy(source, target, *IN_PARTS, "--retries", "20")
    finished = running.wait(expect=0)
    proxy.remove(toxic)
    assert bucket.read_all() == CONTENTS
    assert finished.count("copied") == len(CONTENTS)
    assert bucket.uploads() == []


def test_resets_in_mid_body(program, proxied, bucket):
    azure, s3, source, target = proxied
    azure.add("reset_peer", timeout=300, toxicity=0.3)
    s3.add("reset_peer", timeout=300, toxicity=0.3)
    program.copy(source, target, *IN_PARTS, "--retries", "20")
    assert bucket.read_all() == CONTENTS


def test_tiny_pieces(program, proxied, bucket):
    """TLS records and heads that come byte by byte."""
    azure, s3, source, target = proxied
    for proxy in (azure, s3):
        proxy.add("slicer", average_size=400, size_variation=390, delay=0)
    program.copy(source, target, *IN_PARTS)
    assert bucket.read_all() == CONTENTS


@pytest.mark.parametrize("end", ["azure", "s3"])
def test_a_slow_end_holds_back_the_other(program, proxied, bucket, end):
    """What is read must not pile up in memory while the other side writes slowly."""
    azure, s3, source, target = proxied
    if end == "azure":
        azure.add("bandwidth", rate=5000)
    else:
        s3.add("bandwidth", stream="upstream", rate=5000)
    program.copy(source, target, *IN_PARTS)
    assert bucket.read_all() == CONTENTS


def test_an_end_that_is_away_for_a_moment(program, proxied, bucket):
    azure, s3, source, target = proxied
    s3.add("bandwidth", stream="upstream", rate=4000)
    running = program.start_copy(source, target, *IN_PARTS)
    wait_until(bucket.keys, "an object")
    s3.send("POST", f"/proxies/{s3.name}", enabled=False)
    wait_until(lambda: True, "a moment")
    s3.send("POST", f"/proxies/{s3.name}", enabled=True)
    running.wait(expect=0)
    assert bucket.read_all() == CONTENTS


def test_an_end_that_is_away_for_good_is_a_temporary_error(program, proxied):
    azure, s3, source, target = proxied
    azure.send("POST", f"/proxies/{azure.name}", enabled=False)
    program.copy(source, target, "--retries", "1", expect=5)

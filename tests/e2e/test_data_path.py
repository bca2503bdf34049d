"""The data path: slow streams, refusals before a byte is read, and servers other than those expected."""

import resource
import socket
import threading
from pathlib import Path

import pytest

from clouds import Place
from waiting import wait_until

MIB = 1 << 20
IN_PARTS = ["--part-threshold", "5MiB", "--part-size", "5MiB"]


def test_slow_copy_outlasts_the_timeout(program, clouds):
    """Each stream waits for its turn at the bandwidth for much longer than --timeout; that is no silence."""
    source, target = clouds.container(), clouds.bucket()
    source.put("blob-{}", size=100_000, count=8)

    finished = program.copy(source, target, "--bwlimit", "100k", "--timeout", "1s")

    assert finished.count("copied") == 8
    assert finished.totals["ms"] > 4000, "else the limit was not what it waited for"
    assert clouds.azure.count("GetBlob") == 8, "a blob was read twice"


def test_refused_parts_are_not_read(program, clouds):
    """S3 refuses by the head of a part; bytes that were read from Azure for it would be paid for in vain."""
    source, target = clouds.container(), clouds.bucket()
    source.put("large", size=20 * MIB)
    clouds.s3.fault("UploadPart", status=503, code="SlowDown", early=True, times=4)

    finished = program.copy(source, target, *IN_PARTS)

    assert finished.count("copied") == 1 and clouds.s3.faults_fired == 4
    assert clouds.azure.count("GetBlob") == 4


def test_server_of_the_other_scheme_is_named(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    plain = Place(source.url.replace("https://", "http://"), source.environment)

    finished = program.copy(plain, target, expect=2)

    assert "expects https" in finished.err and "https://" in finished.err


@pytest.fixture
def refusing_proxy():
    """A proxy that wants a password; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_proxy_that_wants_a_password_is_named(program, clouds, refusing_proxy):
    finished = program.copy(clouds.container(), clouds.bucket(), expect=4, HTTPS_PROXY=refusing_proxy)

    assert "the proxy 127.0.0.1" in finished.err and "HTTPS_PROXY" in finished.err
    assert "Azure says" not in finished.err


def test_proxy_that_is_not_there_is_named(program, clouds):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]

    finished = program.copy(clouds.container(), clouds.bucket(), "--retries", "0", expect=5,
                            HTTPS_PROXY=f"http://127.0.0.1:{port}")

    assert "through the proxy 127.0.0.1" in finished.err


def test_run_without_memory_ends(program, clouds):
    """An allocation that fails in a stage must not leave the others waiting for ever."""
    if b"__asan_init" in program.path.read_bytes() or b"__tsan_init" in program.path.read_bytes():
        pytest.skip("a sanitizer reserves more address space than any limit allows")
    source, target = clouds.container(), clouds.bucket()
    source.put("blob-{}", size=200_000, count=300)
    clouds.s3.fault("PutObject", delay=200, times=0)
    running = program.start_copy(source, target)
    wait_until(lambda: clouds.s3.count("PutObject"), "a write")
    pages = int(Path(f"/proc/{running.process.pid}/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MIB  # of the streams that are still to start, each needs 200 KB
    resource.prlimit(running.process.pid, resource.RLIMIT_AS, (most, most))

    finished = running.wait(expect=7)

    assert "out of memory" in finished.err
    assert finished.report["state"] != "running"

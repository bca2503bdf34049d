"""The measuring part of bench/lambda.sh: what a copy by the six functions costs.

    events --> Runtime API --> bootstrap in a cgroup: memory M, M/1769 of a core --> fake_clouds, over TLS
       ^                          | PublishBatch
       +------ topic's queue <----+

One message at a time, each function in a process of its own that stays warm. Billed is what Lambda bills:
from the event's delivery to the reply, in whole milliseconds. The clouds, SNS and the secret answer from
outside of the cgroup and at once: measured is the functions' own work; real latency comes on top.
"""

import argparse
import collections
import http.server
import json
import math
import os
import platform
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
BUILD = ROOT / "build/bench"
BOOTSTRAP = BUILD / "src/hosts/bootstrap"
os.environ.setdefault("AZS3COPY_TEST_FAKE_CLOUDS", str(BUILD / "tests/fakes/fake_clouds"))
os.environ.setdefault("AZS3COPY_TEST_PROGRAM", str(BUILD / "src/hosts/azs3copy"))

sys.path.insert(0, str(ROOT / "tools"))
from fakes import FakeClouds  # noqa: E402  (it reads the variables above)
from lambda_instance import Instance, Request  # noqa: E402
from package import make_zip  # noqa: E402

MIB, TB = 1 << 20, 10**12
TOPICS = ["find-blobs", "download", "largefile-initializer", "largefile-parter", "largefile-recombinator"]
# USD, us-east-1, 2026-11: ../shared cloud facts; checked against nothing since.
PRICE = {"gb_second": 0.0000133334, "invocation": 0.20e-6, "sns": 0.50e-6, "sqs": 0.40e-6,
         "s3_write": 0.005e-3, "s3_read": 0.0004e-3, "azure_read": 0.005e-4}
# The sample's handlers: GB-seconds per TB, CPU-bound, one root certificate (reference-system.md, 2026-11-23).
SAMPLE = {"1 GB": 5_400, "1 MB": 104_000, "10 KB": 9_700_000}
AIM = {"1 GB": 20, "1 MB": 500, "10 KB": 2_000}


class Cgroup:
    """Memory and CPU as Lambda gives them: a core for 1,769 MB. Version 2 where it is mounted, else 1."""

    def __init__(self, name, megabytes):
        root = Path("/sys/fs/cgroup")
        quota = max(1000, round(100_000 * megabytes / 1769))
        if (root / "cgroup.controllers").exists():
            self.folders = [root / name]
            limits = {"cpu.max": f"{quota} 100000", "memory.max": str(megabytes * MIB)}
        else:
            self.folders = [root / "cpu" / name, root / "memory" / name]
            limits = {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": str(quota),
                      "memory.limit_in_bytes": str(megabytes * MIB)}
        for folder in self.folders:
            folder.mkdir(exist_ok=True)
        for limit, value in limits.items():
            for folder in self.folders:
                if (folder / limit).exists():
                    (folder / limit).write_text(value)

    def remove(self):
        for folder in self.folders:
            folder.rmdir()


class Aws(http.server.ThreadingHTTPServer):
    """SNS and Secrets Manager, as little of each as is asked for. What is published waits in `queues`."""

    daemon_threads = True

    def __init__(self):
        self.secret, self.publishes = "{}", 0
        self.queues = {topic: collections.deque() for topic in TOPICS}
        super().__init__(("127.0.0.1", 0), AwsHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class AwsHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if "x-amz-target" in self.headers:
            return self.answer(json.dumps({"SecretString": self.server.secret, "VersionId": "1"}))
        form = dict(urllib.parse.parse_qsl(body.decode()))
        self.server.publishes += 1
        messages = [form[name] for name in form if name.endswith(".Message")]
        self.server.queues[form["TopicArn"].rsplit(":", 1)[1]] += messages
        ids = [form[name] for name in form if name.endswith(".Id")]
        rows = "".join(f"<member><Id>{id_}</Id><MessageId>m</MessageId></member>" for id_ in ids)
        self.answer(f"<PublishBatchResponse><PublishBatchResult><Successful>{rows}</Successful><Failed/>"
                    "</PublishBatchResult></PublishBatchResponse>")

    def answer(self, text):
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


class Function:
    """A warm process in its cgroup, and what it was billed for."""

    def __init__(self, handler, megabytes, environment):
        self.handler, self.megabytes = handler, megabytes
        self.cgroup = Cgroup(f"azs3copy-{os.getpid()}-{handler}", megabytes)
        start = f"for f in {' '.join(map(str, self.cgroup.folders))}; do echo $$ >$f/cgroup.procs; done"
        self.instance = Instance(["sh", "-c", f"{start}; exec {BOOTSTRAP}"],
                                 {**environment, "_HANDLER": handler, "LAMBDA_TASK_ROOT": str(ROOT),
                                  "AWS_LAMBDA_FUNCTION_NAME": handler}, self.read)
        self.text, self.milliseconds, self.invocations, self.cold = [], 0, 0, 0
        assert self.instance.wait_until_ready() is None, f"{handler} did not come up"

    def read(self, line):
        self.text.append(line)

    def invoke(self, event):
        start = time.monotonic()
        arn = "arn:aws:lambda:us-east-1:1:function:f"
        answer = self.instance.invoke(Request(json.dumps(event).encode(), arn, 900))
        took = math.ceil((time.monotonic() - start) * 1000)
        assert answer.ended == "answered" and b'"itemIdentifier"' not in answer.body, "".join(self.text[-5:])
        # The first pays for logins and connections too.
        if self.invocations == 0:
            self.cold = took
        self.milliseconds += took
        self.invocations += 1

    def peak_bytes(self):
        status = Path(f"/proc/{self.instance.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024

    def cpu_seconds(self):
        """User and kernel, of the whole process: proc(5), fields 14 and 15."""
        fields = Path(f"/proc/{self.instance.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.instance.end()
        self.cgroup.remove()


def sqs_event(messages):
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))}
    source = {"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:1:q"}
    return {"Records": [{"messageId": str(number), "receiptHandle": "h", "body": body, **source,
                         "attributes": attributes} for number, body in enumerate(messages)]}


def measure(label, count, size, megabytes):
    """One copy of `count` blobs of `size` bytes, every function with the same memory."""
    clouds, aws = FakeClouds(), Aws()
    clouds.azure.post("applications", tenant="t", client_id="a", secret="s")
    clouds.container("source").put("some/folders/and/a/name-{}", size=size, count=count)
    clouds.bucket("target")
    arns = {f"sns_arn_l{number}": f"arn:aws:sns:us-east-1:1:{topic}"
            for number, topic in enumerate(TOPICS, 1)}
    aws.secret = json.dumps({"bloburl": f"{clouds.account_url}/source", "tenantid": "t", "appid": "a",
                             "appsecret": "s", "bucket_name": "target", **arns})
    environment = {
        "AZS3COPY_SECRET": "s", "AWS_REGION": "us-east-1", "SSL_CERT_FILE": clouds.ca,
        "AWS_ENDPOINT_URL_SNS": aws.url, "AWS_ENDPOINT_URL_SECRETS_MANAGER": aws.url,
        "AWS_ENDPOINT_URL_S3": clouds.store.url, "AZURE_AUTHORITY_HOST": clouds.account_url.rsplit("/", 1)[0],
        "AWS_ACCESS_KEY_ID": clouds.store.access_key, "AWS_SECRET_ACCESS_KEY": clouds.store.secret_key}
    functions = {}

    def work(handler, event):
        if handler not in functions:
            functions[handler] = Function(handler, megabytes, environment)
        functions[handler].invoke(event)

    try:
        work("launch-qualification", {})
        while waiting := next((topic for topic in TOPICS if aws.queues[topic]), None):
            work(waiting, sqs_event([aws.queues[waiting].popleft()]))
        arrived = sum(1 for key in (row["key"] for row in clouds.s3.get("objects", bucket="target"))
                      if not key.startswith(".azs3copy/"))
        assert arrived == count, f"{arrived} of {count} objects arrived"
        return Result(label, count * size, count, megabytes, aws, clouds, functions)
    finally:
        for function in functions.values():
            function.end()
        clouds.close()
        aws.shutdown()


class Result:
    """Of one measurement, scaled to a TB."""

    def __init__(self, label, size, count, megabytes, aws, clouds, functions):
        self.label, self.megabytes, self.scale = label, megabytes, TB / size
        seconds = sum(one.milliseconds for one in functions.values()) / 1000
        self.gb_seconds = seconds * megabytes / 1024 * self.scale
        self.cold_milliseconds = {name: one.cold for name, one in functions.items()}
        self.invocations = sum(one.invocations for one in functions.values()) * self.scale
        self.publishes = aws.publishes * self.scale
        operations = {side: collections.Counter() for side in ("azure", "s3")}
        for side, found in (("azure", clouds.azure), ("s3", clouds.s3)):
            for name, row in found.log["operations"].items():
                operations[side][name] += row["count"]
        self.operations = operations
        reads = {"GetObject", "HeadObject", "ListParts"}
        self.s3_reads = sum(n for name, n in operations["s3"].items() if name in reads) * self.scale
        self.s3_writes = sum(operations["s3"].values()) * self.scale - self.s3_reads
        self.azure_reads = sum(operations["azure"].values()) * self.scale
        self.cpu_seconds = sum(one.cpu_seconds() for one in functions.values()) * self.scale
        self.peaks = {name: one.peak_bytes() / MIB for name, one in functions.items()}
        # Receive, delete and SNS's delivery of each message; all messages came alone here.
        self.sqs = 2 * self.invocations
        self.dollars = sum(PRICE[name] * amount for name, amount in [
            ("gb_second", self.gb_seconds), ("invocation", self.invocations), ("sns", self.publishes),
            ("sqs", self.sqs), ("s3_write", self.s3_writes), ("s3_read", self.s3_reads),
            ("azure_read", self.azure_reads)])

    def row(self):
        sample = SAMPLE[self.label]
        ratio = f"1/{sample / self.gb_seconds:,.1f} (1/{AIM[self.label]:,})"
        return (f"| {self.label} | {self.megabytes} | {self.gb_seconds:,.0f} | {ratio} "
                f"| {self.cpu_seconds:,.0f} | {self.invocations:,.0f} | {self.publishes:,.0f} "
                f"| {self.s3_writes:,.0f} | {self.s3_reads:,.0f} | {self.azure_reads:,.0f} "
                f"| {max(self.peaks.values()):.0f} | {self.dollars:,.2f} |")


def first_next_milliseconds(rounds, **variables):
    """From just before execve until the request for the first event is read; without a cgroup."""
    found = []
    for _ in range(rounds):
        with socket.create_server(("127.0.0.1", 0)) as api:
            read, write = os.pipe()
            environment = {"AZS3COPY_SECRET": "s", "AWS_REGION": "us-east-1", "_HANDLER": "download",
                           "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.getsockname()[1]}", **variables}

            def tell_time(pipe=write):
                os.write(pipe, struct.pack("q", time.monotonic_ns()))

            process = subprocess.Popen([BOOTSTRAP], env=environment, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, preexec_fn=tell_time)
            connection, _ = api.accept()
            request = connection.recv(65536)
            ended = time.monotonic_ns()
        assert request.startswith(b"GET /2018-06-01/runtime/invocation/next "), request
        begun, = struct.unpack("q", os.read(read, 8))
        found.append((ended - begun) / 1e6)
        process.kill()
        process.wait()
        connection.close()
        os.close(read)
        os.close(write)
    return sorted(found)


def spread(values):
    """Median (lowest-highest) of what is in order."""
    return f"{values[len(values) // 2]:.1f} ({values[0]:.1f}-{values[-1]:.1f})"


HEAD = """# What a copy by the Lambda functions costs, measured

`bench/lambda.sh`, {date}. {machine}, {cores} cores, Linux {kernel}. Each function has memory/1769 of a
core and its memory as a cgroup's limits; the clouds are tests/fakes over TLS with source checksums
(structured bodies), on the same machine and not counted. Per TB (10^12 bytes), scaled from what was copied;
prices of us-east-1 for arm64, all in one table in bench/lambda_cost.py. Dollars are GB-seconds and requests;
Azure's egress (about $87 a TB) and storage come on top.

| objects | MB | GB-s | of the sample's (aim) | CPU-s | calls | SNS | S3 PUT | S3 GET | Azure | RSS, MiB | $ |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""
TAIL = """
The sample's GB-seconds are its handlers' own CPU with one root certificate (5,400, 104,000, 9.7 million a
TB); ours are billed durations of whole functions, cold starts included. One message an invocation. The fakes
answer at once: real latency comes on top, as it does for the sample. At 75 MB/s a function the sample's 1 GB
objects cost 53,500 GB-seconds a TB whatever its CPU does; ours, at 75 MB/s, {line_256:,} with 256 MB.

CPU-s are the functions' own, user and kernel: GB-seconds cannot be less than CPU-s x 1.769 / 1.024, with any
memory. The aims for 10 KB and 1 MB leave {floor_10_kb:.0f} us of CPU an object and {floor_1_mb:.2f} CPU-s a
GB, less than the kernel and AES need for two TLS streams (bench/results.md); they are not reached.

| | measured | goal |
|---|---|---|
| exec to the first next, ms, median of 41 (lowest-highest), the system's CA bundle read | {start} | 5 |
| the same with one root certificate | {one_root} | 5 |
| zip, MB (x86-64) | {zip:.2f} | 4 |
| peak RSS of largefile-parter, MiB | {part:.0f} | 64 |
| peak RSS of download, MiB | {batch:.0f} | 96 |

First invocation of each function, ms (secret, logins, connections):

"""


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--quick", action="store_true", help="a tenth of the blobs, 256 MB alone")
    quick = options.parse_args().quick
    sizes = [("10 KB", 20_000, 10_000), ("1 MB", 1_000, 1_000_000), ("1 GB", 2, 10**9)]
    results = []
    for megabytes in [256] if quick else [128, 256, 512]:
        for label, count, size in sizes:
            results.append(measure(label, max(1, count // 10) if quick else count, size, megabytes))
            print(results[-1].row(), results[-1].operations, file=sys.stderr)
    starts = spread(first_next_milliseconds(41))
    clouds = FakeClouds()
    one_root = spread(first_next_milliseconds(41, SSL_CERT_FILE=clouds.ca))
    clouds.close()
    package = BUILD / "package.zip"
    make_zip(package, BOOTSTRAP.read_bytes())

    def peak(handler):
        return max(result.peaks.get(handler, 0) for result in results)

    text = HEAD.format(date=time.strftime("%Y-%m-%d"), machine=platform.machine(), cores=os.cpu_count(),
                       kernel=platform.release())
    text += "".join(result.row() + "\n" for result in results)
    # CPU-s that an aim leaves a TB; TB / 75 MB/s with a quarter of a GB.
    left = {label: SAMPLE[label] / AIM[label] * 1.024 / 1.769 for label in AIM}
    text += TAIL.format(line_256=round(TB / 75e6 / 4), floor_10_kb=left["10 KB"] * 1e6 / (TB / 10_000),
                        floor_1_mb=left["1 MB"] / 1000, start=starts, one_root=one_root,
                        zip=package.stat().st_size / 1e6, part=peak("largefile-parter"),
                        batch=peak("download"))
    for result in results:
        cold = ", ".join(f"{name} {took}" for name, took in result.cold_milliseconds.items())
        text += f"- {result.label}, {result.megabytes} MB: {cold}\n"
    (ROOT / "bench/lambda_cost.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Kills a copy again and again with SIGKILL, at random moments, and looks at what comes out in the end.

    AZS3COPY_TEST_PROGRAM=build/debug/src/hosts/azs3copy tests/e2e/kill_loop.py --kills 100

Blobs of pseudo-random content are at the fake Azure, which counts every byte that it sends; the fake S3 keeps
checksums. Small blobs and large ones, 5 MiB parts, two streams: a kill costs at most two parts that were
under way, so the data is ten times what all kills together may cost. In the end: identical content, no part
of an open upload, no manifest, bytes read at most 1.1 times the data, no part sent again that had arrived.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from fakes import FakeClouds, objects
from program import Program

MIB = 1 << 20
PART_BYTES = 5 * MIB
TRANSFERS = 2
LARGE_BYTES = 37 * PART_BYTES + 12_345
SMALL_BLOBS, SMALL_BYTES = 400, 20_000
BYTES_RATIO_MAX = 1.1
FLAGS = ["--transfers", TRANSFERS, "--part-threshold", "5MiB", "--part-size", "5MiB"]
LONG_AGO = "2024-05-06T07:08:09Z"


def fill(clouds, kills):
    source = clouds.container()
    source.put("small/{}", size=SMALL_BYTES, count=SMALL_BLOBS, last_modified=LONG_AGO)
    lost_bytes_max = kills * TRANSFERS * PART_BYTES
    large_blobs = round(lost_bytes_max / (BYTES_RATIO_MAX - 1) / LARGE_BYTES) + 1
    source.put("large/{}", size=LARGE_BYTES, seed=1, count=large_blobs, last_modified=LONG_AGO)
    return source, SMALL_BLOBS * SMALL_BYTES + large_blobs * LARGE_BYTES


def written(clouds):
    """Bytes that S3 has received whole."""
    operations = clouds.s3.log["operations"]
    return sum(operations.get(name, {}).get("bytes_in", 0) for name in ("UploadPart", "PutObject"))


def run_and_kill(program, source, target, clouds, bytes_before_kill, chance):
    """True where the kill came in time. The moment: after so many bytes, and then anywhere."""
    running = program.start_copy(source, target, *FLAGS)
    start = written(clouds)
    while running.is_running and written(clouds) - start < bytes_before_kill:
        time.sleep(0.01)
    time.sleep(chance.uniform(0, 0.05))
    running.kill()
    return running.wait().code < 0


def kill_loop(program, clouds, kills, seed, say=lambda text: None):
    """Raises AssertionError where a promise is broken; gives the ratio of bytes read to the data."""
    chance = random.Random(seed)
    source, data_bytes = fill(clouds, kills)
    clouds.s3.post("options", keep_bodies=False)
    target = clouds.bucket()
    killed = 0
    for number in range(kills):
        left = max(data_bytes - written(clouds), 0)
        bytes_before_kill = chance.uniform(0, 2 * left / (kills - number + 1))
        killed += run_and_kill(program, source, target, clouds, bytes_before_kill, chance)
        say(f"kill {number + 1}: {written(clouds) / data_bytes:.0%} written")
    program.copy(source, target, *FLAGS, timeout=600)

    assert killed >= kills * 0.9, f"only {killed} of {kills} kills came in time"
    assert objects(clouds, target) == source.checksums(), "content differs"
    # A kill before the id arrived leaves an upload that nobody can name, without a part.
    assert not any(upload["parts"] for upload in clouds.s3.get("uploads")), "parts of open uploads are left"
    assert not program.manifests(), f"manifests are left: {program.manifests()}"
    again = sum(row["received"] - 1 for row in clouds.s3.get("parts"))
    assert again <= kills * TRANSFERS, f"{again} parts were sent again"
    ratio = clouds.azure.bytes_out("GetBlob") / data_bytes
    assert ratio <= BYTES_RATIO_MAX, f"read {ratio:.3f} times the data"
    say(f"{killed} kills, {data_bytes / MIB:.0f} MiB, read {ratio:.3f} times, {again} parts sent again")
    return ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    clouds = FakeClouds()
    try:
        with tempfile.TemporaryDirectory() as home:
            program = Program(os.environ["AZS3COPY_TEST_PROGRAM"], Path(home))
            kill_loop(program, clouds, arguments.kills, arguments.seed, lambda text: print(text, flush=True))
    except AssertionError as broken:
        sys.exit(f"kill_loop: {broken}")
    finally:
        clouds.close()


if __name__ == "__main__":
    main()

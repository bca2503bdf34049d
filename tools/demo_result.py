#!/usr/bin/env python3
"""Prints what the demo's first copy did, from its report: tools/demo_result.py RUN_FOLDER SECONDS"""

import collections
import json
import sys
from pathlib import Path


def main():
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    records = [json.loads(line) for line in (folder / "objects.jsonl").read_text().splitlines()]
    outcomes = collections.Counter(record["outcome"] for record in records)
    verified = collections.Counter(str(record.get("verified")) for record in records)
    megabytes = sum(record["bytes"] for record in records) / 1e6
    print("blobs   ", ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items()))
    print("verified", ", ".join(f"{count:,} {how}" for how, count in verified.items()))
    print(f"rate     {megabytes:,.0f} MB in {seconds:.1f} s: {megabytes / seconds:.0f} MB/s, "
          f"{len(records) / seconds:,.0f} blobs/s (the emulators' pace)")
    print(f"report   {folder}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Runs clang-tidy over the project's files, side by side: tools/tidy.py [--all] [FILE...]

A file that passed is not looked at again until it, a header of ours that it includes, its command line or
.clang-tidy changes: the proof is a stamp in the cache, named by the hash of all that. --all ignores the
stamps. Needs a finished debug build: its compile_commands.json says how to compile a file, and ninja knows
what each includes.
"""

import concurrent.futures
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/debug"
STAMPS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "azs3copy/tidy"
TIDY = "clang-tidy-19"


def includes_of_objects():
    """Object -> the files of ours that it was built from."""
    listing = subprocess.check_output(["ninja", "-C", BUILD, "-t", "deps"], text=True)
    includes, current = {}, None
    for line in listing.splitlines():
        if line and not line.startswith(" "):
            current = includes.setdefault(line.split(":")[0], [])
        elif line.strip():
            path = (BUILD / line.strip()).resolve()
            if path.is_relative_to(ROOT) and not path.is_relative_to(BUILD):
                current.append(path)
    return includes


def stamp_of(entry, includes):
    """The name of the stamp; nothing about it depends on where the clone lies."""
    digest = hashlib.sha256(subprocess.check_output([TIDY, "--version"]))
    digest.update(entry["command"].replace(str(ROOT), "").encode())
    for path in [ROOT / ".clang-tidy", Path(__file__), *sorted(includes)]:
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return STAMPS / digest.hexdigest()


def check(entry, stamp):
    file = entry["file"]
    options = ["--quiet", "-p", str(BUILD)]
    run = subprocess.run([TIDY, *options, file], capture_output=True, text=True)
    if run.returncode == 0:
        stamp.touch()
        return True
    print(run.stdout, end="", flush=True)
    return False


def main():
    arguments = sys.argv[1:]
    ignore_stamps = "--all" in arguments
    wanted = {(Path.cwd() / name).resolve() for name in arguments if name != "--all"}
    STAMPS.mkdir(parents=True, exist_ok=True)
    includes = includes_of_objects()
    jobs = []
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        # The program's own code; what tests do wrong the tests themselves show.
        ours = file.is_relative_to(ROOT / "src") and not file.name.endswith("_test.cpp")
        if ours and (not wanted or file in wanted):
            output = entry["command"].split(" -o ")[1].split()[0]
            stamp = stamp_of(entry, includes.get(output, [file]))
            if ignore_stamps or not stamp.exists():
                jobs.append((entry, stamp))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: check(*job), jobs))
    print(f"tidy: {len(jobs)} files looked at, {results.count(False)} with findings")
    return 1 if False in results else 0


if __name__ == "__main__":
    sys.exit(main())

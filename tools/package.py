#!/usr/bin/env python3
"""Zips a bootstrap for Lambda: package.py BOOTSTRAP FOLDER.

Refuses a program that needs anything of the system that it runs on, a loader, shared libraries, and one that
holds the path of this folder or of the libraries that it was built with.
Prints name, bytes and SHA-256 of each zip.
"""

import hashlib
import struct
import sys
import zipfile
from pathlib import Path

FUNCTIONS = ["launch-qualification", "find-blobs", "download", "largefile-initializer", "largefile-parter",
             "largefile-recombinator"]
NAMES = ["azs3copy-lambda.zip"]
NAMES += [f"azs3copy-lambda{number:02}.zip" for number, _ in enumerate(FUNCTIONS, 1)]
ROOT = Path(__file__).resolve().parent.parent
PT_DYNAMIC, PT_INTERP = 2, 3


def needs(program):
    """The program headers that ask for a loader: https://refspecs.linuxfoundation.org/elf/elf.pdf, 2-2."""
    assert program[:4] == b"\x7fELF" and program[4] == 2, "not a 64-bit program"
    start, = struct.unpack_from("<Q", program, 32)
    size, count = struct.unpack_from("<HH", program, 54)
    kinds = [struct.unpack_from("<I", program, start + number * size)[0] for number in range(count)]
    asked = {PT_DYNAMIC: "shared libraries", PT_INTERP: "a loader"}
    return [name for kind, name in asked.items() if kind in kinds]


def make_zip(path, program):
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o100755 << 16
    entry.create_system = 3  # Unix: without it Lambda would not see that it may be run
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(entry, program, compresslevel=9)


def main():
    program, folder = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
    if missing := needs(program):
        sys.exit(f"package: {sys.argv[1]} needs {' and '.join(missing)}: it is not linked statically")
    for path in (ROOT, Path.home() / ".cache"):
        if str(path).encode() in program:
            sys.exit(f"package: {sys.argv[1]} holds the path {path}: another would build other bytes")
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        make_zip(folder / name, program)
        content = (folder / name).read_bytes()
        print(f"{folder / name}  {len(content):,} bytes  {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()

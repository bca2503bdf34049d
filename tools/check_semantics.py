"""Checks that every test that docs/ names exists: a promise must not outlive its test.

A name that begins with test_ is one of tests/e2e or tests/deploy; Suite.Name in a table's last column is a
GoogleTest.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def tests_that_exist():
    python = [path for folder in ("e2e", "deploy") for path in (ROOT / "tests" / folder).glob("test_*.py")]
    tests = re.compile(r"^def (test_\w+)", re.MULTILINE)
    names = {name for path in python for name in tests.findall(path.read_text())}
    names |= {path.name for path in python}
    for folder in ("src", "tests"):
        for path in (ROOT / folder).rglob("*_test.cpp"):
            cases = re.findall(r"^(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\((\w+),\s*(\w+)", path.read_text(),
                               re.MULTILINE)
            names |= {f"{suite}.{name}" for suite, name in cases}
    return names


def tests_that_are_named():
    """(document, test) for each mention."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        for line in path.read_text().splitlines():
            for name in re.findall(r"\btest_\w+(?:\.py)?", line):
                yield path.name, name
            if line.startswith("|"):
                for name in re.findall(r"\b[A-Z]\w+\.[A-Z]\w+\b", line.rsplit("|", 2)[1]):
                    yield path.name, name


def main():
    exist = tests_that_exist()
    missing = [f"{document}: {name}" for document, name in tests_that_are_named() if name not in exist]
    for row in missing:
        print(f"docs name a test that is not there: {row}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

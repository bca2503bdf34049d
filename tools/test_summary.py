#!/usr/bin/env python3
"""Adds up JUnit files: names what failed or was skipped, ends with 'N passed, N failed, N skipped'.

Exits with 1 if a test failed or a file holds none.
"""

import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    """ctest writes status="notrun" or "disabled" where others put an element."""
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "passed"


def main():
    count = {"passed": 0, "failed": 0, "skipped": 0}
    empty = []
    for path in sys.argv[1:]:
        cases = list(ElementTree.parse(path).iter("testcase"))
        if not cases:
            empty.append(path)
        for case in cases:
            result = outcome(case)
            count[result] += 1
            if result != "passed":
                print(f"{result}: {case.get('classname') or ''} {case.get('name')}")
    for path in empty:
        print(f"no test ran: {path}")
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or empty or not sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Checks that Python files parse and keep to 110 columns: tools/check_python.py FILE..."""

import ast
import sys

COLUMNS_MAX = 110


def main():
    findings = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            ast.parse(text, path)
        except SyntaxError as error:
            findings += 1
            print(f"{path}:{error.lineno}: {error.msg}")
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > COLUMNS_MAX:
                findings += 1
                print(f"{path}:{number}: {len(line)} columns, at most {COLUMNS_MAX}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

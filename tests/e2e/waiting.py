"""Waiting for a condition instead of for a time."""

import time


def wait_until(condition, what, seconds=30):
    """Gives the first true value of the condition."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what}: not after {seconds} s")

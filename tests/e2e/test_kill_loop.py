"""Kill -9 at random moments in a loop: see kill_loop.py."""

import random

import pytest

from kill_loop import kill_loop


def test_a_copy_survives_random_kills(program, clouds):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    kill_loop(program, clouds, kills=12, seed=seed)


@pytest.mark.full
def test_a_copy_survives_a_hundred_random_kills(program, clouds):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    kill_loop(program, clouds, kills=100, seed=seed, say=print)

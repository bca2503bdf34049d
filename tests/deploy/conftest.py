"""What the tests of the deployment are given. Those that need the program terraform are skipped without it,
unless AZS3COPY_TEST_TERRAFORM=required; those on an applied stack need the test servers and their Python: see
run.sh."""

import os

import pytest

import cloudformation
import resources
import terraform
from scenarios import OF_BOTH, SCENARIOS, for_terraform, stack_of

MOTO_URL = os.environ.get("AZS3COPY_TEST_MOTO_AUTH_URL")
ALLOWED_MISSING = os.environ.get("AZS3COPY_TEST_ALLOW_MISSING", "").split(",")


def pytest_collection_modifyitems(items):
    if terraform.program() or os.environ.get("AZS3COPY_TEST_TERRAFORM") == "required":
        return
    reason = ("terraform (1.11 or later) is not on the PATH, and Debian has no package of it: install it. "
              "AZS3COPY_TEST_TERRAFORM=required, as in CI, makes this an error")
    for item in items:
        if item.get_closest_marker("terraform"):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def applied(tmp_path_factory):
    """On moto, once: test_apply.py reads it back, test_chain.py runs it, test_destroy.py ends it."""
    if not MOTO_URL and "moto-auth" in ALLOWED_MISSING:
        pytest.skip("the server moto-auth could not be had, and AZS3COPY_TEST_ALLOW_MISSING says that it may "
                    "be missing: nothing was applied")
    assert MOTO_URL, "AZS3COPY_TEST_MOTO_AUTH_URL is not set: run the tests with tests/deploy/run.sh"
    import applied  # needs what the test servers' Python has

    return applied.applied_to(tmp_path_factory.mktemp("applied"))


@pytest.fixture(scope="session")
def stacks():
    """Scenario -> the CloudFormation template with its parameters."""
    template = cloudformation.load()
    return {name: stack_of(name, template) for name in SCENARIOS}


@pytest.fixture(scope="session")
def states(tmp_path_factory):
    """Scenario -> Terraform's state, with the provider mocked."""
    return terraform.states(
        tmp_path_factory.mktemp("states"), {name: for_terraform(name) for name in OF_BOTH}
    )


@pytest.fixture(scope="session")
def canonical(stacks, states):
    """Scenario -> (CloudFormation's side, Terraform's side)."""
    return {
        name: (resources.of_cloudformation(stacks[name]), resources.of_terraform(states[name]))
        for name in OF_BOTH
    }

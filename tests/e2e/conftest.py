"""What every end-to-end test is given: the program, and both clouds on the real servers of tests/servers.

Each test works in a container and a bucket of its own. A server that is missing is a failure, unless
AZS3COPY_TEST_ALLOW_MISSING names it.
"""

import itertools
import os
import random

import pytest

from aws import Aws
from clouds import Account, Store
from fakes import FakeClouds
from program import Program

pytest_plugins = ["lambda_fixtures"]

ALLOWED_MISSING = os.environ.get("AZS3COPY_TEST_ALLOW_MISSING", "").split(",")
NUMBERS = itertools.count(1)


def setting(name, server):
    """The value of AZS3COPY_TEST_<name>, which tests/servers/run.sh sets where it started the server."""
    value = os.environ.get(f"AZS3COPY_TEST_{name}")
    if not value and server in ALLOWED_MISSING:
        pytest.skip(f"AZS3COPY_TEST_ALLOW_MISSING leaves out {server}")
    assert value, f"AZS3COPY_TEST_{name} is not set: run the tests with tests/servers/run.sh"
    return value


def new_name():
    """Of a container or bucket: no two tests share one."""
    return f"test-{os.getpid()}-{next(NUMBERS)}"


def noise(size, seed=1):
    """Bytes that no compression and no repetition can hide an error in; the same at every run."""
    return random.Random(seed).randbytes(size)


def make_account(variable, server, with_ca):
    url = setting(variable, server)
    ca = setting("CA", server) if with_ca else None
    return Account(url, setting("AZURITE_ACCOUNT", server), setting("AZURITE_KEY", server), ca)


def make_store(variable, server, with_ca=False):
    url = setting(variable, server)
    return Store(url, setting("S3_ACCESS_KEY", server), setting("S3_SECRET_KEY", server),
                 setting("S3_REGION", server), setting("CA", server) if with_ca else None)


@pytest.fixture
def program(tmp_path):
    path = os.environ.get("AZS3COPY_TEST_PROGRAM")
    assert path, "AZS3COPY_TEST_PROGRAM is not set: the azs3copy to be tested"
    return Program(path, tmp_path)


@pytest.fixture(scope="session")
def account():
    """Azurite over https."""
    return make_account("AZURITE_TLS_URL", "azurite-tls", with_ca=True)


@pytest.fixture(scope="session")
def plain_account():
    """Azurite over http: for proxies that look inside."""
    return make_account("AZURITE_URL", "azurite", with_ca=False)


@pytest.fixture(scope="session")
def store():
    """versitygw over https: S3 that checks every checksum, but has keys as paths of a file system."""
    return make_store("VERSITYGW_TLS_URL", "versitygw-tls", with_ca=True)


@pytest.fixture(scope="session")
def exact_store():
    """moto: S3 that is lax, but whose keys are exact."""
    return make_store("MOTO_URL", "moto")


@pytest.fixture(scope="session")
def md5_store():
    """rclone's S3 server, which knows no CRC64NVME: its ETags are MD5s."""
    return make_store("RCLONE_URL", "rclone")


@pytest.fixture(scope="session")
def aws():
    """moto that lets everybody in, with keys that versitygw knows too."""
    url = setting("MOTO_URL", "moto")
    return Aws(url, setting("S3_ACCESS_KEY", "moto"), setting("S3_SECRET_KEY", "moto"))


@pytest.fixture(scope="session")
def strict_aws():
    """moto that checks signatures and judges rights."""
    return Aws(setting("MOTO_AUTH_URL", "moto-auth"), setting("MOTO_AUTH_ACCESS_KEY", "moto-auth"),
               setting("MOTO_AUTH_SECRET_KEY", "moto-auth"), checks_logins=True)


@pytest.fixture
def container(account):
    return account.container(new_name())


@pytest.fixture
def bucket(store):
    return store.bucket(new_name())


@pytest.fixture
def exact_bucket(exact_store):
    return exact_store.bucket(new_name())


@pytest.fixture
def clouds():
    """Both strict fakes, for this test alone."""
    fakes = FakeClouds()
    yield fakes
    fakes.close()

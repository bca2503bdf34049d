"""What the chain tests are given: the six functions between a source and a bucket."""

import contextlib
import os
from pathlib import Path

import pytest

from aws import Aws
from call_recorder import CallRecorder
from conftest import new_name, setting
from fakes import objects
from lambda_chain import STATE_PREFIX, Chain, Login

CALLS = Path(__file__).with_name("lambda_calls.json")
IN_PARTS = {"part_threshold": "5MiB", "part_size": "5MiB"}
WORKERS = ["find-blobs", "download", "largefile-initializer", "largefile-parter", "largefile-recombinator"]


def entra(client="ENTRA_CLIENT", secret=None):
    return Login(setting("ENTRA_URL", "entra"), setting("ENTRA_TENANT", "entra"), setting(client, "entra"),
                 secret or setting("ENTRA_SECRET", "entra"))


@pytest.fixture(scope="session")
def calls():
    """With AZS3COPY_TEST_RECORD_CALLS=1 what functions ask of AWS in all tests goes to lambda_calls.json."""
    if not os.environ.get("AZS3COPY_TEST_RECORD_CALLS"):
        yield None
        return
    with CallRecorder() as recorder:
        yield recorder
        recorder.add_to(CALLS)


@pytest.fixture
def make_chain(aws, calls):
    """A chain that runs until the test ends; whatever the test is about, no secret may have been written."""
    with contextlib.ExitStack() as running:
        chains = []

        def make(source, bucket, login=None, aws=aws, prefix=None, **options):
            options = {"function_seconds": 30, "visibility_seconds": 60, "recorder": calls} | options
            chain = Chain(aws, source, bucket, login or entra(), prefix or f"{new_name()}-", **options)
            chains.append(chain)
            running.enter_context(chain.host)
            return chain

        yield make
        for chain in chains:
            print(chain.host.text)  # shown where the test failed
            chain.check_end()


@pytest.fixture
def make_fake_chain(clouds, make_chain):  # in this order: the chain ends before the clouds
    """The same between the strict fakes, which count requests and go wrong on demand."""
    clouds.azure.post("applications", tenant="tenant-1", client_id="client-1", secret="s3cret-1")
    login = Login(clouds.azure_url, "tenant-1", "client-1", "s3cret-1")

    def make(source, bucket, **options):
        store = clouds.store
        aws = Aws(setting("MOTO_URL", "moto"), store.access_key, store.secret_key)
        return make_chain(source, bucket, login, aws, **options)

    return make


def assert_over(status, copied, failed=0):
    """What `azs3copy status` says."""
    assert (status["over"], status["copied"], status["failed"]) == (True, copied, failed)


def objects_of(clouds, bucket):
    """Key -> (size, CRC64NVME), without the ledger."""
    return {key: value for key, value in objects(clouds, bucket).items() if not key.startswith(STATE_PREFIX)}

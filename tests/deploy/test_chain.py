"""The chain of the six functions on the applied stack: bootstrap processes that the applied mappings feed,
each under credentials of its own applied role, with moto's authentication on. Each test goes on from the one
before; what all of them asked for is judged in the end.

    Azurite, or the fake of Azure --> functions --> S3, one of three:
      moto        the applied bucket itself; moto judges. It lists parts without checksums: small blobs alone
      versitygw   takes large blobs, but knows no roles: the recorder judges, by moto's evaluation (rights.py)
      the fake    goes wrong on demand; judged in the same way

A queue is polled under its function's role too, as Lambda does it.
"""

import contextlib
import os
import random
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from applied import CONTAINER, AppliedStack
from aws import REGION
from call_recorder import CallRecorder
from cloudformation import ACCOUNT
from clouds import Account, Bucket, Store
from fakes import FakeClouds
from lambda_chain import STATE_PREFIX, Chain, Login
from lambda_host import Faults
from lambda_stack import FUNCTIONS
from program import Program
from rights import Roles, idle_rights, rights_of
from waiting import wait_until

pytestmark = pytest.mark.terraform

CALLS = Path(__file__).resolve().parents[1] / "e2e/lambda_calls.json"
MIB = 1 << 20
WRONG_CRC = {"x-amz-checksum-crc64nvme": "AAAAAAAAAAE="}

# What no request to moto or to an S3 can ask for.
NOT_JUDGED = {
    "kms:Decrypt": "S3, SNS, SQS and Secrets Manager ask in the function's name; moto encrypts nothing",
    "kms:GenerateDataKey": "the same",
    "logs:CreateLogStream": "Lambda's own, with what a function writes; no call of the program's",
    "logs:PutLogEvents": "the same",
}
# Rights on all objects that were asked for below the state's prefix alone.
WIDE = {
    ("largefile-recombinator", "s3:DeleteObject"): "an object that S3 completed and then doubts: no server"
    " and no fake does that",
}


def setting(name):
    return os.environ[f"AZS3COPY_TEST_{name}"]


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


# Of the secret, besides those that the templates write: the environment has the rest.
MORE_PARAMETERS = ["bloburl", "tenantid", "appid", "folder_levels", "include", "transfers"]


class System(SimpleNamespace):
    """All of it. `chain` goes from `source` to whichever bucket it was pointed at."""

    def point_at(self, store, source=None, login=None, **parameters):
        """The chain copies to this S3 from now on, with the applied parameters and these."""
        self.chain.bucket = Bucket(store, self.bucket_name)
        self.chain.source = source or self.source
        self.chain.login = login or self.login
        self.change(**{**self.parameters, **dict.fromkeys(MORE_PARAMETERS), **parameters})

    def change(self, **parameters):
        """Of the secret, seen at once: functions look again after minutes only."""
        self.chain.stack.change_secret(**parameters)
        for function in self.chain.host.functions.values():
            function.recycle()

    def held(self, handler, **blobs):
        """Begins a run with these blobs, which goes as far as to the function."""
        self.source.put_many(blobs)
        self.chain.host.pause(handler)
        assert self.chain.launch()["run"], "no run was begun"
        wait_until(lambda: self.chain.stack.queues[handler].count(), f"a message for {handler}")

    def go_on(self, handler):
        self.chain.host.pause(handler, False)
        self.chain.host.wait_until_quiet()

    def send_again(self, handler):
        """The last message of a function once more, and waits until it has worked on it."""
        function = self.chain.host[handler]
        count = len(function.invocations)
        self.chain.stack.publish(handler, self.chain.messages(handler)[-1])
        wait_until(lambda: len(function.invocations) > count, f"{handler} once more")

    @contextlib.contextmanager
    def time_outs_of(self, seconds, *handlers):
        functions = [self.chain.host[handler] for handler in handlers]
        applied = [function.seconds_max for function in functions]
        for function in functions:
            function.seconds_max = seconds
        yield
        for function, seconds in zip(functions, applied):
            function.seconds_max = seconds

    def abort_uploads(self):
        """As a lifecycle rule does, or a person."""
        client = self.chain.bucket.client
        for row in client.list_multipart_uploads(Bucket=self.bucket_name)["Uploads"]:
            client.abort_multipart_upload(Bucket=self.bucket_name, Key=row["Key"], UploadId=row["UploadId"])


@pytest.fixture(scope="module")
def system(request, applied):
    """The chain runs until the last test of this file; nothing secret may have been written."""
    account = Account(*map(setting, ("AZURITE_TLS_URL", "AZURITE_ACCOUNT", "AZURITE_KEY", "CA")))
    source = account.container(CONTAINER)
    login = Login(*map(setting, ("ENTRA_URL", "ENTRA_TENANT", "ENTRA_CLIENT", "ENTRA_SECRET")))
    aws, bucket_name = applied.aws, applied.outputs["BucketName"]
    keys = map(setting, ("S3_ACCESS_KEY", "S3_SECRET_KEY"))
    versitygw = Store(setting("VERSITYGW_TLS_URL"), *keys, REGION, setting("CA"))
    versitygw.bucket(bucket_name)
    moto = Store(aws.url, aws.access_key, aws.secret_key, REGION)
    applied.open_bucket()
    roles, stack = Roles(applied), AppliedStack(applied)
    stack.show_messages_again_after(3)
    aws.check_logins_after("0")
    try:
        with CallRecorder(allows=roles.allows) as recorder, CallRecorder() as pollers:
            bucket = Bucket(moto, bucket_name)
            chain = Chain(aws, source, bucket, login, "etl", recorder=recorder, stack=stack)
            usual = chain.host.environment
            # versitygw's buckets belong to access keys, not to accounts.
            no_owner = {"AZS3COPY_EXPECTED_BUCKET_OWNER": ""}
            chain.host.environment = lambda handler: usual(handler) | (
                no_owner if chain.bucket.store is versitygw else {})
            poll_as_functions(chain, pollers)
            with chain.host:
                yield System(chain=chain, source=source, login=login, roles=roles, recorder=recorder,
                             pollers=pollers, moto=moto, versitygw=versitygw, bucket_name=bucket_name,
                             parameters=applied.secret(), failed_before=request.session.testsfailed)
                print(chain.host.text)  # shown where a test failed
                chain.check_end()
        if os.environ.get("AZS3COPY_TEST_RECORD_CALLS"):
            recorder.add_to(CALLS)
    finally:
        aws.check_logins_after("inf")


def poll_as_functions(chain, pollers):
    """Each queue under the role of its function, through a recorder."""
    for source in chain.host.sources:
        login = source.function.login
        pollers.functions[login["AWS_ACCESS_KEY_ID"]] = source.function.handler
        source.sqs = boto3.client("sqs", endpoint_url=pollers.front(chain.aws.url), region_name=REGION,
                                  **keys_of(login))


def keys_of(login):
    """A function's variables as boto3 takes them."""
    return {name.lower(): value for name, value in login.items()}


@pytest.fixture
def clouds(system):
    """The fakes of both clouds, empty; the chain goes from the one to the other meanwhile."""
    fakes = FakeClouds()
    login = Login(fakes.azure_url, "tenant-1", "client-1", "s3cret-1")
    fakes.azure.post("applications", tenant="tenant-1", client_id="client-1", secret=login.secret)
    fakes.bucket(system.bucket_name, owner=ACCOUNT)
    source = fakes.container(CONTAINER)
    # Two transfers at a time, so that a batch has a rest that is not begun.
    system.point_at(fakes.store, source, login, bloburl=fakes.account_url, transfers=2, **login.parameters)
    yield SimpleNamespace(azure=fakes.azure, s3=fakes.s3, source=source)
    system.point_at(system.moto)
    fakes.close()


@pytest.fixture
def program(tmp_path):
    return Program(setting("PROGRAM"), tmp_path)


@pytest.fixture(autouse=True)
def unbroken(request, system):
    """A test goes on from those before it. What was asked for by then is judged all the same."""
    if request.session.testsfailed > system.failed_before and "judges" not in request.keywords:
        pytest.fail("a test that this one goes on from has failed")


# ---- nothing is denied


def test_each_function_has_the_login_of_its_applied_role(applied, system):
    for function in system.chain.host.functions.values():
        who = applied.client("sts", keys_of(function.login)).get_caller_identity()["Arn"]
        assert who.split("/")[1] == function.name.replace("lmd", "iar", 1)
        assert function.environment["AZS3COPY_SECRET"] == applied.outputs["SecretArn"]


def test_small_blobs_arrive_in_the_applied_bucket(system, program):
    contents = {f"small/{number}": noise(1000, seed=number) for number in range(30)} | {"empty": b""}
    system.source.put_many(contents)

    run = system.chain.run()

    assert system.chain.objects() == contents and not system.chain.dead()
    assert system.chain.status(program, run)["copied"] == 31
    assert system.chain.status(program, system.chain.run())["unchanged"] == 31


def test_the_secret_switches_off_and_moves_the_begin_date(system):
    system.source.put("later", b"x")
    system.change(isactive="false")
    assert system.chain.launch() == {"run": None, "why": "not_active"}
    system.change(isactive="true", begindate="20990101")
    assert system.chain.launch() == {"run": None, "why": "not_yet"}
    assert not system.chain.bucket.has("later")
    system.change(begindate="20220820")
    system.chain.run()
    assert system.chain.bucket.read("later") == b"x"


def test_large_blobs_arrive_in_parts(system):
    contents = {"large": noise(16 * MIB + 7), "two": noise(5 * MIB + 1, seed=2), "folder/small": b"x"}
    system.source.put_many(contents)
    system.point_at(system.versitygw, folder_levels=1)

    run = system.chain.run()

    objects = system.chain.objects()
    assert contents.items() <= objects.items() and len(objects) == 35
    parts = {record["source"]: record.get("parts", 0) for record in system.chain.records(run)}
    assert (parts["large"], parts["two"], parts["folder/small"]) == (4, 2, 0)
    assert not system.chain.bucket.uploads() and not system.chain.dead()


def test_blobs_that_change_their_size_on_the_way_arrive(system):
    system.held("download", grows=b"small")
    system.source.put("grows", noise(6 * MIB))
    system.go_on("download")
    system.held("largefile-initializer", shrinks=noise(6 * MIB))
    system.source.put("shrinks", b"small")
    system.go_on("largefile-initializer")
    assert system.chain.bucket.read("grows") == noise(6 * MIB)
    assert system.chain.bucket.read("shrinks") == b"small"


def test_a_blob_that_changes_between_its_parts_arrives(system):
    """The upload of the old version is aborted: by a part, or by the initializer where that comes first."""
    system.held("largefile-parter", changes=noise(6 * MIB))
    system.source.put("changes", noise(6 * MIB, seed=2))
    system.go_on("largefile-parter")
    assert system.chain.bucket.read("changes") == noise(6 * MIB, seed=2)

    system.held("largefile-parter", changes=noise(6 * MIB, seed=3))
    system.source.put("changes", noise(6 * MIB, seed=4))
    system.send_again("largefile-initializer")
    system.go_on("largefile-parter")
    assert system.chain.bucket.read("changes") == noise(6 * MIB, seed=4) and not system.chain.dead()


def test_an_upload_is_taken_up_where_all_its_parts_are_there(system):
    system.held("largefile-recombinator", whole=noise(6 * MIB))
    system.send_again("largefile-initializer")
    assert len(system.chain.messages("largefile-parter")[-2:]) == 2
    system.go_on("largefile-recombinator")
    assert system.chain.bucket.read("whole") == noise(6 * MIB)


@pytest.mark.parametrize("handler", ["largefile-parter", "largefile-recombinator"])
def test_an_upload_that_somebody_aborted_is_begun_again(system, handler):
    system.held(handler, **{f"aborted/{handler}": noise(6 * MIB)})
    system.abort_uploads()
    system.go_on(handler)
    assert system.chain.bucket.read(f"aborted/{handler}") == noise(6 * MIB) and not system.chain.dead()


def test_a_batch_that_was_cut_off_comes_again(system):
    """What it has recorded is looked for: nothing is there, which must not be a 403."""
    system.chain.host["download"].faults = Faults(kill_after_seconds=[0.0])
    system.source.put_many({"again": b"x"})
    system.chain.run()
    assert "exit" in [one.ended for one in system.chain.host["download"].invocations]
    assert system.chain.bucket.read("again") == b"x"


def test_what_goes_wrong_is_put_right(system, clouds):
    """Uploads that may have been opened, or were refused; objects that S3 reports with another checksum."""
    clouds.s3.fault("CreateMultipartUpload", target_contains="/opened", status=500, code="InternalError",
                    effect_happens=True)
    clouds.s3.fault("CreateMultipartUpload", target_contains="/refused", status=400, code="InvalidRequest")
    clouds.s3.fault("PutObject", target_contains="/doubtful", times=0, headers=WRONG_CRC)
    clouds.source.put("opened", size=6 * MIB)
    clouds.source.put("refused", size=6 * MIB, seed=2)
    clouds.source.put("doubtful", "x")

    with system.time_outs_of(6, "download"):  # or it tries for minutes before it gives up
        run = system.chain.run()

    ended = {record["source"]: record for record in system.chain.records(run)}
    assert {name: record["outcome"] for name, record in ended.items()} == {
        "opened": "copied", "refused": "failed", "doubtful": "failed"}
    assert "the object was deleted again" in ended["doubtful"]["error"]["message"]
    # The reply about this one was lost: not known to be ours, it is left to the bucket's lifecycle rule.
    assert set(system.chain.objects()) == {"opened"} and len(clouds.s3.get("uploads")) == 1

    clouds.s3.heal()
    system.chain.run()

    assert set(system.chain.objects()) == {"opened", "refused", "doubtful"}
    assert len(clouds.s3.get("uploads")) == 1 and not system.chain.dead()


def test_what_runs_out_of_time_hands_its_rest_on(system, clouds):
    """From the half of its time on a function begins nothing new."""
    clouds.azure.fault("GetBlob", target_contains="small", times=6, delay=700)
    clouds.azure.fault("GetBlobProperties", target_contains="large", delay=1200)
    clouds.source.put("small/{}", size=10, count=8)
    clouds.source.put("large", size=6 * MIB)
    queue = system.chain.stack.queues["largefile-parter"]
    with system.time_outs_of(2, "download", "largefile-initializer", "largefile-parter"):
        system.chain.host.pause("largefile-parter")
        system.chain.launch()
        wait_until(lambda: queue.count() == 2, "messages of both parts")
        clouds.s3.fault("GetObject", target_contains="uploads", delay=1200)
        system.go_on("largefile-parter")
    assert len(system.chain.objects()) == 9 and not system.chain.dead()


def test_transient_failures_come_again_soon(system, clouds):
    """Each function shortens the time for which its queue hides the message."""
    for handler, fake, operation in [
        ("find-blobs", clouds.azure, "ListBlobs"),
        ("download", clouds.azure, "GetBlob"),
        ("largefile-initializer", clouds.s3, "CreateMultipartUpload"),
        ("largefile-parter", clouds.s3, "UploadPart"),
        ("largefile-recombinator", clouds.s3, "CompleteMultipartUpload"),
    ]:
        function = system.chain.host[handler]
        before = len(function.logged("comes_again_after"))
        fake.fault(operation, times=0, status=503, code="ServerBusy")
        clouds.source.put(f"soon/{handler}", size=10 if handler in ("find-blobs", "download") else 6 * MIB)
        with system.time_outs_of(3, handler):
            system.chain.launch()
            wait_until(lambda: len(function.logged("comes_again_after")) > before, f"a retry of {handler}")
            fake.heal()
            system.chain.host.wait_until_quiet()
    assert len(system.chain.objects()) == 5 and not system.chain.dead()


@pytest.mark.judges
def test_nothing_was_denied(system):
    assert set(system.recorder.asked) == set(FUNCTIONS)
    assert not system.recorder.denied and not system.pollers.denied


# ---- no right is there for nothing


@pytest.mark.judges
def test_without_any_one_right_something_is_denied(system):
    """Each taken away in turn, and all that was asked is judged again."""
    idle = []
    for function in FUNCTIONS:
        asked = system.recorder.asked[function] | system.pollers.asked[function]
        rights = idle_rights(system.roles.policies[function], asked)
        idle += [(function, *right) for right in rights if right[1] not in NOT_JUDGED]
    assert not idle


@pytest.mark.judges
def test_no_right_on_all_objects_is_for_the_state_alone(system):
    wide = set()
    for function in FUNCTIONS:
        asked = system.recorder.asked[function]
        of_objects = {action for action, arn in asked if f"/{STATE_PREFIX}" not in arn}
        for sid, action, _ in rights_of(system.roles.policies[function]):
            if sid == "Objects" and action not in of_objects:
                wide.add((function, action))
    assert wide == set(WIDE)


# ---- a right that is really taken away: what is seen of it, and how to go on


def test_what_is_denied_becomes_a_dead_letter_and_is_copied_once_it_is_sent_back(system, program):
    system.point_at(system.moto, include="small/*")
    system.chain.stack.show_messages_again_after(1)
    system.source.put("small/dead", b"letter")
    with system.roles.without("find-blobs", "sns:Publish"):
        system.chain.run()
    assert "AccessDenied" in codes(system, "find-blobs")
    assert list(system.chain.dead()) == ["find-blobs"] and not system.chain.bucket.has("small/dead")

    system.chain.redrive(program, "find-blobs")
    system.chain.host.wait_until_quiet()
    assert system.chain.bucket.read("small/dead") == b"letter" and not system.chain.dead()


def test_a_launch_that_is_denied_its_state_begins_nothing(system):
    with system.roles.without("launch-qualification", "s3:GetObject"):
        invocation = system.chain.host.invoke("launch-qualification", {})
    assert invocation.ended == "error" and "Access Denied" in invocation.body.decode()


@pytest.mark.parametrize("handler, action", [
    ("download", "s3:PutObject"),
    ("largefile-initializer", "s3:PutObject"),
    ("largefile-parter", "secretsmanager:GetSecretValue"),
    ("largefile-recombinator", "s3:ListMultipartUploadParts"),
])
def test_a_function_says_what_it_is_denied_and_goes_on_once_it_may(system, handler, action):
    system.point_at(system.versitygw)
    contents = {f"denied/{handler}/{size}": noise(size) for size in (100, 6 * MIB)}
    system.source.put_many(contents)
    with system.roles.without(handler, action):
        assert system.chain.launch()["run"]
        wait_until(lambda: "AccessDenied" in codes(system, handler), "the refusal in the log")
    system.chain.host.wait_until_quiet()
    system.chain.run()  # for what has failed for good
    assert contents.items() <= system.chain.objects().items() and not system.chain.dead()


def codes(system, handler):
    """What the services answered, as the function's log has it."""
    return {line.get("service_code") for line in system.chain.host[handler].lines}

"""The six functions as one system, from the schedule over SNS, SQS, Entra and Azure to the last object in S3.

Each function is the real bootstrap process; tests/e2e/lambda_host.py stands for Lambda.
"""

import datetime
import http.server
import json
import socket
import threading
import time
import urllib.parse

import pytest
from azure.storage.blob import ContentSettings

from aws import REGION, Aws
from call_recorder import CallRecorder
from clouds import Store
from conftest import new_name, noise, setting
from crc64nvme import crc64nvme
from fakes import objects
from lambda_chain import STATE_PREFIX, Login
from lambda_fixtures import CALLS, IN_PARTS, WORKERS, assert_over, entra, objects_of
from lambda_host import Faults
from lambda_stack import TOPICS, allow
from waiting import wait_until

MIB = 1 << 20
LONG_AGO = "2024-05-06T07:08:09Z"
WRONG_SECRET = "a-wrong/secret+that-nobody-must-see"


# ---- what arrives


def test_small_blobs_arrive_with_headers_and_metadata(make_chain, program, container, bucket):
    contents = {f"folder {number % 7}/{number:03} \u00fc\U0001f680 + =&%2F": noise(number * 37, seed=number)
                for number in range(250)}
    container.put_many({**contents, "empty": b""})
    settings = ContentSettings(content_type="text/csv; charset=utf-8", content_encoding="br",
                               content_language="de-CH, en", cache_control="no-cache",
                               content_disposition='attachment; filename="a b.csv"')
    container.put("headers.csv", b"1,2", content_settings=settings, metadata={"owner": "somebody"})
    chain = make_chain(container, bucket)

    run = chain.run()

    assert chain.objects() == {**contents, "empty": b"", "headers.csv": b"1,2"}
    head = bucket.head("headers.csv")
    assert (head["ContentType"], head["ContentEncoding"]) == ("text/csv; charset=utf-8", "br")
    assert (head["ContentLanguage"], head["CacheControl"]) == ("de-CH, en", "no-cache")
    assert head["ContentDisposition"] == 'attachment; filename="a b.csv"'
    assert head["Metadata"]["owner"] == "somebody"
    assert not chain.dead()
    assert_over(chain.status(program, run), copied=252)

    again = chain.status(program, chain.run())
    assert_over(again, copied=0)
    assert again["unchanged"] == 252
    assert len(chain.messages("download")) <= 6, "too few blobs travel together"


def test_large_blobs_arrive_in_parts_with_the_checksum_of_the_whole(make_chain, container, bucket):
    contents = {"large": noise(16 * MIB + 7), "threshold": noise(5 * MIB), "two": noise(5 * MIB + 1, seed=2)}
    container.put_many(contents)
    container.put("typed", noise(6 * MIB, seed=3), content_settings=ContentSettings(content_type="video/mp4"))
    chain = make_chain(container, bucket, parameters=IN_PARTS)

    run = chain.run()

    assert chain.objects() == {**contents, "typed": noise(6 * MIB, seed=3)}
    head = bucket.head("large")
    assert (head["ChecksumType"], head["ChecksumCRC64NVME"]) == ("FULL_OBJECT", crc64nvme(contents["large"]))
    assert bucket.head("typed")["ContentType"] == "video/mp4"
    parts = {record["source"]: record.get("parts", 0) for record in chain.records(run)}
    assert parts == {"large": 4, "threshold": 0, "two": 2, "typed": 2}
    assert not bucket.uploads() and not chain.dead()
    assert not [key for key in chain.ledger() if key.startswith("uploads/")]


@pytest.mark.full
def test_a_blob_of_more_than_a_thousand_parts(make_fake_chain, clouds):
    """ListParts has pages of 1,000 rows: read once, the last part is never found."""
    source, target = clouds.container(), clouds.bucket()
    size, all_parts = 1_009 * 5 * MIB + 1, 1_010
    source.put("large", size=size, seed=3, last_modified=LONG_AGO)
    chain = make_fake_chain(source, target, parameters=IN_PARTS, function_seconds=60)
    chain.host.pause("largefile-parter")
    chain.launch()
    initializer, parter = chain.host["largefile-initializer"], chain.stack.queues["largefile-parter"]
    wait_until(lambda: len(initializer.invocations) == 1, "messages of all parts", seconds=60)
    assert parter.count() == all_parts

    # All but a few have arrived; then the work comes once more, and goes on with what is missing.
    clouds.s3.post("parts", key="large", size=size, seed=3, part_bytes=5 * MIB, missing=[7, 1_001, all_parts])
    parter.purge()
    work, = chain.messages("largefile-initializer")
    chain.stack.publish("largefile-initializer", work)
    wait_until(lambda: len(initializer.invocations) == 2, "messages of the parts that are missing")
    chain.host.pause("largefile-parter", False)
    chain.host.wait_until_quiet()

    assert objects_of(clouds, target) == source.checksums()
    assert clouds.s3.get("uploads") == [] and not chain.dead()
    assert len(clouds.s3.get("parts")) <= 3 + 10, "parts that were there were sent again"


def test_several_containers_lie_side_by_side(make_chain, account, bucket):
    first, second = account.container(new_name()), account.container(new_name())
    first.put("a", b"1")
    second.put("a", b"2")
    chain = make_chain(first, bucket, parameters={
        "bloburl": account.url, "containers": f"{first.name},{second.name}"})

    chain.run()

    assert chain.objects() == {f"{first.name}/a": b"1", f"{second.name}/a": b"2"}


def test_of_two_blobs_on_one_key_one_is_told_as_failed(make_chain, program, container, bucket):
    """Without their folders, which are listed side by side: no listing knows what the others found."""
    container.put_many({"a/same": b"of a", "b/same": b"of the folder b", "c/other": b"x"})
    chain = make_chain(container, bucket, parameters={"use_full_file_path": "False", "folder_levels": 1})

    run = chain.run()

    assert set(chain.objects()) == {"same", "other"}
    status = chain.status(program, run)
    assert (status["over"], status["copied"], status["failed"], status["exit_code"]) == (True, 2, 1, 1)
    assert "same key" in status["not_copied"][0]["cause"]


def test_hundreds_of_blobs_take_few_and_short_messages(make_fake_chain, clouds):
    """At most 0.02 messages and 150 bytes a blob: SNS and SQS would cost more than the copy."""
    source, target = clouds.container(), clouds.bucket()
    source.put("a-folder/of-names-as-long-as-people-have/image-{}.jpg", size=100, count=2_000)
    chain = make_fake_chain(source, target)

    chain.run()

    messages = [body for handler in WORKERS for body in chain.messages(handler)]
    assert len(messages) <= 2_000 * 0.02
    assert sum(map(len, messages)) <= 2_000 * 150
    assert len(objects(clouds, target)) >= 2_000


# ---- whether it runs


def test_the_switch_is_off(make_chain, container, bucket):
    """In the sample "False" is a text that is not empty, and runs."""
    container.put("a", b"x")
    chain = make_chain(container, bucket, parameters={"isactive": False})
    for off in (False, "False", "false", "0", "no", 0):
        chain.stack.change_secret(isactive=off)
        assert chain.launch() == {"run": None, "why": "not_active"}, off
    assert bucket.keys() == [] and not chain.host["find-blobs"].invocations

    chain.stack.change_secret(isactive="True")
    assert chain.run(), "a function that is warm sees the switch too"
    assert chain.objects() == {"a": b"x"}


def test_begindate_chooses_what_is_copied_and_when(make_fake_chain, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("old", "x", last_modified="2022-08-19T00:00:00Z")
    source.put("new", "x", last_modified="2022-08-21T00:00:00Z")
    chain = make_fake_chain(source, target, parameters={"begindate": "20220820"})
    chain.run()
    assert list(chain.objects()) == ["new"]

    chain.stack.change_secret(begindate="2099-01-01")
    chain.host["launch-qualification"].recycle()
    assert chain.launch() == {"run": None, "why": "not_yet"}


def test_any_event_of_the_test_button_begins_a_run(make_chain, container, bucket):
    container.put("a", b"x")
    chain = make_chain(container, bucket)
    assert chain.launch({"key1": "value1", "Records": "none"})["run"]
    chain.host.wait_until_quiet()
    assert chain.objects() == {"a": b"x"}


def test_a_schedule_on_top_of_a_run_that_works_begins_none(make_chain, container, bucket):
    container.put("a", b"x")
    chain = make_chain(container, bucket)
    chain.host.pause("find-blobs")
    first = chain.launch()["run"]
    assert chain.launch() == {"run": None, "why": "running"}
    chain.host.pause("find-blobs", False)
    chain.host.wait_until_quiet()
    assert chain.run() != first
    assert chain.objects() == {"a": b"x"}


def test_two_deployments_into_one_bucket_do_not_see_each_other(make_chain, container, bucket):
    container.put("a", b"x")
    first = make_chain(container, bucket)
    own = {"state_prefix": ".azs3copy-second/", "key_prefix": "second/"}
    second = make_chain(container, bucket, parameters=own)
    first.host.pause("find-blobs")
    assert first.launch()["run"]
    run = second.run()
    assert bucket.read("second/a") == b"x" and not bucket.has("a")
    assert not [key for key in first.ledger() if run in key]
    first.host.pause("find-blobs", False)
    first.host.wait_until_quiet()
    assert bucket.read("a") == b"x"


def assert_run_given_up(chain):
    """An error in the log, and a metric that an alarm watches: the launch itself succeeds."""
    launch = chain.host["launch-qualification"]
    logged = launch.logged("run_given_up")
    assert logged and {line["level"] for line in logged} == {"error"}
    assert [line["RunsGivenUp"] for line in launch.lines if "RunsGivenUp" in line] == [1] * len(logged)


def test_a_run_that_never_ends_keeps_others_away_for_its_time_limit_only(make_chain, container, bucket):
    container.put("a", b"x")
    chain = make_chain(container, bucket, parameters={"run_limit": "2s"})
    chain.host.pause("find-blobs")
    first = chain.launch()["run"]
    assert chain.launch() == {"run": None, "why": "running"}
    second = wait_until(lambda: chain.launch()["run"], "a run in spite of the first")
    assert second != first
    assert_run_given_up(chain)
    chain.host.pause("find-blobs", False)
    chain.host.wait_until_quiet()
    assert chain.objects() == {"a": b"x"} and not chain.dead()


def test_a_run_that_gives_signs_keeps_others_away_beyond_its_time_limit(make_chain, container, bucket):
    """A first copy may take weeks: begun anew each day, what is waiting would be copied twice and more."""
    container.put("a", b"x")
    chain = make_chain(container, bucket, parameters={"run_limit": "3s"})
    chain.host.pause("download")
    first = chain.launch()["run"]
    wait_until(lambda: chain.host["find-blobs"].logged("listed"), "the listing")
    for _ in range(5):
        time.sleep(1)
        bucket.put(f"{STATE_PREFIX}runs/{first}/failing/aa.json", b"{}")
        assert chain.launch() == {"run": None, "why": "running"}

    assert wait_until(lambda: chain.launch()["run"], "a run in spite of the first") != first

    chain.host.pause("download", False)
    chain.host.wait_until_quiet()
    assert chain.objects() == {"a": b"x"} and not chain.dead()


def test_a_state_that_cannot_be_read_keeps_nobody_away_for_ever(make_chain, container, bucket):
    container.put("a", b"x")
    chain = make_chain(container, bucket)
    chain.run()
    plan, = [key for key in chain.ledger() if "/plan/" in key]
    bucket.put(STATE_PREFIX + plan, b"{")
    refused = chain.host.invoke("launch-qualification", {})
    assert refused.ended == "error" and "the run's state cannot be read" in refused.body.decode()
    chain.stack.change_secret(run_limit="1s")

    wait_until(lambda: chain.host.invoke("launch-qualification", {}).ended == "answered", "another run")
    chain.host.wait_until_quiet()

    assert_run_given_up(chain)
    assert not chain.dead()


def test_of_two_runs_that_overlap_both_end(make_chain, program, container, bucket):
    """The second takes up the upload of the first; one of them completes it, and both know the blob's end."""
    container.put("large", noise(16 * MIB))
    chain = make_chain(container, bucket, parameters=IN_PARTS | {"run_limit": "1s"})
    chain.host.pause("largefile-parter")
    first = chain.launch()["run"]
    initializer = chain.host["largefile-initializer"]
    wait_until(lambda: initializer.logged("parts_sent"), "the parts of the first run")
    second = wait_until(lambda: chain.launch()["run"], "the second run")
    wait_until(lambda: len(initializer.logged("parts_sent")) == 2, "those of the second")
    chain.host.pause("largefile-parter", False)
    chain.host.wait_until_quiet()
    for run in (first, second):
        assert_over(chain.status(program, run), copied=1)
    assert not chain.dead()


def test_a_launch_that_reaches_nobody_keeps_no_other_away(make_chain, program, container, bucket):
    container.put("a", b"x")
    chain = make_chain(container, bucket)
    topic = chain.stack.parameters["sns_arn_l1"]
    chain.stack.change_secret(sns_arn_l1=topic + "-that-is-not-there")
    failed = chain.host.invoke("launch-qualification", {})
    assert failed.ended == "error" and "NotFound" in failed.body.decode()
    chain.stack.change_secret(sns_arn_l1=topic)
    run = chain.run()
    assert_over(chain.status(program, run), copied=1)


def test_a_launch_whose_messages_hang_has_the_time_to_say_so(make_chain, program, container, bucket):
    """SNS takes the connection and never answers."""
    container.put("a", b"x")
    chain = make_chain(container, bucket, function_seconds=8)
    usual = chain.host.environment
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        chain.host.environment = lambda handler: usual(handler) | {"AWS_ENDPOINT_URL_SNS": url}
        assert chain.host.invoke("launch-qualification", {}).ended == "error"
    chain.host.environment = usual
    chain.host["launch-qualification"].recycle()

    assert_over(chain.status(program, chain.run()), copied=1)


def test_a_lost_answer_loses_no_run(make_fake_chain, program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("a", size=10)
    chain = make_fake_chain(source, target)
    clouds.s3.fault("PutObject", reset=True, effect_happens=True)  # current.json
    run = chain.run()
    assert clouds.s3.faults_fired == 1
    assert_over(chain.status(program, run), copied=1)


# ---- what is wrong with the secret


def test_a_clean_run_may_move_the_begin_date(make_fake_chain, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("old", "x", last_modified=LONG_AGO)
    source.put("folder", "", metadata={"hdi_isfolder": "true"}, last_modified=LONG_AGO)  # nothing to copy
    chain = make_fake_chain(source, target, parameters={"advance_begindate": "yes"})

    first, second = chain.run(), chain.run()

    runs = [json.loads(chain.ledger()[f"runs/{run}/run.json"]) for run in (first, second)]
    assert "begin_date" not in runs[0]
    margin = datetime.timedelta(minutes=15)
    assert instant(runs[1]["begin_date"]) == instant(runs[0]["begun"]) - margin
    clouds.s3.fault("PutObject", target_contains="/bad", times=0, status=403, code="AccessDenied")
    source.put("bad", "x")
    failed, after = chain.run(), chain.run()
    dates = [json.loads(chain.ledger()[f"runs/{run}/run.json"])["begin_date"] for run in (failed, after)]
    assert dates[0] == dates[1], "a run that failed at something moves nothing"


@pytest.mark.parametrize("change", [{"use_full_file_path": "False"}, {"key_prefix": "elsewhere"},
                                    {"include": "*.csv"}, {"begindate": "2000-01-01"}])
def test_what_is_copied_otherwise_has_no_begin_date_of_before(make_fake_chain, clouds, change):
    """What an earlier run copied lies elsewhere, or was something else."""
    source, target = clouds.container(), clouds.bucket()
    source.put("folder/old.csv", "x", last_modified=LONG_AGO)
    chain = make_fake_chain(source, target, parameters={"advance_begindate": "yes"})
    chain.run()
    chain.stack.change_secret(**change)
    for function in chain.host.functions.values():
        function.recycle()

    run = chain.run()

    began = json.loads(chain.ledger()[f"runs/{run}/run.json"]).get("begin_date")
    assert began is None or instant(began).year == 2000


def test_a_blob_with_two_lines_hides_none_that_has_no_line(make_fake_chain, clouds):
    """As a batch leaves them that came twice, while one blob waits for its next attempt."""
    source, target = clouds.container(), clouds.bucket()
    source.put("{}", "x", count=2)
    chain = make_fake_chain(source, target, parameters={"advance_begindate": "yes"})
    first = chain.run()
    records, = [key for key in chain.ledger() if key.startswith(f"runs/{first}/records/")]
    lines = chain.ledger()[records].decode().splitlines()
    folder = STATE_PREFIX + records.rsplit("/", 1)[0]
    target.delete(STATE_PREFIX + records)
    for name in ("aa", "bb"):
        target.put(f"{folder}/{name}.1.0.jsonl", lines[0] + "\n")

    second = chain.run()

    assert "begin_date" not in json.loads(chain.ledger()[f"runs/{second}/run.json"])
    assert chain.host["launch-qualification"].logged("begin_date_kept")


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class FakeSts(http.server.BaseHTTPRequestHandler):
    """GetWebIdentityToken, which moto does not know: gives one assertion."""

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        assert form["Action"] == ["GetWebIdentityToken"] and form["SigningAlgorithm"] == ["RS256"]
        assert form["Audience.member.1"] == ["api://AzureADTokenExchange"]
        body = (b"<GetWebIdentityTokenResponse><GetWebIdentityTokenResult>"
                b"<WebIdentityToken>head.body.signature</WebIdentityToken>"
                b"</GetWebIdentityTokenResult></GetWebIdentityTokenResponse>")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_without_a_secret_the_functions_log_in_with_their_roles(clouds, make_chain, monkeypatch):
    """A federated credential: no secret of Azure's is kept anywhere."""
    clouds.azure.post("applications", tenant="tenant-1", client_id="client-1", secret="never-used-1",
                      assertion="head.body.signature")
    sts = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeSts)
    threading.Thread(target=sts.serve_forever, daemon=True).start()
    source, target = clouds.container(), clouds.bucket()
    source.put("a/{}", size=100, count=20)
    aws = Aws(setting("MOTO_URL", "moto"), clouds.store.access_key, clouds.store.secret_key)
    monkeypatch.setattr(Aws, "environment", property(lambda self: {
        **{f"AWS_ENDPOINT_URL_{name}": self.url for name in ("SNS", "SECRETS_MANAGER")},
        "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{sts.server_port}"}))
    login = Login(clouds.azure_url, "tenant-1", "client-1", "never-used-1")
    try:
        chain = make_chain(source, target, login, aws, parameters={"appsecret": None})
        chain.run()
        assert len(objects_of(clouds, target)) == 20
    finally:
        sts.shutdown()
        sts.server_close()


@pytest.mark.parametrize("change, named", [
    ({"bloburl": None}, "bloburl"),
    ({"begindate": "yesterday"}, "begindate"),
    ({"text": "bucket_name=none"}, "JSON"),
])
def test_a_bad_secret_is_refused_by_name(make_chain, container, bucket, change, named):
    chain = make_chain(container, bucket)
    chain.stack.change_secret(**change)
    invocation = chain.host.invoke("launch-qualification", {})
    assert invocation.ended in ("init", "error")
    assert named in invocation.body.decode()
    wait_until(lambda: named in chain.host.text, "the reason in the log")
    assert "bucket_name=none" not in chain.everything_written()
    assert bucket.keys() == []


def test_bucket_of_another_account_is_refused(make_fake_chain, clouds):
    source, target = clouds.container(), clouds.bucket(owner="444455556666")
    source.put("a", "x")
    chain = make_fake_chain(source, target, parameters={"expected_bucket_owner": "111122223333"})
    refused = chain.host.invoke("launch-qualification", {})
    assert refused.ended == "error" and "Access Denied" in refused.body.decode()
    assert chain.objects() == {} and chain.ledger() == {}

    chain.stack.change_secret(expected_bucket_owner="444455556666")
    chain.run()
    assert chain.objects() == {"a": b"x"}


def test_a_secret_that_is_not_there_is_named(make_chain, container, bucket):
    chain = make_chain(container, bucket)
    chain.aws.client("secretsmanager").delete_secret(SecretId=chain.stack.secret_arn,
                                                     ForceDeleteWithoutRecovery=True)
    invocation = chain.host.invoke("launch-qualification", {})
    assert invocation.ended in ("init", "error")
    assert chain.stack.secret_arn in invocation.body.decode()


def test_a_client_secret_that_entra_refuses_ends_in_the_dead_letter_queue(make_chain, container, bucket):
    container.put("a", b"x")
    chain = make_chain(container, bucket, entra(secret=WRONG_SECRET), visibility_seconds=2)
    chain.launch()
    chain.host.wait_until_quiet()
    assert list(chain.dead()) == ["find-blobs"]
    assert "AADSTS7000215" in chain.host["find-blobs"].text
    plan, = [json.loads(body) for key, body in chain.ledger().items() if "/plan/" in key]
    assert plan["error_kind"] == "credentials" and "AADSTS7000215" in plan["error"]
    assert chain.objects() == {}


def test_tokens_that_end_are_renewed_while_functions_are_warm(make_chain, container, bucket):
    """Those of this application live two seconds. Standing still between events, as in Lambda."""
    container.put("a", b"x")
    chain = make_chain(container, bucket, entra("ENTRA_SHORT_LIVED_CLIENT"))
    for handler in WORKERS:
        chain.host[handler].faults = Faults(freeze=True)
    chain.run()
    first_token_ended = time.monotonic() + 2.5

    container.put("b", b"y")
    wait_until(lambda: time.monotonic() > first_token_ended, "the end of the token")
    chain.run()

    assert chain.objects() == {"a": b"x", "b": b"y"} and not chain.dead()
    assert chain.host["download"].processes == 1, "the second run met another instance"


# ---- rights

def policy_of(prefix, bucket):
    """Exactly what the recorded calls need."""
    arns = {"bucket": f"arn:aws:s3:::{bucket}", "bucket/objects": f"arn:aws:s3:::{bucket}/*",
            "bucket/state": f"arn:aws:s3:::{bucket}/{STATE_PREFIX}*",
            "secret": f"arn:aws:secretsmanager:{REGION}:*:secret:{prefix}*-??????"}
    for name in TOPICS.values():
        arns |= {f"topic/{name}": f"arn:aws:sns:{REGION}:*:{prefix}*{name}",
                 f"queue/{name}": f"arn:aws:sqs:{REGION}:*:{prefix}*{name}"}
    calls = json.loads(CALLS.read_text())
    return lambda function: [allow(action, [arns[resource] for resource in resources])
                             for action, resources in calls[function].items()]


def run_with_recorded_rights(make_chain, aws, container, bucket):
    prefix = f"{new_name()}-"
    with CallRecorder() as recorder:
        chain = make_chain(container, bucket, aws=aws, prefix=prefix, recorder=recorder, parameters=IN_PARTS,
                           policy=policy_of(prefix, bucket.name))
        chain.run()
        chain.run()
    assert not chain.dead()
    allowed = json.loads(CALLS.read_text())
    for function, calls in recorder.by_function().items():
        for action, resources in calls.items():
            assert set(resources) <= set(allowed[function].get(action, [])), f"{function}: {action}"
    return chain


def test_a_function_needs_no_right_besides_those_recorded(make_chain, strict_aws, container, bucket):
    """moto judges each call by the function's role, but for S3: versitygw knows no roles."""
    contents = {"small": b"x", "large": noise(11 * MIB)}
    container.put_many(contents)
    assert run_with_recorded_rights(make_chain, strict_aws, container, bucket).objects() == contents


def test_nor_at_s3(make_chain, strict_aws, container):
    """moto is S3 too. It lists parts without their checksums, so that nothing large can be copied."""
    store = Store(strict_aws.url, strict_aws.access_key, strict_aws.secret_key, REGION)
    container.put_many({"a": b"x", "b": b"y"})
    chain = run_with_recorded_rights(make_chain, strict_aws, container, store.bucket(new_name()))
    assert chain.objects() == {"a": b"x", "b": b"y"}

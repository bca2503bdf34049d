"""Each way to log in, and what is said where it is refused. No secret stands in anything that is written."""

import datetime
import subprocess

import pytest
from azure.storage.blob import AccountSasPermissions, ContainerSasPermissions, ResourceTypes
from azure.storage.blob import generate_account_sas, generate_container_sas

from clouds import Place
from conftest import noise, setting

HOUR = datetime.timedelta(hours=1)
WRONG_KEY = "d3Jvbmcta2V5LXdyb25nLWtleS13cm9uZy1rZXktd3Jvbmcta2V5LXdyb25nLWtleS13cm9uZy1rZXkhIQ=="
WRONG_SECRET = "a-wrong/secret+that-nobody-must-see"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


@pytest.fixture
def filled(container):
    container.put("a", b"bytes")
    container.put("large", noise(6 << 20))
    return container


def container_sas(container, permission="rl", ends=HOUR):
    account = container.account
    return generate_container_sas(
        account.name,
        container.name,
        account_key=account.key,
        expiry=now() + ends,
        permission=ContainerSasPermissions.from_string(permission),
    )


def entra(secret=None):
    """Variables of the application that the Entra mock knows."""
    return {
        "AZURE_TENANT_ID": setting("ENTRA_TENANT", "entra"),
        "AZURE_CLIENT_ID": setting("ENTRA_CLIENT", "entra"),
        "AZURE_CLIENT_SECRET": secret or setting("ENTRA_SECRET", "entra"),
        "AZURE_AUTHORITY_HOST": setting("ENTRA_URL", "entra"),
    }


def assert_hidden(program, finished, *secrets):
    """Nowhere: output, log file, report, manifests."""
    written = finished.out + finished.err
    for path in program.home.rglob("*"):
        if path.is_file():
            written += path.read_text(errors="replace")
    for secret in secrets:
        assert secret not in written, f"{secret} was written"


IN_PARTS = ["--part-threshold", "5MiB", "--part-size", "5MiB"]


def log_everything(program):
    return ["-vv", "--log-file", program.home / "log", *IN_PARTS]


def test_a_shared_key(program, filled, bucket):
    finished = program.copy(filled, bucket, *log_everything(program))

    assert_hidden(program, finished, filled.account.key, bucket.store.secret_key)
    assert bucket.read("a") == b"bytes"


def test_a_connection_string(program, filled, bucket):
    account = filled.account
    text = (
        f"DefaultEndpointsProtocol=https;AccountName={account.name};AccountKey={account.key};"
        f"BlobEndpoint={account.url};"
    )
    login = {"AZURE_STORAGE_CONNECTION_STRING": text}
    source = Place(f"az://{account.name}/{filled.name}", login, account.ca)

    finished = program.copy(source, bucket, *log_everything(program))

    assert_hidden(program, finished, account.key)
    assert bucket.read("a") == b"bytes"


def test_a_sas_in_the_address(program, filled, bucket):
    sas = container_sas(filled)
    signature = sas.split("sig=")[1].split("&")[0]

    finished = program.copy(Place(f"{filled.url}?{sas}", ca=filled.ca), bucket, *log_everything(program))

    assert_hidden(program, finished, signature)
    assert bucket.read("a") == b"bytes"


def test_a_sas_of_the_account_in_a_variable(program, filled, bucket):
    account = filled.account
    everything = ResourceTypes(service=True, container=True, object=True)
    sas = generate_account_sas(
        account.name, account.key, everything, AccountSasPermissions(read=True, list=True), now() + HOUR
    )
    login = {"AZURE_STORAGE_ACCOUNT": account.name, "AZURE_STORAGE_SAS_TOKEN": sas}
    source = Place(filled.url, login, account.ca)

    finished = program.copy(source, bucket, *log_everything(program))

    assert_hidden(program, finished, sas.split("sig=")[1].split("&")[0])
    assert bucket.read("a") == b"bytes"


def test_an_entra_client_secret(program, filled, bucket):
    logins = entra()

    finished = program.copy(Place(filled.url, logins, filled.ca), bucket, *log_everything(program))

    assert_hidden(program, finished, logins["AZURE_CLIENT_SECRET"], "eyJ")  # eyJ: how a token begins
    assert bucket.read("a") == b"bytes"


def test_a_secret_of_the_configuration_file(program, filled, bucket):
    path = program.home / "azs3copy.toml"
    path.write_text(f'account-key = "{filled.account.key}"\n')
    path.chmod(0o600)

    finished = program.copy(Place(filled.url, ca=filled.ca), bucket, "--config", path)

    path.unlink()
    assert_hidden(program, finished, filled.account.key)
    assert bucket.read("a") == b"bytes"


def test_a_public_container_needs_no_login(program, account, bucket):
    from conftest import new_name

    account.service.create_container(name := new_name(), public_access="container")
    account.service.get_container_client(name).upload_blob("a", b"public")

    program.copy(Place(f"{account.url}/{name}", ca=account.ca), bucket, "--anonymous")

    assert bucket.read("a") == b"public"


def test_signatures_are_checked_by_moto(program, filled):
    """moto with authentication on judges SigV4 by botocore's own code: small, in parts, listed, headed."""
    from clouds import Store

    store = Store(
        setting("MOTO_AUTH_URL", "moto-auth"),
        setting("MOTO_AUTH_ACCESS_KEY", "moto-auth"),
        setting("MOTO_AUTH_SECRET_KEY", "moto-auth"),
        "us-east-1",
    )
    bucket = store.bucket("signed")
    filled.put("odd/\u00fc + =&%2F?#~*'() \U0001f680", b"odd")

    program.copy(filled, bucket.below("to/a b+c"), *IN_PARTS)

    assert bucket.read("to/a b+c/a") == b"bytes"
    assert bucket.read("to/a b+c/large") == noise(6 << 20)
    assert bucket.read("to/a b+c/odd/\u00fc + =&%2F?#~*'() \U0001f680") == b"odd"
    # moto makes up checksums: HEADs must not ask for them.
    again = program.copy(filled, bucket.below("to/a b+c"), "--s3-checksum", "none")
    assert again.count("unchanged") == 3


# ---- refused logins: exit code 4, and the secret that was tried stays hidden


def test_a_wrong_shared_key(program, filled, bucket):
    finished = program.copy(filled, bucket, *log_everything(program), expect=4, AZURE_STORAGE_KEY=WRONG_KEY)
    assert_hidden(program, finished, WRONG_KEY)


def test_a_wrong_client_secret(program, filled, bucket):
    source = Place(filled.url, entra(WRONG_SECRET), filled.ca)
    finished = program.copy(source, bucket, *log_everything(program), expect=4)
    assert_hidden(program, finished, WRONG_SECRET)
    assert "Entra" in finished.err


def test_a_forged_sas(program, filled, bucket):
    sas = container_sas(filled).replace("sig=", "sig=AAAA")
    signature = sas.split("sig=")[1].split("&")[0]
    source = Place(f"{filled.url}?{sas}", ca=filled.ca)
    finished = program.copy(source, bucket, *log_everything(program), expect=4)
    assert_hidden(program, finished, signature)


def test_a_sas_that_ended_or_cannot_list(program, filled, bucket):
    for sas in (container_sas(filled, ends=-HOUR), container_sas(filled, permission="r")):
        finished = program.copy(Place(f"{filled.url}?{sas}", ca=filled.ca), bucket, expect=4)
        assert_hidden(program, finished, sas.split("sig=")[1].split("&")[0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"AWS_SECRET_ACCESS_KEY": WRONG_SECRET},
        {"AWS_ACCESS_KEY_ID": "AKIDNOBODY"},
        {"AWS_SESSION_TOKEN": WRONG_SECRET},
    ],
)
def test_wrong_aws_keys(program, clouds, wrong):
    source, target = clouds.container(), clouds.bucket()
    source.put("a", "x")
    finished = program.copy(source, target, *log_everything(program), expect=4, **wrong)
    assert_hidden(program, finished, WRONG_SECRET, target.store.secret_key)
    assert target.keys() == []


def test_no_login_at_all(program, filled, bucket):
    # An https address without a login can be meant: it is tried, and refused.
    finished = program.copy(Place(filled.url, ca=filled.ca), bucket, "--anonymous", expect=None)
    assert finished.code in (3, 4)
    nowhere = program.run(
        "copy",
        filled.url,
        bucket.url,
        *bucket.flags,
        "--ca-bundle",
        filled.ca,
        expect=4,
        AWS_EC2_METADATA_DISABLED="true",
        **filled.environment,
    )
    assert "AWS_ACCESS_KEY_ID" in nowhere.err


# ---- what is not there, not reachable, not possible


def test_a_container_or_bucket_that_is_not_there(program, filled, bucket):
    missing = Place(f"{filled.account.url}/not-there", filled.environment, filled.ca)
    finished = program.copy(missing, bucket, expect=3)
    assert "not-there" in finished.err
    finished = program.copy(filled, type(bucket)(bucket.store, "not-there"), expect=3)
    assert "not-there" in finished.err


def test_an_unreachable_end_is_a_temporary_error(program, filled, bucket):
    nobody = Place("https://127.0.0.1:1/devstoreaccount1/container", filled.environment, filled.ca)
    finished = program.copy(nobody, bucket, "--retries", "1", expect=5)
    assert "127.0.0.1:1" in finished.err

    words = ["copy", filled.url, bucket.url, "--endpoint-url", "https://127.0.0.1:1", "--retries", "1"]
    program.run(
        *words,
        "--region",
        "us-east-1",
        "--ca-bundle",
        filled.ca,
        expect=5,
        **filled.environment,
        **bucket.environment,
    )


def test_an_untrusted_certificate_is_refused(program, filled, bucket):
    source = Place(filled.url, filled.environment)
    target = type(bucket)(bucket.store, bucket.name)
    words = ["copy", source.url, target.url, *target.flags, "--retries", "0"]
    finished = program.run(*words, expect=None, **source.environment, **target.environment)
    assert finished.code not in (0, 9)
    assert "certificate" in finished.err and "--ca-bundle" in finished.err


@pytest.mark.parametrize(
    "words",
    [
        ["copy"],
        ["copy", "az://acct/c"],
        ["copy", "az://acct/c", "s3://my bucket"],
        ["fly"],
        ["copy", "az://acct/c", "s3://bucket", "--transfer", "4"],
        ["copy", "az://acct/c", "s3://bucket", "--part-size", "3MiB"],
        ["copy", "az://acct/c", "s3://bucket", "--transfers", "many"],
        ["copy", "s3://bucket", "az://acct/c"],
        ["copy", "az://acct/c", "s3://bucket", "s3://other"],
        ["check", "az://acct/c", "s3://bucket", "--dry-run"],
    ],
)
def test_usage_errors(program, words):
    finished = program.run(
        *words, expect=2, AZURE_STORAGE_KEY="a2V5", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b"
    )
    assert finished.err.startswith("azs3copy: ") and finished.out == ""
    assert not program.run_folders()


def test_a_secret_on_the_command_line_is_refused(program):
    """Every user of the machine could read it in the list of processes."""
    finished = program.run("copy", "az://acct/c", "s3://bucket", "--client-secret", WRONG_SECRET, expect=2)
    assert WRONG_SECRET not in finished.err


def test_an_unwritable_report_folder_is_found_before_anything_is_copied(program, filled, bucket):
    subprocess.run(["touch", program.home / "file"], check=True)
    finished = program.copy(filled, bucket, "--state-dir", program.home / "file/below", expect=None)
    assert finished.code not in (0, 9) and bucket.keys() == []


def test_a_sas_of_one_blob_copies_that_blob(program, clouds):
    """It opens the blob and no listing; a container's SAS without the permission to list is the same."""
    source, target = clouds.container(), clouds.bucket()
    source.put("folder/one", "bytes")
    source.put("folder/other", "bytes")
    sas = clouds.azure.post("sas", container="source", permissions="r", seconds=3600)["query"]

    program.copy(Place(f"{source.url}/folder/one?{sas}", {}, clouds.ca), target)
    assert target.keys() == ["one"]
    assert clouds.azure.count("ListBlobs") == 0
    program.check(Place(f"{source.url}/folder/one?{sas}", {}, clouds.ca), target)

    refused = program.copy(Place(f"{source.url}/folder/?{sas}", {}, clouds.ca), target, expect=4)
    assert "sp has no l" in refused.err

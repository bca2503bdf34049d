"""A secret in the wrong place is not shown; one with a line end behind it works."""

import pytest

SIGNATURE = "SeCrEtSiGnAtUrE123"
SAS = f"sv=2024-01-01&sr=c&sp=rl&sig={SIGNATURE}%3D"


def left_behind(program):
    """Everything that was written: run.json, records, the log."""
    return "".join(path.read_text(errors="replace") for path in program.home.rglob("*") if path.is_file())


@pytest.mark.parametrize("words", [
    ["az://acme/c", f"s3://bucket/p?{SAS}"],
    ["az://acme/c", "s3://bucket", SAS],
    ["az://acme/c", "s3://bucket", "--endpoint-url", f"http://user:{SIGNATURE}@127.0.0.1:1/"],
    ["az://acme/c", "s3://bucket", "--endpoint-url", f"http://127.0.0.1:1/?{SAS}"],
    [f"https://acme.blob.core.windows.net/c/{SAS}", "s3://bucket", "--region", "us-east-1"],
    [f"https://acme.blob.core.windows.net/c&{SAS}", "s3://bucket", "--region", "us-east-1"],
    [f"abfss://c@acme.dfs.core.windows.net/x?{SAS}", "s3://bucket"],
])
@pytest.mark.parametrize("form", ["text", "json"])
def test_misplaced_secret_is_not_shown(program, words, form):
    flags = ["-vv", "--retries", "0", "--log-file", program.home / "log"]
    finished = program.run("copy", *words, *flags, *(["--json"] if form == "json" else []), expect=None,
                           AWS_ACCESS_KEY_ID="AKID", AWS_SECRET_ACCESS_KEY="s")

    assert finished.code != 0
    assert SIGNATURE not in finished.out + finished.err + left_behind(program)


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AZURE_AUTHORITY_HOST"])
def test_a_password_in_a_variable_is_not_shown(program, variable):
    finished = program.run("copy", "az://acme/c", "s3://bucket", expect=2, AZURE_TENANT_ID="t",
                           AZURE_CLIENT_ID="c", AZURE_CLIENT_SECRET="s",
                           **{variable: f"http://user:{SIGNATURE}@127.0.0.1:1/"})

    assert SIGNATURE not in finished.out + finished.err


@pytest.mark.parametrize("end", ["\n", "\r\n", " "])
@pytest.mark.parametrize("variable", ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AZURE_STORAGE_KEY",
                                      "AZURE_STORAGE_ACCOUNT"])
def test_line_end_behind_login_is_cut(program, clouds, variable, end):
    source, target = clouds.container(), clouds.bucket()
    source.put("x", "1")
    logins = source.environment | target.environment

    finished = program.copy(source, target, **{variable: logins[variable] + end})

    assert finished.count("copied") == 1
    assert f"{variable} begins or ends in white space or a line break" in finished.err
    assert logins[variable] not in finished.err


def test_line_end_behind_client_secret_is_cut(program, clouds):
    source, target = clouds.container(), clouds.bucket()
    source.put("x", "1")
    clouds.azure.post("applications", tenant="t1", client_id="c1", secret="s3cret")
    source.environment = {"AZURE_TENANT_ID": "t1\r", "AZURE_CLIENT_ID": "c1\n",
                          "AZURE_CLIENT_SECRET": "s3cret\n"}

    finished = program.copy(source, target, "--authority-host", clouds.azure_url)

    assert finished.count("copied") == 1 and "AZURE_CLIENT_SECRET begins or ends" in finished.err

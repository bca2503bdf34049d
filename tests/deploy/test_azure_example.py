"""The Azure example against the schemas of its providers.

azure/*.json are the schemas of the types that it uses, read out of the npm packages @cdktf/provider-azurerm
14.23.1 (provider 4.55.0) and @cdktf/provider-azuread 14.3.1 (provider 3.7.0); tools/go/azure-schemas serves
them to Terraform. They know attributes, blocks and types, not which values are allowed.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import terraform

HERE = Path(__file__).resolve().parent
EXAMPLE = terraform.MODULE / "azure-example"

pytestmark = pytest.mark.terraform


def run(folder, *arguments, change=lambda text: text, test=""):
    """What Terraform says of a changed copy of the example, with a test of its own beside it."""
    server = os.environ.get("AZS3COPY_TEST_AZURE_SCHEMAS")
    assert server, "AZS3COPY_TEST_AZURE_SCHEMAS is not set: see tools/deps.sh --paths, AZURE_SCHEMAS"
    overrides = ""
    for name in ("azurerm", "azuread"):
        place = folder / name
        place.mkdir()
        shutil.copy(server, place / f"terraform-provider-{name}")
        shutil.copy(HERE / "azure" / f"{name}.json", place)
        overrides += f'    "hashicorp/{name}" = "{place}"\n'
    config = folder / "terraform.rc"
    config.write_text(f"provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n}}\n")
    module = folder / "module"
    module.mkdir()
    for path in EXAMPLE.glob("*.tf"):
        (module / path.name).write_text(change(path.read_text()))
    (module / "example.tftest.hcl").write_text(test)
    return subprocess.run(
        ["terraform", *arguments, "-no-color"],
        cwd=module,
        env={**os.environ, "TF_CLI_CONFIG_FILE": str(config)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_example_is_valid(tmp_path):
    done = run(tmp_path, "validate")
    assert done.returncode == 0 and "Success!" in done.stdout, done.stdout + done.stderr


# An attribute of an older provider, one that is needed, a type, and a reference.
@pytest.mark.parametrize(
    "old, new",
    [
        ("https_traffic_only_enabled ", "enable_https_traffic_only "),
        ('  account_tier                    = "Standard"\n', ""),
        ("= [data.azuread_client_config.current.object_id]", "= 1"),
        ("azuread_application.copy.client_id", "azuread_application.copy.application_id"),
    ],
)
def test_what_is_wrong_is_seen(tmp_path, old, new):
    assert any(old in path.read_text() for path in EXAMPLE.glob("*.tf"))
    done = run(tmp_path, "validate", change=lambda text: text.replace(old, new))
    assert done.returncode == 1 and "Error: " in done.stderr, done.stdout + done.stderr


NAMES = """
mock_provider "azurerm" {}
mock_provider "azuread" {}

run "as_it_comes" {
  command = plan

  assert {
    condition     = azurerm_storage_account.copy.name == "etlstadvazs3copy"
    error_message = "The account is not called as in the article's sample."
  }
  assert {
    condition = alltrue([for thing in [azurerm_storage_account.copy, azurerm_resource_group.copy] :
      sort(keys(thing.tags)) == tolist(["Environment", "Name", "Owner", "Provisioner", "Rtype", "Solution"])
    && thing.tags["Name"] == thing.name])
    error_message = "A tag is missing."
  }
}

run "a_name_of_its_own" {
  command = plan

  variables {
    PrefixCode         = "migration"
    EnvironmentCode    = "production"
    StorageAccountName = "acmecopy20261"
  }

  assert {
    condition     = azurerm_storage_account.copy.name == "acmecopy20261"
    error_message = "The account is not called as it should be."
  }
}

run "codes_that_make_too_long_a_name" {
  command = plan

  variables {
    PrefixCode      = "migration"
    EnvironmentCode = "product"
  }

  expect_failures = [azurerm_storage_account.copy]
}

run "a_name_that_azure_would_refuse" {
  command = plan

  variables {
    StorageAccountName = "Acme-Copy"
  }

  expect_failures = [var.StorageAccountName]
}
"""


def test_the_account_has_a_name_that_azure_takes(tmp_path):
    done = run(tmp_path, "test", test=NAMES)
    assert done.returncode == 0 and "4 passed, 0 failed" in done.stdout, done.stdout + done.stderr


def test_the_reader_gets_the_least_role():
    text = (EXAMPLE / "identity.tf").read_text()
    assert text.count("role_definition_name") == 1 and '"Storage Blob Data Reader"' in text

# An example of the Azure side: a storage account and an app registration that may read its blobs. Who has an account
# already takes identity.tf from it, with the account's ID as the scope of the role assignment.
#
#   az login; export ARM_SUBSCRIPTION_ID=...; terraform init; terraform apply

terraform {
  required_version = ">= 1.5"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.0"
    }
    azuread = {
      source  = "hashicorp/azuread"
      version = "~> 3.0"
    }
  }
}

provider "azurerm" {
  # The account's keys are switched off: whoever deploys needs the role Storage Blob Data Contributor to add blobs.
  storage_use_azuread = true

  features {}
}

provider "azuread" {}

data "azuread_client_config" "current" {}

locals {
  stem = "azs3copy"

  tags = {
    Owner       = var.OwnerTag
    Environment = var.EnvironmentTag
    Provisioner = "Terraform"
    Solution    = "azs3copy"
  }
}

resource "azurerm_resource_group" "copy" {
  name     = "${var.PrefixCode}rsg${var.EnvironmentCode}${local.stem}"
  location = var.region_azure
  tags     = merge(local.tags, { Rtype = "scaffold" })
}

resource "azurerm_storage_account" "copy" {
  name                            = "${var.PrefixCode}sta${var.EnvironmentCode}${local.stem}"
  resource_group_name             = azurerm_resource_group.copy.name
  location                        = azurerm_resource_group.copy.location
  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  allow_nested_items_to_be_public = false
  shared_access_key_enabled       = false
  tags                            = merge(local.tags, { Rtype = "storage" })
}

resource "azurerm_storage_container" "copy" {
  name                  = "${var.PrefixCode}stc${var.EnvironmentCode}${local.stem}"
  storage_account_id    = azurerm_storage_account.copy.id
  container_access_type = "private"
}

locals {
  stem         = "azs3copy"
  group_name   = "${var.PrefixCode}rsg${var.EnvironmentCode}${local.stem}"
  account_name = var.StorageAccountName != "" ? var.StorageAccountName : "${var.PrefixCode}sta${var.EnvironmentCode}${local.stem}"

  tags = {
    Owner       = var.OwnerTag
    Environment = var.EnvironmentTag
    Provisioner = "Terraform"
    Solution    = "azs3copy"
  }
}

resource "azurerm_resource_group" "copy" {
  name     = local.group_name
  location = var.region_azure
  tags     = merge(local.tags, { Rtype = "scaffold", Name = local.group_name })
}

resource "azurerm_storage_account" "copy" {
  name                            = local.account_name
  resource_group_name             = azurerm_resource_group.copy.name
  location                        = azurerm_resource_group.copy.location
  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  allow_nested_items_to_be_public = false
  shared_access_key_enabled       = false
  tags                            = merge(local.tags, { Rtype = "storage", Name = local.account_name })

  lifecycle {
    precondition {
      condition     = can(regex("^[a-z0-9]{3,24}$", local.account_name))
      error_message = "The storage account would be called ${local.account_name}; Azure takes 3 to 24 lower-case letters and digits. Give StorageAccountName."
    }
  }
}

resource "azurerm_storage_container" "copy" {
  name                  = "${var.PrefixCode}stc${var.EnvironmentCode}${local.stem}"
  storage_account_id    = azurerm_storage_account.copy.id
  container_access_type = "private"
}

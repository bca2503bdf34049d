# What the AWS side asks for, by the names of its parameters.

output "AzureBlobURL" {
  value = azurerm_storage_account.copy.primary_blob_endpoint
}

output "AzureApplicationID" {
  value = azuread_application.copy.client_id
}

output "AzureTenantID" {
  value = data.azuread_client_config.current.tenant_id
}

output "AzureSecretKey" {
  value     = one(azuread_application_password.copy[*].value)
  sensitive = true
}

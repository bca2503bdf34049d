# Who reads: one app registration, with the least role that lists and reads blobs.

resource "azuread_application" "copy" {
  display_name = "${var.PrefixCode}apr${var.EnvironmentCode}${local.stem}"
  owners       = [data.azuread_client_config.current.object_id]
}

resource "azuread_service_principal" "copy" {
  client_id                    = azuread_application.copy.client_id
  app_role_assignment_required = false
  owners                       = [data.azuread_client_config.current.object_id]
}

resource "azurerm_role_assignment" "copy" {
  scope                = azurerm_storage_account.copy.id
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = azuread_service_principal.copy.object_id
  principal_type       = "ServicePrincipal"
}

# Either a client secret, valid for two years ...
resource "azuread_application_password" "copy" {
  count = var.AwsIssuer == "" ? 1 : 0

  display_name   = "${var.PrefixCode}app${var.EnvironmentCode}${local.stem}"
  application_id = azuread_application.copy.id
}

# ... or none: AWS vouches for the functions' roles, one credential each (an app takes 20).
resource "azuread_application_federated_identity_credential" "copy" {
  for_each = toset(var.AwsIssuer == "" ? [] : compact(split(",", var.AwsRoleArns)))

  application_id = azuread_application.copy.id
  display_name   = reverse(split("/", each.key))[0]
  description    = "azs3copy on AWS"
  issuer         = var.AwsIssuer
  subject        = each.key
  audiences      = ["api://AzureADTokenExchange"]
}

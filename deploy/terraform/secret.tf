# The secret that people edit; src/hosts/lambda/parameters.hpp has all its keys. It is written once: no apply undoes an
# edit. Values of variables are in the functions' environment, and are used if the secret does not have them.
#
# Write-only: no text stands in a state. A text is written when its number changes.

locals {
  secret_text = jsonencode({ isactive = "true", begindate = "", appsecret = "" })
  login_text  = jsonencode({ appsecret = var.AzureSecretKey })
}

resource "aws_secretsmanager_secret" "copy" {
  name        = local.secret_name
  description = "azs3copy: switch, begin date, Azure login and other parameters that people change"
  kms_key_id  = aws_kms_key.copy.arn
  # As CloudFormation does. Nothing is lost but what was edited by hand, and the name is free at once.
  recovery_window_in_days = 0

  tags = merge(local.tags, { Rtype = "code", Name = local.secret_name })

  lifecycle {
    precondition {
      condition     = var.AzureSecretless || var.AzureSecretKey != ""
      error_message = "Give AzureSecretKey, or set AzureSecretless."
    }
    precondition {
      condition     = var.ExistingBucketOwner == "" || var.ExistingBucketName != ""
      error_message = "ExistingBucketOwner goes with ExistingBucketName."
    }
  }
}

resource "aws_secretsmanager_secret_version" "copy" {
  secret_id                = aws_secretsmanager_secret.copy.id
  secret_string_wo         = local.secret_text
  secret_string_wo_version = 1
}

# The client secret cannot be in an environment. This one needs no editing.
resource "aws_secretsmanager_secret" "login" {
  count = var.AzureSecretless ? 0 : 1

  name                    = "${local.secret_name}login"
  description             = "azs3copy: AzureSecretKey. appsecret in the other secret is used instead, unless empty"
  kms_key_id              = aws_kms_key.copy.arn
  recovery_window_in_days = 0

  tags = merge(local.tags, { Rtype = "code", Name = "${local.secret_name}login" })
}

# Its number is made of the text. For that AzureSecretKey cannot be an ephemeral variable: a plan that is saved (-out)
# holds it.
resource "aws_secretsmanager_secret_version" "login" {
  count = var.AzureSecretless ? 0 : 1

  secret_id                = aws_secretsmanager_secret.login[0].id
  secret_string_wo         = local.login_text
  secret_string_wo_version = parseint(substr(nonsensitive(sha256(local.login_text)), 0, 7), 16)
}

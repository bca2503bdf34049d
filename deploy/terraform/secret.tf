# What the functions read: src/hosts/lambda/parameters.hpp has every key. Edited by hand (isactive, begindate,
# include, exclude, ...) it stays so until a parameter of this deployment changes it.

locals {
  secret_text = jsonencode({
    bloburl            = var.AzureBlobURL
    tenantid           = var.AzureTenantID
    appid              = var.AzureApplicationID
    appsecret          = var.AzureSecretless ? "" : var.AzureSecretKey
    bucket_name        = local.bucket_name
    isactive           = var.IsActive ? "true" : "false"
    begindate          = var.BlobToS3SyncStartDate
    sns_arn_l1         = aws_sns_topic.work["L1L2"].arn
    sns_arn_l2         = aws_sns_topic.work["L2L3"].arn
    sns_arn_l3         = aws_sns_topic.work["LargeFileInit"].arn
    sns_arn_l4         = aws_sns_topic.work["LargeFilePart"].arn
    sns_arn_l5         = aws_sns_topic.work["LargeFileRecomb"].arn
    partition_size     = tostring(var.PartitionSize)
    use_full_file_path = var.UseFullFilePath ? "true" : "false"
    containers         = var.Containers
    key_prefix         = var.KeyPrefix
    storage_class      = var.StorageClass
    state_prefix       = var.StatePrefix
    kms_key_id         = local.bucket_key_arn
  })
}

resource "aws_secretsmanager_secret" "copy" {
  name        = local.secret_name
  description = "azs3copy: Azure login and parameters of the copy"
  kms_key_id  = aws_kms_key.copy.arn
  # As CloudFormation does. Nothing is lost but what was edited by hand, and the name is free at once.
  recovery_window_in_days = 0

  tags = merge(local.tags, { Rtype = "code", Name = local.secret_name })

  lifecycle {
    precondition {
      condition     = var.AzureSecretless || var.AzureSecretKey != ""
      error_message = "Give AzureSecretKey, or set AzureSecretless."
    }
  }
}

# Write-only: the text stands in no state. It is written when its number changes, and the number is made of what the
# text is made of, so a change by hand is not undone by the next apply. For that number AzureSecretKey cannot be an
# ephemeral variable: a plan that is saved (-out) holds it.
resource "aws_secretsmanager_secret_version" "copy" {
  secret_id                = aws_secretsmanager_secret.copy.id
  secret_string_wo         = local.secret_text
  secret_string_wo_version = parseint(substr(nonsensitive(sha256(local.secret_text)), 0, 7), 16)
}

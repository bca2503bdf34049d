# For tests alone, beside a copy of deploy/terraform: the provider talks to moto, at var.moto_url (declared in
# moto_url.tf: an override file cannot).

provider "aws" {
  region                      = var.Region
  access_key                  = "AKIDTESTDEPLOY"
  secret_key                  = "not-a-secret"
  skip_credentials_validation = true
  skip_requesting_account_id  = false
  skip_metadata_api_check     = true
  skip_region_validation      = true
  s3_use_path_style           = true

  endpoints {
    cloudwatch     = var.moto_url
    cloudwatchlogs = var.moto_url
    ec2            = var.moto_url
    eventbridge    = var.moto_url
    iam            = var.moto_url
    kms            = var.moto_url
    lambda         = var.moto_url
    resourcegroups = var.moto_url
    s3             = var.moto_url
    secretsmanager = var.moto_url
    sns            = var.moto_url
    sqs            = var.moto_url
    sts            = var.moto_url
  }
}

# moto takes the attribute and never shows it, for which the provider waits.
resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  for_each = toset([])
}

# azs3copy on AWS: Azure Blob Storage to Amazon S3 by six Lambda functions. docs/deploy.md is the walk-through.
#
#   schedule --> 01 --> SNS L1L2 --> SQS --> 02 --> SNS L2L3 ----------> SQS --> 03
#                                             \---> SNS LargeFileInit -> SQS --> 04 --> LargeFilePart   -> SQS --> 05
#                                                                                  \--> LargeFileRecomb -> SQS --> 06
#
# ../cloudformation/azs3copy-stack.yaml is the same system; tests/deploy compares the two property by property.

terraform {
  # 1.11: write-only arguments, so that the secret stands in no state file.
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The version that the tests run with, and fixes of it: .terraform.lock.hcl has its checksums for all platforms.
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = var.Region
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

variable "PrefixCode" {
  description = "First part of every resource's name, as on the AWS side."
  type        = string
  default     = "etl"
}

variable "EnvironmentCode" {
  description = "Code of the environment in every resource's name, as on the AWS side."
  type        = string
  default     = "dv"
}

variable "StorageAccountName" {
  description = "Name of the storage account, which no other account in the world may have. Empty: made of the two codes, etlstadvazs3copy as they come."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z0-9]{3,24})?$", var.StorageAccountName))
    error_message = "StorageAccountName takes 3 to 24 lower-case letters and digits, or nothing."
  }
}

variable "OwnerTag" {
  description = "Value of the tag Owner."
  type        = string
  default     = "Amazon Web Services"
}

variable "EnvironmentTag" {
  description = "Value of the tag Environment."
  type        = string
  default     = "Development"
}

variable "region_azure" {
  description = "Azure region."
  type        = string
  default     = "North Europe"
}

variable "AwsIssuer" {
  description = "Issuer URL of the AWS account's outbound web identity federation, for the login without a secret. Empty: a client secret is made."
  type        = string
  default     = ""
}

variable "AwsRoleArns" {
  description = "Output RoleArns of the AWS side, with commas: the roles that may log in without a secret."
  type        = string
  default     = ""
}

variable "moto_url" {
  type = string
}

# hash
// slashes
/* a block
   comment } with { braces */
variable "heredoc" {
  description = <<-EOT
    Several lines with "quotes", a $${dollar} and a %% sign.

      Indented more.
  EOT
  default     = <<EOT
not } closed
EOT
}
variable "one_line" { default = "x" }
variable "empty" {}
variable "shape" {
  type = object({
    name = string, size = optional(number, 3)
    tags = optional(map(string), {})
    deep = optional(list(object({ a = tuple([string, number]), b = any })), [])
  })
  default  = { name = "n" }
  nullable = false
  validation {
    condition     = length(var.shape.name) > 0 && (var.shape.size >= 0 ? true : false)
    error_message = "Name the $${shape}."
  }
}
variable "größe" {
  type    = list(string)
  default = [
    "a", # one
    "b", // two
  ]
}
variable "secret" {
  type      = string
  default   = null
  sensitive = true
}
locals {
  grouped  = { for index, name in var.größe : name => index... if name != "" }
  splat    = var.größe[*]
  legacy   = [for item in [{ a = 1 }] : item.a]
  quoted   = { "key with space" = 1, (var.one_line) = 2, dashed-key : 3 }
  escapes  = "tab\t quote\" dollar $${x} percent %%{y} \u00e9 \U0001F600"
  template = "%{ for name in var.größe ~}${name}, %{ endfor ~}%{ if true }yes%{ else }no%{ endif }"
  nested   = true ? false ? 1 : 2 : 3
  numbers  = [1, -1, 1.5, 1e3, 1E-3]
  expanded = max([1, 2, 3]...)
  negated  = !true || -(1 + 2) * 3 % 2 == 0
  indexed  = { a = [[1, 2], [3]] }["a"][0][1]
}
resource "terraform_data" "dashed-name" {
  for_each = { for name in var.größe : name => name }
  input    = each.value
  lifecycle {
    precondition {
      condition     = each.key != ""
      error_message = "Never."
    }
  }
}
moved {
  from = terraform_data.old
  to   = terraform_data.dashed-name["a"]
}
removed {
  from = terraform_data.gone
  lifecycle { destroy = false }
}
check "always" {
  assert {
    condition     = var.one_line != ""
    error_message = "Never."
  }
}
output "all" {
  value       = [local.grouped, local.splat, local.quoted, var.empty, var.heredoc]
  description = "All of\tit"
  depends_on  = [terraform_data.dashed-name]
}
output "secret" {
  value     = var.secret
  sensitive = true
}

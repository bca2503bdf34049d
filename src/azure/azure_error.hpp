// azure_error.hpp: the one place where a refusal of Azure's becomes an Error: kind, retry verdict and advice.
//
//   reply --> service code (x-ms-error-code, else <Code>) --> first row of the table that fits code or status
//
// Three services answer: Blob Storage (XML), Entra's token endpoint (JSON, AADSTS numbers), the managed
// identity endpoint of a machine (JSON).
#pragma once

#include <span>
#include <string_view>

#include "net/http.hpp"

namespace azs3copy {

inline constexpr std::string_view blob_uses_customer_key = "BlobUsesCustomerSpecifiedEncryption";

struct AzureErrorRow {
  std::string_view code;  // as the service writes it; empty: any code
  int status;             // 0: any status
  ErrorKind kind;
  RetryVerdict retry;
  std::string_view meaning;  // a sentence for replies that bring none (HEAD)
  std::string_view advice;   // what the user can do; may be empty
};

// In order; the first row that fits decides. Rows with a code come before those with a status alone.
std::span<const AzureErrorRow> azure_error_rows();

// The Error of a reply of Blob Storage that is not what was asked for. `body`: as much of it as is at hand;
// may be empty. Never holds what Azure repeats of a signature. The header that a 400 refuses is named in
// parentheses at the end of the message.
Error azure_error(const ResponseHead& head, std::string_view body, UtcTime now);

// The same for the token endpoint of Entra ID ...
Error entra_error(const ResponseHead& head, std::string_view body, UtcTime now);
// ... and for a managed identity endpoint, which answers 404, 410 and 429 while it starts or is busy.
Error managed_identity_error(const ResponseHead& head, std::string_view body, UtcTime now);

}  // namespace azs3copy

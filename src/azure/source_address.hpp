// source_address.hpp: where to copy from, as a person writes it.
//
//   az://account[/container[/prefix]]                                 bytes as typed, nothing is decoded
//   https://account.blob.core.windows.net[/container[/prefix]][?sas]  a URL: percent-encoded
//   http://127.0.0.1:10000/account[/container[/prefix]][?sas]         an emulator's, account in the path
//
// In a URL the account is the host's first label if "blob" (or "dfs", read as blob) is the second, or the third
// or fourth after a zone and "privatelink": every cloud of Azure and Azure Stack. Suffixes of that label such as
// "-secondary" and "-internetrouting" are not part of the account's name. Else it is the path's first part if the
// host is an IP address, has no dot, or the port is not the scheme's own. What is left is a custom domain, whose
// account is not known. `az://devstoreaccount1` is the emulator on this machine. A SAS is taken after '?', also
// of an az:// address.
#pragma once

#include <string>
#include <string_view>

#include "azure/blob_client.hpp"
#include "codec/url.hpp"
#include "core/names.hpp"
#include "core/secret.hpp"

namespace azs3copy {

// Published for the emulator: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
inline constexpr std::string_view emulator_account = "devstoreaccount1";
inline constexpr std::string_view emulator_key =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

struct SourceAddress {
  AzureAccount account;
  Container container;         // empty: every container of the account
  std::string prefix;          // of blob names, decoded; empty: all
  Secret sas;                  // without '?'; empty: none was given
  bool is_url = false;         // written as http(s)://, where anonymous access can be meant
  bool custom_domain = false;  // account.name is the host's name and not the account's
};

// ErrorKind::invalid names the input (without its query), the rule and a way out.
Result<SourceAddress> parse_source_address(std::string_view text);

// As a person may see it: "az://acme/photos/2024", a URL where that would not lead back. Never holds the SAS.
std::string to_string(const SourceAddress& source);

// An account in a URL, and the path behind it ("" or "/container/..."), still encoded.
struct AccountUrl {
  AzureAccount account;
  std::string rest;
  bool custom_domain = false;
};
Result<AccountUrl> parse_account_url(const Url& url);
// Azure's own address of an account; the emulator's where it is the emulator's.
AzureAccount default_account(const Account& name);

// 3 to 63 lower-case letters, digits and single hyphens, or $root, $web, $logs, $blobchangefeed.
Result<> check_container_name(std::string_view name);
// 3 to 24 lower-case letters and digits.
Result<> check_account_name(std::string_view name);

}  // namespace azs3copy

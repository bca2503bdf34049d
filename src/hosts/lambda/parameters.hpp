// parameters.hpp: what a copy on Lambda is told, read from the text of its secret in Secrets Manager:
//
//   {"bloburl":"https://acme.blob.core.windows.net","tenantid":..,"appid":..,"appsecret":..,
//    "bucket_name":"acme-copy","isactive":"True","begindate":"20220820","sns_arn_l1":"arn:aws:sns:..", ..}
//
//   the article's      bloburl*       https://ACCOUNT.blob.core.windows.net[/CONTAINER[/PREFIX]]
//                      tenantid* appid* appsecret; without a secret by federated credential, with a SAS in
//                                     bloburl none of the three
//                      bucket_name* isactive begindate
//                      sns_arn_l1* .. sns_arn_l5*   topics of find-blobs, download, largefile-initializer,
//                                     -parter and -recombinator
//   what is copied     containers include exclude     lists, or texts with commas
//                      prefix         of blob names; keys begin behind it
//   where it goes      key_prefix use_full_file_path (true) container_in_key
//                      storage_class sse (none|AES256|aws:kms) kms_key_id metadata_too_large (fail|drop)
//   how                partition_size (100MiB: both of the next) part_size part_threshold
//                      verify_source (when-offered|always) transfers (32) bwlimit tpslimit (off)
//                      state_prefix (.azs3copy/)
//   when               run_limit (12h): a run that gave no sign for longer does not keep the next from beginning
//                      advance_begindate (off): moves begindate, in the state, past what a clean run has copied
//                      folder_levels (0): of folders below the prefix that are listed side by side
//
// * must be there. All others may be missing, null or "". Case, "_" and "-" of a key do not matter, so the
// template's names (UseFullFilePath, PartitionSize) are understood and isActive is not passed over. A value
// may be text, a number, true or false. Servers other than the clouds' own are named by the environment:
// AZURE_AUTHORITY_HOST, AWS_ENDPOINT_URL_S3 and so on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aws/destination_address.hpp"
#include "azure/azure_config.hpp"
#include "azure/source_address.hpp"
#include "core/secret.hpp"
#include "ledger/state_store.hpp"
#include "plan/filter.hpp"
#include "stages/stage.hpp"

namespace azs3copy {

// ARNs of the topics, by the message that each carries.
struct LambdaTopics {
  std::string find_blobs;  // sns_arn_l1
  std::string copy_batch;  // sns_arn_l2
  std::string large_file;  // sns_arn_l3
  std::string part_task;   // sns_arn_l4
  std::string recombine;   // sns_arn_l5
};

// Ceilings of one function's instance.
struct LambdaLimits {
  int transfers = 32;                     // streams at a time; a function's memory holds so many
  std::uint64_t bandwidth_bytes_max = 0;  // per second; 0: no ceiling
  double requests_per_second_max = 0;     // per endpoint; 0: no ceiling
};

// A key of the secret that has no effect, and what was probably meant ("" where nothing is near).
struct UnknownKey {
  std::string name;
  std::string meant;
};

struct LambdaParameters {
  bool is_active = true;
  std::optional<UtcTime> begin_date;  // also in `filter`
  SourceAddress source;               // its prefix is the key's "prefix" too; container: of one alone
  std::vector<Container> containers;  // without repeats, in the order given; empty: all of the account
  DestinationAddress destination;     // bucket_name and key_prefix
  AzureLogin azure;  // kind automatic: resolve_azure_login decides; no client_secret: federated
  LambdaTopics topics;
  FilterOptions filter;  // what is excluded is out, whatever includes it
  CopyRules rules;
  LambdaLimits limits;
  std::string state_prefix{state_prefix_default};   // ends in a slash
  milliseconds run_limit = std::chrono::hours(12);  // a message may be silent for 5 times 90 minutes
  bool advance_begin_date = false;
  std::uint32_t folder_levels = 0;
  std::vector<UnknownKey> unknown_keys;  // to be reported
};

// ErrorKind::invalid: missing keys are all named in one error; else the first value that is wrong, with its
// key as subject and what would have been right. No error holds the client secret or a SAS. Pure.
Result<LambdaParameters> parse_lambda_parameters(const Secret& text);

}  // namespace azs3copy

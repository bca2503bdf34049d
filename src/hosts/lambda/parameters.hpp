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
//                      expected_bucket_owner          account that the bucket must belong to
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
//
// A template gives its parameters as environment variables, AZS3COPY_ and the key in capitals, so that an update
// of the stack never has to write the secret that people edit. If both have a key:
//
//   the secret wins        in general
//   the environment wins   bucket_name, sns_arn_*, state_prefix, kms_key_id, expected_bucket_owner: the roles'
//                          rights are made for these values
//   both must be on        isactive
//
// appsecret is never read from the environment, and a SAS in AZS3COPY_BLOBURL is refused. The client secret of
// the template is in a second secret, which is used if the first has no appsecret.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

// Parameters of the deployment, used besides those of the secret.
struct DeployedParameters {
  std::map<std::string, std::string> values;  // key of the secret -> value
  Secret login;                               // text of the second secret, {"appsecret":..}; may be empty
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
  std::string expected_bucket_owner;     // AWS account of 12 digits; empty: not checked
  std::vector<UnknownKey> unknown_keys;  // to be reported
  std::vector<std::string>
      trimmed_keys;  // of the login, whose values had white space or a line break around them
  std::vector<std::string> overruled_keys;  // of the secret, whose values differ from those of the deployment
};

// The name of the environment variable with the deployment's value of a key: "AZS3COPY_BUCKET_NAME".
std::string parameter_variable(std::string_view key);
// Values of all keys for which `variable` returns a text.
DeployedParameters deployed_parameters(const std::function<std::string(const std::string& name)>& variable);

// ErrorKind::invalid: missing keys are all named in one error; else the first value that is wrong, with its
// key as subject and what would have been right. No error holds the client secret or a SAS. Pure.
Result<LambdaParameters> parse_lambda_parameters(const Secret& text, const DeployedParameters& deployed = {});

}  // namespace azs3copy

// help.cpp: help out of the table of flags.
#include "hosts/cli/help.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>

#include "codec/crc64.hpp"
#include "hosts/cli/flags.hpp"
#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

constexpr std::size_t names_columns = 39;

struct CommandHelp {
  std::string_view name;
  std::vector<std::string_view> examples;
  std::vector<std::string_view> about;
  std::vector<std::string_view> notes;
};

const std::vector<CommandHelp>& command_helps() {
  static const std::vector<CommandHelp> helps = {
      {.name = "copy",
       .examples = {"azs3copy copy az://acme/photos s3://acme-photos/2024",
                    "azs3copy copy --include '*.parquet' --sse aws:kms \"$CONTAINER_URL_WITH_SAS\" "
                    "s3://acme-lake/raw"},
       .about =
           {"azs3copy copy SOURCE DEST [flags]",
            "Copies the blobs that are not at DEST yet. The same command again goes on where it stopped."},
       .notes = {"SOURCE: az://account/container[/prefix], or an https URL, with a SAS or without",
                 "DEST:   s3://bucket[/prefix], on AWS or at --endpoint-url",
                 "Renames in a hierarchical namespace keep the time: --begindate and --max-age miss them.",
                 "Exit: 0 all copied, 1 some failed, 2 usage, 3 not found, 4 refused, 5 try again, 7 fatal, "
                 "9 skips."}},
      {.name = "check",
       .examples = {"azs3copy check az://acme/photos s3://acme-photos/2024",
                    "azs3copy check --deep --combined az://acme/photos s3://acme-photos/2024 > rows.txt"},
       .about =
           {"azs3copy check SOURCE DEST [flags]",
            "Compares both sides by their listings and what each copy recorded; --deep reads all bytes."},
       .notes = {"Exit: 0 equal, 1 differences, 2 usage, 3 not found, 4 refused, 5 try again, 7 fatal."}},
      {.name = "ls",
       .examples = {"azs3copy ls az://acme", "azs3copy ls -h -R az://acme/photos/2024"},
       .about = {"azs3copy ls SOURCE [flags]",
                 "Lists an account's containers, or one level of a container: size, time, tier, name."},
       .notes = {}},
      {.name = "cleanup",
       .examples = {"azs3copy cleanup -n s3://acme-photos",
                    "azs3copy cleanup --older-than 2d s3://acme-photos/2024"},
       .about = {"azs3copy cleanup DEST [flags]",
                 "Aborts open multipart uploads that copies of this machine left behind, and no others."},
       .notes = {}},
      {.name = "status",
       .examples = {"azs3copy status s3://acme-photos --watch",
                    "azs3copy status --json s3://acme-photos 20261123T030000Z-7f3a | jq .waiting.blobs"},
       .about = {"azs3copy status s3://BUCKET [RUN] [flags]",
                 "How a run of the Lambda functions stands: the latest, or RUN. It is read from the bucket "
                 "that they",
                 "copy to; every blob counts once, by its latest record."},
       .notes =
           {"--json: one object a look, with run, state (listing, copying or over), over, ms, listings,",
            "  listings_done; found, planned, copied, unchanged, skipped, failed, waiting, each {blobs, "
            "bytes};",
            "  retrying, verified_crc64, verified_md5, unverified, unconfirmed, confirmed_md5,",
            "  bytes_per_second, blobs_per_second, last_record, silent_seconds, listing_errors, not_copied,",
            "  exit_code.",
            "Exit: 0 all copied, or not over yet; 1 some failed; 9 skips; 2 usage, 3 no such run or bucket,",
            "4 refused, 5 try again, 7 fatal; 130 a --watch that was stopped before the run was over."}},
      {.name = "redrive",
       .examples =
           {"azs3copy redrive -n etlsqsdvazs3copyL2_to_L3DLQ s3://acme-photos",
            "azs3copy redrive --class throttled,permission etlsqsdvazs3copyL2_to_L3DLQ s3://acme-photos"},
       .about = {"azs3copy redrive QUEUE... s3://BUCKET [flags]",
                 "Sends the dead letters of QUEUE (a dead-letter queue's name, ARN or URL) back to the queue "
                 "that they",
                 "came from, chosen by why they failed. BUCKET is where the functions copy to: it holds the "
                 "records."},
       .notes =
           {"KIND: throttled, unavailable, timed_out, connection, conflict, cancelled, corrupt, credentials,",
            "  permission, unknown (nothing is recorded): these go back without --class. Besides them: "
            "invalid,",
            "  not_found, changed, archived, protocol, unsupported, internal; copied, unchanged, skipped, "
            "listed",
            "  (it was done after all); malformed (no work of ours).",
            "A message is sent before it is deleted: none is lost, one may be done twice, which harms "
            "nothing.",
            "Exit: 0 done, 1 some could not be sent, 2 usage, 3 no such queue, 4 refused, 5 try again, 7 "
            "fatal."}},
      {.name = "help",
       .examples = {"azs3copy help copy", "azs3copy help config"},
       .about = {"azs3copy help [COMMAND]"},
       .notes = {}},
      {.name = "version", .examples = {"azs3copy --version"}, .about = {"azs3copy --version"}, .notes = {}},
      {.name = "completion",
       .examples = {"source <(azs3copy completion bash)    # in ~/.bashrc",
                    "source <(azs3copy completion zsh)     # in ~/.zshrc, after compinit"},
       .about = {"azs3copy completion bash|zsh",
                 "Prints what the shell needs to complete commands and flags."},
       .notes = {}},
  };
  return helps;
}

std::string flag_names(const Flag& flag) {
  std::string text =
      flag.letter != 0 ? fmt::format("-{}, --{}", flag.letter, flag.name) : fmt::format("--{}", flag.name);
  if (!flag.value.empty()) text += " " + std::string(flag.value);
  return text;
}

void add_flags(std::vector<std::string>& lines, Command command) {
  std::optional<Group> group;
  const Flag* paired = nullptr;
  for (const Flag& flag : all_flags()) {
    if (!flag.belongs_to(command) || flag.place == Place::file_only) continue;
    if (group != flag.group) {
      group = flag.group;
      lines.push_back("");
      lines.emplace_back(title_of(flag.group, command));
    }
    if (!flag.row_help.empty()) {
      paired = &flag;
      continue;
    }
    std::string names = flag_names(flag);
    std::string text(flag.help);
    if (!flag.standard.empty()) text += fmt::format(" [{}]", flag.standard);
    if (paired != nullptr) {
      names = flag_names(*paired) + ", " + names;
      text = paired->row_help;
      paired = nullptr;
    }
    lines.push_back("  " + pad_right(names, names_columns) + " " + text);
  }
}

const std::vector<std::string_view>& config_help() {
  static const std::vector<std::string_view> lines = {
      "Every flag may also be set by a variable or in a file. What is said first wins:",
      "",
      "  the command line     --part-size 64MiB",
      "  the environment      AZS3COPY_PART_SIZE=64MiB      (AZS3COPY_INCLUDE: one pattern a line)",
      "  the file             part-size = \"64MiB\"          ~/.config/azs3copy/config.toml, or --config "
      "FILE",
      "  the default",
      "",
      "A key that is unknown is an error. Example of a file (TOML):",
      "",
      "  transfers = 128",
      "  storage-class = \"STANDARD_IA\"",
      "  exclude = [\"*.tmp\", \"/scratch/**\"]",
      "",
      "The network follows HTTPS_PROXY and NO_PROXY, and trusts the roots of SSL_CERT_FILE or",
      "SSL_CERT_DIR (else the system's), of --ca-bundle and of AWS_CA_BUNDLE.",
      "AWS_REQUEST_CHECKSUM_CALCULATION=when_required means --s3-checksum none.",
      "",
      "Secrets are never flags. They come from the variables of Azure's and AWS's own tools:",
      "",
      "  AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET          an Entra application",
      "  AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN",
      "  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, ~/.aws/",
      "",
      "or from the file, which nobody else should be able to read:",
  };
  return lines;
}

std::vector<std::string> help_on_config() {
  std::vector<std::string> lines(config_help().begin(), config_help().end());
  lines.push_back("");
  for (const Flag& flag : all_flags()) {
    if (flag.place == Place::file_only) lines.push_back(fmt::format("  {:<21}{}", flag.name, flag.help));
  }
  return lines;
}

}  // namespace

std::vector<std::string> overview_lines() {
  return {
      "azs3copy copies Azure Blob Storage to Amazon S3 and proves every byte by its checksum.",
      "  copy SOURCE DEST    copy what is not there yet      check SOURCE DEST     compare both sides",
      "  ls SOURCE           list containers and blobs       cleanup DEST          abort abandoned uploads",
      "  status BUCKET       how a run of Lambda stands      redrive QUEUE BUCKET  send dead letters back",
      "  help [COMMAND]      flags and examples              completion bash|zsh   for your shell",
      "Example: azs3copy copy az://acme/photos s3://acme-photos/2024   Read on: azs3copy help copy"};
}

std::vector<std::string> help_lines(std::string_view topic) {
  if (topic.empty()) {
    std::vector<std::string> lines = overview_lines();
    lines.insert(lines.end(),
                 {"", "Exit codes:", "  0 all copied           1 some failed, or check found differences",
                  "  2 wrong usage          3 source or destination not found    4 credentials refused",
                  "  5 temporary error      7 fatal error                        9 completed with skips",
                  "  130 interrupted        141 the reader of the output went away"});
    return lines;
  }
  if (topic == "config") return help_on_config();
  std::vector<std::string> lines;
  for (const CommandHelp& help : command_helps()) {
    if (help.name != topic) continue;
    for (const std::string_view example : help.examples) lines.push_back("  " + std::string(example));
    lines.push_back("");
    lines.insert(lines.end(), help.about.begin(), help.about.end());
    lines.insert(lines.end(), help.notes.begin(), help.notes.end());
    add_flags(lines, *command_from(topic));
  }
  return lines;
}

std::vector<std::string> version_lines() {
  return {fmt::format("azs3copy {}", AZS3COPY_VERSION),
          fmt::format("clang {}.{}.{}, C++{}; {}; CRC64NVME by {}", __clang_major__, __clang_minor__,
                      __clang_patchlevel__, __cplusplus / 100 % 100, OpenSSL_version(OPENSSL_VERSION),
                      crc64_chosen_implementation())};
}

}  // namespace azs3copy::cli

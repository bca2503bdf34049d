// flag_table.cpp: the table. Rows stand in the order of the help.
#include "hosts/cli/flag_values.hpp"
#include "hosts/cli/flags.hpp"

namespace azs3copy::cli {
namespace {

constexpr unsigned for_both_ends = for_copy | for_check;
constexpr unsigned for_runs = for_status | for_redrive;
constexpr unsigned for_s3 = for_both_ends | for_cleanup | for_runs;
constexpr unsigned for_azure = for_both_ends | for_ls;
constexpr unsigned for_all = for_copy | for_check | for_ls | for_cleanup | for_runs;

Result<> read_login(std::string_view text, AzureLoginKind kind, AzureLogin& login) {
  const Result<bool> on = read_switch(text);
  if (!on) return std::unexpected(on.error());
  if (!*on) return {};
  if (login.kind != AzureLoginKind::automatic && login.kind != kind) {
    return fail(ErrorKind::invalid, "another login was asked for already");
  }
  login.kind = kind;
  return {};
}

Result<> add_rule(Invocation& invocation, bool include, std::string_view pattern) {
  const Result<Glob> glob = Glob::compile(pattern);
  if (!glob) return std::unexpected(glob.error());
  invocation.run.filter.rules.push_back({.include = include, .pattern = std::string(pattern)});
  return {};
}

// Names of choices, once for the table and its readers.
constexpr std::string_view addressing_choices = "auto|path|virtual";
constexpr std::string_view sse_choices = "none|AES256|aws:kms";
constexpr std::string_view s3_checksum_choices = "crc64nvme|none";
constexpr std::string_view verify_choices = "when-offered|always";
constexpr std::string_view metadata_choices = "fail|drop";

constexpr Flag flag_rows[] = {
    // What to copy.
    {.name = "include",
     .commands = for_both_ends,
     .group = Group::what,
     .value = "GLOB",
     .help = "only blobs that match; the first rule that matches decides",
     .set = [](Invocation& i, std::string_view v) { return add_rule(i, true, v); },
     .family = "rules",
     .row_help = "only (not) blobs that match; the first match decides",
     .repeatable = true},
    {.name = "exclude",
     .commands = for_both_ends,
     .group = Group::what,
     .value = "GLOB",
     .help = "leave out blobs that match; the first rule that matches decides",
     .set = [](Invocation& i, std::string_view v) { return add_rule(i, false, v); },
     .family = "rules",
     .repeatable = true},
    {.name = "files-from",
     .commands = for_both_ends,
     .group = Group::what,
     .value = "FILE",
     .help = "only names in FILE, one a line or NUL-ended; - is stdin",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.files_from); }},
    {.name = "min-size",
     .commands = for_both_ends,
     .group = Group::what,
     .value = "SIZE",
     .help = "only blobs of at least this size",
     .set = [](Invocation& i, std::string_view v) { return read_size_limit(v, i.run.filter.size_min); },
     .row_help = "only blobs from one to the other, such as 10K, 1.5GiB"},
    {.name = "max-size",
     .commands = for_both_ends,
     .group = Group::what,
     .value = "SIZE",
     .help = "only blobs up to this size",
     .set = [](Invocation& i, std::string_view v) { return read_size_limit(v, i.run.filter.size_max); }},
    {.name = "min-age",
     .commands = for_both_ends,
     .group = Group::what,
     .value = "AGE",
     .help = "only blobs last modified at least this long ago",
     .set = [](Invocation& i, std::string_view v) { return read_age(v, i.run.filter.age_min); },
     .row_help = "only blobs last modified this long ago, such as 15m, 7d"},
    {.name = "max-age",
     .commands = for_both_ends,
     .group = Group::what,
     .value = "AGE",
     .help = "only blobs modified since this long ago",
     .set = [](Invocation& i, std::string_view v) { return read_age(v, i.run.filter.age_max); }},
    {.name = "begindate",
     .commands = for_both_ends,
     .group = Group::what,
     .value = "DATE",
     .help = "only blobs modified at or after DATE, such as 2026-11-23",
     .set = [](Invocation& i, std::string_view v) { return read_begin_date(v, i.run.filter.begin_date); }},
    {.name = "ignore-existing",
     .commands = for_copy,
     .group = Group::what,
     .help = "a key that exists is left as it is, whatever it holds",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.run.compare.ignore_existing); }},
    {.name = "size-only",
     .commands = for_copy,
     .group = Group::what,
     .help = "an object of the same size counts as unchanged",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.run.compare.size_only); }},
    {.name = "checksum",
     .commands = for_copy,
     .group = Group::what,
     .help = "compare each object's recorded source ETag, not its time",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.run.compare.checksum); }},
    {.name = "flatten",
     .commands = for_both_ends,
     .group = Group::what,
     .help = "keys without the folders: a/b.jpg becomes b.jpg",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.run.flatten); }},
    {.name = "older-than",
     .commands = for_cleanup,
     .group = Group::what,
     .value = "AGE",
     .standard = "0s",
     .help = "leave uploads begun later than this ago",
     .set = [](Invocation& i,
               std::string_view v) { return read_duration(v, milliseconds(0), i.cleanup.age_min); }},
    {.name = "dry-run",
     .letter = 'n',
     .commands = for_copy | for_cleanup | for_redrive,
     .group = Group::what,
     .help = "say what would be done, and do nothing",
     .set =
         [](Invocation& i, std::string_view v) {
           Result<> read = read_switch(v, i.run.dry_run);
           i.cleanup.dry_run = i.redrive.dry_run = i.run.dry_run;
           return read;
         }},
    {.name = "deep",
     .commands = for_check,
     .group = Group::what,
     .help = "read every byte on both sides and compare",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.check.deep); }},
    {.name = "one-way",
     .commands = for_check,
     .group = Group::what,
     .help = "do not report what is only at the destination",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.check.one_way); }},
    {.name = "watch",
     .letter = 'w',
     .commands = for_status,
     .group = Group::what,
     .help = "look again every 2 s until the run is over",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.status.watch); }},
    {.name = "class",
     .commands = for_redrive,
     .group = Group::what,
     .value = "KIND,...",
     .standard = "what can pass",
     .help = "only what failed for these reasons, or all",
     .set = [](Invocation& i, std::string_view v) { return read_classes(v, i.redrive.classes); }},
    {.name = "run",
     .commands = for_redrive,
     .group = Group::what,
     .value = "RUN",
     .standard = "any",
     .help = "only work of this run",
     .set =
         [](Invocation& i, std::string_view v) {
           i.redrive.run = RunId(v);
           return Result<>();
         },
     .place = Place::line_only},
    {.name = "to",
     .commands = for_redrive,
     .group = Group::what,
     .value = "QUEUE",
     .standard = "where it came from",
     .help = "send to this queue",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.redrive.to); },
     .place = Place::line_only},
    {.name = "recursive",
     .letter = 'R',
     .commands = for_ls,
     .group = Group::what,
     .help = "list all blobs below SOURCE, not one level",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.output.recursive); }},

    // Where it goes.
    {.name = "storage-class",
     .commands = for_copy,
     .group = Group::where,
     .value = "CLASS",
     .standard = "the bucket's",
     .help = "STANDARD_IA, GLACIER_IR, DEEP_ARCHIVE, ...",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.run.storage_class); }},
    {.name = "sse",
     .commands = for_copy,
     .group = Group::where,
     .value = sse_choices,
     .standard = "the bucket's",
     .help = "encryption at rest",
     .set =
         [](Invocation& i, std::string_view v) {
           i.sse = v;
           return read_choice(v, sse_choices);
         }},
    {.name = "sse-kms-key-id",
     .commands = for_copy,
     .group = Group::where,
     .value = "KEY",
     .standard = "aws/s3",
     .help = "KMS key, by id or ARN; implies --sse aws:kms",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.run.sse_kms_key_id); }},
    {.name = "no-bucket-key",
     .commands = for_copy,
     .group = Group::where,
     .help = "one KMS call an object instead of a bucket key",
     .set =
         [](Invocation& i, std::string_view v) {
           const Result<bool> off = read_switch(v);
           if (!off) return Result<>(std::unexpected(off.error()));
           i.run.bucket_key = !*off;
           return Result<>();
         }},
    {.name = "metadata-too-large",
     .commands = for_copy,
     .group = Group::where,
     .value = metadata_choices,
     .standard = "fail",
     .help = "a blob with more metadata than S3's 2 KiB",
     .set =
         [](Invocation& i, std::string_view v) {
           i.run.drop_large_metadata = v == "drop";
           return read_choice(v, metadata_choices);
         }},
    {.name = "state-prefix",
     .commands = for_runs,
     .group = Group::where,
     .value = "PREFIX",
     .standard = ".azs3copy/",
     .help = "the secret's state_prefix",
     .set =
         [](Invocation& i, std::string_view v) {
           Result<> read = read_state_prefix(v, i.status.state_prefix);
           i.redrive.state_prefix = i.status.state_prefix;
           return read;
         }},
    {.name = "expected-bucket-owner",
     .commands = for_s3,
     .group = Group::where,
     .value = "ACCOUNT",
     .help = "refuse a bucket of any other AWS account",
     .set = [](Invocation& i,
               std::string_view v) { return read_account_id(v, i.run.s3.expected_bucket_owner); }},
    {.name = "endpoint-url",
     .commands = for_s3,
     .group = Group::where,
     .value = "URL",
     .standard = "AWS's own",
     .help = "another S3 server",
     .set = [](Invocation& i, std::string_view v) { return read_endpoint(v, i.run.aws.endpoint_url); }},
    {.name = "region",
     .commands = for_s3,
     .group = Group::where,
     .value = "REGION",
     .standard = "asked of the bucket",
     .help = "of the bucket",
     .set = [](Invocation& i, std::string_view v) { return read_region(v, i.run.aws.region); }},
    {.name = "addressing",
     .commands = for_s3,
     .group = Group::where,
     .value = addressing_choices,
     .standard = "auto",
     .help = "the bucket in the path or the host",
     .set =
         [](Invocation& i, std::string_view v) {
           i.run.s3.addressing = v == "path"      ? Addressing::path
                                 : v == "virtual" ? Addressing::virtual_host
                                                  : Addressing::automatic;
           return read_choice(v, addressing_choices);
         }},
    {.name = "dualstack",
     .commands = for_s3,
     .group = Group::where,
     .help = "AWS's endpoints with IPv6",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.run.s3.dualstack); },
     .row_help = "AWS's endpoints with IPv6; with FIPS 140 modules"},
    {.name = "fips",
     .commands = for_s3,
     .group = Group::where,
     .help = "AWS's endpoints with FIPS 140 modules",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.run.s3.fips); }},

    // How fast.
    {.name = "transfers",
     .commands = for_both_ends,
     .group = Group::speed,
     .value = "N",
     .standard = "64",
     .help = "streams at a time, at most",
     .set = [](Invocation& i, std::string_view v) { return read_whole(v, 1, 4096, i.run.limits.transfers); }},
    {.name = "threads",
     .commands = for_both_ends,
     .group = Group::speed,
     .value = "N",
     .standard = "one a core",
     .help = "event loops",
     .set = [](Invocation& i, std::string_view v) { return read_whole(v, 1, 256, i.run.limits.threads); }},
    {.name = "bwlimit",
     .commands = for_both_ends,
     .group = Group::speed,
     .value = "RATE",
     .standard = "off",
     .help = "bytes per second, at most, such as 100M",
     .set = [](Invocation& i,
               std::string_view v) { return read_bandwidth(v, i.run.limits.bandwidth_bytes_max); }},
    {.name = "tpslimit",
     .commands = for_both_ends,
     .group = Group::speed,
     .value = "N",
     .standard = "off",
     .help = "requests per second to each end, at most",
     .set = [](Invocation& i,
               std::string_view v) { return read_number(v, 0, 1e6, i.run.limits.requests_per_second_max); }},
    {.name = "part-threshold",
     .commands = for_copy,
     .group = Group::speed,
     .value = "SIZE",
     .standard = "100MiB",
     .help = "blobs above this go in parts",
     .set =
         [](Invocation& i, std::string_view v) {
           return read_bytes(v, 0, put_bytes_max, "S3 takes at most 5 GiB in one piece",
                             i.run.part_threshold);
         }},
    {.name = "part-size",
     .commands = for_copy,
     .group = Group::speed,
     .value = "SIZE",
     .standard = "100MiB",
     .help = "of each part, or more where 10,000 do not do",
     .set =
         [](Invocation& i, std::string_view v) {
           return read_bytes(v, part_bytes_min, part_bytes_max,
                             "S3 takes parts of 5 MiB to 5 GiB (the last may be smaller)", i.run.part_bytes);
         }},

    // Safety.
    {.name = "verify-source",
     .commands = for_both_ends,
     .group = Group::safety,
     .value = verify_choices,
     .standard = "when-offered",
     .help = "check what Azure sends",
     .set =
         [](Invocation& i, std::string_view v) {
           i.run.verify_source = v == "always" ? VerifySource::always : VerifySource::when_offered;
           return read_choice(v, verify_choices);
         }},
    {.name = "s3-checksum",
     .commands = for_both_ends,
     .group = Group::safety,
     .value = s3_checksum_choices,
     .standard = "crc64nvme",
     .help = "none: MD5, for servers without it",
     .set =
         [](Invocation& i, std::string_view v) {
           i.run.s3.checksum = v == "none" ? S3Checksum::none : S3Checksum::crc64nvme;
           return read_choice(v, s3_checksum_choices);
         }},
    {.name = "ca-bundle",
     .commands = for_all,
     .group = Group::safety,
     .value = "FILE",
     .help = "roots to trust in addition to the system's",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.run.network.ca_bundle); }},
    {.name = "connect-timeout",
     .commands = for_all,
     .group = Group::safety,
     .value = "TIME",
     .standard = "15s",
     .help = "until connected",
     .set =
         [](Invocation& i, std::string_view v) {
           return read_duration(v, milliseconds(100), i.run.network.connect_timeout);
         },
     .row_help = "until connected; without a byte moved [15s, 60s]"},
    {.name = "timeout",
     .commands = for_all,
     .group = Group::safety,
     .value = "TIME",
     .standard = "60s",
     .help = "without a byte moved",
     .set =
         [](Invocation& i, std::string_view v) {
           return read_duration(v, milliseconds(100), i.run.network.idle_timeout);
         }},
    {.name = "retries",
     .commands = for_all,
     .group = Group::safety,
     .value = "N",
     .standard = "for 15 minutes",
     .help = "retry what failed at most N times",
     .set =
         [](Invocation& i, std::string_view v) {
           int retries = 0;
           Result<> read = read_whole(v, 0, 100, retries);
           if (read) i.run.network.retry.attempts_max = retries + 1;
           return read;
         }},
    {.name = "state-dir",
     .commands = for_copy | for_cleanup,
     .group = Group::safety,
     .value = "FOLDER",
     .standard = "~/.local/state/azs3copy",
     .help = "reports, open uploads",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.run.state_folder); }},

    // Output.
    {.name = "progress",
     .letter = 'P',
     .commands = for_copy,
     .group = Group::output,
     .standard = "on a terminal",
     .help = "show how it goes, redrawn in place",
     .set =
         [](Invocation& i, std::string_view v) {
           i.output.progress.emplace();
           return read_switch(v, *i.output.progress);
         },
     .family = "progress",
     .row_help = "how it goes, redrawn in place [on a terminal]"},
    {.name = "no-progress",
     .commands = for_copy,
     .group = Group::output,
     .help = "no display of progress",
     .set =
         [](Invocation& i, std::string_view v) {
           const Result<bool> off = read_switch(v);
           if (!off) return Result<>(std::unexpected(off.error()));
           i.output.progress = !*off;
           return Result<>();
         },
     .family = "progress"},
    {.name = "stats",
     .commands = for_copy,
     .group = Group::output,
     .value = "TIME",
     .standard = "1m",
     .help = "a line this often where there is no terminal",
     .set =
         [](Invocation& i, std::string_view v) {
           i.output.stats.emplace();
           return read_duration(v, milliseconds(100), *i.output.stats);
         }},
    {.name = "combined",
     .commands = for_check,
     .group = Group::output,
     .help = "all rows: = equal, + missing, - extra, * differs, ! error",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.output.combined); }},
    {.name = "human",
     .letter = 'h',
     .commands = for_ls,
     .group = Group::output,
     .help = "sizes as 88.0 GiB",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.output.human); }},
    {.name = "verbose",
     .letter = 'v',
     .commands = for_all,
     .group = Group::output,
     .help = "each blob and each retry; twice: all that is known",
     .set = [](Invocation& i, std::string_view v) { return read_verbosity(v, i.output.verbosity); },
     .family = "loudness",
     .row_help = "each blob and each retry (-vv: all); errors only",
     .repeatable = true},
    {.name = "quiet",
     .letter = 'q',
     .commands = for_all,
     .group = Group::output,
     .help = "errors only",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.output.quiet); },
     .family = "loudness"},
    {.name = "json",
     .commands = for_all,
     .group = Group::output,
     .help = "one JSON event a line, and no other text",
     .set = [](Invocation& i, std::string_view v) { return read_switch(v, i.output.json); }},
    {.name = "log-file",
     .commands = for_all,
     .group = Group::output,
     .value = "FILE",
     .help = "append the events to FILE, too",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.output.log_file); }},
    {.name = "config",
     .commands = for_all,
     .group = Group::output,
     .value = "FILE",
     .standard = "~/.config/azs3copy/config.toml",
     .help = "see `help config`",
     .set = [](Invocation&, std::string_view) { return Result<>(); },
     .place = Place::line_only},

    // Login.
    {.name = "managed-identity",
     .commands = for_azure,
     .group = Group::login,
     .help = "of this machine; --client-id: a user-assigned one",
     .set = [](Invocation& i,
               std::string_view v) { return read_login(v, AzureLoginKind::managed_identity, i.run.azure); },
     .family = "azure-login"},
    {.name = "anonymous",
     .commands = for_azure,
     .group = Group::login,
     .help = "read a public container without a login",
     .set = [](Invocation& i,
               std::string_view v) { return read_login(v, AzureLoginKind::anonymous, i.run.azure); },
     .family = "azure-login"},
    {.name = "tenant-id",
     .commands = for_azure,
     .group = Group::login,
     .value = "ID",
     .standard = "AZURE_TENANT_ID",
     .help = "the application's tenant",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.run.azure.tenant_id); },
     .row_help = "an Entra application [AZURE_TENANT_ID, AZURE_CLIENT_ID]"},
    {.name = "client-id",
     .commands = for_azure,
     .group = Group::login,
     .value = "ID",
     .standard = "AZURE_CLIENT_ID",
     .help = "the application, or the managed identity",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.run.azure.client_id); }},
    {.name = "federated-token-file",
     .commands = for_azure,
     .group = Group::login,
     .value = "FILE",
     .standard = "AZURE_FEDERATED_TOKEN_FILE",
     .help = "instead of a secret",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.run.azure.federated_token_file); }},
    {.name = "authority-host",
     .commands = for_azure,
     .group = Group::login,
     .value = "URL",
     .standard = "the cloud's",
     .help = "where Entra ID answers",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.run.azure.authority); }},

    {.name = "profile",
     .commands = for_s3,
     .group = Group::login,
     .value = "NAME",
     .standard = "AWS_PROFILE",
     .help = "of AWS's profile files",
     .set = [](Invocation& i, std::string_view v) { return keep(v, i.run.aws.profile); }},

    // Secrets: keys of the configuration file only.
    {.name = "client-secret",
     .commands = for_azure,
     .group = Group::login,
     .value = "SECRET",
     .help = "of the Entra application",
     .set = [](Invocation& i, std::string_view v) { return keep_secret(v, i.run.azure.client_secret); },
     .place = Place::file_only},
    {.name = "account-key",
     .commands = for_azure,
     .group = Group::login,
     .value = "SECRET",
     .help = "of the storage account",
     .set = [](Invocation& i, std::string_view v) { return keep_secret(v, i.run.azure.account_key); },
     .place = Place::file_only},
    {.name = "sas-token",
     .commands = for_azure,
     .group = Group::login,
     .value = "SECRET",
     .help = "of the container or the account",
     .set = [](Invocation& i, std::string_view v) { return keep_secret(v, i.run.azure.sas); },
     .place = Place::file_only},
    {.name = "connection-string",
     .commands = for_azure,
     .group = Group::login,
     .value = "SECRET",
     .help = "of the storage account",
     .set = [](Invocation& i, std::string_view v) { return keep_secret(v, i.run.azure.connection_string); },
     .place = Place::file_only},
};

}  // namespace

std::span<const Flag> all_flags() {
  return flag_rows;
}

}  // namespace azs3copy::cli

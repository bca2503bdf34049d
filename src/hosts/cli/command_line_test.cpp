// command_line_test.cpp: words, environment and file in, options or an error out.
#include "hosts/cli/command_line.hpp"

#include <gtest/gtest.h>

#include "codec/time.hpp"

namespace azs3copy::cli {
namespace {

constexpr const char* source = "https://acme.blob.core.windows.net/photos/2024";
constexpr const char* destination = "s3://acme-photos/archive";

struct World {
  Environment environment = {{"HOME", "/nonexistent"}, {"AWS_REGION", "eu-central-1"}};
  std::map<std::string, std::string> files;
  bool readable = false;

  Result<Invocation> parse(std::vector<std::string> words) const {
    const Surroundings surroundings{.environment = environment,
                                    .read_file = [this](const std::string& path) -> Result<std::string> {
                                      const auto found = files.find(path);
                                      if (found == files.end())
                                        return fail(ErrorKind::not_found, "cannot be read: no such file",
                                                    path);
                                      return found->second;
                                    },
                                    .readable_by_others = [this](const std::string&) { return readable; },
                                    .now = *parse_iso8601("2026-11-23T07:42:10Z")};
    return parse_command_line(words, surroundings);
  }
  // A copy with these flags.
  Result<Invocation> copy(std::vector<std::string> flags) const {
    flags.insert(flags.begin(), "copy");
    flags.insert(flags.end(), {source, destination});
    return parse(std::move(flags));
  }
  std::string config() const { return "/nonexistent/.config/azs3copy/config.toml"; }
};

// What a person reads first.
std::string line_of(const Result<Invocation>& parsed) {
  if (parsed) return "(accepted)";
  const Error& error = parsed.error();
  return error.subject.empty() ? error.message : error.subject + ": " + error.message;
}

TEST(CommandLine, WarnsOfPlainHttpToOtherMachines) {
  const auto warnings = [](const std::string& account, const std::string& endpoint) {
    const Result<Invocation> parsed =
        World().parse({"copy", account + "?sv=2024-11-04&sig=abc", destination, "--endpoint-url", endpoint});
    EXPECT_TRUE(parsed) << line_of(parsed);
    return parsed ? parsed->warnings : std::vector<std::string>{};
  };
  EXPECT_TRUE(warnings(source, "https://minio.example").empty());
  EXPECT_TRUE(warnings("http://127.0.0.1:10000/devstoreaccount1/photos", "http://localhost:9000").empty());
  EXPECT_TRUE(warnings(source, "http://[::1]:9000").empty());
  const std::vector<std::string> both =
      warnings("http://acme.blob.core.windows.net/photos", "http://127.evil.example:9000");
  ASSERT_EQ(both.size(), 2u);
  EXPECT_NE(both[0].find("http://127.evil.example:9000"), std::string::npos) << both[0];
  EXPECT_NE(both[1].find("SAS"), std::string::npos) << both[1];
  EXPECT_EQ(both[1].find("abc"), std::string::npos) << "the SAS itself";
}

TEST(CommandLine, ReadsACopyWithItsDefaults) {
  const Result<Invocation> parsed = World().copy({});
  ASSERT_TRUE(parsed) << line_of(parsed);
  const RunOptions& run = parsed->run;
  EXPECT_EQ(parsed->command, Command::copy);
  EXPECT_EQ(run.source.container.view(), "photos");
  EXPECT_EQ(run.source.prefix, "2024");
  EXPECT_EQ(run.destination.bucket.view(), "acme-photos");
  EXPECT_EQ(run.destination.prefix, "archive");
  EXPECT_EQ(run.source_text, "az://acme/photos/2024");
  EXPECT_EQ(run.destination_text, "s3://acme-photos/archive");
  EXPECT_EQ(run.s3.region, "eu-central-1");
  EXPECT_EQ(run.limits.transfers, 64);
  EXPECT_EQ(run.part_bytes, 100 * MiB);
  EXPECT_EQ(run.network.retry.attempts_max, RetryPolicy{}.attempts_max);
  EXPECT_EQ(run.azure.kind, AzureLoginKind::anonymous);
  EXPECT_TRUE(run.bucket_key);
  EXPECT_FALSE(run.state_folder.empty());
  EXPECT_FALSE(parsed->output.progress);
}

TEST(CommandLine, EveryFlagReachesItsOption) {
  World world;
  world.files["names.txt"] = "a/b.jpg\n# no\nc.jpg\r\n";
  const Result<Invocation> parsed = world.copy({"--files-from",
                                                "names.txt",
                                                "--min-size",
                                                "1K",
                                                "--max-size=2K",
                                                "--min-age",
                                                "1h",
                                                "--max-age",
                                                "7d",
                                                "--begindate",
                                                "20220820",
                                                "-n",
                                                "--ignore-existing",
                                                "--flatten",
                                                "--transfers",
                                                "128",
                                                "--threads",
                                                "3",
                                                "--bwlimit",
                                                "100M",
                                                "--tpslimit",
                                                "2.5",
                                                "--part-threshold",
                                                "64MiB",
                                                "--part-size",
                                                "8M",
                                                "--storage-class",
                                                "standard_ia",
                                                "--sse",
                                                "aws:kms",
                                                "--sse-kms-key-id",
                                                "alias/x",
                                                "--no-bucket-key",
                                                "--expected-bucket-owner",
                                                "123456789012",
                                                "--region",
                                                "eu-west-1",
                                                "--addressing",
                                                "virtual",
                                                "--dualstack",
                                                "--s3-checksum",
                                                "none",
                                                "--metadata-too-large",
                                                "drop",
                                                "--verify-source",
                                                "always",
                                                "--ca-bundle",
                                                "/ca.pem",
                                                "--connect-timeout",
                                                "5s",
                                                "--timeout",
                                                "30s",
                                                "--retries",
                                                "3",
                                                "--state-dir",
                                                "/var/state",
                                                "--no-progress",
                                                "--stats",
                                                "10s",
                                                "-vv",
                                                "--log-file",
                                                "/log"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  const RunOptions& run = parsed->run;
  EXPECT_EQ(run.filter.files_from, (std::vector<std::string>{"a/b.jpg", "c.jpg"}));
  EXPECT_TRUE(run.filter.has_files_from);
  EXPECT_EQ(run.filter.size_min, 1024u);
  EXPECT_EQ(run.filter.size_max, 2048u);
  EXPECT_EQ(run.filter.age_min, std::chrono::hours(1));
  EXPECT_EQ(run.filter.age_max, std::chrono::hours(168));
  EXPECT_EQ(run.filter.begin_date, parse_iso8601("2022-08-20"));
  EXPECT_TRUE(run.dry_run);
  EXPECT_TRUE(run.compare.ignore_existing);
  EXPECT_TRUE(run.flatten);
  EXPECT_EQ(run.limits.transfers, 128);
  EXPECT_EQ(run.limits.threads, 3);
  EXPECT_EQ(run.limits.bandwidth_bytes_max, 100 * MiB);
  EXPECT_EQ(run.limits.requests_per_second_max, 2.5);
  EXPECT_EQ(run.part_threshold, 64 * MiB);
  EXPECT_EQ(run.part_bytes, 8 * MiB);
  EXPECT_EQ(run.storage_class, "STANDARD_IA");
  EXPECT_EQ(run.sse, "aws:kms");
  EXPECT_EQ(run.sse_kms_key_id, "alias/x");
  EXPECT_FALSE(run.bucket_key);
  EXPECT_EQ(run.s3.expected_bucket_owner, "123456789012");
  EXPECT_EQ(run.s3.region, "eu-west-1");
  EXPECT_EQ(run.s3.addressing, Addressing::virtual_host);
  EXPECT_TRUE(run.s3.dualstack);
  EXPECT_EQ(run.s3.checksum, S3Checksum::none);
  EXPECT_EQ(run.verify_source, VerifySource::always);
  EXPECT_TRUE(run.drop_large_metadata);
  EXPECT_EQ(run.network.ca_bundle, "/ca.pem");
  EXPECT_EQ(run.network.connect_timeout, seconds(5));
  EXPECT_EQ(run.network.idle_timeout, seconds(30));
  EXPECT_EQ(run.network.retry.attempts_max, 4);
  EXPECT_EQ(run.state_folder, "/var/state");
  EXPECT_EQ(parsed->output.progress, false);
  EXPECT_EQ(parsed->output.stats, seconds(10));
  EXPECT_EQ(parsed->output.verbosity, 2);
  EXPECT_EQ(parsed->output.log_file, "/log");
}

// The first match decides: an order that is lost copies what was excluded.
TEST(CommandLine, RulesKeepTheOrderOfTheLine) {
  const auto parsed =
      World().copy({"--exclude", "tmp/**", "--include", "*.jpg", "--exclude=*", "--include", "[ab]"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  std::string rules;
  for (const FilterOptions::Rule& rule : parsed->run.filter.rules) {
    rules += (rule.include ? "+" : "-") + rule.pattern + " ";
  }
  EXPECT_EQ(rules, "-tmp/** +*.jpg -* +[ab] ");
}

TEST(CommandLine, LineBeatsEnvironmentBeatsFileBeatsDefault) {
  World world;
  world.files[world.config()] = "transfers = 3\npart-size = \"7MiB\"\nretries = 1\n";
  world.environment["AZS3COPY_TRANSFERS"] = "4";
  world.environment["AZS3COPY_PART_SIZE"] = "8MiB";
  const auto parsed = world.copy({"--transfers", "5"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->run.limits.transfers, 5);
  EXPECT_EQ(parsed->run.part_bytes, 8 * MiB);
  EXPECT_EQ(parsed->run.network.retry.attempts_max, 2);
}

TEST(CommandLine, RulesOfTheLineReplaceThoseOfTheEnvironmentAsAWhole) {
  World world;
  world.environment["AZS3COPY_EXCLUDE"] = "a b\n*.{x,y}";
  auto parsed = world.copy({});
  ASSERT_TRUE(parsed) << line_of(parsed);
  ASSERT_EQ(parsed->run.filter.rules.size(), 2u);
  EXPECT_EQ(parsed->run.filter.rules[1].pattern, "*.{x,y}");
  parsed = world.copy({"--include", "*.jpg"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->run.filter.rules.size(), 1u);
}

TEST(CommandLine, SwitchesCanBeTurnedOffAgain) {
  World world;
  world.environment["AZS3COPY_CHECKSUM"] = "yes";
  EXPECT_TRUE(world.copy({})->run.compare.checksum);
  EXPECT_FALSE(world.copy({"--checksum=false"})->run.compare.checksum);
  world.environment["AZS3COPY_CHECKSUM"] = "0";
  EXPECT_FALSE(world.copy({})->run.compare.checksum);
  world.environment["AZS3COPY_CHECKSUM"] = "maybe";
  EXPECT_EQ(line_of(world.copy({})), "AZS3COPY_CHECKSUM=maybe: is a switch: true or false");
}

TEST(CommandLine, ConfigurationErrorsNameFileLineAndKey) {
  World world;
  const auto error_of = [&world](const std::string& text) {
    world.files[world.config()] = text;
    return line_of(world.copy({}));
  };
  const std::string path = world.config();
  EXPECT_EQ(error_of("\ntransfer = 3\n"), path + ":2: unknown key \"transfer\"; did you mean transfers?");
  EXPECT_EQ(error_of("transfers = 0"), path + ":1: transfers: takes a whole number from 1 to 4096");
  EXPECT_EQ(error_of("transfers = [1, 2]"), path + ":1: transfers: takes a single value");
  EXPECT_EQ(error_of("include = [\n 'a',\n '{'\n]").substr(0, path.size() + 11), path + ":3: include");
  EXPECT_NE(error_of("transfers = ").find(path + ":1"), std::string::npos);
  EXPECT_NE(error_of("config = 'x'").find("unknown key \"config\""), std::string::npos);
}

TEST(CommandLine, ConfigurationKeepsTheOrderOfItsRules) {
  World world;
  world.files[world.config()] = "include = ['b', 'a']\nexclude = '*'\ndeep = true\n";  // deep: of check
  const auto parsed = world.copy({});
  ASSERT_TRUE(parsed) << line_of(parsed);
  ASSERT_EQ(parsed->run.filter.rules.size(), 3u);
  EXPECT_EQ(parsed->run.filter.rules[0].pattern, "b");
  EXPECT_FALSE(parsed->run.filter.rules[2].include);
}

TEST(CommandLine, ANamedConfigurationMustExist) {
  EXPECT_EQ(World().copy({"--config", "/none.toml"}).error().kind, ErrorKind::invalid);
  World world;
  world.environment["AZS3COPY_CONFIG"] = "/c.toml";
  world.files["/c.toml"] = "transfers = 9";
  EXPECT_EQ(world.copy({})->run.limits.transfers, 9);
}

TEST(CommandLine, SecretsComeFromTheFileButNotFromTheLine) {
  World world;
  world.files[world.config()] = "account-key = \"c2VjcmV0\"\n";
  auto parsed = world.copy({});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->run.azure.account_key.reveal(), "c2VjcmV0");
  EXPECT_TRUE(parsed->warnings.empty());
  world.readable = true;
  parsed = world.copy({});
  ASSERT_EQ(parsed->warnings.size(), 1u);
  EXPECT_NE(parsed->warnings[0].find("chmod 600"), std::string::npos);
  const auto refused = world.copy({"--account-key", "c2VjcmV0"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(line_of(refused).find("c2VjcmV0"), std::string::npos);
}

TEST(CommandLine, SecretsOfTheFileGiveWayToFlagAndEnvironment) {
  World world;
  world.files[world.config()] = "account-key = \"c2VjcmV0\"\n";
  EXPECT_EQ(world.copy({"--anonymous"})->run.azure.kind, AzureLoginKind::anonymous);
  world.environment["AZURE_STORAGE_KEY"] = "b3RoZXI=";
  const auto parsed = world.copy({});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->run.azure.account_key.reveal(), "b3RoZXI=");
}

TEST(CommandLine, SignaturesDoNotReachTheTexts) {
  const auto parsed = World().parse({"copy", std::string(source) + "?sv=2022&sp=rl&sig=abc", destination});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->run.source_text.find("sig"), std::string::npos);
}

TEST(CommandLine, ErrorsSayWhatWouldBeRight) {
  const World world;
  EXPECT_EQ(line_of(world.copy({"--transfer", "3"})), "unknown flag --transfer; did you mean --transfers?");
  EXPECT_EQ(line_of(world.parse({"cpoy"})), "unknown command cpoy; did you mean copy?");
  EXPECT_EQ(line_of(world.copy({"--part-size", "3MiB"})),
            "--part-size 3MiB: S3 takes parts of 5 MiB to 5 GiB (the last may be smaller)");
  EXPECT_EQ(line_of(world.copy({"--sse", "aes256"})),
            "--sse aes256: takes none, AES256 or aws:kms; did you mean AES256?");
  EXPECT_EQ(line_of(world.copy({"--storage-class", "GLACIERIR"})),
            "--storage-class GLACIERIR: S3 has no such class; did you mean GLACIER_IR?");
  EXPECT_EQ(line_of(world.copy({"--include", "--exclude", "x"})),
            "--include: needs a value (GLOB), but --exclude follows");
  EXPECT_EQ(line_of(world.copy({"--region="})), "--region: needs a value (REGION)");
  EXPECT_EQ(line_of(world.parse({"copy", "--region"})), "--region: needs a value (REGION)");
  EXPECT_EQ(line_of(world.copy({"--deep"})), "copy does not take --deep");
  EXPECT_EQ(line_of(world.parse({"--transfers", "3", "copy"})), "the command comes first, then --transfers");
  EXPECT_EQ(line_of(world.parse({"copy", source})), "usage: azs3copy copy SOURCE DEST [flags]");
  EXPECT_NE(line_of(world.copy({"extra"})).find("one too many"), std::string::npos);
  EXPECT_NE(line_of(world.parse({"copy", destination, source})).find("from Azure to S3"), std::string::npos);
  EXPECT_NE(line_of(world.parse({"copy", source, "s3://my bucket"})).find("spaces"), std::string::npos);
  EXPECT_NE(line_of(world.copy({"--min-size", "ten"})).find("--min-size ten: not a size"), std::string::npos);
  EXPECT_NE(line_of(world.copy({"--files-from", "/none"})).find("--files-from /none"), std::string::npos);
}

TEST(CommandLine, OtherServersNameBucketsAndRegionsAsTheyLike) {
  World world;
  const auto elsewhere = world.parse(
      {"copy", source, "s3://My_Bucket", "--endpoint-url", "https://ceph.local", "--region", "NL"});
  ASSERT_TRUE(elsewhere) << line_of(elsewhere);
  EXPECT_TRUE(elsewhere->warnings.empty());
  EXPECT_EQ(elsewhere->run.s3.region, "NL");
  world.environment["AWS_ENDPOINT_URL"] = "https://ceph.local";
  EXPECT_TRUE(world.parse({"copy", source, "s3://a_"}));
}

TEST(CommandLine, LegacyBucketNamesAreWarnedOfOnAws) {
  const auto parsed = World().parse({"copy", source, "s3://my_bucket"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  ASSERT_EQ(parsed->warnings.size(), 1U);
  EXPECT_NE(parsed->warnings[0].find("did you mean s3://my-bucket?"), std::string::npos);
  EXPECT_EQ(line_of(World().copy({"--region", "NL"})), "NL: this is no AWS region");
}

TEST(CommandLine, LineEndsAroundSecretsAreCutOffAndTold) {
  World world;
  world.environment["AZURE_STORAGE_KEY"] = "a2V5\r\n";
  world.environment["AWS_SECRET_ACCESS_KEY"] = "secret\n";
  const auto parsed = world.copy({});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->run.azure.account_key.reveal(), "a2V5");
  ASSERT_EQ(parsed->warnings.size(), 2U);
  EXPECT_EQ(parsed->warnings[0],
            "AWS_SECRET_ACCESS_KEY begins or ends in white space or a line break, which is left out");
  World filed;
  filed.files[filed.config()] = "account-key = \"a2V5\\n\"\n";
  const auto from_file = filed.copy({});
  ASSERT_TRUE(from_file) << line_of(from_file);
  EXPECT_EQ(from_file->run.azure.account_key.reveal(), "a2V5");
  ASSERT_EQ(from_file->warnings.size(), 1U);
  EXPECT_EQ(from_file->warnings[0].find("a2V5"), std::string::npos);
  const auto address = World().parse(
      {"copy", "https://acme.blob.core.windows.net/photos?sv=1&sp=rl&sr=c&sig=s\r", destination});
  ASSERT_TRUE(address) << line_of(address);
  EXPECT_EQ(address->warnings.size(), 1U);
}

// A typing error is told before a missing login.
TEST(CommandLine, FlagsAreCheckedBeforeLogins) {
  const auto parsed = World().parse({"copy", "--size-only", "--checksum", "az://acme/photos", destination});
  EXPECT_NE(line_of(parsed).find("contradict"), std::string::npos) << line_of(parsed);
}

TEST(CommandLine, ContradictionsAreRefused) {
  World world;
  world.files["names"] = "a\n";
  const std::vector<std::string> table[] = {
      {"--size-only", "--checksum"},
      {"--ignore-existing", "--size-only"},
      {"-q", "-P"},
      {"--json", "-P"},
      {"--files-from", "names", "--include", "*"},
      {"--min-size", "2", "--max-size", "1"},
      {"--min-age", "2d", "--max-age", "1d"},
      {"--sse", "AES256", "--sse-kms-key-id", "x"},
      {"--no-bucket-key"},
      {"--anonymous", "--managed-identity"},
      {"--fips", "--endpoint-url", "http://localhost:9000"},
  };
  for (const std::vector<std::string>& flags : table) {
    const auto parsed = world.copy(flags);
    ASSERT_FALSE(parsed) << flags[0];
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid) << flags[0];
  }
  EXPECT_FALSE(world.parse({"copy", "-q", "-v", source, destination}));
}

TEST(CommandLine, AKeyImpliesKms) {
  const auto parsed = World().copy({"--sse-kms-key-id", "alias/x"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->run.sse, "aws:kms");
}

TEST(CommandLine, OtherServersHaveOtherClasses) {
  const auto parsed = World().copy({"--storage-class", "COLD", "--endpoint-url", "http://localhost:9000"});
  EXPECT_TRUE(parsed) << line_of(parsed);
}

TEST(CommandLine, UnknownVariablesAreNamedButDoNotStop) {
  World world;
  world.environment["AZS3COPY_TRANSFER"] = "3";
  world.environment["AZS3COPY_TEST_SERVER"] = "x";
  const auto parsed = world.copy({});
  ASSERT_TRUE(parsed) << line_of(parsed);
  ASSERT_EQ(parsed->warnings.size(), 1u);
  EXPECT_NE(parsed->warnings[0].find("did you mean AZS3COPY_TRANSFERS?"), std::string::npos);
}

TEST(CommandLine, ReadsTheOtherCommands) {
  const World world;
  auto parsed = world.parse({"check", "--deep", "--one-way", "--combined", source, destination});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_TRUE(parsed->check.deep && parsed->check.one_way && parsed->output.combined);
  parsed = world.parse({"ls", "-h", "-R", source});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_TRUE(parsed->output.human && parsed->output.recursive);
  parsed = world.parse({"cleanup", "-n", "--older-than", "2d", destination});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_TRUE(parsed->cleanup.dry_run);
  EXPECT_EQ(parsed->cleanup.age_min, std::chrono::hours(48));
  EXPECT_EQ(world.parse({})->command, Command::overview);
  EXPECT_EQ(world.parse({"--version"})->command, Command::version);
  EXPECT_EQ(world.parse({"copy", "--help"})->topic, "copy");
  EXPECT_EQ(world.parse({"help", "check"})->topic, "check");
  EXPECT_EQ(world.parse({"completion", "zsh"})->topic, "zsh");
  EXPECT_FALSE(world.parse({"completion", "fish"}));
  EXPECT_FALSE(world.parse({"help", "copz"}));
}

TEST(CommandLine, ReadsStatus) {
  World world;
  auto parsed = world.parse({"status", "s3://acme-photos/2024", "--watch"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->command, Command::status);
  EXPECT_EQ(parsed->run.destination.bucket.view(), "acme-photos");
  EXPECT_TRUE(parsed->status.watch);
  EXPECT_TRUE(parsed->status.run.empty());
  EXPECT_EQ(parsed->status.state_prefix, ".azs3copy/");
  world.environment["AZS3COPY_STATE_PREFIX"] = "state/of/it";
  parsed = world.parse({"status", "-w", "s3://acme-photos", "20261123T030000Z-7f3a"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->status.run.view(), "20261123T030000Z-7f3a");
  EXPECT_EQ(parsed->status.state_prefix, "state/of/it/");
  EXPECT_EQ(line_of(world.parse({"status"})), "usage: azs3copy status s3://BUCKET [RUN] [flags]");
  EXPECT_NE(line_of(world.parse({"status", "r1", "s3://b-b"})).find("comes first, then the run"),
            std::string::npos);
  EXPECT_NE(line_of(world.parse({"status", "s3://b-b", "r1", "r2"})).find("one too many"), std::string::npos);
  EXPECT_NE(line_of(world.parse({"status", "s3://b-b", "--state-prefix", "/x"})).find("no slash"),
            std::string::npos);
}

TEST(CommandLine, ReadsRedrive) {
  const World world;
  auto parsed = world.parse({"redrive", "-n", "--run", "r1", "a-dlq", "b-dlq", "s3://acme-photos"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  const RedriveOptions& redrive = parsed->redrive;
  EXPECT_EQ(redrive.queues, (std::vector<std::string>{"a-dlq", "b-dlq"}));
  EXPECT_TRUE(redrive.dry_run);
  EXPECT_TRUE(redrive.classes.empty());
  EXPECT_EQ(redrive.run.view(), "r1");
  EXPECT_EQ(redrive.state_prefix, ".azs3copy/");
  parsed = world.parse({"redrive", "q", "s3://acme-photos", "--class", "changed,malformed", "--to", "work",
                        "--state-prefix", "s/"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->redrive.classes, (std::set<std::string>{"changed", "malformed"}));
  EXPECT_EQ(parsed->redrive.to, "work");
  EXPECT_EQ(parsed->redrive.state_prefix, "s/");
  parsed = world.parse({"redrive", "q", "s3://acme-photos", "--class=all"});
  ASSERT_TRUE(parsed) << line_of(parsed);
  EXPECT_EQ(parsed->redrive.classes.size(), redrive_classes().size());

  EXPECT_NE(line_of(world.parse({"redrive", "q", "s3://b-b", "--class", "throtled"}))
                .find("did you mean throttled?"),
            std::string::npos);
  EXPECT_NE(line_of(world.parse({"redrive", "s3://b-b", "q"})).find("queues come first"), std::string::npos);
  EXPECT_NE(
      line_of(world.parse({"redrive", "q", "r", "s3://b-b", "--to", "x"})).find("--to is for one QUEUE"),
      std::string::npos);
  EXPECT_EQ(line_of(world.parse({"redrive", "s3://b-b"})),
            "usage: azs3copy redrive QUEUE... s3://BUCKET [flags]");
}

TEST(CommandLine, NamesThatLookLikeFlagsStandBehindTwoHyphens) {
  const auto parsed = World().parse({"copy", "--", source, destination});
  EXPECT_TRUE(parsed) << line_of(parsed);
}

}  // namespace
}  // namespace azs3copy::cli

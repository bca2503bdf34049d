// parameters_test.cpp: what people write into the secret is what the copy does, or an error that says what to
// write; and no error repeats what must not be seen.
#include "hosts/lambda/parameters.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "codec/json.hpp"
#include "core/bytes.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view client_secret = "q8Q~Never.Shown_42";

std::string json_text(std::string_view text) {
  std::string json;
  JsonWriter(json).value(text);
  return json;
}

std::string topic(std::string_view name) {
  return fmt::format(R"("arn:aws:sns:us-east-1:123456789012:{}")", name);
}

// A secret as the article has it; `set` replaces or adds a key with JSON, `drop` takes one away.
class SecretText {
 public:
  SecretText& set(const std::string& key, std::string json) {
    fields_[key] = std::move(json);
    return *this;
  }
  SecretText& drop(const std::string& key) {
    fields_.erase(key);
    return *this;
  }
  std::string json() const {
    std::string text = "{";
    for (const auto& [key, value] : fields_) {
      text += fmt::format("{}{}:{}", text.size() > 1 ? "," : "", json_text(key), value);
    }
    return text + "}";
  }
  Result<LambdaParameters> parse() const { return parse_lambda_parameters(Secret(json())); }

 private:
  std::map<std::string, std::string> fields_ = {
      {"bloburl", R"("https://acme.blob.core.windows.net")"},
      {"tenantid", R"("b0e4f2d1-tenant")"},
      {"appid", R"("5c7a91e3-app")"},
      {"appsecret", json_text(client_secret)},
      {"bucket_name", R"("acme-copy")"},
      {"isactive", R"("True")"},
      {"begindate", R"("20220820")"},
      {"sns_arn_l1", topic("etltopicdvL1L2")},
      {"sns_arn_l2", topic("etltopicdvL2L3")},
      {"sns_arn_l3", topic("etltopicdvLargeFileInit")},
      {"sns_arn_l4", topic("etltopicdvLargeFilePart")},
      {"sns_arn_l5", topic("etltopicdvLargeFileRecomb")},
  };
};

LambdaParameters parsed(const SecretText& secret) {
  Result<LambdaParameters> parameters = secret.parse();
  if (parameters) return std::move(*parameters);
  ADD_FAILURE() << parameters.error().to_line() << " for " << secret.json();
  return {};
}

LambdaParameters parsed_with(const std::string& key, std::string json) {
  return parsed(SecretText().set(key, std::move(json)));
}

std::string text_of(const Error& error) {
  return fmt::format("{} | {}", error.to_line(), error.advice);
}

// Refused with the key as subject and `why` in its words.
void expect_refused(const SecretText& secret, std::string_view key, std::string_view why) {
  const Result<LambdaParameters> parameters = secret.parse();
  ASSERT_FALSE(parameters) << secret.json();
  const Error& error = parameters.error();
  EXPECT_TRUE(error.kind == ErrorKind::invalid || error.kind == ErrorKind::unsupported);
  EXPECT_EQ(error.subject, fmt::format("parameter {}", key)) << text_of(error);
  EXPECT_TRUE(text_of(error).contains(why)) << text_of(error) << " for " << secret.json();
  EXPECT_FALSE(text_of(error).contains(client_secret));
}

struct Refusal {
  std::string key;
  std::string json;
  std::string_view why;
};

void expect_each_refused(std::initializer_list<Refusal> cases) {
  for (const Refusal& c : cases) expect_refused(SecretText().set(c.key, c.json), c.key, c.why);
}

// ---- the article's ----

TEST(LambdaParameters, TheArticlesSecretIsEnough) {
  const LambdaParameters p = parsed(SecretText());
  EXPECT_TRUE(p.is_active);
  EXPECT_EQ(p.begin_date, UtcTime(std::chrono::sys_days(std::chrono::year(2022) / 8 / 20)));
  EXPECT_EQ(p.filter.begin_date, p.begin_date);
  EXPECT_EQ(to_string(p.source), "az://acme");
  EXPECT_TRUE(p.containers.empty());
  EXPECT_EQ(p.destination.bucket, Bucket("acme-copy"));
  EXPECT_EQ(p.destination.prefix, "");
  EXPECT_EQ(p.azure.kind, AzureLoginKind::automatic);
  EXPECT_EQ(p.azure.tenant_id, "b0e4f2d1-tenant");
  EXPECT_EQ(p.azure.client_id, "5c7a91e3-app");
  EXPECT_EQ(p.azure.client_secret.reveal(), client_secret);
  EXPECT_TRUE(p.topics.find_blobs.ends_with(":etltopicdvL1L2"));
  EXPECT_TRUE(p.topics.copy_batch.ends_with(":etltopicdvL2L3"));
  EXPECT_TRUE(p.topics.large_file.ends_with(":etltopicdvLargeFileInit"));
  EXPECT_TRUE(p.topics.part_task.ends_with(":etltopicdvLargeFilePart"));
  EXPECT_TRUE(p.topics.recombine.ends_with(":etltopicdvLargeFileRecomb"));
  EXPECT_TRUE(p.unknown_keys.empty());
}

TEST(LambdaParameters, WhatIsNotGivenHasItsDefault) {
  const LambdaParameters p = parsed(SecretText().drop("isactive").drop("begindate"));
  EXPECT_TRUE(p.is_active);
  EXPECT_EQ(p.begin_date, std::nullopt);
  EXPECT_TRUE(p.filter.select_all());
  EXPECT_FALSE(p.rules.mapping.flatten);
  EXPECT_TRUE(p.rules.mapping.container_in_key) << "all containers of the account may be more than one";
  EXPECT_EQ(p.rules.part_bytes, 100 * MiB);
  EXPECT_EQ(p.rules.part_threshold, 100 * MiB);
  EXPECT_EQ(p.rules.verify_source, VerifySource::when_offered);
  EXPECT_EQ(p.rules.storage_class, "");
  EXPECT_EQ(p.rules.sse, "");
  EXPECT_TRUE(p.rules.bucket_key);
  EXPECT_EQ(p.limits.transfers, 32);
  EXPECT_EQ(p.limits.bandwidth_bytes_max, 0u);
  EXPECT_EQ(p.limits.requests_per_second_max, 0);
  EXPECT_EQ(p.state_prefix, ".azs3copy/");
  EXPECT_EQ(p.run_limit, std::chrono::hours(12));
  EXPECT_FALSE(p.advance_begin_date);
  EXPECT_EQ(p.folder_levels, 0u);
}

// In the sample "False" was a text like any other, and the copy ran.
TEST(LambdaParametersActive, EveryFormOfOffSwitchesOff) {
  for (const char* off : {R"("False")", R"("false")", R"("FALSE")", R"("0")", R"("no")", R"("No")",
                          R"("off")", R"("")", R"(" false\n")", "false", "0"}) {
    EXPECT_FALSE(parsed_with("isactive", off).is_active) << off;
  }
}

TEST(LambdaParametersActive, EveryFormOfOnSwitchesOn) {
  for (const char* on : {R"("True")", R"("true")", R"("1")", R"("yes")", R"("on")", R"("ON")", "true", "1"}) {
    EXPECT_TRUE(parsed_with("isactive", on).is_active) << on;
  }
}

TEST(LambdaParametersActive, AnythingElseIsRefusedWithTheForms) {
  for (const char* neither : {R"("maybe")", R"("Flase")", "2", "-1", "null", "[]", "{}", R"(["true"])"}) {
    const SecretText secret = SecretText().set("isactive", neither);
    expect_refused(secret, "isactive", "neither on nor off");
    expect_refused(secret, "isactive", "true, yes, on or 1; or false, no, off, 0 or nothing");
  }
}

// The switch must not be passed over for how its name is written.
TEST(LambdaParametersActive, TheSpellingOfTheKeyDoesNotMatter) {
  for (const char* key : {"isActive", "IsActive", "is_active", "IS-ACTIVE"}) {
    EXPECT_FALSE(parsed(SecretText().drop("isactive").set(key, "false")).is_active) << key;
  }
}

TEST(LambdaParametersDate, EveryFormIsUnderstood) {
  constexpr UtcTime day = std::chrono::sys_days(std::chrono::year(2022) / 8 / 20);
  const std::map<std::string, UtcTime> forms = {
      {R"("20-Aug-22")", day},
      {R"("08/20/2022")", day},
      {R"("2022-08-20 07:42:10")", day + std::chrono::hours(7) + std::chrono::minutes(42) + seconds(10)},
      {R"("20220820")", day},
      {"20220820", day},
      {R"("2022-08-20")", day},
      {R"("2022-08-20T07:00:00Z")", day + std::chrono::hours(7)},
      {R"("2022-08-20T07:00:00+02:00")", day + std::chrono::hours(5)},
      {R"(" 20220820\n")", day},
  };
  for (const auto& [json, time] : forms) EXPECT_EQ(parsed_with("begindate", json).begin_date, time) << json;
  EXPECT_EQ(parsed_with("begindate", R"("")").begin_date, std::nullopt);
  EXPECT_EQ(parsed_with("begindate", "null").begin_date, std::nullopt);
}

TEST(LambdaParametersDate, ABadOneIsRefusedWithTheForms) {
  for (const char* bad : {R"("20221320")", R"("yesterday")", R"("20.08.2022")", "1", "true"}) {
    const SecretText secret = SecretText().set("begindate", bad);
    expect_refused(secret, "begindate", "is no date");
    expect_refused(secret, "begindate", "11/23/2026 or 23-Nov-26");
  }
  expect_refused(SecretText().set("begindate", "[]"), "begindate", "neither a text nor a number");
}

TEST(LambdaParametersSource, ContainerAndPrefixMayStandInTheUrl) {
  const LambdaParameters p = parsed_with("bloburl", R"("https://acme.blob.core.windows.net/photos/a%20b/")");
  EXPECT_EQ(p.containers, std::vector{Container("photos")});
  EXPECT_EQ(p.source.prefix, "a b/");
  EXPECT_EQ(p.rules.mapping.source_prefix, "a b/");
  EXPECT_FALSE(p.rules.mapping.container_in_key);
  EXPECT_EQ(parsed_with("bloburl", R"("https://acme.blob.core.windows.net/")").source.account.name,
            Account("acme"));
  EXPECT_EQ(
      parsed_with("bloburl", R"("https://127.0.0.1:10000/devstoreaccount1")").source.account.path_prefix,
      "/devstoreaccount1");
}

TEST(LambdaParametersSource, WhatIsNoAddressIsRefused) {
  expect_each_refused({
      {"bloburl", R"("acme.blob.core.windows.net")", "a source starts with az:// or https://"},
      {"bloburl", R"("s3://bucket")", "the source is in Azure"},
      {"bloburl", R"("https://acme.queue.core.windows.net")", "queue service"},
      {"bloburl", "[]", "neither a text nor a number"},
  });
}

TEST(LambdaParametersSource, WithASasNoLoginIsNeeded) {
  SecretText secret;
  secret.drop("tenantid").drop("appid").drop("appsecret");
  secret.set("bloburl", R"("https://acme.blob.core.windows.net/photos?sv=1&sp=rl&sig=HiddenSignature42")");
  EXPECT_FALSE(parsed(secret).source.sas.empty());
  secret.set("bloburl", R"("https://acme.blob.core.windows.net/Photos?sv=1&sp=rl&sig=HiddenSignature42")");
  const auto refused = secret.parse();
  ASSERT_FALSE(refused);
  EXPECT_FALSE(text_of(refused.error()).contains("HiddenSignature42"));
}

TEST(LambdaParametersLogin, WithoutASecretItIsByFederatedCredential) {
  for (const char* nothing : {R"("")", "null"}) {
    const LambdaParameters p = parsed_with("appsecret", nothing);
    EXPECT_TRUE(p.azure.client_secret.empty());
    EXPECT_EQ(p.azure.client_id, "5c7a91e3-app");
  }
  EXPECT_TRUE(parsed(SecretText().drop("appsecret")).azure.client_secret.empty());
}

TEST(LambdaParametersLogin, WhatIsPastedWithALineEndIsTakenWithoutIt) {
  EXPECT_EQ(parsed_with("appsecret", R"(" s3cr3t\n")").azure.client_secret.reveal(), "s3cr3t");
  EXPECT_EQ(parsed_with("tenantid", R"("t\r\n")").azure.tenant_id, "t");
}

TEST(LambdaParametersMissing, AllAreNamedInOneError) {
  const auto none = parse_lambda_parameters(Secret("{}"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::invalid);
  EXPECT_EQ(none.error().message,
            "the secret lacks bloburl, tenantid, appid, bucket_name, sns_arn_l1, sns_arn_l2, sns_arn_l3, "
            "sns_arn_l4, sns_arn_l5");
  const auto some = SecretText().drop("appid").set("bucket_name", R"("")").set("sns_arn_l4", "null").parse();
  ASSERT_FALSE(some);
  EXPECT_EQ(some.error().message, "the secret lacks appid, bucket_name, sns_arn_l4");
}

TEST(LambdaParametersMissing, WhatIsNoJsonObjectIsRefusedUnseen) {
  for (const std::string& text :
       {std::string(), fmt::format("appsecret={}", client_secret), fmt::format("\"{}\"", client_secret),
        fmt::format("[\"{}\"]", client_secret), fmt::format(R"({{"appsecret":"{}")", client_secret)}) {
    const auto refused = parse_lambda_parameters(Secret(text));
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_TRUE(refused.error().message.contains("not a JSON object"));
    EXPECT_FALSE(text_of(refused.error()).contains(client_secret));
  }
}

// A person puts values into each other's places; the error that comes of it is logged.
TEST(LambdaParametersSecrecy, NoErrorRepeatsTheClientSecretWhereverItWasPasted) {
  int refused = 0;
  for (const char* key : {"bloburl",
                          "tenantid",
                          "appid",
                          "bucket_name",
                          "isactive",
                          "begindate",
                          "sns_arn_l1",
                          "containers",
                          "exclude",
                          "include",
                          "prefix",
                          "key_prefix",
                          "use_full_file_path",
                          "container_in_key",
                          "storage_class",
                          "sse",
                          "kms_key_id",
                          "partition_size",
                          "part_size",
                          "part_threshold",
                          "verify_source",
                          "transfers",
                          "bwlimit",
                          "tpslimit",
                          "state_prefix"}) {
    for (const std::string& around :
         {std::string("{}"), std::string("[{}"), std::string("{}/x"), std::string(".azs3copy/{}")}) {
      SecretText secret;
      if (std::string_view(key) != "sse") secret.set("sse", R"("AES256")");
      secret.set(key, json_text(fmt::format(fmt::runtime(around), client_secret)));
      const auto parameters = secret.parse();
      if (parameters) continue;
      ++refused;
      EXPECT_FALSE(text_of(parameters.error()).contains(client_secret))
          << key << ": " << text_of(parameters.error());
    }
  }
  EXPECT_GT(refused, 50);
}

TEST(LambdaParametersDestination, TheBucketIsCheckedByS3sRules) {
  expect_each_refused({
      {"bucket_name", R"("Acme")", "no upper-case letters"},
      {"bucket_name", R"("a_b")", "no underscore"},
      {"bucket_name", R"("acme-copy/2024")", "Put what follows it into key_prefix"},
      {"bucket_name", R"("s3://acme-copy")", "is the bucket's name alone"},
      {"bucket_name", R"("acme--x-s3")", "directory buckets"},
  });
}

TEST(LambdaParametersTopics, OnlyStandardSnsTopicsAreTaken) {
  expect_each_refused({
      {"sns_arn_l1", R"("etltopic")", "is not the ARN of an SNS topic"},
      {"sns_arn_l2", R"("arn:aws:sqs:us-east-1:123456789012:queue")", "is not the ARN of an SNS topic"},
      {"sns_arn_l3", R"("arn:aws:sns:us-east-1:123456789012:topic:subscription")", "is not the ARN"},
      {"sns_arn_l4", R"("arn:aws:sns::123456789012:topic")", "arn:aws:sns:REGION:ACCOUNT:NAME"},
      {"sns_arn_l5", R"("arn:aws:sns:us-east-1:123456789012:topic.fifo")", "FIFO"},
      {"sns_arn_l5", "5", "is not the ARN"},
  });
  EXPECT_EQ(parsed_with("sns_arn_l1", R"("arn:aws-cn:sns:cn-north-1:123456789012:t")").topics.find_blobs,
            "arn:aws-cn:sns:cn-north-1:123456789012:t");
}

// ---- our own ----

TEST(LambdaParametersContainers, AListOrATextWithCommas) {
  const std::vector<Container> both = {Container("photos"), Container("films")};
  for (const char* json : {R"(["photos","films"])", R"("photos,films")", R"(" photos , films,, photos ")"}) {
    const LambdaParameters p = parsed_with("containers", json);
    EXPECT_EQ(p.containers, both) << json;
    EXPECT_TRUE(p.rules.mapping.container_in_key) << json;
    EXPECT_TRUE(p.source.container.empty()) << json;
  }
  const LambdaParameters one = parsed_with("containers", R"("photos")");
  EXPECT_EQ(one.source.container, Container("photos"));
  EXPECT_FALSE(one.rules.mapping.container_in_key);
}

TEST(LambdaParametersContainers, WhatIsNoContainerOrContradictsTheUrlIsRefused) {
  expect_each_refused({
      {"containers", R"("Photos")", "is no container"},
      {"containers", R"([["photos"]])", "is a list of texts"},
      {"containers", R"({"a":"photos"})", "or a text with commas"},
  });
  SecretText secret = SecretText().set("bloburl", R"("https://acme.blob.core.windows.net/photos")");
  EXPECT_EQ(parsed(secret.set("containers", R"("photos")")).containers, std::vector{Container("photos")});
  expect_refused(secret.set("containers", R"("films")"), "containers", "names the container photos already");
  expect_refused(secret.set("containers", R"("photos,films")"), "containers", "already");
}

// Off as in the sample, one container's blobs would overwrite another's.
TEST(LambdaParametersKeys, ContainersOfARunCannotOverwriteOneAnother) {
  SecretText secret = SecretText().set("container_in_key", "false");
  expect_refused(secret, "container_in_key", "meet on one key");
  expect_refused(secret.set("containers", R"("photos,films")"), "container_in_key", "meet on one key");
  EXPECT_FALSE(parsed(secret.set("containers", R"("photos")")).rules.mapping.container_in_key);
  EXPECT_TRUE(parsed(secret.set("container_in_key", R"("yes")")).rules.mapping.container_in_key);
}

TEST(LambdaParametersKeys, ABlobsKeyFollowsFromThem) {
  struct Case {
    std::map<std::string, std::string> set;
    std::string_view key;
  };
  const Case cases[] = {
      {{}, "photos/a/b.jpg"},
      {{{"containers", R"("photos")"}}, "a/b.jpg"},
      {{{"containers", R"("photos")"}, {"prefix", R"("a/")"}}, "b.jpg"},
      {{{"containers", R"("photos")"}, {"key_prefix", R"("2024")"}}, "2024/a/b.jpg"},
      {{{"containers", R"("photos")"}, {"key_prefix", R"(" x/")"}}, " x/a/b.jpg"},
      {{{"use_full_file_path", R"("false")"}, {"containers", R"("photos")"}}, "b.jpg"},
      {{{"UseFullFilePath", R"("false")"}, {"containers", R"("photos")"}}, "b.jpg"},
      {{{"UseFullFilePath", R"("true")"}, {"containers", R"("photos")"}}, "a/b.jpg"},
  };
  for (const Case& c : cases) {
    SecretText secret;
    for (const auto& [key, json] : c.set) secret.set(key, json);
    const KeyMapping mapping = parsed(secret).rules.mapping;
    const BlobName name("a/b.jpg");
    const auto relative = mapping.relative_name(name);
    ASSERT_TRUE(relative) << secret.json();
    EXPECT_EQ(mapping.key(Container("photos"), *relative), Key(c.key)) << secret.json();
  }
  EXPECT_EQ(parsed_with("key_prefix", R"("2024")").destination.prefix, "2024");
  EXPECT_EQ(parsed_with("prefix", R"("a/")").source.prefix, "a/");
}

TEST(LambdaParametersKeys, PrefixesThatCannotBeAreRefused) {
  expect_each_refused({
      {"key_prefix", json_text(std::string(1025, 'x')), "1025 bytes"},
      {"key_prefix", R"(".azs3copy")", "lies below .azs3copy/"},
      {"key_prefix", R"(".azs3copy/x")", "lies below .azs3copy/"},
      {"state_prefix", R"("/state")", "begin with no slash"},
      {"use_full_file_path", R"("full")", "neither on nor off"},
      {"container_in_key", R"("x")", "neither on nor off"},
  });
  SecretText secret = SecretText().set("bloburl", R"("https://acme.blob.core.windows.net/photos/a/")");
  EXPECT_EQ(parsed(secret.set("prefix", R"("a/")")).source.prefix, "a/");
  expect_refused(secret.set("prefix", R"("b/")"), "prefix", "names the prefix \"a/\" already");
}

TEST(LambdaParametersKeys, TheStatePrefixEndsInASlash) {
  EXPECT_EQ(parsed_with("state_prefix", R"("runs")").state_prefix, "runs/");
  EXPECT_EQ(parsed_with("state_prefix", R"("runs/")").state_prefix, "runs/");
  EXPECT_EQ(parsed_with("state_prefix", R"("")").state_prefix, ".azs3copy/");
}

// Which blobs of a few are selected.
std::string selected(const LambdaParameters& parameters) {
  const UtcTime now = parameters.begin_date.value_or(UtcTime{});
  const Result<Filter> filter = Filter::make(parameters.filter, now);
  if (!filter) return filter.error().to_line();
  std::string names;
  for (const char* name : {"a.jpg", "b.png", "c.tmp", "raw/d.jpg", "e,f"}) {
    const Blob blob{.name = BlobName(name), .last_modified = now};
    if (filter->selects(blob, name)) names += fmt::format("{} ", name);
  }
  return names;
}

TEST(LambdaParametersFilter, ListsAndTextsWithCommas) {
  struct Case {
    std::string_view include;
    std::string_view exclude;
    std::string_view expected;
  };
  const Case cases[] = {
      {"null", "null", "a.jpg b.png c.tmp raw/d.jpg e,f "},
      {R"("*.jpg")", R"("")", "a.jpg raw/d.jpg "},
      {R"(["*.jpg","*.png"])", "[]", "a.jpg b.png raw/d.jpg "},
      {R"("*.jpg, *.png")", "null", "a.jpg b.png raw/d.jpg "},
      {R"("*.{jpg,png}")", "null", "a.jpg b.png raw/d.jpg "},
      {R"("*.{jpg,png},*.tmp")", "null", "a.jpg b.png c.tmp raw/d.jpg "},
      {R"("e\\,f,c.tmp")", "null", "c.tmp e,f "},
      {R"(["e,f"])", "null", "e,f "},
      {"null", R"("*.tmp,raw/**")", "a.jpg b.png e,f "},
      // What is excluded is out, whatever includes it.
      {R"("*.jpg")", R"("raw/**")", "a.jpg "},
  };
  for (const Case& c : cases) {
    const SecretText secret =
        SecretText().set("include", std::string(c.include)).set("exclude", std::string(c.exclude));
    EXPECT_EQ(selected(parsed(secret)), c.expected) << secret.json();
  }
  expect_each_refused({
      {"include", R"("[a")", "[a"},
      {"exclude", R"(["ok","{x"])", "{x"},
      {"exclude", "{}", "is a list of texts"},
  });
}

TEST(LambdaParametersRules, ClassAndEncryption) {
  EXPECT_EQ(parsed_with("storage_class", R"("standard_ia")").rules.storage_class, "STANDARD_IA");
  EXPECT_EQ(parsed_with("sse", R"("aes256")").rules.sse, "AES256");
  EXPECT_EQ(parsed_with("sse", R"("none")").rules.sse, "");
  const CopyRules kms = parsed_with("kms_key_id", R"("alias/x")").rules;
  EXPECT_EQ(kms.sse, "aws:kms");
  EXPECT_EQ(kms.sse_kms_key_id, "alias/x");
  EXPECT_TRUE(kms.bucket_key);
  expect_each_refused({
      {"storage_class", R"("STANDARD_AI")", "did you mean STANDARD_IA?"},
      {"sse", R"("kms")", "takes none, AES256, aws:kms"},
      {"sse", "1", "takes none, AES256, aws:kms"},
  });
  SecretText secret = SecretText().set("kms_key_id", R"("alias/x")").set("sse", R"("AES256")");
  expect_refused(secret, "kms_key_id", "only aws:kms takes a key");
  expect_refused(secret.set("sse", R"("none")"), "kms_key_id", "only aws:kms takes a key");
  EXPECT_EQ(parsed(secret.set("sse", R"("aws:kms")")).rules.sse, "aws:kms");
}

TEST(LambdaParametersRules, SizesOfParts) {
  const CopyRules both = parsed_with("PartitionSize", R"("52428800")").rules;
  EXPECT_EQ(both.part_bytes, 50 * MiB);
  EXPECT_EQ(both.part_threshold, 50 * MiB);
  EXPECT_EQ(parsed_with("partition_size", "10485760").rules.part_bytes, 10 * MiB);
  const CopyRules own =
      parsed(SecretText().set("PartitionSize", "10485760").set("part_threshold", R"("1G")")).rules;
  EXPECT_EQ(own.part_bytes, 10 * MiB);
  EXPECT_EQ(own.part_threshold, GiB);
  const CopyRules size = parsed_with("part_size", R"("64MiB")").rules;
  EXPECT_EQ(size.part_bytes, 64 * MiB);
  EXPECT_EQ(size.part_threshold, 100 * MiB);
  EXPECT_EQ(parsed_with("part_threshold", "0").rules.part_threshold, 0u);
  expect_each_refused({
      {"partition_size", "1048576", "5 MiB to 5 GiB"},
      {"part_size", R"("6G")", "5 MiB to 5 GiB"},
      {"part_size", R"("big")", "not a size"},
      {"part_size", "[]", "neither a text nor a number"},
      {"part_threshold", R"("5.1G")", "up to 5 GiB"},
      {"part_threshold", "-1", "not a size"},
  });
}

TEST(LambdaParametersRules, LineEndsAroundTheLoginAreReported) {
  const LambdaParameters parsed = parsed_with("appsecret", R"("s3cret\r\n")");
  EXPECT_EQ(parsed.azure.client_secret.reveal(), "s3cret");
  EXPECT_EQ(parsed.trimmed_keys, std::vector<std::string>{"appsecret"});
  EXPECT_TRUE(parsed_with("appsecret", R"("s3cret")").trimmed_keys.empty());
}

TEST(LambdaParametersRules, VerificationAndLimits) {
  for (const char* always : {R"("always")", R"("Always")"}) {
    EXPECT_EQ(parsed_with("verify_source", always).rules.verify_source, VerifySource::always);
  }
  for (const char* offered : {R"("when-offered")", R"("when_offered")"}) {
    EXPECT_EQ(parsed_with("verify_source", offered).rules.verify_source, VerifySource::when_offered);
  }
  EXPECT_TRUE(parsed_with("metadata_too_large", R"("drop")").rules.drop_large_metadata);
  EXPECT_FALSE(parsed_with("MetadataTooLarge", R"("fail")").rules.drop_large_metadata);
  EXPECT_EQ(parsed_with("transfers", "16").limits.transfers, 16);
  EXPECT_EQ(parsed_with("transfers", R"("16")").limits.transfers, 16);
  EXPECT_EQ(parsed_with("bwlimit", R"("100M")").limits.bandwidth_bytes_max, 100 * MiB);
  EXPECT_EQ(parsed_with("bwlimit", R"("Off")").limits.bandwidth_bytes_max, 0u);
  EXPECT_EQ(parsed_with("tpslimit", "12.5").limits.requests_per_second_max, 12.5);
  EXPECT_EQ(parsed_with("tpslimit", R"("off")").limits.requests_per_second_max, 0);
  expect_each_refused({
      {"verify_source", R"("alway")", "did you mean always?"},
      {"verify_source", "true", "takes when-offered, always"},
      {"metadata_too_large", R"("keep")", "takes fail, drop"},
      {"transfers", "0", "from 1 to 4096"},
      {"transfers", R"("many")", "from 1 to 4096"},
      {"transfers", "1.5", "from 1 to 4096"},
      {"bwlimit", R"("fast")", "not a size"},
      {"tpslimit", "-1", "or off"},
      {"tpslimit", R"("nan")", "or off"},
  });
}

TEST(LambdaParametersRules, WhenRunsBeginAndHowTheyList) {
  EXPECT_EQ(parsed_with("run_limit", R"("36h")").run_limit, std::chrono::hours(36));
  EXPECT_TRUE(parsed_with("advance_begindate", R"("yes")").advance_begin_date);
  EXPECT_EQ(parsed_with("folder_levels", "2").folder_levels, 2u);
  expect_each_refused({
      {"run_limit", R"("soon")", "soon"},
      {"advance_begindate", R"("perhaps")", "neither on nor off"},
      {"folder_levels", "255", "from 0 to 254"},
      {"folder_levels", "-1", "from 0 to 254"},
  });
}

TEST(LambdaParametersUnknown, KeysAreReportedWithWhatWasMeant) {
  SecretText secret;
  secret.set("isactve", "false")
      .set("bucketname2", R"("x")")
      .set("colour", "[1]")
      .set("storage_clas", R"("x")");
  std::map<std::string, std::string> unknown;
  for (const UnknownKey& key : parsed(secret).unknown_keys) unknown[key.name] = key.meant;
  EXPECT_EQ(unknown, (std::map<std::string, std::string>{{"isactve", "isactive"},
                                                         {"bucketname2", "bucket_name"},
                                                         {"colour", ""},
                                                         {"storage_clas", "storage_class"}}));
}

TEST(LambdaParametersUnknown, AKeyInTwoSpellingsIsRefused) {
  expect_refused(SecretText().set("isActive", "false"), "isactive", "is given twice");
}

TEST(LambdaParameters, AnAccountHasTwelveDigits) {
  EXPECT_EQ(parsed_with("expected_bucket_owner", R"("123456789012")").expected_bucket_owner, "123456789012");
  expect_each_refused({{"expected_bucket_owner", R"("1234")", "12 digits"},
                       {"expected_bucket_owner", R"("12345678901x")", "12 digits"}});
}

}  // namespace
}  // namespace azs3copy

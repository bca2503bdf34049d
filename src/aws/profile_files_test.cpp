// profile_files_test.cpp: AWS's INI dialect, friendly and hostile.
#include "aws/profile_files.hpp"

#include <gtest/gtest.h>

#include "aws/aws_test_files.hpp"
#include "aws/small_file.hpp"

namespace azs3copy {
namespace {

ProfileFiles parse(std::string_view config, std::string_view credentials = {}) {
  ProfileFiles files;
  Result<> parsed = parse_profile_file(config, ProfileFileKind::config, "config", files);
  EXPECT_TRUE(parsed) << parsed.error().to_line();
  parsed = parse_profile_file(credentials, ProfileFileKind::credentials, "credentials", files);
  EXPECT_TRUE(parsed) << parsed.error().to_line();
  return files;
}
std::string_view value(const ProfileFiles& files, std::string_view profile, std::string_view name) {
  const ProfileSettings* settings = files.find(profile);
  return settings == nullptr ? "(no profile)" : setting(*settings, name);
}

TEST(ProfileFiles, ReadsBothDialectsAndCredentialsWin) {
  const ProfileFiles files = parse(
      "\xEF\xBB\xBF# a comment\r\n[default]\r\nregion = eu-central-1\r\n; another\r\n\r\n"
      "[profile  work ]\nREGION=us-west-2 # near\naws_access_key_id = OLD\n[profile \"two words\"]\nregion=a "
      "; b\n"
      "[ignored]\nregion = none\n[sso-session x]\nregion = none",
      "[work]\naws_access_key_id = NEW\naws_secret_access_key = a/b+c=#x\n[default]\naws_session_token =\n");
  EXPECT_EQ(value(files, "default", "region"), "eu-central-1");
  EXPECT_EQ(value(files, "work", "region"), "us-west-2");
  EXPECT_EQ(value(files, "work", "aws_access_key_id"), "NEW");
  EXPECT_EQ(value(files, "work", "aws_secret_access_key"), "a/b+c=#x");
  EXPECT_EQ(value(files, "two words", "region"), "a");
  EXPECT_EQ(files.find("ignored"), nullptr);
  EXPECT_EQ(files.find("x"), nullptr);
  EXPECT_EQ(files.list_profiles(), "default, two words, work");
}

// "region" below "s3 =" is not the profile's region.
TEST(ProfileFiles, KeepsNestedSettingsApart) {
  const ProfileFiles files = parse(
      "[profile a]\ns3 =\n  region = nested\n\taddressing_style=path\n  a line without equals\nregion = "
      "outer\n"
      "[services local]\ns3 = \n  endpoint_url = http://127.0.0.1:9000\n");
  EXPECT_EQ(value(files, "a", "region"), "outer");
  EXPECT_EQ(value(files, "a", "s3.region"), "nested");
  EXPECT_EQ(value(files, "a", "s3.addressing_style"), "path");
  EXPECT_EQ(setting(files.services.at("local"), "s3.endpoint_url"), "http://127.0.0.1:9000");
}

TEST(ProfileFiles, ProfileDefaultWinsWhereverItStands) {
  for (const char* text : {"[default]\nregion=plain\noutput=x\n[profile default]\nregion=named\n",
                           "[profile default]\nregion=named\n[default]\nregion=plain\noutput=x\n"}) {
    const ProfileFiles files = parse(text);
    EXPECT_EQ(value(files, "default", "region"), "named");
    EXPECT_EQ(value(files, "default", "output"), "");
  }
}

TEST(ProfileFiles, ACommandKeepsItsCommentSigns) {
  EXPECT_EQ(value(parse("[profile a]\ncredential_process = \"/opt/my tool\" --tag #1 ; x\n"), "a",
                  "credential_process"),
            "\"/opt/my tool\" --tag #1 ; x");
}

// The line may be half of a secret: a message that shows it would put it into logs.
TEST(ProfileFiles, WhatCannotBeReadIsNamedByItsLineOnly) {
  const std::vector<std::pair<std::string, std::string>> broken = {
      {"aws_secret_access_key = TOPSECRET\n", "line 1"},
      {"[a]\nTOPSECRET\n", "line 2"},
      {"[a\nTOPSECRET=1\n", "line 1"},
      {"[]\n", "line 1"},
      {"[a]\n=TOPSECRET\n", "line 2"},
      {std::string("[a]\nx=\0TOPSECRET\n", 17), "line 2"},
  };
  for (const auto& [text, where] : broken) {
    ProfileFiles files;
    const Result<> parsed =
        parse_profile_file(text, ProfileFileKind::credentials, "/home/me/.aws/credentials", files);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(parsed.error().message.find(where), std::string::npos) << parsed.error().message;
    EXPECT_NE(parsed.error().message.find("/home/me/.aws/credentials"), std::string::npos);
    EXPECT_EQ(parsed.error().to_line().find("TOPSECRET"), std::string::npos);
  }
}

TEST(ProfileFiles, LookWhereTheVariablesSay) {
  TestFolder folder;
  const std::string config = folder.write("elsewhere-config", "[profile a]\nregion = r\n");
  folder.write(".aws/credentials", "[b]\naws_access_key_id = B\n");
  TestEnvironment environment(folder.path());
  environment.set("AWS_CONFIG_FILE", "~/elsewhere-config");
  const Result<ProfileFiles> files = read_profile_files(environment.get());
  ASSERT_TRUE(files) << files.error().to_line();
  EXPECT_EQ(files->config_path, config);
  EXPECT_EQ(files->list_profiles(), "a, b");
  environment.set("AWS_CONFIG_FILE", folder.path() + "/none");
  EXPECT_EQ(read_profile_files(environment.get())->describe(),
            folder.path() + "/none (no such file), " + folder.path() + "/.aws/credentials");
}

// A pipe without a writer would hang the program, a folder or an endless file fill its memory.
TEST(SmallFile, RefusesWhatIsNoSmallFile) {
  TestFolder folder;
  const std::string pipe = folder.path() + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(read_small_file(pipe, 100).value_or("x"), "");
  EXPECT_EQ(read_small_file(folder.path(), 100).error().kind, ErrorKind::invalid);
  EXPECT_EQ(read_small_file("/dev/zero", 100).error().kind, ErrorKind::invalid);
  EXPECT_EQ(read_small_file(folder.path() + "/none", 100).error().kind, ErrorKind::not_found);
  EXPECT_EQ(read_small_file("/dev/null", 100).value(), "");
  EXPECT_EQ(read_small_file(folder.write("f", "12345"), 5).value(), "12345");
  EXPECT_FALSE(read_small_file(folder.write("f", "123456"), 5));
}

}  // namespace
}  // namespace azs3copy

// credential_process_test.cpp: commands taken apart, real children run, and nothing of theirs repeated.
#include "aws/credential_process.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "aws/aws_test_files.hpp"
#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;
using fakes::run;

// A child takes real time, so its clock is real.
class RealClock final : public Clock {
 public:
  Steady::time_point now() const override { return Steady::now(); }
  UtcTime utc() const override { return FakeClock::start; }
  Task<Result<>> sleep(milliseconds duration, const Context& context) override {
    if (now() + duration > context.deadline) co_return fail(ErrorKind::timed_out, "late");
    std::this_thread::sleep_for(duration);
    co_return Result<>{};
  }
};

TEST(CredentialCommand, IsTakenApartLikeAShellWould) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"/bin/tool", {"/bin/tool"}},
      {"  tool   a\tb  ", {"tool", "a", "b"}},
      {"\"/opt/my tool\" --x='a b' c\\ d", {"/opt/my tool", "--x=a b", "c d"}},
      {"tool '' \"\"", {"tool", "", ""}},
      {"tool 'a\"b' \"c'd\" \"e\\\"f\\g\"", {"tool", "a\"b", "c'd", "e\"f\\g"}},
      {"tool a~b c#d '|&;$`' \\$x \"\\$y\"", {"tool", "a~b", "c#d", "|&;$`", "$x", "$y"}},
  };
  for (const auto& [command, words] : cases) {
    const Result<CredentialCommand> split = split_credential_command(command);
    ASSERT_TRUE(split) << command;
    EXPECT_EQ(split->words, words) << command;
    EXPECT_FALSE(split->shell) << command;
  }
}

TEST(CredentialCommand, WhatOnlyAShellUnderstandsGoesToOne) {
  for (const char* command : {"a | b", "a; b", "a && b", "a > f", "a $HOME", "a \"$HOME\"", "a `b`", "~/tool",
                              "a *.txt", "(a)", "a #b"}) {
    const Result<CredentialCommand> split = split_credential_command(command);
    ASSERT_TRUE(split) << command;
    EXPECT_TRUE(split->shell) << command;
    EXPECT_EQ(split->words, (std::vector<std::string>{"/bin/sh", "-c", command}));
  }
}

TEST(CredentialCommand, OpenQuotesAndNothingAreRefused) {
  for (const char* command : {"", "   ", "a 'b", "a \"b", "a b\\"})
    EXPECT_FALSE(split_credential_command(command)) << command;
}

struct CredentialProcess : ::testing::Test {
  Result<AwsCredentials> ask(const std::string& command, milliseconds limit = seconds(20)) {
    return run(run_credential_process(command, limit, context));
  }
  RealClock clock;
  Context context{.clock = clock};
  TestFolder folder;
};

TEST_F(CredentialProcess, PrintsCredentials) {
  const std::string tool = folder.write_program(
      "my tool",
      "#!/bin/sh\nprintf '{\"Version\":1,\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"%s\",'"
      "'\"SessionToken\":\"t\",\"Expiration\":\"2026-11-23T08:42:10Z\"}' \"$1\"\n");
  const Result<AwsCredentials> got = ask("\"" + tool + "\" 'a $b'");
  ASSERT_TRUE(got) << got.error().to_line();
  EXPECT_EQ(got->access_key_id, "AKID");
  EXPECT_EQ(got->secret_access_key.reveal(), "a $b");
  EXPECT_EQ(got->session_token.reveal(), "t");
  EXPECT_EQ(got->expires, FakeClock::start + std::chrono::hours(1));
}

// What a login tool prints, on either channel, and how it is called may hold secrets;
// logs and reports are forwarded.
TEST_F(CredentialProcess, ErrorsRepeatNothingOfIt) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"echo TOPSECRET >&2; exit 3", "exit code 3"},
      {"echo TOPSECRET", "no JSON object"},
      {"printf %s '[\"TOPSECRET\"]'", "no JSON object"},
      {"printf %s '{\"AccessKeyId\":\"TOPSECRET\"}'", "\"Version\": 1"},
      {"printf %s '{\"Version\":2,\"AccessKeyId\":\"TOPSECRET\"}'", "\"Version\": 1"},
      {"printf %s '{\"Version\":1,\"AccessKeyId\":\"TOPSECRET\"}'", "SecretAccessKey is missing"},
      {"printf %s '{\"Version\":1,\"SecretAccessKey\":\"TOPSECRET\"}'", "AccessKeyId is missing"},
      {"printf %s '{\"Version\":1,\"AccessKeyId\":\"A\\nTOPSECRET\",\"SecretAccessKey\":\"s\"}'",
       "characters"},
      {"printf %s "
       "'{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":\"TOPSECRET\"}'",
       "no time"},
      {"kill -9 $$", "signal 9"},
      {"head -c 200000 /dev/zero | tr '\\0' x", "more than 64 KiB"},
      {"", "no JSON object"},
  };
  for (const auto& [script, why] : cases) {
    const std::string tool = folder.write_program("tool", "#!/bin/sh\n" + script + "\n");
    testing::internal::CaptureStderr();
    const Result<AwsCredentials> got = ask(tool + " --password=TOPSECRET");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
    ASSERT_FALSE(got) << script;
    EXPECT_EQ(got.error().kind, ErrorKind::credentials);
    EXPECT_NE(got.error().message.find(why), std::string::npos) << got.error().message;
    EXPECT_NE(got.error().message.find(tool), std::string::npos);
    EXPECT_EQ((got.error().to_line() + got.error().advice).find("TOPSECRET"), std::string::npos)
        << got.error().to_line();
  }
}

TEST_F(CredentialProcess, AMissingProgramIsNamed) {
  const Result<AwsCredentials> got = ask("/no/such/tool x");
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("/no/such/tool: No such file"), std::string::npos)
      << got.error().message;
}

// A tool that waits for a password, and its children, must not hold the run, nor live on after it.
TEST_F(CredentialProcess, IsEndedWithItsChildrenWhenTimeIsUp) {
  const std::string mark = folder.path() + "/alive";
  const std::string tool =
      folder.write_program("tool", "#!/bin/sh\n(sleep 0.5; echo x > " + mark + ") &\nsleep 60\n");
  const auto started = Steady::now();
  const Result<AwsCredentials> got = ask(tool, milliseconds(100));
  EXPECT_LT(Steady::now() - started, seconds(10));
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("did not end within"), std::string::npos) << got.error().message;
  std::this_thread::sleep_for(milliseconds(800));
  EXPECT_FALSE(std::filesystem::exists(mark));
}

// It may read a password from the terminal; stdin is closed to it.
TEST_F(CredentialProcess, HasNothingToRead) {
  const std::string tool = folder.write_program("tool", "#!/bin/sh\nread x && exit 4\nexit 5\n");
  EXPECT_NE(ask(tool).error().message.find("exit code 5"), std::string::npos);
}

}  // namespace
}  // namespace azs3copy

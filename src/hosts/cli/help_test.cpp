// help_test.cpp: help and completion are made from the table, and fit.
#include "hosts/cli/help.hpp"

#include <gtest/gtest.h>

#include "hosts/cli/completion.hpp"
#include "hosts/cli/flags.hpp"
#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(Help, FitsTwoScreens) {
  for (const char* topic :
       {"", "copy", "check", "ls", "cleanup", "status", "redrive", "config", "completion"}) {
    const std::vector<std::string> lines = help_lines(topic);
    EXPECT_LE(lines.size(), help_lines_max) << topic;
    EXPECT_GE(lines.size(), 4u) << topic;
    for (const std::string& line : lines) EXPECT_LE(display_width(line), help_columns_max) << line;
  }
}

TEST(Help, TheOverviewHasSixLines) {
  EXPECT_EQ(overview_lines().size(), 6u);
  for (const std::string& line : overview_lines()) EXPECT_LE(display_width(line), help_columns_max) << line;
}

TEST(Help, OfCopyOpensWithTwoExamples) {
  const std::vector<std::string> lines = help_lines("copy");
  EXPECT_TRUE(lines[0].starts_with("  azs3copy copy "));
  EXPECT_TRUE(lines[1].starts_with("  azs3copy copy "));
}

TEST(Help, NamesEveryFlagOfACommandAndNoSecret) {
  for (const Command command :
       {Command::copy, Command::check, Command::ls, Command::cleanup, Command::status, Command::redrive}) {
    const std::string text = joined(help_lines(to_string(command)));
    for (const Flag& flag : all_flags()) {
      const bool named = text.find("--" + std::string(flag.name)) != std::string::npos;
      const bool wanted = flag.belongs_to(command) && flag.place != Place::file_only;
      if (wanted) EXPECT_TRUE(named) << to_string(command) << " " << flag.name;
      if (flag.place == Place::file_only) EXPECT_FALSE(named) << flag.name;
    }
  }
}

TEST(Help, NamesNoCommandThatDoesNotExist) {
  const std::string text = joined(help_lines(""));
  for (const char* command : {"sync", "serve"}) EXPECT_EQ(text.find(command), std::string::npos);
}

// A class that is not named in the help is one that nobody finds.
TEST(Help, OfRedriveNamesEveryClass) {
  const std::string text = joined(help_lines("redrive"));
  for (const std::string_view name : redrive_classes()) {
    EXPECT_NE(text.find(name), std::string::npos) << name;
  }
}

TEST(Help, VersionNamesWhatWasBuiltIn) {
  const std::string text = joined(version_lines());
  for (const char* part : {"azs3copy 0.", "clang", "OpenSSL 3.", "CRC64NVME by "}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(Flags, NamesAndLettersAreUnique) {
  for (const Flag& a : all_flags()) {
    for (const Flag& b : all_flags()) {
      if (&a == &b) continue;
      EXPECT_NE(a.name, b.name);
      if (a.letter != 0 && (a.commands & b.commands) != 0)
        EXPECT_NE(a.letter, b.letter) << a.name << " " << b.name;
    }
    EXPECT_TRUE(a.set != nullptr && a.commands != 0 && !a.help.empty()) << a.name;
  }
}

TEST(Flags, VariablesFollowTheName) {
  EXPECT_EQ(find_flag("part-size")->variable(), "AZS3COPY_PART_SIZE");
  EXPECT_EQ(find_flag("s3-checksum")->variable(), "AZS3COPY_S3_CHECKSUM");
}

TEST(Completion, KnowsEachFlagAndItsChoices) {
  for (const char* shell : {"bash", "zsh"}) {
    const std::string script = completion_script(shell);
    for (const Flag& flag : all_flags()) {
      const bool named = script.find("--" + std::string(flag.name)) != std::string::npos;
      EXPECT_EQ(named, flag.place != Place::file_only) << shell << " " << flag.name;
    }
    EXPECT_NE(script.find("when-offered always"), std::string::npos) << shell;
    EXPECT_NE(script.find("DEEP_ARCHIVE"), std::string::npos) << shell;
    EXPECT_NE(script.find("all throttled"), std::string::npos) << shell;
    for (const char* command : {"status", "redrive"}) {
      EXPECT_NE(script.find(std::string("    ") + command + ")"), std::string::npos) << shell << command;
    }
  }
}

}  // namespace
}  // namespace azs3copy::cli

// bootstrap_test.cpp: a function that cannot start says why, where it is seen, and its exit code tells
// Lambda; the program itself is started here too.
#include "hosts/lambda/bootstrap.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "fakes/lambda/fake_runtime_api.hpp"
#include "hosts/lambda/lambda_test_support.hpp"

namespace azs3copy {
namespace {

using fakes::FakeRuntimeApi;

Task<Result<std::string>> echo(const Invocation& invocation, const Context&) {
  co_return invocation.payload;
}
Task<Result<Handler>> make_echo(const Startup& startup, const Context&) {
  startup.telemetry.log(LogLevel::info, "made", {{"name", to_string(startup.name)}});
  co_return Handler(echo);
}
Task<Result<Handler>> make_nothing(const Startup&, const Context&) {
  co_return fail(ErrorKind::credentials, "the secret cannot be read", "azs3copy/login", "Grant it.");
}
Task<Result<Handler>> make_an_exception(const Startup&, const Context&) {
  throw std::runtime_error("no memory");
  co_return Handler();
}
Task<Result<Handler>> make_an_empty_handler(const Startup&, const Context&) {
  co_return Handler();
}

class BootstrapTest : public testing::Test {
 protected:
  BootstrapInput input() {
    return {.handler = "find-blobs",
            .runtime_api = server_.address(),
            .function_name = "my-function",
            .out = out_.writer(),
            .err = err_.writer()};
  }
  // The error that was told to init/error, as "kind: message".
  std::string init_error() {
    EXPECT_TRUE(server_.violations().empty());
    EXPECT_EQ(server_.nexts(), 0u) << "no invocation is taken by a function that cannot serve it";
    const auto posted = server_.posted();
    if (posted.size() != 1 || posted[0].path != "init/error") return "(none)";
    const Result<Json> json = Json::parse(posted[0].body);
    return json ? posted[0].error_type + ": " + (*json)["errorMessage"].string_or("") : "(no JSON)";
  }

  FakeRuntimeApi server_;
  lambda_test::Lines out_;
  lambda_test::Lines err_;
};

TEST_F(BootstrapTest, ServesUntilTheRuntimeApiIsGone) {
  server_.add({.id = "r1", .payload = "[1]"});
  server_.add({.id = "r2", .payload = "[2]"});
  EXPECT_EQ(run_bootstrap(input(), make_echo), 1);
  ASSERT_EQ(server_.posted().size(), 2u);
  EXPECT_EQ(server_.posted()[1].body, "[2]");
  ASSERT_EQ(out_.of("made").size(), 1u);
  EXPECT_EQ(out_.of("made")[0]["name"].string_or(""), "find-blobs");
  EXPECT_EQ(out_.of("made")[0]["function"].string_or(""), "my-function");
  EXPECT_EQ(out_.of("runtime_ended").size(), 1u);
}

TEST_F(BootstrapTest, WithoutARuntimeApiTheVariableIsNamed) {
  for (const char* address : {"", "nonsense"}) {
    BootstrapInput wrong = input();
    wrong.runtime_api = address;
    EXPECT_EQ(run_bootstrap(wrong, make_echo), 2);
  }
  const auto lines = err_.all();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("AWS_LAMBDA_RUNTIME_API: it is not set"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("AWS_LAMBDA_RUNTIME_API: \"nonsense\""), std::string::npos) << lines[1];
}

TEST_F(BootstrapTest, AWrongHandlerListsTheSix) {
  BootstrapInput wrong = input();
  wrong.handler = "download.handler";
  EXPECT_EQ(run_bootstrap(wrong, make_echo), 1);
  const std::string told = init_error();
  EXPECT_TRUE(told.starts_with("invalid: ")) << told;
  for (const char* part :
       {"\"download.handler\"", "_HANDLER", "launch-qualification", "find-blobs", "download,",
        "largefile-initializer", "largefile-parter", "largefile-recombinator"}) {
    EXPECT_NE(told.find(part), std::string::npos) << part << " in " << told;
  }
  EXPECT_EQ(out_.of("init_failed").size(), 1u);
}

TEST_F(BootstrapTest, AWrongLogLevelIsSaidAtOnce) {
  BootstrapInput wrong = input();
  wrong.log_level = "warn";
  EXPECT_EQ(run_bootstrap(wrong, make_echo), 1);
  EXPECT_NE(init_error().find("AZS3COPY_LOG_LEVEL: \"warn\""), std::string::npos) << init_error();
}

TEST_F(BootstrapTest, TheLogLevelHolds) {
  BootstrapInput quiet = input();
  quiet.log_level = "error";
  run_bootstrap(quiet, make_echo);
  EXPECT_TRUE(out_.of("made").empty());
  EXPECT_EQ(out_.of("runtime_ended").size(), 1u);
}

TEST_F(BootstrapTest, AFunctionThatCannotBeMadeSaysWhy) {
  EXPECT_EQ(run_bootstrap(input(), make_nothing), 1);
  EXPECT_EQ(init_error(), "credentials: azs3copy/login: the secret cannot be read. Grant it.");
}

TEST_F(BootstrapTest, WhatItsMakingThrowsIsAnInitError) {
  EXPECT_EQ(run_bootstrap(input(), make_an_exception), 1);
  EXPECT_EQ(init_error(), "internal: making the function threw an exception: no memory");
}

TEST_F(BootstrapTest, AnEmptyHandlerIsAnInitError) {
  EXPECT_EQ(run_bootstrap(input(), make_an_empty_handler), 1);
  EXPECT_TRUE(init_error().starts_with("internal: ")) << init_error();
}

TEST(FunctionNames, AreTheSixAndNoOther) {
  for (const char* name : {"launch-qualification", "find-blobs", "download", "largefile-initializer",
                           "largefile-parter", "largefile-recombinator"}) {
    const auto found = function_name_from(name);
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(to_string(*found), name);
  }
  for (const char* wrong :
       {"", "Download", "download ", "download.handler", "./download", "bootstrap", "find_blobs"}) {
    const auto found = function_name_from(wrong);
    ASSERT_FALSE(found) << wrong;
    EXPECT_EQ(found.error().kind, ErrorKind::invalid);
  }
}

TEST(BootstrapInputTest, TheArgumentServesWhereNoHandlerIsSet) {
  const std::array<const char*, 2> words = {"bootstrap", "download"};
  ::setenv("_HANDLER", "find-blobs", 1);
  EXPECT_EQ(bootstrap_input(2, words.data()).handler, "find-blobs");
  ::unsetenv("_HANDLER");
  EXPECT_EQ(bootstrap_input(2, words.data()).handler, "download");
  EXPECT_EQ(bootstrap_input(1, words.data()).handler, "");
}

// ---- the program

// bootstrap, as Lambda starts it.
class Program {
 public:
  Program(const std::vector<std::string>& environment, std::vector<std::string> arguments) {
    const std::string path =
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "src/hosts/bootstrap").string();
    std::vector<char*> words = {const_cast<char*>(path.c_str())};
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    std::vector<char*> variables;
    for (const std::string& variable : environment) variables.push_back(const_cast<char*>(variable.c_str()));
    variables.push_back(nullptr);
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    EXPECT_EQ(::posix_spawn(&process_, path.c_str(), &actions, nullptr, words.data(), variables.data()), 0)
        << path;
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ends[0];
  }
  ~Program() { ::close(output_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void signal(int number) const { ::kill(process_, number); }
  // All that it wrote, once it has ended; `status` is its exit code, or -1 after a signal.
  std::string wait(int& status) {
    std::string text;
    std::array<char, 4096> buffer;
    for (ssize_t got = 0; (got = ::read(output_, buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    int how = 0;
    ::waitpid(process_, &how, 0);
    status = WIFEXITED(how) ? WEXITSTATUS(how) : -1;
    return text;
  }

 private:
  pid_t process_ = -1;
  int output_ = -1;
};

TEST(BootstrapProgram, SaysWhatItIsForOutsideOfLambda) {
  Program program({}, {"download"});
  int status = 0;
  const std::string text = program.wait(status);
  EXPECT_EQ(status, 2);
  EXPECT_TRUE(text.starts_with("bootstrap: AWS_LAMBDA_RUNTIME_API: it is not set.")) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1) << "one line";
}

TEST(BootstrapProgram, TellsAnInitErrorAndExits) {
  FakeRuntimeApi server;
  Program program({"AWS_LAMBDA_RUNTIME_API=" + server.address(), "_HANDLER=no-such"}, {});
  int status = 0;
  const std::string text = program.wait(status);
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("\"init_failed\""), std::string::npos) << text;
  ASSERT_EQ(server.posted().size(), 1u);
  EXPECT_EQ(server.posted()[0].path, "init/error");
}

TEST(BootstrapProgram, EndsQuietlyWithItsSandbox) {
  FakeRuntimeApi server;
  server.hold_posts();
  Program program({"AWS_LAMBDA_RUNTIME_API=" + server.address(), "_HANDLER=no-such"}, {});
  server.wait_for_posts(1);
  program.signal(SIGTERM);
  int status = -1;
  const std::string text = program.wait(status);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(text.ends_with("}\n") && text.find("init_failed") == text.rfind("init_failed")) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 1) << "nothing but the line before";
}

}  // namespace
}  // namespace azs3copy

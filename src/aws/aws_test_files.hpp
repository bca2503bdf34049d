// aws_test_files.hpp: a folder that goes with its test, and an environment that is not the process's.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "aws/credentials.hpp"

namespace azs3copy {

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "azs3copy-aws-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    path_ = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  // The file's whole path.
  std::string write(const std::string& name, std::string_view text) const {
    const std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file.string();
  }
  std::string write_program(const std::string& name, std::string_view text) const {
    const std::string file = write(name, text);
    ::chmod(file.c_str(), 0700);
    return file;
  }

 private:
  std::string path_;
};

class TestEnvironment {
 public:
  explicit TestEnvironment(std::string home) : home_(std::move(home)) {}
  void set(const std::string& name, std::string value) { (*variables_)[name] = std::move(value); }
  void unset(const std::string& name) { variables_->erase(name); }
  AwsEnvironment get() const {
    return {.variable = [variables = variables_](std::string_view name) -> std::optional<std::string> {
              const auto found = variables->find(name);
              return found == variables->end() ? std::nullopt : std::optional<std::string>(found->second);
            },
            .home = home_};
  }

 private:
  std::string home_;
  std::shared_ptr<std::map<std::string, std::string, std::less<>>> variables_ =
      std::make_shared<std::map<std::string, std::string, std::less<>>>();
};

}  // namespace azs3copy

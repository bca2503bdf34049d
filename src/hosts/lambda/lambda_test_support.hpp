// lambda_test_support.hpp: for the tests of this folder: a loop that runs one Task, and the lines of a log.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "codec/json.hpp"
#include "hosts/lambda/telemetry.hpp"
#include "net/loop.hpp"

namespace azs3copy::lambda_test {

template <class T>
T run(Loop& loop, Task<T> task) {
  std::optional<T> value;
  loop.run([](Task<T> inner, std::optional<T>& out) -> Task<void> { out.emplace(co_await std::move(inner)); }(
                                                        std::move(task), value));
  return std::move(*value);
}

// Keeps what is written.
class Lines {
 public:
  std::shared_ptr<LineWriter> writer() {
    return std::make_shared<LineWriter>([this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      lines_.emplace_back(line);
    });
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  // All lines of that event, parsed.
  std::vector<Json> of(std::string_view event) const {
    std::vector<Json> found;
    for (const std::string& line : all()) {
      const Result<Json> json = Json::parse(line);
      EXPECT_TRUE(json) << line;
      if (json && (*json)["event"].string_or("") == event) found.push_back(*json);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace azs3copy::lambda_test

// fake_runtime_api.cpp: see fake_runtime_api.hpp.
#include "fakes/lambda/fake_runtime_api.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/json.hpp"

namespace azs3copy::fakes {
namespace {

constexpr std::string_view root = "/2018-06-01/runtime/";
constexpr std::string_view error_content_type = "application/vnd.aws.lambda.error+json";

std::string an_hour_from_now() {
  const auto then = std::chrono::system_clock::now() + std::chrono::hours(1);
  return std::to_string(std::chrono::duration_cast<milliseconds>(then.time_since_epoch()).count());
}

// What is wrong with an error's form, or nothing.
std::string fault_of_error(const Posted& posted) {
  const Result<Json> json = Json::parse(posted.body);
  if (!json || !json->is_object()) return "an error that is no JSON object";
  if (json->keys() != std::vector<std::string>{"errorMessage", "errorType", "stackTrace"}) {
    return "an error without errorMessage, errorType and stackTrace alone";
  }
  if (!(*json)["errorMessage"].is_string() || !(*json)["stackTrace"].is_array())
    return "an error of wrong types";
  if (posted.error_type.empty()) return "an error without Lambda-Runtime-Function-Error-Type";
  if (posted.error_type != (*json)["errorType"].string_or("")) return "an error with two types";
  if (posted.content_type != error_content_type) return "an error with the wrong Content-Type";
  return {};
}

}  // namespace

FakeRuntimeApi::FakeRuntimeApi() : server_(*this, {}) {
  server_.start();
}

FakeRuntimeApi::~FakeRuntimeApi() {
  server_.stop();
}

std::string FakeRuntimeApi::address() const {
  return fmt::format("127.0.0.1:{}", server_.http_port());
}

void FakeRuntimeApi::add(FakeInvocation invocation) {
  const std::lock_guard lock(mutex_);
  script_.push_back(std::move(invocation));
}

std::vector<Posted> FakeRuntimeApi::posted() const {
  const std::lock_guard lock(mutex_);
  return posted_;
}

void FakeRuntimeApi::wait_for_posts(std::size_t count) const {
  std::unique_lock lock(mutex_);
  posted_grew_.wait(lock, [this, count] { return posted_.size() >= count; });
}

std::vector<std::string> FakeRuntimeApi::violations() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}

Task<void> FakeRuntimeApi::serve(Exchange& exchange) {
  const std::string path(exchange.request().path());
  const std::string_view method = exchange.request().method();
  if (method == "GET" && path == fmt::format("{}invocation/next", root)) {
    co_await serve_next(exchange);
  } else if (method == "POST" && path.starts_with(root)) {
    co_await serve_post(exchange, path.substr(root.size()));
  } else {
    co_await exchange.send(refuse(404, fmt::format("{} {}", method, path)));
  }
}

Task<void> FakeRuntimeApi::serve_next(Exchange& exchange) {
  ++nexts_;
  FakeInvocation invocation;
  bool at_end = false;
  bool busy = false;
  {
    const std::lock_guard lock(mutex_);
    busy = running_.has_value();
    at_end = script_.empty();
    if (!busy && !at_end) {
      invocation = script_.front();
      script_.pop_front();
      running_ = invocation;
    }
  }
  if (busy) {
    co_await exchange.send(refuse(403, "next while an invocation runs"));
    co_return;
  }
  if (at_end) {
    co_await end_script(exchange);
    co_return;
  }
  if (invocation.delay.count() > 0) co_await exchange.stream().loop().sleep(invocation.delay);
  Response response{.headers = {{"Content-Type", "application/json"}}, .body = invocation.payload};
  const auto add = [&](std::string name, std::string value) {
    if (std::ranges::find(invocation.without, name) == invocation.without.end()) response.header(name, value);
  };
  add("Lambda-Runtime-Aws-Request-Id", invocation.id);
  add("Lambda-Runtime-Deadline-Ms",
      invocation.deadline_ms.empty() ? an_hour_from_now() : invocation.deadline_ms);
  add("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn);
  add("Lambda-Runtime-Trace-Id", invocation.trace_id);
  co_await exchange.send(response, {.reset_body_after = invocation.breaks_after});
}

Task<void> FakeRuntimeApi::end_script(Exchange& exchange) {
  if (end_status_ == 0) exchange.break_off();
  co_await exchange.send({.status = end_status_,
                          .headers = {{"Content-Type", "application/json"}},
                          .body = R"({"errorMessage":"the script is at its end","errorType":"Fake.End"})"});
}

Task<void> FakeRuntimeApi::serve_post(Exchange& exchange, std::string path) {
  Posted posted{.path = std::move(path),
                .content_type = std::string(exchange.request().get("Content-Type")),
                .error_type = std::string(exchange.request().get("Lambda-Runtime-Function-Error-Type"))};
  posted.body = co_await exchange.read_text();
  const Response response = accept(posted);
  if (hold_posts_) {
    co_await exchange.stream().fill();
    exchange.break_off();
  }
  co_await exchange.send(response);
}

Response FakeRuntimeApi::accept(const Posted& posted) {
  const bool is_response = posted.path.ends_with("/response");
  std::string why = is_response ? std::string() : fault_of_error(posted);
  if (is_response && !Json::parse(posted.body)) why = "a response that is not JSON";
  int status = 202;
  {
    const std::lock_guard lock(mutex_);
    if (posted.path == "init/error") {
      if (why.empty() && nexts_ > 0) why = "init/error after the first next";
    } else if (why.empty()) {
      const std::string id = running_ ? running_->id : "";
      if (!running_ ||
          (posted.path != "invocation/" + id + "/response" && posted.path != "invocation/" + id + "/error")) {
        why = "a reply to an invocation that does not run: " + posted.path;
      } else {
        // 413 leaves the invocation running: its error is still owed.
        status = is_response || running_->reply_status != 413 ? running_->reply_status : 202;
        if (!is_response || status != 413) running_.reset();
      }
    }
    if (why.empty()) {
      posted_.push_back(posted);
      posted_grew_.notify_all();
    }
  }
  if (!why.empty()) return refuse(400, std::move(why));
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = R"({"status":"OK"})"};
}

Response FakeRuntimeApi::refuse(int status, std::string why) {
  std::string body;
  JsonWriter(body).begin_object().field("errorMessage", why).field("errorType", "Fake.Refused").end_object();
  const std::lock_guard lock(mutex_);
  violations_.push_back(std::move(why));
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

}  // namespace azs3copy::fakes

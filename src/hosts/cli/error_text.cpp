// error_text.cpp: see error_text.hpp.
#include "hosts/cli/error_text.hpp"

#include <fmt/format.h>

#include "hosts/cli/text.hpp"

namespace azs3copy::cli {
namespace {

// Steps come outermost first, joined by ": ". Sentences ("cannot list ...") are for people, dotted names
// ("azure.list_blobs") for logs.
struct Steps {
  std::string sentences;
  std::string names;
};
Steps steps_of(const Error& error) {
  Steps steps;
  std::string_view rest = error.operation;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(": "), rest.size());
    const std::string_view step = rest.substr(0, end);
    std::string& kind = step.find(' ') == std::string_view::npos ? steps.names : steps.sentences;
    if (!kind.empty()) kind += ": ";
    kind += step;
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  return steps;
}

std::string_view service_of(const Error& error) {
  const auto has = [&](std::string_view part) { return error.operation.find(part) != std::string::npos; };
  if (has("azure.") || has("blob.")) return "Azure";
  if (has("entra.")) return "Entra ID";
  if (has("s3.")) return "S3";
  if (has("sqs.")) return "SQS";
  if (has("sts.")) return "AWS STS";
  return "The service";
}

std::string status_text(const Error& error) {
  std::string text = std::to_string(error.http_status);
  if (!error.service_code.empty()) text += " " + error.service_code;
  return text;
}

std::string attempts_text(const Error& error) {
  if (error.attempts <= 1) return {};
  return fmt::format(", after {} attempts in {}", error.attempts, format_duration(error.elapsed));
}

}  // namespace

std::vector<std::string> describe(const Error& error, const Style& style) {
  const Steps steps = steps_of(error);
  std::string first = steps.sentences;
  const auto add = [&first](std::string_view part) {
    if (part.empty()) return;
    if (!first.empty()) first += ": ";
    first += part;
  };
  if (steps.sentences.empty() && error.http_status != 0) add(steps.names);
  // A sentence names its subject already.
  if (!error.subject.empty() && first.find(error.subject) == std::string::npos) add(error.subject);
  add(error.http_status != 0 ? status_text(error) : error.message);
  first += attempts_text(error);

  std::vector<std::string> lines;
  const auto add_lines = [&](std::string_view text, std::size_t indent) {
    const std::size_t width = style.width == 0 ? 0 : std::max<std::size_t>(style.width, 40);
    for (std::string& line : wrap(printable(text, !style.unicode), width, indent))
      lines.push_back(std::move(line));
  };
  add_lines(first, 2);
  const std::string id = error.request_id.empty() ? "" : fmt::format(" (request id {})", error.request_id);
  if (error.http_status != 0 && !error.message.empty()) {
    add_lines(fmt::format("  {} says: {}{}", service_of(error), error.message, id), 2);
  } else if (!id.empty()) {
    add_lines("  " + id.substr(1), 2);
  }
  if (!error.advice.empty()) add_lines("  " + error.advice, 2);
  return lines;
}

std::string cause_line(const Error& error) {
  std::string line = error.http_status != 0 ? status_text(error) + ": " + error.message : error.message;
  if (!error.request_id.empty()) line += fmt::format(" (request id {})", error.request_id);
  return line + attempts_text(error);
}

}  // namespace azs3copy::cli

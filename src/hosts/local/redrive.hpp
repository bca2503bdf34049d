// redrive.hpp: `azs3copy redrive`: dead letters go back to the queue that they came from, chosen by why they
// failed.
//
//   receive --> work? --> why: the run's records or plan --> class
//     chosen --> [plan of a listing reset] --> send to the source queue --> taken --> delete
//     others --> held until the queue was read through, then visible again
//
// Sent before deleted: at least once, never lost. What is killed in between comes back to the dead-letter
// queue by itself, once its time-out has passed.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "aws/sqs_client.hpp"
#include "hosts/local/options.hpp"
#include "ledger/run_store.hpp"

namespace azs3copy {

// A class is the name of the ErrorKind that a message's work ended with; the outcome of work that did not
// fail ("copied", "unchanged", "skipped", "listed"); "unknown" where nothing is recorded; "malformed" where
// the message is no work of ours.
std::span<const std::string_view> redrive_classes();
// Those that can pass by themselves, or were mended by a person since.
std::span<const std::string_view> redrive_classes_default();

struct RedriveOptions {
  std::vector<std::string> queues;  // dead-letter queues: names, ARNs or URLs
  std::set<std::string> classes;    // empty: the default ones
  std::string to;                   // instead of the source queue; a name, ARN or URL
  RunId run;                        // only work of this run; empty: of any
  bool dry_run = false;
  std::string state_prefix{state_prefix_default};
};

struct RedriveRow {
  std::string queue;
  std::string message_id;
  std::string class_name;
  std::string function;  // "download"; empty where malformed
  RunId run;             // empty where malformed
  std::string what;  // "photos/a.jpg", "photos/a.jpg and 11 more", "photos/2024/", or what is wrong with it
  std::string outcome;  // "sent back", "would send back", "left: <why>", or an error's line
};

struct RedriveResult {
  std::map<std::string, std::uint64_t> sent;  // by class; of a dry run: that would be
  std::map<std::string, std::uint64_t> left;
  std::uint64_t failed = 0;  // they stay where they are, or were sent and could not be deleted
  std::optional<Error> fatal;
};

using OnRedriveRow = std::function<void(const RedriveRow&)>;

// Of the queues of one region, with one run store. On one loop.
class Redrive {
 public:
  Redrive(SqsClient& sqs, RunStore& runs, const RedriveOptions& options, const OnRedriveRow& on_row,
          RedriveResult& result)
      : sqs_(sqs), runs_(runs), options_(options), on_row_(on_row), result_(result) {}

  // ErrorKind::invalid where it cannot be told which queue its messages came from.
  Task<Result<>> run(std::string queue, const Context& context);

 private:
  struct Letter;
  Task<Result<std::string>> queue_url(std::string queue, const Context& context);
  Task<Result<std::string>> source_url(const std::string& queue, const std::string& url,
                                       const Context& context);
  Task<Result<>> work_off(const std::string& queue, const std::string& url, const std::string& target,
                          const Context& context);
  Task<Result<>> take(std::vector<ReceivedMessage> messages, const std::string& queue, const std::string& url,
                      const std::string& target, const Context& context);
  Task<void> judge(Letter& letter, const Context& context);
  Task<Result<std::string>> class_of(Letter& letter, const Context& context);
  Task<void> send_back(std::vector<Letter*> letters, const std::string& url, const std::string& target,
                       const Context& context);
  Task<void> release(const std::string& url, const Context& context);
  bool is_chosen(std::string_view class_name) const;
  void tell(const Letter& letter);

  SqsClient& sqs_;
  RunStore& runs_;
  const RedriveOptions& options_;
  const OnRedriveRow& on_row_;
  RedriveResult& result_;
  std::map<std::string, std::string> held_;  // message id -> receipt handle
  std::map<std::string, int> received_;      // message id -> how often
  std::set<std::string> sent_;               // work_name of what was sent back
  std::optional<Error> fatal_;               // of a sending: the others would fare no better
};

RedriveResult run_redrive(RunOptions options, const RedriveOptions& redrive, const OnRedriveRow& on_row,
                          std::stop_token stop);

}  // namespace azs3copy

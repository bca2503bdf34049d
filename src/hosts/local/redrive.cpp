// redrive.cpp: see redrive.hpp.
#include "hosts/local/redrive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/json.hpp"
#include "hosts/local/ends.hpp"
#include "messages/work_json.hpp"

namespace azs3copy {

namespace {

// So long a message stays away from others while it is looked at; what takes longer comes again.
constexpr seconds visibility_timeout = std::chrono::minutes(15);
// A wait above 0 asks all of SQS's servers, so that nothing received means nothing there.
constexpr seconds receive_wait{1};
constexpr int receives_max = 3;  // of one message
constexpr std::size_t releases_at_a_time = 8;
constexpr seconds release_limit{30};

constexpr std::string_view class_unknown = "unknown";
constexpr std::string_view class_malformed = "malformed";

constexpr std::array<std::string_view, 22> class_names = {
    "throttled", "unavailable", "timed_out",  "connection",  "conflict", "cancelled",
    "corrupt",   "credentials", "permission", "unknown",     "invalid",  "not_found",
    "changed",   "archived",    "protocol",   "unsupported", "internal", "copied",
    "unchanged", "skipped",     "listed",     "malformed"};
constexpr std::size_t classes_default = 10;  // the first of them

std::string blob_path(const Blob& blob) {
  return fmt::format("{}/{}", blob.container, blob.name);
}

struct Description {
  std::string_view function;
  std::string what;
};
Description describe(const FindBlobs& work) {
  return {"find-blobs", fmt::format("{}/{}", work.container, work.prefix)};
}
Description describe(const CopyBatch& batch) {
  std::string what = blob_path(batch.tasks.front().blob);
  if (batch.tasks.size() > 1) what += fmt::format(" and {} more", batch.tasks.size() - 1);
  return {"download", std::move(what)};
}
Description describe(const LargeFile& file) {
  return {"largefile-initializer", blob_path(file.task.blob)};
}
Description describe(const PartTask& part) {
  return {"largefile-parter", fmt::format("{} part {} of {}", blob_path(part.upload.task.blob), part.number,
                                          part.upload.part_count)};
}
Description describe(const Recombine& work) {
  return {"largefile-recombinator", blob_path(work.upload.task.blob)};
}

// Under which name the functions record its end; of a listing, its plan.
std::string name_of(const FindBlobs&, std::string_view body) {
  return work_name(body);
}
std::string name_of(const CopyBatch& batch, std::string_view body) {
  return batch.tasks.size() == 1 ? blob_record_name(batch.tasks.front().blob) : work_name(body);
}
std::string name_of(const LargeFile& file, std::string_view) {
  return blob_record_name(file.task.blob);
}
std::string name_of(const PartTask& part, std::string_view) {
  return blob_record_name(part.upload.task.blob);
}
std::string name_of(const Recombine& work, std::string_view) {
  return blob_record_name(work.upload.task.blob);
}

std::string_view class_of_record(const ObjectRecord& record) {
  if (record.outcome != Outcome::failed) return to_string(record.outcome);
  return record.error ? to_string(record.error->kind) : class_unknown;
}

// "etl-dlq" of any of its forms, for people.
std::string_view short_name(std::string_view queue) {
  const std::size_t at = queue.find_last_of("/:");
  return at == std::string_view::npos ? queue : queue.substr(at + 1);
}

}  // namespace

std::span<const std::string_view> redrive_classes() {
  return class_names;
}
std::span<const std::string_view> redrive_classes_default() {
  return std::span(class_names).first(classes_default);
}

// One message and what is found out about it.
struct Redrive::Letter {
  ReceivedMessage message;
  std::string body;  // without an envelope
  std::optional<WorkMessage> work;
  std::string record_name;
  std::optional<ListingPlan> given_up;  // of a listing
  RedriveRow row;
  bool chosen = false;
};

bool Redrive::is_chosen(std::string_view class_name) const {
  if (!options_.classes.empty()) return options_.classes.contains(std::string(class_name));
  return std::ranges::find(redrive_classes_default(), class_name) != redrive_classes_default().end();
}

Task<Result<std::string>> Redrive::queue_url(std::string queue, const Context& context) {
  if (queue.starts_with("https://") || queue.starts_with("http://")) co_return queue;
  std::string account;
  if (queue.starts_with("arn:")) {  // arn:aws:sqs:REGION:ACCOUNT:NAME
    const std::size_t name_at = queue.rfind(':') + 1;
    const std::size_t account_at = queue.rfind(':', name_at - 2) + 1;
    account = queue.substr(account_at, name_at - 1 - account_at);
    queue = queue.substr(name_at);
  }
  co_return co_await sqs_.get_queue_url(std::move(queue), std::move(account), context);
}

Task<Result<std::string>> Redrive::source_url(const std::string& queue, const std::string& url,
                                              const Context& context) {
  if (!options_.to.empty()) co_return co_await queue_url(options_.to, context);
  Result<std::vector<std::string>> sources = co_await sqs_.list_dead_letter_source_queues(url, context);
  if (!sources) co_return passed(std::move(sources));
  if (sources->size() == 1) co_return std::move(sources->front());
  const std::string advice = "--to QUEUE says where its messages shall go.";
  if (sources->empty()) {
    co_return fail(ErrorKind::invalid, "no queue has it for its dead-letter queue", queue, advice);
  }
  std::string names;
  for (const std::string& source : *sources) {
    names += (names.empty() ? "" : ", ") + std::string(short_name(source));
  }
  co_return fail(ErrorKind::invalid,
                 fmt::format("it is the dead-letter queue of {} queues: {}", sources->size(), names), queue,
                 advice);
}

Task<Result<>> Redrive::run(std::string queue, const Context& context) {
  const Result<std::string> url = co_await queue_url(queue, context);
  if (!url) co_return std::unexpected<Error>(url.error());
  const Result<std::string> target = co_await source_url(queue, *url, context);
  if (!target) co_return std::unexpected<Error>(target.error());
  if (*target == *url) {
    co_return fail(ErrorKind::invalid, "its messages would be sent to itself", queue);
  }
  received_.clear();
  Result<> done = co_await work_off(queue, *url, *target, context);
  co_await release(*url, context);
  co_return done;
}

Task<Result<>> Redrive::work_off(const std::string& queue, const std::string& url, const std::string& target,
                                 const Context& context) {
  const ReceiveOptions receive{.wait = receive_wait, .visibility_timeout = visibility_timeout};
  for (;;) {
    if (Result<> go = context.check(); !go) co_return go;
    Result<std::vector<ReceivedMessage>> received = co_await sqs_.receive_messages(url, receive, context);
    if (!received) co_return passed(std::move(received));
    if (received->empty()) co_return Result<>{};
    std::vector<ReceivedMessage> fresh;
    bool in_circles = false;
    for (ReceivedMessage& message : *received) {
      held_[message.message_id] = message.receipt_handle;
      const int times = ++received_[message.message_id];
      in_circles = in_circles || times >= receives_max;
      if (times == 1) fresh.push_back(std::move(message));
    }
    if (Result<> taken = co_await take(std::move(fresh), queue, url, target, context); !taken)
      co_return taken;
    if (in_circles) co_return Result<>{};
  }
}

Task<Result<>> Redrive::take(std::vector<ReceivedMessage> messages, const std::string& queue,
                             const std::string& url, const std::string& target, const Context& context) {
  std::vector<Letter> letters;
  letters.reserve(messages.size());
  Group group;
  for (ReceivedMessage& message : messages) {
    Letter& letter = letters.emplace_back();
    letter.row = {.queue = queue, .message_id = message.message_id};
    letter.message = std::move(message);
    group.spawn(judge(letter, context));
  }
  co_await group.join();
  if (fatal_) co_return std::unexpected<Error>(*fatal_);
  std::vector<Letter*> chosen;
  for (Letter& letter : letters) {
    if (letter.chosen && !options_.dry_run && !sent_.insert(work_name(letter.body)).second) {
      // It came back while we look, or it lay here twice.
      letter.chosen = false;
      letter.row.outcome = "left: sent back already";
    }
    if (letter.chosen && !options_.dry_run) {
      chosen.push_back(&letter);
      continue;
    }
    if (letter.chosen) letter.row.outcome = "would send back";
    ++(letter.chosen ? result_.sent : result_.left)[letter.row.class_name];
    on_row_(letter.row);
  }
  if (!chosen.empty()) co_await send_back(std::move(chosen), url, target, context);
  if (fatal_) co_return std::unexpected<Error>(*fatal_);
  co_return Result<>{};
}

// Parses it and finds out why it failed.
Task<void> Redrive::judge(Letter& letter, const Context& context) {
  RedriveRow& row = letter.row;
  letter.body = without_envelope(letter.message.body);
  Result<WorkMessage> work = work_message_from_json(letter.body);
  if (!work) {
    row.class_name = class_malformed;
    row.what = work.error().to_line();
  } else {
    letter.work = std::move(*work);
    row.run = std::visit([](const auto& each) { return each.run; }, *letter.work);
    letter.record_name =
        std::visit([&](const auto& each) { return name_of(each, letter.body); }, *letter.work);
    Description description = std::visit([](const auto& each) { return describe(each); }, *letter.work);
    row.function = description.function;
    row.what = std::move(description.what);
    Result<std::string> found = co_await class_of(letter, context);
    if (!found &&
        (found.error().kind == ErrorKind::corrupt || found.error().kind == ErrorKind::unsupported)) {
      found = std::string(class_unknown);  // what is recorded of it cannot be read
    }
    if (!found) {
      if (!fatal_) fatal_ = std::move(found.error());
      co_return;
    }
    row.class_name = std::move(*found);
  }
  letter.chosen = is_chosen(row.class_name);
  row.outcome = fmt::format("left: {}", row.class_name);
  if (!options_.run.empty() && row.run != options_.run) {
    letter.chosen = false;
    row.outcome = "left: of another run";
  }
}

Task<Result<std::string>> Redrive::class_of(Letter& letter, const Context& context) {
  const RunId run = letter.row.run;
  if (std::holds_alternative<FindBlobs>(*letter.work)) {
    Result<std::optional<ListingPlan>> plan = co_await runs_.find_plan(run, letter.record_name, context);
    if (!plan) co_return passed(std::move(plan));
    if (!*plan || !(*plan)->done) co_return std::string(class_unknown);
    if ((*plan)->error.empty()) co_return std::string("listed");
    letter.given_up = std::move(**plan);
    co_return letter.given_up->error_kind.empty() ? std::string(class_unknown) : letter.given_up->error_kind;
  }
  Result<std::vector<ObjectRecord>> records = co_await runs_.find_records(run, letter.record_name, context);
  if (!records) co_return passed(std::move(records));
  if (records->empty()) co_return std::string(class_unknown);
  // A batch goes back for the sake of any of its blobs.
  std::string_view found = class_of_record(records->back());
  for (const ObjectRecord& record : *records) {
    const std::string_view here = class_of_record(record);
    if (is_chosen(here)) co_return std::string(here);
    if (record.outcome == Outcome::failed) found = here;
  }
  co_return std::string(found);
}

Task<void> Redrive::send_back(std::vector<Letter*> letters, const std::string& url, const std::string& target,
                              const Context& context) {
  std::vector<std::string> bodies;
  std::vector<std::string> handles;
  Result<> sent;
  for (Letter* letter : letters) {
    if (letter->given_up && sent) {  // or the function would find it done
      letter->given_up->done = false;
      letter->given_up->error.clear();
      letter->given_up->error_kind.clear();
      sent = co_await runs_.save_plan(letter->row.run, letter->record_name, *letter->given_up, context);
    }
    bodies.push_back(letter->message.body);
    handles.push_back(letter->message.receipt_handle);
  }
  if (sent) sent = co_await sqs_.send_message_batch(target, bodies, context);
  if (!sent && (sent.error().kind == ErrorKind::credentials || sent.error().kind == ErrorKind::permission ||
                sent.error().kind == ErrorKind::not_found)) {
    fatal_ = sent.error();
    co_return;
  }
  Result<> deleted = sent;
  if (sent) deleted = co_await sqs_.delete_message_batch(url, handles, context);
  for (Letter* letter : letters) {
    if (deleted) {
      held_.erase(letter->message.message_id);
      ++result_.sent[letter->row.class_name];
      letter->row.outcome = "sent back";
    } else {
      ++result_.failed;
      letter->row.outcome = (sent ? "sent back, but not deleted here: " : "") + deleted.error().to_line();
    }
    on_row_(letter->row);
  }
}

namespace {

// One that fails becomes visible by itself.
Task<void> make_visible(SqsClient& sqs, const std::string& url, std::string handle, const Context& context) {
  (void)co_await sqs.change_visibility(url, std::move(handle), seconds(0), context);
}

}  // namespace

// What is left becomes visible again, also after an interrupt.
Task<void> Redrive::release(const std::string& url, const Context& context) {
  const Context last = Context{.clock = context.clock}.with_timeout(release_limit);
  std::vector<std::string> handles;
  handles.reserve(held_.size());
  for (auto& [id, handle] : held_) handles.push_back(std::move(handle));
  held_.clear();
  co_await work_side_by_side(handles.size(), releases_at_a_time, [&](std::size_t i) {
    return make_visible(sqs_, url, std::move(handles[i]), last);
  });
}

namespace {

Task<Result<>> redrive_all(Worker& worker, const RunOptions& options, const RedriveOptions& redrive,
                           const OnRedriveRow& on_row, RedriveResult& result, const Context& context) {
  const std::shared_ptr<AwsCredentialsProvider> credentials =
      default_aws_credentials(options.aws, process_aws_environment(), worker.transport, worker.loop);
  SqsClient sqs(
      {.region = options.s3.region, .endpoint_url = options.aws.sqs_endpoint_url, .fips = options.s3.fips},
      credentials, worker.transport, options.network.retry);
  StateStore store(*worker.s3, redrive.state_prefix);
  RunStore runs(store);
  Redrive each(sqs, runs, redrive, on_row, result);
  for (const std::string& queue : redrive.queues) {
    if (Result<> done = co_await each.run(queue, context); !done) co_return done;
  }
  co_return Result<>{};
}

}  // namespace

RedriveResult run_redrive(RunOptions options, const RedriveOptions& redrive, const OnRedriveRow& on_row,
                          std::stop_token stop) {
  RedriveResult result;
  Result<std::unique_ptr<Worker>> worker = reach_bucket(options, redrive.state_prefix, stop);
  if (!worker) {
    result.fatal = std::move(worker.error());
    return result;
  }
  const Context context{.clock = (*worker)->loop, .stop = std::move(stop)};
  Result<> done = run_on((*worker)->loop, redrive_all(**worker, options, redrive, on_row, result, context));
  if (!done) result.fatal = std::move(done.error());
  return result;
}

}  // namespace azs3copy

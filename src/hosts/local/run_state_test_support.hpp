// run_state_test_support.hpp: a run's state in a bucket of memory, and queues beside it, for the tests of
// status and redrive.
//
//   MemoryAws aws;  aws.objects[".azs3copy/runs/..."], aws.queues["dlq"];  aws.answer(request) -> reply
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "aws/sqs_client.hpp"
#include "codec/json.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "fakes/scripted_transport.hpp"
#include "ledger/run_store.hpp"

namespace azs3copy::run_state_test {

using fakes::FakeClock;
using fakes::RecordedRequest;
using fakes::run;
using fakes::ScriptedReply;
using fakes::ScriptedTransport;

inline std::string value_of(const QueryPairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return {};
}

class MemoryAws {
 public:
  struct Object {
    std::string body;
    UtcTime written{};
  };
  struct Message {
    std::string id;
    std::string body;
    bool visible = true;
    int receives = 0;
  };
  struct Queue {
    std::deque<Message> messages;
    std::vector<std::string> sources;
    std::uint64_t deleted = 0;
  };

  FakeClock& clock;
  std::map<std::string, Object> objects;  // by key
  std::map<std::string, Queue> queues;    // by name
  std::vector<std::string> log;           // "GET key", "SendMessageBatch dlq"
  bool refuse_sends = false;
  bool refuse_deletes = false;
  int ids = 0;

  explicit MemoryAws(FakeClock& of) : clock(of) {}

  static std::string url(std::string_view name) { return fmt::format("https://sqs/1/{}", name); }
  void put_message(const std::string& queue, std::string body) {
    queues[queue].messages.push_back({.id = fmt::format("m{}", ++ids), .body = std::move(body)});
  }

  ScriptedReply answer(const RecordedRequest& request) {
    const std::string_view target = request.header("x-amz-target");
    return target.empty() ? answer_s3(request) : answer_sqs(target.substr(target.find('.') + 1), request);
  }

 private:
  ScriptedReply answer_s3(const RecordedRequest& request) {
    const QueryPairs query = parse_query(request.query());
    if (value_of(query, "list-type") == "2") return list(value_of(query, "prefix"));
    const std::string key =
        url_decode(request.path().substr(std::string_view("/bucket/").size())).value_or("");
    log.push_back((request.method == Method::put ? "PUT " : "GET ") + key);
    if (request.method == Method::put) {
      objects[key] = {.body = request.body, .written = clock.utc()};
      return {.headers = {{"ETag", "\"e\""}}};
    }
    const auto found = objects.find(key);
    if (found == objects.end()) {
      return {.status = 404, .body = "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"};
    }
    return {.headers = {{"ETag", "\"e\""}}, .body = found->second.body};
  }

  ScriptedReply list(const std::string& prefix) const {
    std::string xml = "<ListBucketResult><IsTruncated>false</IsTruncated>";
    for (const auto& [key, object] : objects) {
      if (!key.starts_with(prefix)) continue;
      xml += fmt::format(
          "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>\"e\"</ETag><Size>{}</Size></"
          "Contents>",
          key, to_iso8601(object.written), object.body.size());
    }
    return {.body = xml + "</ListBucketResult>"};
  }

  ScriptedReply answer_sqs(std::string_view action, const RecordedRequest& request) {
    const Json body = *Json::parse(request.body);
    std::string name = body["QueueUrl"].string_or("");
    name = name.substr(name.rfind('/') + 1);
    if (action == "GetQueueUrl") name = body["QueueName"].string_or("");
    log.push_back(fmt::format("{} {}", action, name));
    const auto found = queues.find(name);
    if (found == queues.end()) {
      return {.status = 400, .body = R"({"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"none"})"};
    }
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    const bool refused =
        (action == "SendMessageBatch" && refuse_sends) || (action == "DeleteMessageBatch" && refuse_deletes);
    if (action == "GetQueueUrl") json.field("QueueUrl", url(name));
    if (action == "ListDeadLetterSourceQueues") list_sources(found->second, json);
    if (action == "ReceiveMessage") receive(found->second, json);
    if (action == "ChangeMessageVisibility") show(found->second, body["ReceiptHandle"].string_or(""));
    if (action.ends_with("Batch")) change(name, action, body["Entries"], refused, json);
    json.end_object();
    return {.body = out};
  }

  void list_sources(const Queue& queue, JsonWriter& json) const {
    json.key("queueUrls").begin_array();
    for (const std::string& source : queue.sources) json.value(url(source));
    json.end_array();
  }

  void receive(Queue& queue, JsonWriter& json) {
    json.key("Messages").begin_array();
    int count = 0;
    for (Message& message : queue.messages) {
      if (!message.visible || count++ >= 10) continue;
      message.visible = never_hides;
      ++message.receives;
      json.begin_object().field("MessageId", message.id).field("ReceiptHandle", message.id);
      json.field("Body", message.body).end_object();
    }
    json.end_array();
  }

  static void show(Queue& queue, const std::string& handle) {
    for (Message& message : queue.messages) message.visible = message.visible || message.id == handle;
  }

  void change(const std::string& name, std::string_view action, const Json& entries, bool refused,
              JsonWriter& json) {
    json.key(refused ? "Failed" : "Successful").begin_array();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const Json entry = entries.at(i);
      json.begin_object().field("Id", entry["Id"].string_or(""));
      if (refused) json.field("Code", "InvalidMessageContents").field("SenderFault", true);
      json.end_object();
      if (refused) continue;
      if (action == "SendMessageBatch") put_message(name, entry["MessageBody"].string_or(""));
      if (action == "DeleteMessageBatch") {
        queues[name].deleted += std::erase_if(queues[name].messages, [&](const Message& message) {
          return message.id == entry["ReceiptHandle"].string_or("");
        });
      }
    }
    json.end_array();
  }

 public:
  bool never_hides = false;  // a queue whose visibility time-outs do not hold
};

class StaticKeys final : public AwsCredentialsProvider {
 public:
  Task<Result<AwsCredentials>> credentials(const Context&) override {
    co_return AwsCredentials{.access_key_id = "AKID", .secret_access_key = Secret("secret")};
  }
  bool refresh() override { return false; }
  std::string describe() const override { return "static"; }
};

struct RunStateTest : ::testing::Test {
  RunStateTest() {
    wire.fallback = [this](const RecordedRequest& request) { return aws.answer(request); };
  }

  // Puts an object as the functions write it; lines count themselves.
  void put_records(const std::string& name, const std::vector<ObjectRecord>& records) {
    std::string lines;
    std::uint64_t not_copied = 0;
    for (const ObjectRecord& record : records) {
      append_json(lines, record);
      lines += '\n';
      not_copied += record.outcome == Outcome::skipped || record.outcome == Outcome::failed ? 1 : 0;
    }
    ASSERT_TRUE(run(runs.save_records(
        id, {.name = name, .lines = lines, .count = records.size(), .not_copied = not_copied}, context)));
  }
  void put_record(const ObjectRecord& record) { put_records(blob_record_name(record.blob), {record}); }
  void put_plan(const std::string& work, const ListingPlan& plan) {
    ASSERT_TRUE(run(runs.save_plan(id, work, plan, context)));
  }

  static Blob blob(std::string_view name, std::uint64_t size = 10) {
    return {.container = Container("photos"),
            .name = BlobName(name),
            .size = size,
            .etag = ETag("0x1"),
            .last_modified = FakeClock::start};
  }
  static ObjectRecord copied(std::string_view name, SourceProof proof = SourceProof::crc64,
                             Confirmation confirmed = Confirmation::crc64nvme) {
    return {.outcome = Outcome::copied,
            .blob = blob(name),
            .key = Key(name),
            .bytes = 10,
            .proof = proof,
            .confirmed = confirmed};
  }
  static ObjectRecord failed(std::string_view name, ErrorKind kind, int status = 503) {
    return {.outcome = Outcome::failed,
            .blob = blob(name),
            .key = Key(name),
            .error = Error{.kind = kind, .message = "no", .service_code = "Code", .http_status = status}};
  }
  static ObjectRecord unchanged(std::string_view name) {
    return {.outcome = Outcome::unchanged, .blob = blob(name), .key = Key(name)};
  }

  RunId id{"r1"};
  FakeClock clock;
  ScriptedTransport wire;
  MemoryAws aws{clock};
  Context context = clock.context();
  S3Client s3{
      Bucket("bucket"), {.endpoint_url = "https://s3"}, std::make_shared<StaticKeys>(), wire, RetryPolicy{}};
  StateStore store{s3, ".azs3copy/"};
  RunStore runs{store};
};

}  // namespace azs3copy::run_state_test

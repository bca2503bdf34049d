// fuzz_work_message.cpp: a message from a queue that anybody may have written to. What is taken for work
// keeps the promises that stages rely on, and is written again as the same work, in characters that SQS
// takes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "check.hpp"
#include "core/limits.hpp"
#include "messages/work_json.hpp"

namespace azs3copy {
namespace {

void check(const CopyTask& task) {
  FUZZ_CHECK(!task.blob.container.empty() && !task.blob.name.empty() && !task.blob.etag.empty());
  FUZZ_CHECK(!task.key.empty() && task.key.size() <= key_bytes_max);
}

void check(const Upload& upload) {
  check(upload.task);
  FUZZ_CHECK(!upload.id.empty() && upload.part_count >= 1 && upload.part_count <= part_count_max);
  FUZZ_CHECK((upload.part_count - 1) * upload.part_bytes < upload.task.blob.size);
  FUZZ_CHECK(upload.task.blob.size <= upload.part_count * upload.part_bytes);
}

void check(const FindBlobs& work) {
  FUZZ_CHECK(!work.container.empty());
}

void check(const CopyBatch& batch) {
  FUZZ_CHECK(!batch.tasks.empty());
  for (const CopyTask& task : batch.tasks) check(task);
  std::vector<CopyTask> tasks;
  for (const std::string& text : to_json_messages(batch, 500)) {
    const Result<WorkMessage> part = work_message_from_json(text);
    FUZZ_CHECK(part && std::holds_alternative<CopyBatch>(*part));
    const auto& some = std::get<CopyBatch>(*part).tasks;
    FUZZ_CHECK(text.size() <= 500 || some.size() == 1);
    tasks.insert(tasks.end(), some.begin(), some.end());
  }
  FUZZ_CHECK(tasks == batch.tasks);
}

void check(const LargeFile& file) {
  check(file.task);
  FUZZ_CHECK(file.replans >= 0);
}

void check(const PartTask& part) {
  check(part.upload);
  FUZZ_CHECK(part.number >= 1 && part.number <= part.upload.part_count);
}

void check(const Recombine& work) {
  check(work.upload);
}

bool is_xml_safe(const std::string& text) {
  const bool control = std::any_of(text.begin(), text.end(), [](char c) { return c >= 0 && c < 0x20; });
  return !control && !text.contains("\xEF\xBF\xBE") && !text.contains("\xEF\xBF\xBF");
}

void test(std::string_view input) {
  const Result<WorkMessage> message = work_message_from_json(input);
  if (!message) {
    const Error& error = message.error();
    FUZZ_CHECK(error.kind == ErrorKind::protocol || error.kind == ErrorKind::unsupported);
    FUZZ_CHECK(!error.message.empty());
    return;
  }
  const std::string text = std::visit(
      [](const auto& work) {
        FUZZ_CHECK(!work.run.empty());
        check(work);
        return to_json(work);
      },
      *message);
  FUZZ_CHECK(is_xml_safe(text));
  const Result<WorkMessage> again = work_message_from_json(text);
  FUZZ_CHECK(again && *again == *message);
}

}  // namespace
}  // namespace azs3copy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  azs3copy::test({reinterpret_cast<const char*>(data), size});
  return 0;
}

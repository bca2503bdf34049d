// read_records.cpp: objects.jsonl read back, in steps: it may be larger than memory.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "ledger/files.hpp"
#include "ledger/ledger.hpp"

namespace azs3copy {
namespace {

constexpr std::size_t step_bytes = 256 * 1024;

class Lines {
 public:
  explicit Lines(FileHandle file) : file_(std::move(file)) {}

  // The next line without its end;
  // nothing at the end of the file or after an error of read(2), which errno tells.
  std::optional<std::string_view> next() {
    for (;;) {
      const std::size_t end = text_.find('\n', searched_);
      if (end != std::string::npos) {
        const std::string_view line = std::string_view(text_).substr(begin_, end - begin_);
        begin_ = searched_ = end + 1;
        return line;
      }
      searched_ = text_.size();
      if (!read_more()) return std::nullopt;
    }
  }
  // What follows the last line end.
  std::string_view rest() const { return std::string_view(text_).substr(begin_); }

 private:
  bool read_more() {
    text_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
    const std::size_t before = text_.size();
    text_.resize(before + step_bytes);
    ssize_t got;
    do {
      errno = 0;
      got = read(file_.get(), text_.data() + before, step_bytes);
    } while (got < 0 && errno == EINTR);
    text_.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    return got > 0;
  }

  FileHandle file_;
  std::string text_;
  std::size_t begin_ = 0;
  std::size_t searched_ = 0;
};

}  // namespace

Result<std::uint64_t> read_records(const std::string& path, const std::function<void(ObjectRecord)>& take) {
  auto file = open_file(path, O_RDONLY);
  if (!file) return failed(std::move(file), "read the records");
  Lines lines(*std::move(file));
  std::uint64_t count = 0;
  while (const auto line = lines.next()) {
    auto record = object_record_from_json(*line);
    if (!record) return failed(std::move(record), "read the records", fmt::format("{}:{}", path, count + 1));
    take(*std::move(record));
    ++count;
  }
  if (errno != 0) return failed(file_error("read", path, errno).error(), "read the records");
  // Whole but for its line end, or cut short by a kill.
  if (auto last = object_record_from_json(lines.rest())) {
    take(*std::move(last));
    ++count;
  }
  return count;
}

}  // namespace azs3copy

// files.hpp: local files that survive a kill: whole or not at all, and private to their owner. Every error
// names the file and comes at once; nothing here retries. ErrorKind::unavailable: no descriptor is left, internal:
// any other fault of the machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace azs3copy {

// An open file, closed when it goes.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileHandle();
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// What errno says of `path`: "cannot write: No space left on device",
// with advice where there is some to give.
std::unexpected<Error> file_error(std::string_view what, const std::string& path, int error_number);

// Makes the folder and those above it that are missing, with permissions 0700, durably.
Result<> make_folders(const std::string& path);
// open(2), close-on-exec; new files have permissions 0600.
Result<FileHandle> open_file(const std::string& path, int flags);
// All of `text`, with write(2).
Result<> write_all(const FileHandle& file, std::string_view text, const std::string& path);
// Durable when it returns. A reader, or a process after a crash, sees the old text or the new one.
Result<> replace_file(const std::string& path, std::string_view text);
// A file that can be written when nothing else can: its descriptor is open and its space taken from the start.
class ReservedFile {
 public:
  ReservedFile() = default;
  // For up to `bytes` at `path`. On a file system that cannot reserve space, only the descriptor is.
  static Result<ReservedFile> make(const std::string& path, std::size_t bytes);
  ReservedFile(ReservedFile&& other) noexcept = default;
  ReservedFile& operator=(ReservedFile&& other) noexcept = default;
  // Gives back what was reserved.
  ~ReservedFile();
  // As replace_file. Once: the reserve is then used up.
  Result<> write(std::string_view text);

 private:
  FileHandle file_;
  std::string path_;
  std::string unfinished_;
};
// At most `bytes_max`; a larger file is ErrorKind::corrupt. ErrorKind::not_found where there is none.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);
// Durable when it returns. Success also where there is none.
Result<> remove_file(const std::string& path);
// Names of the folder's entries that end in `suffix`, sorted.
Result<std::vector<std::string>> names_in(const std::string& folder, std::string_view suffix);
// Of names that replace_file gives a file before it has its own.
inline constexpr std::string_view unfinished_suffix = ".tmp";

// From the system: for names that no other process chooses.
std::uint64_t random_bits();

}  // namespace azs3copy

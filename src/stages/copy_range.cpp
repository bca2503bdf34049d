// copy_range.cpp: the loop that moves every byte.
#include "stages/copy_range.hpp"

#include "stages/outcome.hpp"

namespace azs3copy {

namespace {

// Rings and small bodies are used again and again: one free list a loop.
class Ring {
 public:
  explicit Ring(std::size_t size) {
    if (!kept().empty()) {
      buffer_ = std::move(kept().back());
      kept().pop_back();
    }
    if (buffer_.size() < size) buffer_.resize(size);
    size_ = size;
  }
  ~Ring() {
    if (buffer_.size() <= whole_body_bytes_max && kept().size() < kept_max)
      kept().push_back(std::move(buffer_));
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  MutableBytes bytes() { return MutableBytes(buffer_).first(size_); }

 private:
  static constexpr std::size_t kept_max = 32;
  static std::vector<std::vector<std::byte>>& kept() {
    thread_local std::vector<std::vector<std::byte>> rings;
    return rings;
  }
  std::vector<std::byte> buffer_;
  std::size_t size_ = 0;
};

// Reads until the buffer is full or the body at its end; the count.
Task<Result<std::size_t>> read_whole(BlobBody& body, MutableBytes buffer) {
  std::size_t count = 0;
  while (count < buffer.size()) {
    const Result<std::size_t> got = co_await body.read(buffer.subspan(count));
    if (!got) co_return got;
    if (*got == 0) co_return count;
    count += *got;
  }
  // The end is where the last checks are made.
  std::array<std::byte, 1> beyond{};
  const Result<std::size_t> end = co_await body.read(beyond);
  if (!end) co_return end;
  if (*end != 0) co_return fail(ErrorKind::protocol, "the body is longer than its range");
  co_return count;
}

// Counts what went to S3, and takes it back where it went in vain.
class Moved {
 public:
  explicit Moved(Reporter& reporter) : reporter_(reporter) {}
  ~Moved() {
    if (!kept_ && bytes_ > 0) reporter_.moved(-bytes_);
  }
  Moved(const Moved&) = delete;
  Moved& operator=(const Moved&) = delete;
  void add(std::size_t bytes) {
    bytes_ += static_cast<std::int64_t>(bytes);
    reporter_.moved(static_cast<std::int64_t>(bytes));
  }
  void keep() { kept_ = true; }

 private:
  Reporter& reporter_;
  std::int64_t bytes_ = 0;
  bool kept_ = false;
};

// Before S3 has the part whole: a later run that finds it there must not take it for better proved than it
// was.
Task<Result<>> note_proof(Stage& stage, const Upload& upload, SourceProof proof, const Context& context) {
  const std::optional<SourceProof> noted = stage.tracker.noted_proof(upload);
  if (noted && *noted <= proof) co_return Result<>{};
  Result<> saved = co_await stage.ledger.weaken_proof(stage.s3.bucket(), upload.task.key, proof, context);
  if (saved) stage.tracker.note_proof(upload, proof);
  co_return saved;
}

// `upload`: whose part it is; nullptr for a whole object.
Task<Result<RangeCopied>> stream(Stage& stage, BlobBody& body, S3PutStream& put, const Upload* upload,
                                 const Context& context) {
  Ring ring(ring_bytes);
  Moved moved(stage.reporter);
  for (;;) {
    const Result<std::size_t> got = co_await body.read(ring.bytes());
    if (!got) co_return failed(Error(got.error()), "read");
    if (*got == 0) {
      if (upload == nullptr) break;
      if (Result<> noted = co_await note_proof(stage, *upload, body.proof(), context); !noted)
        co_return passed(std::move(noted));
      break;
    }
    const Result<bool> answered = co_await put.write(Bytes(ring.bytes()).first(*got));
    if (!answered) co_return failed(Error(answered.error()), "write");
    if (*answered) break;  // S3 refuses before it has all: its reply says why
    moved.add(*got);
  }
  const Crc64 crc = body.crc();
  Result<PutReply> reply = co_await put.finish(crc);
  if (!reply) co_return passed(std::move(reply));
  moved.keep();
  co_return RangeCopied{.reply = std::move(*reply), .crc = crc, .proof = body.proof()};
}

}  // namespace

Task<Result<RangeCopied>> copy_blob_once(Stage& stage, const CopyTask& task, const Context& context) {
  const Blob& blob = task.blob;
  const ReadOptions options{.if_match = blob.etag, .verify = stage.rules.verify_source};
  Result<std::unique_ptr<BlobBody>> body =
      co_await stage.azure.read(blob.container, blob.name, options, context);
  if (!body) co_return failed(std::move(body), "read");
  if ((*body)->size() != blob.size) {
    co_return fail(ErrorKind::protocol, "the blob's size is not the listed one though its ETag is");
  }
  const ObjectAttributes attributes = object_attributes(stage, blob, (*body)->properties());
  if (blob.size > whole_body_bytes_max) {
    Result<std::unique_ptr<S3PutStream>> put =
        co_await stage.s3.put_stream({.key = task.key}, blob.size, attributes, {}, context);
    if (!put) co_return failed(std::move(put), "write");
    co_return co_await stream(stage, **body, **put, nullptr, context);
  }
  Ring buffer(std::max<std::size_t>(blob.size, 1));
  const Result<std::size_t> size = co_await read_whole(**body, buffer.bytes().first(blob.size));
  if (!size) co_return failed(Error(size.error()), "read");
  const Crc64 crc = (*body)->crc();
  const SourceProof proof = (*body)->proof();
  body->reset();  // its connection is free for the next blob
  Result<PutReply> reply = co_await stage.s3.put_object(task.key, Bytes(buffer.bytes()).first(*size), crc,
                                                        attributes, {}, context);
  if (!reply) co_return failed(std::move(reply), "write");
  stage.reporter.moved(static_cast<std::int64_t>(*size));
  co_return RangeCopied{.reply = std::move(*reply), .crc = crc, .proof = proof};
}

Task<Result<RangeCopied>> copy_part_once(Stage& stage, const PartTask& task, const Context& context) {
  const Blob& blob = task.upload.task.blob;
  const PartPlan plan{
      .size = blob.size, .part_bytes = task.upload.part_bytes, .part_count = task.upload.part_count};
  // Without the pin an overwrite on the Azure side would stitch two versions into one object.
  const ReadOptions options{
      .range = plan.range(task.number), .if_match = blob.etag, .verify = stage.rules.verify_source};
  Result<std::unique_ptr<BlobBody>> body =
      co_await stage.azure.read(blob.container, blob.name, options, context);
  if (!body) co_return failed(std::move(body), "read");
  const PutTarget target{.key = task.upload.task.key, .upload = task.upload.id, .part_number = task.number};
  Result<std::unique_ptr<S3PutStream>> put =
      co_await stage.s3.put_stream(target, options.range->size, {}, {}, context);
  if (!put) co_return failed(std::move(put), "write");
  co_return co_await stream(stage, **body, **put, &task.upload, context);
}

}  // namespace azs3copy

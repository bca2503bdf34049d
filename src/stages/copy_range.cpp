// copy_range.cpp: the loop that moves every byte.
#include "stages/copy_range.hpp"

#include "stages/outcome.hpp"

namespace azs3copy {

namespace {

constexpr std::size_t rings_kept_max = 32;

std::vector<std::vector<std::byte>>& kept_rings() {
  thread_local std::vector<std::vector<std::byte>> rings;
  return rings;
}

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
  note_success(stage, Operation::write_destination);
  moved.keep();
  co_return RangeCopied{.reply = std::move(*reply), .crc = crc, .proof = body.proof()};
}

// Reads a small blob whole. `body` is its reply, as far as the first byte.
Task<Result<HeldBody>> read_small(std::unique_ptr<BlobBody> body, ObjectAttributes attributes) {
  const auto bytes = static_cast<std::size_t>(body->size());
  HeldBody held{.buffer = std::make_unique<Ring>(std::max<std::size_t>(bytes, 1)),
                .attributes = std::move(attributes)};
  const Result<std::size_t> size = co_await read_whole(*body, held.buffer->bytes().first(bytes));
  if (!size) co_return failed(Error(size.error()), "read");
  held.size = *size;
  held.crc = body->crc();
  held.proof = body->proof();
  co_return held;
}

// One attempt: what failed is asked for again by the caller, who holds the body.
Task<Result<RangeCopied>> put_small(Stage& stage, const CopyTask& task, const HeldBody& held,
                                    const Context& context) {
  const Breaker::Sending sending(stage.breaker);
  const Context once = context.for_one_attempt();
  const Bytes bytes = Bytes(held.buffer->bytes()).first(held.size);
  Result<PutReply> reply = co_await stage.s3.put_object(task.key, bytes, held.crc, held.attributes, {}, once);
  if (!reply) co_return failed(std::move(reply), "write");
  note_success(stage, Operation::write_destination);
  stage.reporter.moved(static_cast<std::int64_t>(held.size));
  co_return RangeCopied{.reply = std::move(*reply), .crc = held.crc, .proof = held.proof};
}

// Places for the whole copy at both endpoints, before a byte is read: a copy that has read from Azure must not
// wait for S3, and one that holds a place must not wait for another.
Task<Result<Pass>> admit(Stage& stage, const Context& context) {
  if (stage.limiter == nullptr) co_return Pass{};
  co_return co_await stage.limiter->admit(stage.azure.account().endpoint, stage.s3.server(), context);
}

Task<Result<RangeCopied>> copy_blob(Stage& stage, const CopyTask& task, std::optional<HeldBody>& held,
                                    const Context& context) {
  const Blob& blob = task.blob;
  if (held) {
    // Put long after it was read, an old version would hide a newer one of the same size for ever: it would be
    // the later of the two.
    Result<> unchanged = co_await check_unchanged(stage, task, context.for_one_attempt());
    if (!unchanged) co_return failed(std::move(unchanged.error()), "read");
    note_success(stage, Operation::read_source);
    co_return co_await put_small(stage, task, *held, context);
  }
  const ReadOptions options{.if_match = blob.etag, .verify = stage.rules.verify_source};
  Result<std::unique_ptr<BlobBody>> body =
      co_await stage.azure.read(blob.container, blob.name, options, context);
  if (!body) co_return failed(std::move(body), "read");
  note_success(stage, Operation::read_source);
  if ((*body)->size() != blob.size) {
    co_return fail(ErrorKind::protocol, "the blob's size is not the listed one though its ETag is");
  }
  ObjectAttributes attributes = object_attributes(stage, blob, (*body)->properties());
  if (blob.size > whole_body_bytes_max) {
    const Breaker::Sending sending(stage.breaker);
    Result<std::unique_ptr<S3PutStream>> put =
        co_await stage.s3.put_stream({.key = task.key}, blob.size, attributes, {}, context);
    if (!put) co_return failed(std::move(put), "write");
    co_return co_await stream(stage, **body, **put, nullptr, context);
  }
  Result<HeldBody> read = co_await read_small(std::move(*body), std::move(attributes));
  if (!read) co_return passed(std::move(read));
  held = std::move(*read);
  co_return co_await put_small(stage, task, *held, context);
}

Task<Result<RangeCopied>> copy_part(Stage& stage, const PartTask& task, const Context& context) {
  const Blob& blob = task.upload.task.blob;
  const PartPlan plan{
      .size = blob.size, .part_bytes = task.upload.part_bytes, .part_count = task.upload.part_count};
  // Without the pin an overwrite on the Azure side would stitch two versions into one object.
  const ReadOptions options{
      .range = plan.range(task.number), .if_match = blob.etag, .verify = stage.rules.verify_source};
  // First S3, which may refuse at once: bytes from Azure cost money.
  const Breaker::Sending sending(stage.breaker);
  const PutTarget target{.key = task.upload.task.key, .upload = task.upload.id, .part_number = task.number};
  Result<std::unique_ptr<S3PutStream>> put =
      co_await stage.s3.put_stream(target, options.range->size, {}, {}, context);
  if (!put) co_return failed(std::move(put), "write");
  Result<std::unique_ptr<BlobBody>> body =
      co_await stage.azure.read(blob.container, blob.name, options, context);
  if (!body) co_return failed(std::move(body), "read");
  note_success(stage, Operation::read_source);
  co_return co_await stream(stage, **body, **put, &task.upload, context);
}

}  // namespace

Ring::Ring(std::size_t size) {
  if (!kept_rings().empty()) {
    buffer_ = std::move(kept_rings().back());
    kept_rings().pop_back();
  }
  if (buffer_.size() < size) buffer_.resize(size);
  size_ = size;
}

Ring::~Ring() {
  if (buffer_.size() <= whole_body_bytes_max && kept_rings().size() < rings_kept_max)
    kept_rings().push_back(std::move(buffer_));
}

Task<Result<RangeCopied>> copy_blob_once(Stage& stage, const CopyTask& task, std::optional<HeldBody>& held,
                                         const Context& context) {
  const Result<Pass> pass = co_await admit(stage, context);
  if (!pass) co_return std::unexpected<Error>(pass.error());
  co_return co_await copy_blob(stage, task, held, context.with_pass(*pass));
}

Task<Result<RangeCopied>> copy_part_once(Stage& stage, const PartTask& task, const Context& context) {
  const Result<Pass> pass = co_await admit(stage, context);
  if (!pass) co_return std::unexpected<Error>(pass.error());
  co_return co_await copy_part(stage, task, context.with_pass(*pass));
}

}  // namespace azs3copy

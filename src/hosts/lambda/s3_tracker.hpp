// s3_tracker.hpp: which parts of an upload have arrived, as S3 itself tells: many functions send them, and none
// sees them all. For one message, whose upload `look` has found open.
//
//   add:    the last part there? -- no (nearly always): one small request, and somebody later will ask
//                \-- yes: ListParts from the start up to the first gap -- none --> Recombine
#pragma once

#include <optional>

#include "ledger/ledger.hpp"
#include "stages/stage.hpp"

namespace azs3copy {

class S3Tracker final : public PartTracker {
 public:
  // `redelivered`: the message comes again, so its part may be there. The first time it is not looked for.
  S3Tracker(S3Client& s3, Ledger& ledger, const Context& context, bool redelivered = false)
      : s3_(s3), ledger_(ledger), context_(context), redelivered_(redelivered) {}

  // What the manifest of the upload's key says; is_open from now on where it names this very upload.
  enum class Manifest { names_it, names_another, is_gone };
  Task<Result<Manifest>> look(const Upload& upload);
  // Though its manifest is gone: so that the stage finds out what became of it.
  void take_for_open(const Upload& upload);

  Task<Result<>> begin(const Upload& upload, std::vector<UploadedPart> done,
                       std::optional<SourceProof> proof) override;
  std::optional<SourceProof> noted_proof(const Upload& upload) const override;
  void note_proof(const Upload& upload, SourceProof proof) override;
  Task<Result<std::optional<UploadedPart>>> find(const Upload& upload, std::uint32_t number) override;
  // True for at least one caller: two parts that arrive last at the same time may both see the list whole.
  // ErrorKind::not_found, NoSuchUpload, where it has ended.
  Task<Result<bool>> add(const Upload& upload, const UploadedPart& part) override;
  // ErrorKind::not_found, NoSuchUpload, where it has ended.
  Task<Result<Parts>> parts(const Upload& upload) override;
  bool is_open(const Upload& upload) const override;
  bool end(const Upload& upload) override;
  // Looks at the manifest: who ends an upload removes it. Two messages that end one at the same moment may
  // both be told false.
  Task<Result<bool>> ended_elsewhere(const Upload& upload) override;

 private:
  S3Client& s3_;
  Ledger& ledger_;
  const Context& context_;
  bool redelivered_;
  std::optional<UploadManifest> manifest_;  // of the open upload
  bool taken_for_open_ = false;
};

}  // namespace azs3copy

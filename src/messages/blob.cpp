// blob.cpp: names of the enumerations, as messages and records carry them.
#include "messages/blob.hpp"

#include <algorithm>

namespace azs3copy {

std::string_view to_string(BlobType type) {
  switch (type) {
    case BlobType::block:
      return "block";
    case BlobType::append:
      return "append";
    case BlobType::page:
      return "page";
  }
  return "unknown";
}

std::optional<BlobType> blob_type_from(std::string_view text) {
  for (const BlobType type : {BlobType::block, BlobType::append, BlobType::page}) {
    if (to_string(type) == text) return type;
  }
  return std::nullopt;
}

std::string_view to_string(SourceProof proof) {
  switch (proof) {
    case SourceProof::none:
      return "none";
    case SourceProof::content_md5:
      return "content_md5";
    case SourceProof::crc64:
      return "crc64";
  }
  return "unknown";
}

std::optional<SourceProof> source_proof_from(std::string_view text) {
  for (const SourceProof proof : {SourceProof::none, SourceProof::content_md5, SourceProof::crc64}) {
    if (to_string(proof) == text) return proof;
  }
  return std::nullopt;
}

std::string_view to_string(Confirmation confirmation) {
  switch (confirmation) {
    case Confirmation::none:
      return "none";
    case Confirmation::md5:
      return "md5";
    case Confirmation::crc64nvme:
      return "crc64nvme";
  }
  return "unknown";
}

std::optional<Confirmation> confirmation_from(std::string_view text) {
  for (const Confirmation value : {Confirmation::none, Confirmation::md5, Confirmation::crc64nvme}) {
    if (to_string(value) == text) return value;
  }
  return std::nullopt;
}

SourceProof weaker(SourceProof a, SourceProof b) {
  return std::min(a, b);
}

}  // namespace azs3copy

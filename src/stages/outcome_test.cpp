// Harms: a blob that cannot be read told as failed for ever, or with advice for another trouble.
#include "stages/outcome.hpp"

#include <gtest/gtest.h>

namespace azs3copy {
namespace {

ObjectRecord record_of(ErrorKind kind, const char* code) {
  return record_of_error({.blob = {.name = BlobName("a")}}, {.kind = kind, .service_code = code});
}

TEST(RecordOfError, BlobsThatAreOfflineAreSkippedWithTheirReason) {
  for (const auto& [kind, code, reason] :
       {std::tuple{ErrorKind::archived, "BlobArchived", reason_archived},
        std::tuple{ErrorKind::archived, "BlobBeingRehydrated", reason_rehydrating},
        std::tuple{ErrorKind::conflict, "BlobUsesCustomerSpecifiedEncryption", reason_customer_key}}) {
    const ObjectRecord record = record_of(kind, code);
    EXPECT_EQ(record.outcome, Outcome::skipped) << code;
    EXPECT_EQ(record.reason, reason);
  }
  EXPECT_EQ(record_of(ErrorKind::conflict, "LeaseIdMissing").outcome, Outcome::failed);
}

}  // namespace
}  // namespace azs3copy

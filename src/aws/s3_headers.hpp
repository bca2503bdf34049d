// s3_headers.hpp: an object's attributes as request headers, and back from a reply.
//
//   x-amz-meta-NAME: ASCII as it is | =?UTF-8?B?...?= (RFC 2047), as S3 itself shows what is not ASCII
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/s3_client.hpp"

namespace azs3copy {

// A value as it goes on the wire. Kept: printable ASCII without "=?". Pure; decode gives back the same bytes.
std::string encode_metadata_value(std::string_view value);
// Encoded words in B or Q form; text around them and words that do not decode stay as they are.
std::string decode_metadata_value(std::string_view value);
// Names and values on the wire: S3's limit is user_metadata_bytes_max.
std::size_t user_metadata_bytes(const Metadata& metadata);

// Adds content headers, metadata, storage class, encryption, tags and ACL. A Content-Disposition outside
// ASCII is sent as RFC 8187 has it. ErrorKind::invalid for metadata above 2 KB (with the sizes), names that
// no header can have, control characters, and any other content header outside ASCII.
Result<> add_attributes(Headers& headers, const ObjectAttributes& attributes);
void add_condition(Headers& headers, const WriteCondition& condition);

ContentHeaders content_headers_from(const Headers& headers);
Metadata metadata_from(const Headers& headers);
// Without its quotes.
ETag etag_from(std::string_view text);

// x-amz-checksum-crc64nvme (or the XML's) as a CRC over the whole object. Nothing where there is none or it
// is a composite of parts ("...-3"). ErrorKind::corrupt for a text that is no checksum.
Result<std::optional<Crc64>> checksum_from(std::string_view text, std::string_view type);
// ErrorKind::corrupt when S3 reports another checksum than was sent.
Result<> check_checksum(std::optional<Crc64> reported, std::optional<Crc64> sent);
// True of these two errors: S3 said that it has stored what it then vouched for wrongly. Not of an <Error> behind a
// 200: nothing was stored.
bool is_stored_but_doubtful(const Error& error);

}  // namespace azs3copy

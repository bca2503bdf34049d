// key_mapping.hpp: which key a blob gets. Bytes are kept exactly; nothing is normalised.
//
//   source                     destination   blob              key
//   az://acct/photos           s3://b/2024   a/b.jpg        -> 2024/a/b.jpg
//   az://acct/photos/a         s3://b        a/b.jpg        -> b.jpg          "a" is taken as a folder
//   az://acct/photos/a/b.jpg   s3://b/2024   a/b.jpg        -> 2024/b.jpg     one blob
//   az://acct                  s3://b        x in photos    -> photos/x       container first
//   --flatten                                a/b.jpg        -> b.jpg          UseFullFilePath=false
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/names.hpp"
#include "messages/blob.hpp"

namespace azs3copy {

struct KeyMapping {
  std::string source_prefix;       // as the user wrote it: "a", "a/", "a/b.jpg" or ""
  std::string destination_prefix;  // as the user wrote it: "2024" or "2024/" or ""
  bool container_in_key = false;   // more than one container is copied
  bool flatten = false;
  std::string reserved_prefix;  // no key may begin with it: where the state of runs is kept; empty: none

  // The blob's name below the source prefix;
  // nothing where it only shares letters with it ("a" against "ab/c").
  std::optional<std::string_view> relative_name(const BlobName& name) const;
  // The key, or ErrorKind::invalid where it is over 1,024 bytes of UTF-8, empty or reserved, naming both.
  // `relative` from above.
  Result<Key> key(const Container& container, std::string_view relative) const;
  // Keys of different blobs differ, but for --flatten and for this: the source prefix "a" may name a blob and
  // a folder, and the folder may hold a blob of that last name again: "a" and "a/a" both get the key "a".
  // True for the second, which must be reported and not copied where the first was listed too.
  bool rivals_source_blob(const BlobName& name) const;
  // True for a folder, which is nothing to copy: a row that the source marks as one, and an empty blob without a
  // name of its own (the marker "photos/" of the copied prefix; flattened, the marker of any folder). Every other
  // empty blob whose name ends in a slash is data. `relative` from above.
  bool is_folder(const Blob& blob, std::string_view relative) const;
  // The blobs that a relative name may be of, the likeliest first: never none.
  std::vector<BlobName> blob_names(std::string_view relative) const;
  // The prefixes of the listings that together see all blobs whose relative names start with one of `starts`: in
  // order, and no blob is in two of them.
  std::vector<std::string> listing_prefixes(std::vector<std::string> starts) const;
  // What a listing of the destination must start with to see all keys of this mapping.
  std::string key_prefix() const;
};

}  // namespace azs3copy

// azure_list.cpp: List Containers and List Blobs, in the XML of the real service: a BOM in front, ETags
// without quotes, names that XML cannot hold percent-encoded, markers that mean nothing to the client.
#include "codec/base64.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "fakes/azure/azure_service.hpp"

namespace azs3copy::fakes {
namespace {

constexpr std::string_view xml_start = "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>";

// Opaque: who takes a marker for a name finds nothing. No two are the same, for that would be a listing that
// goes round in circles; a page without rows moves on too.
std::string make_marker(std::string_view name) {
  static std::atomic<std::uint64_t> markers = 0;
  std::string turned = fmt::format("{:08}{}", ++markers, name);
  for (char& c : turned) c = static_cast<char>(c ^ 0x5a);
  const std::string encoded = base64_encode(bytes_of(turned));
  return fmt::format("2!{}!{}", encoded.size(), encoded);
}

std::string name_of_marker(const std::string& marker) {
  const std::size_t second = marker.find('!', 2);
  std::optional<std::vector<std::byte>> turned;
  if (marker.starts_with("2!") && second != std::string::npos &&
      marker.substr(2, second - 2) == std::to_string(marker.size() - second - 1)) {
    turned = base64_decode(std::string_view(marker).substr(second + 1));
  }
  if (!turned)
    throw AzureRefusal{400, "OutOfRangeInput", "One of the request inputs is out of range: marker."};
  std::string name(text_of(*turned));
  for (char& c : name) c = static_cast<char>(c ^ 0x5a);
  return name.substr(8);
}

int wanted_rows(const AzureTarget& target, int rows_max) {
  if (!target.query.contains("maxresults")) return rows_max;
  const auto wanted = parse_number(target.query.get("maxresults"));
  if (!wanted || *wanted == 0 || *wanted > 5000) {
    throw AzureRefusal{400, "OutOfRangeQueryParameterValue", "maxresults must be 1 to 5000."};
  }
  return std::min(rows_max, static_cast<int>(*wanted));
}

void append_name(std::string& out, std::string_view name) {
  if (fits_xml(name)) {
    out.append("<Name>").append(xml_text(name)).append("</Name>");
  } else {
    out.append("<Name Encoded=\"true\">").append(url_encode_path(name)).append("</Name>");
  }
}

void append_blob(std::string& out, const std::string& name, const FakeBlob& blob, bool with_metadata,
                 bool hierarchical) {
  out += "<Blob>";
  append_name(out, name);
  if (!blob.version_id.empty()) {
    xml_element(out, "VersionId", blob.version_id);
    xml_element(out, "IsCurrentVersion", "true");
  }
  out += "<Properties>";
  xml_element(out, "Creation-Time", to_rfc1123(blob.last_modified));
  xml_element(out, "Last-Modified", to_rfc1123(blob.last_modified));
  xml_element(out, "Etag", blob.etag);
  if (blob.directory || hierarchical) xml_element(out, "ResourceType", blob.directory ? "directory" : "file");
  xml_element(out, "Content-Length", std::to_string(blob.content->size()));
  xml_element(out, "Content-Type", blob.content_type);
  xml_element(out, "Content-Encoding", blob.content_encoding);
  xml_element(out, "Content-Language", blob.content_language);
  xml_element(out, "Content-CRC64", "");
  xml_element(out, "Content-MD5", blob.content_md5);
  xml_element(out, "Cache-Control", blob.cache_control);
  xml_element(out, "Content-Disposition", blob.content_disposition);
  xml_element(out, "BlobType", blob.type);
  if (blob.type == "BlockBlob" && !blob.tier.empty()) {
    xml_element(out, "AccessTier", blob.tier);
    if (blob.tier == "Hot") xml_element(out, "AccessTierInferred", "true");
  }
  if (!blob.archive_status.empty()) xml_element(out, "ArchiveStatus", blob.archive_status);
  xml_element(out, "LeaseStatus", blob.leased ? "locked" : "unlocked");
  xml_element(out, "LeaseState", blob.leased ? "leased" : "available");
  xml_element(out, "ServerEncrypted", "true");
  if (!blob.tags.empty()) xml_element(out, "TagCount", std::to_string(blob.tags.size()));
  out += "</Properties>";
  if (with_metadata && !blob.metadata.empty()) {
    out += "<Metadata>";
    for (const auto& [key, value] : blob.metadata) xml_element(out, key, value);
    out += "</Metadata>";
  }
  out += "<OrMetadata/></Blob>";
}

bool includes(const std::string& list, std::string_view wanted) {
  static const std::set<std::string, std::less<>> known = {"metadata",
                                                           "tags",
                                                           "versions",
                                                           "snapshots",
                                                           "deleted",
                                                           "copy",
                                                           "deletedwithversions",
                                                           "immutabilitypolicy",
                                                           "legalhold",
                                                           "uncommittedblobs",
                                                           "permissions"};
  bool found = false;
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    if (!known.contains(one)) {
      throw AzureRefusal{400, "InvalidQueryParameterValue", "include: unknown value " + std::string(one)};
    }
    found = found || one == wanted;
  }
  return found;
}

}  // namespace

Response AzureService::list_containers(const RequestHead& request, const AzureTarget& target) {
  const int rows_max = wanted_rows(target, options_.list_rows_max);
  const std::string prefix = target.query.get("prefix");
  const std::string marker = target.query.get("marker");
  const auto& containers = accounts_.at(target.account).containers;
  std::string out(xml_start);
  out += fmt::format("<EnumerationResults ServiceEndpoint=\"{}\">", https_endpoint(target.account));
  xml_element(out, "Prefix", prefix);
  out += "<Containers>";
  auto row = containers.lower_bound(marker.empty() ? prefix : name_of_marker(marker));
  int rows = 0;
  for (; row != containers.end() && row->first.starts_with(prefix) && rows < rows_max; ++row, ++rows) {
    out += "<Container>";
    append_name(out, row->first);
    out += "<Properties>";
    xml_element(out, "Last-Modified", to_rfc1123(row->second.last_modified));
    xml_element(out, "Etag", "\"" + row->second.etag + "\"");
    xml_element(out, "LeaseStatus", "unlocked");
    xml_element(out, "LeaseState", "available");
    out += "</Properties></Container>";
  }
  const bool more = row != containers.end() && row->first.starts_with(prefix);
  out += "</Containers>";
  xml_element(out, "NextMarker", more ? make_marker(row->first) : "");
  out += "</EnumerationResults>";
  Response reply = base_reply(request);
  reply.header("Content-Type", "application/xml").body = std::move(out);
  return reply;
}

Response AzureService::list_blobs(const RequestHead& request, const AzureTarget& target) {
  const auto& blobs = container_of(target).blobs;
  int rows_max = wanted_rows(target, options_.list_rows_max);
  const auto& pattern = options_.list_page_pattern;
  if (!pattern.empty()) rows_max = std::min(rows_max, pattern[pages_listed_++ % pattern.size()]);
  const std::string prefix = target.query.get("prefix");
  const std::string delimiter = target.query.get("delimiter");
  const std::string marker = target.query.get("marker");
  const bool with_metadata = includes(target.query.get("include"), "metadata");

  std::string out(xml_start);
  out += fmt::format("<EnumerationResults ServiceEndpoint=\"{}\" ContainerName=\"{}\">",
                     https_endpoint(target.account), xml_text(target.container));
  if (!prefix.empty()) xml_element(out, "Prefix", prefix);
  if (!marker.empty()) xml_element(out, "Marker", marker);
  if (target.query.contains("maxresults")) xml_element(out, "MaxResults", target.query.get("maxresults"));
  if (!delimiter.empty()) xml_element(out, "Delimiter", delimiter);
  out += "<Blobs>";

  // In an order other than of bytes the names of a prefix still lie together,
  // but not from lower_bound(prefix) on.
  auto row = marker.empty() ? blobs.begin() : blobs.lower_bound(name_of_marker(marker));
  const ListOrder order = blobs.key_comp().order;
  if (marker.empty() && order == ListOrder::bytes) row = blobs.lower_bound(prefix);
  std::string next_marker;
  std::string group;  // the <BlobPrefix> written last
  int rows = 0;
  for (; row != blobs.end(); ++row) {
    const std::string& name = row->first;
    if (!name.starts_with(prefix)) {
      if (order == ListOrder::bytes) break;
      continue;
    }
    const std::size_t cut = delimiter.empty() ? std::string::npos : name.find(delimiter, prefix.size());
    const std::string here = cut == std::string::npos ? "" : name.substr(0, cut + delimiter.size());
    if (!here.empty() && here == group) continue;
    if (rows == rows_max) {
      next_marker = make_marker(name);
      break;
    }
    ++rows;
    if (here.empty()) {
      append_blob(out, name, row->second, with_metadata, order == ListOrder::slash_first);
    } else {
      group = here;
      out += "<BlobPrefix>";
      append_name(out, here);
      out += "</BlobPrefix>";
    }
  }
  out += "</Blobs>";
  xml_element(out, "NextMarker", next_marker);
  out += "</EnumerationResults>";
  Response reply = base_reply(request);
  reply.header("Content-Type", "application/xml").body = std::move(out);
  return reply;
}

}  // namespace azs3copy::fakes

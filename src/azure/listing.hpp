// listing.hpp: the XML of List Blobs and List Containers into rows.
//
//   <EnumerationResults>
//     <Blobs>
//       <Blob><Name [Encoded="true"]>a/b</Name>
//             <Properties><Last-Modified/><Etag/><Content-Length/><BlobType/>...</Properties>
//             [<Metadata>...</Metadata>]</Blob>
//       <BlobPrefix><Name>a/</Name></BlobPrefix>
//     </Blobs>
//     <NextMarker/>          empty: the last page; a list without the element is cut off
//   </EnumerationResults>
#pragma once

#include <string>

#include "azure/blob_client.hpp"

namespace azs3copy {

struct ParsedBlobPage {
  BlobPage page;
  bool has_empty_blobs = false;  // rows that may be directory stubs, which only metadata tells
};

// ErrorKind::protocol: malformed XML (to be asked for again),
// or a row without a needed field, which names the blob.
// `details`: of each blob too.
Result<ParsedBlobPage> parse_blob_page(std::string xml, const Container& container, bool details = false);
Result<ContainerPage> parse_container_page(std::string xml);

}  // namespace azs3copy

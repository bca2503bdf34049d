// sas.hpp: what a shared access signature says of itself, read before the first request.
//
//   sig  signature           st, se  valid from, until         skt, ske  the same of the key that signed it
//   sp   permissions         ss, srt services and resource types of a SAS of the account
//   sr   resource: c container, d directory (sdd levels deep), b blob, bs snapshot, bv version
#pragma once

#include "azure/source_address.hpp"
#include "core/context.hpp"
#include "core/error.hpp"
#include "core/secret.hpp"

namespace azs3copy {

// What Azure would refuse anyway. ErrorKind::invalid for a SAS that is cut off, credentials for one that is not
// valid now, permission for one that does not allow to copy `source`.
Result<> check_sas(const Secret& sas, const SourceAddress& source, UtcTime now);

// False if the SAS opens blobs by name only. One that does not say (a stored access policy, si) may list.
bool sas_may_list(const Secret& sas);

}  // namespace azs3copy

// sweep.hpp: what earlier runs left open.
#pragma once

#include <vector>

#include "stages/stage.hpp"

namespace azs3copy {

// At the end of a run over `containers`: aborts the uploads of its blobs whose manifests come from runs that
// are over and that this run did not need, for their blob was copied by other means, or is gone. Those of
// this run stay: they failed, and are to be resumed.
Task<Result<>> sweep_uploads(Stage& stage, const std::vector<Container>& containers, const Context& context);

}  // namespace azs3copy

/// File workers: the ones that write and read the bytes of files.
#pragma once

#include "actors/interfaces.hpp"

namespace hongyan {

/// Detached. `store` outlives it.
file_worker_actor::behavior_type file_worker(file_worker_actor::pointer self, files::blob_store* store);

} // namespace hongyan

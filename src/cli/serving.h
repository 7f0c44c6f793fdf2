// SPDX-License-Identifier: Apache-2.0
// What `hub serve` and `site serve` share: they run until a signal asks them to stop.
#pragma once

#include <atomic>

namespace clinnova::cli {

/// Becomes true on SIGINT or SIGTERM from the first call on.
const std::atomic<bool>& StopRequested();
/// Waits for that.
void WaitForStop();

}  // namespace clinnova::cli

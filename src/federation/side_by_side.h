// SPDX-License-Identifier: Apache-2.0
// Sites of one process at work at the same time, as hospitals are.
//
//   CLINNOVA_TRY(ForEachSite(sites.size(), threads, [&](std::size_t site) -> Result<void> { … }));
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "core/error.h"

namespace clinnova::federation {

/// Calls work(site) for every site, up to `threads` at a time; work must not throw. The error of the first site, in
/// their order, that had one; other sites may or may not have worked then.
template <typename Work>
Result<void> ForEachSite(std::size_t sites, int threads, Work work) {
  std::vector<Result<void>> results(sites);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  const auto run = [&] {
    for (std::size_t site = next++; site < sites && !failed; site = next++) {
      results[site] = work(site);
      if (!results[site]) failed = true;
    }
  };
  std::vector<std::thread> others;
  const std::size_t workers = std::min(sites, static_cast<std::size_t>(std::max(threads, 1)));
  for (std::size_t i = 1; i < workers; ++i) others.emplace_back(run);
  run();
  for (std::thread& thread : others) thread.join();
  for (const Result<void>& result : results) {
    if (!result) return Fail(result);
  }
  return {};
}

}  // namespace clinnova::federation

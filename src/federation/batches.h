// SPDX-License-Identifier: Apache-2.0
// One pass over a site's rows in batches, on all the site's threads, with exact sums: the bits of the
// result depend neither on the number of threads nor on which thread took which batch.
//
//   return ForEachBatch(site.table.rows, site.threads, sums,
//                       [&](std::size_t first, std::size_t count, DesignBatch& batch, ExactSums& mine)
//                           -> Result<void> { … });
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "core/error.h"
#include "federation/exact_sums.h"
#include "table/design.h"

namespace clinnova::federation {

/// Calls work(first, count, scratch, sums_of_this_thread) for each batch of table::kBatchRows rows.
/// `Scratch` is made once per thread. The first error, in the order of batches, is returned.
template <typename Scratch = table::DesignBatch, typename Work>
Result<void> ForEachBatch(std::size_t rows, int threads, ExactSums& sums, Work work) {
  const std::size_t batches = (rows + table::kBatchRows - 1) / table::kBatchRows;
  const std::size_t workers =
      std::max<std::size_t>(1, std::min<std::size_t>(static_cast<std::size_t>(threads), batches));
  std::atomic<std::size_t> next{0};
  std::vector<ExactSums> others;  // the first worker adds to `sums` itself
  for (std::size_t i = 1; i < workers; ++i) others.push_back(sums.Zero());
  struct Worker {
    Result<void> result;
    std::size_t failed_batch = 0;
  };
  std::vector<Worker> done(workers);
  const auto run = [&](Worker& worker, ExactSums& mine) {
    Scratch scratch;
    for (std::size_t batch = next++; batch < batches; batch = next++) {
      const std::size_t first = batch * table::kBatchRows;
      const std::size_t count = std::min(table::kBatchRows, rows - first);
      try {
        worker.result = work(first, count, scratch, mine);
      } catch (const std::exception& failure) {  // a bug: ends the round, not the process
        worker.result = Fail(ErrorCode::kFailed, failure.what(), "internal");
      }
      if (!worker.result) {
        worker.failed_batch = batch;
        next = batches;
        return;
      }
    }
  };
  std::vector<std::thread> threads_running;
  for (std::size_t i = 1; i < workers; ++i) {
    threads_running.emplace_back([&, i] { run(done[i], others[i - 1]); });
  }
  run(done[0], sums);
  for (std::thread& thread : threads_running) thread.join();
  const Worker* failed = nullptr;
  for (const Worker& worker : done) {
    if (worker.result) continue;
    if (failed == nullptr || worker.failed_batch < failed->failed_batch) failed = &worker;
  }
  if (failed != nullptr) return Fail(failed->result);
  for (const ExactSums& other : others) sums.Merge(other);
  return {};
}

}  // namespace clinnova::federation

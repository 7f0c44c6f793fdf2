// SPDX-License-Identifier: Apache-2.0
// Work that falls into independent parts, shared between a site's threads. Unlike federation/batches.h it makes no sums:
// parts that add something see to it themselves, so that their order does not matter.
//
//   ForEachPart(parts, site.threads, [&](std::size_t part) { … });
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace clinnova::learn {

/// Calls work(0) … work(parts - 1), each once, in any order and on up to `threads` threads. An exception of a part ends
/// the others early and is thrown again here.
template <typename Work>
void ForEachPart(std::size_t parts, int threads, Work work) {
  const std::size_t workers =
      std::max<std::size_t>(1, std::min<std::size_t>(static_cast<std::size_t>(threads), parts));
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto run = [&] {
    try {
      for (std::size_t part = next++; part < parts; part = next++) work(part);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      next = parts;
    }
  };
  std::vector<std::thread> running;
  for (std::size_t i = 1; i < workers; ++i) running.emplace_back(run);
  run();
  for (std::thread& thread : running) thread.join();
  if (failure) std::rethrow_exception(failure);
}

/// Rows of a part when `rows` are cut into parts of this many.
inline constexpr std::size_t kRowsPerPart = 16384;
inline std::size_t PartsOf(std::size_t rows) { return (rows + kRowsPerPart - 1) / kRowsPerPart; }

}  // namespace clinnova::learn

// SPDX-License-Identifier: Apache-2.0
#include "cli/serving.h"

#include <chrono>
#include <csignal>
#include <thread>

namespace clinnova::cli {
namespace {

std::atomic<bool> stop_requested = false;  // a signal handler can reach nothing else

void Stop(int) { stop_requested = true; }

}  // namespace

const std::atomic<bool>& StopRequested() {
  std::signal(SIGINT, &Stop);
  std::signal(SIGTERM, &Stop);
  return stop_requested;
}

void WaitForStop() {
  const std::atomic<bool>& stop = StopRequested();
  while (!stop) std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

}  // namespace clinnova::cli

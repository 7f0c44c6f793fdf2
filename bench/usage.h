// SPDX-License-Identifier: Apache-2.0
// What this process has used of the machine so far, for the programs of bench/.
#pragma once

#include <sys/resource.h>

namespace clinnova::bench {

/// The seconds that the processors gave all threads, the system's for them included.
inline double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The most memory since the program began: what is measured first has its own peak, what comes later the largest so far.
inline double PeakMib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace clinnova::bench

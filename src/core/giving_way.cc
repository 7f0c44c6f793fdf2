// SPDX-License-Identifier: Apache-2.0
#include "core/giving_way.h"

#include <sys/resource.h>

namespace clinnova::core {

void GiveWay() {
#ifdef __linux__
  constexpr int kSteps = 10;
  // Of 0, Linux means the calling thread, not its process.
  const int now = ::getpriority(PRIO_PROCESS, 0);
  (void)::setpriority(PRIO_PROCESS, 0, now + kSteps);
#endif
}

}  // namespace clinnova::core

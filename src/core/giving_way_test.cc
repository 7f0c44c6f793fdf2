// SPDX-License-Identifier: Apache-2.0
#include "core/giving_way.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>

namespace clinnova::core {
namespace {

int Nice() { return ::getpriority(PRIO_PROCESS, 0); }

TEST(GiveWay, ConcernsTheThreadAndThoseThatItStarts) {
  const int before = Nice();
  int of_thread = -1;
  int of_its_thread = -1;
  std::thread([&] {
    GiveWay();
    of_thread = Nice();
    std::thread([&] { of_its_thread = Nice(); }).join();
  }).join();
  EXPECT_EQ(of_thread, std::min(before + 10, 19));
  EXPECT_EQ(of_its_thread, of_thread);
  EXPECT_EQ(Nice(), before);
}

}  // namespace
}  // namespace clinnova::core

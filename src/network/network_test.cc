// SPDX-License-Identifier: Apache-2.0
// Hub and sites over real TLS on loopback: one study's whole way, restarts, withdrawal.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "network/network_world.h"

namespace clinnova::network {
namespace {

TEST(Network, GivesTheBitsOfTheFederationInOneProcess) {
  NetworkWorld world(4);
  world.StartHub();
  world.InitSites();
  world.StartSites();
  const std::string hash = world.Submit(StudyText(4));
  world.ApproveEverywhere(hash);
  const StudyStatus status = world.WaitFor(hash);
  ASSERT_EQ(status.state, "finished") << status.error;
  EXPECT_GT(status.rounds, 5);
  EXPECT_EQ(Must(StudyResults(world.endpoint(), hash)), world.InProcess(StudyText(4)));
  for (std::size_t s = 0; s < 4; ++s)
    EXPECT_EQ(world.LedgerSays(s, "\"verdict\":\"released\""), status.rounds);
}

}  // namespace
}  // namespace clinnova::network

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>

#include "federation/secure_sum_hub.h"
#include "federation/secure_sum_site.h"

namespace clinnova::federation {
namespace {

struct World {
  std::vector<SiteIdentity> identities;
  std::vector<std::unique_ptr<MemorySigningRecord>> records;
  std::optional<Roster> roster;
  RunId run = {};
  core::Hash study = core::Blake2b("study");
  std::vector<SecureSumSite> sites;
  std::optional<SecureSumHub> hub;

  explicit World(std::size_t size) {
    std::vector<RosterMember> members;
    for (std::size_t i = 0; i < size; ++i) {
      identities.push_back(*SiteIdentity::Create());
      records.push_back(std::make_unique<MemorySigningRecord>());
      members.push_back({"site" + std::to_string(i), identities.back().public_key()});
    }
    roster = *Roster::Create(members);
    run = NewRunId();
    hub = *SecureSumHub::Create(*roster, run, study, {});
    for (std::size_t i = 0; i < size; ++i) {
      sites.push_back(*SecureSumSite::Begin({.identity = &identities[i],
                                             .roster = *roster,
                                             .run = run,
                                             .study = study,
                                             .record = records[i].get()}));
      EXPECT_TRUE(hub->AddAnnouncement(*sites[i].Announce()));
    }
    const core::Bytes list = *hub->CloseAnnouncements();
    for (SecureSumSite& site : sites) {
      auto accepted = site.Accept(list);
      EXPECT_TRUE(accepted) << accepted.error().message;
    }
  }
};

TEST(SecureSum, GivesTheExactSum) {
  World world(5);
  std::mt19937_64 random(1);
  const int rounds = 1000;
  const std::clock_t begin = std::clock();
  for (int r = 1; r <= rounds; ++r) {
    RoundHeader question{
        .round = static_cast<std::uint64_t>(r), .analysis = "a", .step = "s", .elements = 231};
    SecureSumRound round = *world.hub->BeginRound(question);
    std::vector<__int128> expected(231);
    for (SecureSumSite& site : world.sites) {
      std::vector<__int128> x(231);
      for (std::size_t e = 0; e < x.size(); ++e) {
        x[e] = static_cast<__int128>(random()) << (e % 60);
        expected[e] += x[e];
      }
      auto upload = site.Upload(round.header(), x);
      ASSERT_TRUE(upload) << upload.error().message;
      auto added = round.AddUpload(*upload);
      ASSERT_TRUE(added) << added.error().message;
    }
    const core::Bytes request = *round.NameSurvivors(round.uploaded());
    for (SecureSumSite& site : world.sites) {
      auto statement = site.SignSurvivors(request);
      // The question is the same for all rounds here, and so is the set.
      ASSERT_TRUE(statement) << statement.error().message;
      ASSERT_TRUE(round.AddStatement(*statement));
    }
    for (std::size_t i = 0; i < 5; ++i) {
      auto unmasking = world.sites[i].Unmask(*round.UnmaskRequestFor(i));
      ASSERT_TRUE(unmasking) << unmasking.error().message;
      ASSERT_TRUE(round.AddUnmasking(*unmasking));
    }
    auto sum = round.Finish();
    ASSERT_TRUE(sum) << sum.error().message;
    ASSERT_EQ(sum->elements, expected);
  }
  std::printf("%d rounds: %.3f s of CPU\n", rounds,
              static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
}

}  // namespace
}  // namespace clinnova::federation

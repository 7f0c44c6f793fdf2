// SPDX-License-Identifier: Apache-2.0
// Hub and sites over real TLS on loopback: one study's whole way, also from a backup of the hub.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>

#include <nlohmann/json.hpp>

#include "network/agent_world.h"
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

TEST(Network, GoesOnFromABackup) {
  NetworkWorld world(3);
  world.StartHub();
  world.InitSites();
  world.StartSites();
  const std::string hash = world.Submit(StudyText(3));
  const std::filesystem::path copy = world.folder() / "copy";
  Must(BackUpHub(world.hub_folder(), copy));
  EXPECT_FALSE(BackUpHub(world.hub_folder(), copy).has_value());
  EXPECT_FALSE(BackUpHub(world.folder(), world.folder() / "other").has_value());
  EXPECT_FALSE(std::filesystem::exists(world.folder() / "other"));
  world.StopHub();
  const auto hub = Must(HubServer::Start({.folder = copy}));
  world.ApproveEverywhere(hash);
  ASSERT_EQ(world.WaitFor(hash).state, "finished");
  EXPECT_EQ(Must(StudyResults(world.endpoint(), hash)), world.InProcess(StudyText(3)));
  EXPECT_FALSE(
      federation::VerifyLedger(copy / "ledger.jsonl",
                               Must(federation::SiteIdentity::Load(copy / "hub.key")).public_key())
          ->fault.has_value());
}

/// The result of a study that asks about the same variables in another way.
std::string ResultOf(NetworkWorld& world, int question) {
  std::string text = StudyText(3, "Question " + std::to_string(question));
  const std::string covariates = "drug + age + crp";
  text.replace(text.find(covariates), covariates.size(),
               covariates + " + I(age * " + std::to_string(question) + ")");
  const std::string hash = world.Submit(text);
  world.ApproveEverywhere(hash);
  const StudyStatus status = world.WaitFor(hash);
  EXPECT_EQ(status.state, "finished") << status.error;
  return Must(StudyResults(world.endpoint(), hash));
}

TEST(Network, KeepsTheInformationBudgetOverStudiesAndRestarts) {
  NetworkWorld world(3);
  world.StartHub();
  world.InitSites();
  world.StartSites();
  const std::string refused = "information_budget";
  int question = 0;
  while (question < 20 && ResultOf(world, question).find(refused) == std::string::npos) ++question;
  EXPECT_LT(question, 20);
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_GT(world.LedgerSays(s, refused), 0);
    world.StopSite(s);
  }
  world.StartSites();  // the account is in the ledger
  EXPECT_NE(ResultOf(world, 100).find(refused), std::string::npos);
}

/// How many of the process's threads give way.
int ThreadsThatGiveWay() {
  int count = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    const int id = std::stoi(thread.path().filename().string());
    if (::getpriority(PRIO_PROCESS, static_cast<id_t>(id)) >= 10) ++count;
  }
  return count;
}

TEST(Network, LetsStudiesGiveWayWhereTheSiteHasABedside) {
  constexpr std::size_t kSites = 3;
  for (const bool gives_way : {false, true}) {
    AgentWorld world(kSites, "", gives_way);
    world.OfferAndApprove(StudyText(kSites));
    world.EnterRun();
    EXPECT_EQ(ThreadsThatGiveWay(), gives_way ? kSites : 0);
  }
}

}  // namespace
}  // namespace clinnova::network

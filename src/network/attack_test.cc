// SPDX-License-Identifier: Apache-2.0
// A hub that lies gets refusals, and every refusal is in the site's ledger.
#include <gtest/gtest.h>

#include <limits>

#include "network/agent_world.h"
#include "stats/frame_preflight.h"

namespace clinnova::network {
namespace {

constexpr std::size_t kSites = 4;

/// A world whose sites have entered a run.
std::unique_ptr<AgentWorld> Running() {
  auto world = std::make_unique<AgentWorld>(kSites);
  world->OfferAndApprove(StudyText(kSites));
  world->EnterRun();
  return world;
}

/// The site refuses for this reason, and its ledger says so once more than before.
void ExpectRefusal(AgentWorld& world, std::size_t site, HubMessageKind kind, core::Bytes body,
                   const std::string& reason) {
  const std::string entry = "\"reason\":\"" + reason + "\"";
  const int before = world.folders().LedgerSays(site, entry);
  EXPECT_EQ(world.Ask(site, kind, std::move(body)).reason(), reason);
  EXPECT_EQ(world.folders().LedgerSays(site, entry), before + 1) << reason;
}

federation::RoundRequest WithOtherState(federation::RoundRequest request) {
  auto state = Must(core::Decode<stats::PreflightParameters>(request.parameters));
  state.facts.status_is_one_two = !state.facts.status_is_one_two;
  request.parameters = core::Encode(state);
  return request;
}

TEST(Attack, AHonestRoundIsAnswered) {
  const auto world = Running();
  auto round = world->Begin(world->request());
  for (std::size_t s = 0; s < kSites; ++s) {
    const AgentReply reply = world->Ask(s, HubMessageKind::kUpload,
                                        AgentWorld::Upload(world->request(), round.header()));
    ASSERT_EQ(reply.reason(), "answered");
    Must(round.AddUpload(reply.body));
  }
  const core::Bytes survivors = Must(round.NameSurvivors(round.uploaded()));
  for (std::size_t s = 0; s < kSites; ++s) {
    Must(round.AddStatement(world->Ask(s, HubMessageKind::kSurvivors, survivors).body));
  }
  for (std::size_t s = 0; s < kSites; ++s) {
    Must(round.AddUnmasking(
        world->Ask(s, HubMessageKind::kUnmask, Must(round.UnmaskRequestFor(s))).body));
  }
  EXPECT_EQ(Must(round.Finish()).elements.size(), world->layout().elements());
}

TEST(Attack, NothingRunsBeforeTheStewardApproved) {
  AgentWorld world(kSites);
  world.Offer(StudyText(kSites));
  const core::Bytes begin =
      core::Encode(BeginAsk{federation::NewRunId(), world.roster().Encoded()});
  ExpectRefusal(world, 0, HubMessageKind::kBegin, begin, "not_approved");
  ExpectRefusal(world, 0, HubMessageKind::kDescribe, core::Encode(DescribeAsk{}), "not_approved");
  ExpectRefusal(world, 0, HubMessageKind::kUpload, core::Encode(UploadAsk{}), "not_approved");
}

TEST(Attack, NothingRunsAfterAWithdrawal) {
  const auto world = Running();
  Must(Decide(world->folders().site_folder(1), core::ToHex(world->study().hash()),
              StewardSays::kReject));
  const auto round = world->Begin(world->request());
  ExpectRefusal(*world, 1, HubMessageKind::kUpload,
                AgentWorld::Upload(world->request(), round.header()), "not_approved");
}

TEST(Attack, DifferentStatesToDifferentSites) {
  const auto world = Running();
  const federation::RoundRequest other = WithOtherState(world->request());
  auto round = world->Begin(world->request());
  const auto other_round = world->Begin(other);
  for (std::size_t s = 0; s < kSites; ++s) {
    const bool lied_to = s >= 2;
    const AgentReply reply =
        world->Ask(s, HubMessageKind::kUpload,
                   AgentWorld::Upload(lied_to ? other : world->request(),
                                      lied_to ? other_round.header() : round.header()));
    ASSERT_EQ(reply.reason(),
              "answered");  // masked under its header: worth nothing beside the others
    EXPECT_EQ(round.AddUpload(reply.body).has_value(), !lied_to);
  }
  const federation::SiteSet all = {0, 1, 2, 3};
  const auto ask = core::Encode(federation::SurvivorRequest{round.header(), all});
  ExpectRefusal(*world, 2, HubMessageKind::kSurvivors, ask, "not_uploaded");
  const auto half = core::Encode(federation::SurvivorRequest{round.header(), {0, 1}});
  ExpectRefusal(*world, 0, HubMessageKind::kSurvivors, half, "too_few_survivors");
  ExpectRefusal(*world, 2, HubMessageKind::kUpload,
                AgentWorld::Upload(world->request(), round.header()), "two_headers");
}

TEST(Attack, AReplayedRoundGivesTheSameBytesAndNoOthers) {
  const auto world = Running();
  const auto round = world->Begin(world->request());
  const core::Bytes ask = AgentWorld::Upload(world->request(), round.header());
  const AgentReply first = world->Ask(0, HubMessageKind::kUpload, ask);
  EXPECT_EQ(world->Ask(0, HubMessageKind::kUpload, ask).body, first.body);
  const federation::RoundRequest other = WithOtherState(world->request());
  ExpectRefusal(*world, 0, HubMessageKind::kUpload,
                AgentWorld::Upload(other, world->Begin(other).header()), "two_headers");
  // The header of one question over the parameters of another.
  ExpectRefusal(*world, 0, HubMessageKind::kUpload, AgentWorld::Upload(other, round.header()),
                "wrong_header");
}

TEST(Attack, TwoSurvivorSets) {
  const auto world = Running();
  const auto round = world->Begin(world->request());
  world->Ask(0, HubMessageKind::kUpload, AgentWorld::Upload(world->request(), round.header()));
  const auto all = core::Encode(federation::SurvivorRequest{round.header(), {0, 1, 2, 3}});
  EXPECT_EQ(world->Ask(0, HubMessageKind::kSurvivors, all).reason(), "answered");
  const auto three = core::Encode(federation::SurvivorRequest{round.header(), {0, 1, 2}});
  ExpectRefusal(*world, 0, HubMessageKind::kSurvivors, three, "two_survivor_sets");
  const auto unmask =
      core::Encode(federation::UnmaskRequest{.header = round.header(), .survivors = {0, 1, 2}});
  ExpectRefusal(*world, 0, HubMessageKind::kUnmask, unmask, "two_survivor_sets");
  const auto early = core::Encode(federation::UnmaskRequest{.header = round.header(),
                                                            .survivors = {0, 1, 2, 3},
                                                            .tags = {},
                                                            .sealed = std::vector<core::Bytes>(4)});
  ExpectRefusal(*world, 0, HubMessageKind::kUnmask, early, "too_few_statements");
}

TEST(Attack, AnUnknownSiteInTheRoster) {
  const auto world = Running();
  auto members = world->members();
  members.push_back({"intruder", Must(federation::SiteIdentity::Create()).public_key()});
  const auto roster = Must(federation::Roster::Create(members));
  ExpectRefusal(*world, 0, HubMessageKind::kBegin,
                core::Encode(BeginAsk{federation::NewRunId(), roster.Encoded()}), "wrong_roster");
  // Slipped in through a second offer: what the steward signed no longer fits.
  world->Tell(0, HubMessageKind::kOffer,
              core::Encode(StudyOffer{world->study().canonical_json(), roster.Encoded()}));
  ExpectRefusal(*world, 0, HubMessageKind::kDescribe, core::Encode(DescribeAsk{}), "wrong_roster");
}

TEST(Attack, UnapprovedStepsAnalysesAndStudies) {
  const auto world = Running();
  federation::RoundRequest request = world->request();
  const auto ask = [&](const federation::RoundRequest& r) {
    return AgentWorld::Upload(r, world->Begin(r).header());
  };
  request.step = "summary.moments";
  ExpectRefusal(*world, 0, HubMessageKind::kUpload, ask(request), "unapproved_step");
  request = world->request();
  request.analysis = "another";
  ExpectRefusal(*world, 0, HubMessageKind::kUpload, ask(request), "unknown_analysis");
  request = world->request();
  request.exponents.push_back(3);
  ExpectRefusal(*world, 0, HubMessageKind::kUpload, ask(request), "wrong_layout");
  federation::RoundHeader header = world->Begin(world->request()).header();
  header.study = core::Blake2b("another study");
  ExpectRefusal(*world, 0, HubMessageKind::kUpload, AgentWorld::Upload(world->request(), header),
                "wrong_study");
  header = world->Begin(world->request()).header();
  header.elements += 1;
  ExpectRefusal(*world, 0, HubMessageKind::kUpload, AgentWorld::Upload(world->request(), header),
                "wrong_header");
}

TEST(Attack, MoreStudiesThanADayAllows) {
  AgentWorld world(kSites, "studies_per_day = 1\n");
  const auto begin = [&] {
    return core::Encode(BeginAsk{federation::NewRunId(), world.roster().Encoded()});
  };
  world.OfferAndApprove(StudyText(kSites));
  EXPECT_EQ(world.Ask(0, HubMessageKind::kBegin, begin()).reason(), "answered");
  EXPECT_EQ(world.Ask(0, HubMessageKind::kBegin, begin()).reason(), "answered");  // the same study
  world.OfferAndApprove(StudyText(kSites) + "\n[privacy]\nminimum_count = 6\n");
  ExpectRefusal(world, 0, HubMessageKind::kBegin, begin(), "study_limit");
}

TEST(Attack, AnotherSchemaWithinARun) {
  const auto world = Running();
  auto frozen = Must(core::Decode<FrozenTable>(world->frozen()));
  frozen.minimum_count = 0;
  ExpectRefusal(*world, 0, HubMessageKind::kFreeze, core::Encode(frozen), "two_schemas");
}

TEST(Attack, MalformedMessagesAreRefused) {
  const auto world = Running();
  for (const auto kind : {HubMessageKind::kBegin, HubMessageKind::kDescribe,
                          HubMessageKind::kAccept, HubMessageKind::kFreeze, HubMessageKind::kUpload,
                          HubMessageKind::kSurvivors, HubMessageKind::kUnmask}) {
    EXPECT_EQ(world->Ask(0, kind, {1, 2, 3}).reason(), "malformed");
  }
}

}  // namespace
}  // namespace clinnova::network

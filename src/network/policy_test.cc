// SPDX-License-Identifier: Apache-2.0
// A site's policy as the hub meets it: at a serving agent, and over the network.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "network/agent_world.h"
#include "network/policy_proposal.h"

namespace clinnova::network {
namespace {

constexpr std::size_t kSites = 4;
using nlohmann::json;

/// The bodies of a site's ledger entries of one kind.
std::vector<json> Noted(const NetworkWorld& world, std::size_t site, federation::LedgerKind kind) {
  const auto log = Must(ReadReleaseLog(world.site_folder(site)));
  if (log.check.fault) throw std::runtime_error(log.check.fault->what);
  std::vector<json> bodies;
  for (const auto& entry : log.entries)
    if (entry.kind == kind) bodies.push_back(json::parse(entry.body));
  return bodies;
}

/// A file with [policy] and these lines, beside the sites.
std::string PolicyFile(const NetworkWorld& world, const std::string& lines) {
  const std::string file = (world.folder() / "proposed.toml").string();
  std::ofstream(file) << "[policy]\n" << lines;
  return file;
}

/// StudyText with who asks.
std::string StudyBy(const std::string& researcher) {
  std::string text = StudyText(kSites);
  const std::string at = "permit = ";
  return text.insert(text.find(at), "researcher = \"" + researcher + "\"\n");
}

core::Bytes BeginOf(AgentWorld& world) {
  return core::Encode(BeginAsk{federation::NewRunId(), world.roster().Encoded()});
}

std::unique_ptr<AgentWorld> Running() {
  auto world = std::make_unique<AgentWorld>(kSites);
  world->OfferAndApprove(StudyBy("A. Muster"));
  world->EnterRun();
  return world;
}

/// What site 0 says to the first round under its policy of now, and that it does not compute.
std::string UploadUnder(AgentWorld& world, const std::string& lines) {
  Must(SetPolicy(world.folders().site_folder(0), PolicyFile(world.folders(), lines), "Steward"));
  const auto round = world.Begin(world.request());
  return world.Ask(0, HubMessageKind::kUpload, AgentWorld::Upload(world.request(), round.header()))
      .reason();
}

TEST(Policy, HoldsForTheNextQuestionOfARunningStudy) {
  const auto world = Running();
  EXPECT_EQ(UploadUnder(*world, "expires = 2020-01-31\n"), "policy_expired");
  EXPECT_EQ(UploadUnder(*world, "researchers = [\"B. Muster\"]\n"), "researcher_not_allowed");
  EXPECT_EQ(UploadUnder(*world, "purposes = [\"another\"]\n"), "purpose_not_allowed");
  EXPECT_EQ(UploadUnder(*world, "permits = [\"another\"]\n"), "permit_not_allowed");
  EXPECT_EQ(UploadUnder(*world, "methods = [\"cox\"]\n"), "method_not_allowed");
  EXPECT_EQ(UploadUnder(*world, "variables = [\"age\", \"drug\"]\n"), "variable_not_allowed");
  EXPECT_EQ(UploadUnder(*world, "minimum_sites = 5\n"), "too_few_sites");
  EXPECT_TRUE(Noted(world->folders(), 0, federation::LedgerKind::kRound).empty());
  // Each refusal is on record, and what the policy allows again runs.
  EXPECT_EQ(Noted(world->folders(), 0, federation::LedgerKind::kRefusal).size(), 7u);
  EXPECT_EQ(UploadUnder(*world,
                        "researchers = [\"A. Muster\"]\npurposes = [\"test\"]\n"
                        "permits = [\"none\"]\nmethods = [\"glm\", \"summary\"]\n"
                        "variables = [\"age\", \"crp\", \"drug\", \"response\"]\n"
                        "expires = 2999-12-31\n"),
            "answered");
}

TEST(Policy, ReachesUnmaskingToo) {
  const auto world = Running();
  Must(SetPolicy(world->folders().site_folder(0),
                 PolicyFile(world->folders(), "methods = [\"cox\"]\n"), "Steward"));
  for (const auto kind : {HubMessageKind::kDescribe, HubMessageKind::kAccept,
                          HubMessageKind::kSurvivors, HubMessageKind::kUnmask}) {
    EXPECT_EQ(world->Ask(0, kind, {}).reason(), "method_not_allowed");
  }
}

TEST(Policy, TightensTheThresholdsOfARunningStudy) {
  const auto world = Running();
  EXPECT_EQ(UploadUnder(*world, "minimum_count = 61\n"), "answered");  // contributes nothing
  EXPECT_EQ(UploadUnder(*Running(), "information_share = 0.0\n"), "information_budget");
}

TEST(Policy, RefusesEverythingWhileItCannotBeRead) {
  const auto world = Running();
  const std::filesystem::path file = world->folders().site_folder(0) / "site.toml";
  const std::string text = Must(ReadTextFile(file));
  std::ofstream(file, std::ios::app) << "minimum_cuont = 5\n";
  EXPECT_EQ(world->Ask(0, HubMessageKind::kBegin, BeginOf(*world)).reason(), "policy_unreadable");
  std::ofstream(file) << text;
  EXPECT_EQ(world->Ask(0, HubMessageKind::kDescribe, core::Encode(DescribeAsk{})).reason(),
            "answered");
}

TEST(Policy, KeepsColumnsFromBeingDescribed) {
  AgentWorld world(kSites, "variables = [\"age\", \"crp\", \"drug\", \"response\"]\n");
  world.OfferAndApprove(StudyText(kSites));
  EXPECT_EQ(world.Ask(0, HubMessageKind::kBegin, BeginOf(world)).reason(), "answered");
  EXPECT_EQ(world.Ask(0, HubMessageKind::kDescribe, core::Encode(DescribeAsk{})).reason(),
            "answered");
  // An analysis that is only called as a column is would have its levels told.
  std::string named = StudyText(kSites);
  named.replace(named.find("\"ages\""), 6, "\"sex\"");
  world.OfferAndApprove(named);
  EXPECT_EQ(world.Ask(0, HubMessageKind::kBegin, BeginOf(world)).reason(), "answered");
  EXPECT_EQ(world.Ask(0, HubMessageKind::kDescribe, core::Encode(DescribeAsk{})).reason(),
            "variable_not_allowed");
}

TEST(Policy, IsAskedBeforeASignature) {
  AgentWorld world(kSites, "methods = [\"cox\"]\n");
  world.Offer(StudyText(kSites));
  for (int i = 0; i < 100 && Must(OfferedStudies(world.folders().site_folder(0))).empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::string hash = core::ToHex(world.study().hash());
  const auto decided = Decide(world.folders().site_folder(0), hash, StewardSays::kApprove);
  ASSERT_FALSE(decided);
  EXPECT_EQ(decided.error().code, ErrorCode::kRefused);
  EXPECT_EQ(decided.error().reason, "method_not_allowed");
  EXPECT_TRUE(Decide(world.folders().site_folder(0), hash, StewardSays::kReject));
}

TEST(Policy, IsInTheLedgerWithWhoChangedWhat) {
  NetworkWorld world(kSites);
  world.StartHub();
  world.InitSites();
  const auto set =
      Must(SetPolicy(world.site_folder(0), PolicyFile(world, "minimum_count = 7\n"), "A. Muster"));
  EXPECT_TRUE(set.recorded);
  {
    const auto noted = Noted(world, 0, federation::LedgerKind::kPolicy);
    ASSERT_EQ(noted.size(), 2u);
    EXPECT_EQ(noted[0]["how"], "found");
    EXPECT_EQ(noted[0]["policy"]["minimum_count"], 5);
    EXPECT_EQ(noted[1]["by"], "A. Muster");
    EXPECT_EQ(noted[1]["how"], "set");
    EXPECT_EQ(noted[1]["before"], noted[0]["after"]);
    EXPECT_EQ(noted[1]["after"], core::ToHex(federation::PolicyHash(set.proposal.after)));
    EXPECT_EQ(noted[1]["policy"]["minimum_count"], 7);
  }
  world.StartSite(0);  // now the serving site has the ledger
  const auto again = Must(SetPolicy(
      world.site_folder(0), PolicyFile(world, "minimum_count = 9\nmethods = [\"glm\"]\n"), "B."));
  EXPECT_FALSE(again.recorded);
  std::vector<json> noted;
  for (int i = 0; i < 200 && noted.size() < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
    noted = Noted(world, 0, federation::LedgerKind::kPolicy);
  }
  ASSERT_EQ(noted.size(), 3u);
  EXPECT_EQ(noted[2]["by"], "B.");
  EXPECT_EQ(noted[2]["before"], noted[1]["after"]);
  EXPECT_EQ(noted[2]["changes"], json::parse(R"({"minimum_count":{"from":7,"to":9},
                                                 "methods":{"from":[],"to":["glm"]}})"));
  world.StopSite(0);
  // By hand, while nobody serves: found at the next start, and nobody is named.
  const std::filesystem::path file = world.site_folder(0) / "site.toml";
  std::string text = Must(ReadTextFile(file));
  text.replace(text.find("minimum_count = 9"), 17, "minimum_count = 8");
  std::ofstream(file) << text;
  world.StartSite(0);
  noted = Noted(world, 0, federation::LedgerKind::kPolicy);
  ASSERT_EQ(noted.size(), 4u);
  EXPECT_EQ(noted[3]["how"], "edited");
  EXPECT_FALSE(noted[3].contains("by"));
  EXPECT_EQ(noted[3]["changes"]["minimum_count"]["to"], 8);
}

TEST(Policy, TellsWhatItDoesToApprovedStudies) {
  AgentWorld world(kSites);
  world.OfferAndApprove(StudyBy("A. Muster"));
  const auto folder = world.folders().site_folder(0);
  const auto check = [&](const std::string& lines) {
    return Must(CheckPolicy(folder, PolicyFile(world.folders(), lines)));
  };
  const auto refused = check("minimum_count = 5\nminimum_sites = 3\nmethods = [\"cox\"]\n");
  ASSERT_EQ(refused.studies.size(), 1u);
  EXPECT_FALSE(refused.studies[0].before);
  ASSERT_TRUE(refused.studies[0].after);
  EXPECT_EQ(refused.studies[0].after->reason, "method_not_allowed");
  ASSERT_EQ(refused.changes.size(), 1u);
  EXPECT_EQ(refused.changes[0].key, "methods");
  const auto stricter = check("minimum_count = 12\nrounds_per_study = 7\n");
  ASSERT_EQ(stricter.studies.size(), 1u);
  EXPECT_FALSE(stricter.studies[0].after);
  ASSERT_EQ(stricter.studies[0].thresholds.size(), 2u);
  EXPECT_EQ(stricter.studies[0].thresholds[0].key, "minimum_count");
  EXPECT_EQ(stricter.studies[0].thresholds[0].from, "5");
  EXPECT_EQ(stricter.studies[0].thresholds[0].to, "12");
  EXPECT_EQ(check("rounds_per_study = 0\n").studies[0].after->reason, "round_limit");
  // The check changed nothing.
  EXPECT_EQ(Must(ReadSiteConfig(folder)).policy, federation::SitePolicy{});
}

TEST(Policy, TakesAFileOfTheSectionAlone) {
  NetworkWorld world(kSites);
  world.StartHub();
  world.InitSites();
  const auto wrong = [&](const std::string& text) {
    const std::string file = (world.folder() / "wrong.toml").string();
    std::ofstream(file) << text;
    const auto checked = CheckPolicy(world.site_folder(0), file);
    if (checked) return std::string("accepted");
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalidInput);
    return checked.error().message;
  };
  EXPECT_NE(wrong("minimum_count = 5\n").find("expected the section [policy] alone"),
            std::string::npos);
  EXPECT_NE(wrong("").find("policy: found nothing"), std::string::npos);
  EXPECT_NE(wrong("[policy]\nmethods = [\"glmm\"]\n")
                .find("wrong.toml:2: policy.methods: found \"glmm\", expected one of "),
            std::string::npos);
  EXPECT_NE(wrong("[policy\n").find("wrong.toml:1: "), std::string::npos);
  const auto nobody = SetPolicy(world.site_folder(0), PolicyFile(world, ""), "");
  ASSERT_FALSE(nobody);
  EXPECT_NE(nobody.error().message.find("--by"), std::string::npos);
}

TEST(Policy, ReplacesItsSectionOfSiteTomlAndNothingElse) {
  const std::string proposed = "# new\n[policy]\nmethods = [\n  \"glm\",\n  \"cox\"]\n";
  const std::string head = "name = \"a\" # here\nhub = \"h:1\"\n\n";
  const std::string tail = "\n# the door\n[bedside]\nhttp = 8080\n";
  const std::string old = "# old\n[policy]\nminimum_count = 5\n# old, too\nmethods = [\n\"x\"]\n";
  EXPECT_EQ(Must(WithPolicySection(head + old + tail, "site.toml", proposed)),
            head + proposed + tail);
  EXPECT_EQ(Must(WithPolicySection(head + proposed + tail, "site.toml", proposed)),
            head + proposed + tail);
  EXPECT_EQ(Must(WithPolicySection(head + old, "site.toml", proposed)), head + proposed);
  EXPECT_EQ(Must(WithPolicySection("name = \"a\"", "site.toml", proposed)),
            "name = \"a\"\n\n" + proposed);
  for (const std::string form :
       {"policy = { minimum_count = 5 }\nname = \"a\"\n", "policy.minimum_count = 5\nhub = \"h\"\n",
        "name = \"\"\"\n[policy]\n\"\"\"\npolicy.minimum_count = 5\nhub = \"h\"\n"}) {
    const auto result = WithPolicySection(form, "site.toml", proposed);
    ASSERT_FALSE(result) << *result;
    EXPECT_NE(result.error().message.find("nothing was changed"), std::string::npos);
  }
}

TEST(Policy, LetsThePolicysOwnStudyFinish) {
  NetworkWorld world(kSites);
  world.StartHub();
  world.InitSites();
  for (std::size_t s = 0; s < kSites; ++s) {
    Must(SetPolicy(world.site_folder(s),
                   PolicyFile(world,
                              "researchers = [\"A. Muster\"]\nmethods = [\"glm\", \"summary\"]\n"
                              "variables = [\"age\", \"crp\", \"drug\", \"response\"]\n"
                              "expires = 2999-12-31\n"),
                   "Steward"));
  }
  world.StartSites();
  const std::string hash = world.Submit(StudyBy("A. Muster"));
  world.ApproveEverywhere(hash);
  const auto status = world.WaitFor(hash);
  EXPECT_EQ(status.state, "finished") << status.error;
}

TEST(Policy, EndsAStudyThatItNoLongerAllows) {
  NetworkWorld world(kSites);
  world.StartHub();
  world.InitSites();
  for (std::size_t s = 0; s + 1 < kSites; ++s) world.StartSite(s);
  const std::string hash = world.Submit(StudyBy("A. Muster"));
  world.StartSite(kSites - 1);
  for (std::size_t s = 0; s + 1 < kSites; ++s) world.Approve(s, hash);
  // Between the one site's signature and its first round; the others would run it.
  std::string error;
  {
    world.StopSite(0);
    world.Approve(kSites - 1, hash);
    Must(SetPolicy(world.site_folder(0), PolicyFile(world, "researchers = [\"B. Muster\"]\n"),
                   "Steward"));
    world.StartSite(0);
    const auto status = world.WaitFor(hash);
    EXPECT_EQ(status.state, "failed");
    error = status.error;
  }
  EXPECT_NE(error.find("researcher_not_allowed"), std::string::npos) << error;
  EXPECT_TRUE(Noted(world, 0, federation::LedgerKind::kRound).empty());
}

}  // namespace
}  // namespace clinnova::network

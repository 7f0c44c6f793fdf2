// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <ctime>
#include <memory>

#include "federation/ledger.h"
#include "federation/ledger_signing_record.h"
#include "federation/secret_file.h"
#include "federation/secure_sum_world.h"
#include "federation/test_folder.h"

namespace clinnova::federation {
namespace {

TEST(SecureSum, GivesTheExactSumOfManyRounds) {
  SecureSumWorld world(5);
  const std::size_t elements = 231;
  const int rounds = 100;
  std::clock_t used = 0;
  for (int number = 1; number <= rounds; ++number) {
    SecureSumRound round = world.Begin(static_cast<std::uint64_t>(number), elements);
    const std::clock_t begin = std::clock();
    world.UploadAll(round);
    world.StateAll(round);
    world.UnmaskAll(round);
    const auto sum = round.Finish();
    used += std::clock() - begin;
    ASSERT_TRUE(sum) << sum.error().message;
    EXPECT_EQ(sum->elements, world.Expected(world.Everyone(), round.header().round, elements));
  }
  const double seconds = static_cast<double>(used) / CLOCKS_PER_SEC;
  RecordProperty("milliseconds_of_cpu_per_round", std::to_string(1000 * seconds / rounds));
}

TEST(SecureSum, LongVectorsAndManySitesFitTheMessageLimit) {
  SecureSumWorld world(10);
  SecureSumRound round = world.Begin(1, 20'000);
  EXPECT_LE(Must(world.UploadOf(0, round)).size(), MostMessageBytes(20'000, 10));
  world.UploadAll(round);
  world.StateAll(round);
  world.UnmaskAll(round);
  EXPECT_EQ(round.Finish()->elements, world.Expected(world.Everyone(), 1, 20'000));
  EXPECT_EQ(round.AddUpload(core::Bytes(MostMessageBytes(20'000, 10) + 1)).error().reason,
            "malformed");
}

TEST(SecureSum, TranscriptProvesWhoTookPart) {
  SecureSumWorld world(4);
  SecureSumRound round = world.Begin(1);
  world.Upload(round, {0, 1, 3});
  world.StateAll(round);
  world.UnmaskAll(round);
  const RoundTranscript transcript = round.Finish()->transcript;
  EXPECT_EQ(transcript.header, round.header());
  EXPECT_EQ(transcript.sum_hash, core::Blake2b(core::Encode(world.Expected({0, 1, 3}, 1))));
  ASSERT_EQ(transcript.statements.size(), 3u);
  for (const SignedMessage& message : transcript.statements) {
    ASSERT_TRUE(CheckSignature(world.roster(), message, SurvivorStatement::kContext));
    const auto statement = OpenSigned<SurvivorStatement>(message);
    EXPECT_EQ(statement->survivors, (SiteSet{0, 1, 3}));
    EXPECT_EQ(statement->header, HeaderHash(round.header()));
  }
}

/// A site whose process can die: what it knows is in its ledger and its file of secrets.
class KeptSite {
 public:
  KeptSite(SecureSumWorld& world, std::size_t index, const RunId& run)
      : world_(world), index_(index), run_(run) {
    Open();
    site_ = Must(SecureSumSite::Begin(Options()));
    Keep();
  }
  SecureSumSite& site() { return *site_; }
  void Keep() { Must(ReplaceSecretFile(secrets_, site_->Save().bytes())); }

  /// kill -9, then a new process.
  void Restart() {
    site_.reset();
    record_.reset();
    ledger_.reset();
    Open();
    const SecretBuffer saved = Must(ReadSecretFile(secrets_));
    site_ = Must(SecureSumSite::Resume(Options(), saved.bytes()));
  }
  LedgerCheck Verify() const {
    return Must(VerifyLedger(path_, world_.identity(index_).public_key()));
  }
  LedgerEntry LastEntry() const { return Must(ledger_->Entries()).back(); }

 private:
  void Open() {
    ledger_ = Must(Ledger::Open({.path = path_, .identity = &world_.identity(index_)}));
    record_ = Must(LedgerSigningRecord::Load(*ledger_));
  }
  SecureSumSite::Options Options() {
    auto options = world_.OptionsOf(index_);
    options.run = run_;
    options.record = record_.get();
    return options;
  }

  SecureSumWorld& world_;
  std::size_t index_;
  RunId run_;
  TestFolder folder_;
  std::filesystem::path path_ = folder_.path() / "ledger.jsonl";
  std::filesystem::path secrets_ = folder_.path() / "run.secret";
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<LedgerSigningRecord> record_;
  std::optional<SecureSumSite> site_;
};

TEST(SecureSum, SitesThatDieAtEveryStepGiveTheSameSumAndKeepTheirWord) {
  SecureSumWorld world(3);
  SecureSumHub hub = *SecureSumHub::Create(world.roster(), NewRunId(), world.study(), {});
  std::vector<std::unique_ptr<KeptSite>> sites;
  for (std::size_t i = 0; i < 3; ++i) {
    sites.push_back(std::make_unique<KeptSite>(world, i, hub.run()));
    sites[i]->Restart();
    ASSERT_TRUE(hub.AddAnnouncement(*sites[i]->site().Announce()));
    sites[i]->Restart();
  }
  const core::Bytes list = *hub.CloseAnnouncements();
  for (auto& site : sites) {
    ASSERT_TRUE(site->site().Accept(list));
    site->Restart();  // before the list was kept: the hub sends it again
    ASSERT_TRUE(site->site().Accept(list));
    site->Keep();
    site->Restart();
    EXPECT_TRUE(site->site().accepted());
  }
  SecureSumRound round = *hub.BeginRound(SecureSumWorld::Question(1));
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(round.AddUpload(*sites[i]->site().Upload(round.header(), world.Numbers(i, 1))));
    sites[i]->Restart();
  }
  const core::Bytes request = *round.NameSurvivors({0, 1, 2});
  for (auto& site : sites) {
    ASSERT_TRUE(round.AddStatement(*site->site().SignSurvivors(request)));
    site->Restart();
  }
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(round.AddUnmasking(*sites[i]->site().Unmask(*round.UnmaskRequestFor(i))));
    sites[i]->Restart();
  }
  EXPECT_EQ(round.Finish()->elements, world.Expected({0, 1, 2}, 1));

  const auto refused = sites[0]->site().Upload(round.header(), world.Numbers(0, 2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "upload_changed");
  EXPECT_EQ(sites[0]->LastEntry().kind, LedgerKind::kRefusal);
  EXPECT_NE(sites[0]->LastEntry().body.find("upload_changed"), std::string::npos);
  for (const auto& site : sites) EXPECT_FALSE(site->Verify().fault);
}

}  // namespace
}  // namespace clinnova::federation

// SPDX-License-Identifier: Apache-2.0
// Worlds of 3 to 10 sites by seed: every pattern of drop-out, and a link that drops, delays, repeats,
// reorders and corrupts.
#include "federation/secure_sum_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <numeric>
#include <random>

namespace clinnova::federation {
namespace {

/// The last thing that a site does in a round before it is gone.
enum class Fate { kNothing, kUploads, kStates, kUnmasks };

SiteSet AtLeast(const std::vector<Fate>& fates, Fate least) {
  SiteSet sites;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    if (fates[i] >= least) sites.push_back(i);
  }
  return sites;
}

/// One round in which each site goes as far as its fate lets it; checks the outcome.
void PlayFates(const std::vector<Fate>& fates) {
  SecureSumWorld world(fates.size());
  SecureSumRound round = world.Begin(1);
  const std::size_t threshold = world.roster().threshold();
  const SiteSet uploads = AtLeast(fates, Fate::kUploads);
  const SiteSet states = AtLeast(fates, Fate::kStates);
  const SiteSet unmasks = AtLeast(fates, Fate::kUnmasks);

  world.Upload(round, uploads);
  const auto named = round.NameSurvivors(uploads);
  ASSERT_EQ(named.has_value(), uploads.size() >= threshold);
  if (!named) {
    EXPECT_EQ(named.error().reason, "too_few_survivors");
    for (const SiteIndex missing : AtLeast(fates, Fate::kNothing)) {
      const bool said =
          named.error().message.find("site" + std::to_string(missing)) != std::string::npos;
      EXPECT_EQ(said, !Contains(uploads, missing)) << named.error().message;
    }
    return;
  }
  world.State(round, states);
  ASSERT_EQ(round.CanUnmask(), states.size() >= threshold);
  if (!round.CanUnmask()) {
    EXPECT_FALSE(round.UnmaskRequestFor(uploads.front()));
    return;
  }
  world.Unmask(round, unmasks);
  EXPECT_EQ(round.CanFinish(), unmasks.size() >= threshold);
  const auto sum = round.Finish();
  ASSERT_EQ(sum.has_value(), unmasks.size() >= threshold) << (sum ? "" : sum.error().message);
  if (!sum) {
    EXPECT_EQ(sum.error().reason, "too_few_shares");
    return;
  }
  EXPECT_EQ(sum->elements, world.Expected(uploads, 1));
  EXPECT_EQ(sum->transcript.survivors, uploads);
  EXPECT_EQ(sum->transcript.unmaskers, unmasks);
}

TEST(SecureSumWorld, SurvivesEveryDropOutPatternOfThreeAndFourSites) {
  for (const std::size_t sites : {3u, 4u}) {
    const std::size_t patterns = std::size_t{1} << (2 * sites);
    for (std::size_t pattern = 0; pattern < patterns; ++pattern) {
      std::vector<Fate> fates;
      for (std::size_t i = 0; i < sites; ++i)
        fates.push_back(static_cast<Fate>(pattern >> (2 * i) & 3));
      SCOPED_TRACE(testing::Message() << sites << " sites, pattern " << pattern);
      PlayFates(fates);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

/// Calls `visit` with every way to spread `sites` sites over the four fates.
void ForEachCount(std::size_t sites, const std::function<void(std::vector<Fate>)>& visit) {
  for (std::size_t a = 0; a <= sites; ++a) {
    for (std::size_t b = 0; a + b <= sites; ++b) {
      for (std::size_t c = 0; a + b + c <= sites; ++c) {
        std::vector<Fate> fates(sites, Fate::kUnmasks);
        std::fill_n(fates.begin(), a, Fate::kNothing);
        std::fill_n(fates.begin() + static_cast<long>(a), b, Fate::kUploads);
        std::fill_n(fates.begin() + static_cast<long>(a + b), c, Fate::kStates);
        visit(std::move(fates));
      }
    }
  }
}

TEST(SecureSumWorld, SurvivesDropOutsInEveryNumberAtEveryStageOfFiveToTenSites) {
  std::mt19937_64 random(20260101);
  for (std::size_t sites = 5; sites <= 10; ++sites) {
    const std::size_t stride = sites <= 6 ? 1 : sites <= 8 ? 2 : 6;
    std::size_t number = 0;
    ForEachCount(sites, [&](std::vector<Fate> fates) {
      if (number++ % stride != 0) return;
      std::shuffle(fates.begin(), fates.end(), random);
      SCOPED_TRACE(testing::Message() << sites << " sites, pattern " << number - 1);
      PlayFates(fates);
    });
  }
}

TEST(SecureSumWorld, AsksForMoreSitesThanTheThresholdWhereTheStewardsDo) {
  SecureSumWorld world(4, 4);
  SecureSumRound round = world.Begin(1);
  world.Upload(round, {0, 1, 2});
  EXPECT_EQ(round.NameSurvivors({0, 1, 2}).error().reason, "too_few_survivors");
  world.Upload(round, {3});
  world.StateAll(round);
  world.UnmaskAll(round);
  EXPECT_EQ(round.Finish()->elements, world.Expected({0, 1, 2, 3}, 1));
}

TEST(SecureSumWorld, GoesOnWithoutASiteThatNeverAnnouncedItself) {
  SecureSumWorld world(5);
  SecureSumHub hub = *SecureSumHub::Create(world.roster(), NewRunId(), world.study(), {});
  std::vector<SecureSumSite> sites;
  std::vector<MemorySigningRecord> records(5);
  for (const std::size_t i : {0u, 2u, 3u, 4u}) {
    auto options = world.OptionsOf(i);
    options.run = hub.run();
    options.record = &records[i];
    sites.push_back(*SecureSumSite::Begin(options));
    ASSERT_TRUE(hub.AddAnnouncement(*sites.back().Announce()));
  }
  const core::Bytes list = *hub.CloseAnnouncements();
  SecureSumRound round = *hub.BeginRound(SecureSumWorld::Question(1));
  const SiteSet present = {0, 2, 3, 4};
  for (std::size_t k = 0; k < 4; ++k) {
    ASSERT_TRUE(sites[k].Accept(list));
    ASSERT_TRUE(round.AddUpload(*sites[k].Upload(round.header(), world.Numbers(present[k], 1))));
  }
  const core::Bytes request = *round.NameSurvivors(present);
  for (SecureSumSite& site : sites) ASSERT_TRUE(round.AddStatement(*site.SignSurvivors(request)));
  for (std::size_t k = 0; k < 4; ++k) {
    ASSERT_TRUE(round.AddUnmasking(*sites[k].Unmask(*round.UnmaskRequestFor(present[k]))));
  }
  EXPECT_EQ(round.Finish()->elements, world.Expected(present, 1));
}

TEST(SecureSumWorld, GivesTheSameBytesAfterARestartAtAnyPoint) {
  SecureSumWorld world(4);
  SecureSumRound round = world.Begin(1);
  const core::Bytes upload = *world.UploadOf(1, round);
  world.Restart(1);
  EXPECT_EQ(*world.UploadOf(1, round), upload);
  world.UploadAll(round);
  const core::Bytes request = *round.NameSurvivors(round.uploaded());
  const core::Bytes statement = *world.site(1).SignSurvivors(request);
  world.Restart(1);
  EXPECT_EQ(*world.site(1).SignSurvivors(request), statement);
  world.StateAll(round);
  const core::Bytes unmasking = *world.site(1).Unmask(*round.UnmaskRequestFor(1));
  world.Restart(1);
  EXPECT_EQ(*world.site(1).Unmask(*round.UnmaskRequestFor(1)), unmasking);
  world.UnmaskAll(round);
  EXPECT_EQ(round.Finish()->elements, world.Expected(world.Everyone(), 1));
}

TEST(SecureSumWorld, AHubThatForgotTheRoundGetsTheSameSumAgain) {
  SecureSumWorld world(5);
  std::vector<__int128> first;
  for (int life = 0; life < 2; ++life) {
    SecureSumRound round = world.Begin(7);
    world.Upload(round, {0, 1, 3, 4});
    world.StateAll(round);
    world.UnmaskAll(round);
    const auto sum = round.Finish();
    ASSERT_TRUE(sum) << sum.error().message;
    if (life == 0) first = sum->elements;
    EXPECT_EQ(sum->elements, first);
  }
}

// ---- an unreliable link

struct LinkFaults {
  double drop = 0;
  double repeat = 0;
  double corrupt = 0;
};

/// Carries messages in random order, and not all of them whole.
class Link {
 public:
  Link(std::uint64_t seed, LinkFaults faults) : random_(seed), faults_(faults) {}

  using Delivery = std::function<void(const core::Bytes&)>;
  void Send(core::Bytes message, Delivery deliver) {
    if (Happens(faults_.drop)) return;
    if (Happens(faults_.repeat)) waiting_.push_back({message, deliver});
    if (Happens(faults_.corrupt)) Corrupt(message);
    waiting_.push_back({std::move(message), std::move(deliver)});
  }
  /// Delivers one waiting message, any of them; false when none is waiting.
  bool Step() {
    if (waiting_.empty()) return false;
    std::swap(waiting_[random_() % waiting_.size()], waiting_.back());
    const auto [message, deliver] = std::move(waiting_.back());
    waiting_.pop_back();
    deliver(message);
    return true;
  }

 private:
  struct Waiting {
    core::Bytes message;
    Delivery deliver;
  };

  bool Happens(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }
  void Corrupt(core::Bytes& message) {
    switch (random_() % 3) {
      case 0:
        message[random_() % message.size()] ^= static_cast<std::uint8_t>(1 << random_() % 8);
        break;
      case 1: message.resize(random_() % message.size()); break;
      default: message.push_back(static_cast<std::uint8_t>(random_()));
    }
  }

  std::mt19937_64 random_;
  LinkFaults faults_;
  std::vector<Waiting> waiting_;
};

/// A hub that asks again until everybody who is there has answered, over a bad link.
class LinkedRound {
 public:
  LinkedRound(SecureSumWorld& world, Link& link, std::uint64_t number)
      : world_(world), link_(link), round_(world.Begin(number)) {}

  void Play() {
    Repeat([&] { return round_.uploaded().size() == world_.size(); }, [&] { AskUploads(); });
    const auto named = round_.NameSurvivors(round_.uploaded());
    ASSERT_TRUE(named) << named.error().message;
    Repeat([&] { return round_.stated() == round_.uploaded(); }, [&] { AskStatements(*named); });
    ASSERT_TRUE(round_.CanUnmask());
    Repeat([&] { return round_.unmasked() == round_.uploaded(); }, [&] { AskUnmaskings(); });
    const auto sum = round_.Finish();
    ASSERT_TRUE(sum) << sum.error().message;
    EXPECT_EQ(sum->elements, world_.Expected(round_.uploaded(), round_.header().round));
    EXPECT_TRUE(round_.liars().empty());
  }

 private:
  static constexpr int kMostAttempts = 40;

  void Repeat(const std::function<bool()>& done, const std::function<void()>& ask) {
    for (int attempt = 0; attempt < kMostAttempts && !done(); ++attempt) {
      ask();
      while (link_.Step()) {
      }
    }
  }
  void Answer(Result<core::Bytes> answer, Result<void> (SecureSumRound::*add)(core::ByteView)) {
    if (!answer) return;
    link_.Send(std::move(*answer), [this, add](const core::Bytes& message) {
      const auto added = (round_.*add)(message);
      // A bad link must not make the hub blame a site.
      if (!added) {
        EXPECT_NE(added.error().reason, "site_broke_protocol") << added.error().message;
      }
    });
  }
  void AskUploads() {
    for (std::size_t i = 0; i < world_.size(); ++i) {
      link_.Send(core::Encode(round_.header()), [this, i](const core::Bytes& message) {
        const auto header = core::Decode<RoundHeader>(message);
        // What the caller of SecureSumSite::Upload has to check: that it was asked what it evaluates.
        if (!header || *header != round_.header()) return;
        Answer(world_.UploadOf(i, round_), &SecureSumRound::AddUpload);
      });
    }
  }
  void AskStatements(const core::Bytes& request) {
    for (const SiteIndex i : round_.uploaded()) {
      link_.Send(request, [this, i](const core::Bytes& message) {
        Answer(world_.site(i).SignSurvivors(message), &SecureSumRound::AddStatement);
      });
    }
  }
  void AskUnmaskings() {
    for (const SiteIndex i : round_.uploaded()) {
      link_.Send(*round_.UnmaskRequestFor(i), [this, i](const core::Bytes& message) {
        Answer(world_.site(i).Unmask(message), &SecureSumRound::AddUnmasking);
      });
    }
  }

  SecureSumWorld& world_;
  Link& link_;
  SecureSumRound round_;
};

TEST(SecureSumWorld, SumsExactlyOverALinkThatDropsRepeatsAndReorders) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    SecureSumWorld world(3 + seed % 8);
    Link link(seed, {.drop = 0.2, .repeat = 0.3, .corrupt = 0});
    for (std::uint64_t round = 1; round <= 3; ++round) LinkedRound(world, link, round).Play();
  }
}

TEST(SecureSumWorld, NeverSumsWhatALinkCorrupted) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    SecureSumWorld world(3 + seed % 8);
    Link link(seed, {.drop = 0.1, .repeat = 0.2, .corrupt = 0.2});
    for (std::uint64_t round = 1; round <= 2; ++round) LinkedRound(world, link, round).Play();
  }
}

}  // namespace
}  // namespace clinnova::federation

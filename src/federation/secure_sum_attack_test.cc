// SPDX-License-Identifier: Apache-2.0
// What a lying hub gets from sites: refusals with a reason, each in the record, and never a
// number. Each attack is tried in a world that works without it.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "federation/secure_sum_attacks.h"

namespace clinnova::federation {
namespace {

// ---- a hub that lies to sites

TEST(SecureSumAttack, TheHubCannotSendDifferentStatesInOneRound) {
  SecureSumWorld world(4);
  SecureSumRound round = world.Begin(1);
  RoundHeader other = round.header();
  other.parameters = core::Blake2b("a state for site 0 only");
  const core::Bytes upload = *world.site(0).Upload(other, world.Numbers(0, 1));
  world.Upload(round, {1, 2, 3});
  ExpectError(round.AddUpload(upload), "wrong_round");
  ExpectRefusal(world, 0, world.UploadOf(0, round), "two_headers");
  ExpectRefusal(world, 0, world.site(0).SignSurvivors(SurvivorsOf(round, {0, 1, 2, 3})),
                "not_uploaded");
  // A hub that pretends and adds the vectors anyway holds noise: the masks are of different headers.
  auto foreign = Must(core::Decode<Upload>(Must(core::Decode<SignedMessage>(upload)).body));
  auto genuine =
      Must(core::Decode<Upload>(Must(core::Decode<SignedMessage>(*world.UploadOf(1, round))).body));
  EXPECT_NE(foreign.commitments[1], genuine.commitments[0]);
}

TEST(SecureSumAttack, AReplayedRoundGivesTheSameBytesAndNeverOtherNumbersUnderTheSameMask) {
  SecureSumWorld world(3);
  SecureSumRound round = world.Begin(1);
  const core::Bytes first = *world.UploadOf(0, round);
  EXPECT_EQ(*world.UploadOf(0, round), first);
  ExpectRefusal(world, 0, world.site(0).Upload(round.header(), world.Numbers(0, 2)),
                "upload_changed");
  world.Restart(0);
  ExpectRefusal(world, 0, world.site(0).Upload(round.header(), world.Numbers(0, 2)),
                "upload_changed");
}

TEST(SecureSumAttack, TheHubCannotNameTwoSurvivorSets) {
  SecureSumWorld world(4);
  SecureSumRound round = world.Begin(1);
  world.UploadAll(round);
  ASSERT_TRUE(world.site(0).SignSurvivors(SurvivorsOf(round, {0, 1, 2, 3})));
  ExpectRefusal(world, 0, world.site(0).SignSurvivors(SurvivorsOf(round, {0, 1, 2})),
                "two_survivor_sets");
  world.Restart(0);
  ExpectRefusal(world, 0, world.site(0).SignSurvivors(SurvivorsOf(round, {0, 1, 2})),
                "two_survivor_sets");
}

TEST(SecureSumAttack, SitesThatWereToldDifferentSetsOpenNothing) {
  SecureSumWorld world(4);
  SecureSumRound round = world.Begin(1);
  world.UploadAll(round);
  const SiteSet all = {0, 1, 2, 3};
  const SiteSet fewer = {0, 1, 2};
  std::vector<SurvivorStatement> statements;
  for (const std::size_t i : {0u, 1u, 2u}) {
    const SiteSet& told = i == 2 ? fewer : all;
    const auto bytes = world.site(i).SignSurvivors(SurvivorsOf(round, told));
    ASSERT_TRUE(bytes);
    statements.push_back(
        Must(core::Decode<SurvivorStatement>(Must(core::Decode<SignedMessage>(*bytes)).body)));
  }
  const auto ask = [&](std::size_t site, const SiteSet& set) {
    UnmaskRequest request{.header = round.header(), .survivors = set};
    for (const SurvivorStatement& statement : statements) {
      if (statement.site != site) request.tags.push_back({statement.site, statement.tags[site]});
    }
    request.sealed.resize(set.size());
    return world.site(site).Unmask(core::Encode(request));
  };
  ExpectRefusal(world, 0, ask(0, all), "too_few_statements");
  ExpectRefusal(world, 0, ask(0, fewer), "two_survivor_sets");
  ExpectRefusal(world, 2, ask(2, fewer), "too_few_statements");
}

TEST(SecureSumAttack, TheHubCannotForgeOrRepeatStatements) {
  SecureSumWorld world(4);
  SecureSumRound round = world.Begin(1);
  world.UploadAll(round);
  world.StateAll(round);
  UnmaskRequest request = Must(core::Decode<UnmaskRequest>(*round.UnmaskRequestFor(0)));
  UnmaskRequest forged = request;
  for (SurvivorTag& tag : forged.tags) tag.tag[5] ^= 1;
  ExpectRefusal(world, 0, world.site(0).Unmask(core::Encode(forged)), "too_few_statements");
  forged = request;
  forged.tags = {request.tags[0], request.tags[0], request.tags[0], request.tags[0]};
  ExpectRefusal(world, 0, world.site(0).Unmask(core::Encode(forged)), "too_few_statements");
  forged = request;
  std::swap(forged.tags[0].tag, forged.tags[1].tag);
  ExpectRefusal(world, 0, world.site(0).Unmask(core::Encode(forged)), "too_few_statements");
  EXPECT_TRUE(world.site(0).Unmask(core::Encode(request)));
}

TEST(SecureSumAttack, TooSmallAndImpossibleSurvivorSetsAreRefused) {
  SecureSumWorld world(5);
  SecureSumRound round = world.Begin(1);
  world.UploadAll(round);
  const struct {
    SiteSet set;
    const char* reason;
  } cases[] = {{{0, 1, 2}, "too_few_survivors"}, {{0}, "too_few_survivors"},
               {{1, 2, 3, 4}, "not_a_survivor"}, {{}, "not_a_survivor"},
               {{0, 1, 2, 2}, "bad_set"},        {{3, 2, 1, 0}, "bad_set"},
               {{0, 1, 2, 5}, "bad_set"},        {{0, 1, 2, ~std::uint64_t{0}}, "bad_set"}};
  for (const auto& attack : cases) {
    ExpectRefusal(world, 0, world.site(0).SignSurvivors(SurvivorsOf(round, attack.set)),
                  attack.reason);
  }
  world.StateAll(round);
  world.UnmaskAll(round);
  EXPECT_TRUE(round.Finish());
}

TEST(SecureSumAttack, EachFieldOfAForeignHeaderIsRefused) {
  SecureSumWorld world(3);
  const RoundHeader good = world.Begin(1).header();
  const core::Hash other = core::Blake2b("other");
  struct Case {
    const char* reason;
    std::function<void(RoundHeader&)> change;
  };
  const Case cases[] = {{"wrong_run", [](RoundHeader& h) { h.run[0] ^= 1; }},
                        {"wrong_study", [&](RoundHeader& h) { h.study = other; }},
                        {"wrong_roster", [&](RoundHeader& h) { h.roster = other; }},
                        {"wrong_participants", [&](RoundHeader& h) { h.participants = other; }},
                        {"wrong_format", [](RoundHeader& h) { h.format = 2; }},
                        {"wrong_size", [](RoundHeader& h) { h.elements = 4; }},
                        {"wrong_size", [](RoundHeader& h) { h.elements = 0; }},
                        {"wrong_size", [](RoundHeader& h) { h.elements = ~std::uint64_t{0}; }}};
  for (const Case& attack : cases) {
    RoundHeader header = good;
    attack.change(header);
    ExpectRefusal(world, 0, world.site(0).Upload(header, world.Numbers(0, 1)), attack.reason);
  }
  EXPECT_TRUE(world.site(0).Upload(good, world.Numbers(0, 1)));
}

TEST(SecureSumAttack, OneQuestionIsNeverAnsweredForTwoSetsOfSites) {
  SecureSumWorld world(5);
  SecureSumRound round = world.Begin(1);
  world.UploadAll(round);
  world.StateAll(round);
  world.UnmaskAll(round);
  ASSERT_TRUE(round.Finish());
  // The same question in a later round, without site 4: the difference would be site 4's numbers.
  RoundHeader question = SecureSumWorld::Question(1);
  question.round = 2;
  SecureSumRound again = *world.hub().BeginRound(question);
  ASSERT_TRUE(world.site(0).Upload(again.header(), world.Numbers(0, 1)));
  ExpectRefusal(world, 0, world.site(0).SignSurvivors(SurvivorsOf(again, {0, 1, 2, 3})),
                "state_has_other_sites");
  // Nor a question that differs by a hair.
  SecureSumRound near = world.Begin(3);
  ASSERT_TRUE(world.UploadOf(0, near));
  ExpectRefusal(world, 0, world.site(0).SignSurvivors(SurvivorsOf(near, {0, 1, 2, 3})),
                "study_has_other_sites");
}

TEST(SecureSumAttack, OnlyTheStewardsConsentLetsAStudyGoOnWithoutASite) {
  SecureSumWorld world(5);
  SecureSumRound round = world.Begin(1);
  world.UploadAll(round);
  ASSERT_TRUE(world.site(0).SignSurvivors(SurvivorsOf(round, {0, 1, 2, 3, 4})));
  auto options = world.OptionsOf(0);
  options.consents = 1;
  world.site(0) = *SecureSumSite::Resume(options, world.site(0).Save().bytes());
  SecureSumRound next = world.Begin(2);
  ASSERT_TRUE(world.UploadOf(0, next));
  EXPECT_TRUE(world.site(0).SignSurvivors(SurvivorsOf(next, {0, 1, 2, 3})));
  // What was answered with the site stays as it was.
  ExpectRefusal(world, 0, world.site(0).SignSurvivors(SurvivorsOf(round, {0, 1, 2, 3})),
                "two_survivor_sets");
}

// ---- a hub that lies about who is there

class AnnouncementAttack : public testing::Test {
 protected:
  /// What site 0 says to a list that `change` altered, in a fresh run.
  Result<void> Offer(const std::function<void(AnnouncementList&)>& change) {
    auto options = world_.OptionsOf(0);
    record_ = MemorySigningRecord();
    options.record = &record_;
    SecureSumSite site = Must(SecureSumSite::Resume(options, world_.site(0).Save().bytes()));
    record_ = MemorySigningRecord();
    AnnouncementList list = Must(core::Decode<AnnouncementList>(world_.announcements()));
    change(list);
    const auto accepted = site.Accept(core::Encode(list));
    if (!accepted && accepted.error().code == ErrorCode::kRefused) {
      EXPECT_EQ(record_.refusals().back().why.reason, accepted.error().reason);
    }
    return accepted;
  }
  template <typename Change>
  void Resign(SignedMessage& message, const SiteIdentity& signer, Change change) {
    message = Must(
        core::Decode<SignedMessage>(Changed<Announcement>(core::Encode(message), signer, change)));
  }

  SecureSumWorld world_{4};
  MemorySigningRecord record_;
};

TEST_F(AnnouncementAttack, TheGenuineListIsAccepted) {
  EXPECT_TRUE(Offer([](AnnouncementList&) {}));
}

TEST_F(AnnouncementAttack, AnUnknownSiteIsRefused) {
  const SiteIdentity stranger = *SiteIdentity::Create();
  ExpectError(Offer([&](AnnouncementList& list) {
                list.announcements.push_back(list.announcements.back());
                Resign(list.announcements.back(), stranger, [](Announcement& a) { a.site = 4; });
              }),
              "unknown_site");
  ExpectError(Offer([&](AnnouncementList& list) {
                Resign(list.announcements[2], stranger, [](Announcement&) {});
              }),
              "bad_signature");
}

TEST_F(AnnouncementAttack, AnotherRosterRunOrStudyIsRefused) {
  const auto changed = [&](auto change) {
    return Offer([&, change](AnnouncementList& list) {
      Resign(list.announcements[1], world_.identity(1), change);
    });
  };
  ExpectError(changed([](Announcement& a) { a.roster[0] ^= 1; }), "wrong_roster");
  ExpectError(changed([](Announcement& a) { a.run[0] ^= 1; }), "wrong_run");
  ExpectError(changed([](Announcement& a) { a.study[0] ^= 1; }), "wrong_study");
}

TEST_F(AnnouncementAttack, KeysOfSmallOrderAreRefused) {
  const std::vector<std::string> small_order = {
      std::string(64, '0'),
      "01" + std::string(62, '0'),
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
  for (const std::string& hex : small_order) {
    ExpectError(Offer([&](AnnouncementList& list) {
                  Resign(list.announcements[1], world_.identity(1), [&](Announcement& a) {
                    const core::Bytes key = *core::FromHex(hex);
                    std::copy(key.begin(), key.end(), a.exchange_key.begin());
                  });
                }),
                "zero_shared_secret");
  }
}

TEST_F(AnnouncementAttack, ListsThatLeaveOutRepeatOrReplaceSitesAreRefused) {
  ExpectError(
      Offer([](AnnouncementList& list) { list.announcements.erase(list.announcements.begin()); }),
      "own_announcement_changed");
  ExpectError(Offer([](AnnouncementList& list) { list.announcements.resize(2); }), "too_few_sites");
  ExpectError(Offer([](AnnouncementList& list) {
                std::swap(list.announcements[1], list.announcements[2]);
              }),
              "malformed");
  ExpectError(Offer([&](AnnouncementList& list) {
                const auto stolen = Must(core::Decode<Announcement>(list.announcements[3].body));
                Resign(list.announcements[1], world_.identity(1),
                       [&](Announcement& a) { a.exchange_key = stolen.exchange_key; });
              }),
              "exchange_key_twice");
  ExpectError(Offer([&](AnnouncementList& list) {
                Resign(list.announcements[0], world_.identity(0),
                       [](Announcement& a) { a.exchange_key[0] ^= 1; });
              }),
              "own_announcement_changed");
}

TEST_F(AnnouncementAttack, ARunHasOneListAndOneKeyPerSite) {
  AnnouncementList shorter = Must(core::Decode<AnnouncementList>(world_.announcements()));
  shorter.announcements.pop_back();
  ExpectRefusal(world_, 0, world_.site(0).Accept(core::Encode(shorter)), "two_participant_lists");
  // A site that lost its secrets cannot enter the run again: it would mask twice under one header.
  SecureSumSite second = *SecureSumSite::Begin(world_.OptionsOf(0));
  ExpectRefusal(world_, 0, second.Announce(), "two_announcements");
}

TEST(SecureSumAttack, FewerThanThreeSitesNeverSum) {
  std::vector<RosterMember> members;
  const SiteIdentity one = *SiteIdentity::Create();
  const SiteIdentity two = *SiteIdentity::Create();
  MemorySigningRecord record;
  const Roster pair = *Roster::Create({{"one", one.public_key()}, {"two", two.public_key()}});
  for (const std::uint64_t minimum : {0u, 2u, 3u}) {
    ExpectError(SecureSumSite::Begin({.identity = &one,
                                      .roster = pair,
                                      .run = {},
                                      .study = {},
                                      .minimum_sites = minimum,
                                      .record = &record}),
                "too_few_sites");
    ExpectError(SecureSumHub::Create(pair, {}, {}, {minimum}), "too_few_sites");
  }
}

}  // namespace
}  // namespace clinnova::federation

// SPDX-License-Identifier: Apache-2.0
// What a lying hub, a forger and a lying site get: refusals with a reason, each in the record; a named site;
// never a number. Each attack is tried in a world that works without it.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "federation/run_keys.h"
#include "federation/secure_sum_world.h"

namespace clinnova::federation {
namespace {

/// Expects that site `i` refused just now with `reason`, and that its record says so.
template <typename T>
void ExpectRefusal(SecureSumWorld& world, std::size_t i, const Result<T>& answer,
                   const std::string& reason) {
  ASSERT_FALSE(answer) << "not refused: " << reason;
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
  EXPECT_EQ(answer.error().reason, reason) << answer.error().message;
  ASSERT_FALSE(world.record(i).refusals().empty()) << reason << " is not in the record";
  EXPECT_EQ(world.record(i).refusals().back().why.reason, reason);
}

template <typename T>
void ExpectError(const Result<T>& answer, const std::string& reason) {
  ASSERT_FALSE(answer) << "accepted: " << reason;
  EXPECT_EQ(answer.error().reason, reason) << answer.error().message;
}

/// A genuine message, changed by `change`, signed again by `signer`.
template <typename T, typename Change>
core::Bytes Changed(const core::Bytes& bytes, const SiteIdentity& signer, Change change) {
  SignedMessage message = Must(core::Decode<SignedMessage>(bytes));
  T content = Must(core::Decode<T>(message.body));
  change(content);
  message.body = core::Encode(content);
  message.site = content.site;
  message.signature = signer.Sign(T::kContext, message.body);
  return core::Encode(message);
}

core::Bytes SurvivorsOf(const SecureSumRound& round, SiteSet survivors) {
  return core::Encode(SurvivorRequest{round.header(), std::move(survivors)});
}

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

// ---- forged messages to the hub

/// A message kind with the stage of the round at which the hub takes it.
struct MessageKind {
  const char* name;
  Result<void> (SecureSumRound::*add)(core::ByteView);
  core::Bytes (*make)(SecureSumWorld&, SecureSumRound&, std::size_t site);
};

const MessageKind kKinds[] = {
    {"upload", &SecureSumRound::AddUpload,
     [](SecureSumWorld& world, SecureSumRound& round, std::size_t site) {
       return Must(world.UploadOf(site, round));
     }},
    {"statement", &SecureSumRound::AddStatement,
     [](SecureSumWorld& world, SecureSumRound& round, std::size_t site) {
       return Must(world.site(site).SignSurvivors(SurvivorsOf(round, world.Everyone())));
     }},
    {"unmasking", &SecureSumRound::AddUnmasking,
     [](SecureSumWorld& world, SecureSumRound& round, std::size_t site) {
       return Must(world.site(site).Unmask(Must(round.UnmaskRequestFor(site))));
     }}};

/// Messages of site 1 of all three kinds, from a finished round.
std::vector<core::Bytes> MessagesOf(SecureSumWorld& world, SecureSumRound& round) {
  world.UploadAll(round);
  world.StateAll(round);
  world.UnmaskAll(round);
  std::vector<core::Bytes> messages;
  for (const MessageKind& kind : kKinds) messages.push_back(kind.make(world, round, 1));
  return messages;
}

TEST(SecureSumAttack, ForgedReplayedAndTruncatedMessagesAreIgnored) {
  SecureSumWorld world(4);
  SecureSumWorld other(4);  // other keys
  SecureSumRound earlier = world.Begin(1);
  SecureSumRound round = world.Begin(2);
  SecureSumRound elsewhere = other.Begin(2);
  const auto replayed = MessagesOf(world, earlier);
  const auto foreign = MessagesOf(other, elsewhere);
  const auto genuine = MessagesOf(world, round);
  const SiteIdentity stranger = *SiteIdentity::Create();
  for (std::size_t k = 0; k < std::size(kKinds); ++k) {
    SCOPED_TRACE(kKinds[k].name);
    const auto add = [&](const core::Bytes& bytes) { return (round.*kKinds[k].add)(bytes); };
    ExpectError(add(replayed[k]), "wrong_round");
    ExpectError(add(foreign[k]), "bad_signature");
    ExpectError(add(genuine[(k + 1) % 3]), "bad_signature");  // another kind of message
    auto message = Must(core::Decode<SignedMessage>(genuine[k]));
    message.site = 2;
    ExpectError(add(core::Encode(message)), "bad_signature");
    message.site = 4;
    ExpectError(add(core::Encode(message)), "unknown_site");
    message.site = 1;
    message.signature = stranger.Sign("clinnova/upload/1", message.body);
    ExpectError(add(core::Encode(message)), "bad_signature");
    for (std::size_t size = 0; size < genuine[k].size(); size += 7) {
      const auto cut =
          add(core::Bytes(genuine[k].begin(), genuine[k].begin() + static_cast<long>(size)));
      ASSERT_FALSE(cut);
      EXPECT_NE(cut.error().reason, "site_broke_protocol");
    }
    EXPECT_TRUE(add(genuine[k]));
  }
  EXPECT_EQ(round.Finish()->elements, world.Expected(world.Everyone(), 2));
}

// ---- a site that lies

TEST(SecureSumAttack, AnUploadOfTheWrongFormEndsTheRoundAndNamesTheSite) {
  const std::function<void(Upload&)> changes[] = {
      [](Upload& u) { u.masked.pop_back(); },      [](Upload& u) { u.masked.push_back(1); },
      [](Upload& u) { u.commitments.pop_back(); }, [](Upload& u) { u.sealed[0].pop_back(); },
      [](Upload& u) { u.sealed[1].push_back(0); }, [](Upload& u) { u.sealed.clear(); }};
  for (const auto& change : changes) {
    SecureSumWorld world(3);
    SecureSumRound round = world.Begin(1);
    const auto added =
        round.AddUpload(Changed<Upload>(*world.UploadOf(1, round), world.identity(1), change));
    ExpectError(added, "site_broke_protocol");
    EXPECT_NE(added.error().message.find("site1"), std::string::npos);
    EXPECT_EQ(added.error().code, ErrorCode::kFailed);
  }
}

TEST(SecureSumAttack, ASiteThatSaysTwoThingsIsNamed) {
  SecureSumWorld world(3);
  SecureSumRound round = world.Begin(1);
  const core::Bytes upload = *world.UploadOf(1, round);
  ASSERT_TRUE(round.AddUpload(upload));
  ASSERT_TRUE(round.AddUpload(upload));  // a repeat is none
  const auto second = round.AddUpload(
      Changed<Upload>(upload, world.identity(1), [](Upload& u) { u.masked[0] += 1; }));
  ExpectError(second, "site_broke_protocol");
  EXPECT_NE(second.error().message.find("site1"), std::string::npos);
}

TEST(SecureSumAttack, MasksThatCannotCancelAreFoundBeforeAnythingIsOpened) {
  SecureSumWorld world(3);
  SecureSumRound round = world.Begin(1);
  world.Upload(round, {0, 2});
  ASSERT_TRUE(round.AddUpload(Changed<Upload>(*world.UploadOf(1, round), world.identity(1),
                                              [](Upload& u) { u.commitments[2][0] ^= 1; })));
  const auto named = round.NameSurvivors({0, 1, 2});
  ExpectError(named, "pair_masks_differ");
  EXPECT_NE(named.error().message.find("site1 and site2"), std::string::npos);
}

TEST(SecureSumAttack, AVectorThatIsNotWhatWasMaskedFailsTheChecksum) {
  for (const std::size_t at : {0u, 4u, 5u}) {  // a first number, the last one, the checksum itself
    SecureSumWorld world(3);
    SecureSumRound round = world.Begin(1);
    world.Upload(round, {0, 2});
    ASSERT_TRUE(round.AddUpload(Changed<Upload>(*world.UploadOf(1, round), world.identity(1),
                                                [&](Upload& u) { u.masked[at] += 1; })));
    world.StateAll(round);
    world.UnmaskAll(round);
    ExpectError(round.Finish(), "checksum_mismatch");
  }
}

TEST(SecureSumAttack, AWrongShareIsFoundAndItsSiteNamed) {
  SecureSumWorld world(5);  // threshold 4: one share to spare
  SecureSumRound round = world.Begin(1);
  world.UploadAll(round);
  world.StateAll(round);
  world.Unmask(round, {0, 1, 3, 4});
  const core::Bytes unmasking = *world.site(2).Unmask(*round.UnmaskRequestFor(2));
  ASSERT_TRUE(round.AddUnmasking(Changed<Unmasking>(unmasking, world.identity(2),
                                                    [](Unmasking& u) { u.shares[1][9] ^= 0x40; })));
  const auto sum = round.Finish();
  ASSERT_TRUE(sum) << sum.error().message;
  EXPECT_EQ(sum->elements, world.Expected(world.Everyone(), 1));
  EXPECT_EQ(round.liars(), SiteSet{2});
}

TEST(SecureSumAttack, WithoutASpareShareAWrongOneStopsTheRound) {
  SecureSumWorld world(5);
  SecureSumRound round = world.Begin(1);
  world.UploadAll(round);
  world.StateAll(round);
  world.Unmask(round, {0, 1, 3});
  const core::Bytes unmasking = *world.site(2).Unmask(*round.UnmaskRequestFor(2));
  ASSERT_TRUE(round.AddUnmasking(Changed<Unmasking>(unmasking, world.identity(2),
                                                    [](Unmasking& u) { u.shares[1][9] ^= 0x40; })));
  ExpectError(round.Finish(), "site_broke_protocol");
  world.Unmask(round, {4});  // a late answer saves it
  EXPECT_EQ(round.Finish()->elements, world.Expected(world.Everyone(), 1));
  EXPECT_EQ(round.liars(), SiteSet{2});
}

TEST(SecureSumAttack, AWrongOwnSealedShareDoesNotStopTheOthers) {
  SecureSumWorld world(5);
  SecureSumRound round = world.Begin(1);
  world.Upload(round, {0, 2, 3, 4});
  // Site 1 seals noise for site 0.
  ASSERT_TRUE(round.AddUpload(Changed<Upload>(*world.UploadOf(1, round), world.identity(1),
                                              [](Upload& u) { u.sealed[0][3] ^= 1; })));
  world.StateAll(round);
  world.UnmaskAll(round);
  EXPECT_FALSE(Contains(round.unmasked(), 0));
  EXPECT_TRUE(round.CanFinish());
  EXPECT_EQ(round.Finish()->elements, world.Expected(world.Everyone(), 1));
}

// ---- what the hub sees

/// Pearson's statistic of bytes against the uniform distribution, 255 degrees of freedom.
double ByteChiSquare(const std::vector<__int128>& words) {
  std::vector<double> counts(256);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(words.data());
  const std::size_t size = words.size() * sizeof(__int128);
  for (std::size_t i = 0; i < size; ++i) ++counts[bytes[i]];
  const double expected = static_cast<double>(size) / 256;
  double statistic = 0;
  for (const double count : counts) statistic += (count - expected) * (count - expected) / expected;
  return statistic;
}

constexpr double kChiSquareLimit = 395;  // exceeded by chance with probability about 4e-8

std::vector<__int128> MaskedOf(const core::Bytes& upload) {
  return Must(core::Decode<Upload>(Must(core::Decode<SignedMessage>(upload)).body)).masked;
}

TEST(SecureSumAttack, UploadsLookUniformWhateverTheNumbers) {
  SecureSumWorld world(3);
  const std::size_t elements = 20'000;
  for (const int value : {0, 1, -1}) {
    SecureSumRound round = world.Begin(100 + static_cast<std::uint64_t>(value + 1), elements);
    const std::vector<__int128> numbers(elements, value);
    EXPECT_GT(ByteChiSquare(numbers), 1e6);
    const auto masked = MaskedOf(*world.site(1).Upload(round.header(), numbers));
    EXPECT_LT(ByteChiSquare(masked), kChiSquareLimit);
  }
}

TEST(SecureSumAttack, EqualNumbersLookDifferentInEveryRoundRunAndSite) {
  SecureSumWorld world(3);
  SecureSumWorld other(3);
  const std::size_t elements = 20'000;
  const std::vector<__int128> numbers(elements, 42);
  const auto first = MaskedOf(*world.site(0).Upload(world.Begin(1, elements).header(), numbers));
  const std::vector<std::vector<__int128>> others = {
      MaskedOf(*world.site(0).Upload(world.Begin(2, elements).header(), numbers)),
      MaskedOf(*world.site(1).Upload(world.Begin(1, elements).header(), numbers)),
      MaskedOf(*other.site(0).Upload(other.Begin(1, elements).header(), numbers))};
  for (const std::vector<__int128>& masked : others) {
    std::vector<__int128> difference(elements);
    for (std::size_t e = 0; e < elements; ++e) {
      difference[e] = static_cast<__int128>(static_cast<RingElement>(first[e]) -
                                            static_cast<RingElement>(masked[e]));
    }
    EXPECT_LT(ByteChiSquare(difference), kChiSquareLimit);
  }
}

TEST(SecureSumAttack, OpenedSharesHoldSelfMasksOfSurvivorsAndPairMasksOfTheDroppedOnly) {
  SecureSumWorld world(5);
  SecureSumRound round = world.Begin(1);
  world.Upload(round, {0, 1, 3, 4});
  const core::Bytes late = *world.UploadOf(2, round);
  world.StateAll(round);
  ASSERT_TRUE(round.AddUpload(late));  // too late to count
  // All that the four survivors open, put together.
  std::vector<Unmasking> opened;
  for (const std::size_t i : {0u, 1u, 3u, 4u}) {
    const auto bytes = world.site(i).Unmask(*round.UnmaskRequestFor(i));
    opened.push_back(Must(core::Decode<Unmasking>(Must(core::Decode<SignedMessage>(*bytes)).body)));
    for (const core::Bytes& share : opened.back().shares) EXPECT_EQ(share.size(), 2 * 32u);
  }
  // From the dropped site's late vector every pair mask can be taken away, and noise is left.
  const SiteSet holders = {0, 1, 3, 4};
  std::vector<__int128> masked = MaskedOf(late);
  const std::span<RingElement> ring(reinterpret_cast<RingElement*>(masked.data()), masked.size());
  for (std::size_t owner = 0; owner < holders.size(); ++owner) {
    std::vector<PlacedShare> shares;
    for (std::size_t h = 0; h < holders.size(); ++h) {
      shares.push_back({static_cast<std::uint8_t>(holders[h] + 1),
                        core::ByteView(opened[h].shares[owner]).subspan(32)});
    }
    SecretKey seed;
    const SecretBuffer recovered = RecoverSecret(shares);
    std::copy(recovered.bytes().begin(), recovered.bytes().end(), seed.data());
    ApplyMask(seed, 2 < holders[owner] ? MaskSign::kSubtract : MaskSign::kAdd, ring);
  }
  const std::vector<__int128> plain = world.Numbers(2, 1);
  for (std::size_t e = 0; e < plain.size(); ++e) EXPECT_NE(masked[e], plain[e]);
}

TEST(SecureSumAttack, GarbageIsRefusedByEveryDecoder) {
  SecureSumWorld world(3);
  SecureSumRound round = world.Begin(1);
  world.UploadAll(round);
  world.StateAll(round);
  std::mt19937_64 random(99);
  for (int i = 0; i < 3000; ++i) {
    core::Bytes bytes(random() % 400);
    for (std::uint8_t& byte : bytes) {
      byte = random() % 3 == 0 ? static_cast<std::uint8_t>(random()) : 0;
    }
    EXPECT_FALSE(world.site(0).Accept(bytes));
    EXPECT_FALSE(world.site(0).SignSurvivors(bytes));
    EXPECT_FALSE(world.site(0).Unmask(bytes));
    EXPECT_FALSE(world.hub().AddAnnouncement(bytes));
    EXPECT_FALSE(round.AddUpload(bytes));
    EXPECT_FALSE(round.AddStatement(bytes));
    EXPECT_FALSE(round.AddUnmasking(bytes));
    EXPECT_FALSE(SecureSumSite::Resume(world.OptionsOf(0), bytes));
  }
}

TEST(SecureSumAttack, DamagedSavedSecretsAreNotUsed) {
  SecureSumWorld world(3);
  const SecretBuffer saved = world.site(0).Save();
  for (std::size_t at = 0; at < saved.bytes().size(); at += 11) {
    core::Bytes damaged(saved.bytes().begin(), saved.bytes().end());
    damaged[at] ^= 4;
    EXPECT_FALSE(SecureSumSite::Resume(world.OptionsOf(0), damaged));
  }
  EXPECT_FALSE(SecureSumSite::Resume(world.OptionsOf(1), saved.bytes()));
  EXPECT_TRUE(SecureSumSite::Resume(world.OptionsOf(0), saved.bytes()));
}

}  // namespace
}  // namespace clinnova::federation

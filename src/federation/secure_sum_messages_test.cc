// SPDX-License-Identifier: Apache-2.0
#include "federation/secure_sum_messages.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "federation/signing_record.h"

namespace clinnova::federation {
namespace {

const std::function<void(RoundHeader&)> kHeaderChanges[] = {
    [](RoundHeader& h) { h.run[15] = 1; },   [](RoundHeader& h) { h.round = 1; },
    [](RoundHeader& h) { h.study[0] = 1; },  [](RoundHeader& h) { h.analysis = "a"; },
    [](RoundHeader& h) { h.step = "a"; },    [](RoundHeader& h) { h.parameters[0] = 1; },
    [](RoundHeader& h) { h.roster[0] = 1; }, [](RoundHeader& h) { h.participants[0] = 1; },
    [](RoundHeader& h) { h.layout[0] = 1; }, [](RoundHeader& h) { h.elements = 1; },
    [](RoundHeader& h) { h.format = 2; }};

TEST(RoundHeader, HashTellsEveryField) {
  std::set<core::Hash> hashes = {HeaderHash(RoundHeader{})};
  for (const auto& change : kHeaderChanges) {
    RoundHeader header;
    change(header);
    hashes.insert(HeaderHash(header));
    EXPECT_EQ(*core::Decode<RoundHeader>(core::Encode(header)), header);
  }
  EXPECT_EQ(hashes.size(), 1 + std::size(kHeaderChanges));
}

TEST(RoundHeader, StateIsTheQuestionInWhicheverRunAndRound) {
  const std::set<std::size_t> of_the_state = {2, 3, 4, 5};
  for (std::size_t i = 0; i < std::size(kHeaderChanges); ++i) {
    RoundHeader header;
    kHeaderChanges[i](header);
    EXPECT_EQ(StateHash(header) != StateHash(RoundHeader{}), of_the_state.contains(i)) << i;
  }
}

TEST(SiteSet, IsIncreasingAndInTheRoster) {
  EXPECT_TRUE(IsSiteSet({}, 3));
  EXPECT_TRUE(IsSiteSet({0, 2}, 3));
  EXPECT_FALSE(IsSiteSet({0, 3}, 3));
  EXPECT_FALSE(IsSiteSet({1, 1}, 3));
  EXPECT_FALSE(IsSiteSet({2, 0}, 3));
}

TEST(SiteSet, HashIsThatOfTheSitesInAnyRoster) {
  const RosterMember a{"a", {1}}, b{"b", {2}}, c{"c", {3}}, d{"d", {4}};
  const Roster first = *Roster::Create({a, b, c});
  const Roster second = *Roster::Create({d, c, b, a});
  EXPECT_EQ(SiteSetHash(first, {0, 1, 2}), SiteSetHash(second, {1, 2, 3}));
  EXPECT_NE(SiteSetHash(first, {0, 1, 2}), SiteSetHash(second, {0, 1, 2, 3}));
  EXPECT_NE(SiteSetHash(first, {0, 1}), SiteSetHash(first, {0, 2}));
  EXPECT_EQ(SiteNames(first, {0, 2}), "a, c");
}

TEST(SignedMessage, SpeaksForTheSiteThatSignedIt) {
  const SiteIdentity a = *SiteIdentity::Create();
  const SiteIdentity b = *SiteIdentity::Create();
  const Roster roster = *Roster::Create({{"a", a.public_key()}, {"b", b.public_key()}});
  const SignedMessage message = SignMessage(a, Announcement{.site = 0});
  const auto checked = CheckSigned(roster, core::Encode(message), Announcement::kContext);
  ASSERT_TRUE(checked);
  EXPECT_TRUE(OpenSigned<Announcement>(*checked));
  EXPECT_FALSE(CheckSigned(roster, core::Encode(message), Upload::kContext));
  // Site a signs, in its own name, a body that speaks for site b.
  SignedMessage mixed = SignMessage(a, Announcement{.site = 1});
  mixed.site = 0;
  ASSERT_TRUE(CheckSignature(roster, mixed, Announcement::kContext));
  EXPECT_FALSE(OpenSigned<Announcement>(mixed));
}

TEST(SigningRecord, KeepsTheFirstValueOfEveryClaim) {
  MemorySigningRecord record;
  const core::Hash key = core::Blake2b("key");
  const core::Hash one = core::Blake2b("one");
  const core::Hash two = core::Blake2b("two");
  for (const ClaimKind kind :
       {ClaimKind::kAnnouncement, ClaimKind::kParticipants, ClaimKind::kRound, ClaimKind::kUpload,
        ClaimKind::kSurvivors, ClaimKind::kState, ClaimKind::kStudy}) {
    EXPECT_EQ(ClaimKindFromName(ClaimName(kind)), kind);
    const Claim first{kind, key, one};
    const Claim second{kind, key, two};
    EXPECT_FALSE(record.Holds(kind, key));
    EXPECT_TRUE(record.Commit({&first, 1}));
    EXPECT_TRUE(record.Commit({&first, 1}));
    EXPECT_TRUE(record.Holds(kind, key));
    const auto refused = record.Commit({&second, 1});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
    EXPECT_FALSE(refused.error().reason.empty());
  }
  EXPECT_EQ(ClaimKindFromName("nothing"), std::nullopt);
}

TEST(SigningRecord, KeepsAllClaimsOfACommitmentOrNone) {
  MemorySigningRecord record;
  const core::Hash one = core::Blake2b("one");
  const core::Hash two = core::Blake2b("two");
  const Claim taken{ClaimKind::kState, one, one};
  ASSERT_TRUE(record.Commit({&taken, 1}));
  const Claim both[] = {{ClaimKind::kSurvivors, two, one}, {ClaimKind::kState, one, two}};
  EXPECT_FALSE(record.Commit(both));
  EXPECT_FALSE(record.Holds(ClaimKind::kSurvivors, two));
}

}  // namespace
}  // namespace clinnova::federation

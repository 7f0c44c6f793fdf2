// SPDX-License-Identifier: Apache-2.0
// Invites and certificates: who gets in, who does not, and that nothing is left behind then.
#include <gtest/gtest.h>

#include "network/certificates.h"
#include "network/invite.h"
#include "network/network_world.h"

namespace clinnova::network {
namespace {

struct Door : ::testing::Test {
  Door() : world(3) { world.StartHub(); }
  std::string NewInvite(std::chrono::milliseconds valid = std::chrono::hours(1)) {
    return Must(MakeInvite({.folder = world.hub_folder(), .site = "site0", .valid = valid}));
  }
  Result<SiteSummary> Init(const std::string& invite) {
    return InitSite({.folder = world.site_folder(0), .invite = invite});
  }
  void ExpectNothing(const Result<SiteSummary>& result, ErrorCode code, const std::string& words) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
    EXPECT_EQ(result.error().message.find('\n'), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(world.site_folder(0)));
  }
  NetworkWorld world;
};

TEST_F(Door, AnInviteWorksOnce) {
  const std::string invite = NewInvite();
  EXPECT_EQ(Must(Init(invite)).name, "site0");
  std::filesystem::remove_all(world.site_folder(0));
  ExpectNothing(Init(invite), ErrorCode::kInvalidInput, "the invite was used on");
}

TEST_F(Door, AnExpiredInviteDoesNot) {
  const std::string invite = NewInvite(std::chrono::milliseconds(0));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ExpectNothing(Init(invite), ErrorCode::kInvalidInput, "the invite expired on");
}

TEST_F(Door, ACutOrForgedInviteDoesNot) {
  const std::string invite = NewInvite();
  ExpectNothing(Init("hello"), ErrorCode::kInvalidInput, "invite");
  ExpectNothing(Init(invite.substr(0, invite.size() - 3)), ErrorCode::kInvalidInput, "invite");
  Invite forged = Must(ReadInvite(invite));
  forged.secret[0] ^= 1;
  ExpectNothing(Init(InviteText(forged)), ErrorCode::kInvalidInput, "does not know this invite");
  forged = Must(ReadInvite(invite));
  forged.site = "site1";
  ExpectNothing(Init(InviteText(forged)), ErrorCode::kInvalidInput, "does not know this invite");
}

TEST_F(Door, AnotherAuthorityIsNotTrusted) {
  Invite invite = Must(ReadInvite(NewInvite()));
  invite.fingerprint[0] = invite.fingerprint[0] == '0' ? '1' : '0';
  ExpectNothing(Init(InviteText(invite)), ErrorCode::kUnreachable,
                "is not the one that the invite names");
}

TEST_F(Door, AnAbsentHubIsUnreachable) {
  const std::string invite = NewInvite();
  world.StopHub();
  ExpectNothing(Init(invite), ErrorCode::kUnreachable, "cannot be reached");
}

TEST_F(Door, AFolderInUseIsLeftAlone) {
  std::filesystem::create_directories(world.site_folder(0) / "old");
  const auto result = Init(NewInvite());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(std::filesystem::exists(world.site_folder(0) / "old"));
}

TEST_F(Door, ASiteWithAnotherCertificateIsTurnedAway) {
  Must(Init(NewInvite()));
  const Credential own = Must(MakeAuthority("mallory", ""));
  const KeyRequest request = Must(MakeKeyRequest("site0"));
  std::ofstream(world.site_folder(0) / "tls.pem")
      << Must(SignRequest(own, "", request.request, "site0"));
  std::ofstream(world.site_folder(0) / "tls.key") << request.key;
  const auto site = Must(SiteServer::Start({.folder = world.site_folder(0)}));
  const std::atomic<bool> stop = false;
  const auto end = site->Wait(stop);
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error().code, ErrorCode::kUnreachable);
  EXPECT_NE(end.error().message.find("did not issue"), std::string::npos) << end.error().message;
}

TEST_F(Door, ASiteTurnsAnotherHubAway) {
  Must(Init(NewInvite()));
  std::ofstream(world.site_folder(0) / "authority.pem")
      << Must(MakeAuthority("other", "")).certificate;
  const auto site = Must(SiteServer::Start({.folder = world.site_folder(0)}));
  const std::atomic<bool> stop = false;
  const auto end = site->Wait(stop);
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ(end.error().code, ErrorCode::kUnreachable);
}

TEST_F(Door, AResearcherNeedsTheToken) {
  HubEndpoint hub = world.endpoint();
  EXPECT_TRUE(ListStudies(hub).has_value());
  hub.token.back() = hub.token.back() == '0' ? '1' : '0';
  const auto list = ListStudies(hub);
  ASSERT_FALSE(list.has_value());
  EXPECT_EQ(list.error().code, ErrorCode::kRefused);
}

TEST(Hub, AWrongPasswordIsSaid) {
  NetworkWorld world(3);
  const auto folder = world.folder() / "locked";
  Must(
      InitHub({.folder = folder, .name = "Locked", .listen = world.listen(), .password = "right"}));
  const auto hub = HubServer::Start({.folder = folder, .password = "wrong"});
  ASSERT_FALSE(hub.has_value());
  EXPECT_EQ(hub.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(HubServer::Start({.folder = folder, .password = "right"}).has_value());
}

TEST(Hub, IsMadeOnce) {
  NetworkWorld world(3);
  const auto again = InitHub({.folder = world.hub_folder(), .name = "Again"});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace clinnova::network

// SPDX-License-Identifier: Apache-2.0
#include "federation/identity.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <concepts>
#include <fstream>
#include <memory>
#include <sstream>

#include "federation/roster.h"
#include "federation/secret_file.h"
#include "federation/test_folder.h"

namespace clinnova::federation {
namespace {

const core::Bytes kMessage = {1, 2, 3};

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
template <typename T>
concept Archivable = requires(core::ArchiveWriter& writer, T& value) { value.Fields(writer); };

static_assert(Printable<std::string> && Archivable<RosterMember>);
static_assert(!Printable<SecretKey> && !Printable<SecretBuffer> && !Printable<SiteIdentity>);
static_assert(!Archivable<SecretKey> && !Archivable<SecretBuffer> && !Archivable<SiteIdentity>);
static_assert(!std::equality_comparable<SecretKey>);

TEST(SiteIdentity, SignsForOneContextAndOneMessage) {
  const SiteIdentity identity = *SiteIdentity::Create();
  const Signature signature = identity.Sign("a", kMessage);
  const PublicKey& key = identity.public_key();
  EXPECT_TRUE(VerifySignature(key, "a", kMessage, signature));
  EXPECT_FALSE(VerifySignature(key, "b", kMessage, signature));
  EXPECT_FALSE(VerifySignature(key, "a", core::Bytes{1, 2}, signature));
  EXPECT_FALSE(VerifySignature(SiteIdentity::Create()->public_key(), "a", kMessage, signature));
  for (std::size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Signature changed = signature;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(VerifySignature(key, "a", kMessage, changed));
  }
}

TEST(SiteIdentity, ComesBackFromItsFile) {
  const TestFolder folder;
  const auto path = folder.path() / "site.key";
  const SiteIdentity identity = *SiteIdentity::Create();
  ASSERT_TRUE(identity.Save(path));
  const auto loaded = SiteIdentity::Load(path);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->public_key(), identity.public_key());
  EXPECT_EQ(loaded->Sign("a", kMessage), identity.Sign("a", kMessage));
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(SiteIdentity, IsNeverOverwritten) {
  const TestFolder folder;
  const auto path = folder.path() / "site.key";
  const SiteIdentity first = *SiteIdentity::Create();
  ASSERT_TRUE(first.Save(path));
  const auto second = SiteIdentity::Create()->Save(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(SiteIdentity::Load(path)->public_key(), first.public_key());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(SiteIdentity, RefusesFilesThatAreDamagedMissingOrOpenToOthers) {
  const TestFolder folder;
  const auto path = folder.path() / "site.key";
  ASSERT_TRUE(SiteIdentity::Create()->Save(path));
  std::stringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string good = content.str();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bad;
    EXPECT_FALSE(SiteIdentity::Load(path)) << "byte " << at;
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << good.substr(0, 40);
  EXPECT_FALSE(SiteIdentity::Load(path));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << good;
  EXPECT_TRUE(SiteIdentity::Load(path));
  ::chmod(path.c_str(), 0640);
  const auto open = SiteIdentity::Load(path);
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().message.find("0600"), std::string::npos);
  EXPECT_FALSE(SiteIdentity::Load(folder.path() / "none.key"));
  EXPECT_FALSE(SiteIdentity::Load(folder.path()));
}

TEST(SecretFile, IsReplacedAsAWhole) {
  const TestFolder folder;
  const auto path = folder.path() / "run.secret";
  ASSERT_TRUE(ReplaceSecretFile(path, core::Bytes{1}));
  ASSERT_TRUE(ReplaceSecretFile(path, core::Bytes{2, 3}));
  const SecretBuffer content = *ReadSecretFile(path);
  EXPECT_EQ(core::Bytes(content.bytes().begin(), content.bytes().end()), (core::Bytes{2, 3}));
  EXPECT_FALSE(ReplaceSecretFile(folder.path() / "no" / "folder", core::Bytes{1}));
}

TEST(Secret, IsZeroedWhenItDies) {
  alignas(SecretKey) std::array<std::uint8_t, sizeof(SecretKey)> memory{};
  auto* key = new (memory.data()) SecretKey(SecretKey::Random());
  EXPECT_NE(memory, (std::array<std::uint8_t, sizeof(SecretKey)>{}));
  std::destroy_at(key);
  EXPECT_EQ(memory, (std::array<std::uint8_t, sizeof(SecretKey)>{}));
}

std::vector<RosterMember> ThreeSites() { return {{"basel", {1}}, {"nancy", {2}}, {"trier", {3}}}; }

TEST(Roster, KeepsItsOrderAndHash) {
  const Roster roster = *Roster::Create(ThreeSites());
  EXPECT_EQ(roster.size(), 3u);
  EXPECT_EQ(roster.threshold(), 3u);
  EXPECT_EQ(roster.IndexOf({2}), 1u);
  EXPECT_EQ(roster.IndexOf({9}), std::nullopt);
  const auto again = Roster::Decode(roster.Encoded());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->hash(), roster.hash());
}

TEST(Roster, HashTellsEveryDifference) {
  const core::Hash hash = Roster::Create(ThreeSites())->hash();
  auto members = ThreeSites();
  std::swap(members[0], members[1]);
  EXPECT_NE(Roster::Create(members)->hash(), hash);
  members = ThreeSites();
  members[2].key[31] = 1;
  EXPECT_NE(Roster::Create(members)->hash(), hash);
  members = ThreeSites();
  members[2].site = "Trier";
  EXPECT_NE(Roster::Create(members)->hash(), hash);
  members = ThreeSites();
  members.pop_back();
  EXPECT_NE(Roster::Create(members)->hash(), hash);
}

TEST(Roster, RefusesRepeatedAndMissingSites) {
  auto members = ThreeSites();
  members[2].site = "basel";
  EXPECT_FALSE(Roster::Create(members));
  members = ThreeSites();
  members[2].key = members[0].key;
  EXPECT_FALSE(Roster::Create(members));
  members = ThreeSites();
  members[1].site.clear();
  EXPECT_FALSE(Roster::Create(members));
  EXPECT_FALSE(Roster::Create({}));
  members.clear();
  for (int i = 0; i < 256; ++i) {
    members.push_back({"site" + std::to_string(i),
                       {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i / 255 + 1)}});
  }
  EXPECT_FALSE(Roster::Create(members));
  members.pop_back();
  EXPECT_TRUE(Roster::Create(members));
  EXPECT_FALSE(Roster::Decode(core::Bytes{1, 2, 3}));
}

TEST(Roster, ThresholdIsMoreThanTwoThirds) {
  const std::size_t expected[] = {3, 3, 4, 5, 5, 6, 7, 7};  // 3 to 10 sites
  std::vector<RosterMember> members = {{"a", {1}}, {"b", {2}}};
  for (std::size_t sites = 3; sites <= 10; ++sites) {
    members.push_back({"site" + std::to_string(sites), {static_cast<std::uint8_t>(sites)}});
    EXPECT_EQ(Roster::Create(members)->threshold(), expected[sites - 3]);
  }
}

}  // namespace
}  // namespace clinnova::federation

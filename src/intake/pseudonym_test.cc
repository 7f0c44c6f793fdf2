// SPDX-License-Identifier: Apache-2.0
#include "intake/pseudonym.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <type_traits>

namespace clinnova::intake {
namespace {

static_assert(!std::is_copy_constructible_v<PseudonymKey>);

std::string KeyPath(const std::string& name) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("clinnova_key_" + std::to_string(::getpid()) + "_" + name);
  std::filesystem::remove(path);
  return path.string();
}

TEST(PseudonymKey, IsMadeOnceReadableByItsOwnerOnly) {
  const std::string path = KeyPath("once");
  auto made = PseudonymKey::LoadOrCreate(path);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(status.st_size, 32);
  auto read = PseudonymKey::LoadOrCreate(path);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->Pseudonym("4711"), made->Pseudonym("4711"));
  EXPECT_EQ(read->Fingerprint(), made->Fingerprint());
  std::filesystem::remove(path);
}

TEST(PseudonymKey, GivesOtherPseudonymsUnderAnotherKey) {
  const std::string one = KeyPath("one");
  const std::string two = KeyPath("two");
  auto first = PseudonymKey::LoadOrCreate(one);
  auto second = PseudonymKey::LoadOrCreate(two);
  EXPECT_NE(first->Pseudonym("4711"), second->Pseudonym("4711"));
  EXPECT_NE(first->PersonId("4711"), second->PersonId("4711"));
  EXPECT_NE(first->Pseudonym("4711"), first->Pseudonym("4712"));
  EXPECT_EQ(first->Pseudonym("4711").size(), 32u);
  EXPECT_GT(first->PersonId("4711"), 0);
  EXPECT_NE(first->RowId("drug", "1"), first->RowId("visit", "1"));
  EXPECT_NE(first->RowId("drug", "1"), first->PersonId("1"));
  std::filesystem::remove(one);
  std::filesystem::remove(two);
}

TEST(PseudonymKey, RefusesAFileThatOthersCanReadOrThatIsNoKey) {
  const std::string path = KeyPath("bad");
  std::ofstream(path) << std::string(32, 'k');
  ::chmod(path.c_str(), 0640);
  auto readable = PseudonymKey::LoadOrCreate(path);
  ASSERT_FALSE(readable.has_value());
  EXPECT_EQ(readable.error().code, ErrorCode::kInvalidInput);
  ::chmod(path.c_str(), 0600);
  EXPECT_TRUE(PseudonymKey::LoadOrCreate(path).has_value());
  std::ofstream(path, std::ios::app) << "more";
  EXPECT_FALSE(PseudonymKey::LoadOrCreate(path).has_value());
  EXPECT_FALSE(PseudonymKey::LoadOrCreate("/nonexistent-folder/key").has_value());
  std::filesystem::remove(path);
}

/// The numbers are hashlib's (pseudonym_reference.py), of the keys 00 01 … 1f and 20 21 … 3f.
TEST(PseudonymKey, ChainsItsGenerationsAsItsHeaderSays) {
  const std::string path = KeyPath("chain");
  std::string bytes(64, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
  std::ofstream(path, std::ios::binary) << bytes;
  ::chmod(path.c_str(), 0600);
  auto key = PseudonymKey::Load(path);
  ASSERT_TRUE(key.has_value()) << key.error().message;
  EXPECT_EQ(key->generations(), 2u);
  EXPECT_EQ(key->Pseudonym("4711"), "ebb7da776917344e41388d25f0875f53");
  EXPECT_EQ(key->PersonId("4711"), 3960807039610559494);
  EXPECT_EQ(key->RowId("drug", "1"), 7903996273541110595);
  key->SetRowHash(RowHash::kBlake2b);
  EXPECT_EQ(key->RowId("drug", "1"), 7093588076784619738);
  EXPECT_EQ(key->TakenId(7), 7110894785801870549);
  EXPECT_EQ(key->TakenId(0), 0);
  EXPECT_EQ(key->Fingerprint(), "392cec2f8e0b4791");
  EXPECT_EQ(key->Fingerprint(1), "45166baa782e5a99");
  EXPECT_EQ(key->Rotated("adf5860917573e07150c5068c2a53de3"), "ebb7da776917344e41388d25f0875f53");
  EXPECT_EQ(key->Rotated(402912804469166531), 3960807039610559494);
  key->KeepGenerations(1);
  EXPECT_EQ(key->Pseudonym("4711"), "adf5860917573e07150c5068c2a53de3");
  EXPECT_EQ(key->PersonId("4711"), 402912804469166531);
  EXPECT_EQ(key->RowId("drug", "1"), 3897901646586210712);
  key->SetRowHash(RowHash::kSipHash);
  EXPECT_EQ(key->RowId("drug", "1"), 800317840595764516);
  EXPECT_EQ(key->RowId("drug", std::string(200, 'x')), 5637318388188801563);
  EXPECT_NE(key->RowId("a", "bc"), key->RowId("ab", "c"));
  key->AddGeneration();
  EXPECT_EQ(key->RowId("drug", "1"), key->Rotated(800317840595764516));
  key->KeepGenerations(1);
  EXPECT_EQ(key->TakenId(7), 7) << "as it came";
  EXPECT_EQ(key->Fingerprint(), "45166baa782e5a99");
  std::filesystem::remove(path);
}

TEST(PseudonymKey, IsReplacedWholeWithItsNewGeneration) {
  const std::string path = KeyPath("generation");
  auto key = PseudonymKey::LoadOrCreate(path);
  ASSERT_TRUE(key.has_value()) << key.error().message;
  const std::string first = key->Fingerprint();
  std::ofstream(path + ".part") << "what a crash left";
  key->AddGeneration();
  EXPECT_NE(key->Fingerprint(), first);
  EXPECT_EQ(key->Fingerprint(1), first);
  ASSERT_TRUE(key->Save(path).has_value());
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(status.st_size, 64);
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  auto read = PseudonymKey::Load(path);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->Fingerprint(), key->Fingerprint());
  EXPECT_EQ(read->Pseudonym("4711"), key->Pseudonym("4711"));
  std::filesystem::resize_file(path, 48);
  const auto cut = PseudonymKey::Load(path);
  ASSERT_FALSE(cut.has_value());
  EXPECT_NE(cut.error().message.find("found 48 bytes"), std::string::npos) << cut.error().message;
  std::filesystem::resize_file(path, 0);
  EXPECT_FALSE(PseudonymKey::Load(path).has_value());
  std::filesystem::remove(path);
  EXPECT_FALSE(PseudonymKey::Load(path).has_value()) << "none is made";
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace clinnova::intake

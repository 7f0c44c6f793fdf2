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

}  // namespace
}  // namespace clinnova::intake

// SPDX-License-Identifier: Apache-2.0
#include "core/whole_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

namespace clinnova::core {
namespace {

namespace fs = std::filesystem;

std::string TextOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class WholeFileTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::temp_directory_path() / ("clinnova_whole_" + std::to_string(::getpid()));
};

TEST_F(WholeFileTest, ReplacesTheFileAndLeavesNothingBeside) {
  const fs::path file = folder_ / "a";
  ASSERT_TRUE(WriteWholeFile(file, "one\r\n"));
  ASSERT_TRUE(WriteWholeFile(file, "two"));
  EXPECT_EQ(TextOf(file), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(WholeFileTest, IsForItsOwnerWhereAskedSo) {
  const fs::path file = folder_ / "secret";
  const fs::perms owner = fs::perms::owner_read | fs::perms::owner_write;
  ASSERT_TRUE(WriteWholeFile(file, "password", owner));
  EXPECT_EQ(fs::status(file).permissions(), owner);
}

TEST_F(WholeFileTest, SaysWhyItCannotAndChangesNothing) {
  const auto nowhere = WriteWholeFile(folder_ / "none" / "a", "x");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().message,
            (folder_ / "none" / "a").string() + ": cannot be written: No such file or directory");
  fs::create_directories(folder_ / "taken" / "inside");
  EXPECT_FALSE(WriteWholeFile(folder_ / "taken", "x"));
  EXPECT_TRUE(fs::is_directory(folder_ / "taken" / "inside"));
  EXPECT_FALSE(fs::exists(folder_ / "taken.part"));
}

}  // namespace
}  // namespace clinnova::core

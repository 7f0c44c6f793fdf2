// SPDX-License-Identifier: Apache-2.0
#include "core/error.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "core/toml_json.h"

namespace clinnova::core {
namespace {

TEST(ErrorTest, IsOneLineWhateverWasFound) {
  const Result<int> failed = Fail(ErrorCode::kInvalidInput, "crp: found \"5\r\n\t6\"");
  EXPECT_EQ(failed.error().message, "crp: found \"5   6\"");
  const Result<int> passed_on = FailAt("row\n7", failed);
  EXPECT_EQ(passed_on.error().message, "row 7: crp: found \"5   6\"");
}

TEST(ErrorTest, KeepsLettersBeyondAscii) {
  const Result<int> failed = Fail(ErrorCode::kRefused, "Zürich: à, 日本", "word");
  EXPECT_EQ(failed.error().message, "Zürich: à, 日本");
  EXPECT_EQ(failed.error().reason, "word");
}

// The library's own words repeat what it found, the end of the line too.
TEST(ErrorTest, TellsOfTomlInOneLine) {
  std::map<std::string, int> lines;
  const auto failed = TomlToJson("a = 1\nb = t\nc = 2\n", "site.toml", lines);
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().message.starts_with("site.toml:2: ")) << failed.error().message;
  EXPECT_EQ(failed.error().message.find('\n'), std::string::npos) << failed.error().message;
}

}  // namespace
}  // namespace clinnova::core

// SPDX-License-Identifier: Apache-2.0
#include "federation/site_policy.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace clinnova::federation {
namespace {

Result<SitePolicy> Read(const std::string& toml) {
  core::TomlPlace place{.file = "policy.toml"};
  CLINNOVA_ASSIGN(const auto document, core::TomlToJson(toml, place.file, place.lines));
  return ReadPolicy(place, document.at("policy"));
}

TEST(SitePolicy, HasItsDefaultsWhereItSaysNothing) {
  const auto policy = Read("[policy]\n");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(*policy, SitePolicy{});
}

TEST(SitePolicy, ReadsEveryKey) {
  const auto policy = Read(
      "[policy]\nminimum_count = 10\nminimum_sites = 4\nrounds_per_study = 50\n"
      "studies_per_day = 2\nmethods = [\"glm\", \"cox\"]\nresearchers = [\"A. Muster\"]\n"
      "purposes = [\"response\"]\npermits = [\"CNER 2026/041\"]\nvariables = [\"age\"]\n"
      "expires = 2027-03-31\ndominance_one = 0.05\ndominance_two = 0.8\nleverage = 0.4\n"
      "exits_per_time = 20\ncontributors = 3\ninformation_share = 0.2\n");
  ASSERT_TRUE(policy) << policy.error().message;
  EXPECT_EQ(policy->minimum_count, 10);
  EXPECT_EQ(policy->minimum_sites, 4u);
  EXPECT_EQ(policy->rounds_per_study, 50u);
  EXPECT_EQ(policy->studies_per_day, 2u);
  EXPECT_EQ(policy->methods, (std::vector<std::string>{"glm", "cox"}));
  EXPECT_EQ(policy->researchers, std::vector<std::string>{"A. Muster"});
  EXPECT_EQ(policy->purposes, std::vector<std::string>{"response"});
  EXPECT_EQ(policy->permits, std::vector<std::string>{"CNER 2026/041"});
  EXPECT_EQ(policy->variables, std::vector<std::string>{"age"});
  EXPECT_EQ(policy->expires, "2027-03-31");
  EXPECT_EQ(policy->limits.dominance_one, 0.05);
  EXPECT_EQ(policy->limits.dominance_two, 0.8);
  EXPECT_EQ(policy->limits.leverage, 0.4);
  EXPECT_EQ(policy->limits.exits_per_time, 20);
  EXPECT_EQ(policy->limits.contributors, 3);
  EXPECT_EQ(policy->limits.information_share, 0.2);
  // None was left out above.
  const auto json = PolicyJson(*policy);
  const auto defaults = PolicyJson({});
  for (const PolicyKey& key : PolicyKeys()) {
    EXPECT_NE(json.at(std::string(key.name)), defaults.at(std::string(key.name))) << key.name;
    EXPECT_FALSE(key.meaning.empty()) << key.name;
  }
  EXPECT_EQ(json.size(), PolicyKeys().size());
}

TEST(SitePolicy, SaysWhatIsWrongWithWhichKeyOfWhichLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"minimum_cuont = 5", "policy.minimum_cuont: unknown key, expected one of minimum_count, "},
      {"minimum_count = \"5\"", "found \"5\", expected a whole number of at least 0"},
      {"minimum_count = 5.5", "found 5.5, expected a whole number of at least 0"},
      {"minimum_count = -1", "found -1, expected a whole number of at least 0"},
      {"minimum_sites = 2", "found 2, expected a whole number of at least 3"},
      {"rounds_per_study = 99999999999", "expected a whole number"},
      {"methods = \"glm\"", "found \"glm\", expected a list of texts"},
      {"methods = [1]", "found [1], expected a list of texts"},
      {"researchers = [\"\"]", "found [\"\"], expected a list of texts"},
      {"variables = []", "found [], expected at least one text; without the key all are allowed"},
      {"permits = [\"a\", \"a\"]", "expected each text once"},
      {"expires = \"soon\"", "found \"soon\", expected a day such as 2027-03-31"},
      {"expires = \"2027-02-29\"", "found \"2027-02-29\", expected a day"},
      {"expires = 2027", "found 2027, expected a day"},
      {"leverage = 1.5", "found 1.5, expected a number from 0"},
      {"contributors = 0", "found 0, expected a number from 1"}};
  for (const auto& [line, words] : cases) {
    const auto policy = Read("[policy]\n# of\n# ours\n" + std::string(line) + "\n");
    ASSERT_FALSE(policy) << line;
    EXPECT_EQ(policy.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(policy.error().message.find(words), std::string::npos) << policy.error().message;
    EXPECT_TRUE(policy.error().message.starts_with("policy.toml:4: policy."))
        << policy.error().message;
  }
}

TEST(SitePolicy, HasTheSameHashForTheSameRules) {
  const auto hash = [](const std::string& toml) { return PolicyHash(*Read(toml)); };
  EXPECT_EQ(hash("[policy]\n"), PolicyHash({}));
  EXPECT_EQ(hash("[policy]\nleverage = 0.5\nminimum_count = 5\n"), PolicyHash({}));
  std::set<core::Hash> different = {PolicyHash({})};
  for (const char* line :
       {"minimum_count = 6", "minimum_sites = 4", "rounds_per_study = 1", "studies_per_day = 1",
        "methods = [\"a\"]", "researchers = [\"a\"]", "purposes = [\"a\"]", "permits = [\"a\"]",
        "variables = [\"a\"]", "expires = \"2027-01-01\"", "leverage = 0.4"}) {
    EXPECT_TRUE(different.insert(hash("[policy]\n" + std::string(line) + "\n")).second) << line;
  }
}

}  // namespace
}  // namespace clinnova::federation

// SPDX-License-Identifier: Apache-2.0
// Every method has a page in docs/methods that cannot rot: the sections, a study that the documents' test
// runs, each of the method's options and each step that a site may be asked to run.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "house/document_commands.h"
#include "learn/learners.h"
#include "stats/method.h"

namespace clinnova::house {
namespace {

[[maybe_unused]] const bool kWithLearners = (learn::RegisterLearners(), true);

std::string Page(std::string_view method) {
  std::ifstream in(std::filesystem::path(CLINNOVA_SOURCE_DIR) / "docs/methods" /
                   (std::string(method) + ".md"));
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class MethodPages : public testing::TestWithParam<const stats::Method*> {};

TEST_P(MethodPages, SayWhatAReaderNeeds) {
  const stats::Method& method = *GetParam();
  const std::string page = Page(method.name);
  ASSERT_FALSE(page.empty()) << "docs/methods/" << method.name << ".md is missing";
  EXPECT_TRUE(page.starts_with("# `" + std::string(method.name) + "`")) << page.substr(0, 40);
  std::size_t at = 0;
  for (const char* heading : {"\n## What it answers\n", "\n## A study\n", "\n## Options\n",
                              "\n## Result\n", "\n## What travels\n", "\n## Source\n"}) {
    const std::size_t found = page.find(heading, at);
    EXPECT_NE(found, std::string::npos) << method.name << ": no section" << heading;
    if (found != std::string::npos) at = found;
  }
  for (const std::string_view option : method.options) {
    EXPECT_NE(page.find("`" + std::string(option) + "`"), std::string::npos)
        << method.name << ": option " << option;
  }
  for (const federation::Step* step : method.steps) {
    EXPECT_NE(page.find("`" + std::string(step->name()) + "`"), std::string::npos)
        << method.name << ": step " << step->name();
  }
  bool runs = false;
  for (const CommandBlock& block : CommandBlocks(page)) {
    runs = runs || (block.commands.find("clinnova simulate") != std::string::npos &&
                    block.commands.find("method = \"" + std::string(method.name) + "\"") !=
                        std::string::npos);
  }
  EXPECT_TRUE(runs) << method.name << ": no study that the documents' test runs";
}

std::vector<const stats::Method*> All() {
  std::vector<const stats::Method*> all;
  for (const stats::Method& method : stats::Methods()) all.push_back(&method);
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, MethodPages, testing::ValuesIn(All()),
                         [](const auto& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace clinnova::house

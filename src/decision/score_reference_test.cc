// SPDX-License-Identifier: Apache-2.0
// Every score against worked examples that were computed from the published formulas by another program
// (score_reference.py): value to 1e-12 relative, band exactly, every cut from both sides and on it.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

#include "decision/score.h"

namespace clinnova::decision {
namespace {

struct Example {
  int line = 0;
  std::string score{};
  std::vector<std::string> arguments{};
  double value = 0.0;
  std::string band{};
};

std::vector<Example> Examples() {
  std::ifstream in(CLINNOVA_SOURCE_DIR "/src/decision/score_reference.tsv");
  std::vector<Example> examples;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream row(line);
    Example example{.line = number};
    std::string arguments, value;
    std::getline(row, example.score, '\t');
    std::getline(row, arguments, '\t');
    std::getline(row, value, '\t');
    std::getline(row, example.band, '\t');
    std::istringstream words(arguments);
    for (std::string word; words >> word;) example.arguments.push_back(word);
    example.value = std::stod(value);
    if (example.band == "-") example.band.clear();
    examples.push_back(std::move(example));
  }
  return examples;
}

TEST(ScoreReference, ValuesAndBandsAreThoseOfTheFormulas) {
  const std::vector<Example> examples = Examples();
  ASSERT_GT(examples.size(), 2000u);
  for (const Example& example : examples) {
    const std::string where = "score_reference.tsv:" + std::to_string(example.line);
    const ScoreDefinition* score = FindScore(example.score);
    ASSERT_NE(score, nullptr) << where;
    const Result<ScoreResult> result = ComputeScore(*score, example.arguments);
    ASSERT_TRUE(result) << where << ": " << result.error().message;
    EXPECT_NEAR(result->value, example.value, 1e-12 * std::max(1.0, std::abs(example.value)))
        << where;
    EXPECT_EQ(result->band, example.band) << where;
  }
}

TEST(ScoreReference, HasExamplesOfEveryScore) {
  std::set<std::string> shown;
  for (const Example& example : Examples()) shown.insert(example.score);
  for (const ScoreDefinition& score : Scores()) {
    EXPECT_TRUE(shown.contains(score.name)) << score.name;
  }
}

TEST(ScoreReference, EveryBandIsInTheHelp) {
  std::set<std::pair<std::string, std::string>> shown;
  for (const Example& example : Examples()) {
    if (!example.band.empty()) shown.emplace(example.score, example.band);
  }
  for (const auto& [score, band] : shown) {
    const std::string help = ScoreHelp(*FindScore(score));
    const std::string bands = help.substr(help.find("\nBands\n"));
    EXPECT_TRUE(bands.find(": " + band + "\n") != bands.npos ||
                bands.find("  " + band + ": ") != bands.npos)
        << score << ": " << band;
  }
}

TEST(ScoreReference, HasExamplesOfEveryBand) {
  std::set<std::pair<std::string, std::string>> shown;
  for (const Example& example : Examples()) shown.emplace(example.score, example.band);
  for (const ScoreDefinition& score : Scores()) {
    for (const Band& band : score.bands) {
      EXPECT_TRUE(shown.contains({score.name, band.label})) << score.name << ": " << band.label;
    }
  }
}

}  // namespace
}  // namespace clinnova::decision

// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "stats/method.h"
#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

TEST(Methods, AreSortedAndComplete) {
  ASSERT_FALSE(Methods().empty());
  std::set<std::string_view> names;
  for (const Method& method : Methods()) {
    EXPECT_TRUE(names.empty() || *names.rbegin() < method.name) << method.name;
    names.insert(method.name);
    EXPECT_FALSE(method.summary.empty()) << method.name;
    EXPECT_FALSE(method.options.empty()) << method.name;
    EXPECT_TRUE(method.run != nullptr) << method.name;
    EXPECT_EQ(FindMethod(method.name), &method);
  }
  EXPECT_EQ(FindMethod("nothing"), nullptr);
}

TEST(Methods, StepsHaveOneNameEachAndASiteKnowsThem) {
  for (const Method& method : Methods()) {
    EXPECT_FALSE(method.steps.empty()) << method.name;
    std::set<std::string_view> names;
    for (const federation::Step* step : method.steps) {
      EXPECT_TRUE(names.insert(step->name()).second) << method.name << " " << step->name();
      EXPECT_EQ(Steps().Find(method.name, step->name()), step);
    }
  }
}

TEST(Methods, CheckAnalysesListsWhatThereIs) {
  const auto unknown = CheckAnalyses(StudyOf("method = \"magic\"\n"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(unknown.error().message.find("found \"magic\""), std::string::npos);
  EXPECT_NE(unknown.error().message.find("glm, histogram"), std::string::npos);
  EXPECT_FALSE(CheckAnalyses(StudyOf("method = \"glm\"\nformula = \"y ~ x\"\nbreaks = [1, 2]\n")));
  EXPECT_TRUE(CheckAnalyses(StudyOf("method = \"glm\"\nformula = \"y ~ x\"\n")));
}

TEST(Methods, DeclareTheFactorsThatFormulasName) {
  const auto declared =
      ColumnDeclarations(StudyOf("method = \"glm\"\nformula = \"y ~ factor(stage) + x\"\n"));
  ASSERT_TRUE(declared) << declared.error().message;
  ASSERT_EQ(declared->size(), 1u);
  EXPECT_EQ((*declared)[0].name, "factor(stage)");
  const auto tabulated =
      ColumnDeclarations(StudyOf("method = \"table\"\nvariables = [\"stage\", \"site\"]\n"));
  ASSERT_TRUE(tabulated);
  ASSERT_EQ(tabulated->size(), 1u);
  EXPECT_EQ((*tabulated)[0].name, "factor(stage)");
}

TEST(RunAnalysis, PutsCommonFieldsFirst) {
  const Answer answer = RunOne("method = \"summary\"\nvariables = [\"x\"]\n",
                               {table::MakeTable({{"x", {1.0, 2.0}}})});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer.Text("/name"), "a");
  EXPECT_EQ(answer.Text("/method"), "summary");
  EXPECT_TRUE(answer.True("/converged"));
  EXPECT_GE(answer.Number("/rounds"), 2);
  EXPECT_EQ(answer.text().find("\"name\""), answer.text().find('"'));
}

}  // namespace
}  // namespace clinnova::stats

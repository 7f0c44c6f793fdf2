// SPDX-License-Identifier: Apache-2.0
#include "stats/analysis_rows.h"

#include <gtest/gtest.h>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::kNa;
using table::MakeTable;
using table::Table;

Result<AnalysisRows> BindTo(const std::string& options, const Table& table) {
  const federation::Study study = StudyOf("method = \"ttest\"\n" + options);
  return AnalysisRows::Bind(study.analyses().front(), table.schema);
}

std::string ErrorOf(const std::string& options, const Table& table) {
  const auto rows = BindTo(options, table);
  return rows ? "" : rows.error().message;
}

const Table kTable = MakeTable({{"y", {1, 2, kNa, 4, -1}},
                                {"x", {1, kNa, 3, 4, 5}},
                                {"g", {"b", "a", "a", "", "b"}},
                                {"stage", {1.0, 2.0, 2.0, 1.0, 1.0}}});

TEST(AnalysisRows, LeavesOutIncompleteRowsAndKeepsTheOthersTogether) {
  const auto rows = BindTo("formula = \"y ~ g\"\n", kTable);
  ASSERT_TRUE(rows) << rows.error().message;
  RowBatch batch;
  rows->Evaluate(kTable, 0, kTable.rows, batch);
  ASSERT_EQ(batch.rows, 3u);
  EXPECT_EQ(batch.missing, 2u);
  EXPECT_EQ(std::vector<double>(batch.numbers[0].begin(), batch.numbers[0].begin() + 3),
            (std::vector<double>{1, 2, -1}));
  EXPECT_EQ(std::vector<std::int32_t>(batch.group.begin(), batch.group.begin() + 3),
            (std::vector<std::int32_t>{1, 0, 1}));
  EXPECT_EQ(rows->levels(), (std::vector<std::string>{"a", "b"}));
}

TEST(AnalysisRows, TakesThePairsDifference) {
  const auto rows = BindTo("y = \"y\"\npaired = \"x\"\n", kTable);
  ASSERT_TRUE(rows) << rows.error().message;
  RowBatch batch;
  rows->Evaluate(kTable, 0, kTable.rows, batch);
  ASSERT_EQ(batch.rows, 3u);
  EXPECT_EQ(batch.numbers[0][2], -6);
  EXPECT_FALSE(rows->grouped());
}

TEST(AnalysisRows, CountsInfiniteValuesApart) {
  const auto rows = BindTo("formula = \"I(1 / (y - 4)) ~ 1\"\n", kTable);
  ASSERT_TRUE(rows) << rows.error().message;
  RowBatch batch;
  rows->Evaluate(kTable, 0, kTable.rows, batch);
  EXPECT_EQ(batch.infinite, 1u);
  EXPECT_EQ(batch.rows, 3u);
}

TEST(AnalysisRows, SaysWhatItCannotRead) {
  EXPECT_NE(ErrorOf("formula = \"y ~ g + x\"\n", kTable).find("expected one column of groups"),
            std::string::npos);
  EXPECT_NE(ErrorOf("formula = \"y ~ log(x)\"\n", kTable).find("expected one column of groups"),
            std::string::npos);
  EXPECT_NE(ErrorOf("formula = \"y ~ stage\"\n", kTable).find("stage is numeric"),
            std::string::npos);
  EXPECT_NE(ErrorOf("formula = \"z ~ g\"\n", kTable).find("column \"z\": not in the table"),
            std::string::npos);
  EXPECT_NE(ErrorOf("formula = \"y ~ g\"\ny = \"x\"\n", kTable).find("beside formula"),
            std::string::npos);
  EXPECT_NE(ErrorOf("", kTable).find("expected \"outcome ~ group\""), std::string::npos);
}

}  // namespace
}  // namespace clinnova::stats

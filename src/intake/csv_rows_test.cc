// SPDX-License-Identifier: Apache-2.0
#include "intake/csv_rows.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "intake/synthetic_random.h"

namespace clinnova::intake {
namespace {

class CsvRowsTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            (std::string("clinnova_csv_") + info->name() + "_" + std::to_string(getpid()));
  }
  void TearDown() override { std::filesystem::remove(path_); }

  // Every step of the file as one line: "3: a|b" for a row, "3! rule raw" for a malformed one.
  std::vector<std::string> Steps(std::string_view text, CsvRows::Options options = {}) {
    std::ofstream(path_, std::ios::binary) << text;
    options.path = path_;
    auto rows = CsvRows::Open(options);
    EXPECT_TRUE(rows.has_value());
    std::vector<std::string> steps;
    while (true) {
      const auto step = rows->Next();
      EXPECT_TRUE(step.has_value());
      if (*step == CsvRows::Step::kEnd) return steps;
      std::string line = std::to_string(rows->line());
      if (*step == CsvRows::Step::kMalformed) {
        line += "! " + std::string(rows->rule()) + " " + std::string(rows->raw());
      } else {
        line += ": ";
        for (std::string_view field : rows->fields()) line += std::string(field) + "|";
      }
      steps.push_back(line);
    }
  }

  std::filesystem::path path_;
};

using Lines = std::vector<std::string>;

TEST_F(CsvRowsTest, SplitsRowsAndKeepsLineNumbers) {
  EXPECT_EQ(Steps("a,b\n1,2\r\n\n3,\n,"), (Lines{"1: a|b|", "2: 1|2|", "4: 3||", "5: ||"}));
  EXPECT_EQ(Steps(""), Lines{});
  EXPECT_EQ(Steps("\xEF\xBB\xBFx;y\n", {.delimiter = ';'}), Lines{"1: x|y|"});
  EXPECT_EQ(Steps("x\ty", {.delimiter = '\t'}), Lines{"1: x|y|"});
}

TEST_F(CsvRowsTest, KeepsDelimitersQuotesAndLineEndsInsideQuotes) {
  EXPECT_EQ(Steps("a,\"b,c\",d\n\"1 \"\"2\"\" 3\",\"x\ny\",\"\"\nlast,1,2"),
            (Lines{"1: a|b,c|d|", "2: 1 \"2\" 3|x\ny||", "4: last|1|2|"}));
  EXPECT_EQ(Steps("5\" tube,b\n"), Lines{"1: 5\" tube|b|"});
  EXPECT_EQ(Steps("\"a\"\r\n\"b\""), (Lines{"1: a|", "2: b|"}));
  EXPECT_EQ(Steps("\"a\",b\n", {.quote = 0}), Lines{"1: \"a\"|b|"});
}

TEST_F(CsvRowsTest, AMalformedRowCostsOneLine) {
  EXPECT_EQ(Steps("a,b\n\"open,1\nc,d\n"),
            (Lines{"1: a|b|", "2! csv.unclosed_quote \"open,1", "3: c|d|"}));
  EXPECT_EQ(Steps("a,\"b\"x,c\nd,e,f\n"), (Lines{"1! csv.quote a,\"b\"x,c", "2: d|e|f|"}));
  // The stray quote of line 1 finds its partner in line 2.
  EXPECT_EQ(Steps("a,\"b\nc,\"d\"\ne,f\n"), (Lines{"1! csv.quote a,\"b", "2: c|d|", "3: e|f|"}));
}

TEST_F(CsvRowsTest, GivesARowUpAfterItsFirstLine) {
  std::ofstream(path_, std::ios::binary) << "a,\"b\nc\",d\ne,f\n";
  auto rows = CsvRows::Open({.path = path_});
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(*rows->Next(), CsvRows::Step::kRow);
  EXPECT_EQ(rows->fields().size(), 3u);
  rows->ResumeAfterFirstLine();
  EXPECT_EQ(rows->raw(), "a,\"b");
  ASSERT_EQ(*rows->Next(), CsvRows::Step::kRow);
  EXPECT_EQ(rows->line(), 2u);
  EXPECT_EQ(rows->fields()[0], "c\"");
}

TEST_F(CsvRowsTest, EndsARowThatNeverEnds) {
  const std::string junk(3 << 20, 'x');
  const Lines steps = Steps("a\n" + junk + "\nb\n");
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_TRUE(steps[1].starts_with("2! csv.row_length xxx"));
  EXPECT_LT(steps[1].size(), 5000u);
  EXPECT_EQ(steps[2], "3: b|");
  std::string open = "\"never closed\n";
  for (int i = 0; i < 100; ++i) open += "row\n";
  const Lines limited = Steps(open, {.longest_row = 50});
  EXPECT_EQ(limited[0], "1! csv.unclosed_quote \"never closed");
  EXPECT_EQ(limited.size(), 101u);
}

// Rows at every offset of the reading block, quoted and not.
TEST_F(CsvRowsTest, ReadsRowsAcrossBlocks) {
  std::string text;
  std::size_t rows = 0;
  for (; text.size() < (std::size_t{1} << 20); ++rows) {
    text += std::to_string(rows) + (rows % 3 == 0 ? ",\"q\n\"\"z\"\"\"" : ",plain");
    text += "\r\n";
  }
  std::ofstream(path_, std::ios::binary) << text;
  auto reader = CsvRows::Open({.path = path_});
  ASSERT_TRUE(reader.has_value());
  for (std::size_t i = 0; i < rows; ++i) {
    ASSERT_EQ(*reader->Next(), CsvRows::Step::kRow) << i;
    ASSERT_EQ(reader->fields().size(), 2u) << i;
    ASSERT_EQ(reader->fields()[0], std::to_string(i));
    ASSERT_EQ(reader->fields()[1], i % 3 == 0 ? "q\n\"z\"" : "plain");
  }
  EXPECT_EQ(*reader->Next(), CsvRows::Step::kEnd);
}

// Whatever is written with quotes by the rules comes back as it was.
TEST_F(CsvRowsTest, ReadsBackEveryQuotedTable) {
  constexpr std::string_view kAlphabet = "ab,;\"\n\r\t 7";
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SyntheticRandom random(seed, 0, 0);
    std::vector<std::vector<std::string>> table;
    std::string text;
    for (int r = random.Between(1, 6); r > 0; --r) {
      std::vector<std::string>& row = table.emplace_back();
      for (int c = random.Between(1, 4); c > 0; --c) {
        std::string field;
        for (int n = random.Between(0, 6); n > 0; --n)
          field += kAlphabet[static_cast<std::size_t>(random.Between(0, 9))];
        text += row.empty() ? "\"" : ",\"";
        for (char ch : field) text.append(ch == '"' ? 2 : 1, ch);
        text += "\"";
        row.push_back(field);
      }
      if (r > 1 || random.Chance(0.5)) text += random.Chance(0.5) ? "\r\n" : "\n";
    }
    std::ofstream(path_, std::ios::binary) << text;
    auto rows = CsvRows::Open({.path = path_});
    ASSERT_TRUE(rows.has_value());
    for (const std::vector<std::string>& row : table) {
      ASSERT_EQ(*rows->Next(), CsvRows::Step::kRow) << seed;
      ASSERT_EQ(std::vector<std::string>(rows->fields().begin(), rows->fields().end()), row)
          << seed;
    }
    EXPECT_EQ(*rows->Next(), CsvRows::Step::kEnd) << seed;
  }
}

// Any bytes at all: every line is in a row or in a complaint, and the reader ends.
TEST_F(CsvRowsTest, EndsOnAnyBytes) {
  constexpr std::string_view kAlphabet = "a,\"\n\"\n,\r\x80\"";
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SyntheticRandom random(seed, 1, 0);
    std::string text;
    for (int n = random.Between(0, 200); n > 0; --n)
      text += kAlphabet[static_cast<std::size_t>(random.Between(0, 9))];
    std::ofstream(path_, std::ios::binary) << text;
    auto rows = CsvRows::Open({.path = path_, .longest_row = 64});
    ASSERT_TRUE(rows.has_value());
    std::uint64_t last = 0;
    for (std::size_t steps = 0;; ++steps) {
      const auto step = rows->Next();
      ASSERT_TRUE(step.has_value());
      if (*step == CsvRows::Step::kEnd) break;
      ASSERT_GT(rows->line(), last) << seed;
      last = rows->line();
      ASSERT_LT(steps, 300u) << seed;
    }
  }
}

TEST_F(CsvRowsTest, RefusesWhatItCannotRead) {
  EXPECT_FALSE(CsvRows::Open({.path = path_}).has_value());
  EXPECT_FALSE(CsvRows::Open({.path = std::filesystem::temp_directory_path()}).has_value());
  std::ofstream(path_, std::ios::binary) << "\xFF\xFE"
                                            "a";
  const auto utf16 = CsvRows::Open({.path = path_});
  ASSERT_FALSE(utf16.has_value());
  EXPECT_EQ(utf16.error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace clinnova::intake

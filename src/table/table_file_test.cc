// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "core/duckdb.h"
#include "table/table.h"

namespace clinnova::table {
namespace {

using Strings = std::vector<std::string>;
using Declarations = std::vector<ColumnDeclaration>;

class TableFile : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() /
                 ("clinnova_table_" + std::to_string(getpid()) + "_" +
                  testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

  std::string Write(const std::string& content, const std::string& name = "basel.csv") const {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }

  /// Describes and reads one file as a study of one site.
  Result<Table> Read(const std::string& content, const Declarations& declarations = {}) const {
    return ReadAt(Write(content), declarations);
  }
  static Result<Table> ReadAt(const std::string& path, const Declarations& declarations) {
    CLINNOVA_ASSIGN(const SiteSchema description, DescribeFile(path, declarations));
    CLINNOVA_ASSIGN(const Schema schema, UnifySchemas({&description, 1}, declarations, kSites));
    return ReadFile(path, schema, "basel");
  }
  std::string ErrorOf(const std::string& content, const Declarations& declarations = {}) const {
    const auto table = Read(content, declarations);
    if (table) return "no error";
    EXPECT_EQ(table.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(table.error().message.find('\n'), std::string::npos);
    std::string message = table.error().message;
    const std::size_t at = message.find(directory_.string());
    if (at != std::string::npos) message.erase(at, directory_.string().size() + 1);
    return message;
  }

  static const Strings kSites;
  std::filesystem::path directory_;
};

const Strings TableFile::kSites = {"basel"};

TEST_F(TableFile, ReadsNumbersFactorsAndMissingValues) {
  const auto table = Read("age,sex,crp\n41,M,1.5\n,F,NA\n39, NA ,\n 2e1 ,M,-.5\n");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->rows, 4U);
  ASSERT_EQ(table->schema.columns.size(), 4U);
  EXPECT_EQ(table->schema.columns[1].levels, (Strings{"F", "M"}));
  const auto& age = table->columns[0].numbers;
  EXPECT_EQ(age[0], 41);
  EXPECT_TRUE(std::isnan(age[1]));
  EXPECT_EQ(age[3], 20);
  EXPECT_EQ(table->columns[1].codes, (std::vector<std::int32_t>{1, 0, -1, 1}));
  EXPECT_EQ(table->columns[2].numbers[3], -0.5);
  EXPECT_TRUE(table->columns[1].numbers.empty());
  EXPECT_EQ(table->schema.columns[3].name, "site");
  EXPECT_EQ(table->columns[3].codes, (std::vector<std::int32_t>{0, 0, 0, 0}));
}

TEST_F(TableFile, ReadsEveryDelimiterLineEndAndQuote) {
  for (const char* content : {"a,b\n1,x y\n2,z\n", "a;b\r\n1;x y\r\n2;z\r\n", "a\tb\n1\tx y\n2\tz",
                              "\xEF\xBB\xBF"
                              "a,b\n1,x y\n2,z\n",
                              "\"a\",\"b\"\n\"1\",\"x y\"\n2,z\n", "\n\na,b\n\n1,x y\n\r\n2,z\n\n",
                              " a , b \n1,x y\n2,z\n"}) {
    const auto table = Read(content);
    ASSERT_TRUE(table) << content << table.error().message;
    EXPECT_EQ(table->schema.columns[0].name, "a") << content;
    EXPECT_EQ(table->columns[0].numbers, (std::vector<double>{1, 2})) << content;
    EXPECT_EQ(table->schema.columns[1].levels, (Strings{"x y", "z"})) << content;
  }
}

TEST_F(TableFile, KeepsWhatQuotesHold) {
  const auto table =
      Read("drug;\"a;b\"\n\"5\"\"ASA\";1\n\"two\nlines\";2\n\"x;y\";3\n\"NA\";4\n\"\";5\nü;6\n");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->schema.columns[1].name, "a;b");
  EXPECT_EQ(table->schema.columns[0].levels, (Strings{"5\"ASA", "two\nlines", "x;y", "ü"}));
  EXPECT_EQ(table->columns[0].codes, (std::vector<std::int32_t>{0, 1, 2, -1, -1, 3}));
}

TEST_F(TableFile, ReadsOneColumnAndNoRows) {
  const auto one = Read("x\n1\n\n2\n");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->columns[0].numbers, (std::vector<double>{1, 2}));
  const auto none = Read("x,g\n");
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ(none->rows, 0U);
  EXPECT_EQ(none->schema.columns[1].kind, ColumnKind::kNumeric);
}

TEST_F(TableFile, NamesFileLineAndField) {
  EXPECT_EQ(ErrorOf("a,b\n1,2\n1,2,3\n"),
            "basel.csv, line 3: found 3 fields, expected 2 as in the header");
  EXPECT_EQ(ErrorOf("a,b\n\n1\n"), "basel.csv, line 3: found 1 field, expected 2 as in the header");
  EXPECT_EQ(ErrorOf("a,b\n\"x\ny\",2\n3\n"),
            "basel.csv, line 4: found 1 field, expected 2 as in the header");
  EXPECT_EQ(ErrorOf("a,b\n1,\"x\n2,y\n"),
            "basel.csv, line 2: found a quote that is not closed, expected a closing quote");
  EXPECT_EQ(ErrorOf("a,b\n1,x\"y\"\n"),
            "basel.csv, line 2: found a quote within an unquoted field, expected quotes around the "
            "whole field");
  EXPECT_EQ(ErrorOf("a,b\n1,\"x\"y\n"),
            "basel.csv, line 2: found text after a closing quote, expected the delimiter");
  EXPECT_EQ(ErrorOf("a,b\n1,\"x\"y"),
            "basel.csv, line 2: found text after a closing quote, expected the delimiter");
  EXPECT_EQ(ErrorOf("a,b\n1,\"x\" \"\n"),
            "basel.csv, line 2: found text after a closing quote, expected the delimiter");
  EXPECT_EQ(ErrorOf("a,\n1,2\n"), "basel.csv, line 1: found no name for column 2, expected one");
  EXPECT_EQ(ErrorOf("a,b, a\n1,2,3\n"),
            "basel.csv, line 1: found column \"a\" twice, expected it once");
  EXPECT_EQ(ErrorOf("a,b\n1,2\nx,\xE9\n"),
            "basel.csv, line 3: found bytes that are not UTF-8, expected the file in UTF-8");
  EXPECT_EQ(ErrorOf("a,b\r1,2\r"),
            "basel.csv, line 1: found a carriage return within a line, expected line ends of LF or "
            "CR LF");
  EXPECT_EQ(ErrorOf(std::string("a,b\n1,\0\n", 8)),
            "basel.csv, line 2: found a zero byte, expected text");
  EXPECT_EQ(ErrorOf(""), "basel.csv: found an empty file, expected a header line");
  EXPECT_EQ(ErrorOf("a,b;c\n1,2\n"),
            "basel.csv, line 1: found both , and ; between names, expected one delimiter (quote "
            "names that hold the other)");
  EXPECT_EQ(ErrorOf("a,b\n1,2\nInf,3\n"),
            "basel.csv, line 3, column \"a\": found \"Inf\", expected a finite number");
  EXPECT_EQ(ErrorOf("a;b\n1;2,5\n3;1,5\n"),
            "basel.csv, line 2, column \"b\": found \"a decimal comma\", expected a decimal point "
            "(or type = "
            "\"factor\" in the study)");
  EXPECT_EQ(ErrorOf("site,b\n1,2\n"),
            "column \"site\": found in the table of site basel, expected another name: `site` "
            "holds the sites' names");
  for (const char* bad :
       {"\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_NE(ErrorOf(std::string("a\n") + bad + "\n").find("not UTF-8"), std::string::npos);
  }
}

TEST_F(TableFile, SaysWhenAFileCannotBeRead) {
  for (const std::string& path : {Path("nothing.csv"), directory_.string()}) {
    const auto description = DescribeFile(path, {});
    ASSERT_FALSE(description);
    EXPECT_EQ(description.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(description.error().message.find("cannot be read"), std::string::npos);
  }
}

TEST_F(TableFile, ChecksValuesAgainstTheSchema) {
  const std::string path = Write("drug,age\nJAK,30\nMTX,x\n");
  Schema schema{{{.name = "drug", .kind = ColumnKind::kFactor, .levels = {"anti-TNF", "JAK"}},
                 {.name = "site", .kind = ColumnKind::kFactor, .levels = {"basel"}}}};
  auto table = ReadFile(path, schema, "basel");
  ASSERT_FALSE(table);
  EXPECT_NE(table.error().message.find("basel.csv, line 3, column \"drug\": found \"MTX\", "
                                       "expected one of its levels: anti-TNF, JAK"),
            std::string::npos);
  schema.columns[0] = {.name = "age", .kind = ColumnKind::kNumeric, .levels = {}};
  table = ReadFile(path, schema, "basel");
  ASSERT_FALSE(table);
  EXPECT_NE(table.error().message.find("line 3, column \"age\": found \"x\", expected a number"),
            std::string::npos);
  EXPECT_FALSE(ReadFile(path, schema, "geneva"));
}

TEST_F(TableFile, LeavesColumnsThatTheSiteLacksMissing) {
  const std::string path = Write("x\n1\n2\n");
  const Schema schema{{{.name = "x", .kind = ColumnKind::kNumeric, .levels = {}},
                       {.name = "y", .kind = ColumnKind::kNumeric, .levels = {}},
                       {.name = "g", .kind = ColumnKind::kFactor, .levels = {"a"}},
                       {.name = "site", .kind = ColumnKind::kFactor, .levels = {"ulm", "basel"}}}};
  const auto table = ReadFile(path, schema, "basel");
  ASSERT_TRUE(table);
  EXPECT_TRUE(std::isnan(table->columns[1].numbers[1]));
  EXPECT_EQ(table->columns[2].codes, (std::vector<std::int32_t>{-1, -1}));
  EXPECT_EQ(table->columns[3].codes, (std::vector<std::int32_t>{1, 1}));
}

TEST_F(TableFile, ListsNumbersOfDeclaredFactors) {
  const Declarations declared = {{.name = "cyl", .kind = ColumnKind::kFactor, .levels = {}}};
  const auto table = Read("cyl\n10\n4\n6.0\n1e1\nNA\n100000\n", declared);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->schema.columns[0].levels, (Strings{"4", "6", "10", "1e+05"}));
  EXPECT_EQ(table->columns[0].codes, (std::vector<std::int32_t>{2, 0, 1, 2, -1, 3}));
}

TEST_F(TableFile, GivesANumericColumnASecondLifeAsFactor) {
  const Declarations declared = {{.name = "factor(cyl)", .kind = ColumnKind::kFactor, .levels = {}},
                                 {.name = "factor(g)", .kind = ColumnKind::kFactor, .levels = {}}};
  const auto table = Read("cyl,g\n8,a\n4,b\nNaN,a\n", declared);
  ASSERT_TRUE(table) << table.error().message;
  ASSERT_EQ(table->schema.columns.size(), 4U);  // factor(g) adds nothing to the factor g
  EXPECT_EQ(table->schema.columns[0].kind, ColumnKind::kNumeric);
  EXPECT_EQ(table->schema.columns[2].name, "factor(cyl)");
  EXPECT_EQ(table->schema.columns[2].levels, (Strings{"4", "8"}));
  EXPECT_EQ(table->columns[0].numbers[0], 8);
  EXPECT_TRUE(std::isnan(table->columns[0].numbers[2]));
  EXPECT_EQ(table->columns[2].codes, (std::vector<std::int32_t>{1, 0, -1}));
}

TEST_F(TableFile, HonoursDeclaredLevelsAndTheirOrder) {
  const Declarations declared = {{.name = "y", .kind = {}, .levels = {"1.0", "0"}}};
  const auto table = Read("y\n0\n1\n1.00\n", declared);
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->schema.columns[0].levels, (Strings{"1.0", "0"}));
  EXPECT_EQ(table->columns[0].codes, (std::vector<std::int32_t>{1, 0, 0}));
  EXPECT_EQ(ErrorOf("y\n0\n2\n", declared),
            "column \"y\": found \"2\" at site basel, expected one of the declared levels: 1.0, 0");
}

TEST_F(TableFile, KeepsTextsThatLookLikeNumbers) {
  const auto table = Read("code\n007\n7\nx\nNaN\nInf\n");
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->schema.columns[0].levels, (Strings{"007", "7", "Inf", "NaN", "x"}));
  EXPECT_EQ(table->columns[0].codes, (std::vector<std::int32_t>{0, 1, 4, 3, 2}));
}

TEST_F(TableFile, ReadsBackEveryDouble) {
  std::mt19937_64 random(11);
  std::vector<double> values;
  std::string content = "x\n";
  while (values.size() < 5000) {
    const double value =
        std::ldexp(static_cast<double>(random()) - 9e18, static_cast<int>(random() % 1000) - 500);
    char text[40];
    std::snprintf(text, sizeof text, "%.17g\n", value);
    content += text;
    values.push_back(value);
  }
  const auto table = Read(content);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->columns[0].numbers, values);
}

TEST_F(TableFile, ReadsRecordsAcrossBufferEdges) {
  // Lines of growing length, quoted and not, make every kind of character fall on a buffer's edge.
  std::string content = "t,x\n";
  for (int i = 0; i < 9000; ++i) {
    content +=
        i % 3 == 0 ? "\"a\"\"" + std::string(static_cast<std::size_t>(i % 401), ',') + "\"," : "b,";
    content += std::to_string(i) + (i % 2 == 0 ? "\r\n" : "\n");
  }
  ASSERT_GT(content.size(), 600000U);
  content += "\"" + std::string(3 << 20, 'q') + "\",9000";
  const auto table = Read(content);
  ASSERT_TRUE(table) << table.error().message;
  ASSERT_EQ(table->rows, 9001U);
  for (int i = 0; i < 9001; ++i)
    ASSERT_EQ(table->columns[1].numbers[static_cast<std::size_t>(i)], i);
}

TEST_F(TableFile, SurvivesRandomBytes) {
  const Strings pieces = {",", ";",  "\n",       "\r\n", "\"", "\"\"", "1",  "NA",
                          "x", "\t", "\xC3\xA9", "\xFF", " ",  "1e5",  "\r", "Inf"};
  std::mt19937 random(3);
  int read = 0;
  for (int i = 0; i < 400; ++i) {
    std::string content = "a,b\n";
    const unsigned length = random() % 20;
    for (unsigned k = 0; k < length; ++k) content += pieces[random() % pieces.size()];
    const auto table = Read(content);
    if (table) {
      ++read;
    } else {
      EXPECT_EQ(table.error().code, ErrorCode::kInvalidInput) << content;
    }
  }
  EXPECT_GT(read, 5);
}

class ParquetFile : public TableFile {
 protected:
  std::string WriteParquet(const std::string& select) const {
    auto database = core::Database::Open({});
    EXPECT_TRUE(database);
    const auto done = database->Execute("COPY (" + select + ") TO " +
                                        core::SqlLiteral(Path("p.parquet")) + " (FORMAT PARQUET)");
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    return Path("p.parquet");
  }
};

TEST_F(ParquetFile, ReadsNumbersTextTruthValuesAndDates) {
  const std::string path = WriteParquet(
      "SELECT * FROM (VALUES (1::INTEGER, 0.1::DOUBLE, 'b', true, DATE '1970-01-11', "
      "1.25::DECIMAL(5,2), '7'),"
      "(2, 'NaN'::DOUBLE, 'NA', NULL, NULL, NULL, '8'), (NULL, 3e0, 'a', false, DATE '1969-12-31', "
      "-1, '')) "
      "t(i, d, s, b, day, dec, code)");
  const auto table = ReadAt(path, {});
  ASSERT_TRUE(table) << table.error().message;
  EXPECT_EQ(table->rows, 3U);
  EXPECT_EQ(table->columns[0].numbers[1], 2);
  EXPECT_TRUE(std::isnan(table->columns[0].numbers[2]));
  EXPECT_EQ(table->columns[1].numbers[0], 0.1);
  EXPECT_TRUE(std::isnan(table->columns[1].numbers[1]));
  EXPECT_EQ(table->columns[2].codes, (std::vector<std::int32_t>{1, -1, 0}));
  EXPECT_EQ(table->schema.columns[3].levels, (Strings{"FALSE", "TRUE"}));
  EXPECT_EQ(table->columns[4].numbers[0], 10);
  EXPECT_EQ(table->columns[4].numbers[2], -1);
  EXPECT_EQ(table->columns[5].numbers[0], 1.25);
  EXPECT_EQ(table->schema.columns[6].levels, (Strings{"7", "8"}));
}

TEST_F(ParquetFile, KeepsRowsInOrderOverManyChunks) {
  const std::string path =
      WriteParquet("SELECT i::DOUBLE AS x, (i % 3)::INTEGER AS g FROM range(50000) t(i)");
  const auto table =
      ReadAt(path, {{.name = "factor(g)", .kind = ColumnKind::kFactor, .levels = {}}});
  ASSERT_TRUE(table) << table.error().message;
  ASSERT_EQ(table->rows, 50000U);
  EXPECT_EQ(table->schema.columns[2].levels, (Strings{"0", "1", "2"}));
  for (std::size_t i = 0; i < table->rows; ++i) {
    ASSERT_EQ(table->columns[0].numbers[i], static_cast<double>(i));
    ASSERT_EQ(table->columns[2].codes[i], static_cast<std::int32_t>(i % 3));
  }
}

TEST_F(ParquetFile, SaysWhatIsWrong) {
  auto wrong = ReadAt(WriteParquet("SELECT [1, 2] AS list"), {});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("column \"list\""), std::string::npos);
  wrong = ReadAt(WriteParquet("SELECT 'Infinity'::DOUBLE AS x"), {});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("row 1, column \"x\": found \"Inf\""), std::string::npos);
  wrong = ReadAt(Write("PAR1 and nothing more", "broken.parquet"), {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(wrong.error().message.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace clinnova::table

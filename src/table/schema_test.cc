// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "core/archive.h"
#include "table/factor_column.h"
#include "table/table.h"

namespace clinnova::table {
namespace {

using Strings = std::vector<std::string>;
using SiteColumn = SiteSchema::Column;
using Declarations = std::vector<ColumnDeclaration>;

SiteColumn Numbers(const std::string& name, Strings levels = {}) {
  return {.name = name, .numeric = true, .empty = false, .levels = std::move(levels)};
}
SiteColumn Texts(const std::string& name, Strings levels) {
  return {.name = name, .numeric = false, .empty = false, .levels = std::move(levels)};
}
SiteColumn Nothing(const std::string& name) {
  return {.name = name, .numeric = true, .empty = true, .levels = {}};
}

Result<Schema> Unify(const std::vector<std::vector<SiteColumn>>& columns,
                     const Declarations& declarations = {}) {
  std::vector<SiteSchema> sites;
  Strings names;
  for (const auto& site : columns) {
    sites.push_back({.columns = site, .rows = 1});
    names.push_back("s" + std::to_string(sites.size()));
  }
  return UnifySchemas(sites, declarations, names);
}

std::string ErrorOf(const Result<Schema>& schema) {
  return schema ? "no error" : schema.error().message;
}

TEST(Schema, JoinsSites) {
  const auto schema = Unify({{Numbers("x"), Texts("g", {"b", "c"})},
                             {Texts("g", {"a", "b"}), Numbers("z"), Nothing("x")},
                             {}});
  ASSERT_TRUE(schema) << schema.error().message;
  ASSERT_EQ(schema->columns.size(), 4U);
  EXPECT_EQ(schema->columns[0].name, "x");
  EXPECT_EQ(schema->columns[0].kind, ColumnKind::kNumeric);
  EXPECT_EQ(schema->columns[1].levels, (Strings{"a", "b", "c"}));
  EXPECT_EQ(schema->columns[2].name, "z");
  EXPECT_EQ(schema->columns[3].name, "site");
  EXPECT_EQ(schema->columns[3].levels, (Strings{"s1", "s2", "s3"}));
  EXPECT_EQ(schema->Find("z"), 2U);
  EXPECT_FALSE(schema->Find("nothing"));
}

TEST(Schema, LetsAnEmptyColumnFollowTheOtherSites) {
  const auto schema = Unify({{Nothing("g"), Nothing("x")}, {Texts("g", {"a"}), Nothing("x")}});
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->columns[0].kind, ColumnKind::kFactor);
  EXPECT_EQ(schema->columns[1].kind, ColumnKind::kNumeric);
}

TEST(Schema, AsksForLevelsWhereSitesDiffer) {
  const std::vector<std::vector<SiteColumn>> sites = {{Numbers("stage")},
                                                      {Texts("stage", {"II", "x"})}};
  EXPECT_EQ(ErrorOf(Unify(sites)),
            "column \"stage\": found text at site s2 and numbers without listed levels at site s1, "
            "expected "
            "levels: declare it with type = \"factor\"");
  const std::vector<SiteSchema> described = {{.columns = sites[0], .rows = 1},
                                             {.columns = sites[1], .rows = 1}};
  EXPECT_EQ(MixedColumns(described), Strings{"stage"});

  const std::vector<SiteSchema> again = {{.columns = {Numbers("stage", {"1", "2"})}, .rows = 1},
                                         described[1]};
  EXPECT_TRUE(MixedColumns(again).empty());
  const auto schema = Unify({again[0].columns, again[1].columns});
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->columns[0].levels, (Strings{"1", "2", "II", "x"}));
}

TEST(Schema, SortsNumbersAsNumbers) {
  const Declarations declared = {{.name = "n", .kind = ColumnKind::kFactor, .levels = {}}};
  const auto schema = Unify({{Numbers("n", {"10", "4"})}, {Numbers("n", {"-1", "6"})}}, declared);
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->columns[0].levels, (Strings{"-1", "4", "6", "10"}));
}

TEST(Schema, HonoursDeclarations) {
  const Declarations levels = {{.name = "g", .kind = {}, .levels = {"c", "a", "b"}}};
  const auto schema = Unify({{Texts("g", {"a"})}, {Texts("g", {"c"})}}, levels);
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->columns[0].levels, (Strings{"c", "a", "b"}));
}

TEST(Schema, RefusesWhatDoesNotFit) {
  const auto declare = [](std::string name, std::optional<ColumnKind> kind, Strings levels) {
    return Declarations{{.name = std::move(name), .kind = kind, .levels = std::move(levels)}};
  };
  EXPECT_EQ(ErrorOf(Unify({{Numbers("x")}}, declare("y", ColumnKind::kNumeric, {}))),
            "column \"y\": declared, but no site has it, expected one of: x");
  // The analysis that takes y as a factor says that there is none.
  EXPECT_TRUE(Unify({{Numbers("x")}}, declare("factor(y)", ColumnKind::kFactor, {})));
  EXPECT_EQ(
      ErrorOf(Unify({{Numbers("site")}})),
      "column \"site\": found in the table of site s1, expected another name: `site` holds the "
      "sites' names");
  EXPECT_EQ(ErrorOf(Unify({{Texts("x", {"a"})}}, declare("x", ColumnKind::kNumeric, {}))),
            "column \"x\": found text at site s1, expected numbers");
  EXPECT_EQ(ErrorOf(Unify({{Texts("x", {"a", "d"})}}, declare("x", {}, {"a", "b"}))),
            "column \"x\": found \"d\" at site s1, expected one of the declared levels: a, b");
  EXPECT_EQ(ErrorOf(Unify({{Texts("x", {"a"})}}, declare("x", {}, {"a", "a"}))),
            "column \"x\": found the level \"a\" twice, expected it once");
  EXPECT_EQ(ErrorOf(Unify({{Numbers("x")}}, declare("x", ColumnKind::kNumeric, {"1"}))),
            "column \"x\": found levels and type \"numeric\", expected one of them");
  Declarations twice = declare("x", ColumnKind::kNumeric, {});
  twice.push_back(twice[0]);
  EXPECT_EQ(ErrorOf(Unify({{Numbers("x")}}, twice)),
            "column \"x\": found two declarations, expected one");
}

TEST(Schema, KeepsSecondColumnsOfNumbersOnly) {
  const Declarations declared = {{.name = "factor(x)", .kind = ColumnKind::kFactor, .levels = {}},
                                 {.name = "factor(x)", .kind = ColumnKind::kFactor, .levels = {}}};
  const auto numeric =
      Unify({{Numbers("x"), Numbers("factor(x)", {"2", "10"})}, {Nothing("x")}}, declared);
  ASSERT_TRUE(numeric) << numeric.error().message;
  ASSERT_EQ(numeric->columns.size(), 3U);
  EXPECT_EQ(numeric->columns[1].levels, (Strings{"2", "10"}));
  const auto factor = Unify({{Texts("x", {"a"})}}, declared);
  ASSERT_TRUE(factor) << factor.error().message;
  EXPECT_EQ(factor->columns.size(), 2U);
}

TEST(Schema, NamesSecondColumns) {
  EXPECT_EQ(FactorColumnName("a b"), "factor(a b)");
  EXPECT_EQ(FactorColumnBase("factor(a b)"), "a b");
  EXPECT_FALSE(FactorColumnBase("factor(a"));
  EXPECT_FALSE(FactorColumnBase("a)"));
}

TEST(Schema, MakesAnEmptyTable) {
  const auto schema = Unify({{Numbers("x"), Texts("g", {"a"})}});
  const Table table = EmptyTable(*schema);
  EXPECT_EQ(table.rows, 0U);
  EXPECT_EQ(table.columns.size(), 3U);
  EXPECT_EQ(table.schema, *schema);
}

TEST(Schema, TravelsAsBytes) {
  const auto schema = Unify({{Numbers("x"), Texts("g", {"a", "b"})}});
  const auto back = core::Decode<Schema>(core::Encode(*schema));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, *schema);
  const SiteSchema site{.columns = {Texts("g", {"a"})}, .rows = 7};
  const auto site_back = core::Decode<SiteSchema>(core::Encode(site));
  ASSERT_TRUE(site_back);
  EXPECT_EQ(site_back->rows, 7U);
  EXPECT_EQ(site_back->columns[0].levels, Strings{"a"});
}

}  // namespace
}  // namespace clinnova::table

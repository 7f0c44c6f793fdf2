// SPDX-License-Identifier: Apache-2.0
// Competing risks of persons who have several rows: the option `id`.
#include <gtest/gtest.h>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

/// Ninety persons, some of whom come late, who each have one row, or as many as `cuts` and one; their values do not change.
Table Followed(const std::vector<double>& cuts) {
  std::vector<double> person, start, t, s, x, loyal;
  std::vector<std::string> g;
  for (int i = 0; i < 90; ++i) {
    const double from = i % 4 == 0 ? (i % 5) * 0.1 : 0;
    const double until = from + 0.1 + ((i * 7) % 23) * 0.1;
    std::vector<double> ends;
    for (const double cut : cuts) {
      if (cut > from + 0.05 && cut < until - 0.05) ends.push_back(cut);
    }
    ends.push_back(until);
    for (std::size_t row = 0; row < ends.size(); ++row) {
      person.push_back(i);
      start.push_back(row == 0 ? from : ends[row - 1]);
      t.push_back(ends[row]);
      s.push_back(row + 1 < ends.size() ? 0 : (i * 5) % 3);
      x.push_back((i * 11) % 13 / 4.0);
      loyal.push_back(1 + i % 3);
      g.emplace_back(i % 2 == 0 ? "a" : "b");
    }
  }
  return MakeTable({{"person", person},
                    {"start", start},
                    {"t", t},
                    {"s", s},
                    {"x", x},
                    {"loyal", loyal},
                    {"g", std::move(g)}});
}

std::string OfPersons(const std::string& right, const std::string& more = "") {
  return "method = \"competing_risks\"\nformula = \"Surv(start, t, s) ~ " + right +
         "\"\nid = \"person\"\n" + more;
}

/// A person is the same in how many rows she comes, also where a row's end and the next one's start are equal but for rounding.
TEST(CompetingPersons, TakesRowsOfAPersonAsOne) {
  Table rows = Followed({0.1 + 0.2, 0.4, 1.7});
  std::vector<double>& start = rows.columns[*rows.schema.Find("start")].numbers;
  int apart = 0;
  for (double& from : start) {
    if (from != 0.1 + 0.2) continue;
    from = 0.3;
    ++apart;
  }
  ASSERT_GT(apart, 20);
  const std::string groups = "groups = [\"g\"]\n";
  for (const std::string& more :
       {std::string(), groups, groups + "weights = \"loyal\"\n", groups + "time_grid = 0.25\n",
        std::string("strata = [\"g\"]\n")}) {
    for (const int minimum_count : {0, 5}) {
      const std::string analysis = OfPersons("x", more);
      const RunSetting setting{.minimum_count = minimum_count};
      const Answer one = RunOne(analysis, {Followed({})}, setting);
      const Answer several = RunOne(analysis, {rows}, setting);
      ASSERT_TRUE(one && several) << more << one.error().message << several.error().message;
      for (const std::string curve : {"/curves/0", "/curves/1"}) {
        ASSERT_GE(one.Size(curve + "/time"), 2u);
        for (const std::string field : {"/time", "/n_risk", "/n_event", "/n_other", "/n_censor"})
          EXPECT_EQ(several.Numbers(curve + field), one.Numbers(curve + field)) << more << field;
        for (const std::string field : {"/estimate", "/std_error"}) {
          const std::vector<double> expected = one.Numbers(curve + field);
          const std::vector<double> found = several.Numbers(curve + field);
          ASSERT_EQ(found.size(), expected.size());
          for (std::size_t i = 0; i < found.size(); ++i)
            EXPECT_NEAR(found[i], expected[i], 1e-12) << more << field;
        }
      }
      for (const char* field : {"/terms/0/estimate", "/terms/0/std_error", "/log_lik"})
        EXPECT_NEAR(several.Number(field), one.Number(field), 1e-11) << more << field;
    }
  }
}

TEST(CompetingPersons, WithAPersonInEveryRowIsAsWithoutPersons) {
  const std::string without = "method = \"competing_risks\"\nformula = \"Surv(start, t, s) ~ x\"\n";
  const Answer rows = RunOne(without, {Followed({})});
  const Answer persons = RunOne(OfPersons("x"), {Followed({})});
  ASSERT_TRUE(rows && persons) << persons.error().message;
  EXPECT_EQ(persons.Numbers("/curves/0/std_error"), rows.Numbers("/curves/0/std_error"));
  EXPECT_EQ(persons.Number("/terms/0/estimate"), rows.Number("/terms/0/estimate"));
  EXPECT_NEAR(persons.Number("/terms/0/std_error"), rows.Number("/terms/0/std_error"), 1e-15);
}

TEST(CompetingPersons, CountsPersonsAndNotRowsUnderTheDisclosureRules) {
  std::vector<double> person, start, t, s, x;
  for (int i = 0; i < 60; ++i) {
    person.push_back(i % 4);
    const int row = i / 4;
    start.push_back(row);
    t.push_back(row + 1);
    s.push_back(i < 56 ? 0 : 1);
    x.push_back(i % 7);
  }
  const Answer few =
      RunOne(OfPersons("x"),
             {MakeTable({{"person", person}, {"start", start}, {"t", t}, {"s", s}, {"x", x}})},
             {.minimum_count = 5});
  EXPECT_FALSE(few);
  EXPECT_EQ(few.error().reason, "rare_level");
}

TEST(CompetingPersons, SaysWhatRowsOfAPersonCannotBe) {
  const auto said = [](const std::string& column, std::size_t row, double value,
                       const std::string& more = "") {
    Table table = Followed({0.5});  // the first person has one row, the second two
    table.columns[*table.schema.Find(column)].numbers[row] = value;
    return RunOne(OfPersons("x", more), {table}).error().message;
  };
  const std::string where = "analysis \"a\": id: ";
  EXPECT_EQ(said("start", 2, 0.4),
            where +
                "rows of a person overlap in time, expected Surv(start, stop, status) with one "
                "row at a time");
  EXPECT_EQ(said("start", 2, 0.6),
            where +
                "a person's rows leave a gap in time, expected each to begin where the one "
                "before ends");
  EXPECT_EQ(said("s", 1, 1),
            where + "a person has a row after an event, expected the event in the last one");
  EXPECT_EQ(said("s", 1, 3),
            where + "a person has a row after an event, expected the event in the last one");
  EXPECT_EQ(said("loyal", 1, 7, "weights = \"loyal\"\n"),
            where + "a person's rows have different weights, expected one");
  Table moved = Followed({0.5});
  moved.columns[*moved.schema.Find("g")].codes[1] = 0;
  EXPECT_EQ(RunOne(OfPersons("x + strata(g)"), {moved}).error().message,
            where + "a person's rows are in different strata, expected one");
  EXPECT_TRUE(RunOne(OfPersons("x", "groups = [\"g\"]\n"), {moved}));
  EXPECT_EQ(RunOne("method = \"competing_risks\"\nformula = \"Surv(t, s) ~ x\"\nid = \"person\"\n",
                   {Followed({0.5})})
                .error()
                .message,
            where +
                "rows of a person overlap in time, expected Surv(start, stop, status) with one "
                "row at a time");
}

}  // namespace
}  // namespace clinnova::stats

// SPDX-License-Identifier: Apache-2.0
#include "stats/mixed.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::kNa;
using table::MakeTable;
using table::Table;

std::string Mixed(const std::string& formula, const std::string& more = "") {
  return "method = \"mixed\"\nformula = \"" + formula + "\"\n" + more;
}

/// Balanced one-way layout: six groups of four; group means and residuals of known squares.
struct Balanced {
  std::vector<double> y;
  std::vector<double> g;
  double between = 0;  ///< mean square between groups
  double within = 0;   ///< mean square within groups
};

Balanced OneWay(double spread) {
  const std::vector<double> effects = {-3, -1, 0, 1, 2.5, 0.5};
  const std::vector<double> residuals = {-1.5, -0.5, 0.25, 1.75};
  Balanced data;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    for (std::size_t j = 0; j < residuals.size(); ++j) {
      data.y.push_back(10 + spread * effects[i] + residuals[j]);
      data.g.push_back(static_cast<double>(i + 1));
      data.within += residuals[j] * residuals[j] / 18;
    }
    data.between += 4 * spread * spread * effects[i] * effects[i] / 5;
  }
  return data;
}

/// Group i at site i mod 3.
std::vector<Table> AtThreeSites(const Balanced& data) {
  std::vector<std::size_t> site_of_row;
  for (const double group : data.g) site_of_row.push_back(static_cast<std::size_t>(group) % 3);
  return Split(MakeTable({{"y", data.y}, {"g", data.g}}), site_of_row, 3);
}

// REML of a balanced one-way layout is the analysis of variance: S. R. Searle, G. Casella, C. E. McCulloch,
// "Variance Components", 1992, section 3.
TEST(Mixed, IsTheAnalysisOfVarianceWhenBalanced) {
  const Balanced data = OneWay(1);
  const Answer answer = RunOne(Mixed("y ~ 1 + (1 | g)"), AtThreeSites(data));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer.True("/converged"));
  EXPECT_NEAR(answer.Number("/variance_components/1/variance"), data.within, 1e-12);
  EXPECT_NEAR(answer.Number("/variance_components/0/variance"), (data.between - data.within) / 4,
              1e-11);
  EXPECT_EQ(answer.Text("/variance_components/0/group"), "g");
  EXPECT_EQ(answer.Text("/variance_components/1/group"), "Residual");
  EXPECT_NEAR(answer.Number("/terms/0/estimate"), 10, 1e-12);
  EXPECT_NEAR(answer.Number("/terms/0/std_error"), std::sqrt(data.between / 24), 1e-12);
  EXPECT_FALSE(answer.Has("/random_effects"));
  EXPECT_LE(answer.Number("/rounds"), 8);
}

TEST(Mixed, ShrinksTheSitesEffects) {
  const Balanced data = OneWay(1);
  std::vector<std::size_t> site_of_row;
  for (const double group : data.g) site_of_row.push_back(static_cast<std::size_t>(group) - 1);
  const Answer answer = RunOne(Mixed("y ~ 1 + (1 | site)"),
                               Split(MakeTable({{"y", data.y}, {"g", data.g}}), site_of_row, 6));
  ASSERT_TRUE(answer) << answer.error().message;
  const double shrinkage = 1 - data.within / data.between;
  EXPECT_EQ(answer.Text("/random_effects/0/level"), "s1");
  EXPECT_NEAR(answer.Number("/random_effects/0/estimate"), -3 * shrinkage, 1e-11);
  EXPECT_NEAR(answer.Number("/random_effects/0/std_error"), std::sqrt(shrinkage * data.within / 4),
              1e-11);
  EXPECT_LE(answer.Number("/rounds"), 8);
}

TEST(Mixed, SaysThatAVarianceIsZero) {
  const Balanced data = OneWay(0.1);
  const Answer answer = RunOne(Mixed("y ~ 1 + (1 | g)"), AtThreeSites(data));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/variance_components/0/variance"), 0);
  EXPECT_EQ(answer.Texts("/warnings"),
            (std::vector<std::string>{"singular fit: the variance of (Intercept) by g is 0"}));
}

TEST(Mixed, NeedsAFixedTerm) {
  const Answer answer = RunOne(Mixed("y ~ 0 + (1 | g)"), AtThreeSites(OneWay(1)));
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("an intercept or a term"), std::string::npos);
}

TEST(Mixed, DropsCollinearTerms) {
  const Balanced data = OneWay(1);
  std::vector<double> x;
  std::vector<double> twice;
  for (std::size_t r = 0; r < data.y.size(); ++r) {
    x.push_back(std::sin(static_cast<double>(r)));
    twice.push_back(2 * x.back());
  }
  const Table table = MakeTable({{"y", data.y}, {"g", data.g}, {"x", x}, {"z", twice}});
  const Answer both = RunOne(Mixed("y ~ x + z + (1 | g)"), {table});
  const Answer one = RunOne(Mixed("y ~ x + (1 | g)"), {table});
  ASSERT_TRUE(both && one) << both.error().message;
  EXPECT_TRUE(both.IsNull("/terms/2/estimate"));
  EXPECT_NEAR(both.Number("/terms/1/estimate"), one.Number("/terms/1/estimate"), 1e-12);
  EXPECT_NEAR(both.Number("/log_lik"), one.Number("/log_lik"), 1e-10);
}

TEST(Mixed, RefusesFewGroups) {
  const Balanced data = OneWay(1);
  const Answer six = RunOne(Mixed("y ~ 1 + (1 | g)"), {MakeTable({{"y", data.y}, {"g", data.g}})},
                            {.minimum_count = 5});
  EXPECT_TRUE(six) << six.error().message;
  std::vector<double> halves = data.g;
  for (double& group : halves) group = group <= 3 ? 1 : 2;
  const Answer two = RunOne(Mixed("y ~ 1 + (1 | g)"), {MakeTable({{"y", data.y}, {"g", halves}})},
                            {.minimum_count = 5});
  ASSERT_FALSE(two);
  EXPECT_EQ(two.error().code, ErrorCode::kRefused);
  EXPECT_EQ(two.error().reason, "too_few_groups");
}

/// 30 persons with `visits` each, ten at each of three sites, of whom five are in each ward.
Table Visits(int visits) {
  std::vector<double> y;
  std::vector<double> x;
  std::vector<double> person;
  std::vector<double> ward;
  for (int i = 0; i < 30; ++i) {
    const int fifth = i / 5;
    for (int visit = 0; visit < visits; ++visit) {
      x.push_back(visit + 0.1 * (i % 4));
      y.push_back(std::sin(3.7 * i) + x.back() * std::cos(1.3 * i) +
                  std::sin(17.0 * i + 29 * visit));
      person.push_back(i);
      ward.push_back(fifth);
    }
  }
  return MakeTable({{"y", y}, {"x", x}, {"person", person}, {"ward", ward}});
}

TEST(Mixed, GroupsAroundWholeClustersMayBeFew) {
  const Answer around =
      RunOne(Mixed("y ~ x + (1 | ward/person)"), {Visits(4)}, {.minimum_count = 10});
  EXPECT_TRUE(around) << around.error().message;
  const Answer beside =
      RunOne(Mixed("y ~ x + (1 | ward) + (x | person)"), {Visits(4)}, {.minimum_count = 10});
  ASSERT_FALSE(beside);
  EXPECT_EQ(beside.error().message.substr(14), "fewer groups of ward than the threshold of 10");
}

TEST(Mixed, NestedColumnsAreNestedWhoeverSaysSo) {
  const Answer one = RunOne(Mixed("y ~ x + (1 | ward) + (x | person)"), {Visits(4)});
  const Answer other = RunOne(Mixed("y ~ x + (x | person) + (1 | ward)"), {Visits(4)});
  const Answer slash = RunOne(Mixed("y ~ x + (1 | ward/person) + (0 + x | ward)"), {Visits(4)});
  ASSERT_TRUE(one && other && slash) << slash.error().message;
  EXPECT_NEAR(one.Number("/log_lik"), other.Number("/log_lik"), 1e-10);
  EXPECT_EQ(one.Text("/variance_components/0/group"), "person");
  EXPECT_EQ(one.Text("/variance_components/3/group"), "ward");
  EXPECT_EQ(other.Text("/variance_components/3/group"), "ward");
  EXPECT_EQ(slash.Text("/variance_components/0/group"), "person:ward");
  EXPECT_EQ(slash.Text("/variance_components/2/term"), "x");
  EXPECT_EQ(slash.Number("/groups/person:ward"), 30);
}

TEST(Mixed, NeedsMoreRowsThanEffects) {
  const Answer answer = RunOne(Mixed("y ~ x + (1 | ward) + (x | person)"), {Visits(2)});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message.substr(14),
            "formula: found 30 groups of person with 2 effects each on 60 rows, expected fewer "
            "effects than rows");
}

TEST(Mixed, GivesNoEstimateWhenSeparated) {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> g;
  for (int i = 0; i < 40; ++i) {
    x.push_back(i);
    y.push_back(i >= 20);
    g.push_back(i % 8);
  }
  const Answer answer = RunOne(Mixed("y ~ x + (1 | g)", "family = \"binomial\"\n"),
                               {MakeTable({{"x", x}, {"y", y}, {"g", g}})});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.True("/converged"));
  EXPECT_TRUE(answer.IsNull("/terms/1/estimate"));
  EXPECT_TRUE(answer.IsNull("/variance_components/0/variance"));
  EXPECT_EQ(answer.Size("/warnings"), 1U);
}

/// Visits of patients in six wards of two to four patients, with counts that differ between wards.
Table Wards() {
  std::vector<double> count, x, patient, ward;
  for (int w = 0; w < 6; ++w) {
    for (int p = 0; p < 2 + w % 3; ++p) {
      for (int visit = 0; visit < 3; ++visit) {
        const int mix = (7 * w + 5 * p + 3 * visit) % 11;
        x.push_back(mix / 5.0 - 1);
        count.push_back((w % 4) * 2 + (p * 3 + visit) % 4 + mix % 2);
        patient.push_back(p + 1);  // a number within its ward
        ward.push_back(w);
      }
    }
  }
  return MakeTable({{"count", count}, {"x", x}, {"patient", patient}, {"ward", ward}});
}

TEST(Mixed, HasTheSameBitsForWardsAtAnySites) {
  const Table table = Wards();
  const std::string study =
      Mixed("count ~ x + (1 | ward/patient)", "family = \"poisson\"\nquadrature = 15\n");
  const Answer one = RunOne(study, {table});
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_TRUE(one.True("/converged"));
  EXPECT_EQ(one.Text("/variance_components/0/group"), "patient:ward");
  EXPECT_EQ(one.Text("/variance_components/1/group"), "ward");
  EXPECT_EQ(one.Number("/groups/patient:ward"), 18);
  EXPECT_EQ(one.Number("/groups/ward"), 6);
  std::vector<std::size_t> site;
  std::vector<std::size_t> backwards;
  for (std::size_t r = 0; r < table.rows; ++r) {
    site.push_back(static_cast<std::size_t>(table.columns[3].numbers[r]) % 3);
    backwards.push_back(table.rows - 1 - r);
  }
  EXPECT_EQ(one.text(), RunOne(study, Split(table, site, 3), {.threads = 2}).text());
  EXPECT_EQ(one.text(), RunOne(study, {Reordered(table, backwards)}).text());
}

TEST(Mixed, KeepsToTheRulesWithGroupsWithinGroups) {
  const Table table = Wards();
  std::vector<std::size_t> site;
  for (std::size_t r = 0; r < table.rows; ++r) {
    site.push_back(static_cast<std::size_t>(table.columns[3].numbers[r]) % 3);
  }
  const Answer answer =
      RunOne(Mixed("count ~ x + (1 | ward/patient)", "family = \"poisson\"\nquadrature = 15\n"),
             Split(table, site, 3), {.minimum_count = 7});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "too_few_groups");
}

TEST(Mixed, SaysWhatIsWrong) {
  const Balanced data = OneWay(1);
  std::vector<double> row;
  for (std::size_t r = 0; r < data.y.size(); ++r) row.push_back(static_cast<double>(r));
  const Table table = MakeTable({{"y", data.y}, {"g", data.g}, {"x", data.y}, {"u", row}});
  struct Case {
    std::string study, message;
  };
  const std::vector<Case> cases = {
      {Mixed("y ~ 1"), "analysis \"a\": formula: found no random effect, expected one"},
      {Mixed("y ~ x + (1 | g) + (x | u)"),
       "analysis \"a\": formula: found 24 groups of u with 2 effects each on 24 rows, expected "
       "fewer"},
      {Mixed("y ~ 1 + (1 | site/g)"), "analysis \"a\": formula: found one group of site"},
      {Mixed("y ~ x + (x | site/g)"),
       "analysis \"a\": formula: found one group of site, expected several"},
      {Mixed("y ~ x + (x || g)", "family = \"poisson\"\n"),
       "analysis \"a\": formula: crossed groups, slopes beside a second group and uncorrelated "
       "effects are there for family \"gaussian\" only, expected (1 | g), (x | g), (1 | outer/g)"},
      {Mixed("y ~ 1 + (x | g)"),
       "analysis \"a\": formula: found the random slope x, expected it as a fixed effect too"},
      {Mixed("y ~ x + (1 | g)", "weights = \"u\"\n"),
       "analysis \"a\": weights: found 1 rows of weight 0, expected weights above 0"},
      {Mixed("y ~ x + (x | g)", "family = \"poisson\"\nquadrature = 5\n"),
       "analysis \"a\": quadrature: found 5 nodes, expected 1 (Laplace) with random slopes"},
      {Mixed("y ~ x + (1 | g) + (1 | u)", "family = \"poisson\"\n"),
       "analysis \"a\": formula: crossed groups, slopes beside a second group and uncorrelated "
       "effects are there for family \"gaussian\" only, expected (1 | g), (x | g), (1 | outer/g)"},
      {Mixed("y ~ x + (x | site/g)", "family = \"poisson\"\n"),
       "analysis \"a\": formula: crossed groups, slopes beside a second group"},
      {Mixed("y ~ x + (1 | site/g)", "family = \"poisson\"\nquadrature = 9\n"),
       "analysis \"a\": quadrature: found 9, expected 15 to 100 nodes with two groups"},
      {Mixed("u ~ 1 + (1 | site/g)", "family = \"poisson\"\nquadrature = 15\n"),
       "analysis \"a\": formula: found one group of site, expected several"},
      {Mixed("y ~ 1 + (1 | h)"), ""},
      {Mixed("y ~ 1 + (1 | u)"),
       "analysis \"a\": formula: found 24 groups of u with 1 effects each on 24 rows"},
      {Mixed("y ~ 1 + (1 | site)"), "analysis \"a\": formula: found one group of site"},
      {Mixed("y ~ 1 + (1 | g)", "family = \"Gamma\"\n"),
       "analysis \"a\": family: found \"Gamma\", expected one of gaussian, binomial, poisson"},
      {Mixed("y ~ 1 + (1 | g)", "family = \"binomial\"\n"),
       "analysis \"a\": the outcome is outside the range of family binomial in 24 rows"},
      {Mixed("y ~ 1 + (1 | g)", "family = \"binomial\"\nquadrature = 0\n"),
       "analysis \"a\": quadrature: found 0, expected 1 (Laplace) to 100 nodes"},
  };
  for (const Case& c : cases) {
    const Answer answer = RunOne(c.study, {table});
    ASSERT_FALSE(answer) << c.study;
    EXPECT_EQ(answer.error().message.substr(0, c.message.size()), c.message);
  }
}

}  // namespace
}  // namespace clinnova::stats

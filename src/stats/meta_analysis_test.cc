// SPDX-License-Identifier: Apache-2.0
#include "stats/meta_analysis.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::MakeTable;
using table::Table;

std::string Meta(const std::string& more) { return "method = \"meta\"\n" + more; }
std::string Slope(const std::string& more = "") {
  return Meta("formula = \"y ~ x\"\nterm = \"x\"\n" + more);
}

/// Rows of three sites with slopes of about 1, 2 and 3; the last site's rows of x are constant where `flat`.
Table ThreeSites(bool flat = false) {
  std::vector<double> x;
  std::vector<double> y;
  for (int i = 0; i < 36; ++i) {
    const int site = i % 3;
    const double at = flat && site == 2 ? 1 : i / 3;
    x.push_back(at);
    y.push_back((1 + site) * at + ((i * 7) % 5 - 2) * (1 + site));
  }
  return MakeTable({{"x", x}, {"y", y}});
}

std::vector<Table> BySite(const Table& table) {
  std::vector<std::size_t> site;
  for (std::size_t i = 0; i < table.rows; ++i) site.push_back(i % 3);
  return Split(table, site, 3);
}

// Three estimates as rows: 1, 2, 4 with errors 1, 1, 2.
std::vector<Table> Estimates() {
  return Split(MakeTable({{"b", {1, 2, 4}}, {"s", {1, 1, 2}}}), {0, 1, 1}, 2);
}
std::string Rows(const std::string& more = "") {
  return Meta("estimate = \"b\"\nstd_error = \"s\"\n" + more);
}

TEST(MetaAnalysis, WeighsEstimatesByTheirPrecision) {
  const Answer answer = RunOne(Rows(), Estimates());
  ASSERT_TRUE(answer) << answer.error().message;
  const double mean = (1 + 2 + 4 * 0.25) / 2.25;
  EXPECT_NEAR(answer.Number("/estimate"), mean, 1e-15);
  EXPECT_NEAR(answer.Number("/std_error"), std::sqrt(1 / 2.25), 1e-15);
  const double q = std::pow(1 - mean, 2) + std::pow(2 - mean, 2) + 0.25 * std::pow(4 - mean, 2);
  EXPECT_NEAR(answer.Number("/q"), q, 1e-14);
  EXPECT_EQ(answer.Number("/k"), 3);
  EXPECT_TRUE(answer.IsNull("/prediction_low"));
}

TEST(MetaAnalysis, FindsTheVarianceBetweenSites) {
  for (const char* method : {"DL", "REML", "PM"}) {
    const Table spread = MakeTable({{"b", {1, 2, 6, -3, 0.5}}, {"s", {1, 0.5, 0.75, 1, 0.25}}});
    const Answer random =
        RunOne(Rows("model = \"random\"\ntau2 = \"" + std::string(method) + "\"\n"), {spread});
    ASSERT_TRUE(random) << random.error().message;
    EXPECT_GT(random.Number("/tau2"), 1) << method;
    // The equation that defines PM's estimate.
    if (std::string(method) != "PM") continue;
    const double tau2 = random.Number("/tau2");
    const double mean = random.Number("/estimate");
    double q = 0;
    for (std::size_t i = 0; i < 5; ++i) {
      const double s = spread.columns[1].numbers[i];
      q += std::pow(spread.columns[0].numbers[i] - mean, 2) / (s * s + tau2);
    }
    EXPECT_NEAR(q, 4, 1e-12);
  }
}

TEST(MetaAnalysis, HasNoVarianceBetweenSitesThatAgree) {
  const Table alike = MakeTable({{"b", {1, 1.01, 0.99}}, {"s", {1, 1, 1}}});
  for (const char* method : {"DL", "REML", "PM"}) {
    const Answer answer = RunOne(Rows("tau2 = \"" + std::string(method) + "\"\n"), {alike});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer.Number("/tau2"), 0) << method;
    EXPECT_EQ(answer.Text("/model"), "random");
  }
}

TEST(MetaAnalysis, FitsAtEachSiteAlone) {
  const std::vector<Table> sites = BySite(ThreeSites());
  const Answer together = RunOne(Slope("release_sites = true\n"), sites);
  ASSERT_TRUE(together) << together.error().message;
  ASSERT_EQ(together.Size("/per_site"), 3u);
  double weights = 0;
  double sum = 0;
  for (std::size_t s = 0; s < 3; ++s) {
    const Answer alone = RunOne("method = \"glm\"\nformula = \"y ~ x\"\n", {sites[s]});
    const std::string at = "/per_site/" + std::to_string(s);
    EXPECT_EQ(together.Number(at + "/estimate"), alone.Number("/terms/1/estimate"));
    const double error = alone.Number("/terms/1/std_error");
    EXPECT_NEAR(together.Number(at + "/std_error"), error, 1e-15);
    weights += 1 / (error * error);
    sum += alone.Number("/terms/1/estimate") / (error * error);
  }
  EXPECT_NEAR(together.Number("/estimate"), sum / weights, 1e-13);
  EXPECT_EQ(together.Number("/n"), 36);
}

TEST(MetaAnalysis, KeepsSitesEstimatesToThemselvesUnlessApproved) {
  const Answer answer = RunOne(Slope(), BySite(ThreeSites()));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer.Has("/per_site"));
}

TEST(MetaAnalysis, LeavesOutSitesThatCannotEstimateTheTerm) {
  const Answer answer = RunOne(Slope("release_sites = true\n"), BySite(ThreeSites(true)));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/k"), 2);
  EXPECT_TRUE(answer.IsNull("/per_site/2/estimate"));
  EXPECT_EQ(answer.Texts("/warnings")[0],
            "1 of 3 sites cannot estimate x from their own rows and are left out");
}

TEST(MetaAnalysis, LeavesOutSitesWithoutTheReferenceLevel) {
  // At the second site nobody is at level a: its own fit would compare c with b.
  std::vector<std::string> g;
  std::vector<double> y;
  std::vector<std::size_t> site;
  for (int i = 0; i < 36; ++i) {
    site.push_back(static_cast<std::size_t>(i % 2));
    g.push_back(i % 2 == 0 ? (i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c") : i % 4 == 1 ? "b" : "c");
    y.push_back((i * i) % 11);
  }
  const Answer answer = RunOne(Meta("formula = \"y ~ g\"\nterm = \"gc\"\nrelease_sites = true\n"),
                               Split(MakeTable({{"g", g}, {"y", y}}), site, 2));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/k"), 1);
  EXPECT_TRUE(answer.IsNull("/per_site/1/estimate"));
}

TEST(MetaAnalysis, NeedsThreeSitesUnderTheDisclosureRules) {
  const auto moved = [](std::vector<Table> sites) {  // far from 0, so that nobody dominates a sum
    for (Table& site : sites) {
      for (auto& column : site.columns) {
        for (double& number : column.numbers) number += 1000;
      }
    }
    return sites;
  };
  EXPECT_TRUE(RunOne(Slope(), moved(BySite(ThreeSites())), {.minimum_count = 5}));
  const Answer answer = RunOne(Slope(), moved(BySite(ThreeSites(true))), {.minimum_count = 5});
  EXPECT_EQ(answer.error().message, "analysis \"a\": fewer than 3 sites have an estimate of x");
  EXPECT_EQ(answer.error().code, ErrorCode::kRefused);
}

TEST(MetaAnalysis, SaysWhatIsWrong) {
  const std::vector<Table> sites = BySite(ThreeSites());
  EXPECT_EQ(RunOne(Meta("formula = \"y ~ x + I(x^2)\"\n"), sites).error().message,
            "analysis \"a\": term: found nothing, expected one of (Intercept), x, I(x^2)");
  EXPECT_EQ(RunOne(Meta("formula = \"y ~ x\"\nterm = \"z\"\n"), sites).error().message,
            "analysis \"a\": term: found \"z\", expected one of (Intercept), x");
  EXPECT_EQ(RunOne(Meta("analysis = \"other\"\n"), sites).error().message,
            "analysis \"a\": analysis: found \"other\", expected another analysis of the study");
  EXPECT_FALSE(RunOne(Meta(""), sites));
  EXPECT_EQ(RunOne(Slope("model = \"fixed\"\ntau2 = \"DL\"\n"), sites).error().message,
            "analysis \"a\": tau2: needs model = \"random\"");
}

/// Three sites' survival times; nobody without x = 1 dies at the last.
Table RareDeaths() {
  std::vector<double> x, time, died;
  for (int i = 0; i < 120; ++i) {
    x.push_back((i / 3) % 2);
    time.push_back(1 + (i * 37) % 101);
    died.push_back(i % 3 == 2 ? x.back() * ((i / 6) % 3 == 0) : (i / 3) % 3 == 0);
  }
  return MakeTable({{"x", x}, {"time", time}, {"died", died}});
}

/// Another analysis of the study, named "fit", is what sites fit.
std::string Profile(const std::string& method, const std::string& formula,
                    const std::string& more = "") {
  return Meta("analysis = \"fit\"\nterm = \"x\"\nmodel = \"bayes\"\nlikelihood = \"profile\"\n" +
              more + "[[analysis]]\nname = \"fit\"\nmethod = \"" + method + "\"\nformula = \"" +
              formula + "\"\n");
}

TEST(MetaAnalysis, TakesSitesWithoutAnEstimateByTheirProfile) {
  const Answer answer = RunOne(Profile("cox", "Surv(time, died) ~ x"), BySite(RareDeaths()));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer.Number("/k"), 3);
  const Answer narrow =
      RunOne(Profile("cox", "Surv(time, died) ~ x", "tau_scale = 1e-4\nprior_sd = 100\n"),
             BySite(RareDeaths()));
  ASSERT_TRUE(narrow) << narrow.error().message;
  EXPECT_LT(narrow.Number("/std_error"), answer.Number("/std_error"));
}

/// As tau goes to 0 the sites' profiles are the likelihood of the model with an intercept of each site.
TEST(MetaAnalysis, TakesProfilesOfOutcomesAndCounts) {
  const std::vector<Table> sites = BySite(RareDeaths());
  for (const std::string family : {"binomial", "poisson"}) {
    const std::string formula = "died ~ x\"\nfamily = \"" + family;
    const Answer answer = RunOne(Profile("glm", formula), sites);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer.Number("/k"), 3);  // also where nobody without x = 1 dies
    const Answer one = RunOne(Profile("glm", formula, "tau_scale = 1e-4\nprior_sd = 100\n"), sites);
    const Answer pooled = RunOne(
        "method = \"glm\"\nformula = \"died ~ x + site\"\nfamily = \"" + family + "\"\n", sites);
    ASSERT_TRUE(one && pooled) << one.error().message << pooled.error().message;
    const double error = pooled.Number("/terms/1/std_error");
    EXPECT_NEAR(one.Number("/median"), pooled.Number("/terms/1/estimate"), 0.1 * error);
    EXPECT_NEAR(one.Number("/std_error"), error, 0.1 * error);
  }
}

/// Their l is rounded to no better than 1e-10, and unknown at effects of 16 per unit of spread.
TEST(MetaAnalysis, TakesProfilesOfThousandsOfPersons) {
  std::vector<double> x, time, died;
  for (int i = 0; i < 9000; ++i) {
    const double u = ((i * 7919) % 1000 + 0.5) / 1000;
    x.push_back(std::log(u / (1 - u)));
    time.push_back(1 + (i * 104729) % 99991 * (1 - 0.5 * u));
    died.push_back(1);
  }
  const std::vector<Table> sites = BySite(MakeTable({{"x", x}, {"time", time}, {"died", died}}));
  const Answer answer =
      RunOne(Profile("cox", "Surv(time, died) ~ x", "tau_scale = 1e-4\nprior_sd = 100\n"), sites);
  ASSERT_TRUE(answer) << answer.error().message;
  const Answer pooled = RunOne("method = \"cox\"\nformula = \"Surv(time, died) ~ x\"\n", sites);
  ASSERT_TRUE(pooled) << pooled.error().message;
  EXPECT_NEAR(answer.Number("/median"), pooled.Number("/terms/0/estimate"), 1e-3);
  // Between the narrowest and the widest tau the reach of mu differs a hundredfold.
  const Answer wide = RunOne(Profile("cox", "Surv(time, died) ~ x"), sites);
  const Answer normal =
      RunOne(Meta("analysis = \"fit\"\nterm = \"x\"\nmodel = \"bayes\"\n[[analysis]]\nname = "
                  "\"fit\"\nmethod = \"cox\"\nformula = \"Surv(time, died) ~ x\"\n"),
             sites);
  ASSERT_TRUE(wide && normal) << wide.error().message << normal.error().message;
  EXPECT_TRUE(wide.True("/converged"));
  EXPECT_NEAR(wide.Number("/std_error"), normal.Number("/std_error"), 1e-4);
  EXPECT_NEAR(wide.Number("/tau/median"), normal.Number("/tau/median"), 1e-4);
}

TEST(MetaAnalysis, LeavesOutProfilesThatTellNothing) {
  Table table = RareDeaths();
  std::vector<double>& died = table.columns[*table.schema.Find("died")].numbers;
  std::vector<double>& x = table.columns[*table.schema.Find("x")].numbers;
  for (std::size_t r = 0; r < died.size(); ++r) {
    if (r % 3 == 0) died[r] = 0;  // nobody at the first site
    if (r % 3 == 2) x[r] = 1;     // one arm at the last
  }
  for (const char* family : {"binomial", "poisson"}) {
    const Answer answer =
        RunOne(Profile("glm", std::string("died ~ x\"\nfamily = \"") + family), BySite(table));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer.Number("/k"), 1);
  }
}

TEST(MetaAnalysis, SaysWhichModelsHaveNoProfile) {
  for (const std::string& study :
       {Profile("glm", "died ~ x"), Profile("glm", "died ~ x\"\nfamily = \"quasipoisson"),
        Profile("glm", "died ~ x\"\nfamily = \"binomial\"\nlink = \"probit"),
        Profile("glm", "died ~ x\"\nfamily = \"poisson\"\nweights = \"time"),
        Profile("glm", "cbind(died, time) ~ x\"\nfamily = \"binomial"),
        Profile("glm", "time ~ x\"\nfamily = \"negative_binomial"),
        Profile("cox", "Surv(time, died) ~ x", "release_sites = true\n")}) {
    const Answer answer = RunOne(study, BySite(RareDeaths()));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kInvalidInput);
  }
  const Answer normal =
      RunOne(Meta("formula = \"died ~ x\"\nlikelihood = \"profile\"\n"), BySite(RareDeaths()));
  ASSERT_FALSE(normal);
}

TEST(MetaAnalysis, NeedsThreeProfilesUnderTheDisclosureRules) {
  const std::vector<Table> sites = BySite(RareDeaths());
  const Answer answer =
      RunOne(Profile("cox", "Surv(time, died) ~ x"), {sites[0], sites[1]}, {.minimum_count = 2});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, "too_few_sites") << answer.error().message;
}

}  // namespace
}  // namespace clinnova::stats

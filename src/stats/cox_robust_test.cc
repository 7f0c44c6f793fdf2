// SPDX-License-Identifier: Apache-2.0
#include "stats/cox_robust.h"

#include <gtest/gtest.h>

#include <cmath>

#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

/// Rows of 80 persons with two each, from one site.
table::Table Visits() {
  std::vector<double> entry, t, d, x, z, id;
  for (int i = 0; i < 160; ++i) {
    id.push_back(std::floor(i / 2.0));
    entry.push_back(i % 2 == 0 ? 0 : (i * 13) % 11 + 1);
    t.push_back(entry.back() + (i * 7919) % 40 + 1);
    d.push_back(i % 3 != 0);
    x.push_back(std::sin(i * 0.7) + 0.01 * t.back());
    z.push_back((i * 31) % 7);
  }
  return table::MakeTable({{"entry", entry}, {"t", t}, {"d", d}, {"x", x}, {"z", z}, {"id", id}});
}

void ExpectNear(const Answer& a, const Answer& b, const std::string& pointer) {
  EXPECT_NEAR(a.Number(pointer), b.Number(pointer), 1e-11 * std::fabs(b.Number(pointer)))
      << pointer;
}

/// Of one site it is the same model whether stratified by site or not: by the one way the path to the residuals stays
/// at the site, by the other it is told, and foreseen.
TEST(CoxRobust, IsTheSameAlongAForeseenPath) {
  for (const std::string formula :
       {"Surv(t, d) ~ x + z", "Surv(entry, t, d) ~ x + z + cluster(id)"}) {
    for (const std::string ties : {"efron", "breslow"}) {
      const std::string model = "method = \"cox\"\nformula = \"" + formula +
                                "\"\nrobust = true\nties = \"" + ties + "\"\n";
      const Answer within = RunOne(model, {Visits()});
      const Answer across = RunOne(model + "strata = []\n", {Visits()});
      ASSERT_TRUE(within && across) << within.error().message << across.error().message;
      for (const char* term : {"/terms/0", "/terms/1"}) {
        for (const char* field : {"/estimate", "/std_error"})
          ExpectNear(across, within, std::string(term) + field);
      }
      ExpectNear(across, within, "/concordance");
      ExpectNear(across, within, "/concordance_se");
      EXPECT_EQ(across.Number("/rounds"), across.Number("/iterations") + 2) << model;
    }
  }
}

}  // namespace
}  // namespace clinnova::stats

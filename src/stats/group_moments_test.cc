// SPDX-License-Identifier: Apache-2.0
#include "stats/group_moments.h"

#include <gtest/gtest.h>

#include "core/archive.h"
#include "federation/step.h"
#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

TEST(GroupMoments, AllowsOnlyGroupsThatTheThresholdAllows) {
  const auto reason = [](const std::vector<std::int64_t>& counts, std::int64_t threshold) {
    const auto checked = CheckGroupCounts(counts, threshold);
    return checked ? "" : checked.error().reason;
  };
  EXPECT_EQ(reason({20, 20, 0}, 5), "");
  EXPECT_EQ(reason({20, 4}, 5), "rare_level");
  EXPECT_EQ(reason({2, 2}, 5), "cohort_below_threshold");
  EXPECT_EQ(reason({5, 5}, 5), "too_many_parameters");  // 8 degrees of freedom
  EXPECT_EQ(reason({1, 1}, 0), "");
}

TEST(GroupMoments, ASiteRefusesSumsOverAGroupThatTheHubClaimsTooSmall) {
  struct Claim {
    std::vector<std::int64_t> counts;
    std::vector<double> centers;
    void Fields(core::ArchiveWriter& a) {
      a(counts);
      a(centers);
    }
  };
  const table::Table table = table::MakeTable({{"y", {1, 2, 3}}, {"g", {"a", "a", "b"}}});
  const federation::Study study = StudyOf("method = \"ttest\"\nformula = \"y ~ g\"\n");
  federation::SiteCache cache;
  const federation::SiteView site{table, study.analyses().front(), cache, 1, 5};
  const federation::Step* step = GroupMomentSteps()[1];
  const auto try_claim = [&](std::vector<std::int64_t> counts) {
    const core::Bytes bytes = core::Encode(Claim{std::move(counts), {}});
    const auto layout = step->LayoutOf(site.analysis, table.schema, bytes);
    if (!layout) return layout.error().reason;
    federation::ExactSums sums(*layout);
    const auto done = step->Evaluate(site, bytes, sums);
    return done ? "" : done.error().reason;
  };
  EXPECT_EQ(try_claim({20, 3}), "rare_level");
  EXPECT_EQ(try_claim({20, 0}), "false_claim");
  EXPECT_EQ(try_claim({20}), "wrong_layout");
  EXPECT_EQ(try_claim({20, 20}), "");
}

}  // namespace
}  // namespace clinnova::stats

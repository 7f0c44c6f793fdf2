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
    std::vector<double> centers{};
    std::vector<std::int64_t> zeros{};
    std::vector<std::int64_t> ones{};
    std::vector<std::int64_t> sites{};
    std::vector<double> magnitudes{};
    void Fields(core::ArchiveWriter& a) {
      a(counts);
      a(centers);
      a(zeros);
      a(ones);
      a(sites);
      a(magnitudes);
    }
  };
  const table::Table table = table::MakeTable({{"y", {1, 2, 3}}, {"g", {"a", "a", "b"}}});
  const federation::Study study = StudyOf("method = \"ttest\"\nformula = \"y ~ g\"\n");
  federation::SiteCache cache;
  const federation::SiteView site{table, study.analyses().front(), cache, 1, 5};
  const federation::Step* step = GroupMomentSteps()[1];
  const auto try_claim = [&](std::vector<std::int64_t> counts) {
    const std::size_t groups = counts.size();
    const core::Bytes bytes = core::Encode(Claim{.counts = std::move(counts),
                                                 .zeros = std::vector<std::int64_t>(groups),
                                                 .ones = std::vector<std::int64_t>(groups, 1),
                                                 .sites = std::vector<std::int64_t>(groups, 2),
                                                 .magnitudes = std::vector<double>(groups, 1000)});
    const auto layout = step->LayoutOf(site.analysis, table.schema, bytes);
    if (!layout) return layout.error().reason;
    federation::ExactSums sums(*layout);
    auto done = step->Hold(site, bytes);
    if (done) done = step->Evaluate(site, bytes, sums);
    return done ? "" : done.error().reason;
  };
  EXPECT_EQ(try_claim({20, 3}), "rare_level");
  EXPECT_EQ(try_claim({20, 0}), "false_claim");
  EXPECT_EQ(try_claim({20}), "wrong_layout");
  EXPECT_EQ(try_claim({20, 20}), "");
}

}  // namespace
}  // namespace clinnova::stats

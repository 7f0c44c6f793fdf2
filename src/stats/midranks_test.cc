// SPDX-License-Identifier: Apache-2.0
#include "stats/midranks.h"

#include <gtest/gtest.h>

#include "core/archive.h"
#include "federation/step.h"
#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using table::Table;

/// What a site answers to a step of the method under a threshold of 5: "" or the reason of its refusal.
template <typename Parameters>
std::string ReasonOf(std::string_view step_name, Parameters parameters) {
  const Table table = table::MakeTable({{"y", {1, 2, 3, 4}}, {"g", {"a", "a", "b", "b"}}});
  const federation::Study study = StudyOf("method = \"wilcoxon\"\nformula = \"y ~ g\"\n");
  federation::SiteCache cache;
  const federation::SiteView site{table, study.analyses().front(), cache, 1, 5};
  for (const federation::Step* step : MidrankSteps()) {
    if (step->name() != step_name) continue;
    const core::Bytes bytes = core::Encode(parameters);
    if (const auto held = step->Hold(site, bytes); !held) return held.error().reason;
    const auto layout = step->LayoutOf(site.analysis, table.schema, bytes);
    if (!layout) return layout.error().reason;
    federation::ExactSums sums(*layout);
    const auto done = step->Evaluate(site, bytes, sums);
    return done ? "" : done.error().reason;
  }
  return "no such step";
}

SplitRequest Request(std::int64_t part_bits) {
  SplitRequest request;
  request.grids = {KeyGrid{}};
  request.intervals = {{0, 0}};
  request.widths = {64};
  request.part_bits = part_bits;
  return request;
}

TEST(Midranks, ASiteDoesNotSplitIntervalsFinerThanTheThresholdAllows) {
  EXPECT_EQ(ReasonOf("ranks.split", Request(8)), "");
  EXPECT_EQ(ReasonOf("ranks.split", Request(16)), "intervals_too_narrow");
  SplitRequest twice = Request(8);
  twice.intervals = {{0, 5}, {0, 5}};
  twice.widths = {4, 4};
  EXPECT_EQ(ReasonOf("ranks.split", twice), "wrong_layout");
}

struct Sums {
  std::vector<std::int64_t> group_counts;
  std::vector<RankTable> tables;
  void Fields(core::ArchiveWriter& a) {
    a(group_counts);
    a(tables);
  }
};

TEST(Midranks, ASiteDoesNotAddRanksOfFewerPersonsThanTheThreshold) {
  const RankTable fine{KeyGrid{}, {0, 1ULL << 62}, {15, 15}};
  const RankTable narrow{KeyGrid{}, {0, 1ULL << 62}, {29, 1}};
  EXPECT_EQ(ReasonOf("ranks.sum", Sums{{15, 15}, {fine}}), "");
  EXPECT_EQ(ReasonOf("ranks.sum", Sums{{15, 15}, {narrow}}), "rare_level");
  EXPECT_EQ(ReasonOf("ranks.sum", Sums{{26, 4}, {fine}}), "rare_level");
  EXPECT_EQ(ReasonOf("ranks.sum", Sums{{15, 15}, {fine, fine}}), "wrong_layout");
}

}  // namespace
}  // namespace clinnova::stats

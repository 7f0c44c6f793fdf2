// SPDX-License-Identifier: Apache-2.0
#include "stats/round_parts.h"

#include <gtest/gtest.h>

#include "core/hash.h"
#include "stats/study_fixture.h"
#include "table/table_fixture.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::ExactSums;
using federation::Layout;
using federation::ScaledBlock;
using federation::SiteView;
using federation::TypedStep;
using federation::WideBlock;

struct Power {
  double factor = 1;
  template <class A>
  void Fields(A& a) {
    a(factor);
  }
};

Result<void> Held(const SiteView& site, const Power&) {
  if (site.minimum_count == 0) return {};
  return Fail(ErrorCode::kRefused, "not with rules", "held");
}

const TypedStep<Power> kWide{
    "parts.wide",
    [](const Analysis&, const table::Schema&, const Power&) -> Result<Layout> {
      return Layout{{WideBlock("sum", 2)}};
    },
    [](const SiteView& site, const Power& power, ExactSums& sums) -> Result<void> {
      for (const double x : site.table.columns[0].numbers) sums.Add(0, 1, power.factor * x);
      return {};
    },
    federation::Guard<Power>{{}, Held}};
const TypedStep<Power> kMixed{
    "parts.mixed",
    [](const Analysis&, const table::Schema&, const Power&) -> Result<Layout> {
      return Layout{{CountBlock("n", 1), ScaledBlock("sum", 1, 4)}};
    },
    [](const SiteView& site, const Power& power, ExactSums& sums) -> Result<void> {
      for (const double x : site.table.columns[0].numbers) {
        sums.AddCount(0, 0);
        sums.Add(1, 0, power.factor * x);
      }
      if (power.factor < 0) sums.Withhold(1);
      return {};
    },
    federation::Guard<Power>{{}, Held}};
const PartSteps& All() {
  static const PartSteps kAll{&kWide, &kMixed};
  return kAll;
}

/// The sums of a site's rows, as kWide and kMixed have them.
class RoundPartsTest : public testing::Test {
 protected:
  Result<ExactSums> Evaluate(const RoundParts& parts, const table::Table& table) {
    CLINNOVA_ASSIGN(const Layout layout, PartsLayout(All(), analysis_, table.schema, parts));
    ExactSums sums(layout);
    const SiteView site{table, analysis_, cache_, 1, 0};
    CLINNOVA_TRY(HoldParts(All(), site, parts));
    CLINNOVA_TRY(PartsEvaluate(All(), site, parts, sums));
    return sums;
  }

  federation::Study study_ = StudyOf("method = \"summary\"\nvariables = [\"x\"]\n");
  const Analysis& analysis_ = study_.analyses()[0];
  federation::SiteCache cache_;
};

TEST_F(RoundPartsTest, AddsUpWhatEachStepWouldAlone) {
  RoundParts parts;
  EXPECT_EQ(parts.Ask(kWide, Power{1e-30}), 0u);
  EXPECT_EQ(parts.Ask(kMixed, Power{3}), 1u);
  EXPECT_EQ(parts.Ask(kWide, Power{-1e40}), 2u);
  const table::Table table = table::MakeTable({{"x", {0.1, 0.7, 1.0 / 3}}});
  const auto sums = Evaluate(parts, table);
  ASSERT_TRUE(sums) << sums.error().message;
  const auto pooled = federation::PooledSums::Decode(sums->layout(), sums->Seal({}));
  ASSERT_TRUE(pooled);
  ExactSums alone(Layout{{WideBlock("small", 1), WideBlock("large", 1)}});
  for (const double x : table.columns[0].numbers) {
    alone.Add(0, 0, 1e-30 * x);
    alone.Add(1, 0, -1e40 * x);
  }
  const auto expected = federation::PooledSums::Decode(alone.layout(), alone.Seal({}));
  EXPECT_EQ(pooled->Number(0, 1), expected->Number(0));
  EXPECT_EQ(pooled->Number(3, 1), expected->Number(1));
  EXPECT_EQ(pooled->Count(1), 3);
  EXPECT_DOUBLE_EQ(pooled->Number(2), 3.4);
}

TEST_F(RoundPartsTest, FlagsTheBlockOfThePartThatIsOutOfRange) {
  RoundParts parts;
  parts.Ask(kWide, Power{1});
  parts.Ask(kMixed, Power{1000});
  const auto sums = Evaluate(parts, table::MakeTable({{"x", {1, 2}}}));
  ASSERT_TRUE(sums);
  const auto pooled = federation::PooledSums::Decode(sums->layout(), sums->Seal({}));
  EXPECT_EQ(pooled->FlaggedBlocks(), (std::vector<std::size_t>{2}));
}

TEST_F(RoundPartsTest, HidesTheBlockThatAPartWithholds) {
  RoundParts parts;
  parts.Ask(kMixed, Power{1});
  parts.Ask(kMixed, Power{-1});
  const table::Table table = table::MakeTable({{"x", {1, 2}}});
  const auto pooled = [&](const core::Hash& seed) {
    const auto sums = Evaluate(parts, table);
    return federation::PooledSums::Decode(sums->layout(), sums->Seal(seed)).value();
  };
  const core::Hash seed = core::Blake2b(core::Bytes(1));
  const federation::PooledSums one = pooled(seed);
  const federation::PooledSums two = pooled(core::Blake2b(core::Bytes(2)));
  EXPECT_EQ(one.Number(1), 3);
  EXPECT_EQ(two.Number(1), 3);
  EXPECT_EQ(one.Count(2), 2);
  EXPECT_NE(one.Integer(3, 0), two.Integer(3, 0));
  EXPECT_EQ(one.elements(), pooled(seed).elements());  // asked again, a site gives the same
}

TEST_F(RoundPartsTest, RefusesWhatIsNoPartOfTheMethod) {
  RoundParts parts;
  parts.Ask(kWide, Power{1});
  const table::Table table = table::MakeTable({{"x", {1.0}}});
  parts.steps[0] = "parts.other";
  EXPECT_EQ(Evaluate(parts, table).error().reason, "unknown_step");
  parts.steps[0] = "parts.wide";
  parts.steps.emplace_back("parts.wide");
  EXPECT_EQ(Evaluate(parts, table).error().reason, "unknown_step");
}

TEST_F(RoundPartsTest, HoldsEveryPartToItsRules) {
  RoundParts parts;
  parts.Ask(kMixed, Power{1});
  const table::Table table = table::MakeTable({{"x", {1.0}}});
  const SiteView guarded{table, analysis_, cache_, 1, 5};
  EXPECT_EQ(HoldParts(All(), guarded, parts).error().reason, "held");
}

}  // namespace
}  // namespace clinnova::stats

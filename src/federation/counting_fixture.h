// SPDX-License-Identifier: Apache-2.0
// For tests: a study of one analysis of method "count" and the steps that it may run over a column "x".
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "federation/federation.h"
#include "federation/step.h"
#include "federation/study.h"
#include "table/table_fixture.h"

namespace clinnova::federation {

struct CountingParameters {
  double scale = 1;
  template <class A>
  void Fields(A& a) {
    a(scale);
  }
};
enum CountingBlock { kRows, kTotal, kBounded };
/// The value that the guard of kCounting refuses.
inline constexpr double kUnspeakable = 0.8125;

/// Rows, the wide sum of scale * x, and the same in a scaled block made for contributions up to 1.
inline const TypedStep<CountingParameters> kCounting{
    "count.all",
    [](const Analysis&, const table::Schema&, const CountingParameters&) -> Result<Layout> {
      return Layout{{CountBlock("rows", 1), WideBlock("total", 1), ScaledBlock("bounded", 1, 0)}};
    },
    [](const SiteView& site, const CountingParameters& parameters,
       ExactSums& sums) -> Result<void> {
      const auto x = site.table.schema.Find("x");
      if (!x) return Fail(ErrorCode::kInvalidInput, "no column x", "no_column");
      for (const double value : site.table.column(*x).numbers) {
        sums.AddCount(kRows, 0);
        sums.Add(kTotal, 0, parameters.scale * value);
        sums.Add(kBounded, 0, parameters.scale * value);
      }
      return {};
    },
    Guard<CountingParameters>{
        {Rule::kDominance}, [](const SiteView& site, const CountingParameters&) -> Result<void> {
          const auto x = site.table.schema.Find("x");
          for (std::size_t r = 0; x && r < site.table.rows; ++r) {
            if (site.table.column(*x).numbers[r] != kUnspeakable) continue;
            return Fail(ErrorCode::kRefused, "a value that its guard knows", "dominance");
          }
          return {};
        }}};

/// A step that has a bug.
inline const TypedStep<CountingParameters> kThrowing{
    "count.throwing",
    [](const Analysis&, const table::Schema&, const CountingParameters&) -> Result<Layout> {
      return Layout{{CountBlock("rows", 1)}};
    },
    [](const SiteView&, const CountingParameters&, ExactSums&) -> Result<void> {
      throw std::runtime_error("a bug");
    },
    CountsOnly{}};

/// A step that says it counts and does more.
inline const TypedStep<CountingParameters> kPretending{
    "count.pretending",
    [](const Analysis&, const table::Schema&, const CountingParameters&) -> Result<Layout> {
      return Layout{{CountBlock("rows", 1), WideBlock("total", 1)}};
    },
    [](const SiteView&, const CountingParameters&, ExactSums&) -> Result<void> { return {}; },
    CountsOnly{}};

/// A step of another method.
inline const TypedStep<CountingParameters> kForeign{
    "other.all",
    [](const Analysis&, const table::Schema&, const CountingParameters&) -> Result<Layout> {
      return Layout{{CountBlock("rows", 1)}};
    },
    [](const SiteView&, const CountingParameters&, ExactSums&) -> Result<void> { return {}; },
    CountsOnly{}};

inline const StepCatalog& CountingSteps() {
  static const StepCatalog kSteps = [] {
    StepCatalog steps;
    steps.Add("count", {&kCounting, &kThrowing, &kPretending});
    steps.Add("other", {&kForeign});
    return steps;
  }();
  return kSteps;
}

/// `options`: further TOML lines of the analysis, which is called "a".
inline Study CountingStudy(const std::string& options = "") {
  auto study = Study::FromToml(
      "[study]\ntitle = \"t\"\npurpose = \"p\"\nminimum_sites = 1\n[privacy]\nminimum_count = 2\n"
      "[[analysis]]\nname = \"a\"\nmethod = \"count\"\n" +
          options,
      "test.toml");
  if (!study) throw std::runtime_error(study.error().message);
  return std::move(*study);
}

inline RoundRequest CountingRequest(double scale = 1) {
  return {.round = 1,
          .analysis = "a",
          .step = "count.all",
          .parameters = core::Encode(CountingParameters{scale}),
          .exponents = {20, 0, 0}};
}

}  // namespace clinnova::federation

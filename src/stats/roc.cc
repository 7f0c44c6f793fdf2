// SPDX-License-Identifier: Apache-2.0
#include "stats/roc.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/deterministic_math.h"
#include "core/distributions.h"
#include "stats/order_statistics.h"
#include "stats/predicted_rows.h"
#include "stats/roc_curve.h"
#include "stats/roc_steps.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

/// A curve with more points is told by as many, equally spaced among them.
constexpr std::size_t kMostPoints = 10'000;

/// One score's cells, rising, and what is made of them.
struct Score {
  std::string name;
  std::vector<ValueCell> cells;
  std::vector<double> values;  ///< of the cells; where disclosure rules hold their lower ends
  bool falling = false;        ///< cases have the lower scores
  std::vector<double> case_placements;     ///< per cell
  std::vector<double> control_placements;  ///< per cell
  double auc = 0;
  double variance = 0;
};

/// The cells from least to most like a case.
std::vector<RocGroup> GroupsOf(const Score& score) {
  std::vector<RocGroup> groups;
  for (const ValueCell& cell : score.cells) groups.push_back({cell.counts[0], cell.counts[1]});
  if (score.falling) std::reverse(groups.begin(), groups.end());
  return groups;
}

/// The middle value of a class, or the mean of the two middle ones.
double MedianOf(const Score& score, std::size_t of_class) {
  std::int64_t n = 0;
  for (const ValueCell& cell : score.cells) n += cell.counts[of_class];
  const auto at = [&](std::int64_t rank) {
    std::size_t k = 0;
    while (rank >= score.cells[k].counts[of_class]) rank -= score.cells[k++].counts[of_class];
    return score.values[k];
  };
  return (at((n - 1) / 2) + at(n / 2)) / 2;
}

class RocRun {
 public:
  RocRun(Federation& federation, const Analysis& analysis, PredictedColumns columns)
      : federation_(federation), analysis_(analysis), columns_(std::move(columns)) {}

  Result<Json> Run() {
    constexpr std::string_view kDirections[] = {"auto", "<", ">"};
    CLINNOVA_ASSIGN(direction_, analysis_.Choice("direction", kDirections));
    CLINNOVA_ASSIGN(level_, analysis_.Number("conf_level", 0.95));
    if (!(level_ > 0 && level_ < 1)) {
      return analysis_.Wrong("conf_level", "expected a number between 0 and 1");
    }
    CLINNOVA_TRY(FindCells());
    CLINNOVA_TRY(FindValues());
    for (Score& score : scores_) Place(score);
    if (scores_.size() > 1) CLINNOVA_TRY(Compare());
    return Report();
  }

 private:
  std::int64_t minimum() const { return federation_.minimum_count(); }

  Result<void> FindCells() {
    ValueSearch search(columns_.names.size(), 2, std::max<std::int64_t>(2, 2 * minimum()));
    while (!search.Done()) {
      const RocCountParameters parameters{search.question()};
      CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kRocCountStep, parameters));
      if (counts_.n() == 0) {
        CLINNOVA_ASSIGN(counts_, CheckPredictedCases(federation_, analysis_, sums, kRocCases));
      }
      search.Absorb(sums.Counts(kRocCells));
    }
    for (std::size_t v = 0; v < columns_.names.size(); ++v) {
      Score score;
      score.name = columns_.names[v];
      score.cells = search.cells(v);
      for (const ValueCell& cell : score.cells) score.values.push_back(ValueOfKey(cell.low));
      scores_.push_back(std::move(score));
    }
    return {};
  }

  /// The values of rows that are alone in their cells, where nobody's value is to be protected.
  Result<void> FindValues() {
    if (minimum() > 0) return {};
    RocValueParameters parameters;
    for (const Score& score : scores_) {
      parameters.lows.emplace_back();
      parameters.sizes.emplace_back();
      for (const ValueCell& cell : score.cells) {
        if (cell.bits == 0) continue;
        parameters.lows.back().push_back(cell.low);
        parameters.sizes.back().push_back(std::uint64_t{1} << cell.bits);
      }
    }
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kRocValueStep, parameters));
    std::size_t at = 0;
    for (Score& score : scores_) {
      for (std::size_t k = 0; k < score.cells.size(); ++k) {
        if (score.cells[k].bits == 0) continue;
        const auto place = static_cast<std::uint64_t>(sums.Number(0, at++));
        score.values[k] = ValueOfKey(score.cells[k].low + place);
      }
    }
    return {};
  }

  void Place(Score& score) {
    score.falling =
        direction_ == ">" || (direction_ == "auto" && MedianOf(score, 0) > MedianOf(score, 1));
    const RocCurve curve(GroupsOf(score));
    score.auc = curve.auc();
    score.variance = curve.variance();
    score.case_placements = curve.case_placements();
    score.control_placements = curve.control_placements();
    if (score.falling) {
      std::reverse(score.case_placements.begin(), score.case_placements.end());
      std::reverse(score.control_placements.begin(), score.control_placements.end());
    }
    if (score.falling && direction_ == "auto") {
      warnings_.push_back(
          score.name +
          ": cases have the lower values, so that low values count as signs of a case");
    }
    if (score.auc == 1 || score.auc == 0) {
      warnings_.push_back(
          score.name +
          " separates cases and controls wholly: its interval has no width and means nothing");
    }
  }

  Result<void> Compare() {
    RocPlacementParameters parameters;
    parameters.counts = counts_;
    for (const Score& score : scores_) {
      parameters.lows.emplace_back();
      for (const ValueCell& cell : score.cells) parameters.lows.back().push_back(cell.low);
      parameters.cases.push_back(score.case_placements);
      parameters.controls.push_back(score.control_placements);
    }
    CLINNOVA_ASSIGN(const PooledSums sums,
                    federation_.Sum(analysis_, kRocPlacementStep, parameters));
    const auto m = static_cast<double>(counts_.positive);
    const auto n = static_cast<double>(counts_.negative);
    comparisons_ = Json::array();
    for (std::size_t a = 0; a < scores_.size(); ++a) {
      for (std::size_t b = a + 1; b < scores_.size(); ++b) {
        const std::size_t pair = PairIndex(a, b);
        const double covariance = sums.Number(kRocCaseProducts, pair) / ((m - 1) * m) +
                                  sums.Number(kRocControlProducts, pair) / ((n - 1) * n);
        comparisons_.push_back(ComparisonJson(scores_[a], scores_[b], covariance));
      }
    }
    return {};
  }

  Json ComparisonJson(const Score& a, const Score& b, double covariance) const {
    const double difference = a.auc - b.auc;
    const double variance = std::max(a.variance + b.variance - 2 * covariance, 0.0);
    const double error = std::sqrt(variance);
    // Scores that order the rows alike do not differ at all.
    const bool same = difference == 0 && !(variance > 1e-15 * (a.variance + b.variance));
    const double statistic = same ? 0 : difference / error;
    const double half = -core::NormalQuantile((1 - level_) / 2) * error;
    return {{"score_1", a.name},
            {"score_2", b.name},
            {"estimate", NumberJson(difference)},
            {"std_error", NumberJson(error)},
            {"statistic", NumberJson(statistic)},
            {"p_value", NumberJson(core::NormalTwoSidedP(statistic))},
            {"conf_low", NumberJson(difference - half)},
            {"conf_high", NumberJson(difference + half)}};
  }

  /// Half way between neighbours; where disclosure rules hold the lower end of the upper one.
  double ThresholdBelow(const Score& score, std::size_t upper) const {
    return minimum() > 0 ? score.values[upper]
                         : (score.values[upper - 1] + score.values[upper]) / 2;
  }

  Json CurveJson(const Score& score) {
    const std::vector<RocGroup> groups = GroupsOf(score);
    const std::vector<RocCurve::Point> points = RocCurve(groups).points();
    std::vector<std::size_t> shown(groups.size());
    std::iota(shown.begin(), shown.end(), std::size_t{0});
    if (minimum() > 0) shown = JoinedGroups(groups, minimum());
    if (shown.size() > kMostPoints) {
      std::vector<std::size_t> some;
      for (std::size_t k = 0; k < kMostPoints; ++k)
        some.push_back(shown[k * shown.size() / kMostPoints]);
      shown = std::move(some);
      warnings_.push_back(score.name +
                          ": the curve has more than 10000 points, of which as many are given");
    }
    shown.push_back(groups.size());
    Json curve = Json::array();
    for (const std::size_t g : shown) {
      const bool end = g == 0 || g == groups.size();
      const std::size_t upper = score.falling ? groups.size() - g : g;
      curve.push_back(
          {{"threshold", end ? Json(nullptr) : NumberJson(ThresholdBelow(score, upper))},
           {"sensitivity", points[g].sensitivity},
           {"specificity", points[g].specificity}});
    }
    return curve;
  }

  void AddScore(const Score& score, Json& to) {
    const double error = std::sqrt(score.variance);
    const double half = -core::NormalQuantile((1 - level_) / 2) * error;
    to["score"] = score.name;
    to["direction"] = score.falling ? ">" : "<";
    to["auc"] = score.auc;
    to["std_error"] = NumberJson(error);
    to["conf_low"] = NumberJson(std::isnan(half) ? half : std::max(score.auc - half, 0.0));
    to["conf_high"] = NumberJson(std::isnan(half) ? half : std::min(score.auc + half, 1.0));
    to["curve"] = CurveJson(score);
  }

  Json Report() {
    if (minimum() > 0) {
      warnings_.push_back("scores within a group of fewer than " + std::to_string(2 * minimum()) +
                          " persons count as tied");
    }
    Json result;
    result["n"] = counts_.n();
    result["n_missing"] = counts_.missing;
    result["n_cases"] = counts_.positive;
    result["n_controls"] = counts_.negative;
    result["conf_level"] = level_;
    if (scores_.size() == 1) AddScore(scores_[0], result);
    if (scores_.size() > 1) {
      result["scores"] = Json::array();
      for (const Score& score : scores_) {
        Json entry;
        AddScore(score, entry);
        result["scores"].push_back(std::move(entry));
      }
      if (scores_.size() == 2) result["compare"] = comparisons_[0];
      if (scores_.size() > 2) result["comparisons"] = comparisons_;
    }
    result["warnings"] = warnings_;
    return result;
  }

  Federation& federation_;
  const Analysis& analysis_;
  PredictedColumns columns_;
  std::string direction_;
  double level_ = 0.95;
  PredictedCounts counts_;
  std::vector<Score> scores_;
  Json comparisons_;
  std::vector<std::string> warnings_;
};

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(PredictedColumns columns,
                  PredictedColumns::Find(analysis, federation.schema(), "score"));
  return RocRun(federation, analysis, std::move(columns)).Run();
}

constexpr std::string_view kOptions[] = {"outcome", "score", "direction"};

}  // namespace

Method RocMethod() {
  return {"roc",
          "how well scores tell cases from controls",
          kOptions,
          {&kRocCountStep, &kRocValueStep, &kRocPlacementStep},
          Run};
}

}  // namespace clinnova::stats

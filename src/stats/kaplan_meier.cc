// SPDX-License-Identifier: Apache-2.0
#include "stats/kaplan_meier.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "stats/risk_time.h"
#include "stats/survival_curve.h"
#include "stats/terms.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
struct Point {
  double time = 0;
  std::int64_t at_risk = 0;
  std::int64_t events = 0;
  std::int64_t censored = 0;
  double survival = 1;
  double log_variance = 0;  ///< Greenwood's sum of d / (n (n - d))
  bool before_all = false;  ///< before anybody leaves: survival is 1 with certainty
};

using Curve = std::vector<Point>;

/// The product-limit estimate at every time at which someone leaves.
Curve CurveOf(const RiskCounts& counts, std::size_t stratum) {
  const std::size_t size = counts.axis.size();
  const std::vector<std::int64_t> at_risk = counts.AtRisk(stratum);
  Curve curve;
  double survival = 1;
  double log_variance = 0;
  for (std::size_t k = 0; k < size; ++k) {
    const std::int64_t events = counts.events[stratum * size + k];
    const std::int64_t censored = counts.censored[stratum * size + k];
    if (events + censored == 0) continue;
    const auto n = static_cast<double>(at_risk[k]);
    const auto d = static_cast<double>(events);
    survival *= (n - d) / n;
    log_variance += d / (n * (n - d));
    curve.push_back({counts.axis.Time(k), at_risk[k], events, censored, survival, log_variance});
  }
  return curve;
}

/// Merges times until each has `exits` exits; the last, if short, joins the one before. Values are those at the end of
/// a bin, persons at risk those at its beginning.
Curve Merge(const Curve& curve, std::int64_t exits) {
  Curve merged;
  std::int64_t open = 0;
  for (const Point& point : curve) {
    if (open == 0) {
      merged.push_back(point);
    } else {
      Point& bin = merged.back();
      const Point begin = bin;
      bin = point;
      bin.at_risk = begin.at_risk;
      bin.events += begin.events;
      bin.censored += begin.censored;
    }
    open = merged.back().events + merged.back().censored;
    if (open >= exits) open = 0;
  }
  if (open != 0) {
    const Point last = merged.back();
    merged.pop_back();
    if (!merged.empty()) {
      Point& bin = merged.back();
      const Point begin = bin;
      bin = last;
      bin.at_risk = begin.at_risk;
      bin.events += begin.events;
      bin.censored += begin.censored;
    }
  }
  return merged;
}

double LastTimeTold(const RiskCounts& counts, std::size_t stratum, std::int64_t persons) {
  const std::size_t first = stratum * counts.axis.size();
  return LastTimeTold(
      counts.axis,
      [&](std::size_t k) { return counts.events[first + k] + counts.censored[first + k]; },
      persons);
}

/// survival's median: the first time with S <= 1/2; where the curve rests at 1/2, the middle of that step.
double Median(const Curve& curve) {
  const double tolerance = std::sqrt(std::numeric_limits<double>::epsilon());
  const auto first = std::find_if(curve.begin(), curve.end(), [&](const Point& point) {
    return point.survival < 0.5 + tolerance;
  });
  if (first == curve.end()) return kNaN;
  if (std::fabs(first->survival - 0.5) >= tolerance) return first->time;
  const auto lower = std::find_if(
      first, curve.end(), [&](const Point& point) { return point.survival < first->survival; });
  return lower == curve.end() ? first->time : (first->time + lower->time) / 2;
}

/// The curve at given times, as summary.survfit(times, extend = TRUE); counts are since the time before.
Curve AtTimes(const Curve& curve, const std::vector<double>& times) {
  Curve points;
  std::size_t next = 0;
  Point state;
  for (const double time : times) {
    Point point = state;
    point.events = point.censored = 0;
    for (; next < curve.size() && curve[next].time <= time; ++next) {
      point.survival = curve[next].survival;
      point.log_variance = curve[next].log_variance;
      point.events += curve[next].events;
      point.censored += curve[next].censored;
    }
    // At risk just before `time`: those of the first time not before it.
    const auto at =
        std::find_if(curve.begin(), curve.end(), [&](const Point& p) { return p.time >= time; });
    point.at_risk = at == curve.end() ? 0 : at->at_risk;
    point.time = time;
    point.before_all = next == 0;
    state = point;
    points.push_back(point);
  }
  return points;
}

struct Options {
  Interval interval = Interval::kLog;
  double level = 0.95;
  double time_grid = 0;
  std::vector<double> times;
};

Result<Options> ReadOptions(const Analysis& analysis) {
  Options options;
  CLINNOVA_ASSIGN(options.interval, IntervalOf(analysis));
  CLINNOVA_ASSIGN(options.level, analysis.Number("conf_level", 0.95));
  CLINNOVA_ASSIGN(options.time_grid, analysis.Number("time_grid", 0));
  CLINNOVA_ASSIGN(options.times, analysis.Numbers("times"));
  if (!(options.time_grid >= 0)) return analysis.Wrong("time_grid", "expected 0 or more");
  if (!std::is_sorted(options.times.begin(), options.times.end())) {
    return analysis.Wrong("times", "expected increasing numbers");
  }
  return options;
}

Json CurveJson(const Curve& curve, const Options& options, const std::string& stratum,
               double median) {
  const double quantile = -core::NormalQuantile((1 - options.level) / 2);
  Json json;
  if (!stratum.empty()) json["stratum"] = stratum;
  for (const char* key : {"time", "n_risk", "n_event", "n_censor", "estimate", "std_error",
                          "conf_low", "conf_high"}) {
    json[key] = Json::array();
  }
  for (const Point& point : curve) {
    const double log_error = std::sqrt(point.log_variance);
    const Limits limits =
        point.before_all && options.interval != Interval::kNone
            ? Limits{1, 1}
            : ConfidenceLimits(options.interval, point.survival, log_error, quantile);
    json["time"].push_back(point.time);
    json["n_risk"].push_back(point.at_risk);
    json["n_event"].push_back(point.events);
    json["n_censor"].push_back(point.censored);
    json["estimate"].push_back(point.survival);
    json["std_error"].push_back(NumberJson(point.survival * log_error));
    json["conf_low"].push_back(NumberJson(limits.low));
    json["conf_high"].push_back(NumberJson(limits.high));
  }
  json["median"] = NumberJson(median);
  return json;
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const Options options, ReadOptions(analysis));
  CLINNOVA_ASSIGN(const ModelFrame frame, ModelFrame::Build(federation, analysis));
  if (frame.formula().response().kind != table::Response::Kind::kSurvival) {
    return analysis.Wrong("formula", "expected Surv(time, status) before ~");
  }
  CLINNOVA_ASSIGN(
      const RiskCounts counts,
      FindRiskCounts(federation, analysis, frame, options.time_grid,
                     kDenseTimeCells / std::max<std::size_t>(1, StrataCount(frame.design()))));
  const std::int64_t k = federation.minimum_count();
  CLINNOVA_ASSIGN(const std::vector<std::string> labels, GroupLabels(analysis));
  Json curves = Json::array();
  std::vector<std::string> suppressed;
  std::vector<std::string> warnings;
  for (std::size_t stratum = 0; stratum < counts.strata; ++stratum) {
    Curve curve = CurveOf(counts, stratum);
    if (curve.empty()) continue;  // a combination of groups that nobody is in
    if (k > 0) {
      curve = Merge(curve, ExitsNeeded(federation));
      if (!curve.empty()) curve.back().time = LastTimeTold(counts, stratum, k);
    }
    if (curve.empty()) suppressed.push_back("curves[" + std::to_string(curves.size()) + "]");
    const double median = Median(curve);
    const bool told = !curve.empty();
    if (told && !options.times.empty()) curve = AtTimes(curve, options.times);
    curves.push_back(CurveJson(curve, options, StratumName(frame, stratum, labels), median));
  }
  if (k > 0) {
    warnings.push_back(
        "times are merged until each has at least " + std::to_string(ExitsNeeded(federation)) +
        " exits; the last is told as one that " + std::to_string(k) + " persons reach");
  }
  Json result;
  result["n"] = frame.n();
  result["n_missing"] = frame.n_missing();
  result["warnings"] = warnings;
  result["conf_level"] = options.level;
  result["curves"] = std::move(curves);
  result["suppressed"] = suppressed;
  return result;
}

constexpr std::string_view kOptions[] = {"formula", "time_grid", "times", "conf_type"};

}  // namespace

Method KaplanMeierMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  for (const federation::Step* step : RiskTimeSteps()) steps.push_back(step);
  return {"kaplan_meier", "survival curves by group", kOptions, std::move(steps), Run};
}

}  // namespace clinnova::stats

// SPDX-License-Identifier: Apache-2.0
#include "stats/competing_risks.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "core/distributions.h"
#include "stats/cause_counts.h"
#include "stats/cumulative_incidence.h"
#include "stats/fine_gray.h"
#include "stats/risk_time.h"
#include "stats/survival_curve.h"
#include "stats/terms.h"
#include "table/factor_column.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using Json = nlohmann::ordered_json;
using Curve = std::vector<IncidencePoint>;

struct Options {
  Interval interval = Interval::kLog;
  double level = 0.95;
  double time_grid = 0;
  std::vector<double> times;
  bool curves = true;
  bool regression = true;
};

Result<Options> ReadOptions(const Analysis& analysis) {
  Options options;
  constexpr std::string_view kModels[] = {"both", "cuminc", "fine_gray"};
  CLINNOVA_ASSIGN(const std::string model, analysis.Choice("model", kModels));
  options.curves = model != "fine_gray";
  options.regression = model != "cuminc";
  CLINNOVA_ASSIGN(options.interval, IntervalOf(analysis));
  CLINNOVA_ASSIGN(options.level, analysis.Number("conf_level", 0.95));
  CLINNOVA_ASSIGN(options.time_grid, analysis.Number("time_grid", 0));
  CLINNOVA_ASSIGN(options.times, analysis.Numbers("times"));
  if (!(options.time_grid >= 0)) return analysis.Wrong("time_grid", "expected 0 or more");
  if (!std::is_sorted(options.times.begin(), options.times.end()))
    return analysis.Wrong("times", "expected increasing numbers");
  return options;
}

/// The levels of the status where it is a factor.
std::vector<std::string> StatusLevels(const ModelFrame& frame, const table::Schema& schema) {
  const table::Expression& status = frame.formula().response().parts.back();
  const bool call = status.kind == table::Expression::Kind::kCall && !status.arguments.empty();
  const std::string name = call ? status.arguments[0].name : status.name;
  for (const std::string& column : {name, table::FactorColumnName(name)}) {
    const auto found = schema.Find(column);
    if (!found || schema.columns[*found].kind != table::ColumnKind::kFactor) continue;
    if (column == name || call) return schema.columns[*found].levels;
  }
  return {};
}

/// What a cause is called in the result.
Json CauseName(const std::vector<std::string>& levels, std::int64_t cause) {
  if (static_cast<std::size_t>(cause) < levels.size())
    return levels[static_cast<std::size_t>(cause)];
  return cause;
}

/// Which of the causes that occur the analysis asks for.
Result<std::size_t> CauseAsked(const Analysis& analysis, const std::vector<std::string>& levels,
                               const std::vector<std::int64_t>& causes) {
  const Json asked = analysis.Has("cause") ? Json(analysis.json()["cause"]) : Json(1);
  std::string list;
  for (std::size_t c = 0; c < causes.size(); ++c) {
    const bool same = asked == Json(causes[c]) || asked == CauseName(levels, causes[c]) ||
                      asked == Json(std::to_string(causes[c]));
    if (same) return c;
    list += (list.empty() ? "" : ", ") + CauseName(levels, causes[c]).dump();
  }
  return analysis.Wrong("cause", "found " + asked.dump() + ", expected one that occurs: " +
                                     (list.empty() ? "there is no event" : list));
}

/// Merges times until each has `exits` exits; values are those at the end of a bin, persons at risk those at its
/// beginning. The last bin, if short, joins the one before.
Curve Merge(const Curve& curve, std::int64_t exits) {
  Curve merged;
  const auto join = [](IncidencePoint& bin, const IncidencePoint& point) {
    const IncidencePoint begin = bin;
    bin = point;
    bin.at_risk = begin.at_risk;
    bin.events += begin.events;
    bin.others += begin.others;
    bin.censored += begin.censored;
  };
  const auto full = [&](const IncidencePoint& bin) {
    return bin.events + bin.others + bin.censored >= exits;
  };
  for (const IncidencePoint& point : curve) {
    if (merged.empty() || full(merged.back())) {
      merged.push_back(point);
    } else {
      join(merged.back(), point);
    }
  }
  if (merged.empty() || full(merged.back())) return merged;
  const IncidencePoint rest = merged.back();
  merged.pop_back();
  if (!merged.empty()) join(merged.back(), rest);
  return merged;
}

/// The curve at given times, as summary.survfit(times, extend = TRUE); counts are since the time before.
Curve AtTimes(const Curve& curve, const std::vector<double>& times) {
  Curve points;
  std::size_t next = 0;
  IncidencePoint state;
  for (const double time : times) {
    IncidencePoint point = state;
    point.events = point.others = point.censored = 0;
    for (; next < curve.size() && curve[next].time <= time; ++next) {
      point.incidence = curve[next].incidence;
      point.std_error = curve[next].std_error;
      point.events += curve[next].events;
      point.others += curve[next].others;
      point.censored += curve[next].censored;
    }
    const auto at = std::find_if(curve.begin(), curve.end(),
                                 [&](const IncidencePoint& p) { return p.time >= time; });
    point.at_risk = at == curve.end() ? 0 : at->at_risk;
    point.time = time;
    state = point;
    points.push_back(point);
  }
  return points;
}

Json CurveJson(const Curve& curve, const Options& options, const std::string& stratum,
               const Json& cause) {
  const double quantile = -core::NormalQuantile((1 - options.level) / 2);
  Json json;
  if (!stratum.empty()) json["stratum"] = stratum;
  json["cause"] = cause;
  for (const char* key : {"time", "n_risk", "n_event", "n_other", "n_censor", "estimate",
                          "std_error", "conf_low", "conf_high"}) {
    json[key] = Json::array();
  }
  for (const IncidencePoint& point : curve) {
    const Limits limits = ConfidenceLimits(options.interval, point.incidence,
                                           point.std_error / point.incidence, quantile);
    json["time"].push_back(point.time);
    json["n_risk"].push_back(point.at_risk);
    json["n_event"].push_back(point.events);
    json["n_other"].push_back(point.others);
    json["n_censor"].push_back(point.censored);
    json["estimate"].push_back(NumberJson(point.incidence));
    json["std_error"].push_back(NumberJson(point.std_error));
    json["conf_low"].push_back(NumberJson(limits.low));
    json["conf_high"].push_back(NumberJson(limits.high));
  }
  return json;
}

/// Places of the causes in the result: the one asked for first.
std::vector<std::size_t> InOrder(std::size_t causes, std::size_t first) {
  std::vector<std::size_t> order{first};
  for (std::size_t c = 0; c < causes; ++c) {
    if (c != first) order.push_back(c);
  }
  return order;
}

void ReportCurves(const ModelFrame& frame, const CauseCounts& counts, const Options& options,
                  const std::vector<std::string>& levels, const std::vector<std::size_t>& causes,
                  std::int64_t exits, Json& result) {
  result["curves"] = Json::array();
  for (const std::size_t cause : causes) {
    for (std::size_t stratum = 0; stratum < counts.strata; ++stratum) {
      Curve curve = CumulativeIncidence(counts, cause, stratum);
      if (curve.empty()) continue;  // a combination of groups that nobody is in
      if (exits > 0) curve = Merge(curve, exits);
      if (curve.empty()) {
        result["suppressed"].push_back("curves[" + std::to_string(result["curves"].size()) + "]");
      } else if (!options.times.empty()) {
        curve = AtTimes(curve, options.times);
      }
      result["curves"].push_back(CurveJson(curve, options, StratumName(frame, stratum),
                                           CauseName(levels, counts.causes[cause])));
    }
  }
  if (exits > 0) {
    result["warnings"].push_back("the curves' times are merged until each has at least " +
                                 std::to_string(exits) + " exits");
  }
}

void ReportTests(const CauseCounts& counts, const std::vector<std::string>& levels,
                 const std::vector<std::size_t>& causes, Json& result) {
  if (counts.strata < 2) return;
  result["tests"] = Json::array();
  for (const std::size_t cause : causes) {
    const std::optional<GrayTest> test = TestOfGray(counts, cause);
    Json json;
    json["cause"] = CauseName(levels, counts.causes[cause]);
    json["statistic"] = test ? NumberJson(test->statistic) : Json(nullptr);
    json["df"] = test ? Json(test->degrees_of_freedom) : Json(nullptr);
    json["p_value"] = test ? NumberJson(core::ChiSquaredUpperTail(
                                 test->statistic, static_cast<double>(test->degrees_of_freedom)))
                           : Json(nullptr);
    result["tests"].push_back(std::move(json));
  }
}

Result<ModelFrame> BuildFrame(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(ModelFrame frame, ModelFrame::Build(federation, analysis));
  const table::Response& response = frame.formula().response();
  if (response.kind != table::Response::Kind::kSurvival || response.parts.size() != 2) {
    return analysis.Wrong("formula",
                          "expected Surv(time, status) before ~, status 0 = censored, 1, 2, … = "
                          "causes; there is no left truncation");
  }
  if (!frame.formula().strata().empty() || !frame.formula().clusters().empty()) {
    return analysis.Wrong("formula",
                          "found strata() or cluster(), which competing_risks does not have yet; "
                          "groups = [\"column\"] draws curves by group");
  }
  return frame;
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const Options options, ReadOptions(analysis));
  CLINNOVA_ASSIGN(const ModelFrame frame, BuildFrame(federation, analysis));
  CLINNOVA_ASSIGN(std::vector<std::int64_t> causes, FindCauses(federation, analysis, frame));
  const std::vector<std::string> levels = StatusLevels(frame, federation.schema());
  CLINNOVA_ASSIGN(const std::size_t cause, CauseAsked(analysis, levels, causes));
  const std::size_t cells = StrataCount(frame.design()) * (causes.size() + 1);
  CLINNOVA_ASSIGN(TimeAxis axis, FindTimeAxis(federation, analysis, frame, options.time_grid,
                                              kDenseTimeCells / cells));
  CLINNOVA_ASSIGN(const CauseCounts counts,
                  CountCauses(federation, analysis, frame, std::move(axis), std::move(causes)));
  Json result;
  result["n"] = frame.n();
  result["n_missing"] = frame.n_missing();
  result["warnings"] = Json::array();
  result["conf_level"] = options.level;
  result["cause"] = CauseName(levels, counts.causes[cause]);
  result["suppressed"] = Json::array();
  const std::vector<std::size_t> order = InOrder(counts.causes.size(), cause);
  if (options.curves) {
    ReportCurves(frame, counts, options, levels, order, ExitsNeeded(federation), result);
    ReportTests(counts, levels, order, result);
  }
  if (options.regression && frame.columns() > 1)
    CLINNOVA_TRY(FitFineGray(federation, analysis, frame, counts, cause, result));
  return result;
}

constexpr std::string_view kOptions[] = {"formula",   "cause", "groups", "conf_type",
                                         "time_grid", "times", "model"};

}  // namespace

Method CompetingRisksMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  for (const auto& more : {RiskTimeSteps(), CauseCountSteps(), FineGraySteps()})
    steps.insert(steps.end(), more.begin(), more.end());
  return {"competing_risks", "cumulative incidence and Fine-Gray regression", kOptions,
          std::move(steps), Run};
}

}  // namespace clinnova::stats

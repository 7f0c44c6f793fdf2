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
#include "stats/weighted_incidence.h"
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
  bool late = false;      ///< Surv(start, stop, status)
  bool weighted = false;  ///< by case weights
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
    point.before_all = next == 0;
    state = point;
    points.push_back(point);
  }
  return points;
}

Limits LimitsOf(const IncidencePoint& point, Interval interval, double quantile) {
  const bool certain = point.before_all || (interval == Interval::kPlain && point.incidence == 0);
  if (certain && interval != Interval::kNone) return {0, 0};
  return ConfidenceLimits(interval, point.incidence, point.std_error / point.incidence, quantile);
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
    const Limits limits = LimitsOf(point, options.interval, quantile);
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

/// The curves of every cause and group, [cause * groups + group], before times are merged or chosen.
Result<std::vector<Curve>> CurvesOf(Federation& federation, const Analysis& analysis,
                                    const ModelFrame& frame, const CauseCounts& counts,
                                    const Options& options) {
  if (options.late || options.weighted)
    return WeightedIncidence(federation, analysis, frame, counts);
  std::vector<Curve> curves;
  for (std::size_t cause = 0; cause < counts.causes.size(); ++cause) {
    for (std::size_t group = 0; group < counts.strata; ++group)
      curves.push_back(CumulativeIncidence(counts, cause, group));
  }
  return curves;
}

/// What the curves are called.
struct Names {
  std::vector<std::string> groups;
  std::vector<std::string> levels;  ///< of the status, where it is a factor
};

double LastTimeTold(const CauseCounts& counts, std::size_t group, std::int64_t persons) {
  return LastTimeTold(
      counts.axis,
      [&](std::size_t k) { return counts.AllEvents(group, k) + counts.Censored(group, k); },
      persons);
}

/// `counts` are those of the groups. Where disclosure rules hold, times are merged until each has `exits` exits, and `persons` reach
/// the last one.
void ReportCurves(std::vector<Curve> curves, const CauseCounts& counts, const Options& options,
                  const Names& names, const std::vector<std::size_t>& order, std::int64_t exits,
                  std::int64_t persons, Json& result) {
  result["curves"] = Json::array();
  for (const std::size_t cause : order) {
    for (std::size_t group = 0; group < names.groups.size(); ++group) {
      if (!counts.Anybody(group)) continue;
      Curve& curve = curves[cause * names.groups.size() + group];
      if (exits > 0) curve = Merge(curve, exits);
      if (exits > 0 && !curve.empty()) curve.back().time = LastTimeTold(counts, group, persons);
      if (curve.empty()) {
        result["suppressed"].push_back("curves[" + std::to_string(result["curves"].size()) + "]");
      } else if (!options.times.empty()) {
        curve = AtTimes(curve, options.times);
      }
      result["curves"].push_back(CurveJson(curve, options, names.groups[group],
                                           CauseName(names.levels, counts.causes[cause])));
    }
  }
  if (exits > 0) {
    result["warnings"].push_back("the curves' times are merged until each has at least " +
                                 std::to_string(exits) + " exits; the last is told as one that " +
                                 std::to_string(persons) + " persons reach");
  }
}

void ReportTests(const CauseCounts& counts, std::size_t groups, const Options& options,
                 const std::vector<std::string>& levels, const std::vector<std::size_t>& causes,
                 Json& result) {
  if (groups < 2) return;
  if (options.late || options.weighted) {
    result["warnings"].push_back(
        "no test of Gray, which has neither case weights nor left truncation");
    return;
  }
  result["tests"] = Json::array();
  for (const std::size_t cause : causes) {
    const std::optional<GrayTest> test = TestOfGray(counts, groups, cause);
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
  if (frame.formula().response().kind != table::Response::Kind::kSurvival) {
    return analysis.Wrong("formula",
                          "expected Surv(time, status) or Surv(start, stop, status) before ~, "
                          "status 0 = censored, 1, 2, … = causes");
  }
  if (!frame.formula().clusters().empty()) {
    return analysis.Wrong("formula",
                          "found cluster(), expected id = \"column\" beside the formula where a "
                          "person has several rows");
  }
  return frame;
}

/// The model of the option `ties` and the data: crr()'s where that can be, else coxph()'s on finegray()'s rows.
Result<void> Regress(Federation& federation, const Analysis& analysis, const ModelFrame& frame,
                     const CauseCounts& counts, std::size_t cause, const Options& options,
                     Json& result) {
  const bool plain = !options.late && !options.weighted && counts.strata == 1;
  CLINNOVA_ASSIGN(const std::string ties, analysis.Text("ties", plain ? "breslow" : "efron"));
  if (ties != "breslow" && ties != "efron")
    return analysis.Wrong("ties", "found \"" + ties + "\", expected one of breslow, efron");
  FineGrayModel model{.counts = counts, .cause = cause};
  model.ties = ties == "efron" ? Ties::kEfron : Ties::kBreslow;
  model.errors = plain && model.ties == Ties::kBreslow ? FineGrayErrors::kEstimatedCensoring
                                                       : FineGrayErrors::kKnownCensoring;
  return FitFineGray(federation, analysis, frame, model, result);
}

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(Options options, ReadOptions(analysis));
  CLINNOVA_ASSIGN(const ModelFrame frame, BuildFrame(federation, analysis));
  options.late = frame.formula().response().parts.size() == 3;
  options.weighted = analysis.Has("weights");
  CLINNOVA_ASSIGN(const GroupColumns columns, FindGroupColumns(analysis, frame));
  CLINNOVA_ASSIGN(std::vector<std::int64_t> causes, FindCauses(federation, analysis, frame));
  Names names{.groups = {}, .levels = StatusLevels(frame, federation.schema())};
  CLINNOVA_ASSIGN(const std::size_t cause, CauseAsked(analysis, names.levels, causes));
  const std::size_t cells = StrataCount(frame.design()) * (causes.size() + 1);
  CLINNOVA_ASSIGN(TimeAxis axis, FindTimeAxis(federation, analysis, frame, options.time_grid,
                                              kDenseTimeCells / cells));
  CLINNOVA_ASSIGN(
      const CauseCounts counts,
      CountCauses(federation, analysis, frame, std::move(axis), std::move(causes), columns.groups));
  Json result;
  result["n"] = frame.n();
  result["n_missing"] = frame.n_missing();
  result["warnings"] = Json::array();
  result["conf_level"] = options.level;
  result["cause"] = CauseName(names.levels, counts.causes[cause]);
  result["suppressed"] = Json::array();
  const std::vector<std::size_t> order = InOrder(counts.causes.size(), cause);
  if (options.curves) {
    std::vector<std::string> labels(columns.first);
    if (!analysis.Has("groups")) {
      CLINNOVA_ASSIGN(const std::vector<std::string> on_the_right, GroupLabels(analysis));
      labels.insert(labels.end(), on_the_right.begin(), on_the_right.end());
    }
    for (std::size_t group = 0; group < columns.groups; ++group)
      names.groups.push_back(StratumName(frame, group, labels, columns.first));
    const CauseCounts by_group = counts.ByGroup(columns.groups);
    CLINNOVA_ASSIGN(std::vector<Curve> curves,
                    CurvesOf(federation, analysis, frame, by_group, options));
    ReportCurves(std::move(curves), by_group, options, names, order, ExitsNeeded(federation),
                 federation.minimum_count(), result);
    ReportTests(counts, columns.groups, options, names.levels, order, result);
  }
  if (options.regression && frame.columns() > 1) {
    CLINNOVA_TRY(Regress(federation, analysis, frame, counts.ByStratum(columns.groups), cause,
                         options, result));
  }
  return result;
}

constexpr std::string_view kOptions[] = {"formula",   "cause", "groups", "conf_type",
                                         "time_grid", "times", "model",  "strata",
                                         "weights",   "ties",  "id"};

}  // namespace

Method CompetingRisksMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  for (const auto& more :
       {RiskTimeSteps(), CauseCountSteps(), WeightedIncidenceSteps(), FineGraySteps()})
    steps.insert(steps.end(), more.begin(), more.end());
  return {"competing_risks", "cumulative incidence and Fine-Gray regression", kOptions,
          std::move(steps), Run};
}

}  // namespace clinnova::stats

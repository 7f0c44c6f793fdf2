// SPDX-License-Identifier: Apache-2.0
#include "stats/restricted_mean.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/deterministic_math.h"
#include "core/distributions.h"
#include "stats/risk_time.h"
#include "stats/survival_curve.h"
#include "stats/terms.h"
#include "table/number_text.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using table::NumberText;
using Json = nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// A group's exits in order of time.
struct Group {
  std::string name;
  struct Exit {
    double time = 0;
    double at_risk = 0;
    double events = 0;
    double leaving = 0;
  };
  std::vector<Exit> exits;

  bool ends_in_event() const { return exits.back().at_risk == exits.back().events; }
  std::int64_t n() const { return static_cast<std::int64_t>(exits.front().at_risk); }
};

/// The area under a group's curve and its error.
struct Area {
  double estimate = kNaN;
  double std_error = kNaN;
};

/// The groups that somebody is in.
std::vector<Group> GroupsOf(const ModelFrame& frame, const std::vector<std::string>& labels,
                            const RiskCounts& counts) {
  std::vector<Group> groups;
  const std::size_t size = counts.axis.size();
  for (std::size_t stratum = 0; stratum < counts.strata; ++stratum) {
    const std::vector<std::int64_t> at_risk = counts.AtRisk(stratum);
    Group group{StratumName(frame, stratum, labels), {}};
    for (std::size_t k = 0; k < size; ++k) {
      const std::int64_t events = counts.events[stratum * size + k];
      const std::int64_t leaving = events + counts.censored[stratum * size + k];
      if (leaving == 0) continue;
      group.exits.push_back({counts.axis.Time(k), static_cast<double>(at_risk[k]),
                             static_cast<double>(events), static_cast<double>(leaving)});
    }
    if (!group.exits.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

Area AreaUnder(const Group& group, double tau) {
  // Areas of the steps that begin at each exit, and what each adds to the variance of ln S.
  std::vector<long double> areas;
  std::vector<long double> increments;
  long double survival = 1;
  long double total = 0;
  long double since = 0;
  for (const Group::Exit& exit : group.exits) {
    if (exit.time > tau) break;
    const long double area = survival * (exit.time - since);
    (areas.empty() ? total : areas.back()) += area;
    since = exit.time;
    const long double alive = static_cast<long double>(exit.at_risk) - exit.events;
    survival *= alive / exit.at_risk;
    areas.push_back(0);
    increments.push_back(alive == 0 ? 0 : exit.events / (exit.at_risk * alive));
  }
  (areas.empty() ? total : areas.back()) += survival * (tau - since);
  long double beyond = 0;
  long double variance = 0;
  for (std::size_t i = areas.size(); i-- > 0;) {
    beyond += areas[i];
    variance += beyond * beyond * increments[i];
  }
  return {static_cast<double>(total + beyond), std::sqrt(static_cast<double>(variance))};
}

/// How far all curves are known: to the end of follow-up of those that do not reach zero.
double Horizon(const std::vector<Group>& groups) {
  double known = std::numeric_limits<double>::infinity();
  double last = 0;
  for (const Group& group : groups) {
    last = std::max(last, group.exits.back().time);
    if (!group.ends_in_event()) known = std::min(known, group.exits.back().time);
  }
  return std::min(known, last);
}

/// The last time at which `persons` of every group are still at risk; nothing when there is none.
std::optional<double> CrowdedHorizon(const std::vector<Group>& groups, std::int64_t persons) {
  double horizon = std::numeric_limits<double>::infinity();
  for (const Group& group : groups) {
    double crowded = -1;
    for (const Group::Exit& exit : group.exits) {
      if (exit.at_risk >= static_cast<double>(persons)) crowded = exit.time;
    }
    horizon = std::min(horizon, crowded);
  }
  if (horizon < 0) return std::nullopt;
  return horizon;
}

/// What stands before ~, without blanks.
std::string ResponseOf(const std::string& formula) {
  std::string response = formula.substr(0, formula.find('~'));
  std::erase(response, ' ');
  return response;
}

class RestrictedMeans {
 public:
  /// `reached_by`: of every group, as many persons must reach tau; 0 where no disclosure rules hold.
  RestrictedMeans(const Analysis& analysis, std::vector<Group> groups, std::int64_t exits_needed,
                  std::int64_t reached_by)
      : analysis_(analysis),
        groups_(std::move(groups)),
        needed_(exits_needed),
        reached_by_(reached_by) {}

  Result<void> Compute() {
    CLINNOVA_ASSIGN(level_, analysis_.Number("conf_level", 0.95));
    CLINNOVA_TRY(FindHorizon());
    CLINNOVA_TRY(KeepApartFromEarlier());
    for (const Group& group : groups_) {
      double gone = 0;
      for (const Group::Exit& exit : group.exits) gone += exit.time <= tau_ ? exit.leaving : 0;
      const bool told = gone >= static_cast<double>(needed_);
      areas_.push_back(told ? AreaUnder(group, tau_) : Area{});
      if (told) continue;
      const std::string path = "groups[" + std::to_string(areas_.size() - 1) + "]";
      for (const char* key : {"estimate", "std_error", "conf_low", "conf_high"})
        suppressed_.push_back(path + "." + key);
    }
    return {};
  }

  void Report(Json& result) const {
    result["conf_level"] = level_;
    result["tau"] = tau_;
    result["groups"] = Json::array();
    for (std::size_t g = 0; g < groups_.size(); ++g) result["groups"].push_back(GroupJson(g));
    Json differences = Json::array();
    Json ratios = Json::array();
    for (std::size_t g = 1; g < groups_.size(); ++g) {
      differences.push_back(Difference(g));
      ratios.push_back(Ratio(g));
    }
    const bool pair = groups_.size() == 2;
    const auto only = [&](Json& list) {
      return groups_.size() < 2 ? Json(nullptr) : pair ? list[0] : list;
    };
    result["difference"] = only(differences);
    result["ratio"] = only(ratios);
    result["suppressed"] = suppressed_;
    for (std::size_t g = 1; g < groups_.size(); ++g) {
      if (std::isfinite(areas_[g].estimate) && std::isfinite(areas_[0].estimate)) continue;
      const std::string place = pair ? "" : "[" + std::to_string(g - 1) + "]";
      result["suppressed"].push_back("difference" + place);
      result["suppressed"].push_back("ratio" + place);
    }
  }

 private:
  Result<void> FindHorizon() {
    double most = Horizon(groups_);
    std::string why = ", the follow-up of every group";
    double by_default = most;
    if (needed_ > 0) {
      const std::optional<double> crowded = CrowdedHorizon(groups_, needed_);
      if (!crowded) {
        return Fail(ErrorCode::kRefused,
                    "analysis \"" + analysis_.name() + "\": a group has fewer than " +
                        std::to_string(needed_) + " persons",
                    "rare_level");
      }
      by_default = *crowded;
      most = *CrowdedHorizon(groups_, reached_by_);
      why = ", which " + std::to_string(reached_by_) + " of every group reach";
    }
    default_tau_ = by_default;
    CLINNOVA_ASSIGN(tau_, analysis_.Number("tau", by_default));
    if (!(tau_ > 0) && analysis_.Has("tau"))
      return analysis_.Wrong("tau", "found " + NumberText(tau_) + ", expected more than 0");
    if (tau_ <= most || !analysis_.Has("tau")) return {};
    return analysis_.Wrong(
        "tau", "found " + NumberText(tau_) + ", expected at most " + NumberText(most) + why);
  }

  /// Areas up to two horizons that few events lie between tell when these happened.
  Result<void> KeepApartFromEarlier() const {
    if (needed_ == 0) return {};
    CLINNOVA_ASSIGN(const std::string own, analysis_.Text("formula", ""));
    for (const Analysis& earlier : analysis_.Earlier()) {
      if (earlier.method() != "rmst") continue;
      CLINNOVA_ASSIGN(const std::string formula, earlier.Text("formula", ""));
      if (ResponseOf(formula) != ResponseOf(own)) continue;
      CLINNOVA_ASSIGN(const double other, earlier.Number("tau", default_tau_));
      for (const Group& group : groups_) {
        double between = 0;
        for (const Group::Exit& exit : group.exits) {
          if (exit.time > std::min(tau_, other) && exit.time <= std::max(tau_, other))
            between += exit.events;
        }
        if (between == 0 || between >= static_cast<double>(needed_)) continue;
        return Fail(ErrorCode::kRefused,
                    "analysis \"" + analysis_.name() + "\": between its tau and that of \"" +
                        earlier.name() + "\" are fewer than " + std::to_string(needed_) +
                        " events of a group, whom the difference would tell of; expected the same "
                        "tau, or one further away",
                    "differencing");
      }
    }
    return {};
  }

  static double Root(double a, double b) { return std::sqrt(a * a + b * b); }
  double Quantile() const { return -core::NormalQuantile((1 - level_) / 2); }

  Json GroupJson(std::size_t g) const {
    const Area& area = areas_[g];
    const double width = Quantile() * area.std_error;
    Json json;
    if (!groups_[g].name.empty()) json["stratum"] = groups_[g].name;
    json["n"] = groups_[g].n();
    json["estimate"] = NumberJson(area.estimate);
    json["std_error"] = NumberJson(area.std_error);
    json["conf_low"] = NumberJson(area.estimate - width);
    json["conf_high"] = NumberJson(area.estimate + width);
    return json;
  }

  Json Contrast(std::size_t g, const char* sign) const {
    return {{"contrast", groups_[g].name + sign + groups_[0].name}};
  }

  Json Difference(std::size_t g) const {
    const double estimate = areas_[g].estimate - areas_[0].estimate;
    const double error = Root(areas_[g].std_error, areas_[0].std_error);
    Json json = Contrast(g, " - ");
    json["estimate"] = NumberJson(estimate);
    json["std_error"] = NumberJson(error);
    json["statistic"] = NumberJson(estimate / error);
    json["p_value"] = NumberJson(core::NormalTwoSidedP(estimate / error));
    json["conf_low"] = NumberJson(estimate - Quantile() * error);
    json["conf_high"] = NumberJson(estimate + Quantile() * error);
    return json;
  }

  Json Ratio(std::size_t g) const {
    const Area& a = areas_[g];
    const Area& b = areas_[0];
    const double logarithm = core::Log(a.estimate) - core::Log(b.estimate);
    const double error = Root(a.std_error / a.estimate, b.std_error / b.estimate);
    Json json = Contrast(g, " / ");
    json["estimate"] = NumberJson(core::Exp(logarithm));
    json["log_std_error"] = NumberJson(error);
    json["statistic"] = NumberJson(logarithm / error);
    json["p_value"] = NumberJson(core::NormalTwoSidedP(logarithm / error));
    json["conf_low"] = NumberJson(core::Exp(logarithm - Quantile() * error));
    json["conf_high"] = NumberJson(core::Exp(logarithm + Quantile() * error));
    return json;
  }

  const Analysis& analysis_;  // not owned, outlives this
  std::vector<Group> groups_;
  std::int64_t needed_;
  std::int64_t reached_by_;
  double level_ = 0.95;
  double default_tau_ = 0;
  double tau_ = 0;
  std::vector<Area> areas_;
  std::vector<std::string> suppressed_;
};

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(const double time_grid, analysis.Number("time_grid", 0));
  if (!(time_grid >= 0)) return analysis.Wrong("time_grid", "expected 0 or more");
  CLINNOVA_ASSIGN(const ModelFrame frame, ModelFrame::Build(federation, analysis));
  const table::Response& response = frame.formula().response();
  if (response.kind != table::Response::Kind::kSurvival || response.parts.size() != 2)
    return analysis.Wrong("formula", "expected Surv(time, status) before ~");
  const std::size_t strata = std::max<std::size_t>(1, StrataCount(frame.design()));
  CLINNOVA_ASSIGN(const RiskCounts counts,
                  FindRiskCounts(federation, analysis, frame, time_grid, kDenseTimeCells / strata));
  CLINNOVA_ASSIGN(const std::vector<std::string> labels, GroupLabels(analysis));
  RestrictedMeans means(analysis, GroupsOf(frame, labels, counts), ExitsNeeded(federation),
                        federation.minimum_count());
  CLINNOVA_TRY(means.Compute());
  Json result;
  result["n"] = frame.n();
  result["n_missing"] = frame.n_missing();
  means.Report(result);
  return result;
}

constexpr std::string_view kOptions[] = {"formula", "tau", "time_grid"};

}  // namespace

Method RestrictedMeanMethod() {
  std::vector<const federation::Step*> steps = ModelFrameSteps();
  for (const federation::Step* step : RiskTimeSteps()) steps.push_back(step);
  return {"rmst", "restricted mean survival time by group", kOptions, std::move(steps), Run};
}

}  // namespace clinnova::stats

// SPDX-License-Identifier: Apache-2.0
#include "stats/fine_gray.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "stats/cox_likelihood.h"
#include "stats/fine_gray_steps.h"
#include "stats/linear_algebra.h"
#include "stats/model_terms.h"
#include "stats/survival_curve.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::Federation;
using federation::PooledSums;
using Json = nlohmann::ordered_json;

constexpr int kMaximumIterations = 60;
constexpr double kAliasTolerance = 1e-12;
constexpr double kTolerance = 1e-12;
constexpr double kRoundingTolerance = 1e-9;

/// Who leaves at each place of a stratum's axis.
struct Exits {
  TimeAxis axis;
  std::vector<double> events;  ///< of the cause
  std::vector<double> others;
  std::vector<double> censored;
  std::vector<double> entries;  ///< who came at the place or after it, before the next
  std::vector<double> at_risk;
};

/// The times at which anybody leaves; merged until each tells of nobody by herself where `exits` > 0.
Exits ExitsOf(const CauseCounts& counts, std::size_t cause, std::size_t stratum,
              std::int64_t exits) {
  Exits all;
  all.axis.binned = exits > 0 || counts.axis.binned || counts.axis.step > 0;
  all.axis.same = counts.axis.same;
  const std::initializer_list<std::vector<double>*> lists = {&all.events, &all.others,
                                                             &all.censored, &all.entries};
  const auto enough = [&](double n) { return n == 0 || n >= static_cast<double>(exits); };
  bool open = false;
  for (std::size_t k = 0; k < counts.axis.size(); ++k) {
    const auto events = static_cast<double>(counts.Events(cause, stratum, k));
    const double others = static_cast<double>(counts.AllEvents(stratum, k)) - events;
    const auto censored = static_cast<double>(counts.Censored(stratum, k));
    if (events + others + censored > 0) {
      if (!open) {
        all.axis.times.push_back(0);
        for (auto* list : lists) list->push_back(0);
      }
      all.axis.times.back() = counts.axis.Time(k);
      all.events.back() += events;
      all.others.back() += others;
      all.censored.back() += censored;
      const double rest = all.events.back() + all.censored.back();
      open = !(rest + all.others.back() >= static_cast<double>(exits) && enough(rest) &&
               enough(all.others.back()));
    }
    // Whoever comes while a bin is open is at risk in it.
    const std::size_t closed = all.entries.size() - (open ? 1 : 0);
    if (closed > 0) all.entries[closed - 1] += static_cast<double>(counts.Entries(stratum, k));
  }
  if (open && all.axis.times.size() > 1) {  // those left over join the last bin
    const double last = all.axis.times.back();
    all.axis.times.pop_back();
    all.axis.times.back() = last;
    for (auto* list : lists) {
      const double left = list->back();
      list->pop_back();
      list->back() += left;
    }
    // Its edge has moved: whoever came since the old one is at risk in the joined bin.
    if (all.entries.size() > 1) all.entries[all.entries.size() - 2] += all.entries.back();
    all.entries.back() = 0;
  }
  all.at_risk.resize(all.axis.size());
  if (exits > 0) all.axis.exits.resize(all.axis.size());
  double remaining = 0;
  for (std::size_t k = all.axis.size(); k-- > 0;) {
    const double here = all.events[k] + all.others[k] + all.censored[k];
    if (exits > 0) all.axis.exits[k] = static_cast<std::int64_t>(here);
    all.at_risk[k] = remaining += here - all.entries[k];
  }
  return all;
}

/// G just before each place, the Kaplan-Meier curve of censoring: by crr() those with an event are at risk of it at
/// their time, by finegray() they are not.
std::vector<double> CensoringBefore(const Exits& exits, FineGrayErrors errors) {
  std::vector<double> curve;
  double censoring = 1;
  for (std::size_t place = 0; place < exits.axis.size(); ++place) {
    curve.push_back(censoring);
    if (exits.censored[place] == 0) continue;
    const double gone =
        errors == FineGrayErrors::kKnownCensoring ? exits.events[place] + exits.others[place] : 0;
    const double at_risk = exits.at_risk[place] - gone;
    censoring *= (at_risk - exits.censored[place]) / at_risk;
  }
  return curve;
}

/// H just before each place, the probability to have come under observation by then: the Kaplan-Meier curve of
/// entries, time running backwards.
std::vector<double> EntryBefore(const Exits& exits) {
  std::vector<double> curve(exits.axis.size());
  double entered = 1;
  for (std::size_t place = exits.axis.size(); place-- > 0;) {
    // At risk between this place and the next, the latest to come among them.
    const double at_risk = place + 1 < exits.axis.size() ? exits.at_risk[place + 1] : 0;
    if (exits.entries[place] > 0) entered *= (at_risk - exits.entries[place]) / at_risk;
    curve[place] = entered;
  }
  return curve;
}

/// True where somebody comes under observation after the first has left, as finegray() asks.
bool AnyDelay(const CauseCounts& counts) {
  bool left = false;
  for (std::size_t k = 0; k < counts.axis.size(); ++k) {
    std::int64_t entries = 0;
    for (std::size_t s = 0; s < counts.strata; ++s) entries += counts.Entries(s, k);
    if (left && entries > 0) return true;
    for (std::size_t s = 0; s < counts.strata && !left; ++s)
      left = counts.Censored(s, k) + counts.AllEvents(s, k) > 0;
  }
  return false;
}

class FineGrayFit {
 public:
  FineGrayFit(Federation& federation, const Analysis& analysis, const ModelFrame& frame,
              const FineGrayModel& model)
      : federation_(federation), analysis_(analysis), frame_(frame), errors_(model.errors) {
    merged_ = federation.minimum_count() > 0;
    parameters_.claim = frame.claim();
    parameters_.cause = model.counts.causes[model.cause];
    parameters_.ties = model.ties;
    parameters_.weighted = analysis.Has("weights");
    parameters_.size_exponent = frame.standardised_exponent();
    parameters_.risk_exponent = parameters_.other_exponent = frame.weights_exponent() + kRiskRange;
    const bool delay = AnyDelay(model.counts);
    for (std::size_t s = 0; s < model.counts.strata; ++s)
      AddStratum(ExitsOf(model.counts, model.cause, s, ExitsNeeded(federation)), delay);
    places_ = CellOffsets(parameters_.axes);
    cells_ = EventOffsets(parameters_);
  }

  Result<void> Run(Json& result) {
    CLINNOVA_ASSIGN(level_, analysis_.Number("conf_level", 0.95));
    CLINNOVA_TRY(CheckWeights());
    CLINNOVA_TRY(Iterate());
    if (converged_) CLINNOVA_TRY(Sandwich());
    Report(result);
    return {};
  }

 private:
  std::size_t p() const { return frame_.columns() - 1; }

  void AddStratum(Exits exits, bool delay) {
    const std::size_t first = parameters_.censoring.size();
    const std::vector<double> censoring = CensoringBefore(exits, errors_);
    const std::vector<double> entry = EntryBefore(exits);
    for (std::size_t place = 0; place < exits.axis.size(); ++place) {
      parameters_.censoring.push_back(censoring[place] * (delay ? entry[place] : 1));
      if (exits.events[place] > 0) parameters_.events.push_back(first + place);
    }
    parameters_.axes.push_back(exits.axis);
    strata_.push_back(std::move(exits));
  }

  /// Under left truncation nobody may be under observation for a while; what came before weighs nothing after it.
  Result<void> CheckWeights() const {
    for (std::size_t s = 0; s < strata_.size(); ++s) {
      for (std::size_t k = 0; k < strata_[s].others.size(); ++k) {
        const bool needed =
            strata_[s].others[k] > 0 &&
            (cells_[s + 1] > 0 && parameters_.events[cells_[s + 1] - 1] > places_[s] + k);
        if (!needed || parameters_.censoring[places_[s] + k] > 0) continue;
        return Fail(ErrorCode::kFailed,
                    "analysis \"" + analysis_.name() +
                        "\": a competing event has no weight, as those under observation at its "
                        "time had all left, or been censored, before the last came: expected a "
                        "later start of follow-up, or strata without such gaps");
      }
    }
    return {};
  }

  /// Calls use for every event time, strata in order, times from the first to the last.
  void ForEachEvent(const PooledSums& sums, const UseEventTime& use) const {
    const std::size_t p = parameters_.beta.size();
    const std::size_t numbers = 1 + p + p * (p + 1) / 2;
    // Numbers of a cell one after the other: 1, x, xx'.
    const auto number = [&](std::size_t block, std::size_t cell, std::size_t i) -> long double {
      if (i == 0) return sums.Number(block, cell);
      if (i <= p) return sums.Number(block + 1, cell * p + i - 1);
      return sums.Number(block + 2, cell * (p * (p + 1) / 2) + i - 1 - p);
    };
    EventTime at;
    for (at.stratum = 0; at.stratum < strata_.size(); ++at.stratum) {
      const std::size_t first = cells_[at.stratum];
      const std::size_t count = cells_[at.stratum + 1] - first;
      std::vector<std::vector<long double>> risk(count, std::vector<long double>(numbers));
      for (std::size_t i = 0; i < numbers; ++i) {
        long double exposed = 0;
        for (std::size_t c = count; c-- > 0;)
          risk[c][i] = exposed += number(kExposed0, first + c, i);
        long double others = 0;
        for (std::size_t c = 0; c < count; ++c) {
          others += number(kOther0, first + c, i);
          risk[c][i] += parameters_.censoring[parameters_.events[first + c]] * others;
        }
      }
      std::vector<long double> dying(numbers);
      for (at.index = 0; at.index < count; ++at.index) {
        const std::size_t cell = first + at.index;
        const std::size_t place = parameters_.events[cell] - places_[at.stratum];
        at.deaths = static_cast<std::int64_t>(strata_[at.stratum].events[place]);
        at.weight = parameters_.weighted ? static_cast<long double>(sums.Number(kCauseWeight, cell))
                                         : static_cast<long double>(at.deaths);
        for (std::size_t i = 0; i < numbers && parameters_.ties == Ties::kEfron; ++i)
          dying[i] = number(kDying0, cell, i);
        SumSteps(risk[at.index], dying, p, parameters_.ties, at);
        use(at);
      }
    }
  }

  Result<void> Evaluate(const std::vector<double>& beta) {
    parameters_.beta = beta;
    CLINNOVA_ASSIGN(sums_, federation_.Sum(analysis_, kFineGrayStep, parameters_));
    // A range that had to grow stays grown.
    parameters_.risk_exponent =
        std::max(parameters_.risk_exponent, sums_->layout().blocks[kExposed0].exponent);
    parameters_.other_exponent =
        std::max(parameters_.other_exponent, sums_->layout().blocks[kOther0].exponent);
    long double likelihood = sums_->Number(kCauseTotal, 0);
    std::vector<long double> score;
    for (std::size_t j = 0; j < p(); ++j) score.push_back(sums_->Number(kCauseTotal, 1 + j));
    std::vector<long double> information(p() * (p() + 1) / 2);
    ForEachEvent(*sums_, [&](const EventTime& at) {
      likelihood -= at.log_risk;
      for (std::size_t j = 0; j < p(); ++j) score[j] -= at.mean[j];
      for (std::size_t j = 0; j < information.size(); ++j) information[j] += at.variance[j];
    });
    log_likelihood_ = static_cast<double>(likelihood);
    score_.assign(score.begin(), score.end());
    information_.assign(information.begin(), information.end());
    return {};
  }

  Matrix KeptInformation() const {
    Matrix information = FromLowerTriangle(information_, p());
    for (std::size_t i = 0; i < p(); ++i) {
      for (std::size_t j = 0; j < p(); ++j) {
        if (aliased_[i] || aliased_[j]) information[i][j] = 0;
      }
    }
    return information;
  }

  void BeginAtZero() {
    log_likelihood_null_ = log_likelihood_;
    const SymmetricFactor factor(FromLowerTriangle(information_, p()), kAliasTolerance);
    aliased_ = factor.aliased();
    rank_ = factor.rank();
  }

  double RelativeStep(const std::vector<double>& step) const {
    double relative = 0;
    for (std::size_t j = 0; j < p(); ++j) {
      const double size = std::fabs(beta_[j]) + 0.1 * std::sqrt(covariance_[j][j]);
      if (step[j] != 0) relative = std::max(relative, std::fabs(step[j]) / size);
    }
    return relative;
  }

  /// Newton's method with halved steps, as in cox.cc.
  Result<void> Iterate() {
    beta_.assign(p(), 0.0);
    std::vector<double> before = beta_;
    double likelihood_before = -std::numeric_limits<double>::infinity();
    double relative_before = std::numeric_limits<double>::infinity();
    int halvings = 0;
    for (iterations_ = 0; iterations_ <= kMaximumIterations; ++iterations_) {
      CLINNOVA_TRY(Evaluate(beta_));
      if (iterations_ == 0) BeginAtZero();
      const bool worse = !std::isfinite(log_likelihood_) ||
                         log_likelihood_ < likelihood_before - 1e-9 * std::fabs(likelihood_before);
      if (worse && halvings < 20) {
        ++halvings;
        for (std::size_t j = 0; j < p(); ++j) beta_[j] = (beta_[j] + before[j]) / 2;
        continue;
      }
      halvings = 0;
      const SymmetricFactor factor(KeptInformation(), 1e-15);
      if (factor.rank() < rank_) return {};  // the likelihood is flat there: monotone
      const std::vector<double> step = factor.Solve(score_);
      covariance_ = factor.Inverse();
      const double relative = RelativeStep(step);
      before = beta_;
      likelihood_before = log_likelihood_;
      for (std::size_t j = 0; j < p(); ++j) beta_[j] += step[j];
      if (relative <= kTolerance ||
          (relative <= kRoundingTolerance && relative >= 0.95 * relative_before)) {
        converged_ = true;
        return {};
      }
      relative_before = relative;
      const bool runaway =
          std::any_of(beta_.begin(), beta_.end(), [](double b) { return std::fabs(b) > 8; });
      if (iterations_ >= 25 && runaway) return {};
    }
    return {};
  }

  /// Cumulated hazards over event times, as residuals need them.
  FineGrayPath Path() const {
    std::vector<TimeAxis> axes(strata_.size());
    for (std::size_t s = 0; s < strata_.size(); ++s)
      axes[s].times.resize(cells_[s + 1] - cells_[s]);
    FineGrayPath path;
    path.later_hazard.resize(cells_.back());
    path.later_hazard_mean.resize(cells_.back() * p());
    path.hazard = HazardPathOf(p(), axes, [&](const UseEventTime& use) {
      ForEachEvent(*sums_, [&](const EventTime& at) {
        use(at);
        const std::size_t cell = cells_[at.stratum] + at.index;
        const double censoring = parameters_.censoring[parameters_.events[cell]];
        path.later_hazard[cell] = static_cast<double>(censoring * at.hazard);
        for (std::size_t j = 0; j < p(); ++j)
          path.later_hazard_mean[cell * p() + j] =
              static_cast<double>(censoring * at.hazard_mean[j]);
      });
    });
    for (std::size_t s = 0; s < strata_.size(); ++s) {
      for (std::size_t cell = cells_[s + 1]; cell-- > cells_[s] + 1;) {
        path.later_hazard[cell - 1] += path.later_hazard[cell];
        for (std::size_t j = 0; j < p(); ++j)
          path.later_hazard_mean[(cell - 1) * p() + j] += path.later_hazard_mean[cell * p() + j];
      }
    }
    return path;
  }

  /// What the estimate of G adds to the residuals: psi, from q(u) of equation (8). There is one stratum.
  void AddCensoring(const PooledSums& others, FineGrayPath& path) const {
    const Exits& exits = strata_[0];
    const std::size_t places = exits.axis.size();
    path.censoring_drift.assign(places * p(), 0);
    path.censoring_jump.assign(places * p(), 0);
    for (std::size_t j = 0; j < p(); ++j) {
      long double zero = 0;  // of those with another event before the place
      long double first = 0;
      long double drift = 0;
      std::size_t cell = 0;  // the first event time at or after the place
      for (std::size_t u = 0; u < places; ++u) {
        while (cell < cells_.back() && parameters_.events[cell] < u) ++cell;
        if (exits.censored[u] > 0 && cell < cells_.back()) {
          const long double q =
              first * path.later_hazard[cell] - zero * path.later_hazard_mean[cell * p() + j];
          const long double n = exits.at_risk[u];
          drift -= q * exits.censored[u] / (n * n);
          path.censoring_jump[u * p() + j] = static_cast<double>(q / n);
        }
        path.censoring_drift[u * p() + j] = static_cast<double>(drift);
        zero += others.Number(0, u);
        first += others.Number(1, u * p() + j);
      }
    }
  }

  Result<void> Sandwich() {
    FineGrayMeatParameters parameters{parameters_, Path()};
    if (errors_ == FineGrayErrors::kEstimatedCensoring) {
      CLINNOVA_ASSIGN(const PooledSums others,
                      federation_.Sum(analysis_, kFineGrayOtherStep, parameters_));
      AddCensoring(others, parameters.path);
    }
    CLINNOVA_ASSIGN(const PooledSums meat,
                    federation_.Sum(analysis_, kFineGrayMeatStep, parameters));
    covariance_ = Congruence(covariance_, FromLowerTriangle(meat.Numbers(0), p()));
    return {};
  }

  void AddWarnings(const std::vector<std::string>& names, Json& warnings) const {
    for (std::string& warning : AliasedWarnings(names, aliased_))
      warnings.push_back(std::move(warning));
    if (!converged_) {
      warnings.push_back(
          "not converged: the likelihood is monotone in some coefficient, whose estimate is "
          "infinite; none is given");
    }
    if (merged_) {
      warnings.push_back(
          "the model's times are merged until each has at least ten exits, and none or ten of them "
          "by other events");
    }
  }

  void Report(Json& result) const {
    const Coefficients terms =
        HazardCoefficients(frame_, {beta_, covariance_, aliased_, converged_, level_});
    result["converged"] = converged_;
    AddWarnings(terms.names, result["warnings"]);
    result["terms"] = HazardTermsJson(terms);
    result["vcov"] = MatrixJson(terms.names, terms.covariance, terms.estimable);
    result["log_lik_null"] = NumberJson(log_likelihood_null_);
    result["log_lik"] = converged_ ? NumberJson(log_likelihood_) : Json(nullptr);
    result["iterations"] = iterations_;
  }

  Federation& federation_;
  const Analysis& analysis_;  // not owned, outlives this
  const ModelFrame& frame_;   // not owned, outlives this
  FineGrayErrors errors_;
  std::vector<Exits> strata_;
  std::vector<std::size_t> places_;  ///< each stratum's first place, and event time
  std::vector<std::size_t> cells_;
  FineGrayParameters parameters_;
  bool merged_ = false;
  double level_ = 0.95;
  std::optional<PooledSums> sums_;  ///< of the last evaluation, like the three that follow
  double log_likelihood_ = 0;
  std::vector<double> score_;
  std::vector<double> information_;
  double log_likelihood_null_ = 0;
  std::vector<double> beta_;
  Matrix covariance_;
  std::vector<bool> aliased_;
  std::size_t rank_ = 0;
  int iterations_ = 0;
  bool converged_ = false;
};

}  // namespace

Result<void> FitFineGray(Federation& federation, const Analysis& analysis, const ModelFrame& frame,
                         const FineGrayModel& model, Json& result) {
  return FineGrayFit(federation, analysis, frame, model).Run(result);
}

std::vector<const federation::Step*> FineGraySteps() {
  return {&kFineGrayStep, &kFineGrayOtherStep, &kFineGrayMeatStep};
}

}  // namespace clinnova::stats

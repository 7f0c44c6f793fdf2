// SPDX-License-Identifier: Apache-2.0
#include "stats/fine_gray.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/deterministic_math.h"
#include "stats/fine_gray_steps.h"
#include "stats/linear_algebra.h"
#include "stats/survival_curve.h"
#include "stats/terms.h"

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

/// Who leaves at each place of the axis.
struct Exits {
  TimeAxis axis;
  std::vector<double> events;  ///< of the cause
  std::vector<double> others;
  std::vector<double> censored;
  std::vector<double> at_risk;
};

/// The times at which anybody leaves; merged until each tells of nobody by herself where `exits` > 0.
Exits ExitsOf(const CauseCounts& counts, std::size_t cause, std::int64_t exits) {
  Exits all;
  all.axis.binned = exits > 0 || counts.axis.binned;
  const auto enough = [&](double n) { return n == 0 || n >= static_cast<double>(exits); };
  bool open = false;
  for (std::size_t k = 0; k < counts.axis.size(); ++k) {
    const auto events = static_cast<double>(counts.Events(cause, 0, k));
    const double others = static_cast<double>(counts.AllEvents(0, k)) - events;
    const auto censored = static_cast<double>(counts.Censored(0, k));
    if (events + others + censored == 0) continue;
    if (!open) {
      all.axis.times.push_back(0);
      for (auto* list : {&all.events, &all.others, &all.censored}) list->push_back(0);
    }
    all.axis.times.back() = counts.axis.Time(k);
    all.events.back() += events;
    all.others.back() += others;
    all.censored.back() += censored;
    const double rest = all.events.back() + all.censored.back();
    open = !(rest + all.others.back() >= static_cast<double>(exits) && enough(rest) &&
             enough(all.others.back()));
  }
  if (open && all.axis.times.size() > 1) {  // those left over join the last bin
    const double last = all.axis.times.back();
    all.axis.times.pop_back();
    all.axis.times.back() = last;
    for (auto* list : {&all.events, &all.others, &all.censored}) {
      const double left = list->back();
      list->pop_back();
      list->back() += left;
    }
  }
  all.at_risk.resize(all.axis.size());
  if (exits > 0) all.axis.exits.resize(all.axis.size());
  double remaining = 0;
  for (std::size_t k = all.axis.size(); k-- > 0;) {
    const double here = all.events[k] + all.others[k] + all.censored[k];
    if (exits > 0) all.axis.exits[k] = static_cast<std::int64_t>(here);
    all.at_risk[k] = remaining += here;
  }
  return all;
}

/// Risk-set moments at one event time.
struct RiskSet {
  long double zero = 0;
  std::vector<long double> mean;
  std::vector<long double> variance;  ///< lower triangle by rows
};

/// Risk sets at every event time, from a round's sums.
std::vector<RiskSet> RiskSets(const FineGrayParameters& parameters, const PooledSums& sums) {
  const std::size_t p = parameters.beta.size();
  const std::size_t cells = parameters.events.size();
  const std::size_t numbers = 1 + p + p * (p + 1) / 2;
  // Numbers of a cell one after the other: 1, x, xx'.
  const auto number = [&](std::size_t block, std::size_t cell, std::size_t i) {
    if (i == 0) return sums.Number(block, cell);
    if (i <= p) return sums.Number(block + 1, cell * p + i - 1);
    return sums.Number(block + 2, cell * (p * (p + 1) / 2) + i - 1 - p);
  };
  std::vector<std::vector<long double>> totals(cells, std::vector<long double>(numbers));
  for (std::size_t i = 0; i < numbers; ++i) {
    long double exposed = 0;
    for (std::size_t c = cells; c-- > 0;) totals[c][i] = exposed += number(kExposed0, c, i);
    long double others = 0;
    for (std::size_t c = 0; c < cells; ++c) {
      others += number(kOther0, c, i);
      totals[c][i] += parameters.censoring[parameters.events[c]] * others;
    }
  }
  std::vector<RiskSet> sets(cells);
  for (std::size_t c = 0; c < cells; ++c) {
    RiskSet& set = sets[c];
    set.zero = totals[c][0];
    for (std::size_t j = 0; j < p; ++j) set.mean.push_back(totals[c][1 + j] / set.zero);
    std::size_t at = 1 + p;
    for (std::size_t i = 0; i < p; ++i) {
      for (std::size_t j = 0; j <= i; ++j, ++at)
        set.variance.push_back(totals[c][at] / set.zero - set.mean[i] * set.mean[j]);
    }
  }
  return sets;
}

class FineGrayFit {
 public:
  FineGrayFit(Federation& federation, const Analysis& analysis, const ModelFrame& frame,
              const CauseCounts& counts, std::size_t cause)
      : federation_(federation), analysis_(analysis), frame_(frame) {
    merged_ = federation.minimum_count() > 0;
    exits_ = ExitsOf(counts.Together(), cause, ExitsNeeded(federation));
    parameters_.claim = frame.claim();
    parameters_.cause = counts.causes[cause];
    parameters_.axis = exits_.axis;
    parameters_.size_exponent = frame.standardised_exponent();
    double censoring = 1;
    for (std::size_t place = 0; place < exits_.axis.size(); ++place) {
      parameters_.censoring.push_back(censoring);
      censoring *= (exits_.at_risk[place] - exits_.censored[place]) / exits_.at_risk[place];
      if (exits_.events[place] > 0) parameters_.events.push_back(place);
    }
  }

  Result<void> Run(Json& result) {
    CLINNOVA_ASSIGN(level_, analysis_.Number("conf_level", 0.95));
    CLINNOVA_TRY(Iterate());
    if (converged_) CLINNOVA_TRY(Sandwich());
    Report(result);
    return {};
  }

 private:
  std::size_t p() const { return frame_.columns() - 1; }
  double Deaths(std::size_t cell) const { return exits_.events[parameters_.events[cell]]; }

  Result<void> Evaluate(const std::vector<double>& beta) {
    parameters_.beta = beta;
    CLINNOVA_ASSIGN(const PooledSums sums, federation_.Sum(analysis_, kFineGrayStep, parameters_));
    // A range that had to grow stays grown.
    parameters_.risk_exponent =
        std::max(parameters_.risk_exponent, sums.layout().blocks[kExposed0].exponent);
    parameters_.other_exponent =
        std::max(parameters_.other_exponent, sums.layout().blocks[kOther0].exponent);
    sets_ = RiskSets(parameters_, sums);
    long double likelihood = sums.Number(kCauseTotal, 0);
    std::vector<long double> score;
    for (std::size_t j = 0; j < p(); ++j) score.push_back(sums.Number(kCauseTotal, 1 + j));
    std::vector<long double> information(p() * (p() + 1) / 2);
    for (std::size_t c = 0; c < sets_.size(); ++c) {
      const long double deaths = Deaths(c);
      likelihood -=
          deaths * static_cast<long double>(core::Log(static_cast<double>(sets_[c].zero)));
      for (std::size_t j = 0; j < p(); ++j) score[j] -= deaths * sets_[c].mean[j];
      for (std::size_t j = 0; j < information.size(); ++j)
        information[j] += deaths * sets_[c].variance[j];
    }
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
  FineGrayPath HazardPath() const {
    const std::size_t cells = sets_.size();
    FineGrayPath path;
    path.hazard.resize(cells);
    path.later_hazard.resize(cells);
    for (auto* vectors : {&path.hazard_mean, &path.later_hazard_mean, &path.mean})
      vectors->resize(cells * p());
    for (std::size_t j = 0; j <= p(); ++j) {  // j = p(): without mean covariates
      const auto mean = [&](std::size_t c) { return j < p() ? sets_[c].mean[j] : 1.0L; };
      long double sum = 0;
      for (std::size_t c = 0; c < cells; ++c) {
        sum += Deaths(c) / sets_[c].zero * mean(c);
        (j < p() ? path.hazard_mean[c * p() + j] : path.hazard[c]) = static_cast<double>(sum);
        if (j < p()) path.mean[c * p() + j] = static_cast<double>(mean(c));
      }
      long double later = 0;
      for (std::size_t c = cells; c-- > 0;) {
        later += parameters_.censoring[parameters_.events[c]] * Deaths(c) / sets_[c].zero * mean(c);
        (j < p() ? path.later_hazard_mean[c * p() + j] : path.later_hazard[c]) =
            static_cast<double>(later);
      }
    }
    return path;
  }

  /// What the estimate of G adds to the residuals: psi, from q(u) of equation (8).
  void AddCensoring(const PooledSums& others, FineGrayPath& path) const {
    const std::size_t places = exits_.axis.size();
    path.censoring_drift.assign(places * p(), 0);
    path.censoring_jump.assign(places * p(), 0);
    for (std::size_t j = 0; j < p(); ++j) {
      long double zero = 0;  // of those with another event before the place
      long double first = 0;
      long double drift = 0;
      std::size_t cell = 0;  // the first event time at or after the place
      for (std::size_t u = 0; u < places; ++u) {
        while (cell < sets_.size() && parameters_.events[cell] < u) ++cell;
        if (exits_.censored[u] > 0 && cell < sets_.size()) {
          const long double q =
              first * path.later_hazard[cell] - zero * path.later_hazard_mean[cell * p() + j];
          const long double n = exits_.at_risk[u];
          drift -= q * exits_.censored[u] / (n * n);
          path.censoring_jump[u * p() + j] = static_cast<double>(q / n);
        }
        path.censoring_drift[u * p() + j] = static_cast<double>(drift);
        zero += others.Number(0, u);
        first += others.Number(1, u * p() + j);
      }
    }
  }

  Result<void> Sandwich() {
    CLINNOVA_ASSIGN(const PooledSums others,
                    federation_.Sum(analysis_, kFineGrayOtherStep, parameters_));
    FineGrayMeatParameters parameters{parameters_, HazardPath()};
    AddCensoring(others, parameters.path);
    CLINNOVA_ASSIGN(const PooledSums meat,
                    federation_.Sum(analysis_, kFineGrayMeatStep, parameters));
    covariance_ = Congruence(covariance_, FromLowerTriangle(meat.Numbers(0), p()));
    return {};
  }

  void AddWarnings(const std::vector<std::string>& names, Json& warnings) const {
    std::string aliased;
    for (std::size_t j = 0; j < p(); ++j) {
      if (aliased_[j]) aliased += (aliased.empty() ? "" : ", ") + names[j];
    }
    if (!aliased.empty())
      warnings.push_back("not estimable, because collinear with the terms before: " + aliased);
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
    // The intercept's column is not part of the model; it stands in for the transformation.
    std::vector<double> beta(1, 0.0);
    beta.insert(beta.end(), beta_.begin(), beta_.end());
    Matrix covariance(p() + 1, std::vector<double>(p() + 1));
    for (std::size_t i = 0; i < p() && !covariance_.empty(); ++i) {
      for (std::size_t j = 0; j < p(); ++j) covariance[i + 1][j + 1] = covariance_[i][j];
    }
    frame_.ToOriginalScale(beta, covariance);
    Coefficients terms;
    terms.confidence_level = level_;
    for (std::size_t j = 0; j < p(); ++j) {
      terms.names.push_back(frame_.design().names()[j + 1]);
      terms.estimates.push_back(beta[j + 1]);
      terms.estimable.push_back(converged_ && !aliased_[j]);
      terms.covariance.emplace_back(covariance[j + 1].begin() + 1, covariance[j + 1].end());
    }
    result["converged"] = converged_;
    AddWarnings(terms.names, result["warnings"]);
    result["terms"] = TermsJson(terms);
    for (std::size_t j = 0; j < p(); ++j) {
      result["terms"][j]["hazard_ratio"] =
          terms.estimable[j] ? NumberJson(core::Exp(terms.estimates[j])) : Json(nullptr);
    }
    result["vcov"] = MatrixJson(terms.names, terms.covariance, terms.estimable);
    result["log_lik_null"] = NumberJson(log_likelihood_null_);
    result["log_lik"] = converged_ ? NumberJson(log_likelihood_) : Json(nullptr);
    result["iterations"] = iterations_;
  }

  Federation& federation_;
  const Analysis& analysis_;  // not owned, outlives this
  const ModelFrame& frame_;   // not owned, outlives this
  Exits exits_;
  FineGrayParameters parameters_;
  bool merged_ = false;
  double level_ = 0.95;
  std::vector<RiskSet> sets_;  ///< of the last evaluation, like the four that follow
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
                         const CauseCounts& counts, std::size_t cause, Json& result) {
  return FineGrayFit(federation, analysis, frame, counts, cause).Run(result);
}

std::vector<const federation::Step*> FineGraySteps() {
  return {&kFineGrayStep, &kFineGrayOtherStep, &kFineGrayMeatStep};
}

}  // namespace clinnova::stats

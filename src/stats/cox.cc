// SPDX-License-Identifier: Apache-2.0
#include "stats/cox.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/deterministic_math.h"
#include "stats/cox_baseline.h"
#include "stats/cox_concordance.h"
#include "stats/cox_likelihood.h"
#include "stats/cox_prediction.h"
#include "stats/cox_report.h"
#include "stats/cox_robust.h"
#include "stats/cox_start.h"
#include "stats/cox_zph.h"
#include "stats/linear_algebra.h"
#include "stats/model_terms.h"
#include "stats/risk_time.h"
#include "stats/round_parts.h"

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
constexpr std::size_t kDenseCells = 1 << 14;
/// Numbers that the first evaluation may take to share a round with the counts.
constexpr std::size_t kMostNumbersWithCounts = 1 << 20;
/// After a step as small as this the next iterate is likely to be the last, or the last but one.
constexpr double kNearlyConverged = 1e-3;
constexpr double kNear = 1e-1;

/// Steps that may share a round.
PartSteps CoxParts() {
  PartSteps steps{&kCoxSiteStep, &kCoxRiskStep, &kCoxMeatStep, &kCoxFractionsStep, &kCoxStartStep};
  for (const PartSteps& more : {RiskTimeSteps(), ConcordanceSteps(), ProportionalitySteps()})
    steps.insert(steps.end(), more.begin(), more.end());
  return steps;
}

/// A round of the fit, and what is asked beside.
const federation::TypedStep<RoundParts> kCoxRound = PartsStep<CoxParts>(
    "cox.round", FrameRules({federation::Rule::kExits, federation::Rule::kSinglePersons}));

class CoxFit {
 public:
  CoxFit(Federation& federation, const Analysis& analysis, ModelFrame frame)
      : federation_(federation), analysis_(analysis), frame_(std::move(frame)) {}

  Result<Json> Run() {
    CLINNOVA_TRY(Prepare());
    CLINNOVA_TRY(Iterate());
    if (converged_) CLINNOVA_TRY(AfterFit());
    return Report();
  }

 private:
  std::size_t p() const { return frame_.columns() - 1; }

  Result<void> Prepare() {
    constexpr std::string_view kTies[] = {"efron", "breslow"};
    CLINNOVA_ASSIGN(const std::string ties, analysis_.Choice("ties", kTies));
    CLINNOVA_ASSIGN(const double time_grid, analysis_.Number("time_grid", 0));
    CLINNOVA_ASSIGN(level_, analysis_.Number("conf_level", 0.95));
    parameters_.claim = frame_.claim();
    parameters_.beta.assign(p(), 0.0);
    parameters_.ties = ties == "efron" ? Ties::kEfron : Ties::kBreslow;
    parameters_.size_exponent = frame_.standardised_exponent();
    parameters_.weighted = analysis_.Has("weights");
    parameters_.risk_exponent = frame_.weights_exponent();
    const auto& strata = frame_.design().strata();
    CLINNOVA_TRY(ReadRobust());
    by_site_ =
        std::any_of(strata.begin(), strata.end(), [](const auto& s) { return s.name == "site"; });
    CLINNOVA_TRY(ReadNewData());
    if (by_site_) {
      if (time_grid != 0)
        return analysis_.Wrong("time_grid", "needs strata = [], as sites keep their own times");
      CLINNOVA_ASSIGN(times_search_, TimeAxisSearch::Create(analysis_, frame_, 0, kDenseCells));
      return {};
    }
    return FindEventTimes(time_grid);
  }

  Result<void> ReadNewData() {
    CLINNOVA_ASSIGN(times_, analysis_.Numbers("times"));
    CLINNOVA_ASSIGN(profiles_, CoxProfiles(analysis_, federation_.schema(), frame_));
    if (!std::is_sorted(times_.begin(), times_.end()))
      return analysis_.Wrong("times", "expected increasing numbers");
    if (profiles_.empty() && !times_.empty())
      return analysis_.Wrong("times", "needs newdata, whose survival it asks for");
    if (!profiles_.empty() && !frame_.design().strata().empty())
      return analysis_.Wrong("newdata", "needs strata = []: a stratum's hazard is not released");
    return {};
  }

  Result<void> ReadRobust() {
    CLINNOVA_ASSIGN(const std::string cluster, analysis_.Text("cluster", ""));
    const bool named = !cluster.empty() || !frame_.formula().clusters().empty();
    CLINNOVA_ASSIGN(robust_, analysis_.Flag("robust", named));
    if (named && !robust_)
      return analysis_.Wrong("robust", "found false beside a cluster, expected true or nothing");
    if (robust_ && !named && frame_.formula().response().parts.size() == 3) {
      return analysis_.Wrong("robust",
                             "a person has several rows under Surv(start, stop, status): expected "
                             "cluster(id) in the formula");
    }
    clusters_ = named ? Clusters::kNamed : Clusters::kRows;
    ask_fractions_ = !robust_ && parameters_.weighted && !analysis_.Has("robust");
    return {};
  }

  /// The pooled event times of each stratum; merged until each has ten exits where disclosure rules hold. Where none
  /// do, the first evaluation may take all times, so that it need not wait for the counts; else a first step is made
  /// beside that needs no times.
  Result<void> FindEventTimes(double time_grid) {
    const std::size_t strata = StrataCount(frame_.design());
    CLINNOVA_ASSIGN(TimeAxisSearch search,
                    TimeAxisSearch::Create(analysis_, frame_, time_grid, kDenseCells / strata,
                                           TimeAxisSearch::Tell::kCounts));
    merged_ = federation_.minimum_count() > 0;
    parameters_.risk_exponent += kRiskRange;
    if (!merged_) rows_question_.emplace(frame_.n(), strata);
    std::optional<RiskCounts> counts;
    while (!counts) {
      const bool found = search.Done();
      const std::size_t numbers = strata * search.axis().size() * (p() + 1) * (p() + 2);
      if (found && !merged_ && numbers <= kMostNumbersWithCounts) {
        parameters_.axes.assign(strata, search.axis());
        all_times_ = search.axis();
        return {};
      }
      RoundParts parts;
      if (found) {
        AskRiskCounts(frame_, search.axis(), RiskStrata::kApart, parts);
      } else {
        search.Ask(parts);
      }
      if (start_.empty())
        parts.Ask(kCoxStartStep, CoxStartParameters{parameters_, frame_.weights_exponent()});
      CLINNOVA_ASSIGN(const std::vector<PooledSums> sums,
                      SumParts(federation_, analysis_, kCoxRound, CoxParts(), parts));
      if (start_.empty()) start_ = FirstStep(sums.back(), p());
      if (!found) CLINNOVA_TRY(search.Absorb(analysis_, sums[0]));
      if (found) counts = RiskCountsOf(frame_, search.axis(), RiskStrata::kApart, sums[0]);
      if (!found) counts = search.counts();
    }
    TakeCounts(*counts);
    parameters_.axes = std::move(event_axes_);
    return {};
  }

  void TakeCounts(const RiskCounts& counts) {
    SetTransform(counts);
    event_axes_ = EventAxes(counts, ExitsNeeded(federation_));
    if (!frame_.design().strata().empty()) return;
    for (std::size_t t = 0; t < counts.axis.size() && !merged_; ++t) {
      if (counts.events[t] + counts.censored[t] > 0) exit_times_.push_back(counts.axis.Time(t));
    }
    if (merged_) exit_times_ = event_axes_[0].times;
    if (merged_ && !exit_times_.empty()) {
      exit_times_.back() = LastTimeTold(
          counts.axis, [&](std::size_t k) { return counts.events[k] + counts.censored[k]; },
          federation_.minimum_count());
    }
  }

  /// Whether an evaluation also asks for what is told of the maximum; kSoon: for what helps to ask it ahead.
  enum class Closing : std::uint8_t { kNo, kSoon, kYes };

  /// Places of what is asked beside the likelihood in a round.
  struct Beside {
    std::optional<std::size_t> fractions;
    std::optional<std::size_t> times;
    std::optional<std::size_t> counts;
    std::optional<std::size_t> meat;
    std::optional<std::size_t> concordance;
    std::optional<std::size_t> rows;
    std::optional<std::size_t> proportionality;
    bool any() const {
      return fractions || times || counts || meat || concordance || rows || proportionality;
    }
  };

  /// What the last iterate's rounds told.
  struct Told {
    std::optional<Matrix> meat;
    std::optional<Concordance> concordance;
    std::optional<std::vector<PooledRow>> rows;  ///< of all sites, when not stratified by site
    std::optional<PooledSums> proportionality;
  };

  Beside AskBeside(Closing closing, RoundParts& parts) const {
    Beside beside;
    if (ask_fractions_) beside.fractions = parts.Ask(kCoxFractionsStep, parameters_);
    if (by_site_ && !transform_known_ && times_search_) {
      if (times_search_->Done()) {
        beside.counts = AskRiskCounts(frame_, times_search_->axis(), RiskStrata::kTogether, parts);
      } else {
        beside.times = times_search_->Ask(parts);
      }
    }
    if (all_times_ && !transform_known_)
      beside.counts = AskRiskCounts(frame_, *all_times_, RiskStrata::kApart, parts);
    const bool rows_ahead = closing == Closing::kSoon && clusters_ == Clusters::kNamed;
    if (rows_question_ && !rows_question_->GivenUp() && !told_.rows &&
        (closing == Closing::kYes || rows_ahead))
      beside.rows = rows_question_->Ask(parameters_, parts);
    if (closing != Closing::kYes) return beside;
    if (by_site_ && robust_ && !told_.meat)
      beside.meat = parts.Ask(kCoxMeatStep, CoxMeatParameters{parameters_, clusters_, {}});
    if (by_site_ && !told_.concordance) {
      beside.concordance = AskConcordance(parameters_, clusters_, frame_.weights_exponent(), parts);
    }
    if (transform_known_ && !told_.proportionality)
      beside.proportionality = AskProportionality(parameters_, transform_, parts);
    return beside;
  }

  Result<void> TakeBeside(const Beside& beside, const std::vector<PooledSums>& sums) {
    // As coxph: weights that are not whole numbers are no numbers of persons, and make errors robust.
    if (beside.fractions) {
      robust_ = sums[*beside.fractions].Count(0) > 0;
      ask_fractions_ = false;
    }
    if (beside.times) {
      const auto absorbed = times_search_->Absorb(analysis_, sums[*beside.times]);
      if (!absorbed && absorbed.error().code != ErrorCode::kInvalidInput) return Fail(absorbed);
      if (!absorbed) {
        times_search_.reset();
        late_warnings_.push_back(
            "no test of proportional hazards, as there are too many distinct times");
      }
    }
    if (beside.counts && all_times_) {
      TakeCounts(RiskCountsOf(frame_, *all_times_, RiskStrata::kApart, sums[*beside.counts]));
    } else if (beside.counts) {
      SetTransform(
          RiskCountsOf(frame_, times_search_->axis(), RiskStrata::kTogether, sums[*beside.counts]));
      if (ExitsNeeded(federation_) > 0) {
        late_warnings_.push_back(
            "the test of proportional hazards takes times merged until each has at least ten "
            "exits");
      }
    }
    if (beside.meat) told_.meat = FromLowerTriangle(sums[*beside.meat].Numbers(0), p());
    if (beside.concordance) told_.concordance = ConcordanceOf(sums[*beside.concordance]);
    if (beside.rows) told_.rows = rows_question_->Absorb(parameters_, sums[*beside.rows]);
    if (beside.proportionality) told_.proportionality = sums[*beside.proportionality];
    return {};
  }

  void SetTransform(const RiskCounts& counts) {
    transform_ = KaplanMeierTransform(counts, ExitsNeeded(federation_));
    transform_known_ = true;
  }

  /// What can only be asked once an iterate's sums are told, asked beside them along what those of the iterate before
  /// let expect. It is kept where they are as expected.
  struct Ahead {
    std::optional<std::size_t> meat;
    HazardPath path;  ///< that the meat is along
    std::optional<std::size_t> pairs;
    std::vector<PooledRow> rows;  ///< that the pairs are of
  };

  /// `before` is the iterate before, and what was told of it.
  Ahead AskAhead(const CoxSolution& before, const Told& told, RoundParts& parts) const {
    Ahead ahead;
    if (robust_) {
      std::vector<double> step = parameters_.beta;
      for (std::size_t j = 0; j < p(); ++j) step[j] -= before.parameters.beta[j];
      ahead.path = ExpectedPath(before, step);
      ahead.meat = AskCoxMeat(parameters_, clusters_, ahead.path, parts);
    }
    if (told.rows && clusters_ == Clusters::kNamed) {
      ahead.rows = *told.rows;
      ahead.pairs = AskConcordance(before.parameters, ahead.rows, frame_.weights_exponent(), parts);
    }
    return ahead;
  }

  void TakeAhead(const Ahead& ahead, const std::vector<PooledSums>& sums) {
    if (ahead.meat && IsAsGood(ahead.path, HazardPathOf(CoxSolution{parameters_, risk_sums_})))
      told_.meat = FromLowerTriangle(sums[*ahead.meat].Numbers(0), p());
    if (ahead.pairs && told_.rows && HaveSamePairs(ahead.rows, *told_.rows))
      told_.concordance = ConcordanceOf(sums[*ahead.pairs]);
  }

  Result<PartialLikelihood> Evaluate(const std::vector<double>& beta, Closing closing) {
    const bool foreseen = closing == Closing::kYes && risk_sums_ && event_axes_.empty();
    const CoxSolution before{parameters_, risk_sums_};
    const Told told_before = std::exchange(told_, {});
    parameters_.beta = beta;
    if (!event_axes_.empty()) parameters_.axes = std::exchange(event_axes_, {});
    RoundParts parts;
    parts.Ask(by_site_ ? kCoxSiteStep : kCoxRiskStep, parameters_);
    std::optional<std::size_t> null;
    if (!start_.empty() && !null_) null = parts.Ask(kCoxRiskStep, before.parameters);
    const Beside beside = AskBeside(closing, parts);
    const Ahead ahead = foreseen ? AskAhead(before, told_before, parts) : Ahead{};
    CLINNOVA_ASSIGN(const std::vector<PooledSums> all,
                    SumParts(federation_, analysis_, kCoxRound, CoxParts(), parts));
    CLINNOVA_TRY(TakeBeside(beside, all));
    if (!by_site_) {
      risk_sums_ = all[0];
      parameters_.risk_exponent =
          std::max(parameters_.risk_exponent, risk_sums_->layout().blocks[0].exponent);
      TakeAhead(ahead, all);
      if (null) null_ = LikelihoodOf(before.parameters, all[*null]);
      return LikelihoodOf(parameters_, *risk_sums_);
    }
    PartialLikelihood likelihood;
    likelihood.log_likelihood = all[0].Number(kCoxLogLikelihood);
    likelihood.score = all[0].Numbers(kCoxScore);
    likelihood.information = all[0].Numbers(kCoxInformation);
    likelihood.events = all[0].Number(kCoxEvents);
    return likelihood;
  }

  /// What is told at beta = 0.
  Result<void> TakeNull(const PartialLikelihood& null) {
    log_likelihood_null_ = null.log_likelihood;
    events_ = null.events;
    if (events_ == 0) {
      return Fail(ErrorCode::kFailed, "analysis \"" + analysis_.name() + "\": there is no event");
    }
    const SymmetricFactor factor(FromLowerTriangle(null.information, p()), kAliasTolerance);
    aliased_ = factor.aliased();
    rank_ = factor.rank();
    return {};
  }

  /// Whether there was something to clear.
  bool ClearAliased(std::vector<double>& beta) const {
    bool cleared = false;
    for (std::size_t j = 0; j < p(); ++j)
      cleared = (aliased_[j] && std::exchange(beta[j], 0.0) != 0) || cleared;
    return cleared;
  }

  Matrix KeptInformation(const PartialLikelihood& at) const {
    Matrix information = FromLowerTriangle(at.information, p());
    for (std::size_t i = 0; i < p(); ++i) {
      for (std::size_t j = 0; j < p(); ++j) {
        if (aliased_[i] || aliased_[j]) information[i][j] = 0;
      }
    }
    return information;
  }

  Result<void> Iterate() {
    std::vector<double> before(p(), 0.0);
    beta_ = start_.empty() ? before : start_;
    double likelihood_before = -std::numeric_limits<double>::infinity();
    double relative_before = std::numeric_limits<double>::infinity();
    int halvings = 0;
    for (iterations_ = start_.empty() ? 0 : 1; iterations_ <= kMaximumIterations; ++iterations_) {
      const Closing closing = relative_before <= kNearlyConverged ? Closing::kYes
                              : relative_before <= kNear          ? Closing::kSoon
                                                                  : Closing::kNo;
      CLINNOVA_ASSIGN(const PartialLikelihood at, Evaluate(beta_, closing));
      if (aliased_.empty()) {
        CLINNOVA_TRY(TakeNull(null_.value_or(at)));
        if (null_) likelihood_before = log_likelihood_null_;
        if (ClearAliased(beta_)) continue;  // whose first step was not 0
      }
      const bool worse =
          !std::isfinite(at.log_likelihood) ||
          at.log_likelihood < likelihood_before - 1e-9 * std::fabs(likelihood_before);
      if (worse && halvings < 20) {
        ++halvings;
        for (std::size_t j = 0; j < p(); ++j) beta_[j] = (beta_[j] + before[j]) / 2;
        continue;
      }
      halvings = 0;
      const SymmetricFactor factor(KeptInformation(at), 1e-15);
      log_likelihood_ = at.log_likelihood;
      if (factor.rank() < rank_) return {};  // the likelihood is flat there: monotone
      const std::vector<double> step = factor.Solve(at.score);
      covariance_ = factor.Inverse();
      information_ = at.information;
      double relative = 0;
      for (std::size_t j = 0; j < p(); ++j) {
        const double size = std::fabs(beta_[j]) + 0.1 * std::sqrt(covariance_[j][j]);
        if (step[j] != 0) relative = std::max(relative, std::fabs(step[j]) / size);
      }
      before = beta_;
      likelihood_before = at.log_likelihood;
      for (std::size_t j = 0; j < p(); ++j) beta_[j] += step[j];
      if (relative <= kTolerance ||
          (relative <= kRoundingTolerance && relative >= 0.95 * relative_before)) {
        converged_ = true;
        return {};
      }
      relative_before = relative;
      if (iterations_ >= 25 && Monotone()) return {};
    }
    return {};
  }

  /// What the rounds of the fit have not told yet of its last iterate.
  Result<void> AskTheRest() {
    while (true) {
      RoundParts parts;
      const Beside beside = AskBeside(Closing::kYes, parts);
      if (!beside.any()) return {};
      CLINNOVA_ASSIGN(const std::vector<PooledSums> sums,
                      SumParts(federation_, analysis_, kCoxRound, CoxParts(), parts));
      CLINNOVA_TRY(TakeBeside(beside, sums));
    }
  }

  /// The formula's terms and those of their columns that are estimable.
  std::vector<TermColumns> TermsWithColumns() const {
    std::vector<TermColumns> terms;
    for (const table::Term& term : frame_.formula().terms()) {
      terms.emplace_back().term = term.Text();
    }
    const std::vector<int>& assign = frame_.design().assign();
    for (std::size_t j = 0; j < p(); ++j) {
      if (!aliased_[j]) terms[static_cast<std::size_t>(assign[j + 1] - 1)].columns.push_back(j);
    }
    return terms;
  }

  /// What needs all that is told of the maximum, and crosses sites: robust errors, and pairs of named clusters.
  Result<void> AskAcrossSites(const CoxSolution& solution) {
    RoundParts parts;
    std::optional<std::size_t> meat;
    std::optional<std::size_t> pairs;
    if (robust_ && !told_.meat)
      meat = AskCoxMeat(parameters_, clusters_, HazardPathOf(solution), parts);
    if (told_.rows && clusters_ == Clusters::kNamed && !told_.concordance)
      pairs = AskConcordance(parameters_, *told_.rows, frame_.weights_exponent(), parts);
    if (!meat && !pairs) return {};
    CLINNOVA_ASSIGN(const std::vector<PooledSums> sums,
                    SumParts(federation_, analysis_, kCoxRound, CoxParts(), parts));
    if (meat) told_.meat = FromLowerTriangle(sums[*meat].Numbers(0), p());
    if (pairs) told_.concordance = ConcordanceOf(sums[*pairs]);
    return {};
  }

  Concordance ToldConcordance() const {
    if (told_.concordance) return *told_.concordance;
    if (!rows_question_) return SuppressedConcordance();
    if (!told_.rows) return UntoldConcordance();
    return ConcordanceOf(*told_.rows, parameters_, frame_.weights_exponent());
  }

  /// What is computed at the maximum. The last beta that was evaluated differs from it by less than rounding.
  Result<void> AfterFit() {
    CLINNOVA_TRY(AskTheRest());
    const CoxSolution solution{parameters_, risk_sums_};
    if (!by_site_) CLINNOVA_TRY(AskAcrossSites(solution));
    if (told_.meat) covariance_ = Congruence(covariance_, *told_.meat);
    after_.concordance = ToldConcordance();
    if (told_.proportionality) {
      after_.tests = ProportionalityOf(*told_.proportionality, solution, information_, transform_,
                                       TermsWithColumns());
    }
    CoxSolution told = solution;
    if (merged_ && !exit_times_.empty()) told.parameters.axes[0].times = exit_times_;
    if (!exit_times_.empty()) after_.baseline = CoxBaseline(told, exit_times_);
    for (const CoxProfile& profile : profiles_) {
      after_.predictions.push_back(
          PredictSurvival(told, profile, covariance_, times_.empty() ? exit_times_ : times_));
    }
    return {};
  }

  /// True when some coefficient has run far beyond what its column's spread can tell.
  bool Monotone() const {
    return std::any_of(beta_.begin(), beta_.end(), [](double b) { return std::fabs(b) > 8; });
  }

  std::vector<std::string> Warnings(const std::vector<std::string>& names) const {
    std::vector<std::string> warnings = AliasedWarnings(names, aliased_);
    if (!converged_) {
      warnings.push_back(
          "not converged: the likelihood is monotone in some coefficient, whose estimate is "
          "infinite; none is given");
    }
    warnings.insert(warnings.end(), late_warnings_.begin(), late_warnings_.end());
    if (!after_.concordance.why_absent.empty()) warnings.push_back(after_.concordance.why_absent);
    if (merged_)
      warnings.push_back(
          "event times are merged until each has at least ten exits; the last is told as one "
          "that " +
          std::to_string(federation_.minimum_count()) + " persons reach");
    return warnings;
  }

  Json Report() const {
    const Coefficients terms =
        HazardCoefficients(frame_, {beta_, covariance_, aliased_, converged_, level_});
    Json result;
    result["n"] = frame_.n();
    result["n_missing"] = frame_.n_missing();
    result["n_events"] = static_cast<std::int64_t>(events_);
    result["converged"] = converged_;
    result["warnings"] = Warnings(terms.names);
    result["formula"] = frame_.formula().text();
    result["conf_level"] = level_;
    result["terms"] = HazardTermsJson(terms);
    result["vcov"] = MatrixJson(terms.names, terms.covariance, terms.estimable);
    result["log_lik_null"] = NumberJson(log_likelihood_null_);
    result["log_lik"] = NumberJson(log_likelihood_);
    result["iterations"] = iterations_;
    ReportAfterFit(after_, result);
    if (!profiles_.empty()) ReportPredictions(after_, analysis_.json()["newdata"], level_, result);
    return result;
  }

  Federation& federation_;
  const Analysis& analysis_;
  ModelFrame frame_;
  CoxParameters parameters_;
  bool by_site_ = true;
  bool merged_ = false;
  bool robust_ = false;
  Clusters clusters_ = Clusters::kRows;
  std::vector<double> exit_times_;  ///< at which the baseline is told; empty where it is not
  bool ask_fractions_ = false;      ///< whether weights are whole decides if errors are robust
  std::optional<TimeAxisSearch> times_search_;  ///< of the pooled times, when stratified by site
  std::optional<TimeAxis>
      all_times_;  ///< what the counts that come with the first evaluation are on
  std::vector<TimeAxis> event_axes_;                 ///< for the next evaluation, once counted
  std::optional<PooledRowsQuestion> rows_question_;  ///< where the concordance is told across sites
  TimeTransform transform_;
  bool transform_known_ = false;
  Told told_;
  std::vector<double> information_;  ///< at the maximum, lower triangle by rows
  CoxAfterFit after_;
  std::vector<std::string> late_warnings_;
  std::vector<CoxProfile> profiles_;  ///< of newdata
  std::vector<double> times_;         ///< at which their survival is told; empty = at every exit
  std::vector<double> start_;         ///< the first step, where one was made without the times
  std::optional<PartialLikelihood> null_;  ///< at beta = 0, where that is not the first evaluation
  std::optional<PooledSums> risk_sums_;    ///< of the last evaluation, when not stratified by site
  double level_ = 0.95;
  std::vector<double> beta_;
  Matrix covariance_;
  std::vector<bool> aliased_;
  std::size_t rank_ = 0;
  double events_ = 0;
  double log_likelihood_null_ = 0;
  double log_likelihood_ = 0;
  int iterations_ = 0;
  bool converged_ = false;
};

Result<Json> Run(Federation& federation, const Analysis& analysis) {
  CLINNOVA_ASSIGN(ModelFrame frame, ModelFrame::Build(federation, analysis));
  if (frame.formula().response().kind != table::Response::Kind::kSurvival) {
    return analysis.Wrong("formula",
                          "expected Surv(time, status) or Surv(start, stop, status) before ~");
  }
  if (frame.columns() < 2)
    return analysis.Wrong("formula", "expected at least one term on the right of ~");
  return CoxFit(federation, analysis, std::move(frame)).Run();
}

constexpr std::string_view kOptions[] = {"formula", "ties",    "strata",  "robust", "time_grid",
                                         "cluster", "weights", "newdata", "times"};

}  // namespace

Method CoxMethod() {
  PartSteps steps = ModelFrameSteps();
  const PartSteps parts = CoxParts();
  steps.insert(steps.end(), parts.begin(), parts.end());
  steps.push_back(&kCoxRound);
  return {"cox", "Cox's proportional hazards model", kOptions, std::move(steps), Run};
}

}  // namespace clinnova::stats

// SPDX-License-Identifier: Apache-2.0
#include "stats/site_profile.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>

#include "core/deterministic_math.h"
#include "core/hash.h"
#include "stats/cox_likelihood.h"
#include "stats/cox_own_risk.h"
#include "stats/glm_rows.h"
#include "stats/linear_algebra.h"
#include "stats/outcome_likelihood.h"

namespace clinnova::stats {

using federation::Analysis;
using federation::SiteView;

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr std::size_t kPoints = 12;   ///< per panel
constexpr double kDepth = 100;        ///< l is not needed where it is lower than this
constexpr double kFarthest = 16;      ///< effect per unit of spread
constexpr double kPrecision = 1e-10;  ///< of l, for a panel to stand
constexpr double kRounding = 1e-12;   ///< or this part of the largest l, which is rounded
constexpr double kNarrowest = 1e-6;   ///< part of the reach below which no panel is halved
constexpr double kTail = 42;          ///< e^-42 of the largest value ends an integral

/// The profile at one effect.
struct ProfilePoint {
  double value = 0;
  double slope = 0;
  double curvature = 0;
};

/// The site's log-likelihood at coefficients on the standardised scale; nothing where it has no usable range.
using LikelihoodAt =
    std::function<Result<std::optional<PartialLikelihood>>(const std::vector<double>& beta)>;

/// Maximises over the coefficients other than `term`, by Newton's method from where the last call ended.
class Profiler {
 public:
  Profiler(LikelihoodAt likelihood, std::size_t coefficients, std::size_t term)
      : likelihood_(std::move(likelihood)), beta_(coefficients), term_(term) {}

  Result<ProfilePoint> At(double effect) {
    beta_[term_] = effect;
    std::vector<double> before = beta_;
    double value_before = -std::numeric_limits<double>::infinity();
    for (int i = 0; i < 100; ++i) {
      CLINNOVA_ASSIGN(const auto at, likelihood_(beta_));
      if (!at || at->log_likelihood < value_before - 1e-11 * (1 + std::fabs(value_before))) {
        if (i == 0) return Fail(ErrorCode::kFailed, "an effect without a likelihood", "internal");
        for (std::size_t j = 0; j < before.size(); ++j) beta_[j] = (beta_[j] + before[j]) / 2;
        continue;
      }
      const std::size_t p = before.size();
      const Matrix information = FromLowerTriangle(at->information, p);
      Matrix others = information;
      std::vector<double> score = at->score;
      std::vector<double> across(p);
      for (std::size_t j = 0; j < p; ++j) {
        across[j] = j == term_ ? 0 : information[j][term_];
        others[j][term_] = others[term_][j] = 0;
      }
      score[term_] = 0;
      const SymmetricFactor factor(others, 1e-12);
      const std::vector<double> step = factor.Solve(score);
      double gain = 0;
      for (std::size_t j = 0; j < p; ++j) gain += step[j] * score[j];
      if (gain < 1e-13 || i == 99) {
        const std::vector<double> moved = factor.Solve(across);
        ProfilePoint point{at->log_likelihood + gain / 2, at->score[term_],
                           information[term_][term_]};
        for (std::size_t j = 0; j < p; ++j) {
          point.slope -= across[j] * step[j];
          point.curvature -= across[j] * moved[j];
        }
        return point;
      }
      before = beta_;
      value_before = at->log_likelihood;
      for (std::size_t j = 0; j < p; ++j) beta_[j] += step[j];
    }
    return ProfilePoint{};
  }

 private:
  LikelihoodAt likelihood_;
  std::vector<double> beta_;
  std::size_t term_;
};

/// False far from the largest value, where sums of risks are rounded to 0.
bool IsTold(const ProfilePoint& at) { return std::isfinite(at.value) && std::isfinite(at.slope); }

/// Where the profile is largest within the farthest effects: its slope falls, so by bisection.
Result<double> PeakOf(Profiler& profiler) {
  double low = -kFarthest;
  double high = kFarthest;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    CLINNOVA_ASSIGN(const ProfilePoint at, profiler.At(middle));
    const bool rises = IsTold(at) ? at.slope > 0 : middle < 0;
    (rises ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// The end of the profile's reach from its peak towards `end`.
Result<double> ReachOf(Profiler& profiler, double peak, double floor, double end) {
  const auto reaches = [&](const ProfilePoint& at) { return IsTold(at) && at.value > floor; };
  CLINNOVA_ASSIGN(const ProfilePoint last, profiler.At(end));
  if (reaches(last)) return end;
  double inside = peak;
  double outside = end;
  for (int i = 0; i < 12; ++i) {
    const double middle = (inside + outside) / 2;
    CLINNOVA_ASSIGN(const ProfilePoint at, profiler.At(middle));
    (reaches(at) ? inside : outside) = middle;
  }
  return inside;
}

struct Drawing {
  Profiler& profiler;
  double top;        ///< the profile's largest value
  double narrowest;  ///< no panel is halved below this width
  std::vector<SiteProfile::Panel> panels = {};
  double curvature = 0;
};

/// Panels from low to high, halved until two points between the nodes are met.
Result<void> Draw(Drawing& drawing, double low, double high) {
  std::vector<double> values;
  const auto place = [&](double x) { return (low + high) / 2 + (high - low) / 2 * x; };
  for (std::size_t i = 0; i < kPoints; ++i) {
    CLINNOVA_ASSIGN(const ProfilePoint at, drawing.profiler.At(place(ChebyshevPoint(i, kPoints))));
    values.push_back(at.value - drawing.top);
    drawing.curvature = std::max(drawing.curvature, at.curvature);
  }
  SiteProfile::Panel panel{low, high, ChebyshevCoefficients(values)};
  const double precision = std::max(kPrecision, kRounding * std::fabs(drawing.top));
  bool met = true;
  for (const double x : {-0.97, 0.13}) {
    CLINNOVA_ASSIGN(const ProfilePoint at, drawing.profiler.At(place(x)));
    const double error = ChebyshevValue(panel.coefficients, x) - (at.value - drawing.top);
    met = met && std::fabs(error) <= precision;
  }
  if (met || high - low <= drawing.narrowest) {
    drawing.panels.push_back(std::move(panel));
    return {};
  }
  const double middle = (low + high) / 2;
  CLINNOVA_TRY(Draw(drawing, low, middle));
  return Draw(drawing, middle, high);
}

using Shared = std::shared_ptr<const SiteProfile>;

Result<Shared> Profile(Profiler& profiler, double scale) {
  CLINNOVA_ASSIGN(const double peak, PeakOf(profiler));
  CLINNOVA_ASSIGN(const ProfilePoint top, profiler.At(peak));
  CLINNOVA_ASSIGN(const double low, ReachOf(profiler, peak, top.value - kDepth, -kFarthest));
  CLINNOVA_ASSIGN(const double high, ReachOf(profiler, peak, top.value - kDepth, kFarthest));
  Drawing drawing{profiler, top.value, kNarrowest * (high - low)};
  constexpr int kFirstPanels = 4;
  for (int i = 0; i < kFirstPanels; ++i) {
    const double width = (high - low) / kFirstPanels;
    CLINNOVA_TRY(
        Draw(drawing, low + i * width, i + 1 == kFirstPanels ? high : low + (i + 1) * width));
  }
  if (!(drawing.curvature > 1e-12)) return Shared();
  CLINNOVA_ASSIGN(const ProfilePoint first, profiler.At(low));
  CLINNOVA_ASSIGN(const ProfilePoint last, profiler.At(high));
  for (SiteProfile::Panel& panel : drawing.panels) {
    panel.low *= scale;
    panel.high *= scale;
  }
  return std::make_shared<const SiteProfile>(std::move(drawing.panels), peak * scale,
                                             drawing.curvature / (scale * scale),
                                             first.slope / scale, last.slope / scale);
}

/// The analysis that sites fit: Cox's model, or a generalised linear one of this family.
struct Fitted {
  Analysis framed;
  std::optional<Family> family;
  CoxParameters cox;
};

Result<Fitted> FittedModel(const SiteView& site, const EstimateRequest& request) {
  CLINNOVA_ASSIGN(Analysis analysis, site.analysis.Other("analysis"));
  bool fits = analysis.method() == "cox" || analysis.method() == "glm";
  for (const char* key : {"weights", "strata", "cluster", "firth", "ridge"})
    fits = fits && !analysis.Has(key);
  Fitted fitted{.framed = std::move(analysis), .family = {}, .cox = {}};
  if (fits && fitted.framed.method() == "glm") {
    CLINNOVA_ASSIGN(const GlmFamily glm, GlmFamilyOf(fitted.framed));
    CLINNOVA_ASSIGN(const table::Formula formula, FormulaOf(fitted.framed));
    const bool counts = glm.family == Family::kPoisson && !glm.negative_binomial;
    fits = (glm.family == Family::kBinomial || counts) && glm.canonical() && !glm.quasi &&
           formula.response().parts.size() == 1;
    fitted.family = glm.family;
  }
  if (!fits) {
    return site.analysis.Wrong("likelihood",
                               "\"profile\" needs a cox analysis stratified by site, or a glm of "
                               "family binomial or poisson with the canonical link and an outcome "
                               "of one column, without weights, strata, cluster, firth or ridge");
  }
  constexpr std::string_view kTies[] = {"efron", "breslow"};
  CLINNOVA_ASSIGN(const std::string ties, fitted.framed.Choice("ties", kTies));
  fitted.cox.claim = request.claim;
  fitted.cox.ties = ties == "efron" ? Ties::kEfron : Ties::kBreslow;
  return fitted;
}

SiteView ViewOf(const SiteView& site, const Analysis& framed) {
  return {.table = site.table,
          .analysis = framed,
          .cache = site.cache,
          .threads = site.threads,
          .minimum_count = site.minimum_count,
          .limits = site.limits};
}

/// True where the term's column depends on the others at this site, as an arm that nobody is on.
bool IsAliased(const PartialLikelihood& likelihood, std::size_t term) {
  const std::size_t p = likelihood.score.size();
  Matrix information = FromLowerTriangle(likelihood.information, p);
  std::swap(information[term], information[p - 1]);
  for (std::vector<double>& row : information) std::swap(row[term], row[p - 1]);
  return SymmetricFactor(information, 1e-9).aliased()[p - 1];
}

Result<Shared> ProfileOfOutcomes(const SiteView& view, const SiteFrame& frame,
                                 const EstimateRequest& request, Family family,
                                 std::size_t column) {
  CLINNOVA_ASSIGN(OwnOutcomes made, OwnOutcomesOf(view, frame, request.claim, family));
  const auto own = std::make_shared<const OwnOutcomes>(std::move(made));  // with the profiler
  if (!own->Tell() || static_cast<std::int64_t>(own->y.size()) < view.minimum_count)
    return Shared();
  const auto null = OutcomeLikelihood(*own, std::vector<double>(own->p));
  if (!null || IsAliased(*null, column)) return Shared();
  Profiler profiler(
      [own](const std::vector<double>& beta) -> Result<std::optional<PartialLikelihood>> {
        return OutcomeLikelihood(*own, beta);
      },
      own->p, column);
  return Profile(profiler, request.claim.inverse_scale[column]);
}

Result<Shared> ProfileOfCox(const SiteView& view, const SiteFrame& frame, CoxParameters parameters,
                            std::size_t column) {
  // Column 0 is the intercept's, which the model does not have.
  parameters.beta.assign(frame.design.names().size() - 1, 0.0);
  CLINNOVA_ASSIGN(const auto null, OwnLikelihood(view, frame, parameters));
  if (!null || null->events == 0) return Shared();
  // Rows that are at risk at some event: no more than the complete ones.
  CLINNOVA_ASSIGN(const auto rows, OwnRowsOf(view, frame, parameters.claim));
  if (static_cast<std::int64_t>(rows->last.size()) < view.minimum_count) return Shared();
  const std::size_t coefficients = parameters.beta.size();
  const double scale = parameters.claim.inverse_scale[column];
  Profiler profiler(
      [&view, &frame, parameters](const std::vector<double>& beta) mutable {
        parameters.beta = beta;
        return OwnLikelihood(view, frame, parameters);
      },
      coefficients, column - 1);
  return Profile(profiler, scale);
}

Result<Shared> Make(const SiteView& site, const EstimateRequest& request) {
  CLINNOVA_ASSIGN(Fitted fitted, FittedModel(site, request));
  const SiteView view = ViewOf(site, fitted.framed);
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(view, request.claim));
  const auto& names = frame->design.names();
  const auto found =
      std::find(names.begin() + (frame->design.intercept() ? 1 : 0), names.end(), request.term);
  if (found == names.end())
    return Fail(ErrorCode::kRefused, "a term that the design does not have", "wrong_layout");
  const auto column = static_cast<std::size_t>(found - names.begin());
  if (fitted.family) return ProfileOfOutcomes(view, *frame, request, *fitted.family, column);
  return ProfileOfCox(view, *frame, std::move(fitted.cox), column);
}

}  // namespace

double ChebyshevPoint(std::size_t i, std::size_t size) {
  // The cosine from the half angle's tangent, whose bits are the same everywhere.
  const double tangent =
      core::Tan(kPi * (static_cast<double>(i) + 0.5) / static_cast<double>(size) / 2);
  return (1 - tangent * tangent) / (1 + tangent * tangent);
}

std::vector<double> ChebyshevCoefficients(const std::vector<double>& values) {
  const std::size_t size = values.size();
  std::vector<double> coefficients(size);
  for (std::size_t i = 0; i < size; ++i) {
    const double x = ChebyshevPoint(i, size);
    double before = x;  // T_-1
    double here = 1;
    for (std::size_t k = 0; k < size; ++k) {
      coefficients[k] += (k == 0 ? 1.0 : 2.0) / static_cast<double>(size) * values[i] * here;
      const double next = 2 * x * here - before;
      before = here;
      here = next;
    }
  }
  return coefficients;
}

double ChebyshevValue(const std::vector<double>& coefficients, double x) {
  double next = 0;
  double after = 0;
  for (std::size_t k = coefficients.size(); k-- > 1;) {
    const double here = coefficients[k] + 2 * x * next - after;
    after = next;
    next = here;
  }
  return coefficients[0] + x * next - after;
}

SiteProfile::SiteProfile(std::vector<Panel> panels, double peak, double curvature, double slope_low,
                         double slope_high)
    : panels_(std::move(panels)),
      peak_(peak),
      curvature_(curvature),
      slope_low_(slope_low),
      slope_high_(slope_high) {}

double SiteProfile::At(double effect) const {
  const double low = panels_.front().low;
  const double high = panels_.back().high;
  const double inside = std::clamp(effect, low, high);
  const auto panel =
      std::lower_bound(panels_.begin(), panels_.end(), inside,
                       [](const Panel& candidate, double at) { return candidate.high < at; });
  const double x = (2 * inside - panel->low - panel->high) / (panel->high - panel->low);
  return ChebyshevValue(panel->coefficients, x) +
         (effect < low ? slope_low_ : slope_high_) * (effect - inside);
}

double SiteProfile::LogMarginal(double mu, double tau) const {
  const auto log_integrand = [&](double effect) {
    const double z = (effect - mu) / tau;
    return At(effect) - 0.5 * z * z;
  };
  // Concave: the mode lies between those of its parts; the trapezoidal rule goes outwards from there.
  double low = std::min(mu, peak_);
  double high = std::max(mu, peak_);
  for (int i = 0; i < 50; ++i) {
    const double left = low + 0.382 * (high - low);
    const double right = high - 0.382 * (high - low);
    if (log_integrand(left) < log_integrand(right)) {
      low = left;
    } else {
      high = right;
    }
  }
  const double mode = (low + high) / 2;
  const double top = log_integrand(mode);
  const double step = 0.5 / std::sqrt(curvature_ + 1 / (tau * tau));
  double sum = 1;
  for (const double direction : {-1.0, 1.0}) {
    for (double i = 1;; ++i) {
      const double value = log_integrand(mode + direction * i * step) - top;
      if (!(value > -kTail)) break;
      sum += core::Exp(value);
    }
  }
  return top + core::Log(sum * step / (tau * std::sqrt(2 * kPi)));
}

Result<void> HoldProfile(const SiteView& site, const EstimateRequest& request) {
  CLINNOVA_ASSIGN(Fitted fitted, FittedModel(site, request));
  const SiteView view = ViewOf(site, fitted.framed);
  CLINNOVA_ASSIGN(const std::shared_ptr<const SiteFrame> frame, SiteFrameOf(view, request.claim));
  if (fitted.family) return {};
  fitted.cox.beta.assign(frame->design.names().size() - 1, 0.0);
  return HoldCox(view, fitted.cox);
}

Result<Shared> SiteProfileOf(const SiteView& site, const EstimateRequest& request) {
  const std::string key = "site profile " + site.analysis.name() + " " +
                          core::ToHex(core::Blake2b(core::Encode(request)));
  // The frame's making uses the cache itself: the cache holds the place, which is filled outside its lock.
  struct Place {
    struct State {
      std::once_flag once;
      std::optional<Result<Shared>> made;
    };
    std::shared_ptr<State> state = std::make_shared<State>();  // shared with the site's cache
  };
  const auto place = site.cache.GetOrMake<Place>(key, [] { return Place{}; });
  std::call_once(place->state->once, [&] { place->state->made = Make(site, request); });
  return *place->state->made;
}

}  // namespace clinnova::stats

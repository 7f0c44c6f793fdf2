// SPDX-License-Identifier: Apache-2.0
// A site's own profile likelihood of one term of a Cox, logistic or Poisson model, and its marginal likelihood under a normal distribution of
// the sites' effects: what a meta-analysis takes in place of an estimate and its error where few have the outcome.
//
//   CLINNOVA_ASSIGN(auto profile, SiteProfileOf(site, request));   // at the site; null when it has nothing to say
//   profile->LogMarginal(mu, tau)                                  // ln of the integral of e^l(t) phi(t; mu, tau) dt
//
// l(t) is the logarithm of the (partial) likelihood at effect t, the other coefficients at their maximum given t, less its
// largest value; a polynomial on panels that are halved until it is met to 1e-10 or, where it is large, to its own rounding. It reaches as far as l > -100 or
// |t| <= 16 per unit of spread; beyond, it goes on as a straight line, as the logarithm of a partial likelihood does.
// Source: M. J. Schuemie et al., J. Am. Med. Inform. Assoc. 29 (2022). Reveals nothing: it never leaves the site.
#pragma once

#include <memory>
#include <vector>

#include "federation/step.h"
#include "stats/site_estimate.h"

namespace clinnova::stats {

class SiteProfile {
 public:
  /// One panel: values at Chebyshev's points of [low, high].
  struct Panel {
    double low;
    double high;
    std::vector<double> coefficients;
  };
  /// `panels` ascend and touch; `curvature` is the largest -l''; the slopes are l' at either end.
  SiteProfile(std::vector<Panel> panels, double peak, double curvature, double slope_low,
              double slope_high);

  double At(double effect) const;
  double LogMarginal(double mu, double tau) const;

 private:
  std::vector<Panel> panels_;
  double peak_;
  double curvature_;
  double slope_low_;
  double slope_high_;
};

/// Coefficients of the polynomial through values at Chebyshev's points, cos(pi (i + 1/2) / size), and its value at x.
std::vector<double> ChebyshevCoefficients(const std::vector<double>& values);
double ChebyshevPoint(std::size_t i, std::size_t size);
double ChebyshevValue(const std::vector<double>& coefficients, double x);

/// The rules on the frame and on event times; kInvalidInput where the fitted analysis has no such profile.
Result<void> HoldProfile(const federation::SiteView& site, const EstimateRequest& request);

/// The guard of steps with such a request.
struct ProfileGuard {
  static std::vector<federation::Rule> Rules() { return FrameRules({federation::Rule::kExits}); }
  template <typename P>
  static Result<void> Check(const federation::SiteView& site, const P& parameters) {
    return HoldProfile(site, parameters.request);
  }
};

/// This site's profile; null where it has fewer rows than its threshold, no event (of 0/1 outcomes, only events), or
/// nobody to compare.
Result<std::shared_ptr<const SiteProfile>> SiteProfileOf(const federation::SiteView& site,
                                                         const EstimateRequest& request);

}  // namespace clinnova::stats

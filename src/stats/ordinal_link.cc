// SPDX-License-Identifier: Apache-2.0
#include "stats/ordinal_link.h"

#include <cmath>
#include <string>
#include <utility>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr double kPi = 3.14159265358979323846;
/// Beyond this exp(exp(x)) has long left the doubles.
constexpr double kExponentLimit = 700;
constexpr std::pair<std::string_view, OrdinalLink> kLinks[] = {
    {"logit", OrdinalLink::kLogit},     {"probit", OrdinalLink::kProbit},
    {"loglog", OrdinalLink::kLoglog},   {"cloglog", OrdinalLink::kCloglog},
    {"cauchit", OrdinalLink::kCauchit}, {"logistic", OrdinalLink::kLogit},
    {"", OrdinalLink::kLogit},
};

DistributionPoint Logistic(double x) {
  const double lower = core::Expit(x);
  const double upper = core::Expit(-x);
  const double density = lower * upper;
  return {lower, upper, density, density * (upper - lower)};
}

DistributionPoint Normal(double x) {
  const double density = core::NormalDensity(x);
  return {core::NormalCdf(x), core::NormalCdf(-x), density, -x * density};
}

/// 1 - exp(-exp(x)).
DistributionPoint SmallestExtreme(double x) {
  const double e = core::Exp(std::min(x, kExponentLimit));
  const double upper = core::Exp(-e);
  const double density = e * upper;
  return {-core::Expm1(-e), upper, density, density * (1 - e)};
}

/// exp(-exp(-x)): the other turned round.
DistributionPoint LargestExtreme(double x) {
  const DistributionPoint turned = SmallestExtreme(-x);
  return {turned.upper, turned.lower, turned.density, -turned.slope};
}

double CauchyTail(double x) {  // P(X > x)
  return x > 1 ? core::ArcTan(1 / x) / kPi : 0.5 - core::ArcTan(x) / kPi;
}

DistributionPoint Cauchy(double x) {
  const double square = 1 + x * x;
  const double density = 1 / (kPi * square);
  return {CauchyTail(-x), CauchyTail(x), density, -2 * x * density / square};
}

}  // namespace

Result<OrdinalLink> ParseOrdinalLink(std::string_view word) {
  for (const auto& [name, link] : kLinks) {
    if (name == word) return link;
  }
  return Fail(ErrorCode::kInvalidInput, "link: found \"" + std::string(word) +
                                            "\", expected one of logit, probit, loglog, cloglog, "
                                            "cauchit");
}

DistributionPoint DistributionAt(OrdinalLink link, double x) {
  if (std::isinf(x)) return x < 0 ? DistributionPoint{0, 1, 0, 0} : DistributionPoint{1, 0, 0, 0};
  switch (link) {
    case OrdinalLink::kLogit: return Logistic(x);
    case OrdinalLink::kProbit: return Normal(x);
    case OrdinalLink::kLoglog: return LargestExtreme(x);
    case OrdinalLink::kCloglog: return SmallestExtreme(x);
    case OrdinalLink::kCauchit: return Cauchy(x);
  }
  return {};
}

double DistributionQuantile(OrdinalLink link, double p) {
  switch (link) {
    case OrdinalLink::kLogit: return core::Log(p / (1 - p));
    case OrdinalLink::kProbit: return core::NormalQuantile(p);
    case OrdinalLink::kLoglog: return -core::Log(-core::Log(p));
    case OrdinalLink::kCloglog: return core::Log(-core::Log1p(-p));
    case OrdinalLink::kCauchit: return core::Tan(kPi * (p - 0.5));
  }
  return 0;
}

double IntervalProbability(const DistributionPoint& high, const DistributionPoint& low) {
  return low.lower > 0.5 ? low.upper - high.upper : high.lower - low.lower;
}

OrdinalRow DifferentiateLevel(const DistributionPoint& upper, const DistributionPoint& lower) {
  OrdinalRow row;
  row.probability = IntervalProbability(upper, lower);
  if (!(row.probability > 0)) return row;
  const double p = row.probability;
  row.upper = upper.density / p;
  row.lower = -(lower.density / p);
  row.eta = (lower.density - upper.density) / p;
  const double upper_slope = upper.slope / p;
  const double lower_slope = lower.slope / p;
  row.eta_eta = row.eta * row.eta - (upper_slope - lower_slope);
  row.upper_upper = row.upper * row.upper - upper_slope;
  row.lower_lower = row.lower * row.lower + lower_slope;
  row.upper_lower = row.upper * row.lower;
  row.eta_upper = row.eta * row.upper + upper_slope;
  row.eta_lower = row.eta * row.lower - lower_slope;
  return row;
}

}  // namespace clinnova::stats

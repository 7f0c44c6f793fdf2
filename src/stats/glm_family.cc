// SPDX-License-Identifier: Apache-2.0
#include "stats/glm_family.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "core/deterministic_math.h"

namespace clinnova::stats {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
constexpr double kPi = 3.14159265358979323846;
/// -qnorm(eps) and -qcauchy(eps), where R cuts the linear predictor off.
constexpr double kProbitLimit = 8.125890664701906;
constexpr double kCauchitLimit = 1433540284805665.0;
constexpr double kLogitLimit = 30;

struct Word {
  std::string_view name;
  Family family;
  bool quasi;
  Link canonical;
};
constexpr Word kFamilies[] = {
    {"gaussian", Family::kGaussian, false, Link::kIdentity},
    {"binomial", Family::kBinomial, false, Link::kLogit},
    {"poisson", Family::kPoisson, false, Link::kLog},
    {"Gamma", Family::kGamma, false, Link::kInverse},
    {"quasibinomial", Family::kBinomial, true, Link::kLogit},
    {"quasipoisson", Family::kPoisson, true, Link::kLog},
};
constexpr std::pair<std::string_view, Link> kLinks[] = {
    {"identity", Link::kIdentity}, {"log", Link::kLog},       {"inverse", Link::kInverse},
    {"logit", Link::kLogit},       {"probit", Link::kProbit}, {"cauchit", Link::kCauchit},
    {"cloglog", Link::kCloglog},   {"sqrt", Link::kSqrt},
};

std::vector<Link> LinksOf(Family family) {
  switch (family) {
    case Family::kGaussian: return {Link::kIdentity, Link::kLog, Link::kInverse};
    case Family::kBinomial:
      return {Link::kLogit, Link::kProbit, Link::kCauchit, Link::kLog, Link::kCloglog};
    case Family::kPoisson: return {Link::kLog, Link::kIdentity, Link::kSqrt};
    case Family::kGamma: return {Link::kInverse, Link::kIdentity, Link::kLog};
  }
  return {};
}

double YLogY(double y, double mu) { return y == 0 ? 0 : y * core::Log(y / mu); }

void InverseLogit(const double* eta, std::size_t rows, double* mu, double* mu_eta) {
  for (std::size_t r = 0; r < rows; ++r) mu_eta[r] = -std::fabs(eta[r]);
  core::Exp(std::span<const double>(mu_eta, rows), std::span<double>(mu, rows));
  for (std::size_t r = 0; r < rows; ++r) {
    if (std::fabs(eta[r]) > kLogitLimit) {
      mu[r] = eta[r] > 0 ? 1 / (1 + kEpsilon) : kEpsilon;
      mu_eta[r] = kEpsilon;
      continue;
    }
    const double e = mu[r];
    const double inverse = 1 / (1 + e);
    mu[r] = eta[r] >= 0 ? inverse : e * inverse;
    mu_eta[r] = e * inverse * inverse;
  }
}

void InverseProbit(const double* eta, std::size_t rows, double* mu, double* mu_eta) {
  for (std::size_t r = 0; r < rows; ++r) {
    mu[r] = core::NormalCdf(std::clamp(eta[r], -kProbitLimit, kProbitLimit));
    mu_eta[r] = std::max(core::NormalDensity(eta[r]), kEpsilon);
  }
}

void InverseCauchit(const double* eta, std::size_t rows, double* mu, double* mu_eta) {
  for (std::size_t r = 0; r < rows; ++r) {
    const double x = std::clamp(eta[r], -kCauchitLimit, kCauchitLimit);
    // For |x| > 1, atan(1/x) keeps the tail's digits, as R's pcauchy does.
    mu[r] = std::fabs(x) <= 1 ? 0.5 + core::ArcTan(x) / kPi
            : x > 0           ? 1 - core::ArcTan(1 / x) / kPi
                              : core::ArcTan(-1 / x) / kPi;
    mu_eta[r] = std::max(1 / (kPi * (1 + eta[r] * eta[r])), kEpsilon);
  }
}

void InverseCloglog(const double* eta, std::size_t rows, double* mu, double* mu_eta) {
  for (std::size_t r = 0; r < rows; ++r) {
    const double e = core::Exp(std::min(eta[r], 700.0));
    mu[r] = std::clamp(-core::Expm1(-e), kEpsilon, 1 - kEpsilon);
    mu_eta[r] = std::max(e * core::Exp(-e), kEpsilon);
  }
}

}  // namespace

std::string_view LinkName(Link link) {
  for (const auto& [name, value] : kLinks) {
    if (value == link) return name;
  }
  return "";
}

Result<GlmFamily> ParseFamily(std::string_view family, std::string_view link) {
  const auto* word = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                  [&](const Word& w) { return w.name == family; });
  if (word == std::end(kFamilies)) {
    std::string list;
    for (const Word& w : kFamilies) list += (list.empty() ? "" : ", ") + std::string(w.name);
    return Fail(ErrorCode::kInvalidInput,
                "family: found \"" + std::string(family) + "\", expected one of " + list);
  }
  GlmFamily result{word->family, word->canonical, word->quasi};
  if (link.empty()) return result;
  std::string list;
  for (const Link allowed : LinksOf(word->family)) {
    if (LinkName(allowed) == link) {
      result.link = allowed;
      return result;
    }
    list += (list.empty() ? "" : ", ") + std::string(LinkName(allowed));
  }
  return Fail(ErrorCode::kInvalidInput, "link: found \"" + std::string(link) +
                                            "\", expected for family " + std::string(family) +
                                            " one of " + list);
}

bool GlmFamily::canonical() const {
  if (negative_binomial) return false;
  return std::any_of(std::begin(kFamilies), std::end(kFamilies),
                     [&](const Word& w) { return w.family == family && w.canonical == link; });
}

double LinkValue(Link link, double mu) {
  switch (link) {
    case Link::kIdentity: return mu;
    case Link::kLog: return core::Log(mu);
    case Link::kInverse: return 1 / mu;
    case Link::kLogit: return core::Log(mu / (1 - mu));
    case Link::kProbit: return core::NormalQuantile(mu);
    case Link::kCauchit: return core::Tan(kPi * (mu - 0.5));
    case Link::kCloglog: return core::Log(-core::Log1p(-mu));
    case Link::kSqrt: return std::sqrt(mu);
  }
  return mu;
}

void InverseLink(Link link, const double* eta, std::size_t rows, double* mu, double* mu_eta) {
  switch (link) {
    case Link::kLogit: return InverseLogit(eta, rows, mu, mu_eta);
    case Link::kProbit: return InverseProbit(eta, rows, mu, mu_eta);
    case Link::kCauchit: return InverseCauchit(eta, rows, mu, mu_eta);
    case Link::kCloglog: return InverseCloglog(eta, rows, mu, mu_eta);
    case Link::kLog:
      core::Exp(std::span<const double>(eta, rows), std::span<double>(mu, rows));
      for (std::size_t r = 0; r < rows; ++r) mu_eta[r] = mu[r] = std::max(mu[r], kEpsilon);
      return;
    case Link::kIdentity:
      for (std::size_t r = 0; r < rows; ++r) {
        mu[r] = eta[r];
        mu_eta[r] = 1;
      }
      return;
    case Link::kInverse:
      for (std::size_t r = 0; r < rows; ++r) {
        mu[r] = 1 / eta[r];
        mu_eta[r] = -1 / (eta[r] * eta[r]);
      }
      return;
    case Link::kSqrt:
      for (std::size_t r = 0; r < rows; ++r) {
        mu[r] = eta[r] * eta[r];
        mu_eta[r] = 2 * eta[r];
      }
      return;
  }
}

double Variance(Family family, double mu) {
  switch (family) {
    case Family::kGaussian: return 1;
    case Family::kBinomial: return mu * (1 - mu);
    case Family::kPoisson: return mu;
    case Family::kGamma: return mu * mu;
  }
  return 1;
}

double SecondSlope(Link link, double eta, double mu, double slope) {
  switch (link) {
    case Link::kIdentity: return 0;
    case Link::kLog: return mu;
    case Link::kInverse: return 2 * mu * mu * mu;
    case Link::kLogit: return slope * (1 - 2 * mu);
    case Link::kProbit: return -eta * slope;
    case Link::kCauchit: return -2 * kPi * eta * slope * slope;
    case Link::kCloglog: return slope * (1 - core::Exp(std::min(eta, 700.0)));
    case Link::kSqrt: return 2;
  }
  return 0;
}

double VarianceSlope(const GlmFamily& family, double mu) {
  switch (family.family) {
    case Family::kGaussian: return 0;
    case Family::kBinomial: return 1 - 2 * mu;
    case Family::kPoisson: return family.theta > 0 ? 1 + 2 * mu / family.theta : 1;
    case Family::kGamma: return 2 * mu;
  }
  return 0;
}

double ObservedWeight(const GlmFamily& family, double y, double eta, double mu, double slope) {
  const double variance = Variance(family, mu);
  const double curvature = SecondSlope(family.link, eta, mu, slope) * variance -
                           slope * slope * VarianceSlope(family, mu);
  return slope * slope / variance - (y - mu) * curvature / (variance * variance);
}

double DevianceResidual(Family family, double y, double mu, double weight) {
  switch (family) {
    case Family::kGaussian: return weight * ((y - mu) * (y - mu));
    case Family::kBinomial: return 2 * weight * (YLogY(y, mu) + YLogY(1 - y, 1 - mu));
    case Family::kPoisson: return 2 * weight * (YLogY(y, mu) - (y - mu));
    case Family::kGamma: return -2 * weight * (core::Log(y / mu) - (y - mu) / mu);
  }
  return 0;
}

void DevianceResiduals(Family family, const double* y, const double* mu, std::size_t rows,
                       double* deviances) {
  const bool binary = family == Family::kBinomial && std::all_of(y, y + rows, [](double value) {
                        return value == 0 || value == 1;
                      });
  if (!binary && family != Family::kPoisson) {
    for (std::size_t r = 0; r < rows; ++r) deviances[r] = DevianceResidual(family, y[r], mu[r], 1);
    return;
  }
  // y log(y / mu) is 0 where y is, as is log(1).
  const std::span<double> logs(deviances, rows);
  if (binary) {
    for (std::size_t r = 0; r < rows; ++r) deviances[r] = 1 / (y[r] == 1 ? mu[r] : 1 - mu[r]);
    core::Log(logs, logs);
    for (std::size_t r = 0; r < rows; ++r) deviances[r] *= 2;
    return;
  }
  for (std::size_t r = 0; r < rows; ++r) deviances[r] = y[r] == 0 ? 1 : y[r] / mu[r];
  core::Log(logs, logs);
  for (std::size_t r = 0; r < rows; ++r) deviances[r] = 2 * (y[r] * deviances[r] - (y[r] - mu[r]));
}

double StartingMean(Family family, double y, double weight) {
  switch (family) {
    case Family::kBinomial: return (weight * y + 0.5) / (weight + 1);
    case Family::kPoisson: return y + 0.1;
    case Family::kGaussian:
    case Family::kGamma: break;
  }
  return y;
}

bool ValidResponse(const GlmFamily& family, double y) {
  switch (family.family) {
    case Family::kBinomial: return y >= 0 && y <= 1;
    case Family::kPoisson: return y >= 0;
    case Family::kGamma: return y > 0;
    case Family::kGaussian: break;
  }
  // R has no starting values for these either.
  if (family.link == Link::kLog) return y > 0;
  if (family.link == Link::kInverse) return y != 0;
  return true;
}

bool ValidMean(Family family, double mu) {
  if (!std::isfinite(mu)) return false;
  switch (family) {
    case Family::kBinomial: return mu > 0 && mu < 1;
    case Family::kPoisson:
    case Family::kGamma: return mu > 0;
    case Family::kGaussian: break;
  }
  return true;
}

}  // namespace clinnova::stats
